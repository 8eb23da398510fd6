"""Tables of HTML pages: from cells with spans to Markdown, and which tables only lay a page out.

A filing's table splits one figure over up to three cells (``$ | 1,234 | )``), puts empty columns between those that
hold figures, and lets every row span the columns in its own way. So a column here is not the n-th cell: cells that
stand over each other make a column. Rows of headings become one, in which a cell over several columns heads each.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from data_tools.extract.markup import Markup
from data_tools.extract.web.looks import ALL_LOOKS, BOLD, Block, text_block

MAX_SPAN = 1000
"""The HTML standard's limit of ``colspan``; taken for ``rowspan`` too."""
MAX_DOWN_COLUMN = 200
"""Cells further right reach down no row: looking for the next free column would take too long in a hostile table."""
MAX_CELL_CHARACTERS = 600
"""A cell of several blocks longer than this lays text out; shorter ones are lines of one figure or heading."""
MAX_LABEL_CHARACTERS = 60
"""Of a row's cells only one may be longer for the row to be one line of text."""
MIN_NOTE_CHARACTERS = 60
MAX_HEADS = 6
MAX_CELLS = 50_000
MAX_SPARSENESS = 10
"""A table of more cells than that, of which a tenth hold something, would be written as little but bars."""
MAX_REPEATED_CHARACTERS = 300
"""A longer heading stands over the first of its columns alone."""
_WORDS = re.compile(r"[^\W\d_]{2}")
_YEAR = re.compile(r"(?:19|20)\d\d\W?\W?[⁰¹²³⁴⁵⁶⁷⁸⁹]?")
_MARKER = re.compile(
    r"[•●·▪■◦○▫▲►➢➤‣⁃∙–—*☐☒☑✓✔\uf0a7\uf0b7-]|o|\[[xX ]?\]|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)]|[*†‡§]+"
)
_BEFORE = re.compile(r"(?:US|C|A|HK|NT|R)?[$€£¥₩]\s*\(?|\(\s*[$€£¥]?")
_AFTER = re.compile(r"[)%\s]+")
_FIGURE_START = re.compile(r"\(?\s*[\d.—–-]")
_FIGURE_END = re.compile(r"[\d—–-]\s*\)?\s*$")
MAX_GAP = 2
"""Empty columns that may lie between a currency sign and its figure."""


@dataclass(slots=True)
class Cell:
    """A cell that holds something, and the columns ``[start, end)`` of the grid that it covers."""

    start: int
    end: int
    blocks: list[Block]
    is_header: bool = False

    @property
    def text(self) -> str:
        return " ".join(block.text for block in self.blocks)


class Grid:
    """Places a table's cells as a browser does: after those of their row, beside those that reach down into it."""

    def __init__(self) -> None:
        self._down: list[tuple[int, int, int]] = []
        self._coming: list[tuple[int, int, int]] = []
        self._next = 0

    def begin_row(self) -> None:
        """Go on to the next row."""
        reaching = self._down + self._coming
        self._down = sorted((start, end, rows - 1) for start, end, rows in reaching if rows > 1)
        self._coming.clear()
        self._next = 0

    def place(self, colspan: int, rowspan: int) -> tuple[int, int]:
        """Return the columns of the row's next cell."""
        for start, end, _ in self._down:
            if start <= self._next < end:
                self._next = end
        start = self._next
        self._next += min(max(colspan, 1), MAX_SPAN)
        if rowspan > 1 and start < MAX_DOWN_COLUMN:
            self._coming.append((start, self._next, min(rowspan, MAX_SPAN)))
        return start, self._next


def table_blocks(rows: Sequence[list[Cell]], markup: Markup, caption: str = "") -> list[Block]:
    """Return what a table shows: itself in Markdown, or the text of its cells where it only lays text out.

    Lines above and below that run over the whole table become text before and after it.
    """
    rows = [row for row in map(_joined, rows) if row]
    columns = _columns(rows)
    if is_layout(rows) or len(rows) * len(columns) > max(MAX_CELLS, MAX_SPARSENESS * sum(map(len, rows))):
        title = [Block(caption, "caption")] if caption else []
        return title + [block for row in rows for block in _row_blocks(row)]
    first, last = _body(rows, columns)
    if last - first < 2:
        first, last = 0, len(rows)
    body = rows[first:last]
    num_heads = _num_heads(body, columns)
    cells = [_texts(row, columns, head=place < num_heads) for place, row in enumerate(body)]
    if num_heads > 1:
        heads = zip(*cells[:num_heads], strict=True)
        cells[:num_heads] = [[" / ".join(dict.fromkeys(filter(None, column))) for column in heads]]
    linked = sum(block.linked for row in rows for cell in row for block in cell.blocks)
    table = Block(markup.table(cells, caption, header=num_heads > 0), "table", 0, linked)
    around = [[block for row in part for block in _row_blocks(row)] for part in (rows[:first], rows[last:])]
    return [*around[0], table, *around[1]]


def is_layout(rows: Sequence[list[Cell]]) -> bool:
    """Whether a table holds no table: one row or column, a list, or blocks of text side by side."""
    if len(rows) < 2 or all(len(row) < 2 for row in rows):
        return True
    if all(len(row) <= 2 and _MARKER.fullmatch(row[0].text) for row in rows):
        return True
    for row in rows:
        for cell in row:
            if any(block.kind not in ("text", "item") for block in cell.blocks):
                return True
            if len(cell.blocks) > 1 and len(cell.text) > MAX_CELL_CHARACTERS:
                return True
    return False


def _joined(row: list[Cell]) -> list[Cell]:
    """Return the row with figures whole: ``$``, ``1,234`` and ``)`` are one cell."""
    cells: list[Cell] = []
    for cell in row:
        before = cells[-1] if cells else None
        text = cell.blocks[0].text
        if before is not None and len(before.blocks) == len(cell.blocks) == 1 and len(text) < MAX_LABEL_CHARACTERS:
            head = before.blocks[0]
            sign = cell.start - before.end <= MAX_GAP and _BEFORE.fullmatch(head.text) and _FIGURE_START.match(text)
            if sign or (_AFTER.fullmatch(text) and _FIGURE_END.search(head.text)):
                cells[-1] = Cell(before.start, cell.end, [_line([head, cell.blocks[0]], "")], before.is_header)
                continue
        cells.append(cell)
    return cells


def _columns(rows: Sequence[list[Cell]]) -> list[tuple[int, int]]:
    """Return the table's columns, as disjoint ``[start, end)`` in order: the narrowest cells make them."""
    spans = sorted({(cell.start, cell.end) for row in rows for cell in row}, key=lambda span: (span[1] - span[0], span))
    columns: list[tuple[int, int]] = []
    for start, end in spans:
        low, high = _under(columns, start, end)
        if high - low == 1:
            columns[low] = (min(start, columns[low][0]), max(end, columns[low][1]))
        elif high == low:
            columns.insert(low, (start, end))
    return columns


def _under(columns: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int]:
    """Return the columns ``[low, high)`` that a cell over ``[start, end)`` stands over."""
    low = bisect_left(columns, (start, start))
    if low and columns[low - 1][1] > start:
        low -= 1
    return low, max(low, bisect_left(columns, (end, end)))


def _texts(row: Sequence[Cell], columns: Sequence[tuple[int, int]], head: bool) -> list[str]:
    """Return a row's texts by column. A heading stands over each column that it spans, any other cell in the first."""
    texts = [""] * len(columns)
    for cell in row:
        low, high = _under(columns, cell.start, cell.end)
        for column in range(low, high if head and len(cell.text) <= MAX_REPEATED_CHARACTERS else low + 1):
            texts[column] = f"{texts[column]} {cell.text}".strip()
    return texts


def _num_heads(rows: Sequence[Sequence[Cell]], columns: Sequence[tuple[int, int]]) -> int:
    """Return how many rows at the top are headings.

    Rows are marked as such by ``th``, by bold letters in a table that has others, or by holding nothing in the first
    column and no figure. One more row that names the columns in words or years counts too, if figures stand below it.
    """
    count = num_marked = num_named = 0
    all_bold = all(map(_is_bold, rows))
    for row in rows[: min(MAX_HEADS, len(rows) - 1)]:
        names_columns = row[0].start >= columns[0][1]
        has_figures = any(_is_figure(cell.text) for cell in row[not names_columns :])
        bold = len(row) > 1 and _is_bold(row) and not all_bold
        if all(cell.is_header for cell in row) or ((bold or names_columns) and not has_figures):
            num_marked += num_marked == count
        elif num_named or len(row) < 2 or has_figures:
            break
        else:
            num_named = 1
        count += 1
    below = next((row for row in rows[count:] if len(row) > 1), rows[count])
    return count if any(_is_figure(cell.text) for cell in below[1:]) else num_marked


def _is_figure(text: str) -> bool:
    return _WORDS.search(text) is None and _YEAR.fullmatch(text) is None


def _is_bold(row: Sequence[Cell]) -> bool:
    return all(block.looks & BOLD for cell in row for block in cell.blocks)


def _body(rows: Sequence[list[Cell]], columns: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return the rows ``[first, last)`` without titles above and notes below, which run over most of the width."""
    half = (columns[-1][1] - columns[0][0]) / 2

    def runs_over(row: Sequence[Cell]) -> bool:
        return len(columns) > 2 and row[-1].end - row[-1].start > half and row[-1].start < columns[1][1]

    first, last = 0, len(rows)
    while first < last - 2 and _is_title(rows[first], columns) and runs_over(rows[first]):
        first += 1
    while last > first + 2 and runs_over(rows[last - 1]) and _is_note(rows[last - 1]):
        last -= 1
    return first, last


def _is_title(row: Sequence[Cell], columns: Sequence[tuple[int, int]]) -> bool:
    return len(row) == 1 and row[0].start < columns[0][1]


def _is_note(row: Sequence[Cell]) -> bool:
    return (len(row) == 1 and len(row[0].text) > MIN_NOTE_CHARACTERS) or (
        len(row) == 2 and _MARKER.fullmatch(row[0].text) is not None
    )


def _row_blocks(row: Sequence[Cell]) -> list[Block]:
    """Return a row as text: one line where it holds a label and a text, else one block after the other."""
    blocks = [block for cell in row for block in cell.blocks]
    if len(blocks) == len(row) and sum(len(block.text) > MAX_LABEL_CHARACTERS for block in blocks) < 2:
        return [_line(blocks)] if all(block.kind == "text" for block in blocks) else blocks
    if len(blocks) > 1 and _MARKER.fullmatch(blocks[0].text) and blocks[1].kind == "text":
        blocks[:2] = [_line(blocks[:2])]
    return blocks


def _line(parts: Sequence[Block], gap: str = " ") -> Block:
    looks = ALL_LOOKS
    for part in parts:
        looks &= part.looks
    linked, size = sum(part.linked for part in parts), min(part.size for part in parts)
    return text_block(gap.join(part.text for part in parts), looks, linked, size)
