"""Plant: put defects with known labels into documents, so that every later stage can be graded against them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from data_tools.planting.labels import CAUGHT_BY, KINDS
from pipeline.errors import RecipeError, StepError
from pipeline.stage import Block, CheckContext, Estimate, Inputs, Need, Resources, Stage, need

if TYPE_CHECKING:
    from data_tools.documents import Document
    from data_tools.planting.edits import AskedQuestion
    from data_tools.planting.plant import Plan
    from pipeline.artifact import Artifact
    from pipeline.identity import Json
    from pipeline.output import Output

BYTES_PER_SECOND = 8e6
"""Text read and written on one core: two passes over Parquet; measured on world text, for the plan only."""
COPIES_SUFFIX = "-copies"
MADE_SHARD = "planted"


class Plant(Stage):
    """Copy the documents, with defects planted into some and new defective documents added.

    Which documents are chosen depends on the seed and their ids alone, not on how they are sharded. Shards keep their
    names; copies of a shard's documents go to ``<shard>-copies``, documents made of something else to ``planted``.
    ``labels/labels.parquet`` says what is where (data_tools/planting/labels.py). No document is dropped.
    """

    name: ClassVar[str] = "plant"
    version: ClassVar[int] = 1
    needs: ClassVar[Mapping[str, Need]] = {
        "documents": need("documents"),
        "others": need("documents", many=True, optional=True),
        "questions": need("questions", many=True, optional=True),
    }
    gives: ClassVar[str] = "documents"

    num_per_kind: int = Field(40, ge=0, le=100_000)
    """Defects of each kind (0 or more). 40 is enough to see a broken stage; graded figures want 300."""
    counts: dict[str, int] = Field(default_factory=dict)
    """Other numbers for single kinds, such as ``{near: 300, question: 0}``."""
    max_share: float = Field(0.2, ge=0, le=1)
    """All kinds together are at most this share (0..1) of the documents; beyond it every kind shrinks alike. At 0.2
    less than a tenth of the good text is lost, since most kinds are additions or can be repaired."""
    seed: int = 0
    """Decides which documents carry what."""

    def check(self, context: CheckContext) -> None:
        unknown = sorted(set(self.counts) - set(KINDS))
        if unknown:
            raise RecipeError(
                f"{context.where}: counts: unknown kind of defect, got {unknown[0]!r}. Use some of {', '.join(KINDS)}"
            )
        for kind, count in self.counts.items():
            if count < 0:
                raise RecipeError(f"{context.where}: counts.{kind}: must be >= 0, got {count}")

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        (documents,) = inputs["documents"]
        if documents.text_bytes is None:
            return Estimate()
        return documents.but(
            seconds=documents.text_bytes / BYTES_PER_SECOND,
            disk_bytes=0.45 * documents.text_bytes,
            gpu_hours=0.0,
            basis="8 MB of text per second and core",
        )

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        documents = inputs.one("documents")
        questions = _questions(inputs.get("questions", []), out.step)
        plan, cross_shards = self._plan(documents, inputs.get("others", []), len(questions), out)
        results = out.map(plant_one_shard, self._calls(documents, plan, questions, out), name="plant")
        made = out.map(
            make_new_documents,
            {
                MADE_SHARD: {
                    "folder": str(out.path),
                    "model": str(_first_shard(documents, out.step)),
                    "num_per_kind": dict(plan.num_per_kind),
                    "cross_ids": list(plan.cross_ids),
                    "cross_shards": cross_shards,
                    "seed": self.seed,
                }
            },
            name="make",
        )
        return _finish([*results.values(), *made.values()], plan, out)

    def _wanted(self) -> dict[str, int]:
        return {kind: self.counts.get(kind, self.num_per_kind) for kind in KINDS}

    def _plan(
        self, documents: Artifact, others: Sequence[Artifact], num_questions: int, out: Output
    ) -> tuple[Plan, list[str]]:
        """Draw documents: one pass over all ids, then the deal. Return the plan and the shards to copy across from."""
        from data_tools.documents import shards
        from data_tools.planting.plant import make_plan

        wanted = self._wanted()
        scans: dict[str, dict[str, Any]] = {}
        for role, artifacts in (("own", [documents]), ("other", others)):
            for artifact in artifacts:
                for shard in shards(artifact.path):
                    name = f"{role}-{artifact.key}-{shard.stem}"
                    scans[name] = {
                        "shard": str(shard),
                        "seed": self.seed,
                        "num": sum(wanted.values()) if role == "own" else wanted["cross"],
                        "last": role == "other",
                    }
        results = out.map(scan_shard, scans, name="scan")
        own = [results[name] for name in scans if name.startswith("own-")]
        foreign = {scans[name]["shard"]: results[name] for name in scans if name.startswith("other-")}
        plan = make_plan(
            _pairs(own),
            sum(result["documents"] for result in own),
            wanted,
            self.max_share,
            _pairs(foreign.values()),
            num_questions,
        )
        chosen = set(plan.cross_ids)
        return plan, [shard for shard, result in foreign.items() if chosen & {id for _, id in result["drawn"]}]

    def _calls(
        self, documents: Artifact, plan: Plan, questions: Sequence[AskedQuestion], out: Output
    ) -> dict[str, dict[str, Any]]:
        from data_tools.documents import shards

        asked = questions[: max(plan.num_per_kind.get("question", 0), 1)]
        return {
            shard.stem: {
                "shard": str(shard),
                "folder": str(out.path),
                "slots": {id: list(slot) for id, slot in plan.slots.items()},
                "questions": [vars(question) for question in asked],
                "seed": self.seed,
            }
            for shard in shards(documents.path)
        }


def _pairs(results: Iterable[Any]) -> Iterator[tuple[int, str]]:
    for result in results:
        for rank, id in result["drawn"]:
            yield int(rank), id


def _questions(artifacts: Sequence[Artifact], step: str) -> list[AskedQuestion]:
    """Return the test questions of all artifacts, controls left out, in an order that mixes the tasks."""
    from data_tools.planting.edits import AskedQuestion
    from data_tools.worlds.engine import share_of
    from eval.errors import EvalError
    from eval.suite import read_questions

    found: list[AskedQuestion] = []
    for artifact in artifacts:
        for path in sorted((artifact.path / "questions" / "test").glob("*.jsonl")):
            if path.stem.endswith("_control"):
                continue
            try:
                asked = read_questions(path)
            except EvalError as error:
                raise StepError(f"step {step}: {error}") from None
            found += [
                AskedQuestion(one.id, one.question, one.choices, one.answer, one.kind == "cloze") for one in asked
            ]
    return sorted(found, key=lambda question: (share_of(question.id), question.id))


def _first_shard(documents: Artifact, step: str) -> Path:
    from data_tools.documents import read_rows, shards

    for shard in shards(documents.path):
        if next(read_rows(shard, ["id"]), None) is not None:
            return shard
    raise StepError(f"step {step}: {documents.path}: holds no documents, so there is nothing to plant into")


def scan_shard(shard: str, seed: int, num: int, last: bool) -> Json:
    """Return the shard's first (or ``last``) ``num`` documents of the draw and how many documents it holds."""
    from data_tools.documents import read_rows
    from data_tools.planting.plant import candidates

    rows = ((row["id"], row["text"]) for row in read_rows(Path(shard), ["id", "text"]))
    drawn, count = candidates(rows, seed, num, last)
    return {"drawn": [[str(rank), id] for rank, id in drawn], "documents": count}


def plant_one_shard(
    shard: str, folder: str, slots: Mapping[str, Sequence[Any]], questions: Sequence[Mapping[str, Any]], seed: int
) -> Json:
    """Write one shard with its defects, and beside it the copies of its documents; return counts and labels."""
    from data_tools.documents import Document, documents_writer, read_rows
    from data_tools.planting.edits import AskedQuestion
    from data_tools.planting.plant import plant_shard

    path = Path(shard)
    asked = [AskedQuestion(**{**row, "choices": tuple(row["choices"])}) for row in questions]
    places = {id: (str(kind), int(number)) for id, (kind, number) in slots.items()}
    counts: Counter[str] = Counter()
    labels = []
    copies: list[Document] = []
    with documents_writer(Path(folder), path.stem) as writer:
        rows = (Document(**row) for row in read_rows(path))
        for document, label, is_added in plant_shard(rows, places, seed, asked):
            counts.update(documents_in=not is_added, documents_out=1, bytes_out=len(document.text.encode()))
            labels.extend([vars(label)] if label else [])
            if is_added:
                copies.append(document)
            else:
                writer.write(document)
    if copies:
        with documents_writer(Path(folder), path.stem + COPIES_SUFFIX) as writer:
            for document in copies:
                writer.write(document)
    return {"counts": dict(counts), "labels": labels}


def make_new_documents(
    folder: str,
    model: str,
    num_per_kind: Mapping[str, int],
    cross_ids: Sequence[str],
    cross_shards: Sequence[str],
    seed: int,
) -> Json:
    """Write the documents that are made of something else than the corpus; return counts and labels."""
    from data_tools.documents import Document, documents_writer, read_rows
    from data_tools.planting.plant import Plan, make_documents

    first = Document(**next(read_rows(Path(model))))
    wanted = set(cross_ids)
    texts = {
        row["id"]: Document(**row) for shard in cross_shards for row in read_rows(Path(shard)) if row["id"] in wanted
    }
    plan = Plan({}, num_per_kind, tuple(cross_ids))
    counts: Counter[str] = Counter()
    labels = []
    with documents_writer(Path(folder), MADE_SHARD) as writer:
        for document, label in make_documents(plan, seed, first, [texts[id] for id in cross_ids]):
            counts.update(documents_out=1, bytes_out=len(document.text.encode()))
            labels.append(vars(label))
            writer.write(document)
    return {"counts": dict(counts), "labels": labels}


def _finish(results: Sequence[Any], plan: Plan, out: Output) -> Mapping[str, Json]:
    """Write the labels in order of document id, and the report's table; return the metrics."""
    from data_tools.planting.labels import labels_writer

    labels = sorted((label for result in results for label in result["labels"]), key=lambda label: label["id"])
    with labels_writer(out.path) as writer:
        for label in labels:
            writer.write(label)
    counts: Counter[str] = Counter()
    for result in results:
        counts.update(result["counts"])
    planted = Counter(label["kind"] for label in labels)
    rows = [[kind, planted[kind], plan.planned[kind], CAUGHT_BY[kind]] for kind in KINDS]
    out.block(
        Block(
            "table",
            "Planted defects",
            {
                "columns": ["kind", "planted", "asked for", "to be caught by"],
                "rows": rows,
                "align": ["left", "right", "right", "left"],
            },
            "Put into the text on purpose and labelled, so that the stages can be graded. Fewer than asked for where "
            "max_share, the number of documents, or a missing input (others, questions) allows no more.",
        )
    )
    return {
        "documents_in": counts["documents_in"],
        "documents_out": counts["documents_out"],
        "bytes_out": counts["bytes_out"],
        "dropped_by_rule": {},
        "planted": {kind: planted[kind] for kind in KINDS},
    }


STAGE = Plant
