"""Keep-lists: which documents go on, and the group each belongs to, written beside documents instead of copies of them.

A keep-list is sharded exactly as the documents it is about: ``<folder>/keep/<documents key>/<shard>.parquet``. A worker
that handles one shard of documents reads one small file, so memory does not grow with the corpus. Where parts of a
document repeat elsewhere, ``cuts`` says which characters of its text are left out; whoever reads texts applies them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from data_tools.documents import Document, ShardWriter, read_rows, shards, write_table
from data_tools.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

KEEP_FOLDER = "keep"
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*\n")
SPLITS = ("train", "dev", "test")


def keep_path(folder: Path, documents_key: str, shard: str) -> Path:
    """Return where the keep-list of one shard lies; ``shard`` is the documents file's stem."""
    return folder / KEEP_FOLDER / documents_key / f"{shard}.parquet"


def keep_writer(folder: Path, documents_key: str, shard: str) -> ShardWriter:
    """Write the keep-list of one shard: rows of ``id`` and of what ``Kept`` has; ``split`` is empty at first."""
    return ShardWriter(keep_path(folder, documents_key, shard), _schema())


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema([(name, pa.string()) for name in ("id", "group", "split", "cuts")])


def write_keep(folder: Path, documents_key: str, shard: str, columns: Mapping[str, Any]) -> None:
    """Write the keep-list of one shard from columns ``id``, ``group`` and ``cuts``; no split yet."""
    import pyarrow as pa

    splits = pa.array([""] * len(columns["id"]), pa.string())
    table = pa.table({"id": columns["id"], "group": columns["group"], "split": splits, "cuts": columns["cuts"]})
    write_table(keep_path(folder, documents_key, shard), table.cast(_schema()))


class Kept(NamedTuple):
    """What a keep-list says of a document."""

    group: str
    split: str
    cuts: str = ""
    """JSON list of [start, end]: characters of its text that are left out; empty for none."""

    def text_of(self, text: str) -> str:
        """Return what is left of the document's text. A line that is left empty goes with what was cut."""
        if not self.cuts:
            return text
        left, place = [], 0
        for start, end in json.loads(self.cuts):
            left.append(text[place:start])
            place = end
        return _BLANK_LINES.sub("\n\n", "".join([*left, text[place:]])).strip()


def read_keep(folder: Path, documents_key: str, shard: str) -> dict[str, Kept]:
    """Return by document id what the keep-list of one shard says; DataError where it knows no such shard."""
    path = keep_path(folder, documents_key, shard)
    if not path.exists():
        raise DataError(f"{path}: no keep-list for this shard. Use the keep-list that was made from these documents")
    return {row["id"]: Kept(row["group"], row["split"], row.get("cuts") or "") for row in read_rows(path)}


def read_kept(documents: Mapping[str, Path], keep_folder: Path) -> Iterator[tuple[Document, str, str]]:
    """Yield ``(document, group, split)`` for every kept document, in order, its text without what is cut.

    ``documents`` maps each documents artifact's key to its directory, in the recipe's order.
    """
    for key, folder in documents.items():
        for shard in shards(folder):
            kept = read_keep(keep_folder, key, shard.stem)
            for row in read_rows(shard):
                if row["id"] in kept:
                    own = kept[row["id"]]
                    yield Document(**{**row, "text": own.text_of(row["text"])}), own.group, own.split
