"""The order in which the segments of a page are read: columns are found by the gutters between them.

A recursive cut in the manner of Nagy and Seth's XY-cut (1984), with a change that keeps paragraphs whole: a region is
not cut at every white band. What reaches across the best gutter (a title, a wide figure's caption) parts the region
into zones; within a zone the left side is read before the right one, each in the same way. A gutter counts only where
both sides are lines of prose: the columns of a table are short and ragged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from data_tools.extract.pdf.segments import Segment
    from data_tools.extract.pdf.tables import Table

MIN_COLUMN_LINES = 3
"""Both sides of a gutter have so many lines; fewer are enough where the page before had a gutter at the same place."""
MIN_COLUMN_EMS, MIN_GUTTER_EMS = 12.0, 0.5
"""In font sizes: how wide the lines of a column are on average, and how far apart two columns."""
MAX_LEVEL_LINES = 0.5
"""Half the width is enough for a column, such as one of authors, if fewer of its lines share the other's baselines."""
MIN_FILL = 0.5
"""Lines of prose are on average so much of their column's width."""
MIN_SHARED_HEIGHT = 0.3
"""Two columns stand side by side over this share of the lower one."""
MAX_OVERFULL = 0.3
"""A line that reaches less far into the right column, where another stands beside it, is too long for its own."""
MAX_OVERFULL_LINES = 100
MAX_CANDIDATES, MAX_DEPTH = 12, 8
MIN_KNOWN_HEIGHT = 150.0
"""Points of text on either side; a gutter with less is not looked for on the next page."""
SAME_EDGE = 2.0
"""Points; left edges nearer than this are one column's."""
_X0, _TOP, _X1, _BOTTOM, _SIZE = range(5)


@dataclass(frozen=True)
class Region:
    """Segments that are read from top to bottom: a column, a zone across columns, or a whole page."""

    segments: tuple[int, ...]
    x0: float
    x1: float


@dataclass(frozen=True)
class _Zone:
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    across: NDArray[np.int64]
    """What stands here and is not parted: what reaches across the gutter, or what is no prose in columns."""


def regions_of(
    segments: Sequence[Segment | Table], known_edges: Sequence[float] = ()
) -> tuple[list[Region], list[float]]:
    """Return the regions of a page in reading order, and the left edges of the columns that were found.

    ``known_edges`` are those of the last page that had columns.
    """
    if not segments:
        return [], []
    table = np.array([(one.x0, one.top, one.x1, one.bottom, one.size) for one in segments])
    edges: list[float] = []
    found = _regions(table, np.arange(len(table)), known_edges, edges, MAX_DEPTH)
    return [_region(table, one) for one in found if len(one)], sorted(set(edges))


def _region(table: NDArray[np.float64], chosen: NDArray[np.int64]) -> Region:
    return Region(tuple(chosen.tolist()), float(table[chosen, _X0].min()), float(table[chosen, _X1].max()))


def _regions(
    table: NDArray[np.float64], chosen: NDArray[np.int64], known: Sequence[float], edges: list[float], depth: int
) -> list[NDArray[np.int64]]:
    """Return ``chosen`` as lists in reading order, each to be read from top to bottom."""
    if depth == 0 or len(chosen) < 2:
        return [chosen]
    best: list[_Zone] = []
    best_score, best_edge = 0.0, 0.0
    for edge in _candidates(table[chosen], known):
        zones = _zones(table, chosen, edge, any(abs(edge - one) < SAME_EDGE for one in known))
        score = float(sum(min(_height(table[zone.left]), _height(table[zone.right])) for zone in zones))
        if score > best_score:
            best, best_score, best_edge = zones, score, edge
    if not best:
        return [chosen]
    if best_score >= MIN_KNOWN_HEIGHT:
        edges.append(best_edge)
    found = []
    for zone in best:
        for part in (zone.across, zone.left, zone.right):
            if len(part):
                found += _regions(table, part, known, edges, depth - 1)
    return found


def _candidates(table: NDArray[np.float64], known: Sequence[float]) -> list[float]:
    """Return left edges that many segments share, without the region's own; the known ones of these first."""
    starts = np.sort(table[:, _X0])
    groups = np.split(starts, np.flatnonzero(np.diff(starts) > SAME_EDGE) + 1)
    counted = [(len(group), float(group[0])) for group in groups[1:]]
    often = [edge for count, edge in sorted(counted, reverse=True) if count >= MIN_COLUMN_LINES][:MAX_CANDIDATES]
    again = [edge for _, edge in counted if any(abs(edge - one) < SAME_EDGE for one in known)]
    return list(dict.fromkeys(again + often))


def _height(table: NDArray[np.float64]) -> float:
    return float((table[:, _BOTTOM] - table[:, _TOP]).sum())


def _zones(table: NDArray[np.float64], chosen: NDArray[np.int64], edge: float, known: bool) -> list[_Zone]:
    """Return the zones that what reaches across the gutter left of ``edge`` parts, or none if none has columns."""
    mine = table[chosen]
    em = float(np.median(mine[:, _SIZE]))
    across = (mine[:, _X0] < edge - SAME_EDGE) & (mine[:, _X1] > edge + MIN_GUTTER_EMS * em)
    across &= ~_overfull(mine, across, edge, em)
    left = ~across & (mine[:, _X0] < edge - SAME_EDGE)
    middle = (mine[:, _TOP] + mine[:, _BOTTOM]) / 2
    borders = np.sort(middle[across])
    number = np.searchsorted(borders, middle)
    order = np.lexsort((across, number))  # a zone's parts, then what reaches across below them
    starts = np.searchsorted(number[order], np.arange(len(borders) + 2))
    zones: list[_Zone] = []
    held: list[NDArray[np.int64]] = []
    for start, end in zip(starts.tolist(), starts[1:].tolist(), strict=False):
        zone = order[start:end]
        inside = zone[~across[zone]]
        first, second = chosen[inside[left[inside]]], chosen[inside[~left[inside]]]
        if len(first) and len(second) and _are_columns(table[first], table[second], edge, em, known):
            zones += [_Zone(_NONE, _NONE, np.concatenate([_NONE, *held])), _Zone(first, second, _NONE)]
            held = [chosen[zone[across[zone]]]]
        else:
            held.append(chosen[zone])
    zones.append(_Zone(_NONE, _NONE, np.concatenate([_NONE, *held])))
    return zones if len(zones) > 1 else []


_NONE = np.zeros(0, np.int64)


def _overfull(table: NDArray[np.float64], across: NDArray[np.bool_], edge: float, em: float) -> NDArray[np.bool_]:
    """Return which segments are lines of the left column that are too long: the right one has text beside them."""
    found = np.zeros(len(table), bool)
    right = table[table[:, _X0] >= edge - SAME_EDGE]
    limit = edge + MAX_OVERFULL * (table[:, _X1].max() - edge)
    for number in np.flatnonzero(across & (table[:, _X1] < limit))[:MAX_OVERFULL_LINES]:
        beside = np.abs(right[:, _BOTTOM] - table[number, _BOTTOM]) < 0.8 * em
        found[number] = bool((beside & (right[:, _X0] < table[number, _X1])).any())
    return found


def _are_columns(left: NDArray[np.float64], right: NDArray[np.float64], edge: float, em: float, known: bool) -> bool:
    """Return whether two sets of segments are columns of prose, side by side."""
    if np.quantile(left[:, _X1], 0.85) > edge - MIN_GUTTER_EMS * em:
        return False
    if known:
        return True
    shared = min(left[:, _BOTTOM].max(), right[:, _BOTTOM].max()) - max(left[:, _TOP].min(), right[:, _TOP].min())
    lower = min(np.ptp(side[:, [_TOP, _BOTTOM]]) for side in (left, right))
    if shared < MIN_SHARED_HEIGHT * lower:
        return False
    narrow = MIN_COLUMN_EMS if _level(left, right, em) >= MAX_LEVEL_LINES else MIN_COLUMN_EMS / 2
    return _is_prose(left, em, narrow) and _is_prose(right, em, narrow)


def _level(left: NDArray[np.float64], right: NDArray[np.float64], em: float) -> float:
    """Return the share of the left lines that stand on a baseline of the right ones, as a table's rows do."""
    base = np.sort(right[:, _BOTTOM])
    after = np.minimum(np.searchsorted(base, left[:, _BOTTOM]), len(base) - 1)
    near = np.stack([base[after], base[np.maximum(after - 1, 0)]])
    return float((np.abs(near - left[:, _BOTTOM]).min(axis=0) < 0.15 * em).mean())


def _is_prose(side: NDArray[np.float64], em: float, min_ems: float) -> bool:
    """Return whether segments fill their width as lines of text do."""
    lines = np.unique(np.round(side[:, _BOTTOM] / (0.5 * em)))
    if len(lines) < MIN_COLUMN_LINES:
        return False
    width = float(side[:, _X1].max() - side[:, _X0].min())
    average = float((side[:, _X1] - side[:, _X0]).sum()) / len(lines)
    return average >= max(MIN_FILL * width, min_ems * em)
