"""From rows to scores: every model beside the base, with paired intervals.

``scores.json``::

  {"schema": 1, "domain": "geo", "rule": "acc", "base": "base",
   "models": {name: {"key", "step", "control_run": bool, "prompts": {kind: way}, "num_cut"}},
   "text":  {part: {"num_documents", "num_bytes", "models": {name: COMPARED + "by_corpus", "share_worse"}}},
   "tasks": {task: {"suite", "domain", "kind", "control", "chance", "num_questions", "models": {name: COMPARED}}},
   "groups": {"domain" | "general" | "domain_control" | "general_control":
              {"tasks", "chance", "num_questions", "models": {name: COMPARED + "by_rule", "mcnemar_p"}}},
   "dev": {name: {"domain_accuracy", "bits_per_byte": {part: figure}}},
   "best": {"name", "by", "merged_is_best", "merged_versus_best": INTERVAL or null}}

COMPARED is ``{"first", "second", "difference", "relative": INTERVAL, "num_rows", "num_groups"}``: first the base,
second the model, INTERVAL ``{"value", "low", "high"}`` (95 %). Text is in bits per byte, questions in accuracy 0..1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_tools.packing import PARTS
from eval.errors import EvalError
from eval.forgetting import by_corpus, compare_losses, share_worse
from eval.significance import Comparison, compare, mcnemar
from eval.suite import Task, read_tasks
from pipeline.artifact import Artifact
from stages.evaluate.scoring import pooled, read_answers, read_losses

if TYPE_CHECKING:
    from stages.evaluate.stage import Evaluate

BASE = "base"
GROUPS = ("domain", "general", "domain_control", "general_control")
Answers = Mapping[str, list[dict[str, Any]]]


def compare_models(
    stage: Evaluate,
    details: Path,
    models: Mapping[str, Artifact],
    summaries: Mapping[str, Mapping[str, Any]],
    questions: Path | None,
) -> dict[str, Any]:
    """Return the content of ``scores.json``, see above; EvalError where no model could be compared."""
    tasks = read_tasks(questions) if questions is not None else {}
    answers = {name: read_answers(details / name, "test", summaries[name]) for name in models}
    groups = {group: [name for name, task in tasks.items() if group_of(task) == group] for group in GROUPS}
    scores: dict[str, Any] = {
        "schema": 1,
        "domain": next((task.domain for task in tasks.values() if task.domain != "general"), "domain"),
        "rule": stage.rule,
        "base": BASE,
        "models": {
            name: {
                "key": model.key,
                "step": str(model.manifest["step"]),
                "control_run": name not in ("base", "cpt", "instruct", "sft", "merged"),
                "prompts": summaries[name].get("prompts", {}),
                "num_cut": summaries[name].get("num_cut", 0),
            }
            for name, model in models.items()
        },
        "text": {part: found for part in PARTS if (found := _text(stage, details, models, part))},
        "tasks": {
            name: {
                **{field: getattr(task, field) for field in ("suite", "domain", "kind", "control", "chance")},
                **_answered(stage, answers, [name]),
            }
            for name, task in tasks.items()
            if answers[BASE].get(name)
        },
        "groups": {
            group: {"tasks": members, "chance": _chance(tasks, members, answers[BASE]), **found}
            for group, members in groups.items()
            if (found := _answered(stage, answers, members))
        },
        "dev": {name: _dev(stage, details / name, summaries[name], groups) for name in models},
    }
    if not scores["text"] and not scores["groups"]:
        raise EvalError("evaluate: the test split holds neither text nor questions. Split more documents into test")
    scores["best"] = _best(stage, scores, answers, details, groups["domain"])
    return scores


def group_of(task: Task) -> str:
    """Return the group that a task counts for: the recipe's domain or general questions, or their controls."""
    return ("general" if task.domain == "general" else "domain") + ("_control" if task.control else "")


def _text(stage: Evaluate, details: Path, models: Iterable[str], part: str) -> dict[str, Any]:
    base = read_losses(details / BASE, "test", part)
    if not base:
        return {}
    compared = {}
    for name in models:
        losses = read_losses(details / name, "test", part)
        whole = compare_losses(base, losses, num_resamples=stage.num_resamples, seed=stage.seed)
        corpora = by_corpus(base, losses, seed=stage.seed)
        compared[name] = {
            **whole.as_json(),
            "by_corpus": {corpus: found.as_json() for corpus, found in corpora.items()},
            "share_worse": share_worse(base, losses),
        }
    return {"num_documents": len(base), "num_bytes": sum(loss.num_bytes for loss in base), "models": compared}


def _rows(answers: Answers, tasks: Iterable[str]) -> list[dict[str, Any]]:
    return [row for task in tasks for row in answers.get(task, [])]


def _compare_answers(
    stage: Evaluate, first: list[dict[str, Any]], second: list[dict[str, Any]], rule: str
) -> Comparison:
    return compare(
        [row["right"][rule] for row in first],
        [row["right"][rule] for row in second],
        groups=[row["fact"] or row["id"] for row in first],
        num_resamples=stage.num_resamples,
        seed=stage.seed,
    )


def _answered(stage: Evaluate, answers: Mapping[str, Answers], tasks: list[str]) -> dict[str, Any]:
    base = _rows(answers[BASE], tasks)
    if not base:
        return {}
    compared = {}
    for name, mine in answers.items():
        rows = _rows(mine, tasks)
        compared[name] = {
            **_compare_answers(stage, base, rows, stage.rule).as_json(),
            "by_rule": {rule: pooled(mine, tasks, rule) for rule in base[0]["right"]},
            "mcnemar_p": mcnemar(
                [row["right"][stage.rule] for row in base], [row["right"][stage.rule] for row in rows]
            ),
        }
    return {"num_questions": len(base), "models": compared}


def _chance(tasks: Mapping[str, Task], members: list[str], base: Answers) -> float:
    num = sum(len(base.get(name, [])) for name in members)
    return sum(tasks[name].chance * len(base.get(name, [])) for name in members) / max(num, 1)


def _dev(stage: Evaluate, folder: Path, summary: Mapping[str, Any], groups: Mapping[str, list[str]]) -> dict[str, Any]:
    answers = read_answers(folder, "dev", summary)
    return {
        "domain_accuracy": pooled(answers, groups["domain"], stage.rule),
        "bits_per_byte": summary.get("bits_per_byte", {}).get("dev", {}),
    }


def _best(
    stage: Evaluate, scores: Mapping[str, Any], answers: Mapping[str, Answers], details: Path, domain_tasks: list[str]
) -> dict[str, Any]:
    """Say which of the roles is best on test, and how the merged model compares; nothing is chosen by this."""
    names = [name for name, model in scores["models"].items() if not model["control_run"]]
    if "domain" in scores["groups"]:
        by, figures = "domain test accuracy", scores["groups"]["domain"]["models"]
        best = max(names, key=lambda name: figures[name]["second"]["value"])
    elif "domain" in scores["text"]:
        by, figures = "domain test bits per byte", scores["text"]["domain"]["models"]
        best = min(names, key=lambda name: figures[name]["second"]["value"])
    else:
        return {"name": None, "by": "no domain text and no domain questions", "merged_is_best": None}
    versus = None
    if "merged" in names and best != "merged":
        if domain_tasks and by.endswith("accuracy"):
            rows = [_rows(answers[name], domain_tasks) for name in (best, "merged")]
            versus = _compare_answers(stage, rows[0], rows[1], stage.rule).difference.as_json()
        else:
            losses = [read_losses(details / name, "test", "domain") for name in (best, "merged")]
            versus = compare_losses(losses[0], losses[1], seed=stage.seed).difference.as_json()
    return {
        "name": best,
        "by": by,
        "merged_is_best": best == "merged" if "merged" in names else None,
        "merged_versus_best": versus,
    }


def headline_metrics(scores: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures kept in the manifest: test bits per byte and accuracy by model, and what is best."""

    def figures(section: Mapping[str, Any]) -> dict[str, Any]:
        return {name: round(found["second"]["value"], 6) for name, found in section["models"].items()}

    return {
        "bits_per_byte": {part: figures(found) for part, found in scores["text"].items()},
        "accuracy": {group: figures(found) for group, found in scores["groups"].items()},
        "best": scores["best"]["name"],
        "merged_is_best": scores["best"]["merged_is_best"],
    }
