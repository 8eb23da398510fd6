"""Tables of HTML's model (JATS, TEI) and of CALS (CNXML, OASIS) as a grid of texts, spans spread out.

A cell that spans columns or rows is repeated in each, so that every cell of the Markdown table stands under its
headings; a cell over a whole row of the body (a heading between rows) stands once. Several rows of headings become one,
and a first one that is a single cell over the whole table is its title.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_SPAN = 1000
MAX_CELLS = 200_000
"""A table of more cells once its spans are spread out is written with every cell once."""
_ROWS = ("tr", "row")
_CELLS = ("td", "th", "entry", "cell")


@dataclass(frozen=True)
class TableGrid:
    rows: list[list[str]]
    """Of one length, unless the table is too large for that."""
    has_header: bool
    """Whether the first row holds the headings."""
    title: str = ""


@dataclass(frozen=True)
class _Cell:
    text: str
    columns: int = 1
    rows: int = 1
    start: int = -1
    """The column where it begins, from 0; -1: the next free one."""


def grid_of(table: _Element, text_of: Callable[[_Element], str]) -> TableGrid:
    """Return a table (names without namespace) as a grid; ``text_of`` gives a cell's text."""
    rows = list(_rows(table))
    columns = _column_names(table)
    cells = [[_cell(cell, columns, text_of) for cell in row if cell.tag in _CELLS] for row in rows]
    num_heads, title = _num_heads(rows), ""
    if num_heads > 1 and len(cells[0]) == 1 and cells[0][0].columns > 1:
        title, cells, num_heads = cells[0][0].text, cells[1:], num_heads - 1
    grid = _spread(cells, num_heads) or [[cell.text for cell in row] for row in cells]
    if num_heads > 1:
        grid = [_merged(grid[:num_heads]), *grid[num_heads:]]
    return TableGrid(grid, num_heads > 0, title)


def _rows(table: _Element) -> Iterator[_Element]:
    """Yield the rows of this table, not those of tables in its cells."""
    for child in table:
        if child.tag in _ROWS:
            yield child
        elif child.tag in ("thead", "tbody", "tfoot", "tgroup"):
            yield from _rows(child)


def _num_heads(rows: list[_Element]) -> int:
    """Return how many rows at the top are headings: those in a head, or a first one of heading cells alone."""
    parents = [row.getparent() for row in rows]
    count = next((n for n, parent in enumerate(parents) if parent is None or parent.tag != "thead"), len(rows))
    if count or len(rows) < 2:
        return count
    tags = {cell.tag for cell in rows[0] if cell.tag in _CELLS}
    return int(tags == {"th"} or rows[0].get("role") == "label")


def _column_names(table: _Element) -> dict[str, int]:
    return {spec.get("colname", ""): place for place, spec in enumerate(table.iter("colspec")) if spec.get("colname")}


def _cell(cell: _Element, columns: dict[str, int], text_of: Callable[[_Element], str]) -> _Cell:
    first, last = columns.get(cell.get("namest", "")), columns.get(cell.get("nameend", ""))
    start = columns.get(cell.get("colname", "")) if first is None else first
    width = _count(cell.get("colspan") or cell.get("cols"))
    if first is not None and last is not None:
        width = min(max(1, last - first + 1), MAX_SPAN)
    height = _count(cell.get("rowspan") or cell.get("rows"))
    if more := cell.get("morerows"):
        height = min(_count(more) + (more.strip() != "0"), MAX_SPAN)
    return _Cell(text_of(cell), width, height, -1 if start is None else start)


def _count(value: str | None) -> int:
    """Return a span from 1 on; 1 for what is no number."""
    return min(max(int(value), 1), MAX_SPAN) if value and value.strip().isdecimal() and len(value) < 6 else 1


def _spread(rows: list[list[_Cell]], num_heads: int) -> list[list[str]]:
    """Return the grid; empty where it would be too large."""
    if sum(cell.columns * cell.rows for row in rows for cell in row) > MAX_CELLS:
        return []
    taken: dict[tuple[int, int], str] = {}
    width = 0
    for y, row in enumerate(rows):
        x = 0
        for cell in row:
            x = max(x, cell.start)
            while (y, x) in taken:
                x += 1
            for below in range(y, min(y + cell.rows, len(rows))):
                taken |= {(below, x + right): cell.text for right in range(cell.columns)}
            x += cell.columns
            width = max(width, x)
        if y >= num_heads and len(row) == 1 and row[0].columns > 1:
            taken |= {(y, right): "" for right in range(1, row[0].columns)}
    if width * len(rows) > MAX_CELLS:
        return []
    return [[taken.get((y, x), "") for x in range(width)] for y in range(len(rows))]


def _merged(heads: list[list[str]]) -> list[str]:
    """Return several rows of headings as one: what stands over a column, from above, each text once."""
    return [" / ".join(dict.fromkeys(filter(None, column))) for column in zip_longest(*heads, fillvalue="")]
