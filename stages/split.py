"""Split: every kept document to train, dev or test, by near-duplicate cluster and source."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from pipeline.errors import RecipeError, StepError
from pipeline.stage import Block, CheckContext, Estimate, Inputs, Need, Resources, Stage, need

if TYPE_CHECKING:
    from data_tools.splitting import Assignment, Piece
    from pipeline.identity import Json
    from pipeline.output import Output

PIECES_FOLDER = ".pieces"
SPLITS_FOLDER = ".splits"


class Split(Stage):
    """Assign near-duplicate clusters and sources whole, by a hash of the seed; see data_tools/splitting.py.

    The law, the gap monitor, early choices and the merge see dev only; only ``evaluate`` opens test.
    """

    name: ClassVar[str] = "split"
    version: ClassVar[int] = 2
    needs: ClassVar[Mapping[str, Need]] = {
        "documents": need("documents", many=True),
        "keep": need("keep"),
        "fixed": need("keep", optional=True),
    }
    gives: ClassVar[str] = "keep"

    dev_share: float = Field(0.05, gt=0, le=0.4)
    """Share (0..1) of each part's bytes that goes to dev."""
    test_share: float = Field(0.05, gt=0, le=0.4)
    """Share (0..1) of each part's bytes that goes to test."""
    max_dev_bytes: int = Field(2_000_000, ge=1)
    """Dev text per part in bytes is not aimed above this: it is evaluated many times. A unit may overshoot by half."""
    max_test_bytes: int = Field(4_000_000, ge=1)
    """Test text per part in bytes is not aimed above this."""
    max_dev_documents: int = Field(20_000, ge=1)
    """Most dev documents per part."""
    max_test_documents: int = Field(20_000, ge=1)
    """Most test documents per part."""
    unit: Literal["source", "document", "source_or_document"] = "source_or_document"
    """What stays whole besides near-duplicates: ``source`` (a file or record, all its parts), ``document``
    (nothing), or ``source_or_document``: the source, but documents in a part with so few or so large sources that
    dev or test would be empty or hold a tenth of it. The report says which it was."""
    seed: int = Field(0, ge=0)
    """Seed of the hash that orders units."""

    def check(self, context: CheckContext) -> None:
        if self.dev_share + self.test_share > 0.5:
            raise RecipeError(
                f"{context.where}: dev_share + test_share: must be at most 0.5, "
                f"got {self.dev_share} + {self.test_share}. Leave text to train on"
            )

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        kept = inputs["keep"][0]
        if kept.text_bytes is None:
            return kept
        seconds = 1 + kept.text_bytes / 50e6
        return kept.but(seconds=seconds, disk_bytes=0.01 * kept.text_bytes, gpu_hours=0.0, basis="50 MB of text/s")

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        from data_tools.documents import read_rows, shards
        from data_tools.errors import DataError
        from data_tools.splitting import Piece, Targets, assign

        places = {
            f"{artifact.key}-{shard.stem}": (artifact.key, shard)
            for artifact in inputs["documents"]
            for shard in shards(artifact.path)
        }
        keep = str(inputs.one("keep").path)
        calls = {
            name: {"shard": str(shard), "documents_key": key, "keep": keep, "to": str(out.path / PIECES_FOLDER / name)}
            for name, (key, shard) in places.items()
        }
        out.map(describe_shard, calls, name="describe")
        pieces = [Piece(**row) for name in places for row in read_rows(out.path / PIECES_FOLDER / f"{name}.parquet")]
        if not pieces:
            raise StepError(f"split: the keep-list {keep} keeps no document. Look at what the steps before dropped")
        targets = {
            "dev": Targets(self.dev_share, self.max_dev_bytes, self.max_dev_documents),
            "test": Targets(self.test_share, self.max_test_bytes, self.max_test_documents),
        }
        earlier = inputs.maybe("fixed")
        fixed = _fixed(earlier.path) if earlier is not None else {}
        try:
            assignment = assign(sorted(pieces, key=lambda piece: piece.id), fixed, targets, self.unit, self.seed)
        except DataError as error:
            raise StepError(str(error)) from None
        _write_splits(places, pieces, assignment, out.path / SPLITS_FOLDER, out.path / PIECES_FOLDER)
        calls = {
            name: {
                "shard": str(shard),
                "documents_key": key,
                "splits": str(out.path / SPLITS_FOLDER / f"{name}.json"),
                "folder": str(out.path),
                "keep": keep,
            }
            for name, (key, shard) in places.items()
        }
        out.map(write_shard, calls, name="write")
        metrics = _metrics(pieces, assignment, fixed)
        for block in _blocks(metrics, self.unit):
            out.block(block)
        return metrics


def describe_shard(shard: str, documents_key: str, keep: str, to: str) -> dict[str, Json]:
    """Write what the assignment needs to know of one shard's kept documents to ``<to>.parquet``."""
    import pyarrow as pa

    from data_tools.documents import ShardWriter, read_rows
    from data_tools.keep import read_keep
    from data_tools.splitting import part_of

    kept = read_keep(Path(keep), documents_key, Path(shard).stem)
    fields = [(name, pa.string()) for name in ("id", "part", "group", "source")]
    with ShardWriter(Path(f"{to}.parquet"), pa.schema([*fields, ("num_bytes", pa.int64())])) as writer:
        for row in read_rows(Path(shard), ["id", "text", "corpus", "domain", "source", "meta"]):
            if row["id"] in kept:
                source = f"{row['corpus']}/{source_of(row['source'], row['meta']) or row['id']}"
                own = kept[row["id"]]
                piece = {"id": row["id"], "part": part_of(row["domain"]), "group": own.group}
                writer.write({**piece, "source": source, "num_bytes": len(own.text_of(row["text"]).encode())})
    return {"documents": writer.num_rows}


def source_of(source: str, meta: str) -> str:
    """Return the file or record that a document is part of: its source, without the part's number where meta has one.

    ``book.txt#3`` with ``"part": 3`` in meta belongs to ``book.txt``; record ``rows.jsonl#3`` is a source of its own.
    """
    return source.rpartition("#")[0] or source if "part" in json.loads(meta or "{}") else source


def _fixed(folder: Path) -> dict[str, str]:
    """Return the split of every document of an earlier split."""
    from data_tools.documents import read_rows
    from data_tools.keep import KEEP_FOLDER

    splits: dict[str, str] = {}
    for path in sorted((folder / KEEP_FOLDER).glob("*/*.parquet")):
        for row in read_rows(path, ["id", "split"]):
            if not row["split"]:
                raise StepError(f"{path}: document {row['id']} has no split. Give a split step as 'fixed'")
            splits[row["id"]] = row["split"]
    return splits


def _write_splits(
    places: Mapping[str, Any], pieces: Sequence[Piece], assignment: Assignment, folder: Path, described: Path
) -> None:
    """Write, per shard, document id -> [group, split]."""
    from data_tools.documents import read_rows
    from pipeline.artifact import write_json

    folder.mkdir(exist_ok=True)
    for name in places:
        rows = read_rows(described / f"{name}.parquet", ["id", "group"])
        write_json(folder / f"{name}.json", {row["id"]: [row["group"], assignment.splits[row["id"]]] for row in rows})


def write_shard(shard: str, documents_key: str, keep: str, splits: str, folder: str) -> dict[str, Json]:
    """Write the keep-list of one shard with its splits, and the documents that straddle."""
    from data_tools.documents import Document, dropped, dropped_writer, read_rows
    from data_tools.keep import keep_writer, read_keep
    from data_tools.splitting import STRADDLES

    path = Path(shard)
    assigned = json.loads(Path(splits).read_text("utf-8"))
    before = read_keep(Path(keep), documents_key, path.stem)
    with (
        keep_writer(Path(folder), documents_key, path.stem) as kept,
        dropped_writer(Path(folder), f"{documents_key}-{path.stem}") as refused,
    ):
        straddling = {document for document, (_, split) in assigned.items() if split == STRADDLES}
        for row in read_rows(path) if straddling else ():
            if row["id"] in straddling:
                group = assigned[row["id"]][0]
                refused.write(dropped(Document(**row), "split", STRADDLES, None, f"group {group}"))
        for document, (group, split) in assigned.items():
            if split != STRADDLES:
                kept.write({"id": document, "group": group, "split": split, "cuts": before[document].cuts})
    return {"kept": kept.num_rows}


def _metrics(pieces: Sequence[Piece], assignment: Assignment, fixed: Mapping[str, str]) -> dict[str, Json]:
    from data_tools.splitting import STRADDLES

    documents: defaultdict[str, Counter[str]] = defaultdict(Counter)
    sizes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    of_source: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for piece in pieces:
        split = assignment.splits[piece.id]
        documents[piece.part][split] += 1
        sizes[piece.part][split] += piece.num_bytes
        if assignment.units[piece.part] == "source" and split != STRADDLES:
            of_source[piece.part, piece.source].add(split)
    num_straddling = sum(counter[STRADDLES] for counter in documents.values())
    return {
        "documents_in": len(pieces),
        "documents_out": len(pieces) - num_straddling,
        "bytes_out": sum(size for counter in sizes.values() for name, size in counter.items() if name != STRADDLES),
        "dropped_by_rule": {STRADDLES: num_straddling} if num_straddling else {},
        "documents": {part: dict(sorted(counter.items())) for part, counter in sorted(documents.items())},
        "bytes": {part: dict(sorted(counter.items())) for part, counter in sorted(sizes.items())},
        "unit": dict(assignment.units),
        "already_split": sum(piece.id in fixed for piece in pieces),
        "sources_in_several_splits": sum(len(splits) > 1 for splits in of_source.values()),
    }


def _blocks(metrics: Mapping[str, Any], unit: str) -> list[Block]:
    rows = [
        [part, split, metrics["unit"][part], count, metrics["bytes"][part][split]]
        for part, counts in metrics["documents"].items()
        for split, count in counts.items()
    ]
    blocks = [
        Block(
            "table",
            "Train, dev and test",
            {
                "columns": ["part", "split", "whole by", "documents", "bytes"],
                "rows": rows,
                "align": ["left", "left", "left", "right", "right"],
            },
            "Near-duplicate clusters are never in two splits; the third column says what else is kept whole.",
        )
    ]
    changed = [part for part, used in metrics["unit"].items() if used == "document" and unit == "source_or_document"]
    if changed:
        text = (
            f"Sources were not kept whole in the {' and the '.join(changed)} part: there are too few of them, or they "
            "are too large, for dev and test of their own. Test text is nearer to train text than it should be."
        )
        blocks.append(Block("text", "Sources straddle splits", {"text": text, "severity": "warning"}))
    return blocks


STAGE = Split
