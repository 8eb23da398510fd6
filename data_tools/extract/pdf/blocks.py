"""From the lines of a page to its blocks: paragraphs, headings, list items, captions, footnotes, tables, single lines.

A new paragraph begins after a gap, with an indent, a change of size or weight, a list's sign or a caption's label, and
after a line that ended although the next word would have fitted. In a hanging layout (references, lists) the lines that
are not indented begin the entries.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from data_tools.extract.pdf.figures import caption_of, is_marked_caption
from data_tools.extract.pdf.fonts import BOLD, MONOSPACED
from data_tools.extract.pdf.lines import Line
from data_tools.extract.pdf.segments import END, LOWERED, RAISED, plain
from data_tools.extract.pdf.tables import Table, aligned_table

SURE_GAP, LIKELY_GAP = 1.45, 1.15
"""In usual line distances: a gap that parts paragraphs, and one that does so where a sentence has ended."""
INDENT, MAX_INDENT = 0.7, 6.0
"""In font sizes: how far a paragraph's first line is moved in."""
SAME_SIZE = 0.06
"""Font sizes that differ by a smaller share are the same."""
MAX_TABLE_LINES, MAX_HEAD_LINES = 400, 3
"""Lines of a table; lines above it that may look like its rows."""
MAX_LABELS, MAX_ROW_DISTANCE = 3, 4.0
"""Lines between a table's rows; font sizes from row to row."""
MIN_CAPITALS = 6
SMALL = 0.93
"""Footnotes are set in at most this share of the body's font size."""
CHARACTER_WIDTH = 0.5
"""In font sizes: a letter's width on average, to guess whether a word would have fitted."""
HYPHENS = ("-", "‐", "\u00ad")
BULLET = re.compile(r"([•◦▪▫●○■□◆◇➢➤►▸✓✔❖·∙‣⁃–—*-])\s+(?=\S)")
NUMBERED = re.compile(r"(?P<open>[(\[]?)(?P<label>\d{1,3}|[a-z]|[ivx]{1,5})(?P<close>[.)\]])\s+(?=\S)")
_CLOSING = "\"'”’)]»"
NOTE_LABEL = re.compile(rf"{RAISED}\s*([\d]{{1,3}}|[a-z]|[*∗†‡§¶‖#]{{1,3}})\s*,?\s*{END}|([*∗†‡§¶‖])")


@dataclass(slots=True)
class Block:
    """Lines that belong together; ``kind``: paragraph, item, caption, note, table, code, lines, heading."""

    kind: str
    page: int
    region: int
    """Counts the regions of the document; a paragraph may go on in a later one."""
    lines: list[Line] = field(default_factory=list)
    table: Table | None = None
    level: int = 0
    """A heading's, 1 to 6."""

    @property
    def size(self) -> float:
        return self.lines[0].size if self.lines else self.table.size if self.table else 0.0

    @property
    def style(self) -> int:
        style = self.lines[0].style if self.lines else 0
        for line in self.lines:
            style &= line.style
        return style

    @property
    def text(self) -> str:
        """Its words on one line, line ends not mended: for telling what it is."""
        return " ".join(plain(line.text) for line in self.lines)


@dataclass(frozen=True)
class Shape:
    """How a column's text is set."""

    left: float
    distance: float
    """Points from line to line."""
    monospaced: bool
    """The document's body is typewritten: then a line of such type is no code."""


def sentence_ended(line: Line) -> bool:
    """Return whether a line ends as sentences do."""
    text = plain(line.text)
    return text[-1:] in '"”»' or text.rstrip(_CLOSING)[-1:] in ".!?:;…"


def _is_capital(line: Line) -> bool:
    """Return whether a line is set in capital letters, as headings are."""
    return len(line.text) > MIN_CAPITALS and line.text.isupper()


def blocks_of(parts: Sequence[Line | Table], page: int, region: int, body_size: float, monospaced: bool) -> list[Block]:
    """Return the blocks of one region, given its lines and tables from top to bottom."""
    blocks: list[Block] = []
    for run in _with_aligned_tables(parts):
        if isinstance(run, Table):
            blocks.append(Block("table", page, region, table=run))
        else:
            blocks += _text_blocks(run, page, region, body_size, monospaced)
    return blocks


def _with_aligned_tables(parts: Sequence[Line | Table]) -> Iterable[list[Line] | Table]:
    """Yield runs of lines, and between them the tables: those known, and those that lines of cells make."""
    held: list[Line] = []
    place = tried = 0
    while place < len(parts):
        part = parts[place]
        table, end = (part, place + 1)
        if isinstance(part, Line) and len(part.cells) > 1 and place >= tried:
            table, end, tried = _aligned(parts, place)
        if isinstance(table, Line):
            held.append(table)
        else:
            if held:
                yield held
            yield table
            held = []
        place = end
    if held:
        yield held


def _aligned(parts: Sequence[Line | Table], start: int) -> tuple[Line | Table, int, int]:
    """Return the table that begins with line ``start``, or that line, and the index after it.

    Between a table's rows stand at most ``MAX_LABELS`` lines of a first cell alone: the names of groups of rows. The
    last figure is up to where no table need be looked for again.
    """
    run: list[Line] = []
    end, numbers_begin = start, float("inf")
    for number in range(start, min(start + MAX_TABLE_LINES, len(parts))):
        line = parts[number]
        if not isinstance(line, Line) or line.leader or (run and line.y - run[-1].y > MAX_ROW_DISTANCE * run[-1].size):
            break
        if len(line.cells) == 1 and (not run or line.x1 > numbers_begin or number - end >= MAX_LABELS):
            break
        run.append(line)
        if len(line.cells) > 1:
            end, numbers_begin = number + 1, min(numbers_begin, line.cells[1].x0)
    for skipped in range(min(MAX_HEAD_LINES, end - start)):
        rows = run[skipped : end - start]
        if len(rows[0].cells) > 1 and (table := aligned_table([line.cells for line in rows])):
            return (parts[start], start + 1, start + 1) if skipped else (table, end, end)
    return parts[start], start + 1, end


def _shape(lines: Sequence[Line], monospaced: bool) -> Shape:
    size = median(line.size for line in lines)
    steps = [
        after.y - before.y
        for before, after in pairwise(lines)
        if abs(after.size - before.size) < SAME_SIZE * size and 0.3 < (after.y - before.y) / before.size < 2.6
    ]
    starts = Counter(round(line.x0 / 2) * 2 for line in lines)
    often = [start for start, count in starts.items() if count >= max(2, 0.15 * len(lines))]
    left = min(often, default=min(line.x0 for line in lines))
    return Shape(left, median(steps) if len(steps) > 1 else 1.2 * size, monospaced)


def _text_blocks(lines: list[Line], page: int, region: int, body_size: float, monospaced: bool) -> list[Block]:
    cutter = _Cutter(lines, _shape(lines, monospaced), body_size)
    blocks: list[Block] = []
    for number, line in enumerate(lines):
        if not blocks or cutter.begins(number, blocks[-1]):
            blocks.append(Block(cutter.kind(number), page, region, [line]))
        else:
            blocks[-1].lines.append(line)
    return blocks


class _Cutter:
    """Tells where blocks begin among a column's lines."""

    def __init__(self, lines: list[Line], shape: Shape, body_size: float) -> None:
        self.lines, self.shape, self.body_size = lines, shape, body_size
        self.size = median(line.size for line in lines)

    def kind(self, number: int) -> str:
        """Return the kind of a block that begins with line ``number``."""
        line = self.lines[number]
        if line.leader:
            return "lines"
        if self._is_code(line):
            return "code"
        if self._is_caption(line):
            return "caption"
        if NOTE_LABEL.match(line.text) and line.size <= SMALL * self.body_size:
            return "note"
        return "item" if self._is_item(number) else "paragraph"

    def begins(self, number: int, block: Block) -> bool:
        """Return whether line ``number`` begins a block, ``block`` being the one that the line before ended."""
        before, line = self.lines[number - 1], self.lines[number]
        distance = (line.y - before.y) / (self.shape.distance * max(before.size, line.size) / self.size)
        ended = sentence_ended(before)
        if abs(before.size - line.size) > SAME_SIZE * before.size:
            return True
        if before.leader or line.leader or self._is_code(before) or self._is_code(line):
            return self.kind(number) != block.kind or distance > 2
        if before.text.endswith(HYPHENS) and line.text[:1].islower() and distance <= SURE_GAP:
            return False
        if distance > SURE_GAP:
            return ended or self._has_room(number) or not line.text[:1].islower()
        if (before.style ^ line.style) & BOLD or (_is_capital(before) and not _is_capital(line)):
            return True
        if (self._is_caption(line) and (ended or distance > LIKELY_GAP)) or self._is_item(number):
            return True
        if NOTE_LABEL.match(line.text) and block.kind == "note":
            return True
        raised = RAISED in line.text or LOWERED in before.text  # such lines stand further apart
        if self._has_room(number) or (distance > LIKELY_GAP and ended and not raised):
            return True
        return self._is_moved(number, block)

    def _is_code(self, line: Line) -> bool:
        return bool(line.style & MONOSPACED) and not self.shape.monospaced

    def _is_caption(self, line: Line) -> bool:
        if not caption_of(line.text):
            return False
        return is_marked_caption(line.text) or line.size <= SMALL * self.body_size or bool(line.style & BOLD)

    def _is_item(self, number: int) -> bool:
        """Return whether a line begins with a list's sign; it is none where a sentence runs on from the line before."""
        line = self.lines[number]
        bullet, counted = BULLET.match(line.text), NUMBERED.match(line.text)
        if not bullet and not counted:
            return False
        if number == 0 or (bullet and bullet[1] in "•◦▪▫●○■□◆◇➢➤►▸✓✔❖‣"):
            return True
        before = self.lines[number - 1]
        gap = line.y - before.y > LIKELY_GAP * self.shape.distance
        return gap or self._has_room(number) or sentence_ended(before)

    def _has_room(self, number: int) -> bool:
        """Return whether the first word of line ``number`` would have fitted on the line before."""
        before, line = self.lines[number - 1], self.lines[number]
        near = self.lines[max(number - 7, 0) : number + 7]
        alike = [one for one in near if abs(one.size - before.size) <= SAME_SIZE * before.size]
        alike = [one for one in alike if min(abs(one.x0 - before.x0), abs(one.x0 - line.x0)) <= INDENT * one.size]
        justified = sum(abs(one.x1 - before.x1) < 0.4 * before.size for one in alike) >= 3
        if justified or before.text.endswith((*HYPHENS, "/")):
            return False
        word = plain(line.text).split(" ", 1)[0]
        return max(one.x1 for one in alike) - before.x1 > (CHARACTER_WIDTH * len(word) + 1.0) * before.size

    def _is_moved(self, number: int, block: Block) -> bool:
        """Return whether a line's indent begins a paragraph."""
        before, line = self.lines[number - 1], self.lines[number]
        moved = line.x0 - before.x0
        if abs(moved) <= INDENT * line.size:
            return False
        if moved > 0:
            return len(block.lines) > 1 or not self._hangs(number, block)
        if len(block.lines) > 1:
            return True
        return before.x0 - self.shape.left > MAX_INDENT * before.size

    def _hangs(self, number: int, block: Block) -> bool:
        """Return whether an indented second line goes on with an entry that begins further left."""
        first, line = block.lines[0], self.lines[number]
        if block.kind in ("item", "note") or first.text.startswith("["):
            return True
        if first.style == line.style and not sentence_ended(first):
            return True
        after = self.lines[number + 1] if number + 1 < len(self.lines) else None
        if after is None or abs(after.x0 - line.x0) > 0.3 * line.size:
            return False
        return not self._has_room(number + 1)
