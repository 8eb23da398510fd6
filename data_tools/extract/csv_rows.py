"""CSV and TSV (.csv, .tsv): one record per row, the first row naming the columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from data_tools.extract.encoding import decode
from data_tools.extract.fields import head_of, record_of
from data_tools.extract.records import Bad, Found, ReadOptions, Unreadable
from data_tools.extract.streams import blocks, checked, lines, whole

FIELD_CHARACTERS = 10_000_000


def read_csv(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield the rows of a table with a header; quoted cells may hold line breaks.

    A row that is not CSV is left out alone where it plainly ends with its line: its quotes are in pairs. Otherwise the
    next line may lie inside a cell, and the rest is left out.
    """
    csv.field_size_limit(FIELD_CHARACTERS)
    tabs = ".tsv" in [suffix.lower() for suffix in path.suffixes]
    source = _Numbered(_lines(path, options))
    table = csv.reader(source, delimiter="\t" if tabs else ",", strict=True)
    try:
        names = next(table, [])
    except csv.Error as error:
        raise Unreadable("invalid_csv", f"line 1: the header is not CSV: {error}; the rest is left out") from None
    if not any(name in names for name in options.fields.text):
        has = ", ".join(names[:12])
        raise Unreadable("missing_text_field", f"has no column {options.fields.text[0]!r}; it has {has}")
    number = 0
    while True:
        begins = source.number + 1
        try:
            cells = next(table, None)
        except csv.Error as error:
            detail = f"line {begins}: is not CSV: {error}"
            if source.number > begins or source.last.count('"') % 2:
                raise Unreadable("invalid_csv", f"{detail}; the rest is left out") from None
            number += 1
            yield Bad("invalid_csv", detail, str(number), head_of(source.last))
            continue
        if cells is None:
            return
        if cells:
            number += 1
            yield record_of(dict(zip(names, cells, strict=False)), str(number), options.fields)


class _Numbered:
    """Lines, the last of which is remembered with its number."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.number = 0
        self.last = ""

    def __iter__(self) -> _Numbered:
        return self

    def __next__(self) -> str:
        self.last = next(self._lines)
        self.number += 1
        return self.last


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
            raise Unreadable(
                "too_large",
                f"line {number} is larger than {options.max_document_bytes:,} bytes; the rest is left out",
            )
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8") + "\n"
        except UnicodeDecodeError as error:
            raise Unreadable(
                "invalid_utf8", f"line {number}: is not UTF-8 at byte {error.start:,}; the rest is left out"
            ) from None
