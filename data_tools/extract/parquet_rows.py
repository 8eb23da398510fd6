"""Parquet (.parquet): one record per row; only the columns that are asked for are read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from data_tools.corpus import Fields
from data_tools.extract.fields import record_of
from data_tools.extract.records import Bad, Found, ReadOptions, Unreadable
from data_tools.extract.streams import seekable

ROWS_AT_A_TIME = 256


def read_parquet(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield the rows of a Parquet file, 256 in memory at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    with seekable(path, options.max_document_bytes) as stream:
        try:
            with pq.ParquetFile(stream) as file:
                wanted = columns_in(file.schema_arrow.names, options.fields)
                for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME, columns=wanted):
                    for row in batch.to_pylist():
                        number += 1
                        found = record_of(row, str(number), options.fields)
                        yield within(found, options)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            after = f" after row {number:,}" if number else ""
            reason = str(error).splitlines()[0]
            raise Unreadable("broken_parquet", f"cannot be read as Parquet{after}: {reason}") from None


def columns_in(names: list[str], fields: Fields) -> list[str]:
    """Return those of a table's columns that are asked for; Unreadable where they can make no text."""
    if missing := fields.missing_column(names):
        raise Unreadable("missing_text_field", f"has no column {missing!r}; it has {_listed(names, missing, fields)}")
    roots = [name if name in names else name.split(".")[0] for name in fields.columns()]
    return [name for name in dict.fromkeys(roots) if name in names]


def _listed(names: list[str], missing: str, fields: Fields) -> str:
    """Return the columns there are, and what to do about the missing one."""
    alike = [name for name in names if name.strip().lower() == missing.lower()]
    hint = "Mend fields.template" if fields.template else "Say which holds the text with fields.text"
    if alike:
        hint = f"Did you mean {alike[0]!r}?"
    elif not fields.template:
        hint += ", or make one of several with fields.template"
    return f"{', '.join(names[:12])}{', ...' if len(names) > 12 else ''}. {hint}"


def within(found: Found, options: ReadOptions) -> Found:
    """Return ``found``, or what is said of a row that is too large."""
    text = getattr(found, "text", "")
    if len(text) > options.max_document_bytes:
        position = getattr(found, "position", "")
        return Bad("too_large", f"the row is larger than {options.max_document_bytes:,} characters", position)
    return found
