"""Arrow files (.arrow), as the library ``datasets`` writes them: one record per row; stream and file format.

Only the columns that are asked for are turned into Python values, 256 rows at a time; the file itself is mapped, not
read into memory. The licence in ``dataset_info.json`` beside it holds for rows that state none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from data_tools.extract.fields import record_of, stated
from data_tools.extract.parquet_rows import ROWS_AT_A_TIME, columns_in, within
from data_tools.extract.records import Found, ReadOptions, Record, Unreadable
from data_tools.extract.streams import compression_of, seekable

if TYPE_CHECKING:
    import pyarrow as pa

INFO = "dataset_info.json"
_MAX_INFO_BYTES = 10_000_000
_MAGIC = b"ARROW1"


def read_arrow(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield the rows of an Arrow file."""
    import pyarrow as pa

    license = _license_beside(path)
    number = 0
    try:
        for batch in _batches(path, options):
            for start in range(0, batch.num_rows, ROWS_AT_A_TIME):
                for row in batch.slice(start, ROWS_AT_A_TIME).to_pylist():
                    number += 1
                    found = within(record_of(row, str(number), options.fields), options)
                    yield _licensed(found, license)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        after = f" after row {number:,}" if number else ""
        reason = str(error).splitlines()[0]
        raise Unreadable("broken_arrow", f"cannot be read as Arrow{after}: {reason}") from None


def _licensed(found: Found, license: str) -> Found:
    return replace(found, license=found.license or license) if isinstance(found, Record) else found


def _batches(path: Path, options: ReadOptions) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    with _source(path, options.max_document_bytes) as source:
        is_file = source.read(len(_MAGIC)) == _MAGIC
        source.seek(0)
        file = pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)
        columns = columns_in(file.schema.names, options.fields)
        for batch in map(file.get_batch, range(file.num_record_batches)) if is_file else file:
            chosen = batch.select(columns)
            chosen.validate(full=True)  # damaged offsets would be followed out of memory
            yield chosen


def _source(path: Path, max_bytes: int) -> pa.NativeFile:
    """Return the file mapped into memory; a compressed one, up to ``max_bytes``, in memory."""
    import pyarrow as pa

    if compression_of(path):
        with seekable(path, max_bytes) as stream:
            return pa.BufferReader(stream.read())
    return pa.memory_map(os.fspath(path))


def _license_beside(path: Path) -> str:
    """Return the licence that ``dataset_info.json`` in the same folder states, or an empty string."""
    info = path.with_name(INFO)
    try:
        if info.stat().st_size > _MAX_INFO_BYTES:
            return ""
        described = json.loads(info.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return ""  # it is not there, or describes nothing
    license = described.get("license") if isinstance(described, dict) else None
    return stated(license.strip()) if isinstance(license, str) else ""
