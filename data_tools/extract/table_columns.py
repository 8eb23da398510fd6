"""The columns of a table, from its first bytes or its footer: a cheap look before anything is read."""

from __future__ import annotations

import csv
from pathlib import Path

from data_tools.extract.identify import format_of, suffix_of
from data_tools.extract.records import Unreadable
from data_tools.extract.streams import BLOCK_BYTES, blocks


def column_names(path: Path) -> list[str]:
    """Return the names of a CSV, Parquet or Arrow file's columns; none where it is no such table or is broken."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kind = format_of(path)
    try:
        if kind == "csv":
            return _csv_columns(path)
        if kind == "parquet":
            return list(pq.read_schema(path).names)
        if kind == "arrow":
            with pa.memory_map(str(path)) as source:
                is_file = source.read(6) == b"ARROW1"
                source.seek(0)
                return list((pa.ipc.open_file if is_file else pa.ipc.open_stream)(source).schema.names)
    except (OSError, pa.ArrowException, Unreadable, UnicodeDecodeError, csv.Error):
        return []  # its reader will say what is wrong with it
    return []


def _csv_columns(path: Path) -> list[str]:
    head = next(blocks(path, BLOCK_BYTES), b"").decode("utf-8-sig", "ignore").splitlines(keepends=True)
    return next(csv.reader(head, delimiter=delimiter_of(head[0] if head else "", suffix_of(path))), [])


def delimiter_of(header: str, suffix: str) -> str:
    """Return what parts the columns of a table with this header line: a comma, a semicolon or a tab."""
    if suffix == ".tsv":
        return "\t"
    return next((mark for mark in ",;\t" if mark in header), ",")
