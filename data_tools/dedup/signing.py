"""One shard of documents signed: what is needed to find their duplicates, but for their texts."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from data_tools.batching import batched_by_size
from data_tools.documents import ShardWriter, read_rows
from data_tools.shingles import exact_digest, shingle_texts
from data_tools.signatures import Signer

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from data_tools.dedup.scheme import Scheme

WORKS = ("doi", "pmid", "url")
"""What names a work, the surest first. Documents of one work are one text in several states: full text and abstract."""
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

    signer = Signer(scheme.num_hashes, scheme.seed)
    found: list[NDArray[np.uint32]] = []
    rows = read_rows(path, ["id", "text", "corpus", "domain", "license", "source", "meta"])
    with ShardWriter(prefix.with_name(f"{prefix.name}.parquet"), names_schema()) as writer:
        for batch in batched_by_size(rows, lambda row: len(row["text"])):
            shingles, first = shingle_texts([row["text"] for row in batch], scheme.shingle_words)
            for place, row in enumerate(batch):
                writer.write(_named(row, score))
                found.append(signer.sign(shingles[first[place] : first[place + 1]]))
    signatures = np.stack(found) if found else np.empty((0, scheme.num_hashes), np.uint32)
    save_array(prefix.with_name(f"{prefix.name}.signatures.npy"), signatures)
    return len(found)


def _named(row: Mapping[str, Any], score: str) -> dict[str, Any]:
    text, meta = row["text"], json.loads(row["meta"])
    digest = bytes.fromhex(exact_digest(text))
    origin = f"{row['corpus']}\0{_PART.sub('', row['source'])}"
    named: dict[str, Any] = {name: row[name] for name in ("id", "corpus", "domain", "license")}
    named |= {"digest_high": _number(digest[:8]), "digest_low": _number(digest[8:]), "origin": _hash(origin)}
    named |= {kind: _hash(name) if name else 0 for kind, name in works_of(meta, row["source"]).items()}
    value = meta.get(score) if score else None
    named["score"] = float(value) if isinstance(value, (int, float)) else float("-inf")
    return {**named, "num_characters": len(text), "num_bytes": len(text.encode("utf-8", "surrogatepass"))}


def works_of(meta: Mapping[str, Any], source: str) -> dict[str, str]:
    """Return the normalised DOI, PMID and web address of a document; empty where it states none."""
    doi = _DOI.sub("", str(meta.get("doi") or "").strip()).lower()
    pmid = str(meta.get("pmid") or "").strip()
    url = str(meta.get("url") or (source if source.startswith(("http://", "https://")) else ""))
    return {"doi": doi, "pmid": pmid, "url": _normal_url(_PART.sub("", url))}


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


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array as .npy; the file appears whole, or not at all."""
    import numpy as np

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            np.save(stream, array)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def signed_parts(prefixes: list[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield the two files of each signed shard: names, signatures."""
    for prefix in prefixes:
        yield prefix.with_name(f"{prefix.name}.parquet"), prefix.with_name(f"{prefix.name}.signatures.npy")
