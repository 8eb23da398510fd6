"""Dedup: exact and near duplicates over all corpora of the recipe at once, each verified before a document goes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipeline.errors import RecipeError, StepError
from pipeline.stage import Block, CheckContext, Estimate, Inputs, Need, Resources, Stage, need

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from data_tools.index import Duplicates
    from pipeline.identity import Json
    from pipeline.output import Output

SIGNATURES_FOLDER = ".signatures"
DECISIONS_FOLDER = ".decisions"
BYTES_PER_SECOND = 2_000_000
"""Measured on one core with books and textbooks; used for the plan only."""


class Dedup(Stage):
    """Keep one copy of every text: the best in the order of ``priority``, then the longest, then the smallest id.

    A document goes if and only if a kept document before it in that order has the same normalised text
    (``exact_duplicate``) or shingles of a Jaccard similarity of at least ``threshold`` (``near_duplicate``). The
    order is total, and nothing depends on how documents are sharded. ``group`` in the keep-list names the
    near-duplicate cluster (links of at least ``group_threshold``): the smallest document id in it.

    Signatures are made one shard per task. Bands and decisions are made in the step's own process, which
    holds 4 bytes per hash, 8 per band and about 300 of names per document (1.8 GB per million at the defaults);
    shingles (8 bytes per word) stay on disk and are read where two documents are compared.
    """

    name: ClassVar[str] = "dedup"
    version: ClassVar[int] = 2
    needs: ClassVar[Mapping[str, Need]] = {"documents": need("documents", many=True)}
    gives: ClassVar[str] = "keep"

    priority: tuple[str, ...] = ()
    """Corpora or domains whose copy is preferred, best first; all others come after, equal among themselves."""
    threshold: float = Field(0.8, gt=0, le=1)
    """Jaccard similarity of shingle sets (0..1) from which two texts are near duplicates. 0.8 is Gopher's."""
    group_threshold: float = Field(0.5, gt=0, le=1)
    """Similarity (0..1, at most ``threshold``) from which two kept documents must share a split."""
    shingle_words: int = Field(5, ge=1, le=50)
    """Words per shingle. FineWeb uses 5: one word changed in a hundred costs 0.09 of the similarity, at 13 words
    0.22."""
    num_bands: int = Field(64, ge=1)
    """Bands of the index. 64 bands of 4 catch a pair at 0.85 with a chance of 1 - 3e-21, at 0.6 of 0.9998, and at 0.5,
    where documents must share a split, of 0.984 (32 bands: 0.873)."""
    rows_per_band: int = Field(4, ge=1)
    """Hashes per band; signatures have ``num_bands`` x ``rows_per_band`` hashes."""
    seed: int = Field(1, ge=0, lt=2**32)
    """Seed of the permutations (datasketch)."""

    def check(self, context: CheckContext) -> None:
        if self.group_threshold > self.threshold:
            raise RecipeError(
                f"{context.where}: group_threshold: must be at most threshold ({self.threshold}), "
                f"got {self.group_threshold}. Duplicates belong to one group"
            )

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        sizes = [documents.text_bytes for documents in inputs["documents"]]
        known = [size for size in sizes if size is not None]
        if len(known) < len(sizes):
            return Estimate()
        counts = [documents.num_documents for documents in inputs["documents"]]
        return Estimate(
            text_bytes=sum(known),
            num_documents=sum(count or 0 for count in counts) if all(counts) else None,
            seconds=sum(known) / BYTES_PER_SECOND,
            disk_bytes=0.01 * sum(known),
            gpu_hours=0.0,
            basis="2 MB of text per second and core; no duplicates subtracted",
        )

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        from data_tools.documents import shards

        names: dict[str, tuple[str, Path]] = {}
        for artifact in inputs["documents"]:
            for shard in shards(artifact.path):
                names[f"{artifact.key}-{shard.stem}"] = (artifact.key, shard)
        num_hashes = self.num_bands * self.rows_per_band
        out.map(
            sign_shard,
            {
                name: {
                    "shard": str(shard),
                    "prefix": str(out.path / SIGNATURES_FOLDER / name),
                    "shingle_words": self.shingle_words,
                    "num_hashes": num_hashes,
                    "seed": self.seed,
                }
                for name, (_, shard) in names.items()
            },
            name="sign",
        )
        corpus = SignedCorpus.load(out.path / SIGNATURES_FOLDER, list(names), self.priority)
        decided = decide(corpus, self)
        write_decisions(corpus, decided, out.path / DECISIONS_FOLDER)
        out.map(
            write_shard,
            {
                name: {
                    "shard": str(shard),
                    "documents_key": key,
                    "decisions": str(out.path / DECISIONS_FOLDER / f"{name}.parquet"),
                    "folder": str(out.path),
                }
                for name, (key, shard) in names.items()
            },
            name="write",
        )
        for block in _blocks(self, corpus, decided):
            out.block(block)
        return _metrics(corpus, decided)


def sign_shard(shard: str, prefix: str, shingle_words: int, num_hashes: int, seed: int) -> dict[str, Json]:
    """Write the signatures, shingles and names of one shard's documents beside ``prefix``; return how many."""
    import numpy as np
    import pyarrow as pa

    from data_tools.documents import ShardWriter, read_rows
    from data_tools.shingles import WordHashes, exact_digest, shingle_set, words_of
    from data_tools.signatures import Signer

    signer, table = Signer(num_hashes, seed), WordHashes()
    signatures: list[NDArray[np.uint32]] = []
    sets: list[NDArray[np.uint64]] = []
    text_fields = [(name, pa.string()) for name in ("id", "corpus", "domain", "digest")]
    schema = pa.schema([*text_fields, ("num_characters", pa.int64()), ("num_bytes", pa.int64())])
    with ShardWriter(Path(f"{prefix}.parquet"), schema) as writer:
        for row in read_rows(Path(shard), ["id", "text", "corpus", "domain"]):
            text = row.pop("text")
            shingles = shingle_set(table.array(words_of(text)), shingle_words)
            sets.append(shingles)
            signatures.append(signer.sign(shingles))
            sizes = {"num_characters": len(text), "num_bytes": len(text.encode())}
            writer.write({**row, "digest": exact_digest(text), **sizes})
    _save(f"{prefix}.signatures.npy", np.stack(signatures) if signatures else np.empty((0, num_hashes), np.uint32))
    _save(f"{prefix}.shingles.npy", np.concatenate(sets) if sets else np.empty(0, np.uint64))
    _save(f"{prefix}.offsets.npy", np.cumsum([0, *map(len, sets)]).astype(np.int64))
    return {"documents": len(sets)}


def _save(path: str, array: Any) -> None:
    import numpy as np

    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "wb") as stream:
        np.save(stream, array)
    os.replace(temporary, path)


@dataclass
class SignedCorpus:
    """All documents of the recipe, best first: names, sizes, signatures; shingles stay on disk."""

    shard_names: list[str]
    columns: dict[str, list[Any]]
    """id, corpus, domain, digest, num_characters, num_bytes; and shard and row, which say where a document lies."""
    signatures_NH: NDArray[np.uint32]
    shingles: list[NDArray[np.uint64]]
    """Per shard, memory-mapped."""
    offsets: list[NDArray[np.int64]]

    @classmethod
    def load(cls, folder: Path, shard_names: list[str], priority: Sequence[str]) -> SignedCorpus:
        """Read what ``sign_shard`` wrote, in the total order; StepError where an id occurs twice."""
        import numpy as np

        from data_tools.documents import read_rows

        records: list[dict[str, Any]] = []
        for number, name in enumerate(shard_names):
            for row, record in enumerate(read_rows(folder / f"{name}.parquet")):
                records.append({**record, "shard": number, "row": row})
        _refuse_repeated_ids(records)
        ranks = {name: rank for rank, name in reversed(list(enumerate(priority)))}
        last = len(priority)

        def place(position: int) -> tuple[int, int, str]:
            record = records[position]
            rank = min(ranks.get(record["corpus"], last), ranks.get(record["domain"], last))
            return rank, -record["num_characters"], record["id"]

        order = sorted(range(len(records)), key=place)
        signatures = [np.load(folder / f"{name}.signatures.npy") for name in shard_names]
        joined = np.concatenate(signatures) if signatures else np.empty((0, 1), np.uint32)
        columns = ("id", "corpus", "domain", "digest", "num_characters", "num_bytes", "shard", "row")
        return cls(
            shard_names,
            {name: [records[position][name] for position in order] for name in columns},
            joined[order],
            [np.load(folder / f"{name}.shingles.npy", mmap_mode="r") for name in shard_names],
            [np.load(folder / f"{name}.offsets.npy") for name in shard_names],
        )

    def shingles_of(self, document: int) -> NDArray[np.uint64]:
        """Return the sorted shingle set of one document, given its place in the order."""
        shard, row = self.columns["shard"][document], self.columns["row"][document]
        offsets = self.offsets[shard]
        shingles: NDArray[np.uint64] = self.shingles[shard][offsets[row] : offsets[row + 1]]
        return shingles


def _refuse_repeated_ids(records: Sequence[Mapping[str, Any]]) -> None:
    seen: set[str] = set()
    for record in records:
        if record["id"] in seen:
            raise StepError(
                f"dedup: document ids must be unique over all inputs, got {record['id']!r} twice "
                f"(again in corpus {record['corpus']}). Check that no corpus is an input twice"
            )
        seen.add(record["id"])


@dataclass
class Decisions:
    """By place in the order: the rule that dropped a document ("" where kept), by which copy, and its group."""

    rules: list[str]
    kept_copy: list[int]
    similarity: list[float]
    groups: list[str]
    found: Duplicates


def decide(corpus: SignedCorpus, stage: Dedup) -> Decisions:
    """Exact duplicates first, then the near duplicates among the first copies; a later exact copy follows its first."""
    from data_tools.index import find_duplicates

    ids, digests = corpus.columns["id"], corpus.columns["digest"]
    first_of: dict[str, int] = {}
    first = [first_of.setdefault(digest, place) for place, digest in enumerate(digests)]
    singles = sorted(first_of.values())
    found = find_duplicates(
        corpus.signatures_NH[singles],
        lambda single: corpus.shingles_of(singles[single]),
        bands=stage.num_bands,
        rows=stage.rows_per_band,
        threshold=stage.threshold,
        group_threshold=stage.group_threshold,
    )
    single_of = {place: single for single, place in enumerate(singles)}
    rules, kept_copy, similarity, roots = [], [], [], []
    for place, first_place in enumerate(first):
        single = single_of[first_place]
        copy = found.kept_copy[single]
        is_exact = copy < 0 and place != first_place
        rules.append("exact_duplicate" if is_exact else "near_duplicate" if copy >= 0 else "")
        kept_copy.append(first_place if is_exact else singles[copy] if copy >= 0 else -1)
        similarity.append(1.0 if is_exact else found.similarity[single])
        roots.append(found.components.find(single))
    smallest: dict[int, str] = {}
    for root, document in zip(roots, ids, strict=True):
        smallest[root] = min(smallest.get(root, document), document)
    return Decisions(rules, kept_copy, similarity, [smallest[root] for root in roots], found)


def write_decisions(corpus: SignedCorpus, decided: Decisions, folder: Path) -> None:
    """Write one file per shard, in the shard's own order: id, group, rule, kept copy's id, similarity."""
    import pyarrow as pa

    from data_tools.documents import ShardWriter

    columns = corpus.columns
    by_shard: dict[int, list[int]] = {number: [] for number in range(len(corpus.shard_names))}
    for place, shard in enumerate(columns["shard"]):
        by_shard[shard].append(place)
    text_fields = [(name, pa.string()) for name in ("id", "group", "rule", "kept")]
    schema = pa.schema([*text_fields, ("similarity", pa.float64())])
    for number, places in by_shard.items():
        with ShardWriter(folder / f"{corpus.shard_names[number]}.parquet", schema) as writer:
            for place in sorted(places, key=columns["row"].__getitem__):
                copy = decided.kept_copy[place]
                kept = columns["id"][copy] if copy >= 0 else ""
                identity = {"id": columns["id"][place], "group": decided.groups[place]}
                writer.write(
                    {**identity, "rule": decided.rules[place], "kept": kept, "similarity": decided.similarity[place]}
                )


def write_shard(shard: str, documents_key: str, decisions: str, folder: str) -> dict[str, Json]:
    """Write the keep-list of one shard and the documents that it dropped."""
    from data_tools.documents import Document, dropped, dropped_writer, read_rows
    from data_tools.keep import keep_writer

    path = Path(shard)
    kept = 0
    with (
        keep_writer(Path(folder), documents_key, path.stem) as keep,
        dropped_writer(Path(folder), f"{documents_key}-{path.stem}") as refused,
    ):
        for row, decision in zip(read_rows(path), read_rows(Path(decisions)), strict=True):
            if decision["rule"]:
                document = Document(**row)
                refused.write(dropped(document, "dedup", decision["rule"], decision["similarity"], decision["kept"]))
            else:
                keep.write({"id": row["id"], "group": decision["group"], "split": ""})
                kept += 1
    return {"kept": kept}


def _metrics(corpus: SignedCorpus, decided: Decisions) -> dict[str, Json]:
    kept = [not rule for rule in decided.rules]
    sizes = Counter(decided.groups)
    return {
        "documents_in": len(kept),
        "documents_out": sum(kept),
        "bytes_out": sum(size for size, keeps in zip(corpus.columns["num_bytes"], kept, strict=True) if keeps),
        "dropped_by_rule": dict(sorted(Counter(filter(None, decided.rules)).items())),
        "groups_of_several": sum(count > 1 for count in sizes.values()),
        "largest_group": max(sizes.values(), default=0),
        "candidate_pairs": decided.found.num_candidates,
        "verified_pairs": decided.found.num_verified,
    }


def _blocks(stage: Dedup, corpus: SignedCorpus, decided: Decisions) -> list[Block]:
    from data_tools.signatures import catch_probability

    names = sorted(set(corpus.columns["corpus"]))
    pairs: Counter[tuple[str, str]] = Counter()
    for place, copy in enumerate(decided.kept_copy):
        if copy >= 0:
            pairs[corpus.columns["corpus"][place], corpus.columns["corpus"][copy]] += 1
    similarities = [step / 100 for step in range(101)]
    caught = [round(catch_probability(value, stage.num_bands, stage.rows_per_band), 6) for value in similarities]
    return [
        Block(
            "table",
            "Duplicates across corpora",
            {
                "columns": ["dropped from \\ kept in", *names],
                "rows": [[name, *(pairs[name, other] for other in names)] for name in names],
                "align": ["left", *("right" for _ in names)],
            },
            "Documents of the row's corpus that were dropped because the column's corpus holds the kept copy.",
        ),
        Block(
            "curves",
            "Chance that the index catches a pair",
            {
                "x_label": "Jaccard similarity of shingle sets",
                "y_label": "chance",
                "series": [
                    {"name": f"{stage.num_bands} bands of {stage.rows_per_band}", "x": similarities, "y": caught}
                ],
                "marks": [
                    {"x": stage.threshold, "label": "duplicate"},
                    {"x": stage.group_threshold, "label": "same group"},
                ],
            },
            "Every pair caught is verified by its exact similarity before a document goes.",
        ),
    ]


STAGE = Dedup
