"""From a file to its reader, and from what the reader finds to documents of bounded size."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from data_tools.extract.cutting import cut
from data_tools.extract.identify import ARCHIVES, READERS, Kind, format_of, identify, suffix_of
from data_tools.extract.records import Bad, Found, ReadOptions, Record, Unreadable

__all__ = ["ARCHIVES", "READERS", "format_of", "read_as", "read_file", "suffix_of"]

Reader = Callable[[Path, ReadOptions], Iterator[Found]]

_PARSED = ("html", "restructuredtext", "latex", "pdf", "xml", "docx", "epub", "filing")
_PARSER_FAILURES = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What parsers of markup have been seen to raise on malformed pages; a defect of theirs must not end a corpus."""


def reader_of(name: str) -> Reader:
    """Return the reader that ``module:function`` below ``data_tools.extract`` names."""
    module, _, function = name.partition(":")
    found: Reader = getattr(importlib.import_module(f"data_tools.extract.{module}"), function)
    return found


def read_file(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield every record of one file that is no archive, and what is wrong with it, whatever it holds.

    A long record is yielded in parts, ``meta`` naming them: part k of n. See ``archives.sources`` for all files.
    """
    try:
        kind = identify(path)
    except Unreadable as error:
        yield error.bad
    except OSError as error:
        yield unreadable(error)
    else:
        yield from read_as(kind, path, options)


def read_as(kind: Kind, path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield what a file of a known kind holds, as ``read_file`` does."""
    empty = True
    try:
        if kind.problem:
            yield kind.problem
            return
        if not kind.reader:
            raise Unreadable("nested_archive", "is an archive, and is not looked into here")
        for found in reader_of(kind.reader)(path, options):
            empty = False
            yield from _in_parts(found, kind, options) if isinstance(found, Record) else (found,)
        if empty:
            raise Unreadable("empty", "holds no record")
    except Unreadable as error:
        yield error.bad
    except OSError as error:
        yield unreadable(error)
    except _PARSER_FAILURES as error:
        if kind.format not in _PARSED:
            raise
        yield Bad("parser_failed", f"its parser failed: {type(error).__name__}: {error}")


def unreadable(error: OSError) -> Bad:
    """Return what is said of a file that the system does not let us read."""
    return Bad("unreadable", f"cannot be read: {error.strerror or error}")


def _in_parts(record: Record, kind: Kind, options: ReadOptions) -> Iterator[Found]:
    if not record.text.strip():
        yield Bad("empty", "holds no text", record.position)
        return
    try:
        record.text.encode("utf-8")
    except UnicodeEncodeError as error:
        yield Bad("invalid_unicode", f"holds half a surrogate pair at character {error.start:,}", record.position)
        return
    if kind.repaired:
        record = replace(record, repaired=(kind.repaired, *record.repaired))
    if len(record.text) <= options.max_document_characters or "part" in record.meta:
        yield record
        return
    parts = list(cut([record.text], options.max_document_characters, options.split_characters))
    for number, text in enumerate(parts, start=1):
        if text.strip():
            meta = {**record.meta, "part": number, "parts": len(parts)}
            yield replace(record, text=text, position=f"{record.position}#{number}", meta=meta)
