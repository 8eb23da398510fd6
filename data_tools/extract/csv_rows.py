"""CSV and TSV (.csv, .tsv): one record per row, the first row naming the columns.

The columns of a .csv are parted by commas; by semicolons or tabs where its header has no comma, as spreadsheets write
them where a comma is the decimal point.

A row that is not CSV is left out alone where it plainly ends with its line: its quotes are in pairs. Otherwise the next
line may lie inside a cell, and reading goes on at the first line that is certainly a row (csv_resumption.py). Lines
that are plainly no rows, because a quote is missing before them, are not read as rows either.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from itertools import chain
from pathlib import Path

from data_tools.corpus import Fields
from data_tools.extract.csv_resumption import Columns, TableSource
from data_tools.extract.encoding import decode
from data_tools.extract.fields import head_of, record_of
from data_tools.extract.identify import suffix_of
from data_tools.extract.parquet_rows import columns_in
from data_tools.extract.records import Bad, Found, ReadOptions, Unreadable
from data_tools.extract.streams import blocks, checked, lines, whole
from data_tools.extract.table_columns import delimiter_of

FIELD_CHARACTERS = 10_000_000


def read_csv(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield the rows of a table with a header; quoted cells may hold line breaks."""
    csv.field_size_limit(FIELD_CHARACTERS)
    given = _lines(path, options)
    header = next(given, "")
    source = TableSource(chain([header] if header else [], given), delimiter_of(header, suffix_of(path)))
    try:
        names = source.row() or []
    except csv.Error as error:
        raise Unreadable("invalid_csv", f"line 1: the header is not CSV: {error}; the rest is left out") from None
    columns_in(names, options.fields)
    yield from _Rows(source, names, options.fields).found()


class _Rows:
    """Turns rows into records. Each is held back until what follows it is seen to be a row, too."""

    def __init__(self, source: TableSource, names: list[str], fields: Fields) -> None:
        self._source = source
        self._names = names
        self._fields = fields
        self._columns = Columns(len(names))
        self._number = 0

    def found(self) -> Iterator[Found]:
        held: list[tuple[int, list[str]]] = []
        while True:
            try:
                cells = self._source.row()
            except csv.Error as error:
                cut_off = bool(held) and not self._source.may_be_row(self._columns)
                yield from map(self._record, [] if cut_off else held)
                begins, held = held[0][0] if cut_off else self._source.begins, []
                yield self._broken(begins, error)
                continue
            except Unreadable:
                yield from map(self._record, held)
                raise
            if cells and self._columns.is_no_row(cells):
                begins = held[0][0] if held else self._source.begins
                held = []
                yield self._cut_off(begins)
            else:
                yield from map(self._record, held)
                if cells is None:
                    return
                held = [(self._source.begins, cells)] if cells else []
                self._columns.learn(cells)

    def _record(self, row: tuple[int, list[str]]) -> Found:
        self._number += 1
        if any(cell.strip() for cell in row[1][len(self._names) :]):
            detail = f"line {row[0]}: has {len(row[1])} cells, and the header names {len(self._names)}"
            return Bad("invalid_csv", detail, str(self._number), head_of(",".join(row[1])))
        return record_of(dict(zip(self._names, row[1], strict=False)), str(self._number), self._fields)

    def _broken(self, begins: int, error: csv.Error) -> Bad:
        """Return what is said of a row that is not CSV, and go on behind it; Unreadable where no row follows."""
        source = self._source
        detail, head = f"line {source.begins}: is not CSV: {error}", source.taken[0]
        if self._columns.tell or len(source.taken) > 1 or head.count('"') % 2:
            if not source.resume(self._columns):
                raise Unreadable("invalid_csv", f"{detail}; the rest is left out") from None
            detail += f"; lines {begins} to {source.number} are left out"
        self._number += 1
        return Bad("invalid_csv", detail, str(self._number), head_of(head))

    def _cut_off(self, begins: int) -> Bad:
        """Return what is said of a row whose cells broke off, so that lines of them were taken for rows."""
        detail, head = f"line {begins}: its row is followed by lines that are no rows", self._source.taken[0]
        if not self._source.resume(self._columns):
            raise Unreadable("invalid_csv", f"{detail}; the rest is left out")
        self._number += 1
        detail += f"; lines {begins} to {self._source.number} are left out"
        return Bad("invalid_csv", detail, str(self._number), head_of(head))


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
