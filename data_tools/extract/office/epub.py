"""E-books (.epub): the chapters in the order of the spine as one record, with what the package says of the book.

After EPUB 3.3 and EPUB 2.0.1 (OPF). Covers, title pages, tables of contents and copyright pages are left out, by what
the package or the page calls itself, else by what stands on them; notes are written where they are called. A book
whose chapters are encrypted (DRM) is told; encrypted fonts do not matter.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from data_tools.extract.encoding import decode, plain_lines
from data_tools.extract.language_tags import language_of
from data_tools.extract.license_of import spdx_of
from data_tools.extract.markup import Markup, join_blocks, one_line
from data_tools.extract.records import Bad, Found, ReadOptions, Record, Unreadable
from data_tools.extract.streams import seekable
from data_tools.extract.web.page import parse_page
from data_tools.extract.web.text import html_blocks
from data_tools.extract.xml_formats.tree import drop_namespaces, parse_xml

if TYPE_CHECKING:
    from lxml.etree import _Element

_FAILURES = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, NotImplementedError)
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document")
_TYPE = "{http://www.idpf.org/2007/ops}type"
_EVENT = "{http://www.idpf.org/2007/opf}event"
_NO_TEXT = frozenset(
    ("cover", "toc", "titlepage", "title-page", "halftitlepage", "copyright-page", "copyright", "landmarks", "lot",
     "loi", "page-list", "other-credits", "imprint", "index", "colophon")
)  # fmt: skip
"""``epub:type`` and the types of EPUB 2's guide: what is no text of the book."""
_BACK = re.compile(r"\s*(?:[↩↑←^\u21b5\ufe0e\s]+|\[?(?:back|return)\]?)?\s*", re.IGNORECASE)
"""The text of a link from a note to its call."""
_NOTES = ("footnote", "endnote", "rearnote", "note")
_RIGHTS = re.compile(r"©|\(c\)|copyright|all rights reserved|licen[cs]e|ISBN", re.IGNORECASE)
MAX_COPYRIGHT_PAGE_CHARACTERS = 3_000
MAX_LINKED_SHARE = 0.7
"""A page with more of its letters in links, and ``MIN_LINKS`` of them, is a table of contents."""
MIN_LINKS = 5
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")


@dataclass
class _Book:
    """What the package says, and the pages to read."""

    pages: list[str] = field(default_factory=list)
    """Paths in the archive, in the order of the spine."""
    said: dict[str, list[str]] = field(default_factory=dict)
    """Dublin Core, by name."""
    date: str = ""
    encrypted: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()


def read_epub(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield one record, the book, and what is wrong with chapters that cannot be read."""
    try:
        with seekable(path, options.max_document_bytes) as stream, zipfile.ZipFile(stream) as archive:
            yield from _Reader(archive, options).found()
    except _FAILURES as error:
        raise Unreadable("broken_epub", f"cannot be unpacked: {error or type(error).__name__}") from None


class _Reader:
    def __init__(self, archive: zipfile.ZipFile, options: ReadOptions) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in archive.namelist()}
        self._options = options
        self._markup = Markup(options.marks)
        self._left = options.max_document_bytes
        self._repaired: list[str] = []
        self._license = ""

    def found(self) -> Iterator[Found]:
        book = self._book()
        locked = [page for page in book.pages if page in book.encrypted]
        if locked:
            raise Unreadable("encrypted", f"is encrypted (DRM): {len(locked)} of {len(book.pages)} chapters")
        blocks: list[str] = []
        for page in book.pages:
            if page not in book.left_out:
                try:
                    blocks += self._page(page)
                except Unreadable as error:
                    yield Bad(error.bad.rule, f"a chapter {error.bad.detail}", page)
        if not blocks:
            raise Unreadable("empty", "holds no text")
        yield self._record(join_blocks(blocks), book)

    def _data(self, name: str) -> bytes:
        own = self._names.get(name.lower())
        if own is None:
            raise Unreadable("broken_epub", f"is missing: {name}")
        with self._archive.open(own) as stream:
            data = stream.read(min(self._left, self._options.max_markup_bytes) + 1)
        self._left -= len(data)
        if len(data) > self._options.max_markup_bytes or self._left < 0:
            limit = self._options.max_markup_bytes if self._left >= 0 else self._options.max_document_bytes
            raise Unreadable("too_large", f"is larger than {limit:,} bytes once unpacked")
        return data

    def _xml(self, name: str) -> _Element:
        root = parse_xml(self._data(name)).root
        drop_namespaces(root)
        return root

    def _book(self) -> _Book:
        try:
            container = self._xml("META-INF/container.xml")
        except Unreadable as error:
            raise Unreadable("broken_epub", f"its container.xml {error.bad.detail}") from None
        package = next((file.get("full-path", "") for file in container.iter("rootfile")), "")
        root = self._xml(unquote(package))
        folder = posixpath.dirname(package)

        def place(element: _Element) -> str:
            return _place(folder, element.get("href", ""))

        items = {item.get("id", ""): item for item in root.iter("item")}
        spine = [items[name] for one in root.iter("itemref") if (name := one.get("idref", "")) in items]
        left_out = {place(item) for item in items.values() if "nav" in item.get("properties", "").split()}
        left_out |= {place(one) for one in root.iter("reference") if one.get("type", "") in _NO_TEXT}
        said: dict[str, list[str]] = {}
        metadata = root.find("metadata")
        for one in () if metadata is None else metadata.iter("*"):
            if text := one_line(one.text or ""):
                said.setdefault(str(one.tag).lower(), []).append(text)
        dates = {one.get(_EVENT, ""): one_line(one.text or "") for one in root.iter("date")}
        date = dates.get("publication") or dates.get("original-publication") or dates.get("") or ""
        pages = [place(item) for item in spine if item.get("media-type", _PAGES[0]) in _PAGES]
        return _Book(list(dict.fromkeys(pages)), said, date, self._encrypted(), frozenset(left_out))

    def _encrypted(self) -> frozenset[str]:
        if "meta-inf/encryption.xml" not in self._names:
            return frozenset()
        root = self._xml("META-INF/encryption.xml")
        return frozenset(_place("", one.get("URI", "")) for one in root.iter("CipherReference"))

    def _page(self, name: str) -> list[str]:
        data = self._data(name)
        try:
            tree = parse_xml(data)
            root: _Element | None = tree.root
            self._repaired += tree.repaired
        except Unreadable as error:
            if error.bad.rule != "invalid_xml":
                raise
            page, encoding = decode(data, web_page=True)
            root, repaired = parse_page(plain_lines(page))
            self._repaired += [*repaired, "xml as html", *([f"encoding {encoding}"] if encoding else [])]
        if root is None:
            return []
        drop_namespaces(root)
        body = next(root.iter("body"), root)
        if _is_no_text(body) or _is_contents(body):
            return []
        notes = self._take_notes(body, posixpath.basename(name))
        blocks = html_blocks(body, self._markup, notes)
        text = " ".join(blocks)
        if len(text) < MAX_COPYRIGHT_PAGE_CHARACTERS and len(_RIGHTS.findall(text)) >= 2:
            self._license = self._license or spdx_of(text)
            return []
        return blocks

    def _take_notes(self, body: _Element, file: str) -> dict[str, str]:
        """Take the notes out of a page; return their text by the addresses that a link may give them."""
        notes: dict[str, str] = {}
        called = {link.get("href", "").rpartition("#")[2] for link in body.iter("a")}
        for note in [one for one in body.iter("aside", "li", "div", "p") if one.get(_TYPE, "") in _NOTES]:
            name = note.get("id", "")
            if name and name in called:
                for back in [link for link in note.iter("a") if _BACK.fullmatch("".join(link.itertext()))]:
                    back.text = ""
                note.tag = "div"
                text = " ".join(html_blocks(note, self._markup))
                notes |= {f"#{name}": text, f"{file}#{name}": text}
                note.clear()
        return notes

    def _record(self, text: str, book: _Book) -> Record:
        def first(name: str) -> str:
            return next(iter(book.said.get(name, [])), "")

        rights = " ".join(book.said.get("rights", []) + book.said.get("license", []))
        date = _DATE.match(book.date)
        meta = {"authors": book.said.get("creator"), "subjects": book.said.get("subject"),
                "publisher": first("publisher"), "identifier": first("identifier")}  # fmt: skip
        return Record(
            text,
            title=first("title"),
            date=date.group() if date else "",
            language=language_of(first("language")),
            license=spdx_of(rights) or self._license,
            meta={name: value for name, value in meta.items() if value},
            repaired=tuple(dict.fromkeys(self._repaired)),
        )


def _place(folder: str, address: str) -> str:
    path = unquote(address.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")


def _is_no_text(body: _Element) -> bool:
    """Whether the page, or the one section that it consists of, calls itself something that is no text."""
    sections = list(body)
    return any(_NO_TEXT & set(one.get(_TYPE, "").split()) for one in (body, *(sections if len(sections) == 1 else [])))


def _is_contents(body: _Element) -> bool:
    links = [link for link in body.iter("a") if link.get("href")]
    linked = sum(len(one_line("".join(link.itertext()))) for link in links)
    whole = len(one_line("".join(body.itertext())))
    return len(links) >= MIN_LINKS and linked > MAX_LINKED_SHARE * whole
