"""reStructuredText (.rst): parsed by docutils, written out in our markup.

Nothing is included from other files and no raw block is passed on. What Sphinx adds is understood as far as its text
goes (sphinx_dialect.py): references inside the file become titles and numbers, those into other files the words of
their label, citations go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_tools.extract.encoding import decode, plain_lines
from data_tools.extract.license_of import spdx_of
from data_tools.extract.markup import Markup, join_blocks, one_line, subscript, superscript
from data_tools.extract.records import Found, ReadOptions, Record, Unreadable
from data_tools.extract.sphinx_dialect import teach
from data_tools.extract.streams import blocks, checked, whole
from data_tools.extract.xml_formats.table_grid import grid_of

if TYPE_CHECKING:
    from lxml.etree import _Element

_SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 5,
    "warning_stream": False,
    "_disable_config": True,
    "doctitle_xform": False,
    "docinfo_xform": False,
    "smart_quotes": False,
    "syntax_highlight": "none",
    "line_length_limit": 1_000_000,
    "math_output": "LaTeX",
}
_CITATIONS = ("cite", "citep", "citet", "footcite", "footcitep", "footcitet", "index", "p", "t")
"""``p`` and ``t`` end ``:cite:p:`` and ``:cite:t:``; an index entry goes in the same way."""
_CITATION = "\ue000"
"""Stands where a citation stood until its line is whole, so that its brackets and the space before it go with it."""
_CITED = re.compile(rf"\s*\((?:\s*{_CITATION}[\s,;]*)+\)|\s*{_CITATION}(?:\s(?=[.,;:)]))?")
_ISO_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")
_BEFORE_FIELDS = ("title", "comment", "target", "substitution_definition", "system_message", "meta")
_NUMBERED = {"figure": "Figure", "table": "Table"}
_SKIPPED = frozenset(
    {"citation", "citation_reference", "colspec", "comment", "decoration", "footnote", "image", "label"}
    | {"meta", "pending", "raw", "substitution_definition", "system_message", "target", "topic_contents"}
)
_LOOSE_FORMULA = re.compile(r"(:math:`)\s*([^`]+?)\s*`")
"""A space inside the quotes makes a role no role."""
_PLACE = re.compile(r"%s|\{number\}")
_LEFT_MARKS = re.compile(r":[\w:+.-]+:`(?P<title>[^`<]*?)\s*(?:<[^`>]*>)?`")
"""A role inside a title or an option, which docutils leaves as it is."""


def read_restructured(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield one record: the document's text, with headings, lists, tables, notes and formulas."""
    data = whole(checked(blocks(path, options.max_file_bytes)), options.max_markup_bytes)
    source, encoding = decode(data)
    record = restructured_text(plain_lines(source), Markup(options.marks))
    if not record.text:
        raise Unreadable("empty", "holds no text once its markup is taken away")
    yield replace(record, repaired=(f"encoding {encoding}",) if encoding else ())


def restructured_text(source: str, markup: Markup | None = None) -> Record:
    """Return the text of a reStructuredText source; the title is its first heading, where it begins with one."""
    import docutils.core

    source = _LOOSE_FORMULA.sub(r"\1\2`", source)
    teach(source)
    tree = docutils.core.publish_doctree(source, settings_overrides=_SETTINGS)
    said = _take_fields(tree)
    writer = _Writer(tree, markup or Markup())
    written = writer.blocks(tree)
    authors = [said[name] for name in ("author", "authors") if said.get(name)]
    date = _ISO_DATE.match(said.get("date", ""))
    return Record(
        join_blocks(written),
        title=written[0].lstrip("# ") if written and written[0].startswith("# ") else "",
        date=date.group() if date else "",
        license=spdx_of(said.get("license", "")),
        meta={"authors": authors} if authors else {},
    )


def _take_fields(tree: Any) -> dict[str, str]:
    """Take the fields at the top, before or right below the title, out of the tree; return what they say."""
    found: dict[str, str] = {}
    first = next((child for child in tree.children if _kind(child) not in _BEFORE_FIELDS), None)
    for place in (tree, first) if first is not None and _kind(first) == "section" else (tree,):
        for child in takewhile(lambda child: _kind(child) in (*_BEFORE_FIELDS, "field_list"), list(place.children)):
            if _kind(child) == "field_list":
                for name, body in (field.children for field in child.children):
                    found[name.astext().lower()] = one_line(body.rawsource or body.astext())
                place.remove(child)
    return found


class _Writer:
    """Writes a document tree; knows the numbers and titles that references inside it go by."""

    def __init__(self, tree: Any, markup: Markup) -> None:
        self._markup = markup
        self._notes = {name: note for note in _all(tree, "footnote") for name in note["ids"]}
        self._called = {
            _label(node["label"]) for node in _all(tree, "inline") if node.get("role") in ("eq", "numref", "ref")
        }
        self._titles: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        for section in _all(tree, "section"):
            heading = next((child for child in section.children if _kind(child) == "title"), None)
            self._titles |= {} if heading is None else dict.fromkeys(_labels(section), one_line(heading.astext()))
        for kind in ("figure", "table", "math_block"):
            for number, node in enumerate(filter(_labels, _all(tree, kind)), start=1):
                self._numbers |= dict.fromkeys(_labels(node), f"{_NUMBERED.get(kind, '')} {number}".strip())

    def blocks(self, node: Any, level: int = 0) -> list[str]:
        """Return the blocks of text below ``node``, whose section has the level ``level``."""
        kind = _kind(node)
        if kind in _SKIPPED:
            return []
        method = getattr(self, f"_{kind}", None)
        if method is not None:
            found: list[str] = method(node, level)
            return found
        if _is_line(node):
            return _filled(one_line(self.inline(node)))
        return self._below(node, level)

    def _below(self, node: Any, level: int) -> list[str]:
        return [block for child in node.children for block in self.blocks(child, level)]

    def _section(self, node: Any, level: int) -> list[str]:
        return self._below(node, level + 1)

    def _title(self, node: Any, level: int) -> list[str]:
        text = one_line(self.inline(node))
        return _filled(self._markup.heading(level, text) if _kind(node.parent) == "section" and text else text)

    def _literal_block(self, node: Any, level: int) -> list[str]:
        text = node.astext().strip("\n")
        return [f"```\n{text}\n```"] if text.strip() else []

    _doctest_block = _literal_block

    def _math_block(self, node: Any, level: int) -> list[str]:
        tex = node.astext().strip()
        if re.search(r"\\\\|(?<!\\)&", tex) and "\\begin" not in tex:
            tex = f"\\begin{{aligned}} {tex} \\end{{aligned}}"
        number = self._number_of(node)
        tag = f" \\tag{{{number}}}" if number and "\\tag" not in tex else ""
        return [self._markup.formula(tex + tag, display=True)] if tex else []

    def _sidebar(self, node: Any, level: int) -> list[str]:
        written = self._below(node, level)
        return written if any(_kind(child) != "title" and self.blocks(child, level) for child in node.children) else []

    _topic = _admonition = _sidebar

    def _line_block(self, node: Any, level: int) -> list[str]:
        return _filled("\n".join(block for child in node.children for block in self.blocks(child, level)))

    def _bullet_list(self, node: Any, level: int) -> list[str]:
        return [item for child in node.children for item in self._item(child, level)]

    def _enumerated_list(self, node: Any, level: int) -> list[str]:
        first = node.get("start", 1)
        return [item for n, child in enumerate(node.children) for item in self._item(child, level, first + n)]

    def _item(self, node: Any, level: int, number: int | None = None) -> list[str]:
        written = join_blocks(self._below(node, level)).replace("\n\n", "\n")
        return [self._markup.item(written, number=number)] if written.strip() else []

    def _definition_list_item(self, node: Any, level: int) -> list[str]:
        terms = [self.inline(child) for child in node.children if _kind(child) == "term"]
        rest = [block for child in node.children if _kind(child) == "definition" for block in self.blocks(child, level)]
        return [f"{one_line(', '.join(terms))}: {rest[0]}", *rest[1:]] if rest else _filled(one_line(" ".join(terms)))

    def _field(self, node: Any, level: int) -> list[str]:
        name, body = (self._below(child, level) or _filled(one_line(self.inline(child))) for child in node.children)
        return [f"{' '.join(name)}: {body[0]}", *body[1:]] if body else []

    def _figure(self, node: Any, level: int) -> list[str]:
        written = []
        for child in node.children:
            if _kind(child) == "caption":
                caption = one_line(self.inline(child)).lstrip(": ")
                number = self._number_of(node)
                written += _filled(self._markup.figure(f"{number}: {caption}" if number and caption else caption))
            else:
                written += self.blocks(child, level)
        return written

    def _table(self, node: Any, level: int) -> list[str]:
        title = next((one_line(self.inline(child)) for child in node.children if _kind(child) == "title"), "")
        number = self._number_of(node)
        grid = grid_of(self._as_element(node, level), lambda cell: cell.text or "")
        caption = ": ".join(filter(None, (number, title.lstrip(": ") or grid.title)))
        if all(len(row) == 1 for row in grid.rows):
            return [*_filled(caption), *(cell for row in grid.rows for cell in row if cell)]
        return _filled(self._markup.table(grid.rows, caption, header=grid.has_header))

    def _as_element(self, node: Any, level: int) -> _Element:
        """Return the table with its cells' texts as an element of the CALS model."""
        from lxml import etree

        table = etree.Element("table")
        for group in _all(node, "tgroup"):
            for rows in (child for child in group.children if _kind(child) in ("thead", "tbody")):
                part = etree.SubElement(table, _kind(rows))
                for row in rows.children:
                    line = etree.SubElement(part, "row")
                    for entry in row.children:
                        spans = {"cols": str(entry.get("morecols", 0) + 1), "morerows": str(entry.get("morerows", 0))}
                        text = " ".join(self._below(entry, level))
                        etree.SubElement(line, "entry", spans).text = _CONTROLS.sub("", text)
        return table

    def _number_of(self, node: Any) -> str:
        """Return the number of a figure, table or formula that something in the text refers to."""
        labels = [label for label in _labels(node) if label in self._called]
        return self._numbers[labels[0]] if labels else ""

    def inline(self, node: Any) -> str:
        """Return the text of a paragraph or a part of one."""
        return _CITED.sub("", "".join(map(self._piece, node.children)))

    def _piece(self, node: Any) -> str:
        kind = _kind(node)
        if kind == "math":
            return self._markup.formula(node.astext()) if node.astext().strip() else ""
        if kind == "footnote_reference":
            note = self._notes.get(node.get("refid", ""))
            return self._markup.note(" ".join(self._below(note, 0))) if note is not None else ""
        if kind in _SKIPPED:
            return _CITATION if kind == "citation_reference" else ""
        if kind == "problematic":
            return _LEFT_MARKS.sub(lambda match: match["title"], str(node.astext()))
        if kind in ("superscript", "subscript"):
            return (superscript if kind == "superscript" else subscript)(self.inline(node))
        if kind == "inline" and "role" in node:
            return self._reference(node)
        return self.inline(node) if node.children else str(node.astext())

    def _reference(self, node: Any) -> str:
        role, label, title = node["role"], node["label"], node.astext()
        if role in _CITATIONS:
            return _CITATION
        name = _label(label)
        number = self._numbers.get(name, "")
        if role == "eq":
            return f"({number})" if number else _words(label)
        if role == "numref" and number:
            return _PLACE.sub(number.split()[-1], title) if node["titled"] else number
        if node["titled"] and not _PLACE.search(title):
            return str(title)
        if role in ("ref", "numref"):
            return self._titles.get(name) or number or _words(label)
        if role in ("doc", "any", "download"):
            return _words(label.rsplit("/", 1)[-1])
        return str(title)


_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What an XML element cannot hold."""


def _kind(node: Any) -> str:
    return type(node).__name__


def _all(tree: Any, kind: str) -> list[Any]:
    return [node for node in tree.findall() if _kind(node) == kind]


def _label(label: str) -> str:
    return " ".join(label.lower().split())


def _labels(node: Any) -> list[str]:
    """Return the names that references may call a node by; a target before it has passed its own on."""
    own = [node["label"]] if "label" in node else []
    return [_label(name) for name in (*own, *node.get("names", ()), *node.get("ids", ()))]


def _is_line(node: Any) -> bool:
    """Whether a node holds text and pieces of it, not blocks."""
    from docutils import nodes

    return isinstance(node, nodes.TextElement | nodes.Text)


def _words(label: str) -> str:
    return re.sub(r"[_\-/.]+", " ", label).strip()


def _filled(text: str) -> list[str]:
    return [text] if text.strip() else []
