"""Footnotes of HTML pages and e-books: which link calls which note, so that a note can be read where it is called.

A note is told by its role (EPUB's ``epub:type``, DPUB-ARIA's ``doc-footnote``) or by two links: from a short mark in
the text to the note, and from the note back. What a page calls a citation (``cite_note-3``) is no footnote: its mark
goes, and the list of sources stays where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from data_tools.extract.markup import Markup, one_line
from data_tools.extract.web.formulas import drop
from data_tools.extract.web.text import html_blocks, inner_text, local_name

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_NOTE_CHARACTERS = 3_000
"""A longer note would tear the sentence apart that calls it; it stays where it is."""
MAX_NOTE_ELEMENTS = 200
MAX_CALLS = 10_000
MAX_LINKS_BACK = 5
_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"
_CALL_ROLES = frozenset({"noteref", "doc-noteref"})
_NOTE_ROLES = frozenset({"footnote", "endnote", "rearnote", "note", "doc-footnote", "doc-endnote"})
_MARK = re.compile(r"[\[(]?(?:\d{1,4}|[a-z]{1,2}|[ivx]{1,6}|[*†‡§¶#]{1,4})[\])]?\.?")
_CITATION = re.compile(r"cite[_-]|\bcitation|\bref-list|biblio", re.IGNORECASE)
_NOTE_ELEMENTS = ("li", "aside", "p", "div", "dd", "tr", "section")


def take_notes(root: _Element, markup: Markup) -> dict[str, str]:
    """Take the footnotes that a page calls out of its tree; return them by the address that calls them (``#n1``).

    Marks that call a citation are taken out, too.
    """
    calls = _calls(root)
    if not calls:
        return {}
    by_id = {name: element for element in root.iter() for name in _ids(element)}
    back: dict[str, list[_Element]] = {}
    for link in root.iter("a", "{*}a"):
        back.setdefault((link.get("href") or "")[1:], []).append(link)
    notes: dict[str, str] = {}
    found: dict[str, _Element | None] = {}
    for call in calls[:MAX_CALLS]:
        address = call.get("href", "")
        if address not in found:
            note = found[address] = _note_of(call, by_id.get(address[1:]), back)
            if note is not None and not _CITATION.search(address) and (text := _note_text(note, markup)):
                notes[address] = text
        if found[address] is not None and _CITATION.search(address):
            drop(call)
    for address in notes:
        if (note := found[address]) is not None:
            drop(note)
    return notes


def write_notes(root: _Element, notes: Mapping[str, str], markup: Markup) -> None:
    """Write notes into a page's tree as text, where they are called."""
    for call in list(root.iter("a")) if notes else []:
        note = notes.get(call.get("href") or "")
        parent = call.getparent()
        if note is not None and parent is not None:
            call = parent if parent.tag == "sup" else call
            tail = call.tail
            call.clear()
            call.tag, call.text, call.tail = "span", f" {markup.note(note)}", tail


def _ids(element: _Element) -> Iterator[str]:
    if isinstance(element.tag, str):
        for name in (element.get("id"), element.get("name") if local_name(element.tag) == "a" else None):
            if name:
                yield name


def _roles(element: _Element) -> set[str]:
    return set(f"{element.get('role') or ''} {element.get(_EPUB_TYPE) or element.get('epub:type') or ''}".split())


def _calls(root: _Element) -> list[_Element]:
    """Return the links with a short mark, or the role of a call, that lead to a place in the page."""
    found = []
    for link in root.iter("a", "{*}a"):
        if (link.get("href") or "").startswith("#") and (
            _roles(link) & _CALL_ROLES or _MARK.fullmatch(one_line(inner_text(link)[:20]))
        ):
            found.append(link)
    return found


def _note_of(call: _Element, target: _Element | None, back: Mapping[str, list[_Element]]) -> _Element | None:
    """Return the element that holds the note which a link calls; None where the link is no call."""
    if target is None or target is call:
        return None
    note: _Element | None = target
    while note is not None and local_name(note.tag) not in _NOTE_ELEMENTS:
        note = note.getparent()
    if note is None or note in call.iterancestors():
        return None
    parent = call.getparent()
    own = {*_ids(call), *(_ids(parent) if parent is not None else ())}
    links = [link for name in own for link in back.get(name, [])[:MAX_LINKS_BACK]]
    leads_back = any(note in link.iterancestors() for link in links)
    return note if leads_back or (_roles(note) | _roles(target)) & _NOTE_ROLES else None


def _note_text(note: _Element, markup: Markup) -> str:
    """Return a note's text without its own mark and its link back; empty where it is too long to be one."""
    if sum(1 for _ in islice(note.iter(), MAX_NOTE_ELEMENTS)) == MAX_NOTE_ELEMENTS:
        return ""
    if len(inner_text(note)) > MAX_NOTE_CHARACTERS:
        return ""
    for link in list(note.iter("a", "{*}a")):
        text = one_line(inner_text(link))
        if (link.get("href") or "").startswith("#") and (len(text) <= 2 or _MARK.fullmatch(text)):
            drop(link)
    text = one_line(" ".join(html_blocks(note, markup)))
    return re.sub(r"^(?:-|[\[(]?\d{1,4}[\])]?[.:]?|[*†‡§])\s+", "", text)
