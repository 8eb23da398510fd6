"""Pairs verified: by the estimate where it leaves no doubt, by the texts themselves where it does.

The estimate from H hashes has a standard deviation of sqrt(J (1 - J) / H): 0.025 at 0.8 with 256. A pair whose estimate
lies four of them or more below the threshold is no duplicate, four above it is taken for one until it is known to cost
a document: no document goes before the exact similarity to its kept copy is computed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_tools.arrays import first_of_runs, save_array
from data_tools.batching import batched_by_size
from data_tools.dedup.collection import Collection
from data_tools.shingles import jaccard, lower, shingle_texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEVIATIONS = 4.0
"""One pair in 30,000 at the threshold itself is estimated farther off than this."""
TEXT_BYTES_AT_ONCE = 64_000_000
"""UTF-8 bytes of text whose shingles are held at once; they take some 1.3 times as much."""
EDGE = (("later", "<u4"), ("earlier", "<u4"), ("similarity", "<f8"), ("exact", "?"))


@dataclass(frozen=True)
class Limits:
    """From which Jaccard similarity on what happens."""

    threshold: float = 0.8
    """Duplicates: the later one goes."""
    group_threshold: float = 0.5
    """Relatives: they share a group."""

    def margin(self, num_hashes: int) -> float:
        """Return how far from the threshold an estimate may be off."""
        return DEVIATIONS * math.sqrt(self.threshold * (1 - self.threshold) / num_hashes)

    def possible(self, num_hashes: int) -> float:
        """Return the estimate below which a pair is no duplicate."""
        return self.threshold - self.margin(num_hashes)

    def least(self, num_hashes: int) -> float:
        """Return the estimate below which a pair is neither."""
        return min(self.group_threshold, self.possible(num_hashes))


def verify_pairs(
    segments: Sequence[str],
    ranked: str,
    pairs: Sequence[str],
    ranks: Sequence[int],
    threshold: float,
    group_threshold: float,
    out: str,
) -> dict[str, int]:
    """One task: gather the pairs whose later document's rank lies in ``ranks``, and settle those that are in doubt.

    ``pairs`` are files of ``candidates.find_pairs``. Writes rows of ``EDGE`` to ``out``: in order, each once, none
    below both thresholds.
    """
    import numpy as np

    collection = Collection.open(segments)
    limits = Limits(threshold, group_threshold)
    found = np.concatenate([_in_range(np.load(path, mmap_mode="r"), ranks[0], ranks[1]) for path in pairs])
    found = found[np.lexsort((found["earlier"], found["later"]))]
    found = found[first_of_runs(found["later"], found["earlier"])]
    edges = np.empty(len(found), dtype=list(EDGE))
    edges["later"], edges["earlier"], edges["similarity"] = found["later"], found["earlier"], found["estimate"]
    margin = limits.margin(collection.segments[0].scheme.num_hashes)
    starts = np.flatnonzero(first_of_runs(edges["later"]))
    pairs_of_later = np.diff(np.append(starts, len(edges)))
    is_only = np.repeat(pairs_of_later == 1, pairs_of_later) & (edges["similarity"] >= threshold)
    edges["exact"] = (np.abs(edges["similarity"] - threshold) < margin) | is_only  # an only one is needed in the end
    doubtful = np.flatnonzero(edges["exact"])
    document_of = np.load(Path(ranked) / "document_of.npy", mmap_mode="r")
    edges["similarity"][doubtful] = exact_similarities(
        collection, document_of[edges["earlier"][doubtful]], document_of[edges["later"][doubtful]]
    )
    edges = edges[edges["similarity"] >= min(threshold, group_threshold)]
    save_array(Path(out), edges, lasts=False)
    return {"compared": len(doubtful), "edges": len(edges)}


def _in_range(rows: NDArray[np.void], low: int, high: int) -> NDArray[np.void]:
    import numpy as np

    first, last = np.searchsorted(rows["later"], [low, high])
    return np.array(rows[first:last])


def exact_similarities(
    collection: Collection, one: NDArray[np.integer[Any]], other: NDArray[np.integer[Any]]
) -> NDArray[np.float64]:
    """Return the Jaccard similarity of the shingle sets of pairs of documents, shape (P,), from their texts."""
    import numpy as np

    sizes = collection.numbers("num_bytes")
    found = np.empty(len(one), dtype=np.float64)
    start, held = 0, 0
    for place in range(len(one)):
        held += int(sizes[one[place]] + sizes[other[place]])
        if held >= TEXT_BYTES_AT_ONCE or place + 1 == len(one):
            found[start : place + 1] = _similarities(collection, one[start : place + 1], other[start : place + 1])
            start, held = place + 1, 0
    return found


def _similarities(
    collection: Collection, one: NDArray[np.integer[Any]], other: NDArray[np.integer[Any]]
) -> list[float]:
    import numpy as np

    sets = shingle_sets(collection, np.unique(np.concatenate([one, other])))
    return [jaccard(sets[a], sets[b]) for a, b in zip(one.tolist(), other.tolist(), strict=True)]


def shingle_sets(collection: Collection, documents: NDArray[np.integer[Any]]) -> dict[int, NDArray[np.uint64]]:
    """Return the sorted shingle sets of documents, given in rising order, from their texts."""
    import numpy as np

    num_words = collection.segments[0].scheme.shingle_words
    sets: dict[int, NDArray[np.uint64]] = {}
    texts = collection.texts(documents.tolist())
    for batch in batched_by_size(texts, lambda pair: len(pair[1])):
        shingles, first = shingle_texts([lower(text) for _, text in batch], num_words)
        for place, (document, _) in enumerate(batch):
            own = np.sort(shingles[first[place] : first[place + 1]])
            sets[document] = own[first_of_runs(own)]
    return sets
