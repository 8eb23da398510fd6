"""Dedup: exact and near duplicates over all corpora of the recipe at once, each verified before a document goes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from data_tools.dedup.scheme import Scheme
from data_tools.errors import DataError
from pipeline.errors import RecipeError
from pipeline.stage import CheckContext, Estimate, Inputs, Need, Resources, Stage, need

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from data_tools.dedup.collection import Collection
    from data_tools.dedup.inside import Kind
    from data_tools.dedup.versions import Settings, Version
    from pipeline.identity import Hasher, Json
    from pipeline.output import Output

SIGNED_FOLDER, WORK_FOLDER, PARTS_FOLDER, PARTS_TABLE = ".signed", ".pairs", ".parts", ".parts_table.npy"
REPEATED_PARTS = "repeated_parts"
BYTES_PER_SECOND = 12_000_000
"""Measured on one core with books and textbooks; used for the plan only."""
ROWS_AT_ONCE = 1024
DOCUMENTS_IN_ONE_PROCESS = 100_000
"""So few documents are paired in the step's own process: starting tasks would cost more."""


class Dedup(Stage):
    """Keep one copy of every text: the best in the order of ``prefer``, then the smallest id.

    A document goes if and only if a kept document before it in that order has the same words and marks
    (``exact_duplicate``) or shingles of a Jaccard similarity of at least ``threshold`` (``near_duplicate``); or if
    another source tells more of the same work (``same_doi``, ``same_pmid``, ``same_url``). The order is total, and
    nothing depends on how documents are sharded, or on how many workers there are. ``group`` in the keep-list names the
    cluster of relatives (links of at least ``group_threshold``): its best document.

    Signing and pairing are tasks. The step's own process holds some 200 bytes a document. What was signed stays in
    ``segments/`` for ``strata dedup``, 1.9 kB a document at the defaults.
    """

    name: ClassVar[str] = "dedup"
    version: ClassVar[int] = 3
    needs: ClassVar[Mapping[str, Need]] = {"documents": need("documents", many=True)}
    gives: ClassVar[str] = "keep"

    prefer: tuple[str, ...] = ("corpus", "length")
    """What makes a copy the better one, the weightiest first: ``corpus`` (the order of ``priority``), ``license`` (the
    order of ``licenses``), ``score`` (the higher one), ``length`` (the longer one)."""
    priority: tuple[str, ...] = ()
    """Corpora or domains whose copy is preferred, best first; all others come after, equal among themselves."""
    licenses: tuple[str, ...] = ()
    """SPDX expressions, best first; all others come after."""
    score: str = ""
    """The entry of ``meta`` that ``score`` in ``prefer`` stands for, such as the name of a scorer."""
    threshold: float = Field(0.8, gt=0, le=1)
    """Jaccard similarity of shingle sets (0..1) from which two texts are near duplicates. 0.8 is Gopher's."""
    group_threshold: float = Field(0.5, gt=0, le=1)
    """Similarity (0..1, at most ``threshold``) from which two kept documents must share a split. The lower it is, the
    more chance pairs must be compared: from some million documents on, 0.7 or the threshold itself is what one can
    afford."""
    shingle_words: int = Field(5, ge=1, le=50)
    """Words per shingle. FineWeb uses 5: one word changed in a hundred costs 0.09 of the similarity, at 13 words
    0.22."""
    num_hashes: int = Field(256, ge=1, le=4096)
    """Hashes of a signature."""
    catch: float = Field(0.98, gt=0, lt=1)
    """Chance with which the buckets must catch a pair of ``group_threshold``; more similar ones are caught more surely.
    Bands and rows follow from it: 64 bands of 4 at the defaults (0.984 at 0.5, 0.9998 at 0.6)."""
    against: str = ""
    """An index (``strata dedup add``), or the output of another dedup step, whose kept documents stand: a document that
    is a duplicate of one of them goes, whatever ``prefer`` says, and none of them does. Empty: there is none."""
    inside: Literal["", "paragraphs", "spans"] = ""
    """Parts of kept documents that stand in a better one too are cut out: ``paragraphs`` (lines) or ``spans`` of three
    sentences. Empty: none are looked for. A document that is left with fewer words than a part needs, and holds no copy
    that stays, goes (``repeated_parts``)."""
    inside_min_words: int = Field(20, ge=5)
    """Words that a part needs to count."""
    seed: int = Field(1, ge=0, lt=2**32)
    """Seed of the permutations (datasketch)."""

    def check(self, context: CheckContext) -> None:
        from data_tools.dedup.collection import PREFERENCES

        if self.group_threshold > self.threshold:
            raise RecipeError(
                f"{context.where}: group_threshold: must be at most threshold ({self.threshold}), "
                f"got {self.group_threshold}. Duplicates belong to one group"
            )
        for name in self.prefer:
            if name not in PREFERENCES:
                raise RecipeError(
                    f"{context.where}: prefer: there is no {name!r}. Use some of {', '.join(PREFERENCES)}"
                )
        if bool(self.score) != ("score" in self.prefer):
            raise RecipeError(f"{context.where}: score: must be named, and stand in prefer, or neither")
        try:
            self.scheme()
            self._standing()
        except DataError as error:
            raise RecipeError(f"{context.where}: {error}") from None

    def _standing(self) -> Version | None:
        """Return the version of the index in ``against``, if any; DataError where its texts cannot be compared."""
        from data_tools.dedup.versions import read_version

        if not self.against:
            return None
        found = read_version(Path(self.against).expanduser())
        self.scheme().check_same(found.settings.scheme, f"against: {self.against}")
        return found

    def depends_on(self, hasher: Hasher) -> Mapping[str, Json]:
        """What stands: segments are named by their content."""
        found = self._standing()
        if found is None:
            return {}
        withdrawn = sorted([list(one) for one in found.withdrawn])
        return {"against": {"segments": sorted(found.segments), "withdrawn": withdrawn, **found.settings.to_json()}}

    def scheme(self) -> Scheme:
        """Return how documents are signed; DataError where the hashes are too few for ``catch``."""
        return Scheme.of(self.shingle_words, self.num_hashes, self.seed, self.group_threshold, self.catch)

    def settings(self) -> Settings:
        """Return how documents are signed, ordered and judged."""
        from data_tools.dedup.collection import Order
        from data_tools.dedup.comparing import Limits
        from data_tools.dedup.versions import Settings

        order = Order(self.priority, self.licenses, self.prefer, self.score)
        return Settings(self.scheme(), order, Limits(self.threshold, self.group_threshold))

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        sizes = [documents.text_bytes for documents in inputs["documents"]]
        known = [size for size in sizes if size is not None]
        if len(known) < len(sizes):
            return Estimate()
        counts = [documents.num_documents for documents in inputs["documents"]]
        num_documents = sum(count or 0 for count in counts) if all(counts) else None
        scheme = self.scheme()
        per_document = 4 * scheme.num_hashes + 12 * scheme.bands + 150
        return Estimate(
            text_bytes=sum(known),
            num_documents=num_documents,
            seconds=sum(known) / BYTES_PER_SECOND,
            disk_bytes=None if num_documents is None else per_document * num_documents,
            gpu_hours=0.0,
            basis="12 MB of text per second and core; no duplicates subtracted",
        )

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        from data_tools.dedup.collection import Collection, rank_documents
        from data_tools.dedup.deciding import decide, run_here
        from data_tools.dedup.fates import Fates
        from data_tools.dedup.versions import Version, write_version
        from stages.dedup.evidence import blocks, metrics

        settings = self.settings()
        folders = sign_and_build(inputs, out, settings.scheme, self.score)
        standing = stands_in(Path(self.against).expanduser()) if self.against else {}
        collection = Collection.open([*standing, *folders], standing=list(standing.values()))
        ranked = rank_documents(collection, settings.order)

        def run_tasks(
            name: str, function: Callable[..., Any], calls: Mapping[str, Mapping[str, Any]]
        ) -> Mapping[str, Any]:
            return out.map(function, calls, name=name)

        few = collection.num_documents <= DOCUMENTS_IN_ONE_PROCESS
        decided = decide(collection, ranked, settings.limits, out.path / WORK_FOLDER, run_here if few else run_tasks)
        fates = Fates(collection, ranked, decided)
        write_version(out.path, Version(0, settings, tuple(folder.name for folder in folders)), fates)
        calls = _shards(collection, out.path)
        if self.inside:
            inside = {"kind": self.inside, "min_words": self.inside_min_words}
            out.map(count_shard, {name: {**call, **inside} for name, call in calls.items()}, name="parts")
            merge_parts(out.path)
            calls = {name: {**call, "inside": inside} for name, call in calls.items()}
        written = out.map(write_shard, calls, name="write")
        for block in blocks(fates, self, written.values()):
            out.block(block)
        return metrics(fates, written.values())


def sign_and_build(inputs: Inputs, out: Output, scheme: Scheme, score: str) -> list[Path]:
    """Sign every shard of the inputs, and make segments of them; return their folders."""
    from data_tools.dedup.segment import Source, grouped
    from data_tools.dedup.versions import SEGMENTS_FOLDER
    from data_tools.documents import shards

    places = {f"{a.key}-{shard.stem}": (a.key, shard) for a in inputs["documents"] for shard in shards(a.path)}
    signed = out.map(
        sign_shard,
        {
            name: {
                "shard": str(shard),
                "prefix": str(out.path / SIGNED_FOLDER / name),
                "scheme": scheme.header(),
                "score": score,
            }
            for name, (_, shard) in places.items()
        },
        name="sign",
    )
    found = [
        (out.path / SIGNED_FOLDER / name, Source(str(shard), key, signed[name]))
        for name, (key, shard) in places.items()
    ]
    groups = {f"{group[0][1].key}-{number:05d}": group for number, group in enumerate(grouped(found))}
    out.map(
        make_segment,
        {
            name: {
                "folder": str(out.path / SEGMENTS_FOLDER / name),
                "scheme": scheme.header(),
                "prefixes": [str(prefix) for prefix, _ in group],
                "sources": [vars(source) for _, source in group],
            }
            for name, group in groups.items()
        },
        name="segments",
    )
    return [out.path / SEGMENTS_FOLDER / name for name in groups]


def stands_in(root: Path) -> dict[Path, NDArray[np.bool_]]:
    """Return the segments of an index, and which documents of each it keeps."""
    import pyarrow.compute as pc

    from data_tools.dedup.versions import read_fates, read_version

    version = read_version(root)
    kept = pc.equal(read_fates(root, version)["rule"], "").to_numpy()
    found, first = {}, 0
    for segment in version.collection(root).segments:
        found[segment.folder] = kept[first : first + segment.num_documents]
        first += segment.num_documents
    return found


def sign_shard(shard: str, prefix: str, scheme: Mapping[str, Any], score: str) -> int:
    """Sign the documents of one shard; return how many."""
    from data_tools.dedup.signing import sign_documents

    return sign_documents(Path(shard), Path(prefix), Scheme.read(scheme, "this step"), score)


def make_segment(
    folder: str, scheme: Mapping[str, Any], prefixes: Sequence[str], sources: Sequence[Mapping[str, Any]]
) -> int:
    """Make a segment of signed shards; return how many documents it has."""
    from data_tools.dedup.segment import Source, build_segment

    own = [Source(**source) for source in sources]
    build_segment(Path(folder), Scheme.read(scheme, "this step"), [Path(prefix) for prefix in prefixes], own)
    return sum(source.num_documents for source in own)


def _shards(collection: Collection, folder: Path) -> dict[str, dict[str, Any]]:
    """Return the calls of ``write_shard``: every shard with its place in a segment's fates."""
    from data_tools.dedup.versions import fates_file

    calls = {}
    for place, segment in collection.own_segments():
        first = 0
        for source in segment.sources:
            calls[f"{source.key}-{Path(source.shard).stem}"] = {
                "shard": source.shard,
                "documents_key": source.key,
                "fates": str(fates_file(folder, 0, segment.folder.name)),
                "rows": [first, source.num_documents],
                "number": collection.offset(place) + first,
                "folder": str(folder),
            }
            first += source.num_documents
    return calls


def _kept_texts(
    shard: str, fates: str, rows: Sequence[int], number: int, folder: str
) -> Iterator[tuple[int, str, str]]:
    """Yield (rank, id, text) of a shard's kept documents; ``number`` is its first document's number."""
    import numpy as np
    import pyarrow.parquet as pq

    from data_tools.documents import read_tuples

    rules = pq.read_table(fates, columns=["rule"])["rule"].slice(rows[0], rows[1]).to_pylist()
    ranks = np.load(Path(folder) / WORK_FOLDER / "rank_of.npy", mmap_mode="r")[number : number + rows[1]].tolist()
    for (id, text), rule, rank in zip(read_tuples(Path(shard), ("id", "text")), rules, ranks, strict=True):
        if not rule:
            yield rank, id, text


def count_shard(
    shard: str,
    documents_key: str,
    fates: str,
    rows: Sequence[int],
    number: int,
    folder: str,
    kind: Kind,
    min_words: int,
) -> int:
    """Count the parts of one shard's kept documents; return how many different ones there are."""
    from data_tools.arrays import save_array
    from data_tools.dedup.inside import count_parts, parts_of

    texts = _kept_texts(shard, fates, rows, number, folder)
    counts = count_parts((rank, parts_of(text, kind, min_words)) for rank, _, text in texts)
    save_array(Path(folder) / PARTS_FOLDER / f"{documents_key}-{Path(shard).stem}.npy", counts)
    return len(counts)


def merge_parts(folder: Path) -> None:
    """Make the table of the parts that several documents hold."""
    from data_tools.arrays import save_array
    from data_tools.boilerplate import merge

    counts = sorted((folder / PARTS_FOLDER).glob("*.npy"))
    save_array(folder / PARTS_TABLE, merge(counts, 2))


def write_shard(
    shard: str,
    documents_key: str,
    fates: str,
    rows: Sequence[int],
    number: int,
    folder: str,
    inside: Mapping[str, Any] | None = None,
) -> dict[str, Json]:
    """Write the keep-list of one shard and the documents that it dropped; ``rows``: its first fate, and how many."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from data_tools.documents import Document, dropped, dropped_writer
    from data_tools.keep import write_keep

    path = Path(shard)
    own = pq.read_table(fates).slice(rows[0], rows[1])
    cut = _cut_shard(shard, fates, rows, number, folder, **inside) if inside else _NOTHING_CUT
    emptied = pc.is_in(own["id"], pa.array(sorted(cut["emptied"]), pa.string()))
    kept = pc.and_(pc.equal(own["rule"], ""), pc.invert(emptied))
    stays = own.filter(kept)
    cuts = [cut["cuts"].get(id, "") for id in stays["id"].to_pylist()]
    write_keep(
        Path(folder),
        documents_key,
        path.stem,
        {"id": stays["id"], "group": stays["group"], "cuts": pa.array(cuts, pa.string())},
    )
    gone = pc.invert(kept)
    with dropped_writer(Path(folder), f"{documents_key}-{path.stem}") as refused:
        if stays.num_rows < own.num_rows:
            first = 0
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
                    mask = gone.slice(first, len(batch)).combine_chunks()
                    decisions = own.slice(first, len(batch)).filter(mask).to_pylist()
                    for row, fate in zip(pa.table(batch).filter(mask).to_pylist(), decisions, strict=True):
                        document = Document(**row)
                        rule = fate["rule"] or REPEATED_PARTS
                        copy = fate["kept"] if fate["rule"] else ""
                        refused.write(dropped(document, "dedup", rule, fate["similarity"], copy))
                    first += len(batch)
    return {"kept": stays.num_rows, "emptied": len(cut["emptied"]), "cut_documents": len(cut["cuts"]),
            "cut_bytes": cut["bytes"]}  # fmt: skip


_NOTHING_CUT: dict[str, Any] = {"cuts": {}, "emptied": (), "bytes": 0}


def _cut_shard(
    shard: str, fates: str, rows: Sequence[int], number: int, folder: str, kind: Kind, min_words: int
) -> dict[str, Any]:
    """Return by id what is cut out of a shard's kept documents, which of them have nothing left, and the bytes gone."""
    from data_tools.boilerplate import Table, read_counts
    from data_tools.dedup.inside import cut_parts, parts_of
    from data_tools.keep import Kept
    from data_tools.shingles import words_of

    table = Table.of(read_counts(Path(folder) / PARTS_TABLE))
    cuts: dict[str, str] = {}
    emptied: list[str] = []
    num_bytes = 0
    for rank, id, text in _kept_texts(shard, fates, rows, number, folder):
        found = cut_parts(parts_of(text, kind, min_words), rank, table)
        if not found.spans:
            continue
        as_json = json.dumps(found.spans)
        left = Kept("", "", as_json).text_of(text)
        if not found.owns and len(words_of(left)) < min_words:
            emptied.append(id)
            num_bytes += len(text.encode())
        else:
            cuts[id] = as_json
            num_bytes += len(text.encode()) - len(left.encode())
    return {"cuts": cuts, "emptied": emptied, "bytes": num_bytes}


STAGE = Dedup
