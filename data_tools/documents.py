"""Documents on disk: Parquet shards (zstd) of one schema, and the dropped ones with the reason."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_tools.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

DOCUMENTS_FOLDER = "documents"
DROPPED_FOLDER = "dropped"
ROWS_PER_GROUP = 1024
HEAD_CHARACTERS = 200


@dataclass(frozen=True)
class Document:
    """One text and what is known of it."""

    id: str
    text: str
    corpus: str
    domain: str
    license: str = ""
    source: str = ""
    """Where it was read from: a path relative to the corpus, with the record's position, or a URL."""
    date: str = ""
    """ISO 8601 date, or empty."""
    meta: str = "{}"
    """A JSON object."""


@dataclass(frozen=True)
class Dropped:
    """A document that a step left out, and why."""

    id: str
    stage: str
    rule: str
    """The rule's name, such as ``gopher_quality.num_words`` or ``near_duplicate``."""
    value: float | None = None
    """What the rule measured, where it measures something."""
    detail: str = ""
    """For a duplicate, the id of the kept copy; for an unreadable file, the reason."""
    corpus: str = ""
    source: str = ""
    head: str = ""
    """The text's first 200 characters."""


def document_id(corpus: str, source: str, position: int | str = 0) -> str:
    """Return a stable id: 16 hexadecimal characters (64 bits) of a hash of corpus, source and position."""
    named = f"{corpus}\0{source}\0{position}".encode("utf-8", "surrogateescape")
    return hashlib.blake2b(named, digest_size=8).hexdigest()


def documents_schema() -> pa.Schema:
    """The Arrow schema of a documents shard."""
    import pyarrow as pa

    return pa.schema([(name, pa.string()) for name in Document.__dataclass_fields__])


def dropped_schema() -> pa.Schema:
    """The Arrow schema of a dropped shard."""
    import pyarrow as pa

    return pa.schema(
        [(name, pa.float64() if name == "value" else pa.string()) for name in Dropped.__dataclass_fields__]
    )


@dataclass
class ShardWriter:
    """Writes one Parquet shard row by row; the file appears whole at ``close``, or not at all.

    Use as a context manager: an exception inside the block leaves nothing behind.
    """

    path: Path
    schema: pa.Schema
    num_rows: int = 0
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _writer: Any = None

    def __enter__(self) -> ShardWriter:
        import pyarrow.parquet as pq

        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(self._temporary, self.schema, compression="zstd")
        return self

    @property
    def _temporary(self) -> Path:
        return self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")

    def write(self, row: Any) -> None:
        """Add one row: a dataclass of the schema, or a dict."""
        self._rows.append(row if isinstance(row, dict) else vars(row))
        self.num_rows += 1
        if len(self._rows) >= ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self.schema))
            self._rows.clear()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                self._flush()
            self._writer.close()
            if kind is None:
                with self._temporary.open("rb") as stream:
                    os.fsync(stream.fileno())
                os.replace(self._temporary, self.path)
        finally:
            self._temporary.unlink(missing_ok=True)


def documents_writer(folder: Path, shard: str | int) -> ShardWriter:
    """Write ``<folder>/documents/<shard>.parquet``."""
    return ShardWriter(folder / DOCUMENTS_FOLDER / f"{_shard_name(shard)}.parquet", documents_schema())


def dropped_writer(folder: Path, shard: str | int) -> ShardWriter:
    """Write ``<folder>/dropped/<shard>.parquet``."""
    return ShardWriter(folder / DROPPED_FOLDER / f"{_shard_name(shard)}.parquet", dropped_schema())


def _shard_name(shard: str | int) -> str:
    return f"{shard:05d}" if isinstance(shard, int) else shard


def shards(folder: Path, kind: str = DOCUMENTS_FOLDER) -> list[Path]:
    """Return the Parquet shards of ``<folder>/<kind>/`` in order of name."""
    return sorted((folder / kind).glob("*.parquet"))


def read_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of one Parquet file in order, 1024 at a time in memory."""
    for batch in _batches(path, columns):
        yield from batch.to_pylist()


def read_tuples(path: Path, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the values of some columns row by row, in the order named: half the cost of ``read_rows``."""
    for batch in _batches(path, columns):
        yield from zip(*(batch.column(name).to_pylist() for name in columns), strict=True)


def _batches(path: Path, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: is not a readable Parquet file: {error}") from None
    with file:
        yield from file.iter_batches(batch_size=ROWS_PER_GROUP, columns=list(columns) if columns else None)


def write_table(path: Path, table: pa.Table) -> None:
    """Write a whole table as one Parquet file; it appears whole, or not at all."""
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        pq.write_table(table, temporary, compression="zstd")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_documents(folders: Iterable[Path]) -> Iterator[Document]:
    """Yield the documents of several artifacts, folder by folder, shard by shard, in order."""
    for folder in folders:
        for shard in shards(folder):
            for row in read_rows(shard):
                yield Document(**row)


def dropped(document: Document, stage: str, rule: str, value: float | None = None, detail: str = "") -> Dropped:
    """Return the record of dropping ``document``."""
    return Dropped(
        document.id, stage, rule, value, detail, document.corpus, document.source, document.text[:HEAD_CHARACTERS]
    )
