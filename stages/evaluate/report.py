"""What `evaluate` shows: the models' table, differences to the base, controls, and a plain sentence on what is best."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.output import Output
from pipeline.stage import Block

SECTION = "Evaluation"
NEAR_CHANCE = 0.05
"""A control within this of chance counts as near it, even where its interval is narrower."""


def write_blocks(out: Output, scores: Mapping[str, Any]) -> None:
    """Write the blocks of the report from the content of ``scores.json``."""
    for order, block in enumerate(_blocks(scores)):
        out.block(Block(block.kind, block.title, block.data, block.note, SECTION, order))


def _blocks(scores: Mapping[str, Any]) -> Iterator[Block]:
    yield _verdict(scores)
    yield _table(scores)
    yield from _difference_bars(scores)
    if scores["groups"]:
        yield _task_table(scores)
    control = _controls(scores)
    if control is not None:
        yield control
    forgotten = _by_corpus(scores)
    if forgotten is not None:
        yield forgotten
    num_cut = sum(model["num_cut"] for model in scores["models"].values())
    if num_cut:
        text = f"{num_cut} prompts were longer than the model's context; their beginning was cut."
        yield Block("text", "Cut prompts", {"text": text, "severity": "warning"})


def _sections(scores: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield (kind, title, section) of what is compared: text first, then questions."""
    for part in ("domain", "general"):
        if part in scores["text"]:
            yield "text", f"{part} text, bits per byte", scores["text"][part]
    for group, title in (("domain", f"{scores['domain']} questions"), ("general", "general questions")):
        if group in scores["groups"]:
            yield "questions", title, scores["groups"][group]


def _figure(kind: str, interval: Mapping[str, float]) -> str:
    if kind == "text":
        return f"{interval['value']:.4f}"
    return f"{interval['value']:.1%}"


def _change(kind: str, compared: Mapping[str, Any]) -> str:
    if kind == "text":
        change = compared["relative"]
        return f"{change['value']:+.1%} ({change['low']:+.1%} .. {change['high']:+.1%})"
    change = compared["difference"]
    return f"{100 * change['value']:+.1f} ({100 * change['low']:+.1f} .. {100 * change['high']:+.1f})"


def _table(scores: Mapping[str, Any]) -> Block:
    columns = ["model"]
    for kind, title, _ in _sections(scores):
        columns += [title, "change, %" if kind == "text" else "change, points"]
    rows = []
    for name in scores["models"]:
        row = [name]
        for kind, _, section in _sections(scores):
            compared = section["models"][name]
            row += [_figure(kind, compared["second"]), "" if name == scores["base"] else _change(kind, compared)]
        rows.append(row)
    align = ["left", *["right"] * (len(columns) - 1)]
    return Block(
        "table",
        "Models on test",
        {"columns": columns, "rows": rows, "align": align},
        "Lower bits per byte and higher accuracy are better. Changes are against the base, with 95 % intervals of the "
        "paired bootstrap over documents, or over facts asked for. "
        f"Choices are picked by {scores['rule']}.",
    )


def _difference_bars(scores: Mapping[str, Any]) -> Iterator[Block]:
    for wanted, title, unit in (
        ("text", "Change of bits per byte", "change against the base, % (below 0 is better)"),
        ("questions", "Change of accuracy", "change against the base, points (above 0 is better)"),
    ):
        bars = []
        for kind, section_title, section in _sections(scores):
            for name, compared in section["models"].items():
                if kind == wanted and name != scores["base"]:
                    change = compared["relative" if kind == "text" else "difference"]
                    figures = {field: 100 * change[field] for field in ("value", "low", "high")}
                    bars.append({"name": name, "group": section_title.split(",")[0], **figures})
        if bars:
            yield Block("bars", title, {"y_label": unit, "bars": bars}, "Lines are 95 % intervals.")


def _task_table(scores: Mapping[str, Any]) -> Block:
    names = list(scores["models"])
    rows = [
        [
            task,
            str(found["num_questions"]),
            f"{found['chance']:.0%}",
            *(f"{found['models'][name]['second']['value']:.1%}" for name in names),
        ]
        for task, found in scores["tasks"].items()
    ]
    columns = ["task", "questions", "chance", *names]
    align = ["left", *["right"] * (len(columns) - 1)]
    return Block("table", "Accuracy by task", {"columns": columns, "rows": rows, "align": align})


def control_sentences(scores: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """Return one sentence per model and control group, and whether it is near chance."""
    found = []
    for group in ("domain_control", "general_control"):
        section = scores["groups"].get(group)
        for name, compared in (section["models"] if section else {}).items():
            score, chance = compared["second"], section["chance"]
            near = score["low"] <= chance <= score["high"] or abs(score["value"] - chance) <= NEAR_CHANCE
            found.append(
                (
                    f"{name}: {score['value']:.1%} ({score['low']:.1%} .. {score['high']:.1%}) of "
                    f"{section['num_questions']} {group.replace('_', ' ')} questions, chance {chance:.0%}"
                    + ("" if near else ": NOT near chance"),
                    near,
                )
            )
    return found


def _controls(scores: Mapping[str, Any]) -> Block | None:
    sentences = control_sentences(scores)
    if not sentences:
        return None
    severity = "info" if all(near for _, near in sentences) else "warning"
    text = "\n".join(sentence for sentence, _ in sentences)
    return Block(
        "text",
        "Controls with permuted facts",
        {"text": text, "severity": severity},
        "Same wordings, wrong facts keyed: a model above chance here guesses from form, not from knowledge.",
    )


def _by_corpus(scores: Mapping[str, Any]) -> Block | None:
    shown = next((name for name in ("merged", "sft", "cpt") if name in scores["models"]), None)
    if shown is None or "general" not in scores["text"]:
        return None
    compared = scores["text"]["general"]["models"][shown]
    rows = [
        [corpus, f"{found['first']['value']:.4f}", f"{found['second']['value']:.4f}", _change("text", found)]
        for corpus, found in compared["by_corpus"].items()
    ]
    return Block(
        "table",
        f"General text by corpus, {shown}",
        {"columns": ["corpus", "base", shown, "change, %"], "rows": rows, "align": ["left", *["right"] * 3]},
        f"{compared['share_worse']:.0%} of the general test documents are predicted worse than by the base.",
    )


def _verdict(scores: Mapping[str, Any]) -> Block:
    best = scores["best"]
    if best["name"] is None:
        return Block("text", "Which model is best", {"text": best["by"], "severity": "warning"})
    text = f"{best['name']} is best by {best['by']}."
    severity = "info"
    if best["merged_is_best"] is False:
        severity = "warning"
        change, scale, unit = best["merged_versus_best"], 1.0, " bits per byte"
        if best["by"].endswith("accuracy"):
            scale, unit = 100.0, " points"
        apart = change["low"] > 0 or change["high"] < 0
        text += (
            f" The merged model is NOT the best: {scale * change['value']:+.3g}{unit} against {best['name']} "
            f"(95 % interval {scale * change['low']:+.3g} .. {scale * change['high']:+.3g}), a difference that is "
            + ("beyond the noise of this test set." if apart else "within the noise of this test set.")
        )
    return Block("text", "Which model is best", {"text": text, "severity": severity})
