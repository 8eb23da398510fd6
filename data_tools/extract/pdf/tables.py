"""Tables of a PDF's page: between ruled lines, or by the alignment of their cells.

A region between level lines of one width is a table where most of its rows have two or more cells; without lines, a run
of rows is one where the cells stand in columns that no cell crosses and many are numbers. Cells that wrap are joined
where lines or an empty first column tell them. What is no plain grid is written row by row.

Left out: tables across pages are not joined, and cells that span rows or, outside the head, columns stand where they
begin.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from data_tools.extract.pdf.segments import CELL_GAP, SEGMENT_GAP, Segment, merged, parts_of, plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_ROWS, MIN_ALIGNED_ROWS, MIN_COLUMNS = 2, 3, 2
CELL_GAPS = (CELL_GAP, 0.6, SEGMENT_GAP)
MIN_RULE_POINTS, MAX_CELL_SIZE = 20.0, 40.0
MAX_STACKS = 100
"""So many groups of lines of one width are looked at."""
MAX_RULES = 1000
"""More level lines than this are a drawing's grid."""
SAME_PLACE = 3.0
"""Points; lines that begin, end or stand nearer than this do so at one place."""
MIN_TABULAR_ROWS = 0.5
"""This share of a table's rows have two cells or more."""
MAX_CELL_CHARACTERS = 45
"""Cells of a table are on average not longer; two columns of prose between two lines are no table."""
MAX_CELL_WIDTH, MAX_PROSE_ROWS = 0.6, 0.4
"""Prose fills its line: no more than this share of the rows may have a cell wider than this share of the table."""
MIN_NUMERIC_CELLS, MANY_COLUMNS = 0.25, 3
"""Without lines, a table has so many numbers among its cells, or so many columns."""
MIN_NUMERIC_OF_FEW = 0.5
"""Two rows alone are a table if they have many columns and so many numbers."""
MAX_HEAD_ROWS, MAX_WRAP = 4, 1.4
"""Lines of a table's head; the distance to a cell's next line, in font sizes."""
MAX_CLASHES = 0.2
"""In a grid, two cells fall into one column in no more than this share of the rows."""
_NUMERIC = re.compile(
    r"[(<>~≈±+\-−–$€£¥]*\s?\d[\d.,:%()±×^*†‡\s/+\-−–eE]*[a-z%*†‡]?|[-−–—]+|n\.?a\.?|n/a|nil|\.\.\.", re.IGNORECASE
)
_EQUATION_NUMBER = re.compile(r"\(\w?\.?\d{1,3}(?:\.\d+)?[a-z]?\)")
_STRAY_SIGN = re.compile(r"(.*[\d)—–-])\s+([$€£¥])")
_JOINS_NEXT, _JOINS_BEFORE = re.compile(r"[$€£¥(]+"), re.compile(r"[%)]+")


@dataclass(frozen=True, slots=True)
class Table:
    """A table in its place on the page; points, y running down."""

    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    rows: tuple[tuple[str, ...], ...]
    """The cells of each row; not all of one length where it is no plain grid."""
    is_grid: bool

    @property
    def y(self) -> float:
        return self.top + 0.75 * self.size


@dataclass(frozen=True)
class _Level:
    """A level line across a table."""

    x0: float
    x1: float
    y: float


def ruled_tables(segments: Sequence[Segment], rules: NDArray[np.float64]) -> tuple[list[Table], list[Segment]]:
    """Return the tables between ruled lines, and the segments that belong to none.

    ``segments`` are merged ones, so that prose shows; the cells are made of their parts.
    """
    levels = _levels(rules)
    if len(levels) < 2:
        return [], list(segments)
    upright = rules[(rules[:, 3] - rules[:, 1]) > MIN_RULE_POINTS / 2]
    tables: list[Table] = []
    taken: set[int] = set()
    order = sorted(range(len(segments)), key=lambda n: segments[n].y)
    for group in _stacks(levels):
        start = 0
        while start < len(group) - 1:
            end, inside = _longest(segments, order, group, start, taken)
            if inside:
                lines = [one.y for one in group[start : end + 1]]
                cells = [part for n in inside for part in parts_of(segments[n])]
                table = _table(cells, lines, upright, group[start])
                if table is not None:
                    tables.append(table)
                    taken.update(inside)
            start = max(end, start + 1)
    return tables, [segment for number, segment in enumerate(segments) if number not in taken]


def _levels(rules: NDArray[np.float64]) -> list[_Level]:
    """Return the level lines, pieces of one line joined, from top to bottom."""
    wide = rules[(rules[:, 2] - rules[:, 0]) > (rules[:, 3] - rules[:, 1])]
    if not 2 <= len(wide) <= MAX_RULES:
        return []
    joined: list[list[float]] = []
    for x0, y0, x1, y1 in sorted(wide.tolist(), key=lambda rule: (round(rule[1] / 2), rule[0])):
        last = joined[-1] if joined else None
        if last and abs(last[2] - (y0 + y1) / 2) < 2 and x0 <= last[1] + SAME_PLACE:
            last[1] = max(last[1], x1)
        else:
            joined.append([x0, x1, (y0 + y1) / 2])
    found = [_Level(*one) for one in joined if one[1] - one[0] >= MIN_RULE_POINTS]
    return sorted(found, key=lambda one: one.y)


def _stacks(levels: list[_Level]) -> list[list[_Level]]:
    """Return the lines grouped by where they begin and end, the widest first; each group from top to bottom."""
    stacks: list[list[_Level]] = []
    for level in levels:
        for stack in stacks[-MAX_STACKS:]:
            if abs(stack[0].x0 - level.x0) < SAME_PLACE and abs(stack[0].x1 - level.x1) < SAME_PLACE:
                if level.y - stack[-1].y > 2:
                    stack.append(level)
                break
        else:
            stacks.append([level])
    stacks = [stack for stack in stacks if len(stack) >= 2]
    return sorted(stacks, key=lambda stack: stack[0].x0 - stack[0].x1)[:MAX_STACKS]


def _longest(
    segments: Sequence[Segment], order: list[int], group: list[_Level], start: int, taken: set[int]
) -> tuple[int, list[int]]:
    """Return the last line of the table that begins at line ``start``, and the segments in it; none if there is none.

    ``order`` holds the segments' indices from top to bottom.
    """
    inside: list[int] = []
    end = start
    for number in range(start, len(group) - 1):
        above, below = group[number], group[number + 1]
        first = bisect_left(order, above.y, key=lambda n: segments[n].y)
        last = bisect_left(order, below.y + MAX_CELL_SIZE, lo=first, key=lambda n: segments[n].y)
        found = [n for n in order[first:last] if _is_between(segments[n], above, below)]
        if taken.intersection(found) or not _is_tabular([segments[n] for n in found], above.x1 - above.x0):
            break
        inside += found
        end = number + 1
    rows = _rows([part for n in inside for part in parts_of(segments[n])], SEGMENT_GAP)
    tabular = sum(len(row) >= MIN_COLUMNS for row in rows)
    return end, inside if len(rows) >= MIN_ROWS and tabular >= MIN_TABULAR_ROWS * len(rows) else []


def _is_between(cell: Segment, above: _Level, below: _Level) -> bool:
    middle = (cell.x0 + cell.x1) / 2
    return above.y < cell.y - 0.2 * cell.size < below.y and above.x0 - 2 < middle < above.x1 + 2


def _is_tabular(inside: list[Segment], width: float) -> bool:
    """Return whether what stands between two lines may be a part of a table: not prose, whole lines or columns."""
    rows = _rows(inside)
    if not rows:
        return True
    if sum(any(_is_prose(cell, width) for cell in row) for row in rows) > MAX_PROSE_ROWS * len(rows):
        return False
    cells = [cell for row in rows for cell in row]
    if sum(len(cell.text) for cell in cells) > MAX_CELL_CHARACTERS * len(cells):
        return False
    parted = [row for row in rows if len(row) >= MIN_COLUMNS or len(parts_of(row[0])) >= MIN_COLUMNS]
    return len(rows) <= MIN_ROWS or len(parted) >= MIN_TABULAR_ROWS * len(rows)


def _is_prose(cell: Segment, width: float) -> bool:
    """Return whether a cell is a line of text: wide, and long or without a wider gap between its words."""
    wide = cell.x1 - cell.x0 > MAX_CELL_WIDTH * width
    return wide and (len(parts_of(cell)) == 1 or len(cell.text) > MAX_CELL_CHARACTERS)


def _rows(cells: Sequence[Segment], gap: float = CELL_GAP) -> list[list[Segment]]:
    """Return cells in rows of one baseline, each from left to right, currency and per cent signs with their number."""
    rows: list[list[Segment]] = []
    for cell in sorted(cells, key=lambda one: (one.y, one.x0)):
        if rows and cell.y - rows[-1][0].y <= 0.4 * max(cell.size, rows[-1][0].size):
            rows[-1].append(cell)
        else:
            rows.append([cell])
    return [_with_signs(merged(sorted(row, key=lambda one: one.x0), gap)) for row in rows]


def _with_signs(row: list[Segment]) -> list[Segment]:
    found: list[Segment] = []
    for cell in row:
        before = found[-1] if found else None
        if before and (stray := _STRAY_SIGN.fullmatch(before.text)):  # it stood near the number before its own
            before = found[-1] = replace(before, text=stray[1], parts=())
            cell = replace(cell, text=f"{stray[2]} {cell.text}", parts=())
        joins = before and (_JOINS_NEXT.fullmatch(before.text) or _JOINS_BEFORE.fullmatch(cell.text))
        if before and joins and _NUMERIC.fullmatch(before.text + cell.text):
            found[-1] = Segment(before.text + cell.text, before.x0, cell.x1, cell.y, cell.size, cell.style)
        else:
            found.append(cell)
    return found


def _table(cells: list[Segment], levels: list[float], upright: NDArray[np.float64], place: _Level) -> Table | None:
    """Return the table of ``cells`` between its level lines; None where it has a single column.

    Several widths of gaps are tried to part cells; the grid with most filled cells is right.
    """
    dividers = _dividers(upright, place, levels[0], levels[-1])
    found = []
    for gap in CELL_GAPS:
        rows = _rows(cells, gap)
        if borders := dividers or _gaps_between_columns(rows):
            found.append(_filled(rows, borders, levels))
    return max(found, key=lambda one: (one.is_grid, sum(bool(cell) for row in one.rows for cell in row)), default=None)


def _filled(rows: list[list[Segment]], borders: list[float], levels: list[float]) -> Table:
    """Return the table that rows make with columns between ``borders`` and level lines at ``levels``."""
    interval = [int(np.searchsorted(levels, row[0].y - 0.2 * row[0].size)) for row in rows]
    head = sum(one == interval[0] for one in interval)
    num_intervals = len(set(interval))
    boxed = num_intervals >= 3 and 2 * num_intervals >= len(rows)
    grid = _Grid()
    for number, row in enumerate(rows):
        is_head = num_intervals > 1 and head <= MAX_HEAD_ROWS and interval[number] == interval[0]
        same = number > 0 and interval[number] == interval[number - 1]
        grid.add(row, borders, is_head, same and (boxed or is_head))
    is_grid = grid.clashes <= MAX_CLASHES * len(rows) and len(grid.lines) >= MIN_ROWS
    written = grid.lines if is_grid else [[cell.text for cell in row] for row in rows]
    cells = [cell for row in rows for cell in row]
    x0, x1 = min(one.x0 for one in cells), max(one.x1 for one in cells)
    size = float(np.median([one.size for one in cells]))
    return Table(x0, x1, rows[0][0].top, rows[-1][0].bottom, size, tuple(map(tuple, written)), is_grid)


def _dividers(upright: NDArray[np.float64], place: _Level, top: float, bottom: float) -> list[float]:
    """Return where upright lines part the columns, those at the table's sides left out."""
    height = np.minimum(upright[:, 3], bottom) - np.maximum(upright[:, 1], top)
    middle = (upright[:, 0] + upright[:, 2]) / 2
    inner = (middle > place.x0 + SAME_PLACE) & (middle < place.x1 - SAME_PLACE) & (height > 0)
    reach: dict[int, float] = {}
    for x, high in zip(middle[inner].tolist(), height[inner].tolist(), strict=True):
        near = next((one for one in reach if abs(one - x) < SAME_PLACE), round(x))
        reach[near] = reach.get(near, 0.0) + high
    return sorted(float(x) for x, high in reach.items() if high >= 0.5 * (bottom - top))


def _gaps_between_columns(rows: Sequence[Sequence[Segment]]) -> list[float]:
    """Return the middles of the gaps between columns: as the rows have it that share the most common number of cells.

    An empty list where the cells stand in no columns.
    """
    counts = [len(row) for row in rows if len(row) >= MIN_COLUMNS]
    for count in sorted(set(counts), key=lambda one: (counts.count(one), one), reverse=True):
        usual = [row for row in rows if len(row) == count]
        ends = [max(row[column].x1 for row in usual) for column in range(count)]
        starts = [min(row[column].x0 for row in usual) for column in range(count)]
        if len(usual) >= MIN_ROWS and all(end < start for end, start in zip(ends, starts[1:], strict=False)):
            return [(end + start) / 2 for end, start in zip(ends, starts[1:], strict=False)]
    return []


def _placed(row: Sequence[Segment], borders: list[float], is_head: bool) -> tuple[list[str], bool]:
    """Return a row's cells by column, and whether two of them fell into one.

    In a table's head a cell stands in every column that it covers, so that each column's head is whole.
    """
    line = [""] * (len(borders) + 1)
    clash = False
    for cell in row:
        column = int(np.searchsorted(borders, cell.x0 if len(row) == 1 else (cell.x0 + cell.x1) / 2))
        covered = [column]
        if is_head:
            inside = [n for n, border in enumerate(borders) if cell.x0 + cell.size < border < cell.x1 - cell.size]
            covered = sorted({column, *inside, *(n + 1 for n in inside)})
        for one in covered:
            clash |= bool(line[one]) and not is_head
            line[one] = f"{line[one]} {cell.text}".strip()
    return line, clash


class _Grid:
    """The rows of a table as they are filled; rows that go on with the one before are joined with it."""

    def __init__(self) -> None:
        self.lines: list[list[str]] = []
        self.clashes = 0
        self._y = 0.0

    def add(self, row: Sequence[Segment], borders: list[float], is_head: bool, same: bool) -> None:
        """Add a row's cells; ``same``: they are known to belong to the row before."""
        line, clash = _placed(row, borders, is_head)
        self.clashes += clash
        near = row[0].y - self._y <= MAX_WRAP * row[0].size
        self._y = row[0].y
        if self.lines and (same or (near and not is_head and _goes_on(self.lines[-1], line))):
            before = self.lines.pop()
            line = [f"{one} {more}".strip() for one, more in zip(before, line, strict=True)]
        self.lines.append(line)


def _goes_on(before: list[str], line: list[str]) -> bool:
    """Return whether a row's cells are the second lines of the row before.

    Words under words without a first cell, or a row with the end of a name whose beginning stands alone above it.
    """
    if not any(before[1:]) and line[0].lstrip("(")[:1].islower():
        return True
    filled = [n for n, cell in enumerate(line) if cell]
    words = all(not _NUMERIC.fullmatch(plain(line[n])) for n in filled)
    return bool(filled) and filled[0] > 0 and words and all(before[n] for n in filled)


def aligned_table(rows: Sequence[Sequence[Segment]]) -> Table | None:
    """Return the table that the lines of a column make, given by their cells; None where they make none."""
    rows = [_with_signs(list(row)) for row in rows]
    parted = [row for row in rows if len(row) >= MIN_COLUMNS]
    borders = _gaps_between_columns(parted)
    if not borders or not _is_table(parted, len(borders) + 1):
        return None
    head = next((n for n, row in enumerate(rows) if row[0].x0 < borders[0]), 0)
    grid = _Grid()
    for number, row in enumerate(rows):
        grid.add(row, borders, is_head=number < head, same=0 < number < head)
    if grid.clashes > MAX_CLASHES * len(rows) or len(grid.lines) < MIN_ROWS:
        return None
    cells = [cell for row in rows for cell in row]
    size = float(np.median([cell.size for cell in cells]))
    x0, x1 = min(cell.x0 for cell in cells), max(cell.x1 for cell in cells)
    return Table(x0, x1, rows[0][0].top, rows[-1][0].bottom, size, tuple(map(tuple, grid.lines)), True)


def _is_table(rows: Sequence[Sequence[Segment]], num_columns: int) -> bool:
    """Return whether rows of cells in columns are a table by what they hold: numbers, or many short texts."""
    cells = [cell for row in rows for cell in row]
    numeric = sum(_NUMERIC.fullmatch(plain(cell.text)) is not None for cell in cells) / len(cells)
    few = len(rows) < MIN_ALIGNED_ROWS
    if few and (numeric < MIN_NUMERIC_OF_FEW or num_columns < MANY_COLUMNS):
        return False
    if numeric < MIN_NUMERIC_CELLS and num_columns < MANY_COLUMNS:
        return False
    if all(_EQUATION_NUMBER.fullmatch(row[-1].text) for row in rows):
        return False
    longest = sum(max(len(cell.text) for cell in row) for row in rows) / len(rows)
    average = sum(len(cell.text) for cell in cells) / len(cells)
    return average <= MAX_CELL_CHARACTERS and (longest <= MAX_CELL_CHARACTERS or num_columns >= MANY_COLUMNS)
