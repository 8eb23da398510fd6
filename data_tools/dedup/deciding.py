"""Which documents stay: one goes if and only if a kept one before it in the total order is a verified duplicate.

So a document never goes because of a third one that resembles both (no chaining), and the result depends on the
documents alone, not on shards, workers or the order in which corpora came. The pairs are found and verified by tasks
(candidates.py, comparing.py); here one pass over the verified ones, in order, settles who stays. It holds 13 bytes a
document and one range of pairs at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_tools.arrays import save_array
from data_tools.dedup.candidates import LEADERS_GROW, find_pairs, key_ranges
from data_tools.dedup.collection import NO_ONE, Collection, Ranked
from data_tools.dedup.comparing import Limits, exact_similarities, verify_pairs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RunTasks = Callable[[str, Callable[..., Any], Mapping[str, Mapping[str, Any]]], Mapping[str, Any]]
"""Runs ``function(**arguments)`` for every named call and returns the results by name; the first text names the run."""
DOCUMENTS_PER_RANGE = 2_000_000
BANDS_PER_TASK = 4
UNKNOWN, KEPT, GONE = 0, 1, 2
NUM_AROUND = 100


@dataclass
class Decisions:
    """What becomes of the R representatives, by rank."""

    state: NDArray[np.uint8]
    """KEPT or GONE."""
    copy_of: NDArray[np.uint32]
    """The rank of the first kept document, in the order, of which it is a duplicate; ``NO_ONE`` for the kept."""
    similarity: NDArray[np.float64]
    """The exact similarity to it; 0 for the kept."""
    group_of: NDArray[np.uint32]
    """The lowest rank in its group of relatives."""
    local_gone: NDArray[np.bool_]
    """Whether it would go if every corpus were deduplicated alone."""
    around: list[tuple[int, int, float]] = field(default_factory=list)
    """Pairs (later rank, earlier rank, exact similarity) closest to the threshold, on either side."""
    num_candidates: int = 0
    num_verified: int = 0
    num_rounds: int = 0


def run_here(name: str, function: Callable[..., Any], calls: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Run tasks one after another in this process."""
    return {call: function(**arguments) for call, arguments in calls.items()}


def save_ranked(ranked: Ranked, folder: Path) -> None:
    """Write the order for the tasks to read."""
    save_array(folder / "document_of.npy", ranked.document_of, lasts=False)
    save_array(folder / "rank_of.npy", ranked.rank_of, lasts=False)


def decide(collection: Collection, ranked: Ranked, limits: Limits, work: Path, run: RunTasks = run_here) -> Decisions:
    """Find duplicates among the representatives. Intermediate files go to ``work``; the tasks to ``run``."""
    import numpy as np

    save_ranked(ranked, work)
    shared = {
        "segments": [str(segment.folder) for segment in collection.segments],
        "ranked": str(work),
    }
    pairing = _Pairing(collection, ranked, limits, work, run, shared)
    settling = _Settling(collection, ranked, limits)
    while True:
        pending = np.zeros(ranked.num_ranks, dtype=bool)
        for path in pairing.next_round(settling.state == GONE):
            pending[np.load(path)] = True
        settling.settle_surely(pairing.edges, pending)
        if not pending.any():
            break
    settling.forget()  # once more, with all pairs: each goes by the first kept one
    settling.settle_surely(pairing.edges, np.zeros(ranked.num_ranks, dtype=bool))
    local = _Settling(collection, ranked, limits)
    local.settle(pairing.edges, np.zeros(ranked.num_ranks, dtype=bool), _corpora_by_rank(collection, ranked))
    groups = _groups(pairing.edges, ranked.num_ranks, limits.group_threshold)
    return Decisions(
        settling.state, settling.copy_of, settling.similarity, groups, local.state == GONE,
        _around(pairing.edges, limits.threshold),
        pairing.num_candidates, pairing.num_compared + settling.num_compared, pairing.round,
    )  # fmt: skip


def _corpora_by_rank(collection: Collection, ranked: Ranked) -> NDArray[np.int32]:
    codes, _ = collection.codes("corpus")
    found: NDArray[np.int32] = codes[ranked.document_of]
    found[: ranked.num_standing] = -1  # they are no part of any corpus that is looked at alone
    return found


class _Pairing:
    """Runs the rounds of tasks; knows their files."""

    def __init__(
        self, collection: Collection, ranked: Ranked, limits: Limits, work: Path, run: RunTasks,
        shared: Mapping[str, Any],
    ) -> None:  # fmt: skip
        self._work, self._run, self._shared, self._limits = work, run, shared, limits
        scheme = collection.segments[0].scheme if collection.segments else None
        self._alike = {
            "num_standing": ranked.num_standing,
            "least": limits.least(scheme.num_hashes) if scheme else 0.0,
            "possible": limits.possible(scheme.num_hashes) if scheme else 0.0,
        }
        num_bands = scheme.bands if scheme else 0
        num_ranges = -(-collection.num_documents // DOCUMENTS_PER_RANGE)
        bands = [range(first, min(first + BANDS_PER_TASK, num_bands)) for first in range(0, num_bands, BANDS_PER_TASK)]
        self._tasks = {
            f"bands{own.start:03d}-{number:04d}": {"bands": list(own), "key_range": list(keys)}
            for own in bands
            for number, keys in enumerate(key_ranges(max(num_ranges, 1)))
        }
        first, end = ranked.num_standing, ranked.num_ranks
        self._ranges = [(low, min(low + DOCUMENTS_PER_RANGE, end)) for low in range(first, end, DOCUMENTS_PER_RANGE)]
        self.edges: list[list[Path]] = [[] for _ in self._ranges]
        """By range of ranks, the files of verified pairs, one a round."""
        self.round = 0
        self.num_candidates = self.num_compared = 0

    def next_round(self, gone: NDArray[np.bool_]) -> list[Path]:
        """Pair the next leaders, and verify; return the files of ranks that are not yet paired with all before them."""
        folder = self._work / f"round{self.round}"
        before = self._work / f"round{self.round - 1}"
        gone_file = folder / "gone.npy"
        save_array(gone_file, gone, lasts=False)
        again = {"before": "", "gone": ""}
        if self.round:
            again["gone"] = str(gone_file)
        calls = {
            name: {
                **self._shared, **task, **again,
                "num_leaders": LEADERS_GROW**self.round, **self._alike, "out": str(folder / name),
                **({"before": str(before / name)} if self.round else {}),
            }
            for name, task in self._tasks.items()
        }  # fmt: skip
        results = self._run(f"pair{self.round}", find_pairs, calls)
        self.num_candidates += sum(result["candidates"] for result in results.values())
        self._tasks = {name: task for name, task in self._tasks.items() if results[name]["left"]}
        self._verify(folder, [folder / f"{name}.pairs.npy" for name, result in results.items() if result["pairs"]])
        self.round += 1
        return [folder / f"{name}.pending.npy" for name in self._tasks]

    def _verify(self, folder: Path, pairs: Sequence[Path]) -> None:
        if not pairs:
            return
        calls = {
            f"ranks{number:04d}": {
                **self._shared,
                "pairs": [str(path) for path in pairs],
                "ranks": [low, high],
                "threshold": self._limits.threshold,
                "group_threshold": self._limits.group_threshold,
                "out": str(folder / f"edges{number:04d}.npy"),
            }
            for number, (low, high) in enumerate(self._ranges)
        }
        results = self._run(f"verify{self.round}", verify_pairs, calls)
        self.num_compared += sum(result["compared"] for result in results.values())
        for number, result in enumerate(results.values()):
            if result["edges"]:
                self.edges[number].append(folder / f"edges{number:04d}.npy")


class _Settling:
    """Settles who stays, from verified pairs."""

    def __init__(self, collection: Collection, ranked: Ranked, limits: Limits) -> None:
        import numpy as np

        self._collection, self._ranked, self._limits = collection, ranked, limits
        self.state = np.empty(ranked.num_ranks, dtype=np.uint8)
        self.copy_of = np.empty(ranked.num_ranks, dtype=np.uint32)
        self.similarity = np.empty(ranked.num_ranks)
        self.num_compared = 0
        self.forget()

    def settle(
        self, edges: Sequence[Sequence[Path]], pending: NDArray[np.bool_], corpora: NDArray[np.int32] | None = None
    ) -> None:
        """Decide, in order, every document of which all that matters is known; ``pending`` ones may have more pairs.

        With ``corpora``, pairs of two corpora do not count.
        """
        import numpy as np

        concerned = np.zeros(len(self.state), dtype=bool)
        for rows in self._duplicates(edges, corpora):
            concerned[rows["later"]] = True
        self.state[(self.state == UNKNOWN) & ~concerned & ~pending] = KEPT
        for rows in self._duplicates(edges, corpora):
            self._settle_range(rows, pending)

    def _duplicates(
        self, edges: Sequence[Sequence[Path]], corpora: NDArray[np.int32] | None
    ) -> Iterator[NDArray[np.void]]:
        for rows in _edges(edges):
            rows = rows[rows["similarity"] >= self._limits.threshold]
            yield rows if corpora is None else rows[corpora[rows["later"]] == corpora[rows["earlier"]]]

    def _settle_range(self, rows: NDArray[np.void], pending: NDArray[np.bool_]) -> None:
        """One range of documents: rows in order of the later document, then of the earlier one."""
        import numpy as np

        starts = np.flatnonzero(np.diff(rows["later"], prepend=NO_ONE))
        laters = rows["later"][starts].tolist()
        bounds = [*starts.tolist(), len(rows)]
        earlier, similarity = rows["earlier"].tolist(), rows["similarity"].tolist()
        state = self.state
        for place, later in enumerate(laters):
            if state[later] == KEPT:
                continue
            unsure = bool(pending[later])
            for edge in range(bounds[place], bounds[place + 1]):
                of_earlier = state[earlier[edge]]
                if of_earlier == KEPT:
                    state[later] = GONE
                    self.copy_of[later], self.similarity[later] = earlier[edge], similarity[edge]
                    break
                unsure |= of_earlier == UNKNOWN
            else:
                if not unsure:
                    state[later] = KEPT

    def settle_surely(self, edges: Sequence[Sequence[Path]], pending: NDArray[np.bool_]) -> None:
        """Settle, and compute the exact similarity of every document that goes to its kept copy.

        Where one is less than the threshold after all, which happens to about one pair in 30,000 near the upper end of
        the doubt, all is settled anew: nothing is built on a document that does not go.
        """
        while True:
            self.settle(edges, pending)
            if not sum(self._confirm_range(files) for files in edges):
                return
            self.forget()

    def forget(self) -> None:
        """Know nothing but that those that stand are kept."""
        self.state[:] = UNKNOWN
        self.state[: self._ranked.num_standing] = KEPT
        self.copy_of[:] = NO_ONE
        self.similarity[:] = 0.0

    def _confirm_range(self, files: Sequence[Path]) -> int:
        import numpy as np

        wrong = 0
        for path in files:
            rows = np.load(path)
            used = (self.copy_of[rows["later"]] == rows["earlier"]) & ~rows["exact"]
            places = np.flatnonzero(used)
            if not len(places):
                continue
            document_of = self._ranked.document_of
            exact = exact_similarities(
                self._collection, document_of[rows["earlier"][places]], document_of[rows["later"][places]]
            )
            self.num_compared += len(places)
            rows["similarity"][places], rows["exact"][places] = exact, True
            self.similarity[rows["later"][places]] = exact
            wrong += int((exact < self._limits.threshold).sum())
            save_array(path, rows, lasts=False)
        return wrong


def _edges(edges: Sequence[Sequence[Path]]) -> Iterator[NDArray[np.void]]:
    """Yield the verified pairs of each range, in order."""
    import numpy as np

    for files in edges:
        if files:
            rows = np.concatenate([np.load(path) for path in files])
            yield rows[np.lexsort((rows["earlier"], rows["later"]))] if len(files) > 1 else rows


def _around(edges: Sequence[Sequence[Path]], threshold: float) -> list[tuple[int, int, float]]:
    """Return the pairs next to the threshold whose similarity is exact, at most ``NUM_AROUND`` on either side."""
    sides: tuple[list[tuple[float, int, int, float]], ...] = ([], [])
    for rows in _edges(edges):
        for row in rows[rows["exact"]].tolist():
            later, earlier, similarity, _ = row
            sides[similarity >= threshold].append((abs(similarity - threshold), later, earlier, similarity))
        for side in sides:
            side.sort()
            del side[NUM_AROUND:]
    return [(later, earlier, similarity) for side in sides for _, later, earlier, similarity in side]


def _groups(edges: Sequence[Sequence[Path]], num_ranks: int, least: float) -> NDArray[np.uint32]:
    """Return for each document the lowest rank it is linked to, by way of others or not; itself where alone."""
    import numpy as np
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    lowest = np.arange(num_ranks, dtype=np.uint32)
    for rows in _edges(edges):
        links = rows[rows["similarity"] >= least]
        ends = [lowest[links[name]] for name in ("earlier", "later")]
        known, compact = np.unique(np.concatenate(ends), return_inverse=True)
        half = len(links)
        graph = coo_matrix((np.ones(half, bool), (compact[:half], compact[half:])), shape=(len(known), len(known)))
        number, labels = connected_components(graph, directed=False)
        first = np.full(number, NO_ONE, dtype=np.uint32)
        np.minimum.at(first, labels, known.astype(np.uint32))
        table = np.arange(num_ranks, dtype=np.uint32)
        table[known] = first[labels]
        lowest = table[lowest]
    return lowest
