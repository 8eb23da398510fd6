"""Segments: signed documents for good, each a directory of files that never change.

``segment.json`` says how they were made, where the texts lie, and the hash of every file; ``documents.parquet`` what is
known of each document (signing.py); ``signatures.npy`` has shape (N, hashes); ``keys.npy`` and ``rows.npy`` have shape
(bands, N): the bucket that each document falls into, in order, and its row. Per document that is 4 bytes a hash, 12 a
band and some 100 of names: 1.9 kB with 256 hashes in 64 bands, 0.8 kB with 112 in 18.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_tools.arrays import save_array
from data_tools.dedup.scheme import Scheme
from data_tools.dedup.signing import names_schema, signed_parts
from data_tools.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

MAX_DOCUMENTS = 250_000
"""Documents of one segment: with 256 hashes, 256 MB of signatures pass through memory when it is made."""
HEADER_FILE, NAMES_FILE = "segment.json", "documents.parquet"
SIGNATURES_FILE, KEYS_FILE, ROWS_FILE = "signatures.npy", "keys.npy", "rows.npy"
FILES = (NAMES_FILE, SIGNATURES_FILE, KEYS_FILE, ROWS_FILE)
_MIX = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Source:
    """A shard of documents that is part of a segment."""

    shard: str
    """Path of the Parquet file that holds the texts. On disk it is relative to the segment, so that both may move."""
    key: str
    """Key of the artifact it is part of."""
    num_documents: int


def band_keys(signatures_NH: NDArray[np.uint32], scheme: Scheme, band: int) -> NDArray[np.uint64]:
    """Return the bucket of each document in one band: a 64-bit hash of ``rows`` values, shape (N,).

    Two documents share it where all values agree, else with a chance of 2^-64. A text without words shares none: its
    signature is all ones, and says nothing.
    """
    import numpy as np

    keys = np.full(len(signatures_NH), band, dtype=np.uint64)
    for column in range(band * scheme.rows, (band + 1) * scheme.rows):
        keys = (keys ^ (keys >> np.uint64(29))) * np.uint64(_MIX) + signatures_NH[:, column]
    return keys


def build_segment(folder: Path, scheme: Scheme, prefixes: Sequence[Path], sources: Sequence[Source]) -> None:
    """Make a segment of signed shards; the directory appears whole, or not at all."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    work = folder.with_name(f".{folder.name}.{os.getpid()}.work")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        parts = list(signed_parts(list(prefixes)))
        names = pa.concat_tables([pq.read_table(path) for path, _ in parts]) if parts else names_schema().empty_table()
        signatures = np.concatenate([np.load(path) for _, path in parts])
        num = len(signatures)
        if num != len(names) or num != sum(source.num_documents for source in sources):
            raise DataError(f"{folder}: {num} signatures for {len(names)} documents. Sign the shards again")
        pq.write_table(names, work / NAMES_FILE, compression="zstd")
        save_array(work / SIGNATURES_FILE, signatures)
        keys = np.empty((scheme.bands, num), dtype=np.uint64)
        rows = np.empty((scheme.bands, num), dtype=np.uint32)
        for band in range(scheme.bands):
            unsorted = band_keys(signatures, scheme, band)
            rows[band] = np.argsort(unsorted, kind="stable")
            keys[band] = unsorted[rows[band]]
        save_array(work / KEYS_FILE, keys)
        save_array(work / ROWS_FILE, rows)
        header = {
            "header": scheme.header(),
            "num_documents": num,
            "corpora": dict(sorted(Counter(names["corpus"].to_pylist()).items())),
            "sources": [
                {**vars(source), "shard": os.path.relpath(Path(source.shard).resolve(), folder.resolve())}
                for source in sources
            ],
            "files": {name: file_hash(work / name) for name in FILES},
        }
        (work / HEADER_FILE).write_text(json.dumps(header, indent=1), "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def file_hash(path: Path) -> str:
    """Return the 128-bit xxh3 hash of a file, in hexadecimal."""
    from xxhash import xxh3_128

    found = xxh3_128()
    with path.open("rb") as stream:
        while block := stream.read(1 << 22):
            found.update(block)
    return found.hexdigest()


class Segment:
    """An open segment; arrays are read where they are needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            described = json.loads((folder / HEADER_FILE).read_text("utf-8"))
            self.num_documents = int(described["num_documents"])
            self.corpora: dict[str, int] = described["corpora"]
            sources = [Source(**source) for source in described["sources"]]
            here = folder.resolve()
            self.sources = [replace(one, shard=os.path.normpath(here / one.shard)) for one in sources]
            self._files: dict[str, str] = described["files"]
            header = described["header"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{folder}: is no segment of an index ({error!r}). Add its documents again") from None
        self.scheme = Scheme.read(header, str(folder))

    def verify(self) -> None:
        """DataError where a file is not the one that was written."""
        for name, known in self._files.items():
            path = self.folder / name
            if not path.exists() or file_hash(path) != known:
                raise DataError(
                    f"{path}: is damaged or missing: its content is not what was written. Drop the segment's documents "
                    "from the index and add them again"
                )

    def column(self, name: str) -> pa.ChunkedArray:
        """Return one column of what is known of each document; see ``signing.names_schema``."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.read_table(self.folder / NAMES_FILE, columns=[name])[name]
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{self.folder / NAMES_FILE}: cannot be read: {error}. Add its documents again") from None

    def array(self, name: str) -> NDArray[Any]:
        """Return one of the segment's arrays, memory-mapped. Let go of it soon: what was read stays in memory."""
        import numpy as np

        try:
            array: NDArray[Any] = np.load(self.folder / name, mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise DataError(f"{self.folder / name}: cannot be read: {error}. Add its documents again") from None
        rows = self.num_documents if name == SIGNATURES_FILE else self.scheme.bands
        if len(array) != rows:
            raise DataError(f"{self.folder / name}: has {len(array)} rows, not {rows}. Add its documents again")
        return array

    def place_of(self, row: int) -> tuple[Source, int]:
        """Return the shard that holds the text of a document, and its row there."""
        for source in self.sources:
            if row < source.num_documents:
                return source, row
            row -= source.num_documents
        raise DataError(f"{self.folder}: has no row {row}")


def grouped(sources: Sequence[tuple[Path, Source]]) -> Iterator[list[tuple[Path, Source]]]:
    """Yield (signed prefix, source) in groups that make a segment each: neighbours of one artifact, of bounded size."""
    group: list[tuple[Path, Source]] = []
    size = 0
    for prefix, source in sources:
        if group and (source.key != group[0][1].key or size + source.num_documents > MAX_DOCUMENTS):
            yield group
            group, size = [], 0
        group.append((prefix, source))
        size += source.num_documents
    if group:
        yield group
