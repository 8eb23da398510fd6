"""Packed tokens on disk, and fixed-length training sequences read from them.

A part (``general``, ``domain``) and split (``train``, ``dev``, ``test``) is one flat little-endian file of token ids,
documents one after another, each as ``[bos] + tokens + [eos]``, and a Parquet index of its documents, so that a
training position can be traced to its documents and back.

Sequence ``i`` reads tokens ``i*L .. i*L+L`` (both ends included): inputs are the first L, targets the last L, so
windows overlap by one token and every token that has a predecessor in its document is a target exactly once. A
document's first token is never a target (nothing of its document precedes it).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_tools.documents import ShardWriter, read_rows
from data_tools.errors import DataError
from data_tools.keep import SPLITS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Int64Array = npt.NDArray[np.int64]

TOKENS_FOLDER = "tokens"
META_FILE = "meta.json"
PARTS = ("general", "domain")
IGNORED_LABEL = -100
"""The label of a position where nothing is to be predicted (torch's ``ignore_index``)."""
UINT16_LIMIT = 1 << 16
_COPY_BYTES = 1 << 20


def token_dtype(vocab_size: int) -> str:
    """Return ``uint16`` where every id of the vocabulary fits, else ``uint32``."""
    return "uint16" if vocab_size <= UINT16_LIMIT else "uint32"


def part_of(domain: str) -> str:
    """Return the part that a document belongs to: ``general`` for the general domain, ``domain`` for any other."""
    return "general" if domain == "general" else "domain"


def tokens_path(folder: Path, part: str, split: str) -> Path:
    """Return where the token ids of one part and split lie; its index has the suffix ``.parquet``."""
    return folder / TOKENS_FOLDER / part / f"{split}.bin"


def index_schema() -> pa.Schema:
    """The Arrow schema of an index: offset and length in tokens, num_bytes of the document's UTF-8 text."""
    import pyarrow as pa

    strings = [(name, pa.string()) for name in ("id", "corpus")]
    return pa.schema([*strings, *((name, pa.int64()) for name in ("offset", "length", "num_bytes"))])


@dataclass
class Counts:
    """What one part and split holds."""

    num_tokens: int = 0
    num_bytes: int = 0
    num_documents: int = 0


@dataclass(frozen=True)
class EncodedDocument:
    """One document's token ids, with its boundary tokens, and what the index says of it."""

    id: str
    corpus: str
    num_bytes: int
    token_ids: Int64Array


class TokenWriter:
    """Writes one token file and its index, document by document; both appear whole at the end of the block, or never.

    The index appears first, so whoever sees the tokens sees their index.
    """

    def __init__(self, path: Path, dtype: str) -> None:
        """``dtype`` is ``uint16`` or ``uint32``, see ``token_dtype``."""
        import numpy as np

        self.path = path
        self.counts = Counts()
        self._dtype = np.dtype(dtype).newbyteorder("<")
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        self._index = ShardWriter(path.with_suffix(".parquet"), index_schema())

    def __enter__(self) -> TokenWriter:
        self._index.__enter__()
        self._stream = self._temporary.open("wb")
        return self

    def write(self, document: EncodedDocument) -> None:
        """Add one document."""
        self._stream.write(document.token_ids.astype(self._dtype).tobytes())
        self._add(document.id, document.corpus, len(document.token_ids), document.num_bytes)

    def append(self, shard: Path) -> None:
        """Add what another writer of the same dtype wrote, offsets shifted; memory does not grow with its size."""
        with shard.open("rb") as source:
            shutil.copyfileobj(source, self._stream, _COPY_BYTES)
        for row in read_rows(shard.with_suffix(".parquet")):
            self._add(row["id"], row["corpus"], row["length"], row["num_bytes"])

    def _add(self, name: str, corpus: str, length: int, num_bytes: int) -> None:
        row = {"id": name, "corpus": corpus, "offset": self.counts.num_tokens, "length": length, "num_bytes": num_bytes}
        self._index.write(row)
        self.counts.num_tokens += length
        self.counts.num_bytes += num_bytes
        self.counts.num_documents += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            self._index.__exit__(kind, error, trace)
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            if kind is None:
                os.replace(self._temporary, self.path)
        finally:
            self._stream.close()
            self._temporary.unlink(missing_ok=True)


def write_tokens(path: Path, documents: Iterable[EncodedDocument], dtype: str) -> Counts:
    """Write one token file and its index from documents in the order given."""
    with TokenWriter(path, dtype) as writer:
        for document in documents:
            writer.write(document)
    return writer.counts


def read_meta(folder: Path) -> dict[str, Any]:
    """Return ``tokens/meta.json``; DataError where ``folder`` holds no packed tokens."""
    path = folder / TOKENS_FOLDER / META_FILE
    try:
        meta: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: is missing, so {folder} holds no packed tokens. Give the output of pack") from None
    return meta


class PackedTokens:
    """One part and split of packed tokens, as ``num_sequences`` sequences of ``sequence_length`` positions.

    Tokens are memory-mapped; the documents' offsets (8 bytes each) are read once.
    """

    def __init__(self, folder: Path, part: str, split: str) -> None:
        import numpy as np

        if part not in PARTS or split not in SPLITS:
            raise DataError(
                f"packed tokens: part must be one of {PARTS} and split of {SPLITS}, got {part!r}, {split!r}"
            )
        meta = read_meta(folder)
        counts = meta["parts"][part][split]
        self.path = tokens_path(folder, part, split)
        self.num_tokens: int = counts["num_tokens"]
        self.num_bytes: int = counts["num_bytes"]
        self.num_documents: int = counts["num_documents"]
        self.sequence_length: int = meta["sequence_length"]
        self.pad_id: int = meta["pad_id"]
        self._dtype = np.dtype(meta["dtype"]).newbyteorder("<")
        expected, found = self.num_tokens * self._dtype.itemsize, self.path.stat().st_size
        if expected != found:
            raise DataError(f"{self.path}: must have {expected} bytes as {META_FILE} says, got {found}. Run pack again")

    @property
    def num_sequences(self) -> int:
        """The last one may be padded; a part without tokens has none."""
        return -(-max(self.num_tokens - 1, 0) // self.sequence_length)

    @property
    def num_targets(self) -> int:
        """Tokens that are predicted: all but each document's first."""
        return self.num_tokens - self.num_documents

    @cached_property
    def _tokens(self) -> Any:
        import numpy as np

        return np.memmap(self.path, dtype=self._dtype, mode="r")

    @cached_property
    def _offsets(self) -> Int64Array:
        import pyarrow.parquet as pq

        table = pq.read_table(self.path.with_suffix(".parquet"), columns=["offset"])
        offsets: Int64Array = table["offset"].to_numpy()
        return offsets

    def _window(self, position: int) -> tuple[int, int]:
        """Return the first token of a sequence, and one past its last input that has a following token."""
        if not 0 <= position < self.num_sequences:
            raise DataError(f"{self.path}: sequence must be in 0..{self.num_sequences - 1}, got {position}")
        start = position * self.sequence_length
        return start, min(start + self.sequence_length, self.num_tokens - 1)

    def num_targets_of(self, position: int) -> int:
        """Return how many labels of a sequence are not ignored, without reading its tokens."""
        import numpy as np

        start, end = self._window(position)
        first, last = np.searchsorted(self._offsets, [start + 1, end + 1])
        return end - start - int(last - first)

    @cached_property
    def _names(self) -> pa.Table:
        import pyarrow.parquet as pq

        return pq.read_table(self.path.with_suffix(".parquet"), columns=["corpus", "id", "offset", "length"])

    def documents_of(self, position: int) -> list[tuple[str, str]]:
        """Return (corpus, id) of the documents of which a sequence has input tokens, in order."""
        import numpy as np

        start, end = self._window(position)
        first, last = np.searchsorted(self._offsets, [start, end - 1], side="right")
        rows = self._names.slice(int(first) - 1, int(last - first) + 1)
        return list(zip(rows["corpus"].to_pylist(), rows["id"].to_pylist(), strict=True))

    def sequences_of(self, name: str) -> list[int]:
        """Return the sequences that have input tokens of the documents with an id, rising."""
        import pyarrow.compute as pc

        found: set[int] = set()
        for row in self._names.filter(pc.equal(self._names["id"], name)).to_pylist():
            last = min(row["offset"] + row["length"], self.num_tokens - 1) - 1  # the file's last token is no input
            found |= set(range(row["offset"] // self.sequence_length, last // self.sequence_length + 1))
        return sorted(found)

    def sequence(self, position: int) -> tuple[Int64Array, Int64Array, Int64Array]:
        """Return ``(input_ids, labels, position_ids)``, each int64 of ``sequence_length``.

        ``labels[t]`` is the target of input ``t``, or -100; ``position_ids`` restart at 0 at every document, at the
        window's start and at the padding, so that equal runs of them are the blocks that may attend to each other.
        """
        import numpy as np

        length = self.sequence_length
        start, end = self._window(position)
        valid = end - start
        input_ids = np.full(length, self.pad_id, dtype=np.int64)
        labels = np.full(length, IGNORED_LABEL, dtype=np.int64)
        input_ids[:valid] = self._tokens[start:end]
        labels[:valid] = self._tokens[start + 1 : end + 1]
        first, last = np.searchsorted(self._offsets, [start + 1, end + 1])
        starts = self._offsets[first:last] - start
        labels[starts - 1] = IGNORED_LABEL
        begins = np.zeros(length, dtype=np.int64)
        begins[starts[starts < length]] = starts[starts < length]
        if valid < length:
            begins[valid] = valid
        position_ids = np.arange(length, dtype=np.int64) - np.maximum.accumulate(begins)
        return input_ids, labels, position_ids
