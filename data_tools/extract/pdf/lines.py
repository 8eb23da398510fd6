"""From the segments of a region to its lines: what stands on one baseline is joined, stray scripts find their line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from data_tools.extract.pdf.fonts import BOLD, ITALIC, MONOSPACED
from data_tools.extract.pdf.segments import END, LOWERED, RAISED, SAME_BASELINE, WORD_GAP, Segment, merged
from data_tools.extract.pdf.tables import Table

SCRIPT_REACH, MAX_SCRIPT_CHARACTERS = 0.6, 12
"""How far from its line, in font sizes, a script may be that was drawn apart, and how long."""
MAX_SCRIPT_SIZE = 0.87
_STYLE_SHARE = 0.8
_LEADERS = re.compile(r"\s*(?:\.\s?|·\s?|…\s?){5,}")
_SPACED_OUT = re.compile(r"(?:[^\W\d_] ){3,}[^\W\d_]")
"""A heading whose letters stand apart: ``A B S T R A C T``."""
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe]")


@dataclass(slots=True)
class Line:
    """A line of text in its column; points, y running down the page."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    style: int
    left: float
    right: float
    """The edges of the column."""
    page: int = 0
    cells: tuple[Segment, ...] = ()
    """The pieces that wide gaps part, from left to right."""
    leader: bool = False
    """It held a row of dots, as a table of contents does; they are left out."""


@dataclass(slots=True)
class _Row:
    y: float
    size: float
    segments: list[Segment] = field(default_factory=list)


def lines_of(parts: Sequence[Segment | Table], left: float, right: float, page: int) -> list[Line | Table]:
    """Return the lines and tables of one region from top to bottom."""
    tables = [part for part in parts if isinstance(part, Table)]
    rows = _with_scripts(_rows([part for part in parts if isinstance(part, Segment)]))
    found: list[Line | Table] = [*tables, *(_line(row, left, right, page) for row in rows)]
    return sorted(found, key=lambda one: (one.y, one.x0))


def _rows(segments: list[Segment]) -> list[_Row]:
    """Return the segments in rows of one baseline, from top to bottom."""
    rows: list[_Row] = []
    for segment in sorted(segments, key=lambda one: (one.y, one.x0)):
        row = rows[-1] if rows else None
        if row and segment.y - row.y <= SAME_BASELINE * min(segment.size, row.size) and not _covered(segment, row):
            row.segments.append(segment)
            if segment.size > row.size:
                row.y, row.size = segment.y, segment.size
        else:
            rows.append(_Row(segment.y, segment.size, [segment]))
    return rows


def _covered(segment: Segment, row: _Row) -> bool:
    """Return whether ``segment`` lies over one of the row's, as a fraction's parts do."""
    half = 0.5 * (segment.x1 - segment.x0)
    return any(min(segment.x1, one.x1) - max(segment.x0, one.x0) > half for one in row.segments)


def _with_scripts(rows: list[_Row]) -> list[_Row]:
    """Return the rows, those of stray sub- and superscripts merged into the line that they belong to."""
    taken: set[int] = set()
    for number, row in enumerate(rows):
        near = [rows[other] for other in (number - 1, number + 1) if 0 <= other < len(rows) and other not in taken]
        hosts = [host for host in near if _is_script_of(row, host)]
        if hosts:
            host = min(hosts, key=lambda one: abs(one.y - row.y))
            mark = RAISED if row.y < host.y else LOWERED
            host.segments += [_with_mark(segment, mark) for segment in row.segments]
            taken.add(number)
    return [row for number, row in enumerate(rows) if number not in taken]


def _is_script_of(row: _Row, host: _Row) -> bool:
    if row.size > MAX_SCRIPT_SIZE * host.size or abs(row.y - host.y) > SCRIPT_REACH * host.size:
        return False
    if any(len(one.text) > MAX_SCRIPT_CHARACTERS for one in row.segments):
        return False
    x0, x1 = min(one.x0 for one in host.segments), max(one.x1 for one in host.segments)
    return all(x0 - host.size < one.x0 and one.x1 < x1 + 2 * host.size for one in row.segments)


def _with_mark(segment: Segment, mark: str) -> Segment:
    text = re.sub(f"[{RAISED}{LOWERED}{END}]", "", segment.text)
    return Segment(f"{mark}{text}{END}", segment.x0, segment.x1, segment.y, segment.size, segment.style)


def _line(row: _Row, left: float, right: float, page: int) -> Line:
    parts = sorted(row.segments, key=lambda one: one.x0)
    letters = sum(len(one.text) for one in parts)
    if len(parts) > 1 and sum(len(_RIGHT_TO_LEFT.findall(one.text)) for one in parts) > letters / 2:
        parts.reverse()
    style = 0
    for one in (BOLD, ITALIC, MONOSPACED):
        if sum(len(part.text) for part in parts if part.style & one) >= _STYLE_SHARE * letters:
            style |= one
    text = parts[0].text
    for before, part in pairwise(parts):
        gap = max(part.x0 - before.x1, before.x0 - part.x1)
        text += part.text if gap <= WORD_GAP * row.size else f" {part.text}"
    cells = tuple(merged(parts)) if len(parts) > 1 else tuple(parts)
    short = _LEADERS.sub(" ", text)
    if _SPACED_OUT.fullmatch(text):
        text = short = text.replace(" ", "")
    x0, x1 = min(one.x0 for one in parts), max(one.x1 for one in parts)
    return Line(short.strip(), x0, x1, row.y, row.size, style, left, right, page, cells, short != text)
