"""Word documents (.docx): one record, with title, authors and date from the document's properties.

Read from its XML by ECMA-376 and not through mammoth or python-docx, which know no formulas and lose list numbers or
notes, and build a tree of Python objects several times as large. Old .doc files are told by name, encrypted ones too.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from data_tools.extract.language_tags import language_of
from data_tools.extract.license_of import spdx_of
from data_tools.extract.markup import Markup, join_blocks, one_line
from data_tools.extract.office.docx_body import Body
from data_tools.extract.office.docx_numbers import W, numbering_of, styles_of
from data_tools.extract.records import Found, ReadOptions, Record, Unreadable
from data_tools.extract.streams import seekable
from data_tools.extract.xml_formats.tree import parse_xml

if TYPE_CHECKING:
    from lxml.etree import _Element

_STRICT = ((b"http://purl.oclc.org/ooxml/wordprocessingml/main", W[1:-1].encode()),
           (b"http://purl.oclc.org/ooxml/officeDocument/math",
            b"http://schemas.openxmlformats.org/officeDocument/2006/math"),
           (b"http://purl.oclc.org/ooxml/officeDocument/relationships",
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"))  # fmt: skip
"""The same names in ISO 29500 Strict and as all programs write them."""
_DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
_TERMS = "{http://purl.org/dc/terms/}"
_FAILURES = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, NotImplementedError)


def read_docx(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield one record: the document's text."""
    try:
        with seekable(path, options.max_document_bytes) as stream, zipfile.ZipFile(stream) as archive:
            package = _Package(archive, options.max_markup_bytes)
            yield _record(package, Markup(options.marks))
    except _FAILURES as error:
        raise Unreadable("broken_docx", f"cannot be unpacked: {error or type(error).__name__}") from None


class _Package:
    """The parts of a document, parsed when they are asked for, up to ``max_bytes`` in all."""

    def __init__(self, archive: zipfile.ZipFile, max_bytes: int) -> None:
        self._archive = archive
        self._names = set(archive.namelist())
        self._max_bytes = self._left = max_bytes
        self.repaired: tuple[str, ...] = ()

    def part(self, name: str) -> _Element | None:
        """Return the root of a part; None where there is none."""
        if name not in self._names:
            return None
        with self._archive.open(name) as stream:
            data = stream.read(self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise Unreadable("too_large", f"its text is larger than {self._max_bytes:,} bytes once unpacked")
        for strict, usual in _STRICT:
            data = data.replace(strict, usual)
        tree = parse_xml(data)
        self.repaired += tree.repaired
        return tree.root

    def related(self, to: str) -> dict[str, str]:
        """Return the parts that ``to`` names, by the last word of their relation: ``styles``, ``footnotes``."""
        folder, name = posixpath.split(to)
        root = self.part(posixpath.join(folder, "_rels", f"{name}.rels"))
        found = {}
        for one in () if root is None else root.iter("{*}Relationship"):
            if one.get("TargetMode") != "External":
                place = posixpath.normpath(posixpath.join("/", folder, one.get("Target", "")))
                found[one.get("Type", "").rsplit("/", 1)[-1]] = place.lstrip("/")
        return found


def _record(package: _Package, markup: Markup) -> Record:
    top = package.related("")
    main = top.get("officeDocument", "word/document.xml")
    document = package.part(main)
    body = None if document is None else document.find(f"{W}body")
    if body is None:
        raise Unreadable("broken_docx", f"holds no Word document: it has no {main} with a body")
    related = package.related(main)
    notes = {
        (kind, note.get(f"{W}id", "")): note
        for kind in ("footnote", "endnote")
        if (root := package.part(related.get(f"{kind}s", ""))) is not None
        for note in root.iter(W + kind)
    }
    styles = styles_of(package.part(related.get("styles", "")))
    writer = Body(styles, numbering_of(package.part(related.get("numbering", ""))), notes, markup)
    text = join_blocks(writer.blocks(body))
    if not text:
        raise Unreadable("empty", "holds no text")
    record = _with_properties(Record(text, title=writer.title), package.part(top.get("core-properties", "")))
    lost = {"pictured_formulas": writer.pictured_formulas} if writer.pictured_formulas else {}
    return replace(record, meta={**record.meta, **lost}, repaired=package.repaired)


def _with_properties(record: Record, core: _Element | None) -> Record:
    """Return the record with what the document's properties say; a title on the page goes before theirs."""
    if core is None:
        return record
    said = {name: one_line(core.findtext(name) or "") for name in
            (f"{_DUBLIN_CORE}title", f"{_DUBLIN_CORE}creator", f"{_DUBLIN_CORE}language", f"{_DUBLIN_CORE}rights",
             f"{_TERMS}modified", f"{_TERMS}created")}  # fmt: skip
    authors = [name.strip() for name in said[f"{_DUBLIN_CORE}creator"].split(";") if name.strip()]
    date = said[f"{_TERMS}modified"] or said[f"{_TERMS}created"]
    return replace(
        record,
        title=record.title or said[f"{_DUBLIN_CORE}title"],
        date=date[:10] if date[:4].isdecimal() else "",
        language=language_of(said[f"{_DUBLIN_CORE}language"]),
        license=spdx_of(said[f"{_DUBLIN_CORE}rights"]),
        meta={"authors": authors} if authors else {},
    )
