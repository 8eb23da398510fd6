"""Papers in TEI XML as GROBID writes it from PDF (the route of GeoGalactica, arXiv 2401.00434, section 3.2).

Title, abstract, divisions with their heads, formulas (as letters: GROBID reads no LaTeX), captions of figures, tables,
footnotes, and citations as the cited titles. Other TEI, such as digital editions, is read by the same elements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from data_tools.extract.dates import iso_date
from data_tools.extract.language_tags import language_of
from data_tools.extract.license_of import spdx_of
from data_tools.extract.markup import Markup, join_blocks, one_line
from data_tools.extract.records import Bad, Found, Record
from data_tools.extract.xml_formats.prose import Prose, sentence
from data_tools.extract.xml_formats.tree import XML_ID, XML_LANG

if TYPE_CHECKING:
    from lxml.etree import _Element

_DROPPED = ("head", "label", "figDesc", "graphic", "note", "listBibl", "fw", "pb", "cb", "speaker", "orig", "sic")
_LEFT_OUT = (
    "acknowledgement",
    "annex-acknowledgement",
    "references",
    "funding",
    "availability",
    "contribution",
    "conflict",
)
"""Divisions of the back matter that are no part of a paper's argument."""


class TeiText(Prose):
    """Writes one document (names without namespace)."""

    def __init__(self, root: _Element, markup: Markup) -> None:
        works = list(root.iter("biblStruct"))
        works = [work for work in works if work.get(XML_ID)]
        self._places = {work.get(XML_ID, ""): place for place, work in enumerate(works)}
        super().__init__(markup, [_cited_title(work) for work in works])
        self.root = root
        self._notes = {note.get(XML_ID, ""): note for note in root.iter("note") if note.get(XML_ID)}
        self.dropped = frozenset(_DROPPED)
        self.lines |= {"ref": self._ref, "hi": self._highlighted, "lb": lambda _: " "}
        self.blocks = {
            "p": self.flow,
            "ab": self.flow,
            "div": self._division,
            "formula": self._formula,
            "figure": self._figure,
            "table": lambda element, level: self.table(element),
            "list": self._list,
            "lg": lambda element, level: ["\n".join(self.line_of(line) for line in element.iter("l"))],
        }

    def written(self) -> str:
        """Return the document's text."""
        title = self.title()
        blocks = [self.markup.heading(1, title)] if title else []
        abstract = self.root.find("teiHeader/profileDesc/abstract")
        if abstract is not None and (below := self.flow(abstract, 2)):
            blocks += [self.markup.heading(2, "Abstract"), *below]
        for body in self.root.iterfind("text/body"):
            blocks += self.flow(body, 1)
        for part in self.root.iterfind("text/back/div"):
            if part.get("type", "") not in _LEFT_OUT:
                blocks += self._division(part, 1)
        return join_blocks(blocks)

    def title(self) -> str:
        """Return the document's title."""
        return self.line_of(self.root.find("teiHeader/fileDesc/titleStmt/title"))

    def _division(self, element: _Element, level: int) -> list[str]:
        """Return a division; GROBID's are not nested, so the number of its head (``2.1``) says how deep it lies."""
        head = element.find("head")
        if head is None:
            return self.flow(element, level)
        number = re.match(r"\d+(?:\.\d+)*", head.get("n", ""))
        own = level + 1 + (number[0].count(".") if number else 0)
        below = self.flow(element, own)
        title = one_line(f"{head.get('n', '')} {self.line_of(head)}")
        return [self.markup.heading(own, title), *below] if title and below else below

    def _formula(self, element: _Element, level: int) -> list[str]:
        text = self.line([self.text(element)])
        if element.get("notation", "").lower() in ("tex", "latex"):
            return [self.markup.formula(text, display=True)] if text else []
        return [one_line(f"{text} {self.line_of(element.find('label'))}")] if text else []

    def _figure(self, element: _Element, level: int) -> list[str]:
        caption = sentence(self.line_of(element.find("head")), self.line_of(element.find("figDesc")))
        table = element.find("table")
        if table is not None:
            return self.table(table, caption)
        return [self.markup.figure(caption)] if caption else []

    def _list(self, element: _Element, level: int) -> list[str]:
        return self.items(element, "item", lambda number: "-")

    def _highlighted(self, element: _Element) -> str:
        look = element.get("rend", "")
        if "sup" in look:
            return self.raised(element)
        return self.lowered(element) if "sub" in look else self.text(element)

    def _ref(self, element: _Element) -> str:
        name, kind = element.get("target", "").removeprefix("#"), element.get("type", "")
        if kind == "bibr" or name in self._places:
            return self.calls.cite([self._places[name]] if name in self._places else [], self.text(element))
        if kind == "foot" and (note := self._notes.pop(name, None)) is not None:
            return self.calls.note(self.line_of(note))
        return self.text(element)


def tei_records(root: _Element, markup: Markup) -> Iterator[Found]:
    """Yield a record for each document in ``root``, which may be a corpus of them."""
    documents = [root] if root.tag != "teiCorpus" else list(root.iter("TEI"))
    for document in documents:
        writer = TeiText(document, markup)
        text, title = writer.written(), writer.title()
        if text in ("", markup.heading(1, title)):
            yield Bad("no_text", "document has no text", "", title, harmless=True)
            continue
        header = document.find("teiHeader")
        text_element = document.find("text")
        languages = [part.get(XML_LANG, "") for part in (text_element, header) if part is not None]
        yield Record(
            text,
            date=_date(document),
            meta=_meta(document),
            title=title,
            language=language_of(next(filter(None, languages), "")),
            license=_license(document),
        )


def _cited_title(work: _Element) -> str:
    for path in ("analytic/title[@type='main']", "analytic/title", "monogr/title[@level='m']"):
        title = one_line("".join(map(str, found.itertext()))) if (found := work.find(path)) is not None else ""
        if title:
            return title.rstrip(".,; ")
    return ""


def _date(document: _Element) -> str:
    for date in document.iterfind("teiHeader/fileDesc//date"):
        found = re.match(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", date.get("when", ""))
        if found and (written := iso_date(*(part or "" for part in found.groups()))):
            return written
    return ""


def _license(document: _Element) -> str:
    for licence in document.iterfind("teiHeader//availability//licence"):
        if name := spdx_of(f"{licence.get('target', '')} {''.join(map(str, licence.itertext()))}"):
            return name
    return ""


def _meta(document: _Element) -> dict[str, Any]:
    source = document.find("teiHeader/fileDesc/sourceDesc")
    if source is None:
        return {}
    authors = [
        one_line(" ".join(part.text or "" for part in name if part.tag in ("forename", "surname")))
        for name in source.iterfind(".//analytic/author/persName")
    ]
    meta: dict[str, Any] = {
        "doi": one_line(source.findtext(".//idno[@type='DOI']") or ""),
        "journal": one_line(source.findtext(".//monogr/title") or ""),
        "authors": [name for name in authors if name],
        "keywords": [one_line("".join(map(str, term.itertext()))) for term in document.iterfind(".//keywords//term")],
    }
    return {name: value for name, value in meta.items() if value}
