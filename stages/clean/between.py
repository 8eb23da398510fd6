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
    from data_tools.boilerplate import Paragraphs, Table
    from data_tools.cleaning import Repaired
    from data_tools.documents import Document, ShardWriter

REPAIRED_FOLDER, COUNTS_FOLDER, TABLES_FOLDER = ".repaired", ".counts", ".boilerplate"
CHANGES_COLUMN, PARAGRAPHS_COLUMN = "changes", "paragraphs"


def repaired_writer(folder: Path, shard: str) -> ShardWriter:
    """Write a shard of repaired documents, with two more columns: the changes of each as JSON, and its paragraphs that
    may be boilerplate, as bytes."""
    import pyarrow as pa

    from data_tools.documents import ShardWriter, documents_schema

    schema = documents_schema().append(pa.field(CHANGES_COLUMN, pa.string()))
    schema = schema.append(pa.field(PARAGRAPHS_COLUMN, pa.binary()))
    return ShardWriter(folder / REPAIRED_FOLDER / f"{shard}.parquet", schema)


def read_repaired(folder: Path, shard: str) -> Iterator[Repaired]:
    """Yield the documents that ``repaired_writer`` wrote."""
    import numpy as np

    from data_tools.boilerplate import PARAGRAPH
    from data_tools.cleaning import Repaired
    from data_tools.documents import Document, read_rows

    for row in read_rows(folder / REPAIRED_FOLDER / f"{shard}.parquet"):
        changes = json.loads(row.pop(CHANGES_COLUMN))
        paragraphs = np.frombuffer(row.pop(PARAGRAPHS_COLUMN), dtype=list(PARAGRAPH))
        yield Repaired(Document(**row), changes, paragraphs)


class CorpusCounts:
    """Counts the paragraphs of a shard by corpus; holds 12 bytes for each paragraph of the shard, and their array."""

    def __init__(self) -> None:
        self._held: dict[str, list[tuple[str, Paragraphs]]] = {}

    def add(self, document: Document, paragraphs: Paragraphs) -> None:
        self._held.setdefault(document.corpus, []).append((document.id, paragraphs))

    def write(self, folder: Path, shard: str) -> None:
        """Write the counts of each corpus as one file."""
        from data_tools.arrays import save_array
        from data_tools.boilerplate import count

        for corpus, documents in self._held.items():
            save_array(folder / COUNTS_FOLDER / corpus / f"{shard}.npy", count(documents))


def find_boilerplate(folder: Path, num_documents: Mapping[str, int], min_documents: int, min_share: float) -> None:
    """Merge the counts of every corpus into a table of the paragraphs that enough of its documents hold."""
    from data_tools.arrays import save_array
    from data_tools.boilerplate import merge, needed_documents

    for corpus, number in sorted(num_documents.items()):
        table = folder / TABLES_FOLDER / f"{corpus}.npy"
        if not table.exists():
            needed = needed_documents(number, min_documents, min_share)
            save_array(table, merge(sorted((folder / COUNTS_FOLDER / corpus).glob("*.npy")), needed))


@lru_cache(maxsize=2)
def read_tables(folder: str) -> Mapping[str, Table]:
    """Return the tables by corpus; read once per process."""
    from data_tools.boilerplate import Table, read_counts

    return {path.stem: Table.of(read_counts(path)) for path in sorted((Path(folder) / TABLES_FOLDER).glob("*.npy"))}
