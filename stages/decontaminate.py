"""Decontaminate: documents that hold a question the recipe evaluates on are left out of the keep-list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from pipeline.errors import StepError
from pipeline.stage import Block, Estimate, Inputs, Need, Resources, Stage, need

if TYPE_CHECKING:
    import pyarrow as pa

    from data_tools.contamination import Examined, OverlapRule, QuestionIndex
    from pipeline.identity import Json
    from pipeline.output import Output

INDEX_FILE = ".index.npz"
MATCHES_FOLDER = "matches"
MAX_SHOWN = 30
"""Matches shown in the report; all are in ``matches/``."""
BYTES_PER_SECOND = 2_000_000
"""Measured on one core with books and textbooks; used for the plan only."""


class Decontaminate(Stage):
    """Drop every kept document that overlaps with a question.

    All questions count, whatever their split: train questions are for instructions, not for text. The index over all
    suites is built once. ``matches/`` names, for every document that went, the question and what both hold. The rules
    and what they leave out stand in data_tools/contamination.py.
    """

    name: ClassVar[str] = "decontaminate"
    version: ClassVar[int] = 4
    needs: ClassVar[Mapping[str, Need]] = {
        "documents": need("documents", many=True),
        "keep": need("keep"),
        "questions": need("questions", many=True),
    }
    gives: ClassVar[str] = "keep"

    rule: Literal["gpt3", "tulu3", "deepseekmath"] = "gpt3"
    """Which published rule: one shared run of 13 words; runs of 8 words over half of the question; one run of 10."""
    ngram_words: int | None = Field(None, ge=3, le=50)
    """Length in words of the runs that must not be shared; the rule's own where None."""
    min_coverage: float | None = Field(None, ge=0, lt=1)
    """Share (0..1) of a question's words, beyond which shared runs must cover it; the rule's own where None."""
    min_question_words: int | None = Field(None, ge=1, le=50)
    """Questions from this many words up to the runs' length - 1 are matched whole; the rule's own where None. At 4
    instead of 5, 1 more of 3,840 pieces of textbooks and novels held one of 9,156 public questions by chance."""

    def overlap_rule(self) -> OverlapRule:
        """Return the published rule with what was changed in it."""
        from data_tools.contamination import OVERLAP_RULES

        given = {name: getattr(self, name) for name in ("ngram_words", "min_coverage", "min_question_words")}
        return replace(OVERLAP_RULES[self.rule], **{name: value for name, value in given.items() if value is not None})

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        kept = inputs["keep"][0]
        if kept.text_bytes is None:
            return kept
        seconds = kept.text_bytes / BYTES_PER_SECOND
        basis = "2 MB of text per second and core"
        return kept.but(seconds=seconds, disk_bytes=0.01 * kept.text_bytes, gpu_hours=0.0, basis=basis)

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        from data_tools.contamination import QuestionIndex
        from data_tools.documents import shards

        tasks: dict[str, str] = {}
        examined = [row for artifact in inputs["questions"] for row in _examined(artifact.path, tasks)]
        if not examined:
            paths = ", ".join(str(artifact.path) for artifact in inputs["questions"])
            raise StepError(f"decontaminate: there is no question below {paths}. Give a suites step that has some")
        index = QuestionIndex(examined, self.overlap_rule())
        index.save(out.path / INDEX_FILE)
        calls = {
            f"{artifact.key}-{shard.stem}": {
                "shard": str(shard),
                "documents_key": artifact.key,
                "keep": str(inputs.one("keep").path),
                "index": str(out.path / INDEX_FILE),
                "tasks": tasks,
                "folder": str(out.path),
            }
            for artifact in inputs["documents"]
            for shard in shards(artifact.path)
        }
        results = list(out.map(check_shard, calls, name="decontaminate").values())
        matches = [match for result in results for match in result["matches"]]
        out.block(_by_task(matches, tasks))
        out.block(_by_document(matches))
        return {
            "documents_in": sum(result["documents_in"] for result in results),
            "documents_out": sum(result["documents_out"] for result in results),
            "bytes_out": sum(result["bytes_out"] for result in results),
            "dropped_by_rule": dict(sorted(Counter(match["rule"] for match in matches).items())),
            "questions": len(examined),
            "questions_found": len({match["question"] for match in matches}),
            "stems_left_out": index.num_stems,
        }


def _examined(folder: Path, tasks: dict[str, str]) -> list[Examined]:
    """Return the questions below ``folder`` as the index takes them; note the task of each in ``tasks``."""
    from data_tools.contamination import Examined
    from eval.suite import QUESTIONS_FOLDER, read_questions

    rows = []
    for path in sorted((folder / QUESTIONS_FOLDER).glob("*/*.jsonl")):
        for question in read_questions(path):
            answer = question.choices[question.answer]
            whole = f"{question.question} {answer}" if question.kind == "cloze" else question.question
            full = " ".join([question.question, *question.choices]) if question.kind == "choice" else whole
            rows.append(Examined(question.id, whole, full, question.fact))
            tasks[question.id] = question.task
    return rows


def check_shard(
    shard: str, documents_key: str, keep: str, index: str, tasks: Mapping[str, str], folder: str
) -> dict[str, Json]:
    """Check one shard's kept documents against every question; return counts, and what was found."""
    from data_tools.documents import Document, ShardWriter, dropped, dropped_writer, read_rows
    from data_tools.keep import keep_writer, read_keep

    path = Path(shard)
    questions = _read_index(index)
    kept = read_keep(Path(keep), documents_key, path.stem)
    result: dict[str, Any] = {"documents_in": 0, "documents_out": 0, "bytes_out": 0, "matches": []}
    with (
        keep_writer(Path(folder), documents_key, path.stem) as clean,
        dropped_writer(Path(folder), f"{documents_key}-{path.stem}") as refused,
        ShardWriter(Path(folder) / MATCHES_FOLDER / f"{documents_key}-{path.name}", _matches_schema()) as matches,
    ):
        for row in read_rows(path):
            if row["id"] not in kept:
                continue
            result["documents_in"] += 1
            own = kept[row["id"]]
            row["text"] = own.text_of(row["text"])
            match = questions.find(row["text"])
            if match is None:
                clean.write({"id": row["id"], **own._asdict()})
                result["documents_out"] += 1
                result["bytes_out"] += len(row["text"].encode())
                continue
            refused.write(dropped(Document(**row), "decontaminate", match.rule, match.share, match.question))
            described = {"id": row["id"], "source": row["source"], "task": tasks[match.question], **vars(match)}
            matches.write(described)
            result["matches"].append(described)
    return result


def _matches_schema() -> pa.Schema:
    import pyarrow as pa

    names = ("id", "source", "question", "task", "rule", "share", "overlap")
    return pa.schema([(name, pa.float64() if name == "share" else pa.string()) for name in names])


@lru_cache(maxsize=1)
def _read_index(path: str) -> QuestionIndex:
    """Read the index once per process, not once per shard; the file lies in the step's own directory."""
    from data_tools.contamination import QuestionIndex

    return QuestionIndex.load(Path(path))


def _by_task(matches: Sequence[Mapping[str, Any]], tasks: Mapping[str, str]) -> Block:
    num_questions = Counter(tasks.values())
    num_found = Counter(tasks[question] for question in {match["question"] for match in matches})
    num_documents = Counter(match["task"] for match in matches)
    rows = [[task, num_questions[task], num_found[task], num_documents[task]] for task in sorted(num_questions)]
    return Block(
        "table",
        "Questions found in the text",
        {
            "columns": ["task", "questions", "found", "documents dropped"],
            "rows": rows,
            "align": ["left", "right", "right", "right"],
        },
        "A document is counted for the question that it overlaps with most.",
    )


def _by_document(matches: Sequence[Mapping[str, Any]]) -> Block:
    chosen = sorted(matches, key=lambda match: (-match["share"], match["id"]))[:MAX_SHOWN]
    rows = [
        [
            match["source"] or match["id"],
            match["question"],
            match["rule"],
            f"{match['share']:.0%}",
            match["overlap"][:160],
        ]
        for match in chosen
    ]
    return Block(
        "table",
        "What overlaps",
        {
            "columns": ["document", "question", "rule", "share of the question", "longest overlap"],
            "rows": rows,
            "align": ["left", "left", "left", "right", "left"],
        },
        f"The {len(chosen)} largest overlaps of {len(matches)}; all are in {MATCHES_FOLDER}/.",
    )


STAGE = Decontaminate
