"""What readers yield: a record with its text, or what was wrong with a file or a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from data_tools.corpus import Fields

HEAD_CHARACTERS = 200


@dataclass(frozen=True)
class ReadOptions:
    """Limits and field names for reading; every size is enforced while reading, so that memory stays bounded."""

    fields: Fields = field(default_factory=Fields)
    max_document_bytes: int = 50_000_000
    """A record (a JSON line, a web page) larger than this is left out; a plain text is cut as it is read instead."""
    max_markup_bytes: int = 10_000_000
    """Markup larger than this (a page, an article, a chapter) is left out: its parsed tree takes 50 times as much."""
    max_file_bytes: int = 64 * 2**30
    """Reading stops here, counted after decompression: a guard against decompression bombs."""
    max_document_characters: int = 60_000
    """A longer text is cut into documents of about ``split_characters``."""
    split_characters: int = 20_000
    root: Path | None = None
    """Files that a file names (LaTeX's ``\\input``) must lie in this folder; None: in the file's own."""
    marks: bool = False
    """Write figures, tables, references and formulas between GeoGalactica's marks (see markup.py)."""
    max_archive_bytes: int = 16 * 2**30
    """Unpacking an archive stops here: a guard against archive bombs."""
    max_archive_files: int = 1_000_000
    """Of an archive, those in archives in it included."""
    exclude: tuple[str, ...] = ()
    """File names (globs) that are no documents, in a folder and in an archive."""


@dataclass(frozen=True)
class Record:
    """One text found in a file."""

    text: str
    position: str = ""
    """The line or row number, from 1; empty where the whole file is one record. ``12#3`` is its third part."""
    date: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    repaired: tuple[str, ...] = ()
    """What was put right while reading, each a short name to count by: ``encoding cp1252``, ``missing input``."""
    title: str = ""
    language: str = ""
    """As the source states it: ISO 639-1, with a region where one is given (``en``, ``pt-BR``)."""
    license: str = ""
    """As the source states it, as an SPDX identifier; empty where it states none that has one."""


@dataclass(frozen=True)
class Bad:
    """A file or record that gave no text, and why."""

    rule: str
    """A short name to count by: ``invalid_json``, ``truncated``, ``binary``."""
    detail: str
    position: str = ""
    head: str = ""
    harmless: bool = False
    """True for what was never meant as a document (an image, a licence): counted, but not against the limit."""


@dataclass(frozen=True)
class NotSelected:
    """A record that ``fields.where`` does not ask for; only counted."""


Found = Record | Bad | NotSelected


class Unreadable(Exception):
    """Raised inside a reader where the rest of a file cannot be read; ``dispatch.read_file`` turns it into a Bad."""

    def __init__(self, rule: str, detail: str, harmless: bool = False) -> None:
        super().__init__(detail)
        self.bad = Bad(rule, detail, harmless=harmless)

    @classmethod
    def of(cls, bad: Bad) -> Self:
        """Return the exception that says ``bad``."""
        return cls(bad.rule, bad.detail, bad.harmless)
