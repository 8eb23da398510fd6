"""The body of a Word document in our markup: paragraphs, headings, lists, tables, notes and formulas.

After ECMA-376, part 1, clause 17. The document is read as if every tracked change were accepted. Left out: headers,
footers, comments, tables of contents, hidden text, pictures (and so formulas that are pictures, which are counted).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from data_tools.extract.markup import Markup, join_blocks, one_line, subscript, superscript
from data_tools.extract.office.docx_numbers import (
    BODY_LEVEL,
    Numbering,
    Style,
    W,
    list_of,
    outline_level,
    value_of,
)
from data_tools.extract.office.omml import NAMESPACE, mathml_of
from data_tools.extract.xml_formats.mathml import latex_of
from data_tools.extract.xml_formats.table_grid import grid_of

if TYPE_CHECKING:
    from lxml.etree import _Element

_M = f"{{{NAMESPACE}}}"
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_GONE = frozenset(
    f"{W}{name}"
    for name in ("del", "moveFrom", "instrText", "delText", "pPr", "rPr", "tblPr", "tblGrid", "trPr", "tcPr", "sectPr",
                 "footnoteRef", "endnoteRef", "annotationRef", "rt", "sdtPr", "sdtEndPr", "fldData", "separator",
                 "continuationSeparator")
)  # fmt: skip
_SIGNS = {
    f"{W}tab": " ",
    f"{W}br": "\n",
    f"{W}cr": "\n",
    f"{W}noBreakHyphen": "-",
    f"{W}softHyphen": "",
    f"{W}ptab": " ",
}
_NOTES = {f"{W}footnoteReference": "footnote", f"{W}endnoteReference": "endnote"}
_CONTENTS = re.compile(r"toc\b|table of figures|table of authorities|index \d", re.IGNORECASE)
_GALLERIES = ("Table of Contents", "Bibliographies", "Cover Pages", "Page Numbers")
"""Building blocks that are no text of the document, but for a bibliography, which is none that a reader needs here."""
_NUMBER = re.compile(r"(\d{1,6})[.)]?\Z")
_SYMBOL = dict(zip(range(0x61, 0x7B), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True)) | dict(
    zip(range(0x41, 0x5B), "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True)
) | {0xA3: "≤", 0xA5: "∞", 0xAE: "→", 0xB0: "°", 0xB1: "±", 0xB3: "≥", 0xB4: "×", 0xB5: "∝", 0xB6: "∂", 0xB7: "•",
     0xB8: "÷", 0xB9: "≠", 0xBB: "≈", 0xC5: "⊕", 0xD6: "√", 0xD7: "⋅", 0xE5: "∑", 0xF2: "∫"}  # fmt: skip
"""The font Symbol, which older documents set Greek letters and signs in."""


class Body:
    """Writes the blocks of a document's parts."""

    def __init__(
        self, styles: dict[str, Style], numbering: Numbering, notes: dict[tuple[str, str], _Element], markup: Markup
    ) -> None:
        self._styles = styles
        self._numbering = numbering
        self._notes = notes
        self._markup = markup
        self._boxes: list[_Element] = []
        self._titled = False
        self.title = ""
        self.pictured_formulas = 0

    def blocks(self, element: _Element) -> list[str]:
        """Return the blocks of what stands in ``element``: a body, a cell, a note, a text box."""
        return [block for child in element for block in self._block(child)]

    def _block(self, element: _Element) -> list[str]:
        if element.tag in _GONE or not isinstance(element.tag, str):
            return []
        if element.tag == f"{W}p":
            return self._paragraph(element)
        if element.tag == f"{W}tbl":
            return self._table(element)
        if element.tag == f"{W}sdt":
            gallery = value_of(element.find(f"{W}sdtPr/{W}docPartObj"), "docPartGallery")
            return [] if gallery in _GALLERIES else self.blocks(element)
        if element.tag == f"{_COMPATIBILITY}AlternateContent":
            return self.blocks(_chosen(element))
        if element.tag == f"{_M}oMathPara":
            return self._formulas(element)
        return self.blocks(element)

    def _paragraph(self, paragraph: _Element) -> list[str]:
        properties = paragraph.find(f"{W}pPr")
        style = self._styles.get(value_of(properties, "pStyle"), Style())
        if _CONTENTS.match(style.name):
            return []
        waiting, self._boxes = self._boxes, []
        text = self._inline(paragraph).strip()
        boxes, self._boxes = self._boxes, waiting
        inside = [block for box in boxes for block in self.blocks(box)]
        if not text:
            return inside
        return [self._written(text, style, properties), *inside]

    def _written(self, text: str, style: Style, properties: _Element | None) -> str:
        if style.name == "title":
            self._titled = True
            self.title = self.title or one_line(text)
            return self._markup.heading(1, text)
        level = outline_level(properties, style.level)
        number_id, depth = list_of(properties) or style.list
        label = self._numbering.next(number_id, depth) if number_id and number_id != "0" else None
        if level < BODY_LEVEL:
            return self._markup.heading(level + 1 + self._titled, f"{label or ''} {text}")
        text = "\n".join(one_line(line) for line in text.split("\n"))
        if label is None:
            return self._markup.figure(text) if style.name == "caption" and text.startswith("Fig") else text
        if not label:
            return self._markup.item(text, depth)
        counted = _NUMBER.match(label)
        return self._markup.item(text, depth, int(counted[1])) if counted else f"{label} {text}"

    def _inline(self, element: _Element) -> str:
        """Return the text of a paragraph or a part of one; text boxes in it wait until it ends."""
        return "".join(map(self._piece, element))

    def _piece(self, element: _Element) -> str:
        tag = element.tag
        if tag == f"{W}t":
            return element.text or ""
        if tag in _GONE or not isinstance(tag, str):
            return ""
        if tag == f"{W}r":
            return self._run(element)
        if tag in _SIGNS:
            return "" if element.get(f"{W}type") in ("page", "column") else _SIGNS[tag]
        if tag == f"{W}sym":
            return _symbol(element)
        if tag in _NOTES:
            return self._note(_NOTES[tag], element.get(f"{W}id", ""))
        if tag in (f"{_M}oMath", f"{_M}oMathPara"):
            return " ".join(self._formulas(element))
        if tag == f"{W}txbxContent":
            self._boxes.append(element)
            return ""
        if tag == f"{W}object" and "Equation" in "".join(ole.get("ProgID", "") for ole in element.iter("{*}OLEObject")):
            self.pictured_formulas += 1
        return self._inline(_chosen(element) if tag == f"{_COMPATIBILITY}AlternateContent" else element)

    def _run(self, run: _Element) -> str:
        properties = run.find(f"{W}rPr")
        if properties is not None and _is_on(properties, "vanish"):
            return ""
        text = self._inline(run)
        raised = value_of(properties, "vertAlign")
        if raised in ("superscript", "subscript") and text.strip() and not any(child.tag in _NOTES for child in run):
            return (superscript if raised == "superscript" else subscript)(text)
        return text

    def _note(self, kind: str, name: str) -> str:
        note = self._notes.get((kind, name))
        text = "" if note is None else " ".join(self.blocks(note))
        return f" {self._markup.note(text)}" if text else ""

    def _formulas(self, element: _Element) -> list[str]:
        display = element.tag == f"{_M}oMathPara"
        formulas = element.findall(f"{_M}oMath") if display else [element]
        return [self._markup.formula(tex, display) for one in formulas if (tex := latex_of(mathml_of(one)))]

    def _table(self, table: _Element) -> list[str]:
        from lxml import etree

        copy = etree.Element("table")
        open_cells: dict[int, _Element] = {}
        for row in _children(table, "tr"):
            properties = row.find(f"{W}trPr")
            if properties is not None and properties.find(f"{W}del") is not None:
                continue
            is_head = properties is not None and _is_on(properties, "tblHeader")
            line = etree.SubElement(etree.SubElement(copy, "thead" if is_head else "tbody"), "tr")
            column = 0
            for cell in _children(row, "tc"):
                column = self._cell(cell, line, column, open_cells)
        if all(len(line) == 1 for line in copy.iter("tr")):  # a frame around text
            return [block for cell in copy.iter("td") for block in (cell.text or "").split("\n\n")]
        grid = grid_of(copy, lambda cell: cell.text or "")
        return [self._markup.table(grid.rows, grid.title, grid.has_header)]

    def _cell(self, cell: _Element, line: _Element, column: int, open_cells: dict[int, _Element]) -> int:
        """Write a cell that begins at ``column``, or let the one above it go on; return the column after it."""
        from lxml import etree

        properties = cell.find(f"{W}tcPr")
        span = value_of(properties, "gridSpan")
        width = min(int(span), 63) if span.isdecimal() and int(span) else 1
        merge = None if properties is None else properties.find(f"{W}vMerge")
        above = open_cells.get(column)
        if merge is not None and merge.get(f"{W}val") != "restart" and above is not None:
            above.set("rowspan", str(int(above.get("rowspan", "1")) + 1))
            return column + width
        written = etree.SubElement(line, "td", colspan=str(width))
        written.text = join_blocks(self.blocks(cell))
        if merge is not None:
            open_cells[column] = written
        else:
            open_cells.pop(column, None)
        return column + width


def _chosen(alternatives: _Element) -> _Element:
    """Return the one of several ways to write the same that old programs read, else the first."""
    fallback = alternatives.find(f"{_COMPATIBILITY}Fallback")
    choice = alternatives.find(f"{_COMPATIBILITY}Choice")
    chosen = choice if fallback is None or not len(fallback) else fallback
    return alternatives if chosen is None else chosen


def _children(element: _Element, name: str) -> Iterator[_Element]:
    """Yield the rows of a table, or the cells of a row, whatever wraps them."""
    for child in element:
        if child.tag == f"{W}{name}":
            yield child
        elif child.tag not in _GONE and child.tag != f"{W}tbl":
            yield from _children(child, name)


def _is_on(properties: _Element, name: str) -> bool:
    found = properties.find(W + name)
    return found is not None and found.get(f"{W}val", "1") not in ("0", "false", "off")


def _symbol(element: _Element) -> str:
    font, code = element.get(f"{W}font", ""), element.get(f"{W}char", "")
    if font != "Symbol" or not re.fullmatch(r"[0-9A-Fa-f]{1,4}", code):
        return ""  # an ornament
    return _SYMBOL.get(int(code, 16) & 0xFF, "")
