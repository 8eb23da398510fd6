"""What the tests of deduplication share: documents signed into segments, and the definition in plain words."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data_tools.dedup.collection import Collection, Order, Ranked, Withdrawal, rank_documents
from data_tools.dedup.comparing import Limits
from data_tools.dedup.deciding import KEPT, Decisions, decide
from data_tools.dedup.scheme import Scheme
from data_tools.dedup.segment import Source, build_segment
from data_tools.dedup.signing import sign_documents
from data_tools.documents import Document, documents_writer, shards
from data_tools.shingles import words_of

SCHEME = Scheme()


def changed(text: str, rate: float, seed: int) -> str:
    """Replace ``rate`` of the words by words that occur nowhere else."""
    rng = random.Random(seed)
    return " ".join(f"new{rng.randrange(10**9)}" if rng.random() < rate else word for word in text.split())


def plain_jaccard(left: str, right: str, num_words: int = 5) -> float:
    def shingles(text: str) -> set[tuple[str, ...]]:
        words = words_of(text)
        length = min(num_words, len(words))
        return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)} if words else set()

    a, b = shingles(left), shingles(right)
    return len(a & b) / len(a | b) if a | b else 0.0


def segments_of(
    folder: Path, documents: Sequence[Document], num_shards: int = 1, num_segments: int = 1, scheme: Scheme = SCHEME
) -> list[Path]:
    """Write documents to shards, sign them and make segments; return the segments' folders."""
    for shard in range(num_shards):
        with documents_writer(folder / "given", shard) as writer:
            for row in documents[shard::num_shards]:
                writer.write(row)
    paths = shards(folder / "given")
    counts = [sign_documents(path, folder / "signed" / path.stem, scheme) for path in paths]
    made = []
    for number in range(num_segments):
        own = range(number, len(paths), num_segments)
        made.append(folder / "segments" / f"{number}")
        build_segment(
            made[-1], scheme, [folder / "signed" / paths[one].stem for one in own],
            [Source(str(paths[one]), "key", counts[one]) for one in own],
        )  # fmt: skip
    return made


@dataclass
class Outcome:
    """What was decided, by the documents' ids."""

    collection: Collection
    ranked: Ranked
    decided: Decisions
    ids: list[str]

    def by_rank(self) -> list[str]:
        return [self.ids[document] for document in self.ranked.document_of.tolist()]

    @property
    def kept(self) -> set[str]:
        return {id for id, state in zip(self.by_rank(), self.decided.state.tolist(), strict=True) if state == KEPT}

    @property
    def copies(self) -> dict[str, tuple[str, float]]:
        """By the id of a near duplicate: the kept copy and the similarity."""
        ids = self.by_rank()
        return {
            id: (ids[copy], similarity)
            for id, state, copy, similarity in zip(
                ids, self.decided.state.tolist(), self.decided.copy_of.tolist(),
                self.decided.similarity.tolist(), strict=True,
            )
            if state != KEPT
        }  # fmt: skip

    @property
    def groups(self) -> dict[str, str]:
        ids = self.by_rank()
        return {id: ids[lowest] for id, lowest in zip(ids, self.decided.group_of.tolist(), strict=True)}


def outcome(
    folder: Path,
    segments: Sequence[Path],
    order: Order | None = None,
    limits: Limits | None = None,
    withdrawn: Sequence[Withdrawal] = (),
) -> Outcome:
    collection = Collection.open(list(segments), withdrawn)
    ranked = rank_documents(collection, order or Order())
    decided = decide(collection, ranked, limits or Limits(), folder)
    return Outcome(collection, ranked, decided, collection.column("id").to_pylist())


def defined(
    documents: Sequence[Document], threshold: float = 0.8, group_threshold: float = 0.5
) -> tuple[dict[str, tuple[str, float]], dict[str, str]]:
    """The definition: documents in order; one goes iff a kept one before it reaches the threshold, the first such.

    Returns the near duplicates with copy and similarity, and by id the first of its relatives.
    """
    order = sorted(documents, key=lambda one: (-len(one.text), one.id))
    gone: dict[str, tuple[str, float]] = {}
    parents = {one.id: one.id for one in order}

    def root(id: str) -> str:
        return id if parents[id] == id else root(parents[id])

    place = {one.id: number for number, one in enumerate(order)}
    for number, one in enumerate(order):
        for other in order[:number]:
            similarity = plain_jaccard(one.text, other.text)
            if similarity >= group_threshold:
                first, second = sorted((root(one.id), root(other.id)), key=place.__getitem__)
                parents[second] = first
            if similarity >= threshold and other.id not in gone and one.id not in gone:
                gone[one.id] = (other.id, similarity)
    return gone, {one.id: root(one.id) for one in order}
