"""One model read and questioned: the shard that `evaluate` and `merge` fan out, and the files it leaves.

Below ``folder``: ``<split>/text_<part>.jsonl`` (one row per document: id, corpus, nats, num_targets, num_bytes),
``<split>/answers.jsonl`` (one row per question: task, id, fact, prompt, right by rule, log-likelihood of every choice).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_tools.packing import PARTS, read_meta, tokens_path
from eval.errors import EvalError
from eval.likelihood import DocumentLoss, TokenDocument, bits_per_byte
from eval.suite import Question, json_lines, load_split, read_tasks

if TYPE_CHECKING:
    from eval.harness import Asked

ANSWERS_FILE = "answers.jsonl"
BEST_PROMPT = "dev_best"


@dataclass(frozen=True)
class Reading:
    """How models are read and questioned; the same for every model of a step, and plain JSON for a Ray task."""

    tokens: str = ""
    """Directory of the tokens artifact; empty where no text is read."""
    questions: str = ""
    """Directory of the questions artifact; empty where no questions are asked."""
    splits: tuple[str, ...] = ("dev", "test")
    prompt: str = BEST_PROMPT
    rule: str = "acc"
    precision: str = "float32"
    context_length: int = 0
    overlap_fraction: float = 0.25
    max_documents: Mapping[str, int] | None = None
    """Documents per part, by split; 0 or absent reads all."""
    max_questions: int = 0
    """Questions per task and split; 0 asks all."""
    batch_tokens: int = 1024
    num_threads: int = 1
    device: str = "cpu"


def packed_documents(folder: Path, part: str, split: str, max_documents: int = 0) -> list[TokenDocument]:
    """Return packed documents with text, whole, in the order of the index; evenly spread ones where there are more."""
    import numpy as np
    import pyarrow.parquet as pq

    path = tokens_path(folder, part, split)
    if not path.is_file():
        return []
    rows = [row for row in pq.read_table(path.with_suffix(".parquet")).to_pylist() if row["num_bytes"] > 0]
    if max_documents and len(rows) > max_documents:
        rows = [rows[(position * len(rows)) // max_documents] for position in range(max_documents)]
    if not rows:
        return []
    tokens = np.memmap(path, dtype=np.dtype(read_meta(folder)["dtype"]).newbyteorder("<"), mode="r")
    return [
        TokenDocument(
            row["id"], tokens[row["offset"] : row["offset"] + row["length"]].tolist(), row["num_bytes"], row["corpus"]
        )
        for row in rows
    ]


def score_model(model: str, folder: str, reading: Mapping[str, Any]) -> dict[str, Any]:
    """Read and question one model; write its rows below ``folder`` and return the figures by split.

    ``{"bits_per_byte": {split: {part: figure}}, "prompts": {kind: prompt}, "num_cut": prompts cut,
    "accuracy": {split: {task: {rule: figure}}}}``.
    """
    import torch

    from eval.likelihood import load_model, load_tokenizer

    plan = Reading(**reading)
    torch.set_num_threads(plan.num_threads)
    tokenizer = load_tokenizer(Path(model))
    network = load_model(Path(model), plan.precision, plan.device)
    found: dict[str, Any] = {"bits_per_byte": {}, "accuracy": {}, "prompts": {}, "num_cut": 0}
    if plan.tokens:
        for split in plan.splits:
            found["bits_per_byte"][split] = _read_text(network, Path(folder), plan, split)
    if plan.questions:
        found.update(_ask_splits(network, tokenizer, Path(folder), plan))
    return found


def _context_length(network: Any, plan: Reading) -> int:
    """Return the context in tokens: as asked for, else the packed sequences' length; never beyond the model's."""
    longest = int(getattr(network.config.get_text_config(), "max_position_embeddings", 0) or 2048)
    wanted = plan.context_length or (int(read_meta(Path(plan.tokens))["sequence_length"]) if plan.tokens else longest)
    return min(wanted, longest)


def _read_text(network: Any, folder: Path, plan: Reading, split: str) -> dict[str, float]:
    from eval.likelihood import score_documents

    figures = {}
    context_length = _context_length(network, plan)
    for part in PARTS:
        limit = (plan.max_documents or {}).get(split, 0)
        documents = packed_documents(Path(plan.tokens), part, split, limit)
        if not documents:
            continue
        losses = score_documents(
            network,
            documents,
            context_length=context_length,
            overlap=min(int(context_length * plan.overlap_fraction), context_length - 1),
            batch_tokens=plan.batch_tokens,
        )
        _write_rows(folder / split / f"text_{part}.jsonl", (asdict(loss) for loss in losses))
        figures[part] = bits_per_byte(losses)
    return figures


def _questions(plan: Reading, split: str) -> dict[str, list[Question]]:
    """Return the questions to ask: on test all, on dev those that choices are made by (the domain's, no controls)."""
    folder = Path(plan.questions)
    tasks = read_tasks(folder)
    return {
        task: rows[: plan.max_questions] if plan.max_questions else rows
        for task, rows in load_split(folder, split).items()
        if split == "test" or not (tasks[task].control or tasks[task].domain == "general")
    }


def _ask_splits(network: Any, tokenizer: Any, folder: Path, plan: Reading) -> dict[str, Any]:
    """Ask dev in every way that is allowed, then every later split in the way that was best on dev, kind by kind."""
    accuracy: dict[str, Any] = {}
    num_cut = 0
    by_prompt: dict[str, Asked] = {}
    prompts = {"choice": plan.prompt, "cloze": plan.prompt}
    dev = _questions(plan, "dev") if plan.prompt == BEST_PROMPT else {}
    if plan.prompt == BEST_PROMPT and not dev:
        prompts = dict.fromkeys(prompts, "plain")
    elif plan.prompt == BEST_PROMPT:
        ways = ["plain", "chat"] if tokenizer.chat_template else ["plain"]
        by_prompt = {way: _ask(network, tokenizer, dev, folder / ".dev" / way, way, plan) for way in ways}
        prompts = {kind: _best_prompt(by_prompt, dev, kind, plan.rule) for kind in prompts}
    for split in plan.splits:
        questions = _questions(plan, split)
        rows = []
        accuracy[split] = {}
        for way in sorted(set(prompts.values())):
            mine = {task: asked for task, asked in questions.items() if prompts[asked[0].kind] == way}
            if not mine:
                continue
            reused = by_prompt.get(way) if split == "dev" else None
            asked = reused or _ask(network, tokenizer, mine, folder / f".{split}" / way, way, plan)
            num_cut += asked.num_cut
            for task, task_questions in mine.items():
                answers = asked.answers[task]
                accuracy[split][task] = {rule: asked.accuracy(task, rule) for rule in answers[0].right}
                for question, answer in zip(task_questions, answers, strict=True):
                    rows.append({"task": task, "fact": question.fact, "prompt": way, **asdict(answer)})
        _write_rows(folder / split / ANSWERS_FILE, rows)
    return {"accuracy": accuracy, "prompts": prompts, "num_cut": num_cut}


def _ask(
    network: Any, tokenizer: Any, questions: Mapping[str, Sequence[Question]], folder: Path, way: str, plan: Reading
) -> Asked:
    import shutil

    from eval.harness import ask

    longest = int(getattr(network.config.get_text_config(), "max_position_embeddings", 0) or 2048)
    try:
        return ask(
            network,
            tokenizer,
            questions,
            folder,
            prompt=way,
            batch_tokens=plan.batch_tokens,
            context_length=longest,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _best_prompt(by_prompt: Mapping[str, Asked], dev: Mapping[str, list[Question]], kind: str, rule: str) -> str:
    """Return the way of asking with most right answers on the domain's dev questions; the first way wins ties."""
    tasks = [task for task, rows in dev.items() if rows[0].kind == kind]
    return max(
        by_prompt,
        key=lambda way: sum(answer.right[rule] for task in tasks for answer in by_prompt[way].answers[task]),
    )


def _write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
    os.replace(temporary, path)


def read_losses(folder: Path, split: str, part: str) -> list[DocumentLoss]:
    """Return what `score_model` wrote of one part and split; empty where it read no text of it."""
    path = folder / split / f"text_{part}.jsonl"
    return [DocumentLoss(**row) for row in _read_rows(path)] if path.is_file() else []


def read_answers(folder: Path, split: str, figures: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the answers that `score_model` wrote, by task; empty where none were asked.

    ``figures`` is what it returned: EvalError where a task that it asked has no answers here.
    """
    path = folder / split / ANSWERS_FILE
    found: dict[str, list[dict[str, Any]]] = {}
    for row in _read_rows(path) if path.is_file() else []:
        found.setdefault(row["task"], []).append(row)
    for task in figures.get("accuracy", {}).get(split, {}):
        if task not in found:
            raise EvalError(
                f"{path}: the answers of task {task!r} are gone, though the step remembers that it asked them. Delete "
                "the step's work directory and run the same command"
            )
    return found


def _read_rows(path: Path) -> list[dict[str, Any]]:
    return [row for _, row in json_lines(path)]


def pooled(answers: Mapping[str, Sequence[Mapping[str, Any]]], tasks: Iterable[str], rule: str) -> float | None:
    """Return the share of right answers over several tasks together, 0..1; None where they hold no question."""
    rows = [row for task in tasks for row in answers.get(task, [])]
    return sum(row["right"][rule] for row in rows) / len(rows) if rows else None


def require_text_or_questions(tokens: object, questions: object, where: str) -> None:
    """Raise EvalError where there is nothing to compare models by."""
    if tokens is None and questions is None:
        raise EvalError(f"{where}: needs tokens, questions or both, got neither. Name them under needs:")
