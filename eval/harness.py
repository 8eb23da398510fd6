"""Question sets through lm-evaluation-harness: task files written from our JSONL, run offline, answers per question.

Two ways to ask. ``plain``: ``Question: ... Answer:`` (a line each) for a choice, the bare text for a cloze; ``chat``:
the question as the user's turn of the tokenizer's chat template. Either way every choice is scored as the continuation,
and a prompt starts with the bos token, as documents do, where the tokenizer has one and does not add it itself.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.errors import EvalError
from eval.shared_prompts import can_share, log_likelihoods
from eval.suite import Question

PROMPTS = ("plain", "chat")
RULES = ("acc", "acc_norm", "acc_bytes")
"""How a choice is picked: highest log-likelihood; divided by its characters; divided by its UTF-8 bytes."""


@dataclass(frozen=True)
class Answered:
    """How a model answered one question."""

    id: str
    right: Mapping[str, int]
    """1 or 0 by rule (``acc``, ``acc_norm``, ``acc_bytes``)."""
    log_likelihoods: tuple[float, ...]
    """ln p of every choice after the prompt, in the order of the choices."""


@dataclass(frozen=True)
class Asked:
    """The answers of one model to some tasks, asked in one way."""

    answers: Mapping[str, list[Answered]]
    """By task, in the order of the questions."""
    num_cut: int
    """Prompts with a choice that were longer than the context, so that their beginning was cut."""

    def accuracy(self, task: str, rule: str) -> float:
        """Return the share of right answers, 0..1."""
        answers = self.answers[task]
        return sum(answer.right[rule] for answer in answers) / len(answers)


def task_config(kind: str, path: Path, cache: Path) -> dict[str, Any]:
    """Return the lm-eval task that asks the questions of one kind, written to ``path``."""
    return {
        "task": f"strata_{kind}",
        "dataset_path": "json",
        # a relative data file would be looked up from the current directory
        "dataset_kwargs": {"data_files": {"test": str(path.resolve())}, "cache_dir": str(cache.resolve())},
        "test_split": "test",
        "num_fewshot": 0,
        "output_type": "multiple_choice",
        "doc_to_text": "prompt",  # a column: a template would be compiled anew for every question
        "doc_to_choice": "choices",
        "doc_to_target": "answer",
        "target_delimiter": " ",
        "metric_list": [{"metric": rule, "aggregation": "mean", "higher_is_better": True} for rule in RULES],
        "metadata": {"version": 1.0},
    }


def asked_text(question: Question, prompt: str) -> str:
    """Return what stands before a choice, or the user's turn of a chat."""
    if prompt == "plain" and question.kind == "choice":
        return f"Question: {question.question}\nAnswer:"
    return question.question


def write_tasks(questions: Mapping[str, Sequence[Question]], folder: Path, prompt: str) -> list[str]:
    """Write ``<kind>.yaml`` and ``<kind>.jsonl`` into ``folder``; return the names of the lm-eval tasks.

    All our tasks of one kind are one task of lm-eval, told apart afterwards: opening a data set costs it 0.1 s.
    """
    import yaml

    folder.mkdir(parents=True, exist_ok=True)
    by_kind: dict[str, list[str]] = {}
    for rows in questions.values():
        for question in rows:
            asked = {"task": question.task, "id": question.id, "prompt": asked_text(question, prompt)}
            row = {**asked, "choices": list(question.choices), "answer": question.answer}
            by_kind.setdefault(question.kind, []).append(json.dumps(row, ensure_ascii=False))
    names = []
    for kind, lines in by_kind.items():
        path = folder / f"{kind}.jsonl"
        path.write_text("\n".join(lines) + "\n", "utf-8")
        config = task_config(kind, path, folder / "cache")
        (folder / f"{kind}.yaml").write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
        names.append(str(config["task"]))
    return names


def _language_model(model: Any, tokenizer: Any, batch_tokens: int, context_length: int) -> Any:
    """Return lm-eval's wrapper of a loaded model, with our start token, prompts read once, and a count of cut ones."""
    from lm_eval.models.huggingface import HFLM

    class DocumentStartLM(HFLM):  # type: ignore[misc]
        num_cut = 0

        def loglikelihood(self, requests: list[Any], disable_tqdm: bool = True) -> list[tuple[float, bool]]:
            pairs = [request.args for request in requests]
            # as lm-eval does: white space at a prompt's end belongs to the continuation
            prompts = self._encoded([context.rstrip() for context, _ in pairs])
            whole = self._encoded([context + continuation for context, continuation in pairs])
            rows = [(pairs[i], prompts[i], whole[i][len(prompts[i]) :]) for i in range(len(pairs))]
            found: list[tuple[float, bool]] = self._loglikelihood_tokens(rows)
            return found

        def _encoded(self, texts: list[str]) -> list[list[int]]:
            start = self.tokenizer.bos_token_id
            encoded = self.tokenizer(texts, add_special_tokens=False)["input_ids"]
            return [ids if start is None or ids[:1] == [start] else [start, *ids] for ids in encoded]

        def _loglikelihood_tokens(
            self, requests: list[Any], disable_tqdm: bool = True, override_bs: int | None = None
        ) -> list[Any]:
            self.num_cut = sum(1 for _, prompt, choice in requests if len(prompt) + len(choice) > self.max_length + 1)
            if self.num_cut or not can_share(model):
                found: list[Any] = super()._loglikelihood_tokens(requests, True, override_bs)
                return found
            return log_likelihoods(model, [(prompt, choice) for _, prompt, choice in requests], batch_tokens)

    return DocumentStartLM(
        pretrained=model,
        tokenizer=tokenizer,
        backend="causal",
        batch_size=max(1, batch_tokens // context_length),
        max_length=context_length,
    )


def ask(
    model: Any,
    tokenizer: Any,
    questions: Mapping[str, Sequence[Question]],
    folder: Path,
    *,
    prompt: str = "plain",
    batch_tokens: int = 1024,
    context_length: int = 2048,
) -> Asked:
    """Ask a loaded model all questions of some tasks in one call of lm-eval; ``folder`` holds the task files.

    ``batch_tokens`` bounds the positions of one forward pass, ``context_length`` is in tokens. Raises EvalError where
    there is nothing to ask, or ``prompt`` is ``chat`` and the tokenizer has no chat template.
    """
    # read when `datasets` is first imported; the json builder needs no network, and must not look for one
    os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if not questions:
        raise EvalError("questions: there are none to ask. Give at least one task")
    if prompt not in PROMPTS:
        raise EvalError(f"prompt: must be one of {', '.join(PROMPTS)}, got {prompt!r}")
    if prompt == "chat" and not tokenizer.chat_template:
        raise EvalError(f"{tokenizer.name_or_path}: has no chat template. Ask with prompt: plain")
    import datasets
    from lm_eval.evaluator import evaluate
    from lm_eval.tasks import TaskManager

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    datasets.disable_progress_bars()
    names = write_tasks(questions, folder, prompt)
    language_model = _language_model(model, tokenizer, batch_tokens, context_length)
    # simple_evaluate ends in this call too, and adds the machine's environment to it (a pip listing, seconds)
    result = evaluate(
        lm=language_model,
        task_dict=TaskManager(include_path=str(folder), include_defaults=False).load(names),
        bootstrap_iters=0,
        log_samples=True,
        apply_chat_template=prompt == "chat",
    )
    by_question = {
        (sample["doc"]["task"], sample["doc"]["id"]): sample for name in names for sample in result["samples"][name]
    }
    return Asked(
        {task: [_answered(by_question, question) for question in rows] for task, rows in questions.items()},
        language_model.num_cut,
    )


def _answered(samples: Mapping[tuple[str, str], Mapping[str, Any]], question: Question) -> Answered:
    sample = samples.get((question.task, question.id))
    if sample is None:
        raise EvalError(f"task {question.task}: lm-eval left question {question.id} unanswered")
    right = {rule: int(sample[rule]) for rule in RULES}
    return Answered(question.id, right, tuple(float(found[0]) for found in sample["filtered_resps"]))


def prompt_tokens(model_tokenizer: Any, question: Question) -> tuple[list[int], list[list[int]]]:
    """Return the token ids of the plain prompt and of every choice, as ``ask`` scores them; for checks by hand."""
    text = asked_text(question, "plain")
    start = [] if model_tokenizer.bos_token_id is None else [model_tokenizer.bos_token_id]
    prompt: list[int] = model_tokenizer.encode(text, add_special_tokens=False)
    choices = [
        model_tokenizer.encode(f"{text} {choice}", add_special_tokens=False)[len(prompt) :]
        for choice in question.choices
    ]
    return [*start, *prompt], choices
