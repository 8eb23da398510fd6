"""One shard of documents signed: what is needed to find their duplicates, but for their texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from data_tools.arrays import save_array
from data_tools.batching import batched_by_size
from data_tools.documents import read_tuples, write_table
from data_tools.errors import DataError
from data_tools.shingles import lower, split_texts
from data_tools.signatures import Signer

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from data_tools.dedup.scheme import Scheme

WORKS = ("doi", "pmid", "url")
"""What names a work, the surest first. Documents of one work are one text in several states: full text and abstract."""
_NO_WORKS = dict.fromkeys(WORKS, "")
_UNSCORED = float("-inf")
_PART = re.compile(r"#\d+$")
_DOI = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", re.IGNORECASE)


def names_schema() -> pa.Schema:
    """The Arrow schema of what is known of each document beside its signature."""
    import pyarrow as pa

    text = [(name, pa.string()) for name in ("id", "corpus", "domain", "license")]
    hashes = [(name, pa.uint64()) for name in ("digest_high", "digest_low", "origin", *WORKS)]
    return pa.schema(
        [*text, *hashes, ("num_characters", pa.int64()), ("num_bytes", pa.int64()), ("score", pa.float64())]
    )


def sign_documents(path: Path, prefix: Path, scheme: Scheme, score: str = "") -> int:
    """Write ``<prefix>.parquet`` and ``<prefix>.signatures.npy`` for the documents of one shard; return how many.

    ``score`` names the entry of ``meta`` by which documents are preferred, or is empty. A batch of texts is in memory
    at a time, and 4 bytes per hash and document.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    signer = Signer(scheme.num_hashes, scheme.seed)
    found: list[NDArray[np.uint32]] = []
    learned = _Learned(score)
    for batch in batched_by_size(
        read_tuples(path, ("text", "corpus", "source", "meta", "id")), lambda row: len(row[0])
    ):
        words = split_texts(lower(row[0]) for row in batch)
        found.append(signer.sign_all(*words.shingles(scheme.shingle_words)))
        learned.digests.append(words.digests())
        for *row, id in batch:
            try:
                learned.add(*row)
            except (ValueError, TypeError, OverflowError) as error:
                raise DataError(
                    f"{path}: document {id!r}: its meta cannot be used ({error}), got {row[3][:80]!r}. "
                    "It must be a JSON object, numbers in it no larger than 1e308"
                ) from None
    stated = pq.read_table(path, columns=["id", "corpus", "domain", "license"])
    table = pa.table({name: stated[name] for name in stated.column_names} | learned.columns())
    write_table(prefix.with_name(f"{prefix.name}.parquet"), table.cast(names_schema()))
    signatures = np.concatenate(found) if found else np.empty((0, scheme.num_hashes), np.uint32)
    save_array(prefix.with_name(f"{prefix.name}.signatures.npy"), signatures)
    return len(signatures)


class _Learned:
    """What is learned of documents one by one: hashes of text, source and works, sizes, score."""

    def __init__(self, score: str) -> None:
        self._score = score
        self.digests: list[NDArray[np.uint64]] = []
        """Of each batch, shape (documents, 2)."""
        self._numbers: dict[str, list[int]] = {name: [] for name in ("origin", *WORKS, "num_characters", "num_bytes")}
        self._scores: list[float] = []

    def add(self, text: str, corpus: str, source: str, meta: str) -> None:
        stated = json.loads(meta) if meta not in ("{}", "") else {}
        if not isinstance(stated, dict):
            raise TypeError("no object")
        numbers = self._numbers
        whole = _PART.sub("", source) if "part" in stated else source  # rows.jsonl#3 is a record of its own
        numbers["origin"].append(_hash(f"{corpus}\0{whole}"))
        works = works_of(stated, source) if stated or source[:4] == "http" else _NO_WORKS
        for kind in WORKS:
            numbers[kind].append(_hash(works[kind]) if works[kind] else 0)
        numbers["num_characters"].append(len(text))
        numbers["num_bytes"].append(len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass")))
        scored = stated.get(self._score) if self._score else None
        self._scores.append(float(scored) if isinstance(scored, (int, float)) else _UNSCORED)

    def columns(self) -> dict[str, Any]:
        """Return the columns of ``names_schema`` that this knows, in its order."""
        import numpy as np

        digests = np.concatenate([np.empty((0, 2), np.uint64), *self.digests])
        halves = {"digest_high": digests[:, 0].copy(), "digest_low": digests[:, 1].copy()}
        unsigned = {name: np.array(self._numbers[name], dtype=np.uint64) for name in ("origin", *WORKS)}
        signed = {name: np.array(self._numbers[name], dtype=np.int64) for name in ("num_characters", "num_bytes")}
        return {**halves, **unsigned, **signed, "score": np.array(self._scores, dtype=np.float64)}


def works_of(meta: Mapping[str, Any], source: str) -> dict[str, str]:
    """Return the normalised DOI, PMID and web address of a document; empty where it states none."""
    url = str(meta.get("url") or (source if source.startswith(("http://", "https://")) else ""))
    doi, pmid = (str(meta.get(name) or "").strip() for name in ("doi", "pmid"))
    return {
        "doi": _DOI.sub("", doi).lower() if doi else "",
        "pmid": pmid,
        "url": _normal_url(url) if url else "",
    }


def _normal_url(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
    except ValueError:
        return ""
    path = parts.path.rstrip("/")
    if not host or not (path or parts.query):
        return ""  # a site's front page is no work: it says something else every day
    return f"{host.removeprefix('www.')}{path}{'?' if parts.query else ''}{parts.query}"


def _hash(text: str) -> int:
    from xxhash import xxh3_64_intdigest

    return xxh3_64_intdigest(text.encode("utf-8", "surrogatepass")) or 1


def signed_parts(prefixes: list[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield the two files of each signed shard: names, signatures."""
    for prefix in prefixes:
        yield prefix.with_name(f"{prefix.name}.parquet"), prefix.with_name(f"{prefix.name}.signatures.npy")
