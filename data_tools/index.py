"""Locality-sensitive index over MinHash signatures: which earlier text each text duplicates, verified exactly.

Two texts are candidates where all ``rows`` values of one of ``bands`` bands agree (Broder 1997; Leskovec, Rajaraman and
Ullman, Mining of Massive Datasets, 3.4). A candidate counts only after the exact Jaccard similarity of its shingle
sets is computed: a collision never drops a text. Differs from the usual pipelines (SlimPajama, datatrove) in that
there is no chaining: a text goes because of one kept text that it resembles, never because of a third one between them.

Cost: memory is 4 x hashes + 8 x bands bytes per text, plus the shingles, read from disk; time grows with the texts,
and with the candidate pairs in which the earlier text is kept. Ten thousand copies of one text are ten thousand
comparisons, not fifty million; ten thousand texts that all resemble each other just below the threshold are the
worst case.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_tools.errors import DataError
from data_tools.shingles import jaccard

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ODD = 0x9E3779B97F4A7C15
# An estimate from H hashes has a standard deviation of at most 0.5 / sqrt(H). Four of them lose 1 pair in 30,000 at
# the threshold itself and none that matters above it.
_DEVIATIONS = 4.0


@dataclass
class Components:
    """Union-find; the root of a component is its smallest member."""

    parents: list[int]

    @classmethod
    def of(cls, size: int) -> Components:
        return cls(list(range(size)))

    def find(self, member: int) -> int:
        """Return the smallest member of the component of ``member``."""
        while self.parents[member] != member:
            self.parents[member] = self.parents[self.parents[member]]
            member = self.parents[member]
        return member

    def join(self, left: int, right: int) -> None:
        """Make one component of two."""
        left, right = sorted((self.find(left), self.find(right)))
        self.parents[right] = left


@dataclass
class Duplicates:
    """What ``find_duplicates`` found among N texts, given in order of preference."""

    kept_copy: list[int]
    """For each text the kept one that it duplicates, or -1 where it is kept itself."""
    similarity: list[float]
    """The exact Jaccard similarity to the kept copy; 0.0 where the text is kept."""
    components: Components
    """Texts joined by links of at least the group threshold."""
    num_candidates: int = 0
    num_verified: int = 0
    """Candidate pairs, and those of them whose exact similarity was computed."""


def shared_buckets(signatures_NH: NDArray[np.uint32], bands: int, rows: int) -> NDArray[np.int64]:
    """Return bucket numbers, shape (N, bands); -1 where no other text is in the bucket.

    DataError where the signatures are shorter than bands x rows.
    """
    import numpy as np

    num_texts, num_hashes = signatures_NH.shape
    if bands * rows > num_hashes:
        raise DataError(f"bands x rows: must be at most the {num_hashes} hashes of a signature, got {bands} x {rows}")
    buckets_NB = np.full((num_texts, bands), -1, dtype=np.int64)
    first_number = 0
    for band in range(bands):
        keys = np.full(num_texts, band, dtype=np.uint64)
        for column in range(band * rows, (band + 1) * rows):
            keys = (keys ^ (keys >> np.uint64(29))) * np.uint64(_ODD) + signatures_NH[:, column]
        _, numbers, counts = np.unique(keys, return_inverse=True, return_counts=True)
        shared = counts[numbers] > 1
        buckets_NB[shared, band] = numbers[shared] + first_number
        first_number += len(counts)
    return buckets_NB


def find_duplicates(
    signatures_NH: NDArray[np.uint32],
    shingles_of: Callable[[int], NDArray[np.uint64]],
    *,
    bands: int,
    rows: int,
    threshold: float,
    group_threshold: float,
) -> Duplicates:
    """Decide for N texts, best first, which stay: a text goes if and only if a kept one before it is its duplicate.

    ``signatures_NH`` has shape (N, hashes); ``shingles_of(n)`` returns the sorted shingle set of text n. Duplicates
    have a Jaccard similarity of at least ``threshold``. Links of at least ``group_threshold`` (not above
    ``threshold``) between a text and a kept text before it join them into one component. Links between two texts of
    which the earlier was dropped are not looked for: where such a link is 0.2 above the group threshold, the kept
    copy has one of its own (Jaccard distance obeys the triangle inequality), and below that the dropped text cannot
    leak, being gone.
    """
    import numpy as np

    found = Duplicates([-1] * len(signatures_NH), [0.0] * len(signatures_NH), Components.of(len(signatures_NH)))
    margin = _DEVIATIONS * 0.5 / math.sqrt(signatures_NH.shape[1])
    buckets_NB = shared_buckets(signatures_NH, bands, rows)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for text in np.flatnonzero((buckets_NB >= 0).any(axis=1)).tolist():
        own = [number for number in buckets_NB[text].tolist() if number >= 0]
        candidates = sorted(set().union(*(members[number] for number in own)))
        if candidates:
            found.num_candidates += len(candidates)
            _compare(text, candidates, signatures_NH, shingles_of, threshold, group_threshold, margin, found)
        if found.kept_copy[text] < 0:
            for number in own:
                members[number].append(text)
    return found


def _compare(
    text: int,
    candidates: list[int],
    signatures_NH: NDArray[np.uint32],
    shingles_of: Callable[[int], NDArray[np.uint64]],
    threshold: float,
    group_threshold: float,
    margin: float,
    found: Duplicates,
) -> None:
    """Compare one text with the kept texts before it: note its best duplicate, and join its component."""
    import numpy as np

    estimates = (signatures_NH[candidates] == signatures_NH[text]).mean(axis=1)
    shingles = shingles_of(text)
    for place in np.argsort(-estimates, kind="stable").tolist():
        if estimates[place] < group_threshold - margin:
            break
        candidate = candidates[place]
        may_be_duplicate = estimates[place] >= threshold - margin
        if not may_be_duplicate and found.components.find(text) == found.components.find(candidate):
            continue  # nothing left to learn: not a duplicate, and already in one component
        similarity = jaccard(shingles, shingles_of(candidate))
        found.num_verified += 1
        if similarity >= group_threshold:
            found.components.join(text, candidate)
        if similarity >= threshold and (similarity, -candidate) > (found.similarity[text], -found.kept_copy[text]):
            found.kept_copy[text], found.similarity[text] = candidate, similarity
