"""CSV and TSV (.csv, .tsv): one record per row, the first row naming the columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from data_tools.extract.encoding import decode
from data_tools.extract.fields import record_of
from data_tools.extract.records import Found, ReadOptions, Unreadable
from data_tools.extract.streams import blocks, checked, lines, whole

FIELD_CHARACTERS = 10_000_000


def read_csv(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield the rows of a table with a header; quoted cells may hold line breaks."""
    csv.field_size_limit(FIELD_CHARACTERS)
    tabs = ".tsv" in [suffix.lower() for suffix in path.suffixes]
    rows = csv.DictReader(_lines(path, options), delimiter="\t" if tabs else ",", strict=True)
    if not any(name in (rows.fieldnames or ()) for name in options.fields.text):
        has = ", ".join(map(str, (rows.fieldnames or ())[:12]))
        raise Unreadable("missing_text_field", f"has no column {options.fields.text[0]!r}; it has {has}")
    try:
        for number, row in enumerate(rows, start=1):
            yield record_of(row, str(number), options.fields)
    except csv.Error as error:
        raise Unreadable("invalid_csv", f"line {rows.line_num}: is not CSV: {error}") from None


def _lines(path: Path, options: ReadOptions) -> Iterator[str]:
    """Yield the lines with their ends; a table too large to hold is read as it comes, and must be UTF-8."""
    try:
        text, _ = decode(whole(checked(blocks(path, options.max_file_bytes)), options.max_document_bytes))
    except Unreadable as error:
        if error.bad.rule != "too_large":
            raise
    else:
        yield from StringIO(text, newline="")
        return
    for number, line in lines(checked(blocks(path, options.max_file_bytes)), options.max_document_bytes):
        if line is None:
            raise Unreadable("too_large", f"line {number} is larger than {options.max_document_bytes:,} bytes")
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8") + "\n"
        except UnicodeDecodeError as error:
            raise Unreadable("invalid_utf8", f"line {number}: is not UTF-8 at byte {error.start:,}") from None
