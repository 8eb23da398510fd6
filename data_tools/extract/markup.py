"""How structure is written into a document's text, the same from every format: Markdown, with formulas as ``$...$``.

With ``marks`` on, figures, tables, references and formulas stand between the marks of GeoGalactica (arXiv 2401.00434,
section 3.2, after Galactica's), so that a model can learn to write them as such. A reference is the cited work's title.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SPACE = re.compile(r"\s+")
_RAISED = str.maketrans("0123456789+-\u2212\u2013=n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼ⁿ")
_LOWERED = str.maketrans("0123456789+-\u2212\u2013=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎")
_HAS_RAISED = re.compile(r"[0-9+\u2212\u2013=n-]+")
_HAS_LOWERED = re.compile(r"[0-9+\u2212\u2013=()-]+")
_RAISED_PLAINLY = re.compile(r"st|nd|rd|th|TM|SM|[™®℠©*†‡§°ºª′″]+|[(\[].{1,5}[)\]]", re.IGNORECASE)
"""What is raised for its looks: ordinals, trade marks, and notes' marks such as (1)."""


@dataclass(frozen=True)
class Markup:
    """Writes the parts of a text. A method returns one block or one piece of a line, without line ends around it."""

    marks: bool = False

    def heading(self, level: int, text: str) -> str:
        """A heading of ``level`` 1 (the title) to 6, on one line."""
        return f"{'#' * min(max(level, 1), 6)} {one_line(text)}"

    def item(self, text: str, depth: int = 0, number: int | None = None) -> str:
        """A list item; further lines are indented under it. ``depth`` 0 is the outermost list."""
        indent = "  " * depth
        lines = text.strip().split("\n")
        sign = "-" if number is None else f"{number}."
        return "\n".join([f"{indent}{sign} {lines[0]}", *(f"{indent}  {line}" if line else "" for line in lines[1:])])

    def formula(self, tex: str, display: bool = False) -> str:
        """A formula in LaTeX, without its dollar signs; a displayed one is a block of its own."""
        tex = one_line(tex)
        if self.marks:
            return f"[START_FORMULA] {tex} [END_FORMULA]"
        return f"$${tex}$$" if display else f"${tex}$"

    def figure(self, caption: str) -> str:
        """A figure's caption; the picture itself is not text."""
        caption = one_line(caption)
        return f"[START_FIGURE] {caption} [END_FIGURE]" if self.marks else caption

    def reference(self, title: str) -> str:
        """A citation, as the cited work's title."""
        title = one_line(title)
        return f"[START_REF] {title} [END_REF]" if self.marks else f"({title})"

    def note(self, text: str) -> str:
        """A footnote, where it is called."""
        text = one_line(text)
        return f"[START_NOTE] {text} [END_NOTE]" if self.marks else f"({text})"

    def table(self, rows: Sequence[Sequence[str]], caption: str = "", header: bool = True) -> str:
        """A table in Markdown, under its caption. Ragged rows are filled; empty rows and columns go.

        Without ``header`` the first line is one of empty cells, as Markdown knows no table without a header.
        """
        grid = _grid(rows)
        if not grid:
            return one_line(caption)
        body = grid[1:] if header else grid
        first = grid[0] if header else [""] * len(grid[0])
        lines = [_row(first), _row(["---"] * len(first)), *map(_row, body)]
        written = "\n".join(lines)
        if self.marks:
            written = f"[START_TABLE]\n{written}\n[END_TABLE]"
        return f"{one_line(caption)}\n\n{written}" if caption.strip() else written


def one_line(text: str) -> str:
    """Return ``text`` with every run of white space made one space."""
    return _SPACE.sub(" ", text).strip()


def superscript(text: str) -> str:
    """Return raised text: ``²``, ``⁻⁶``; ``^a`` or ``^{a, b}`` where Unicode has none; ordinals and (1) as they are."""
    text = one_line(text)
    if _RAISED_PLAINLY.fullmatch(text):
        return text
    return _scripted(text, "^", _HAS_RAISED, _RAISED)


def subscript(text: str) -> str:
    """Return lowered text: ``₂``; ``_max`` or ``_{a, b}`` where Unicode has none."""
    return _scripted(one_line(text), "_", _HAS_LOWERED, _LOWERED)


def _scripted(text: str, sign: str, mapped: re.Pattern[str], table: dict[int, int]) -> str:
    if mapped.fullmatch(text):
        return text.translate(table)
    if not text:
        return ""
    return f"{sign}{text}" if text.isalnum() else f"{sign}{{{text}}}"


def join_blocks(blocks: Sequence[str]) -> str:
    """Return the blocks that hold something, a blank line between them; neighbouring list items stand together."""
    kept = [block.strip("\n") for block in blocks if block.strip()]
    parts: list[str] = []
    for before, block in zip(["", *kept], kept, strict=False):
        parts.append(("\n" if _ITEM.match(before) and _ITEM.match(block) else "\n\n") + block)
    return "".join(parts).strip("\n")


_ITEM = re.compile(r" *(?:-|\d+\.) ")


def _grid(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the cells, each on one line with its bars escaped, without rows and columns that are empty throughout."""
    width = max(map(len, rows), default=0)
    cells = [[one_line(cell).replace("|", "\\|") for cell in row] + [""] * (width - len(row)) for row in rows]
    cells = [row for row in cells if any(row)]
    filled = [column for column in range(width) if any(row[column] for row in cells)]
    return [[row[column] for column in filled] for row in cells]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
