"""The same work by datatrove, datasketch and rensa, each as its documentation has it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from data_tools.dedup.scheme import Scheme
from data_tools.shingles import words_of

THRESHOLD = 0.8


def _shingles(text: str) -> list[str]:
    words = words_of(text)
    length = min(5, len(words))
    return [" ".join(words[at : at + length]) for at in range(len(words) - length + 1)] if words else []


def signatures_by_datasketch(texts: Sequence[str], num_hashes: int) -> list[Any]:
    """datasketch 2.0's affine32 with xxh32, a batch of shingles a text."""
    return [_by_datasketch(text, num_hashes) for text in texts]


def _by_datasketch(text: str, num_hashes: int) -> Any:
    from datasketch import MinHash
    from xxhash import xxh32_intdigest

    signature = MinHash(num_perm=num_hashes, seed=1, scheme="affine32", hashfunc=xxh32_intdigest)
    signature.update_batch([shingle.encode() for shingle in _shingles(text)])
    return signature


def signatures_by_rensa(texts: Sequence[str], num_hashes: int) -> list[Any]:
    """rensa's RMinHash, shingles as strings."""
    from rensa import RMinHash

    found = []
    for text in texts:
        signature = RMinHash(num_perm=num_hashes, seed=1)
        signature.update(_shingles(text))
        found.append(signature.digest())
    return found


def by_datasketch(place: Path, named: Sequence[tuple[str, str]], num_hashes: int) -> tuple[float, set[str]]:
    """MinHashLSH with the bands that strata takes; candidates are verified by their estimate."""
    from datasketch import MinHashLSH

    from benchmarks.dedup_texts import write_documents
    from data_tools.documents import read_documents

    write_documents(place / "given", iter(named))
    scheme = Scheme.of(5, num_hashes, 1, THRESHOLD, 0.98)
    started = time.monotonic()
    index = MinHashLSH(num_perm=num_hashes, params=(scheme.bands, scheme.rows))
    kept: dict[str, Any] = {}
    gone = set()
    for document in read_documents([place / "given"]):
        signature = _by_datasketch(document.text, num_hashes)
        if any(signature.jaccard(kept[other]) >= THRESHOLD for other in index.query(signature)):
            gone.add(document.id)
        else:
            index.insert(document.id, signature)
            kept[document.id] = signature
    return time.monotonic() - started, gone


def by_datatrove(place: Path, named: Sequence[tuple[str, str]], num_hashes: int) -> tuple[float, set[str]]:
    """The four stages of datatrove's MinHash, with FineWeb's 14 buckets of 8 hashes, in one process."""
    import datatrove.utils.hashes.xxhash as datatrove_xxhash
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.pipeline.writers import ParquetWriter
    from datatrove.utils.hashing import HashConfig
    from datatrove.utils.text import TextNormConfig
    from xxhash import xxh64_intdigest

    from benchmarks.dedup_texts import write_documents
    from data_tools.documents import read_rows

    write_documents(place / "given", iter(named))
    config = MinhashConfig(
        n_grams=5, num_buckets=14, hashes_per_bucket=num_hashes // 14, seed=1,
        hash_config=HashConfig(precision=64), norm_config=TextNormConfig(norm_numbers=False),
    )  # fmt: skip
    kept, refused = (ParquetWriter(str(place / name)) for name in ("kept", "gone"))
    # datatrove 0.10.1 gives xxhash text, which xxhash 4 refuses
    datatrove_xxhash.xxhash = SimpleNamespace(xxh64_intdigest=lambda text: xxh64_intdigest(text.encode()))
    started = time.monotonic()
    reader = ParquetReader(str(place / "given" / "documents"))
    stages: list[tuple[list[Any], int]] = [
        ([reader, MinhashDedupSignature(output_folder=str(place / "signatures"), config=config)], 1),
        ([MinhashDedupBuckets(str(place / "signatures"), str(place / "buckets"), config=config)], config.num_buckets),
        ([MinhashDedupCluster(str(place / "buckets"), str(place / "remove"), config=config)], 1),
        ([reader, MinhashDedupFilter(str(place / "remove"), exclusion_writer=refused), kept], 1),
    ]  # fmt: skip
    for number, (pipeline, tasks) in enumerate(stages):
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(place / f"logs{number}")).run()
    elapsed = time.monotonic() - started
    return elapsed, {row["id"] for file in (place / "gone").rglob("*.parquet") for row in read_rows(file, ["id"])}
