"""Which pairs of documents share a bucket: found bucket by bucket, the better copy first, round by round.

Comparing all pairs of a bucket would cost the square of its size, and buckets of a million copies are real. So in each
round only the first few documents of a bucket, its leaders, are paired with all behind them; what is found to be a copy
leaves, and the next round has new leaders. A million copies of one text cost a million pairs, not half a billion
billion; documents that share a bucket and are no copies are all paired in the end. Buckets of up to ``FULL_SIZE``
documents, which are nearly all, are finished in the first round.

One task handles some bands, and of a large collection one range of keys: what it holds grows with the documents of its
range, not with those of the collection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_tools.arrays import first_of_runs, save_array
from data_tools.dedup.collection import NO_ONE, Collection
from data_tools.dedup.segment import KEYS_FILE, ROWS_FILE, band_keys
from data_tools.signatures import EMPTY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FULL_SIZE = 17
"""A bucket of up to so many documents is paired at once."""
LEADERS_GROW = 4
"""A larger one has one leader in the first round, and so many times more in each that follows."""
PAIRS_AT_ONCE = 1 << 14
"""Pairs whose signatures are in memory at once: 32 MB with 256 hashes."""
CODES_AT_ONCE = 1 << 22
"""Pairs that are held before they are compared: 32 MB."""
_ALL_KEYS = 1 << 64
RELATIVES_AT_ONCE = 1 << 20
"""Pairs too unlike for duplicates that are held before only as many are kept as link the same documents."""
PAIR = (("later", "<u4"), ("earlier", "<u4"), ("estimate", "<f4"))


@dataclass
class Buckets:
    """Buckets of at least two documents: their ranks, best first, one bucket after another."""

    ranks: NDArray[np.uint32]
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, keys: NDArray[np.uint64], ranks: NDArray[np.uint32]) -> Buckets:
        """Put documents with equal keys into one bucket."""
        import numpy as np

        order = np.argsort(keys, kind="stable")
        same = keys[order][1:] == keys[order][:-1]
        shared = np.zeros(len(keys), dtype=bool)
        shared[1:] |= same
        shared[:-1] |= same
        order = order[shared]
        order = order[np.lexsort((ranks[order], keys[order]))]
        return cls._cut(ranks[order], keys[order])

    @classmethod
    def _cut(cls, ranks: NDArray[np.uint32], labels: NDArray[Any]) -> Buckets:
        """Make buckets of runs of equal labels; those of one document are left out."""
        import numpy as np

        starts = np.flatnonzero(first_of_runs(labels))
        sizes = np.diff(np.append(starts, len(labels)))
        return cls(ranks[np.repeat(sizes > 1, sizes)], sizes[sizes > 1])

    def with_any_from(self, rank: int) -> Buckets:
        """Return the buckets that hold a document of at least this rank."""
        import numpy as np

        if not rank or not len(self.sizes):
            return self
        wanted = self.ranks[np.cumsum(self.sizes) - 1] >= rank
        return Buckets(self.ranks[np.repeat(wanted, self.sizes)], self.sizes[wanted])

    def without(self, gone: NDArray[np.bool_]) -> Buckets:
        """Return what is left of the buckets where ``gone``, by rank, is false."""
        import numpy as np

        labels = np.repeat(np.arange(len(self.sizes)), self.sizes)
        stays = ~gone[self.ranks]
        return self._cut(self.ranks[stays], labels[stays])

    def places(self) -> NDArray[np.int64]:
        """Return the place of each document in its bucket."""
        import numpy as np

        return np.arange(len(self.ranks)) - np.repeat(np.cumsum(self.sizes) - self.sizes, self.sizes)

    def pairs(self, num_leaders: int, num_standing: int) -> tuple[Iterator[NDArray[np.uint64]], Buckets]:
        """Return the pairs of every bucket's leaders with the documents behind them, and the buckets without leaders.

        A pair is ``earlier << 32 | later``. Those of two documents that stand are left out.
        """
        import numpy as np

        leaders = np.where(self.sizes <= FULL_SIZE, self.sizes - 1, np.minimum(num_leaders, self.sizes - 1))
        first = np.cumsum(self.sizes) - self.sizes
        places = self.places()
        of_each = np.repeat(leaders, self.sizes)

        def codes() -> Iterator[NDArray[np.uint64]]:
            starts = np.repeat(first, self.sizes)
            for leader in range(int(leaders.max(initial=0))):
                behind = np.flatnonzero((places > leader) & (of_each > leader) & (self.ranks >= num_standing))
                earlier = self.ranks[starts[behind] + leader].astype(np.uint64)
                yield (earlier << np.uint64(32)) | self.ranks[behind]

        labels = np.repeat(np.arange(len(self.sizes)), self.sizes)
        left = places >= of_each
        return codes(), self._cut(self.ranks[left], labels[left])


def buckets_of(collection: Collection, rank_of: NDArray[np.uint32], band: int, key_range: tuple[int, int]) -> Buckets:
    """Return the buckets of one band whose keys lie in a range of 64-bit numbers: low <= key < high."""
    import numpy as np

    empty = band_keys(np.full((1, collection.segments[0].scheme.num_hashes), EMPTY, np.uint32),
                      collection.segments[0].scheme, band)[0]  # fmt: skip
    keys, ranks = [np.empty(0, np.uint64)], [np.empty(0, np.uint32)]
    for number, segment in enumerate(collection.segments):
        sorted_keys = segment.array(KEYS_FILE)[band]
        low, high = (_place(sorted_keys, bound) for bound in key_range)
        own = rank_of[collection.offset(number) + segment.array(ROWS_FILE)[band][low:high].astype(np.int64)]
        here = (own != NO_ONE) & (sorted_keys[low:high] != empty)
        keys.append(sorted_keys[low:high][here])
        ranks.append(own[here])
    return Buckets.of(np.concatenate(keys), np.concatenate(ranks))


def _place(sorted_keys: NDArray[np.uint64], bound: int) -> int:
    import numpy as np

    return len(sorted_keys) if bound >= _ALL_KEYS else int(np.searchsorted(sorted_keys, np.uint64(bound)))


def key_ranges(num_ranges: int) -> list[tuple[int, int]]:
    """Cut all keys into ranges of one length."""
    edges = [_ALL_KEYS * number // num_ranges for number in range(num_ranges + 1)]
    return list(pairwise(edges))


def find_pairs(
    segments: Sequence[str],
    ranked: str,
    bands: Sequence[int],
    key_range: Sequence[int],
    num_leaders: int,
    least: float,
    possible: float,
    num_standing: int,
    out: str,
    before: str = "",
    gone: str = "",
) -> dict[str, int]:
    """One task: pair the leaders of some bands' buckets, estimate, and keep the pairs of at least ``least``.

    Of those below ``possible``, which are no duplicates, a spanning forest is kept: a thousand pages of one template
    are linked by 999 pairs.

    ``ranked`` is the folder of ``save_ranked``. The first round reads the segments; a later one the buckets that
    ``before``, the same task's last ``out``, left over, without the documents that ``gone`` marks by rank. Writes
    ``<out>.pairs.npy`` (rows of ``PAIR``, in order, each once), ``<out>.left.npy`` and ``.sizes.npy`` (unfinished
    buckets) and ``<out>.pending.npy`` (ranks that are not yet paired with all before them).
    """
    import numpy as np

    collection = Collection.open(segments)
    folder = Path(ranked)
    document_of = np.load(folder / "document_of.npy", mmap_mode="r")
    found = Pairs(collection, document_of, least, possible)
    left: list[Buckets] = []
    for buckets in _buckets(collection, folder, bands, (key_range[0], key_range[1]), before, gone):
        codes, rest = buckets.with_any_from(num_standing).pairs(num_leaders, num_standing)
        for each in codes:
            found.add(each)
        left.append(rest.with_any_from(num_standing))
    save_array(Path(f"{out}.pairs.npy"), found.finish(), lasts=False)
    save_array(
        Path(f"{out}.left.npy"), np.concatenate([np.empty(0, np.uint32), *(each.ranks for each in left)]), lasts=False
    )
    save_array(
        Path(f"{out}.sizes.npy"), np.concatenate([np.empty(0, np.int64), *(each.sizes for each in left)]), lasts=False
    )
    behind = [each.ranks[(each.places() > 0) & (each.ranks >= num_standing)] for each in left]
    save_array(Path(f"{out}.pending.npy"), np.unique(np.concatenate([np.empty(0, np.uint32), *behind])), lasts=False)
    return {"candidates": found.num_candidates, "pairs": found.num_kept, "left": sum(len(each.sizes) for each in left)}


def _buckets(
    collection: Collection, folder: Path, bands: Sequence[int], key_range: tuple[int, int], before: str, gone: str
) -> Iterator[Buckets]:
    import numpy as np

    if before:
        left = Buckets(np.load(f"{before}.left.npy"), np.load(f"{before}.sizes.npy"))
        yield left.without(np.load(gone, mmap_mode="r"))
        return
    rank_of = np.load(folder / "rank_of.npy", mmap_mode="r")
    for band in bands:
        yield buckets_of(collection, rank_of, band, key_range)


class Pairs:
    """Collects pairs, each once, and estimates their similarity by their signatures.

    Kept are all of at least ``possible``, and of those between ``least`` and it the most similar that link the same
    documents.
    """

    def __init__(self, collection: Collection, document_of: NDArray[np.uint32], least: float, possible: float) -> None:
        import numpy as np

        self._collection = collection
        self._document_of = document_of
        self._least, self._possible = least, possible
        self._waiting: list[NDArray[np.uint64]] = []
        self._num_waiting = 0
        self._seen = np.empty(0, np.uint64)
        self._kept = [np.empty(0, dtype=list(PAIR))]
        self._relatives = np.empty(0, dtype=list(PAIR))
        self.num_candidates = 0
        self.num_kept = 0

    def add(self, codes: NDArray[np.uint64]) -> None:
        import numpy as np

        for start in range(0, len(codes), CODES_AT_ONCE):
            self._waiting.append(np.array(codes[start : start + CODES_AT_ONCE]))
            self._num_waiting += len(self._waiting[-1])
            if self._num_waiting >= CODES_AT_ONCE:
                self._flush()

    def _flush(self) -> None:
        """Estimate those that wait. Of pairs seen before, the last few million are remembered."""
        import numpy as np

        codes = np.unique(np.concatenate([np.empty(0, np.uint64), *self._waiting]))
        self._waiting, self._num_waiting = [], 0
        new = codes[~_among(codes, self._seen)]
        self._seen = np.union1d(self._seen, new) if len(self._seen) < CODES_AT_ONCE else new
        self.num_candidates += len(new)
        for start in range(0, len(new), PAIRS_AT_ONCE):
            chunk = new[start : start + PAIRS_AT_ONCE]
            earlier, later = (chunk >> np.uint64(32)).astype(np.int64), (chunk & np.uint64(0xFFFFFFFF)).astype(np.int64)
            one = self._collection.signatures(self._document_of[earlier])
            other = self._collection.signatures(self._document_of[later])
            estimates = (one == other).mean(axis=1, dtype=np.float32)
            good = np.flatnonzero(estimates >= self._least)
            rows = np.empty(len(good), dtype=list(PAIR))
            rows["later"], rows["earlier"], rows["estimate"] = later[good], earlier[good], estimates[good]
            close = rows["estimate"] >= self._possible
            self._kept.append(rows[close])
            self._relatives = np.concatenate([self._relatives, rows[~close]])
            if len(self._relatives) >= RELATIVES_AT_ONCE:
                self._relatives = spanning_forest(self._relatives)

    def finish(self) -> NDArray[np.void]:
        """Return rows of ``PAIR`` in order of the later document, then of the earlier, each once."""
        import numpy as np

        self._flush()
        rows = np.concatenate([*self._kept, spanning_forest(self._relatives)])
        rows = rows[np.lexsort((rows["earlier"], rows["later"]))]
        rows = rows[first_of_runs(rows["later"], rows["earlier"])]
        self.num_kept = len(rows)
        return rows


def spanning_forest(pairs: NDArray[np.void]) -> NDArray[np.void]:
    """Return of rows of ``PAIR``, some of them perhaps twice, the most similar that still link the same documents."""
    import numpy as np
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import minimum_spanning_tree

    if not len(pairs):
        return pairs
    pairs = pairs[np.lexsort((pairs["earlier"], pairs["later"]))]
    pairs = pairs[first_of_runs(pairs["later"], pairs["earlier"])]
    known, ends = np.unique(np.concatenate([pairs["later"], pairs["earlier"]]), return_inverse=True)
    places = (ends[: len(pairs)], ends[len(pairs) :])
    lengths = 2.0 - pairs["estimate"].astype(np.float64)  # above 0: a pair of length 0 would be none
    tree = minimum_spanning_tree(coo_matrix((lengths, places), shape=(len(known), len(known)))).tocoo()
    rows = np.empty(tree.nnz, dtype=list(PAIR))
    rows["later"], rows["earlier"], rows["estimate"] = known[tree.row], known[tree.col], 2.0 - tree.data
    return rows


def _among(codes: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which of the sorted ``codes`` are in the sorted ``known``."""
    import numpy as np

    if not len(known):
        return np.zeros(len(codes), dtype=bool)
    places = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    found: NDArray[np.bool_] = known[places] == codes
    return found
