"""Where the steps of a graph stand: layers from top to bottom, few crossings, straight long edges.

The method of Sugiyama, Tagawa and Toda (1981) in its usual parts: layers, sweeps by barycentre, positions by
alternating least squares. What differs: an edge that passes layers goes through points that all edges of the same
source share, so that one trunk leaves a step that many others need.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 16
_POSITION_SWEEPS = 60
_STRAIGHTENING_PASSES = 4
_STRAIGHT = 8.0
"""How much more a trunk minds a bend than a single edge does."""
_TO_THE_MIDDLE = 0.35
"""How much every node is drawn to the middle, in edges: long chains would drift aside."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Sizes:
    """In pixels."""

    node_width: float
    node_height: float
    layer_gap: float
    node_gap: float = 22.0
    trunk_gap: float = 13.0


@dataclass(frozen=True)
class Layout:
    """Centres of nodes by name, and the points that each edge (source, target) runs through."""

    width: float
    height: float
    nodes: Mapping[str, Point]
    edges: Mapping[tuple[str, str], Sequence[Point]]


@dataclass
class _Slot:
    """A place in a layer: a node, or (``node`` empty) the point through which a source's long edges pass."""

    source: str
    node: str
    above: list[_Slot]
    below: list[_Slot]
    x: float = 0.0


def arrange(names: Sequence[str], edges: Sequence[tuple[str, str]], sizes: Sizes) -> Layout:
    """Lay out a graph without cycles; ``names`` is in topological order, ``edges`` are (source, target)."""
    ranks = _ranks(names, edges)
    layers, trunks = _slots(names, edges, ranks)
    _order(layers)
    _place(layers, sizes)
    height = len(layers) * sizes.node_height + max(len(layers) - 1, 0) * sizes.layer_gap
    left = min((slot.x - _half(slot, sizes) for layer in layers for slot in layer), default=0.0)
    right = max((slot.x + _half(slot, sizes) for layer in layers for slot in layer), default=0.0)
    tops = [index * (sizes.node_height + sizes.layer_gap) for index in range(len(layers))]
    where = {
        slot.node: (slot.x - left, tops[rank] + sizes.node_height / 2)
        for rank, layer in enumerate(layers)
        for slot in layer
        if slot.node
    }
    paths: dict[tuple[str, str], list[Point]] = {}
    for source, target in edges:
        points = [(where[source][0], tops[ranks[source]] + sizes.node_height)]
        for rank in range(ranks[source] + 1, ranks[target]):
            x = trunks[source, rank].x - left
            points += [(x, tops[rank]), (x, tops[rank] + sizes.node_height)]
        points.append((where[target][0], tops[ranks[target]]))
        paths[source, target] = points
    return Layout(right - left, height, where, paths)


def _ranks(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Return each node's layer: below all it needs; where it may choose, near what it has more edges to."""
    above: dict[str, list[str]] = {name: [] for name in names}
    below: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        above[target].append(source)
        below[source].append(target)
    ranks: dict[str, int] = {}
    for name in names:
        ranks[name] = max((ranks[needed] + 1 for needed in above[name]), default=0)
    for name in reversed(names):
        if below[name] and len(below[name]) >= len(above[name]):
            ranks[name] = min(ranks[user] for user in below[name]) - 1
    return ranks


def _slots(
    names: Sequence[str], edges: Sequence[tuple[str, str]], ranks: Mapping[str, int]
) -> tuple[list[list[_Slot]], dict[tuple[str, int], _Slot]]:
    layers: list[list[_Slot]] = [[] for _ in range(max(ranks.values(), default=-1) + 1)]
    nodes = {name: _Slot(name, name, [], []) for name in names}
    for name in names:
        layers[ranks[name]].append(nodes[name])
    trunks: dict[tuple[str, int], _Slot] = {}
    for source, target in edges:
        upper = nodes[source]
        for rank in range(ranks[source] + 1, ranks[target]):
            slot = trunks.get((source, rank))
            if slot is None:
                slot = trunks[source, rank] = _Slot(source, "", [upper], [])
                upper.below.append(slot)
                layers[rank].append(slot)
            upper = slot
        upper.below.append(nodes[target])
        nodes[target].above.append(upper)
    return layers, trunks


def _order(layers: list[list[_Slot]]) -> None:
    """Reorder the layers in place: sweeps down and up by the mean place of neighbours, the best order kept."""
    best = [list(layer) for layer in layers]
    fewest = _crossings(layers)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for layer in layers[1:] if down else reversed(layers[:-1]):
            others = layers[layers.index(layer) - 1] if down else layers[layers.index(layer) + 1]
            places = {id(slot): place for place, slot in enumerate(others)}
            own = {id(slot): place for place, slot in enumerate(layer)}
            keys = {id(slot): _mean_place(slot.above if down else slot.below, places, own[id(slot)]) for slot in layer}
            layer.sort(key=lambda slot: keys[id(slot)])
        found = _crossings(layers)
        if found < fewest:
            fewest, best = found, [list(layer) for layer in layers]
    for layer, kept in zip(layers, best, strict=True):
        layer[:] = kept


def _mean_place(neighbours: Sequence[_Slot], places: Mapping[int, int], own: int) -> float:
    found = [places[id(slot)] for slot in neighbours]
    return sum(found) / len(found) if found else float(own)


def _crossings(layers: Sequence[Sequence[_Slot]]) -> int:
    count = 0
    for upper, lower in pairwise(layers):
        places = {id(slot): place for place, slot in enumerate(lower)}
        ends = [sorted(places[id(slot)] for slot in one.below) for one in upper]
        for index, first in enumerate(ends):
            for second in ends[index + 1 :]:
                count += sum(1 for a in first for b in second if a > b)
    return count


def _half(slot: _Slot, sizes: Sizes) -> float:
    return sizes.node_width / 2 if slot.node else 0.0


def _distance(left: _Slot, right: _Slot, sizes: Sizes) -> float:
    gap = sizes.node_gap if left.node and right.node else sizes.trunk_gap
    return _half(left, sizes) + _half(right, sizes) + gap


def _place(layers: Sequence[Sequence[_Slot]], sizes: Sizes) -> None:
    """Set every slot's x: near the mean of its neighbours, trunks straighter than single edges, order kept."""
    for layer in layers:
        x = 0.0
        for index, slot in enumerate(layer):
            x += _distance(layer[index - 1], slot, sizes) if index else 0.0
            slot.x = x
        for slot in layer:
            slot.x -= x / 2
    for sweep in range(_POSITION_SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = [_wanted(slot) for slot in layer]
            offsets = [0.0]
            for left, right in pairwise(layer):
                offsets.append(offsets[-1] + _distance(left, right, sizes))
            weights = [3.0 if not slot.node else 1.0 for slot in layer]
            level = _isotonic([want - offset for want, offset in zip(wanted, offsets, strict=True)], weights)
            for slot, x, offset in zip(layer, level, offsets, strict=True):
                slot.x = x + offset
    _straighten(layers, sizes)


def _straighten(layers: Sequence[Sequence[_Slot]], sizes: Sizes) -> None:
    """Put each trunk below its part above, as far as its neighbours leave room: one bend instead of many small ones."""
    for _ in range(_STRAIGHTENING_PASSES):
        for layer in layers:
            for index, slot in enumerate(layer):
                if slot.node or slot.above[0].node:
                    continue
                x = slot.above[0].x
                if index:
                    x = max(x, layer[index - 1].x + _distance(layer[index - 1], slot, sizes))
                if index + 1 < len(layer):
                    x = min(x, layer[index + 1].x - _distance(slot, layer[index + 1], sizes))
                slot.x = x


def _wanted(slot: _Slot) -> float:
    total = weighted = 0.0
    if slot.node:
        total = _TO_THE_MIDDLE
    for near in (*slot.above, *slot.below):
        weight = _STRAIGHT if not (near.node and slot.node) and near.source == slot.source else 1.0
        total += weight
        weighted += weight * near.x
    return weighted / total if total else slot.x


def _isotonic(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Return the nearest sequence that never falls, in weighted least squares (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (value_b, weight_b, count_b), (value_a, weight_a, count_a) = pools.pop(), pools.pop()
            weight_both = weight_a + weight_b
            pools.append(((value_a * weight_a + value_b * weight_b) / weight_both, weight_both, count_a + count_b))
    return [value for value, _, count in pools for _ in range(count)]
