"""Textbook modules in CNXML (.cnxml; Connexions, OpenStax): one record each.

After the CNXML 0.8 specification. As its readers do, figures, tables, examples and linked equations and exercises are
numbered within the module, and a link without text of its own (``<link target-id="fig"/>``) becomes what it points at:
``Figure 2``, or a section's title. A link to another module without text leaves no empty brackets. Left out are the
descriptions of pictures (``alt``), and paragraphs that only turn pages ("Jump to the next box").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from data_tools.extract.dates import iso_date
from data_tools.extract.language_tags import language_of
from data_tools.extract.license_of import spdx_of
from data_tools.extract.markup import Markup, join_blocks, one_line
from data_tools.extract.records import Bad, Found, Record
from data_tools.extract.xml_formats.prose import Prose, counted, sentence
from data_tools.extract.xml_formats.tree import XML_LANG

if TYPE_CHECKING:
    from lxml.etree import _Element

_NUMBERED = {"figure": "Figure", "table": "Table", "example": "Example", "equation": "Equation", "exercise": "Exercise"}
_TITLED = ("note", "example", "rule", "statement", "proof", "injected-exercise")
_KIND_CLASS = re.compile(r"[a-z]+(?:-[a-z]+)+")
"""A note's class that says its kind as its book shows it: ``check-your-understanding``."""


_MAX_NAVIGATION = 160
"""Characters of a paragraph that may be mere navigation."""


class CnxmlText(Prose):
    """Writes one module (names without namespace)."""

    def __init__(self, module: _Element, markup: Markup) -> None:
        super().__init__(markup)
        self.module = module
        self._by_id = {element.get("id", ""): element for element in module.iter("*") if element.get("id")}
        self._linked = {
            link.get("target-id", "") for link in module.iter("link") if not link.get("document") and not _says(link)
        }
        self._labels = _numbered(module)
        self.dropped = frozenset(("title", "label", "media", "image", "iframe", "metadata", "seealso"))
        self.lines |= {
            "link": self._link,
            "footnote": lambda element: self.calls.note(self.line_of(element)),
            "newline": lambda _: " ",
            "space": lambda _: " ",
        }
        self.blocks = {
            "para": self._paragraph,
            "section": self.section,
            "list": self._list,
            "figure": self._figure,
            "table": self._table,
            "equation": self._equation,
            "exercise": self._exercise,
            "definition": self._definition,
            "quote": self.quoted,
            **dict.fromkeys(_TITLED, self._titled),
            **dict.fromkeys(("code", "preformat"), self.fenced),
        }
        for element in module.iter("list", "quote", "code"):
            if element.get("display") == "inline" or (element.tag == "code" and element.get("display") != "block"):
                element.tag = f"inline-{element.tag}"  # type: ignore[assignment]
        self.lines["inline-list"] = self._inline_list

    def written(self) -> str:
        """Return the module's text."""
        title = self.title()
        blocks = [self.markup.heading(1, title)] if title else []
        for name in ("metadata/abstract", "content"):
            if (found := self.module.find(name)) is not None:
                blocks += self.flow(found, 1)
        glossary = self.module.find("glossary")
        terms = [] if glossary is None else self.flow(glossary, 2)
        return join_blocks([*blocks, *([self.markup.heading(2, "Glossary"), *terms] if terms else [])])

    def title(self) -> str:
        """Return the module's title."""
        return self.line_of(self.module.find("title")) or self.line_of(self.module.find("metadata/title"))

    def _paragraph(self, element: _Element, level: int) -> list[str]:
        title = self.line_of(element.find("title"))
        first, *rest = self.flow(element, level) or [""]
        if len(first) < _MAX_NAVIGATION and not rest and _leads_away(element):
            return []
        return [sentence(title, first) if title else first, *rest]

    def _titled(self, element: _Element, level: int) -> list[str]:
        """Return what has a title but is no section: what follows it must not seem to stand under it."""
        kinds = [name for name in element.get("class", "").split() if _KIND_CLASS.fullmatch(name)]
        label = self.line_of(element.find("label")) or self._labels.get(element.get("id", ""), "")
        if not label and element.tag == "note" and kinds:
            label = kinds[-1].replace("-", " ").capitalize()
        title = self.line_of(element.find("title"))
        head = f"{label}: {title}" if label and title else label or title
        below = self.flow(element, level)
        return [head, *below] if head and below else below

    def _list(self, element: _Element, level: int) -> list[str]:
        style = element.get("number-style") or ("arabic" if element.get("list-type") == "enumerated" else "")
        start = element.get("start-value", "1")
        before = max(int(start) - 1, 0) if start.isdecimal() and len(start) < 6 else 0
        count = counted(style if element.get("list-type") == "enumerated" else "")
        labels = [self.line_of(item.find("label")) for item in element.iterchildren("item")]
        title = self.line_of(element.find("title"))
        items = self.items(element, "item", lambda number: labels[number - 1] or count(number + before))
        return [*([title] if title else []), *items]

    def _inline_list(self, element: _Element) -> str:
        return "; ".join(self.text(item).strip() for item in element.iterchildren("item"))

    def _figure(self, element: _Element, level: int) -> list[str]:
        label = self._labels.get(element.get("id", ""), "")
        title, caption = self.line_of(element.find("title")), self.line_of(element.find("caption"))
        inner = [
            block for child in element.iterchildren("figure", "table", "code") for block in self._inner(child, level)
        ]
        return [*([self.markup.figure(sentence(label, title, caption))] if title or caption else []), *inner]

    def _inner(self, child: _Element, level: int) -> list[str]:
        return self.blocks[str(child.tag)](child, level)

    def _table(self, element: _Element, level: int) -> list[str]:
        label = self._labels.get(element.get("id", ""), "")
        title, caption = self.line_of(element.find("title")), self.line_of(element.find("caption"))
        return self.table(element, sentence(label, title, caption))

    def _is_linked(self, element: _Element) -> bool:
        return element.get("id", "") in self._linked

    def _equation(self, element: _Element, level: int) -> list[str]:
        if self._is_linked(element) and element.find("label") is None:
            number = self._labels.get(element.get("id", ""), "").rpartition(" ")[2]
            return self.display(element, level, number)
        return self.display(element, level)

    def _exercise(self, element: _Element, level: int) -> list[str]:
        blocks = [block for part in element.iterchildren("problem") for block in self._titled(part, level)]
        if blocks and self._is_linked(element):
            blocks[0] = sentence(self._labels.get(element.get("id", ""), ""), blocks[0])
        for part in element.iterchildren("solution", "commentary"):
            first, *rest = self._titled(part, level) or [""]
            if first:
                blocks += [f"{str(part.tag).capitalize()}: {first}", *rest]
        return blocks

    def _definition(self, element: _Element, level: int) -> list[str]:
        terms = "; ".join(map(self.line_of, element.iterchildren("term")))
        meanings = [self.line_of(part) for part in element.iterchildren("meaning")]
        examples = [block for part in element.iterchildren("example") for block in self.flow(part, level)]
        return [self.markup.item(f"{terms}: {' '.join(meanings)}"), *examples] if terms or meanings else []

    def _link(self, element: _Element) -> str:
        if _says(element):
            return self.text(element)
        name = element.get("target-id", "")
        if element.get("document") or name not in self._by_id:
            return element.get("url") or self.calls.gap()
        target = self._by_id[name]
        title = target.find("title")
        named = "" if title is None else one_line("".join(map(str, title.itertext())))
        return self._labels.get(name) or named or self.calls.gap()


def cnxml_records(root: _Element, markup: Markup) -> Iterator[Found]:
    """Yield the record of a module; nothing where a ``document`` is none of CNXML's."""
    if root.find("content") is None:
        return
    writer = CnxmlText(root, markup)
    text, title = writer.written(), writer.title()
    if text in ("", markup.heading(1, title)):
        yield Bad("no_text", "module has no text", "", title, harmless=True)
        return
    metadata = root.find("metadata")
    license = metadata.find("license") if metadata is not None else None
    stated = "" if license is None else f"{license.get('url', '')} {license.text or ''}"
    meta = _meta(metadata)
    if writer.num_pictured_formulas:
        meta["pictured_formulas"] = writer.num_pictured_formulas
    yield Record(
        text,
        date=_date(metadata),
        meta=meta,
        title=title,
        language=language_of(root.get(XML_LANG, "") or _field(metadata, "language")),
        license=spdx_of(stated),
    )


def _numbered(module: _Element) -> dict[str, str]:
    """Return by id what figures, tables and the like are called; a figure in a figure is ``Figure 2a``."""
    counts: Counter[str] = Counter()
    labels: dict[str, str] = {}
    for element in module.iter(*_NUMBERED):
        tag, name, parent = str(element.tag), element.get("id", ""), element.getparent()
        if tag == "figure" and parent is not None and parent.tag == "figure":
            whole = labels.get(parent.get("id", ""), "")
            labels[name] = f"{whole}{chr(97 + min(counts[whole], 25))}" if whole else ""
            counts[whole] += 1
        elif tag != "equation" or element.get("class") != "unnumbered":
            counts[tag] += 1
            labels[name] = f"{_NUMBERED[tag]} {counts[tag]}"
    labels.pop("", None)  # what has no id cannot be linked to
    return labels


def _leads_away(paragraph: _Element) -> bool:
    """Whether a paragraph only turns pages: all its links say ``next`` or ``previous``."""
    says = ["".join(map(str, link.itertext())).strip().lower() for link in paragraph.iter("link")]
    return bool(says) and set(says) <= {"next", "previous"}


def _says(link: _Element) -> bool:
    return bool("".join(map(str, link.itertext())).strip())


def _field(metadata: _Element | None, name: str) -> str:
    return "" if metadata is None else one_line(metadata.findtext(name) or "")


def _date(metadata: _Element | None) -> str:
    """Return when a module was last revised, else when it was made: ``2012/06/05 16:30:20 GMT-5`` in the source."""
    stated = _field(metadata, "revised") or _field(metadata, "created")
    found = re.match(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})", stated)
    return iso_date(*found.groups()) if found else ""


def _meta(metadata: _Element | None) -> dict[str, Any]:
    if metadata is None:
        return {}
    meta: dict[str, Any] = {
        "content_id": _field(metadata, "content-id"),
        "uuid": _field(metadata, "uuid"),
        "authors": [one_line(name.text or "") for name in metadata.iterfind(".//person/fullname")],
        "keywords": [one_line(word.text or "") for word in metadata.iterfind("keywordlist/keyword")],
        "subjects": [one_line(word.text or "") for word in metadata.iterfind("subjectlist/subject")],
    }
    return {name: value for name, value in meta.items() if value}
