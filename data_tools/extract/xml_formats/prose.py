"""From an XML element of mixed content to blocks of text: what every document format in XML has in common.

A format says which of its elements are blocks, which are written in a line of their own making, and which are dropped;
whatever it does not name is kept: as text of the line, or as blocks where blocks stand in it. So no prose is lost to an
unknown tag. Recursion is bounded by ``xml_tree.MAX_DEPTH``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from data_tools.extract.markup import Markup, join_blocks, one_line, subscript, superscript
from data_tools.extract.xml_formats.citations import Calls
from data_tools.extract.xml_formats.mathml import latex_of, unwrapped_tex
from data_tools.extract.xml_formats.table_grid import MAX_CELLS, grid_of

if TYPE_CHECKING:
    from lxml.etree import _Element

BlockWriter = Callable[[Any, int], list[str]]
LineWriter = Callable[[Any], str]
INSIDE = 99
"""The level of what stands in a line, a cell or a list item."""
_SPACED_SCRIPT = re.compile(r"\s\x04([^\x04\x05]{1,60})\x05\s?(?=[\s.,;:)\]]|$)|\x05\s(?=[.,;:)\]])")
"""White space that an indented source puts around a raised or lowered letter, which stands between control characters;
one before a letter (``<sup>13</sup>C``) belongs to what follows."""
_SCRIPT_MARKS = str.maketrans("", "", "\x04\x05")
_BRACKET_SPACE = re.compile(r"(?<=[(\[]) | (?=[)\]])")
_ENDS = (".", "!", "?", ":", ";", "…")


class Prose:
    """Writes elements as blocks. ``level`` is that of the heading above: 1 under the title."""

    def __init__(self, markup: Markup, titles: Sequence[str] = ()) -> None:
        """``titles`` of the works cited, in the order of the reference list."""
        self.markup = markup
        self.calls = Calls(markup, titles)
        self.num_pictured_formulas = 0
        """Formulas that the source holds as pictures alone: nothing of them is in the text."""
        self.blocks: dict[str, BlockWriter] = {}
        self.lines: dict[str, LineWriter] = {
            "sup": self.raised,
            "sub": self.lowered,
            "math": self.formula,
            "break": lambda _: " ",
        }
        self.dropped: frozenset[str] = frozenset()

    def flow(self, element: _Element, level: int) -> list[str]:
        """Return the blocks of ``element``: its lines of text, and the blocks between them."""
        found: list[str] = []
        line = [element.text or ""]
        for child in element:
            tag: Any = child.tag
            write = self.blocks.get(tag)
            if write is None and tag not in self.lines and tag not in self.dropped and self._holds_blocks(child):
                write = self.flow
            if write is None:
                line.append(self.piece(child))
            else:
                found.append(self.line(line))
                found += write(child, level)
                line = []
            line.append(child.tail or "")
        found.append(self.line(line))
        return [block for block in found if block]

    def _holds_blocks(self, element: _Element) -> bool:
        return any(child.tag in self.blocks for child in element)

    def line(self, pieces: Sequence[str]) -> str:
        """Return pieces of text as one line, its citations and footnotes written out."""
        text = one_line("".join(pieces))
        if "\x04" in text:
            text = _SPACED_SCRIPT.sub(r"\1", text).translate(_SCRIPT_MARKS)
        return self.calls.written(_BRACKET_SPACE.sub("", text))

    def text(self, element: _Element) -> str:
        """Return the text of ``element`` as part of a line; calls are not yet written out."""
        parts = [element.text or ""]
        for child in element:
            parts += (self.piece(child), child.tail or "")
        return "".join(parts)

    def piece(self, child: _Element) -> str:
        """Return one element inside a line, without its tail."""
        tag: Any = child.tag
        write = self.lines.get(tag)
        if write is not None:
            return write(child)
        if tag in self.dropped:
            return ""
        write_blocks = self.blocks.get(tag)
        return f" {' '.join(write_blocks(child, INSIDE))} " if write_blocks else self.text(child)

    def line_of(self, element: _Element | None) -> str:
        """Return ``element`` on one line, blocks in it included; empty for None."""
        return "" if element is None else " ".join(self.flow(element, INSIDE))

    def section(self, element: _Element, level: int) -> list[str]:
        """Return a section under its heading; a heading with nothing under it goes."""
        title = self.heading_of(element)
        below = self.flow(element, level + 1 if title else level)
        return [self.markup.heading(level + 1, title), *below] if title and below else below

    def heading_of(self, element: _Element) -> str:
        """Return the number and title of a section."""
        return one_line(f"{self.line_of(element.find('label'))} {self.line_of(element.find('title'))}")

    def raised(self, element: _Element) -> str:
        """Return raised text; citations and calls of footnotes are not raised."""
        inner = self.text(element)
        return inner if "\x02" in inner else _script(superscript(inner.translate(_SCRIPT_MARKS)), element.tail)

    def lowered(self, element: _Element) -> str:
        inner = self.text(element)
        return inner if "\x02" in inner else _script(subscript(inner.translate(_SCRIPT_MARKS)), element.tail)

    def formula(self, element: _Element) -> str:
        """Return a formula inside a line."""
        tex = tex_of(element)
        return self.markup.formula(tex) if tex else self._untyped(element)

    def display(self, element: _Element, level: int, number: str = "") -> list[str]:
        """Return a displayed formula with its number; one set in plain letters stays as it is."""
        tex, label = tex_of(element), number or one_line(element.findtext("label") or "").strip("()[]")
        if tex:
            return [self.markup.formula(f"{tex} \\tag{{{label}}}" if label else tex, display=True)]
        text = self.line([self._untyped(element)])
        return [text] if text else []

    def _untyped(self, element: _Element) -> str:
        """Return a formula that holds neither LaTeX nor MathML: letters with scripts, or a picture."""
        text = self.text(element) if element.tag != "math" else ""
        if text.strip():
            return text
        self.num_pictured_formulas += 1
        return self.calls.gone()

    def items(self, element: _Element, tag: str, sign: Callable[[int], str]) -> list[str]:
        """Return a list as one block. ``sign`` gives what an item begins with, by its number from 1."""
        written = []
        for number, item in enumerate(element.iterchildren(tag), start=1):
            inner = join_blocks(self.flow(item, INSIDE)).replace("\n\n", "\n")
            if inner:
                written.append(labelled_item(self.markup, sign(number), inner))
        return ["\n".join(written)] if written else []

    def quoted(self, element: _Element, level: int, source: str = "") -> list[str]:
        """Return a quotation, ``>`` before each of its lines."""
        blocks = [block for block in (*self.flow(element, level), source) if block]
        lines = "\n\n".join(blocks).split("\n")
        return ["\n".join(f"> {line}".rstrip() for line in lines)] if blocks else []

    def fenced(self, element: _Element, level: int) -> list[str]:
        """Return code with its white space as it is."""
        code = "".join(map(str, element.itertext())).strip("\n")
        return [f"```\n{code}\n```"] if code.strip() else []

    def table(self, element: _Element, caption: str = "") -> list[str]:
        """Return a table in Markdown, under its caption; its own title goes with that."""
        grid = grid_of(element, self.line_of)
        caption = sentence(caption, grid.title)
        if len(grid.rows) * max(map(len, grid.rows), default=0) > MAX_CELLS:  # Markdown would fill up every row
            return [caption, "\n".join(" | ".join(filter(None, row)) for row in grid.rows)]
        return [block for block in (caption, self.markup.table(grid.rows, header=grid.has_header)) if block]


def _script(written: str, tail: str | None) -> str:
    """Return a raised or lowered text, marked as such, with braces where a letter follows it (``r_{j}t``)."""
    if tail and tail[0].isalnum() and written[:1] in ("_", "^") and written[1:2] != "{":
        written = f"{written[0]}{{{written[1:]}}}"
    return f"\x04{written}\x05" if written else ""


def labelled_item(markup: Markup, sign: str, text: str) -> str:
    """Return a list item that begins with ``sign``: ``-``, ``3.`` or any other such as ``B.``."""
    if sign == "-":
        return markup.item(text)
    if sign.endswith(".") and sign[:-1].isdecimal():
        return markup.item(text, number=int(sign[:-1]))
    first, *rest = text.split("\n")
    return "\n".join([f"{sign} {first}", *(f"  {line}" for line in rest)])


def counted(style: str) -> Callable[[int], str]:
    """Return how a list of ``style`` counts: ``1.``, ``a.``, ``B.``, ``iv.``, or ``-`` for any other style."""
    letters = {"alpha-lower": 97, "lower-alpha": 97, "alpha-upper": 65, "upper-alpha": 65}
    if style in ("order", "ordered", "arabic", "decimal", "enumerated"):
        return "{}.".format
    if style in letters:
        return lambda number: f"{chr(letters[style] + number - 1)}." if number <= 26 else f"{number}."
    if style in ("roman-lower", "lower-roman"):
        return lambda number: f"{roman(number)}."
    if style in ("roman-upper", "upper-roman"):
        return lambda number: f"{roman(number).upper()}."
    return lambda number: "-"


def roman(number: int) -> str:
    """Return a number from 1 in small Roman numerals."""
    signs = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"))
    written = ""
    for value, sign in (*signs, (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")):
        written += sign * (number // value)
        number %= value
    return written


def sentence(*parts: str) -> str:
    """Return parts in a row, such as a caption's number, title and text, each closed by a full stop but the last."""
    kept = [part for part in map(one_line, parts) if part]
    return " ".join([*(part if part.endswith(_ENDS) else f"{part}." for part in kept[:-1]), *kept[-1:]])


def tex_of(element: _Element) -> str:
    """Return the LaTeX in ``element``: its own ``tex-math`` before what its MathML says; empty where it has neither."""
    for tex in element.iter("tex-math"):
        if written := unwrapped_tex("".join(map(str, tex.itertext()))):
            return written
    for math in element.iter("math"):
        if written := latex_of(math):
            return written
    return ""
