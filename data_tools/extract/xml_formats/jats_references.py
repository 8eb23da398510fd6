"""The reference list of a JATS article: the cited works' titles, and which of them a citation in the text means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from data_tools.extract.markup import one_line, subscript, superscript
from data_tools.extract.xml_formats.citations import MAX_RANGE

if TYPE_CHECKING:
    from lxml.etree import _Element

_CITATIONS = ("element-citation", "mixed-citation", "nlm-citation", "citation", "product")
_TITLES = ("article-title", "chapter-title", "data-title", "part-title", "trans-title")
_WORKS_OF_THEIR_OWN = (
    "book", "thesis", "report", "web", "webpage", "website", "software", "data", "database", "conf-proc", "patent",
    "standard", "other", "working-paper",
)  # fmt: skip
"""Kinds of publication whose ``source`` is the work's own title, not that of the journal it appeared in."""
_NUMBER_RANGE = re.compile(r"[\s\[(]*(\d{1,4})\s*[-‐‑–—−]\s*(\d{1,4})[\s\])]*")


class References:
    """Places in the reference list, by id and by number."""

    def __init__(self, article: _Element) -> None:
        refs = [ref for back in article.iterchildren("back", "body") for ref in back.iter("ref")]
        self.titles = tuple(map(title_of, refs))
        self.places = {ref.get("id", ""): place for place, ref in enumerate(refs) if ref.get("id")}
        labels = [re.sub(r"\W", "", ref.findtext("label") or "") for ref in refs]
        self._by_label = {label: place for place, label in enumerate(labels) if label.isdecimal()}

    def places_of(self, ids: Sequence[str], shown: str) -> list[int]:
        """Return the places that ids name; all between its ends where one citation shows a range (``3-5``)."""
        places = [self.places[name] for name in ids if name in self.places]
        if len(places) < 3 and (found := _NUMBER_RANGE.fullmatch(shown)):
            first, last = self._by_label.get(found[1]), self._by_label.get(found[2])
            if first is not None and last is not None and 0 < last - first <= MAX_RANGE:
                return list(range(first, last + 1))
        return places


def title_of(ref: _Element) -> str:
    """Return the title of the work that a reference cites, on one line; empty where it states none."""
    titles = []
    for citation in ref.iter(*_CITATIONS):
        title = next((found for name in _TITLES if (found := _plain(citation.find(f".//{name}")))), "")
        if not title and _is_a_work(citation):
            title = _plain(citation.find(".//source"))
        titles.append(title)
    return "; ".join(dict.fromkeys(filter(None, titles)))


def _is_a_work(citation: _Element) -> bool:
    kind = citation.get("publication-type") or citation.get("citation-type") or ""
    return kind.lower() in _WORKS_OF_THEIR_OWN or citation.find(".//publisher-name") is not None


def _plain(element: _Element | None) -> str:
    """Return a title without the full stop that closes it in the list."""
    if element is None:
        return ""
    title = one_line(_text(element))
    return title if title.endswith(("...", "etc.")) else title.rstrip(".,; ")


def _text(element: _Element) -> str:
    parts = [element.text or ""]
    for child in element:
        inner = _text(child)
        script = {"sup": superscript, "sub": subscript}.get(str(child.tag))
        parts += (script(inner) if script else inner, child.tail or "")
    return "".join(parts)
