"""The text of a JATS article (NISO Z39.96-2021, and NLM's tag sets 1.0 to 3.0 before it) in reading order.

What is left out: affiliations, permissions, supplementary files, the list of references, acknowledgements, statements
of funding and of interests, translated abstracts and the one-line abstracts of tables of contents. A figure or table in
a group of floats stands after the paragraph that first mentions it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from data_tools.extract.markup import Markup, join_blocks, one_line
from data_tools.extract.xml_formats.jats_references import References
from data_tools.extract.xml_formats.prose import INSIDE, Prose, counted, sentence

if TYPE_CHECKING:
    from lxml.etree import _Element

_DROPPED = (
    "label", "title", "sec-meta", "object-id", "graphic", "media", "inline-graphic", "inline-media", "permissions",
    "attrib", "alt-text", "long-desc", "supplementary-material", "inline-supplementary-material", "ref-list", "ack",
    "notes", "bio", "fn-group", "author-notes", "table-wrap-foot", "kwd-group", "index-term", "index-term-range-end",
    "target", "related-object", "floats-group", "rt", "speaker",
)  # fmt: skip
"""What no text is taken from in passing; labels, titles and footnotes are written by those who own them."""
_BACK_KEPT = ("app-group", "app", "glossary", "sec")
_BOILERPLATE = re.compile(
    r"(?:supporting|supplement(?:al|ary)|additional|associated) (?:information|materials?|data|files?|figures|tables)"
    r"|electronic supplementary material|acknowledge?ments?(?: and funding)?"
    r"|authors? contributions?(?: statement)?"
    r"|(?:declarations? of )?(?:competing|conflicting|conflicts? of) (?:financial )?interests?(?: statement)?"
    r"|declarations? of interests?|conflicts? of interests? disclosures?|disclosures?(?: statement)?"
    r"|funding(?: (?:statement|information|sources?))?|financial support|publishers note|prepublication history"
    r"|consent for publication|authors? information|about the authors?|references"
)
"""Titles, in small letters alone, of sections that are no part of an article's argument."""
_BOILERPLATE_TYPES = (
    "supplementary-material", "author-contributions", "coi-statement", "conflict", "conflict-of-interest", "funding",
    "funding-information", "funding-statement", "financial-disclosure", "disclosure",
)  # fmt: skip
_SHORT_ABSTRACTS = ("toc", "teaser", "graphical", "short", "web-summary", "precis")
_ABSTRACT_TITLES = {
    "summary": "Summary",
    "author-summary": "Author summary",
    "executive-summary": "Executive summary",
    "key-points": "Key points",
    "highlights": "Highlights",
    "plain-language-summary": "Plain language summary",
}
_NOT_IN_TEXT = ("aff", "corresp", "author-notes", "contrib")


class JatsText(Prose):
    """Writes one article (names without namespace)."""

    def __init__(self, article: _Element, markup: Markup) -> None:
        self.article = article
        self.references = References(article)
        super().__init__(markup, self.references.titles)
        self.left_out: list[str] = []
        """Titles of the sections that are left out."""
        self._by_id = {element.get("id", ""): element for element in _own(article) if element.get("id")}
        self._called: set[str] = set()
        self._notes_wanted = False
        floats = [child for group in article.iterchildren("floats-group", "floats-wrap") for child in group]
        self._floats = {child.get("id") or str(place): child for place, child in enumerate(floats)}
        self._mentioned: list[str] = []
        self.dropped = frozenset(_DROPPED)
        self.lines |= {
            "xref": self._xref,
            "fn": self._footnote,
            "inline-formula": self.formula,
            "tex-math": self.formula,
            "alternatives": self._alternatives,
        }
        self.title = self._title()
        self._notes_wanted = True
        self.blocks = {
            "p": self._paragraph,
            "boxed-text": self._box,
            **dict.fromkeys(("sec", "app", "glossary"), self._section),
            **dict.fromkeys(("fig", "fig-group", "chem-struct-wrap"), self._figure),
            **dict.fromkeys(("table-wrap", "table-wrap-group"), self._table_wrap),
            **dict.fromkeys(("disp-formula", "disp-formula-group"), self._display),
            "disp-quote": self._quote,
            "speech": self._speech,
            **dict.fromkeys(("code", "preformat"), self.fenced),
            "list": self._list,
            "def-list": self._definitions,
            "verse-group": self._verse,
            "statement": self._statement,
            **dict.fromkeys(("array", "table"), lambda element, level: self.table(element)),
        }

    def written(self) -> str:
        """Return the article's text."""
        blocks = [self.markup.heading(1, self.title)] if self.title else []
        for path in ("front/article-meta/abstract", "front-stub/abstract"):
            for abstract in self.article.iterfind(path):
                blocks += self._abstract(abstract)
        for body in self.article.iterchildren("body"):
            blocks += self.flow(body, 1)
        for back in self.article.iterchildren("back"):
            for part in back.iterchildren(*_BACK_KEPT):
                blocks += self._section(part, 1) if part.tag != "app-group" else self.flow(part, 1)
        return join_blocks([*blocks, *self._placed(list(self._floats), 1)])

    def _title(self) -> str:
        """Return the article's title and subtitle, without the footnotes they call."""
        for front in ("front/article-meta", "front-stub"):
            title = self.line_of(self.article.find(f"{front}/title-group/article-title"))
            subtitle = self.line_of(self.article.find(f"{front}/title-group/subtitle"))
            if title:
                return f"{title}: {subtitle}" if subtitle else title
        return ""

    def _abstract(self, abstract: _Element) -> list[str]:
        kind = abstract.get("abstract-type", "")
        below = [] if kind in _SHORT_ABSTRACTS else self.flow(abstract, 2)
        if not below:
            return []
        title = self.line_of(abstract.find("title")) or _ABSTRACT_TITLES.get(kind, "Abstract")
        return [self.markup.heading(2, title), *below]

    def _paragraph(self, element: _Element, level: int) -> list[str]:
        blocks = self.flow(element, level)
        return blocks + self._placed(self._mentioned, level) if self._mentioned and level != INSIDE else blocks

    def _placed(self, names: list[str], level: int) -> list[str]:
        """Return the floats of these ids that have not been written yet."""
        found = [self._floats.pop(name) for name in names if name in self._floats]
        self._mentioned = []
        return [block for element in found for block in self.blocks.get(element.tag, self.flow)(element, level)]

    def _section(self, element: _Element, level: int) -> list[str]:
        title = self.heading_of(element)
        letters = re.sub(r"[^a-z ]", "", title.lower()).strip()
        kind = element.get("sec-type", "")
        if element.tag == "sec" and (kind in _BOILERPLATE_TYPES or _BOILERPLATE.fullmatch(letters)):
            self.left_out.append(title or kind)
            return []
        return self.section(element, level)

    def _box(self, element: _Element, level: int) -> list[str]:
        """Return a box under its title, which is no heading: what follows the box must not seem to stand under it."""
        title = self._caption(element)
        below = self.flow(element, level)
        return [title, *below] if title and below else below

    def _caption(self, element: _Element) -> str:
        """Return number, title and text of a figure, table or box; what else stands in the caption goes with it."""
        caption = element.find("caption")
        title = element.find("title") if caption is None else caption.find("title")
        text = "" if caption is None else " ".join(self.flow(caption, INSIDE))
        return sentence(self.line_of(element.find("label")), self.line_of(title), text)

    def _figure(self, element: _Element, level: int) -> list[str]:
        caption = self._caption(element)
        inner = [child for child in element if child.tag in self.blocks and child.tag != "p"]
        blocks = [self.markup.figure(caption)] if caption else []
        return blocks + [block for child in inner for block in self.blocks[child.tag](child, level)]

    def _table_wrap(self, element: _Element, level: int) -> list[str]:
        caption = self._caption(element)
        blocks: list[str] = []
        for child in element:
            table = next(child.iter("table"), None) if child.tag in ("alternatives", "table") else None
            if table is not None:
                blocks += self.table(table, caption)
                caption = ""
            elif child.tag == "table-wrap-foot":
                blocks += self._table_notes(child)
            elif child.tag in self.blocks:
                blocks += self.blocks[child.tag](child, level)
        return [caption, *blocks] if caption else blocks

    def _table_notes(self, foot: _Element) -> list[str]:
        notes = []
        for child in foot:
            if child.tag == "fn-group":
                notes += self._table_notes(child)
            elif child.tag in ("fn", "p"):
                notes.append(one_line(f"{self.line_of(child.find('label'))} {self.line_of(child)}"))
        return notes

    def _display(self, element: _Element, level: int) -> list[str]:
        if element.tag == "disp-formula-group":
            return [block for child in element.iter("disp-formula") for block in self.display(child, level)]
        return self.display(element, level)

    def _quote(self, element: _Element, level: int) -> list[str]:
        return self.quoted(element, level, self.line_of(element.find("attrib")))

    def _speech(self, element: _Element, level: int) -> list[str]:
        speaker, blocks = self.line_of(element.find("speaker")).rstrip(":"), self.flow(element, level)
        return [f"{speaker}: {blocks[0]}", *blocks[1:]] if speaker and blocks else blocks

    def _list(self, element: _Element, level: int) -> list[str]:
        labels = [self.line_of(item.find("label")) for item in element.iterchildren("list-item")]
        count = counted(element.get("list-type", ""))

        def sign(number: int) -> str:
            label = labels[number - 1]
            return (label if any(map(str.isalnum, label)) else "-") if label else count(number)

        title = self.line_of(element.find("title"))
        return [*([title] if title else []), *self.items(element, "list-item", sign)]

    def _definitions(self, element: _Element, level: int) -> list[str]:
        items = []
        for item in element.iterchildren("def-item"):
            term = "; ".join(map(self.line_of, item.iterchildren("term")))
            meaning = " ".join(map(self.line_of, item.iterchildren("def")))
            items.append(self.markup.item(f"{term}: {meaning}" if term and meaning else term or meaning))
        inner = [block for child in element.iterchildren("def-list") for block in self._definitions(child, level)]
        return [block for block in (self.line_of(element.find("title")), "\n".join(items), *inner) if block]

    def _verse(self, element: _Element, level: int) -> list[str]:
        return ["\n".join(self.line_of(line) for line in element.iter("verse-line"))]

    def _statement(self, element: _Element, level: int) -> list[str]:
        head = sentence(self.line_of(element.find("label")), self.line_of(element.find("title")))
        first, *rest = self.flow(element, level) or [""]
        return [sentence(head, first) if head else first, *rest]

    def _xref(self, element: _Element) -> str:
        kind, ids = element.get("ref-type", ""), element.get("rid", "").split()
        text = self.text(element)
        if "\n" in text:
            text = text.strip()
        if kind == "bibr" or any(name in self.references.places for name in ids):
            return self.calls.cite(self.references.places_of(ids, text), text)
        if kind in _NOT_IN_TEXT:
            return ""
        target = self._by_id.get(ids[0]) if ids else None
        if target is not None and target.tag == "fn" and (group := target.getparent()) is not None:
            if group.tag == "fn-group":
                return self._footnote(target)
            return "" if group.tag == "author-notes" else text
        self._mentioned += [name for name in ids if name in self._floats]
        if not text.strip() and target is not None:
            label = target.find("label")
            return "" if label is None else one_line("".join(map(str, label.itertext())))
        return text

    def _footnote(self, element: _Element) -> str:
        """Return the call of a footnote: its text where it is first called."""
        name = element.get("id", "")
        if name in self._called or not self._notes_wanted:
            return ""
        self._called.add(name or str(len(self._called)))
        text = self.line_of(element)
        return self.calls.note(text) if text else ""

    def _alternatives(self, element: _Element) -> str:
        """Return one of several forms of the same: a formula, else the first that holds text."""
        if element.find("tex-math") is not None or element.find("math") is not None:
            return self.formula(element)
        return next((text for child in element if (text := self.piece(child)).strip()), "")


def _own(article: _Element) -> Iterator[_Element]:
    """Yield the elements of an article, without its sub-articles."""
    for child in article:
        if child.tag not in ("sub-article", "response"):
            yield from child.iter("*")
