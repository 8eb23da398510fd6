"""From a file's name to its reader, and from what the reader finds to documents of bounded size."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from data_tools.extract.cutting import cut
from data_tools.extract.records import Bad, Found, ReadOptions, Record, Unreadable

Reader = Callable[[Path, ReadOptions], Iterator[Found]]

READERS: dict[str, tuple[str, str]] = {
    ".txt": ("text", "plain:read_plain"),
    ".text": ("text", "plain:read_plain"),
    ".md": ("markdown", "markdown:read_markdown"),
    ".markdown": ("markdown", "markdown:read_markdown"),
    ".html": ("html", "web_page:read_web_page"),
    ".htm": ("html", "web_page:read_web_page"),
    ".xhtml": ("html", "web_page:read_web_page"),
    ".rst": ("restructuredtext", "restructured:read_restructured"),
    ".tex": ("latex", "latex:read_latex"),
    ".pdf": ("pdf", "pdf:read_pdf"),
    ".xml": ("xml", "xml_documents:read_xml"),
    ".nxml": ("xml", "xml_documents:read_xml"),
    ".cnxml": ("xml", "xml_documents:read_xml"),
    ".docx": ("docx", "docx:read_docx"),
    ".epub": ("epub", "epub:read_epub"),
    ".jsonl": ("jsonl", "json_lines:read_json_lines"),
    ".ndjson": ("jsonl", "json_lines:read_json_lines"),
    ".json": ("json", "json_lines:read_json"),
    ".parquet": ("parquet", "parquet_rows:read_parquet"),
    ".arrow": ("arrow", "arrow_rows:read_arrow"),
    ".csv": ("csv", "csv_rows:read_csv"),
    ".tsv": ("csv", "csv_rows:read_csv"),
}
"""By suffix, in lower case: the format's name and its reader, imported when a file of that format is met.

Any of them may be followed by .gz or .zst."""
_COMPRESSED = (".gz", ".zst")
_PARSED = ("html", "restructuredtext", "latex", "pdf", "xml", "docx", "epub")
_PARSER_FAILURES = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What parsers of markup have been seen to raise on malformed pages; a defect of theirs must not end a corpus."""


def suffix_of(path: Path) -> str:
    """Return the suffix that says the format: ``.jsonl`` for ``papers.jsonl.zst``."""
    plain = path.with_suffix("") if path.suffix.lower() in _COMPRESSED else path
    return plain.suffix.lower()


def format_of(path: Path) -> str:
    """Return the format's name, or ``unsupported``."""
    known = READERS.get(suffix_of(path))
    return known[0] if known else "unsupported"


def reader_of(name: str) -> Reader:
    """Return the reader that ``module:function`` below ``data_tools.extract`` names."""
    module, _, function = name.partition(":")
    found: Reader = getattr(importlib.import_module(f"data_tools.extract.{module}"), function)
    return found


def read_file(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield every record of one file, and what is wrong with it. Never raises for what a file holds.

    A long record is yielded in parts, ``meta`` naming them: part k of n.
    """
    known = READERS.get(suffix_of(path))
    empty = True
    try:
        size = path.stat().st_size
        if known is None:
            raise Unreadable("unsupported_format", f"no reader for {path.suffix or 'a name without a suffix'}", True)
        if size == 0:
            raise Unreadable("empty", "is empty")
        for found in reader_of(known[1])(path, options):
            empty = False
            yield from _in_parts(found, options) if isinstance(found, Record) else (found,)
        if empty:
            raise Unreadable("empty", "holds no record")
    except Unreadable as error:
        yield error.bad
    except OSError as error:
        yield Bad("unreadable", f"cannot be read: {error.strerror or error}")
    except _PARSER_FAILURES as error:
        if known is None or known[0] not in _PARSED:
            raise
        yield Bad("parser_failed", f"its parser failed: {type(error).__name__}: {error}")


def _in_parts(record: Record, options: ReadOptions) -> Iterator[Found]:
    if not record.text.strip():
        yield Bad("empty", "holds no text", record.position)
        return
    try:
        record.text.encode("utf-8")
    except UnicodeEncodeError as error:
        yield Bad("invalid_unicode", f"holds half a surrogate pair at character {error.start:,}", record.position)
        return
    if len(record.text) <= options.max_document_characters or "part" in record.meta:
        yield record
        return
    parts = list(cut([record.text], options.max_document_characters, options.split_characters))
    for number, text in enumerate(parts, start=1):
        if text.strip():
            meta = {**record.meta, "part": number, "parts": len(parts)}
            yield replace(record, text=text, position=f"{record.position}#{number}", meta=meta)
