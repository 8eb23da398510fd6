"""Decontaminate: documents that hold a question the recipe evaluates on are left out of the keep-list."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipeline.errors import StepError
from pipeline.stage import Block, Estimate, Inputs, Need, Resources, Stage, need

if TYPE_CHECKING:
    from data_tools.contamination import QuestionIndex
    from pipeline.identity import Json
    from pipeline.output import Output

EXAMINED_FILE = ".examined.json"
BYTES_PER_SECOND = 2_000_000
"""Measured on one core with books and textbooks; used for the plan only."""


class Decontaminate(Stage):
    """Drop every kept document that shares a run of words with a question, or holds a short question whole.

    All questions count, whatever their split: train questions are for instructions, not for text. The rule and what
    it leaves out stand in data_tools/contamination.py.
    """

    name: ClassVar[str] = "decontaminate"
    version: ClassVar[int] = 1
    needs: ClassVar[Mapping[str, Need]] = {
        "documents": need("documents", many=True),
        "keep": need("keep"),
        "questions": need("questions", many=True),
    }
    gives: ClassVar[str] = "keep"

    ngram_words: int = Field(13, ge=3, le=50)
    """Length in words of the runs that must not be shared. 13 is GPT-3's."""
    min_question_words: int = Field(4, ge=1, le=50)
    """Questions from this many words up to ``ngram_words`` - 1 are matched whole; shorter ones are not looked for. At 4
    instead of 5, 1 more of 3,840 pieces of textbooks and novels held one of 9,156 public questions by chance."""

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        kept = inputs["keep"][0]
        if kept.text_bytes is None:
            return kept
        seconds = kept.text_bytes / BYTES_PER_SECOND
        basis = "2 MB of text per second and core"
        return kept.but(seconds=seconds, disk_bytes=0.01 * kept.text_bytes, gpu_hours=0.0, basis=basis)

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        from data_tools.documents import shards
        from pipeline.artifact import write_json

        tasks: dict[str, str] = {}
        examined = [row for artifact in inputs["questions"] for row in _examined(artifact.path, tasks)]
        if not examined:
            paths = ", ".join(str(artifact.path) for artifact in inputs["questions"])
            raise StepError(f"decontaminate: there is no question below {paths}. Give a suites step that has some")
        write_json(out.path / EXAMINED_FILE, examined)
        calls = {
            f"{artifact.key}-{shard.stem}": {
                "shard": str(shard),
                "documents_key": artifact.key,
                "keep": str(inputs.one("keep").path),
                "examined": str(out.path / EXAMINED_FILE),
                "folder": str(out.path),
                **self.model_dump(mode="json"),
            }
            for artifact in inputs["documents"]
            for shard in shards(artifact.path)
        }
        results = list(out.map(check_shard, calls, name="decontaminate").values())
        hits = Counter(question for result in results for question in result["questions"])
        by_rule = Counter(rule for result in results for rule in result["rules"])
        out.block(_block(hits, tasks))
        return {
            "documents_in": sum(result["documents_in"] for result in results),
            "documents_out": sum(result["documents_out"] for result in results),
            "bytes_out": sum(result["bytes_out"] for result in results),
            "dropped_by_rule": dict(sorted(by_rule.items())),
            "questions": len(examined),
            "questions_found": len(hits),
            "stems_left_out": max((result["stems"] for result in results), default=0),
        }


def _examined(folder: Path, tasks: dict[str, str]) -> list[dict[str, str]]:
    """Return the questions below ``folder`` as the index takes them; note the task of each in ``tasks``."""
    from eval.suite import QUESTIONS_FOLDER, read_questions

    rows = []
    for path in sorted((folder / QUESTIONS_FOLDER).glob("*/*.jsonl")):
        for question in read_questions(path):
            answer = question.choices[question.answer]
            whole = f"{question.question} {answer}" if question.kind == "cloze" else question.question
            full = " ".join([question.question, *question.choices]) if question.kind == "choice" else whole
            rows.append({"id": question.id, "whole": whole, "full": full, "fact": question.fact})
            tasks[question.id] = question.task
    return rows


def check_shard(
    shard: str,
    documents_key: str,
    keep: str,
    examined: str,
    folder: str,
    ngram_words: int,
    min_question_words: int,
) -> dict[str, Json]:
    """Check one shard's kept documents against every question; return counts, and the rule and question per drop."""
    from data_tools.documents import Document, dropped, dropped_writer, read_rows
    from data_tools.keep import keep_writer, read_keep

    path = Path(shard)
    index = _index(examined, ngram_words, min_question_words)
    kept = read_keep(Path(keep), documents_key, path.stem)
    result: dict[str, Any] = {"documents_in": 0, "documents_out": 0, "bytes_out": 0, "rules": [], "questions": []}
    with (
        keep_writer(Path(folder), documents_key, path.stem) as clean,
        dropped_writer(Path(folder), f"{documents_key}-{path.stem}") as refused,
    ):
        for row in read_rows(path):
            if row["id"] not in kept:
                continue
            result["documents_in"] += 1
            match = index.find(row["text"])
            if match is None:
                group, split = kept[row["id"]]
                clean.write({"id": row["id"], "group": group, "split": split})
                result["documents_out"] += 1
                result["bytes_out"] += len(row["text"].encode())
                continue
            refused.write(dropped(Document(**row), "decontaminate", match.rule, match.share, match.question))
            result["rules"].append(match.rule)
            result["questions"].append(match.question)
    return {**result, "stems": index.num_stems}


@lru_cache(maxsize=1)
def _index(examined: str, ngram_words: int, min_question_words: int) -> QuestionIndex:
    """Read the questions once per process, not once per shard; the file lies in the step's own directory."""
    from data_tools.contamination import Examined, QuestionIndex

    questions = [Examined(**row) for row in json.loads(Path(examined).read_text("utf-8"))]
    return QuestionIndex(questions, ngram_words, min_question_words)


def _block(hits: Mapping[str, int], tasks: Mapping[str, str]) -> Block:
    num_questions = Counter(tasks.values())
    num_found = Counter(tasks[question] for question in hits)
    num_documents: Counter[str] = Counter()
    for question, count in hits.items():
        num_documents[tasks[question]] += count
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


STAGE = Decontaminate
