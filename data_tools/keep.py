"""Keep-lists: which documents go on, and the group each belongs to, written beside documents instead of copies of them.

A keep-list is sharded exactly as the documents it is about: ``<folder>/keep/<documents key>/<shard>.parquet``. A worker
that handles one shard of documents reads one small file, so memory does not grow with the corpus.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from data_tools.documents import Document, ShardWriter, read_rows, shards
from data_tools.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

KEEP_FOLDER = "keep"
SPLITS = ("train", "dev", "test")


def keep_path(folder: Path, documents_key: str, shard: str) -> Path:
    """Return where the keep-list of one shard lies; ``shard`` is the documents file's stem."""
    return folder / KEEP_FOLDER / documents_key / f"{shard}.parquet"


def keep_writer(folder: Path, documents_key: str, shard: str) -> ShardWriter:
    """Write the keep-list of one shard: rows of ``id``, ``group``, and ``split`` (empty until documents are split)."""
    import pyarrow as pa

    schema = pa.schema([("id", pa.string()), ("group", pa.string()), ("split", pa.string())])
    return ShardWriter(keep_path(folder, documents_key, shard), schema)


def write_keep(folder: Path, documents_key: str, shard: str, ids: pa.ChunkedArray, groups: pa.ChunkedArray) -> None:
    """Write the keep-list of one shard from columns; no split yet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = keep_path(folder, documents_key, shard)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    splits = pa.array([""] * len(ids), pa.string())
    pq.write_table(pa.table({"id": ids, "group": groups, "split": splits}), temporary, compression="zstd")
    os.replace(temporary, path)


def read_keep(folder: Path, documents_key: str, shard: str) -> dict[str, tuple[str, str]]:
    """Return ``{document id: (group, split)}`` of one shard; DataError where the keep-list knows no such shard."""
    path = keep_path(folder, documents_key, shard)
    if not path.exists():
        raise DataError(f"{path}: no keep-list for this shard. Use the keep-list that was made from these documents")
    return {row["id"]: (row["group"], row["split"]) for row in read_rows(path)}


def read_kept(documents: Mapping[str, Path], keep_folder: Path) -> Iterator[tuple[Document, str, str]]:
    """Yield ``(document, group, split)`` for every kept document, in order.

    ``documents`` maps each documents artifact's key to its directory, in the recipe's order.
    """
    for key, folder in documents.items():
        for shard in shards(folder):
            kept = read_keep(keep_folder, key, shard.stem)
            for row in read_rows(shard):
                if row["id"] in kept:
                    group, split = kept[row["id"]]
                    yield Document(**row), group, split
