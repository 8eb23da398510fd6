"""Submissions to EDGAR as one text file: a header, then every document of the submission, pictures and data too.

After the EDGAR Public Dissemination Service technical specification: SGML without end tags, documents between
``<DOCUMENT>`` lines. Read line by line, so that the hundred megabytes of encoded pictures and XBRL that recent ones
carry never stand in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from data_tools.extract.encoding import decode, plain_lines
from data_tools.extract.filings.filing import day_of, read_filing
from data_tools.extract.records import Bad, Found, ReadOptions, Unreadable
from data_tools.extract.streams import blocks, checked, lines

_BEGINS = re.compile(
    rb"\s*(?:-----BEGIN PRIVACY-ENHANCED MESSAGE-----.{0,2000}?)?"
    rb"<(?:(?:SEC|IMS)-DOCUMENT>|SUBMISSION>\s*<ACCESSION-NUMBER>|DOCUMENT>\s*<TYPE>)",
    re.DOTALL,
)
_HEADER = {
    "COMPANY CONFORMED NAME": "company", "CONFORMED-NAME": "company", "CENTRAL INDEX KEY": "cik", "CIK": "cik",
    "CONFORMED SUBMISSION TYPE": "submission", "CONFORMED PERIOD OF REPORT": "period", "PERIOD": "period",
    "FILED AS OF DATE": "filed", "FILING-DATE": "filed", "ACCESSION NUMBER": "accession",
    "ACCESSION-NUMBER": "accession", "STANDARD INDUSTRIAL CLASSIFICATION": "industry",
}  # fmt: skip
_HEADER_LINE = re.compile(rb"\s*(?:<([A-Z-]+)>|([A-Z][A-Z ]+):)\s*([^\s\[].*?)\s*$")
_FIELD = re.compile(rb"\s*<(TYPE|SEQUENCE|FILENAME|DESCRIPTION)>\s*(.*?)\s*$")
_NO_TEXT = re.compile(r"GRAPHIC|ZIP|EXCEL|JSON|XML|PDF|EX-27(?:\..*)?|EX-10[0-9]\.(?:INS|SCH|CAL|DEF|LAB|PRE)")
_ENCODED = re.compile(rb"begin \d{3,4} \S|<PDF>|<XML>")


@dataclass
class _Document:
    """A document while it is read."""

    stated: dict[str, str] = field(default_factory=dict)
    text: bytearray = field(default_factory=bytearray)
    in_text: bool = False
    encoded: bool = False
    too_large: bool = False
    ended: bool = False


def is_submission(head: bytes) -> bool:
    """Whether a file's first bytes (some thousand) are those of a submission or of a document taken out of one."""
    return _BEGINS.match(head.lstrip(b"\xef\xbb\xbf")) is not None


def read_submission(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield a record for every document in HTML or text; pictures, XBRL, spreadsheets are harmless Bads."""
    source = lines(checked(blocks(path, options.max_file_bytes)), options.max_document_bytes)
    header: dict[str, str] = {}
    number = 0
    for document in _documents(source, header, options.max_document_bytes):
        number += 1
        try:
            yield _read(document, header, str(number), options)
        except Unreadable as error:
            yield replace(error.bad, position=str(number))
        if not document.ended:
            yield Bad("truncated", "ends inside this document, or lacks its </DOCUMENT>", str(number))
    if not number:
        raise Unreadable("no_document", "is an EDGAR submission without a <DOCUMENT>")


def _documents(
    source: Iterable[tuple[int, bytes | None]], header: dict[str, str], max_bytes: int
) -> Iterator[_Document]:
    """Yield the documents; fill ``header`` before the first."""
    document: _Document | None = None
    for _, line in source:
        if line is None:
            if document is not None:
                document.too_large = True
            continue
        mark = line.strip()[:12].upper() if line.lstrip()[:1] == b"<" else b""
        if mark == b"<DOCUMENT>":
            if document is not None:
                yield document
            document = _Document()
        elif mark.startswith(b"</DOCUMENT") and document is not None:
            document.ended = True
            yield document
            document = None
        elif document is None:
            _note(header, line)
        else:
            _take(document, line, mark, max_bytes)
    if document is not None:
        yield document


def _note(header: dict[str, str], line: bytes) -> None:
    found = _HEADER_LINE.match(line[:400])
    if found and (name := _HEADER.get((found[1] or found[2]).decode("latin-1"))):
        header.setdefault(name, found[3].decode("utf-8", "replace"))


def _take(document: _Document, line: bytes, mark: bytes, max_bytes: int) -> None:
    if not document.in_text:
        if mark == b"<TEXT>":
            document.in_text = True
        elif found := _FIELD.match(line[:400]):
            document.stated[found[1].decode("latin-1").lower()] = found[2].decode("utf-8", "replace")
        return
    if document.encoded or document.too_large or mark == b"</TEXT>":
        return
    if not document.text and (_NO_TEXT.fullmatch(document.stated.get("type", "")) or _ENCODED.match(line)):
        document.encoded = True
        return
    document.text += line + b"\n"
    if len(document.text) > max_bytes:
        document.too_large = True
        document.text.clear()


def _read(document: _Document, header: dict[str, str], position: str, options: ReadOptions) -> Found:
    stated = document.stated
    name = " ".join(filter(None, (stated.get("type"), stated.get("filename")))) or "a document"
    if document.encoded:
        raise Unreadable("attachment", f"{name} is a picture or data, not text", harmless=True)
    if document.too_large:
        raise Unreadable("too_large", f"{name} is larger than {options.max_document_bytes:,} bytes")
    if not document.text.strip():
        raise Unreadable("empty", f"{name} is empty")
    text, encoding = decode(bytes(document.text), web_page=True)
    facts = _facts(stated, header)
    text = plain_lines(text).strip().removeprefix("<XBRL>").removesuffix("</XBRL>")
    record = read_filing(text, options, facts)
    repaired = (f"encoding {encoding}", *record.repaired) if encoding else record.repaired
    return replace(record, position=position, repaired=repaired)


def _facts(stated: dict[str, str], header: dict[str, str]) -> dict[str, str]:
    facts = {**header, "form": stated.get("type", ""), "filename": stated.get("filename", "")}
    if stated.get("type", "").upper() != header.get("submission", "").upper():
        facts["description"] = stated.get("description") or stated.get("type", "")
    for name in ("period", "filed"):
        facts[name] = day_of(facts.get(name, ""))
    return {name: value for name, value in facts.items() if value}
