"""What lies between the two passes of cleaning: repaired shards, counts of paragraphs, and the boilerplate found.

All of it is in hidden folders of the step's work directory, and gone when the step is finished.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_tools.boilerplate import Table
    from data_tools.cleaning import Repaired
    from data_tools.documents import ShardWriter

REPAIRED_FOLDER, COUNTS_FOLDER, TABLES_FOLDER = ".repaired", ".counts", ".boilerplate"
CHANGES_COLUMN = "changes"


def repaired_writer(folder: Path, shard: str) -> ShardWriter:
    """Write a shard of repaired documents, with the changes of each as JSON in one more column."""
    import pyarrow as pa

    from data_tools.documents import ShardWriter, documents_schema

    schema = documents_schema().append(pa.field(CHANGES_COLUMN, pa.string()))
    return ShardWriter(folder / REPAIRED_FOLDER / f"{shard}.parquet", schema)


def read_repaired(folder: Path, shard: str) -> Iterator[Repaired]:
    """Yield the documents that ``repaired_writer`` wrote."""
    from data_tools.cleaning import Repaired
    from data_tools.documents import Document, read_rows

    for row in read_rows(folder / REPAIRED_FOLDER / f"{shard}.parquet"):
        changes = json.loads(row.pop(CHANGES_COLUMN))
        yield Repaired(Document(**row), changes)


def counts_folder(folder: Path, corpus: str) -> Path:
    """Return where the counts of one corpus's paragraphs lie, a file per shard."""
    return folder / COUNTS_FOLDER / corpus


def find_boilerplate(folder: Path, min_documents: int) -> None:
    """Merge the counts of every corpus into a table of the paragraphs that at least ``min_documents`` hold."""
    from data_tools.boilerplate import merge, write_counts

    for corpus in sorted((folder / COUNTS_FOLDER).glob("*")):
        table = folder / TABLES_FOLDER / f"{corpus.name}.npy"
        if not table.exists():
            write_counts(table, merge(sorted(corpus.glob("*.npy")), min_documents))


@lru_cache(maxsize=2)
def read_tables(folder: str) -> Mapping[str, Table]:
    """Return the tables by corpus; read once per process."""
    from data_tools.boilerplate import Table, read_counts

    return {path.stem: Table.of(read_counts(path)) for path in sorted((Path(folder) / TABLES_FOLDER).glob("*.npy"))}
