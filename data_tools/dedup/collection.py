"""Several segments as one set of documents in one order: the best first, whatever the shards and their order.

Documents are numbered twice: ``document`` is a place in the segments one after another, ``rank`` the place in the total
order. Of documents with one normalised text, and of one work, only a representative has a rank; the others follow it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from data_tools.arrays import first_of_runs
from data_tools.dedup.segment import SIGNATURES_FILE, Segment
from data_tools.dedup.signing import WORKS, names_schema
from data_tools.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

EXACT = "exact_duplicate"
SAME = {kind: f"same_{kind}" for kind in WORKS}
NO_ONE = 0xFFFFFFFF
"""In place of a document's number where there is none."""
PREFERENCES = ("corpus", "license", "score", "length")


@dataclass(frozen=True)
class Order:
    """What makes one copy better than another; ids settle what is left."""

    corpora: Sequence[str] = ()
    """Corpora or domains, best first; all others come after, equal among themselves."""
    licenses: Sequence[str] = ()
    """SPDX expressions, best first."""
    by: Sequence[str] = ("corpus", "length")
    """Which of ``PREFERENCES`` count, in this order. A higher score and a greater length are better."""
    score: str = ""
    """The entry of ``meta`` that is the score."""


class Withdrawal(NamedTuple):
    """A corpus, or a document, of one segment: what comes later under the same name is another matter."""

    segment: str
    kind: Literal["corpus", "id"]
    name: str


@dataclass
class Collection:
    """Open segments of one scheme."""

    segments: list[Segment]
    withdrawn: frozenset[Withdrawal] = frozenset()
    """What is as if it were not there."""
    standing: Sequence[NDArray[np.bool_]] = ()
    """For each of the first segments, which of its documents stand: they stay whatever comes, and come before all. The
    others of these segments are as if they were not there."""
    _offsets: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        total = 0
        for segment in self.segments:
            if segment.scheme != self.segments[0].scheme:
                self.segments[0].scheme.check_same(segment.scheme, str(segment.folder))
            self._offsets.append(total)
            total += segment.num_documents
        self.num_documents = total
        if total >= NO_ONE:
            raise DataError(f"{total:,} documents are more than the {NO_ONE - 1:,} that one index can number")

    @property
    def first_own(self) -> int:
        """The number of the first document that is not of a standing segment."""
        return sum(len(stands) for stands in self.standing)

    def own_segments(self) -> list[tuple[int, Segment]]:
        """Return the segments that do not stand, each with its place among all."""
        return list(enumerate(self.segments))[len(self.standing) :]

    @classmethod
    def open(
        cls,
        folders: Sequence[str | Path],
        withdrawn: Sequence[Withdrawal] = (),
        standing: Sequence[NDArray[np.bool_]] = (),
    ) -> Collection:
        """Open segments in the order given."""
        return cls([Segment(Path(folder)) for folder in folders], frozenset(withdrawn), standing)

    def column(self, name: str) -> pa.ChunkedArray:
        """Return one column of what is known of the documents, in order of document; texts as ``large_string``."""
        import pyarrow as pa

        chunks = [chunk for segment in self.segments for chunk in segment.column(name).chunks]
        type = names_schema().field(name).type
        found = pa.chunked_array(chunks, type)
        return found.cast(pa.large_string()) if type == pa.string() else found  # of 10^8 ids, 2 GB is not enough

    def codes(self, name: str) -> tuple[NDArray[np.int32], list[str]]:
        """Return a column of few different texts as numbers, shape (N,), and the texts that they stand for."""
        import numpy as np

        column = self.column(name)
        if not len(column):
            return np.empty(0, dtype=np.int32), []
        coded = column.dictionary_encode().unify_dictionaries().combine_chunks()
        return coded.indices.to_numpy(), coded.dictionary.to_pylist()

    def numbers(self, name: str) -> NDArray[Any]:
        """Return a column of numbers as an array, shape (N,)."""
        found: NDArray[Any] = self.column(name).to_numpy()
        return found

    def locate(self, documents: NDArray[np.integer[Any]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the segments of documents, and their rows there."""
        import numpy as np

        offsets = np.array(self._offsets, dtype=np.int64)
        number = np.searchsorted(offsets, documents, side="right") - 1
        return number, documents.astype(np.int64) - offsets[number]

    def offset(self, segment: int) -> int:
        """Return the document number of a segment's first row."""
        return self._offsets[segment]

    def signatures(self, documents: NDArray[np.integer[Any]]) -> NDArray[np.uint32]:
        """Return the signatures of documents, shape (len(documents), hashes)."""
        import numpy as np

        found = np.empty((len(documents), self.segments[0].scheme.num_hashes), dtype=np.uint32)
        numbers, rows = self.locate(documents)
        for number in np.unique(numbers).tolist():
            places = np.flatnonzero(numbers == number)
            places = places[np.argsort(rows[places], kind="stable")]
            found[places] = self.segments[number].array(SIGNATURES_FILE)[rows[places]]
        return found

    def texts(self, documents: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Yield (document, text) for documents in rising order; a shard is opened once, a row group read once."""
        import numpy as np

        numbers, rows = self.locate(np.array(documents, dtype=np.int64))
        by_shard: dict[str, list[tuple[int, int]]] = {}
        for document, number, row in zip(documents, numbers.tolist(), rows.tolist(), strict=True):
            source, place = self.segments[number].place_of(row)
            by_shard.setdefault(source.shard, []).append((place, document))
        for shard, places in by_shard.items():
            yield from _texts_of(Path(shard), places)


def _texts_of(shard: Path, places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = dict(places)
    try:
        with pq.ParquetFile(shard) as file:
            first = 0
            for group in range(file.num_row_groups):
                size = file.metadata.row_group(group).num_rows
                inside = [place for place in range(first, first + size) if place in wanted] if wanted else []
                if inside:
                    texts = file.read_row_group(group, columns=["text"])["text"]
                    for place in inside:
                        yield wanted[place], texts[place - first].as_py()
                first += size
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            f"{shard}: the texts of indexed documents cannot be read ({error}). Near the threshold texts are compared "
            "themselves: bring them back, or drop their corpus from the index"
        ) from None
    if any(place >= first for place in wanted):
        raise DataError(f"{shard}: has only {first} documents, and the index knows more. Add its documents again")


@dataclass
class Ranked:
    """A collection in its total order."""

    document_of: NDArray[np.uint32]
    """By rank, shape (R,): the representatives, best first."""
    rank_of: NDArray[np.uint32]
    """By document, shape (N,): ``NO_ONE`` where it is no representative, or withdrawn."""
    follows: NDArray[np.uint32]
    """By document, shape (N,): the representative that it follows, itself for one; ``NO_ONE`` for the withdrawn."""
    rule: NDArray[np.uint8]
    """By document, shape (N,): 0, or 1 + the index in ``FOLLOWING`` of why it follows another."""
    num_standing: int = 0
    """So many of the first ranks are documents that stand."""

    @property
    def num_ranks(self) -> int:
        return len(self.document_of)


FOLLOWING = (EXACT, *SAME.values())


def rank_documents(collection: Collection, order: Order) -> Ranked:
    """Put documents in their total order, and find those that follow another by their text or their work's name.

    DataError where an id occurs twice. Holds some 100 bytes a document.
    """
    import numpy as np

    num = collection.num_documents
    present = _present(collection)
    stands = present[present < collection.first_own]
    _refuse_repeated(collection.column("id"), present[len(stands) :])
    position = _positions(collection, order)  # the place of each document in the order of all
    follows = np.full(num, NO_ONE, dtype=np.uint32)
    follows[present] = present
    rule = np.zeros(num, dtype=np.uint8)
    _follow_texts(collection, present, position, follows, rule)
    _follow_works(collection, present, position, follows, rule)
    follows[stands], rule[stands] = stands, 0
    own = present[follows[present] == present]
    document_of = own[np.argsort(position[own], kind="stable")].astype(np.uint32)
    rank_of = np.full(num, NO_ONE, dtype=np.uint32)
    rank_of[document_of] = np.arange(len(document_of), dtype=np.uint32)
    return Ranked(document_of, rank_of, follows, rule, len(stands))


def _positions(collection: Collection, order: Order) -> NDArray[np.int64]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    columns: dict[str, Any] = {"is_own": np.arange(collection.num_documents) >= collection.first_own}
    for name in order.by:
        if name == "corpus":
            columns[name] = np.minimum(
                _preference(collection, "corpus", order.corpora), _preference(collection, "domain", order.corpora)
            )
        elif name == "license":
            columns[name] = _preference(collection, "license", order.licenses)
        elif name == "score":
            columns[name] = -collection.numbers("score")
        elif name == "length":
            columns[name] = -collection.numbers("num_characters")
        else:
            raise DataError(f"order: there is no preference {name!r}. Use some of {', '.join(PREFERENCES)}")
    ids = collection.column("id")
    table = pa.table({**columns, "id": ids})
    places = pc.sort_indices(table, [(name, "ascending") for name in table.column_names]).to_numpy()
    position = np.empty(len(places), dtype=np.int64)
    position[places] = np.arange(len(places))
    return position


def _preference(collection: Collection, column: str, best_first: Sequence[str]) -> NDArray[np.int64]:
    """Return for each document the place of its name among the preferred ones, and how many those are for any other."""
    import numpy as np

    places: Mapping[str, int] = {name: rank for rank, name in reversed(list(enumerate(best_first)))}
    codes, names = collection.codes(column)
    found: NDArray[np.int64] = np.array([places.get(name, len(best_first)) for name in names], dtype=np.int64)[codes]
    return found


def _refuse_repeated(ids: pa.ChunkedArray, present: NDArray[np.int64]) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    counts = pc.value_counts(ids if len(present) == len(ids) else ids.take(pa.array(present)))
    repeated = counts.filter(pc.greater(counts.field("counts"), 1))
    if len(repeated):
        raise DataError(
            f"document ids must be unique over all corpora, got {min(repeated.field('values').to_pylist())!r} twice. "
            "Check that no corpus is given twice"
        )


def _present(collection: Collection) -> NDArray[np.int64]:
    """Return the documents that are not withdrawn."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    is_there = np.ones(collection.num_documents, dtype=bool)
    is_there[: collection.first_own] = np.concatenate([np.empty(0, dtype=bool), *collection.standing])
    for number, segment in enumerate(collection.segments):
        own = is_there[collection.offset(number) : collection.offset(number) + segment.num_documents]
        for column in ("corpus", "id"):
            names = [one.name for one in collection.withdrawn if one[:2] == (segment.folder.name, column)]
            if names:
                own &= ~pc.is_in(segment.column(column), pa.array(names)).to_numpy()
    return np.flatnonzero(is_there)


def _follow_texts(
    collection: Collection, present: NDArray[np.int64], position: NDArray[np.int64],
    follows: NDArray[np.uint32], rule: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Let every document follow the best one of the same normalised text."""
    import numpy as np

    high, low = (collection.numbers(name)[present] for name in ("digest_high", "digest_low"))
    order = np.lexsort((position[present], low, high))
    starts = np.flatnonzero(first_of_runs(high[order], low[order]))
    first = np.repeat(order[starts], np.diff(np.append(starts, len(order))))
    follows[present[order]] = present[first]
    rule[present[order]] = np.where(order == first, 0, 1 + FOLLOWING.index(EXACT))


def _follow_works(
    collection: Collection, present: NDArray[np.int64], position: NDArray[np.int64],
    follows: NDArray[np.uint32], rule: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Let the documents of one work follow those of the source that tells most of it: full text beats its abstract.

    A long text is cut into several documents of one source; all of the chosen source's stay. A name counts for all
    documents of the same text.
    """
    import numpy as np

    length, origin = collection.numbers("num_characters"), collection.numbers("origin")
    for kind in WORKS:
        work = np.array(collection.numbers(kind))
        named = present[(work[present] != 0) & (follows[present] != present)]
        named = named[np.argsort(-position[named], kind="stable")]  # of several names of one text, its best copy's
        unnamed = named[work[follows[named]] == 0]
        work[follows[unnamed]] = work[unnamed]
        open_ones = present[(follows[present] == present) & (work[present] != 0)]
        if not len(open_ones):
            continue
        order = open_ones[np.lexsort((position[open_ones], origin[open_ones], work[open_ones]))]
        starts = np.flatnonzero(first_of_runs(work[order], origin[order]))
        sizes = np.add.reduceat(length[order], starts)
        leads = order[starts]  # of each source its best document
        best = np.lexsort((position[leads], -sizes, work[leads]))
        is_first = first_of_runs(work[leads][best])
        chosen = leads[best][np.flatnonzero(is_first)[np.cumsum(is_first) - 1]]
        root = np.empty(len(leads), dtype=np.int64)
        root[best] = chosen
        root = np.repeat(root, np.diff(np.append(starts, len(order))))
        gone = origin[order] != origin[root]
        follows[order[gone]] = root[gone]
        rule[order[gone]] = 1 + FOLLOWING.index(SAME[kind])
    while len(present):  # those that follow a follower; copies of a text that goes for its work go for it, too
        further = follows[follows[present]]
        moved = present[further != follows[present]]
        if not len(moved):
            return
        rule[moved] = rule[follows[moved]]
        follows[present] = further
