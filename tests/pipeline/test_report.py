"""The report's page: a whole run with every kind of block, and what must hold whatever a document says."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ArtifactError
from pipeline.report import ReportInput, StepRecord, load_blocks, metrics_rows, render, write_report
from pipeline.stage import Block

START = 1_700_000_000.0
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"' onmouseover=alert(3) javascript:alert(4)"
GRAPH: Sequence[tuple[str, str, dict[str, list[str]], float]] = (
    ("suites", "suites", {}, 2.1),
    ("instructions", "instructions", {}, 1.4),
    ("domain_text", "ingest", {}, 9.4),
    ("general_text", "ingest", {}, 21.7),
    ("planted_domain", "plant", {"documents": ["domain_text"], "questions": ["suites"]}, 3.2),
    ("planted_general", "plant", {"documents": ["general_text"], "questions": ["suites"]}, 6.0),
    ("clean_domain", "clean", {"documents": ["planted_domain"]}, 8.8),
    ("clean_general", "clean", {"documents": ["planted_general"]}, 17.5),
    ("dedup_general", "dedup", {"documents": ["clean_general"]}, 11.3),
    ("decontaminate_general", "decontaminate", {"documents": ["clean_general"], "keep": ["dedup_general"],
                                                "questions": ["suites"]}, 4.2),
    ("split_general", "split", {"documents": ["clean_general"], "keep": ["decontaminate_general"]}, 0.7),
    ("tokenizer", "tokenizer", {"documents": ["clean_general"], "keep": ["split_general"]}, 6.1),
    ("pack_base", "pack", {"documents": ["clean_general"], "keep": ["split_general"], "tokenizer": ["tokenizer"]}, 5.0),
    ("base_tiny", "pretrain", {"tokens": ["pack_base"]}, 34.0),
    ("base", "pretrain", {"tokens": ["pack_base"]}, 151.0),
    ("dedup", "dedup", {"documents": ["clean_domain", "clean_general"]}, 16.0),
    ("decontaminate", "decontaminate", {"documents": ["clean_domain", "clean_general"], "keep": ["dedup"],
                                        "questions": ["suites"]}, 5.9),
    ("grade", "grade", {"labels": ["planted_domain", "planted_general"], "cleaned": ["clean_domain", "clean_general"],
                        "keep": ["dedup", "decontaminate"]}, 2.5),
    ("split", "split", {"documents": ["clean_domain", "clean_general"], "keep": ["decontaminate"],
                        "fixed": ["split_general"]}, 0.9),
    ("pack", "pack", {"documents": ["clean_domain", "clean_general"], "keep": ["split"],
                      "tokenizer": ["tokenizer"]}, 8.0),
    ("mixture", "mixture", {"bases": ["base_tiny", "base"], "tokens": ["pack"]}, 148.0),
    ("cpt", "cpt", {"base": ["base"], "tokens": ["pack"], "mixture": ["mixture"]}, 93.0),
    ("instruct", "sft", {"model": ["base"], "instructions": ["instructions"]}, 24.0),
    ("sft", "sft", {"model": ["cpt"], "instructions": ["instructions"]}, 25.0),
    ("merge", "merge", {"base": ["base"], "cpt": ["cpt"], "instruct": ["instruct"], "questions": ["suites"],
                        "tokens": ["pack"]}, 31.0),
    ("evaluate_on_the_held_out_test_questions", "evaluate", {"models": ["base", "cpt", "sft", "merge"],
                                                           "questions": ["suites"], "tokens": ["pack"]}, 44.0),
    ("export", "export", {"model": ["merge"], "scores": ["evaluate_on_the_held_out_test_questions"]}, 0.0),
)  # fmt: skip


def document_metrics() -> dict[str, dict[str, Any]]:
    def flow(num_in: int, dropped: dict[str, int], size: int) -> dict[str, Any]:
        return {
            "documents_in": num_in,
            "documents_out": num_in - sum(dropped.values()),
            "dropped_by_rule": dropped,
            "bytes_out": size,
        }

    gopher = {"gopher_word_count": 122, "gopher_symbol_ratio": 61, "c4_terminal_punctuation": 212, "language": 310,
              "mojibake": 303, "fineweb_line_ratio": 88, "gibberish": 301, "truncated": 7}  # fmt: skip
    return {
        "domain_text": flow(3920, {"invalid_json": 1, "binary": 2}, 3_300_000),
        "general_text": flow(9800, {}, 8_400_000),
        "clean_domain": flow(5714, {name: n // 2 for name, n in gopher.items()}, 4_100_000),
        "clean_general": flow(11_602, gopher, 9_300_000),
        "dedup_general": flow(10_198, {"exact": 305, "near": 588}, 8_500_000),
        "decontaminate_general": flow(9305, {"ngram_13": 150, "whole_question": 31}, 8_300_000),
        "dedup": flow(15_210, {"exact": 611, "near": 1204}, 11_800_000),
        "decontaminate": flow(13_395, {"ngram_13": 300, "whole_question": 64}, 11_500_000),
    }


def training_blocks() -> list[Block]:
    steps = list(range(0, 1201, 4))
    general = [2.45 + 4.2 * math.exp(-step / 90) + 0.03 * math.sin(step / 3) for step in steps]
    domain = [1.88 + 0.62 * math.exp(-step / 160) for step in steps[::10]]
    drift = [2.11 + 0.045 * (1 - math.exp(-step / 60)) - 0.03 * step / 1200 for step in steps[::10]]
    return [
        Block("curves", "Domain and general loss while training goes on", {
            "x_label": "tokens", "y_label": "bits per byte, dev",
            "series": [
                {"name": "domain", "x": [s * 8192 for s in steps[::10]], "y": domain,
                 "low": [y - 0.03 for y in domain], "high": [y + 0.03 for y in domain]},
                {"name": "general", "x": [s * 8192 for s in steps[::10]], "y": drift},
                {"name": "general, without replay", "x": [s * 8192 for s in steps[::10]],
                 "y": [2.11 + 0.2 * (1 - math.exp(-s / 200)) for s in steps[::10]], "style": "dashed"},
            ],
            "marks": [{"x": 98304, "label": "warm-up ends"}, {"x": 300_000, "label": "lowest general loss"},
                      {"x": 9_000_000, "label": "decay begins"}],
        }, "The band is the 95 % interval over documents. General text was replayed at the fitted share.", "Training"),
        Block("curves", "Training loss", {
            "x_label": "optimiser step", "y_label": "nats per token", "x_log": True,
            "series": [{"name": "loss", "x": steps, "y": [*general[:100], None, *general[101:]]}],
        }, "Step 0 has no place on a logarithmic axis.", "Training"),
        Block("curves", "Learning rate", {
            "x_label": "optimiser step", "y_label": "learning rate",
            "series": [{"name": "learning rate", "x": steps,
                        "y": [3e-4 * min(s / 60, 1, (1200 - s) / 300) for s in steps]}],
        }, section="Training"),
    ]  # fmt: skip


def mixture_blocks() -> list[Block]:
    shares = [0.05, 0.1, 0.25, 0.5, 0.75]
    series: list[dict[str, Any]] = []
    for size, offset in (("0.4 M parameters", 0.35), ("1.6 M parameters", 0.0)):
        fit = [1.75 + offset + 0.32 * math.exp(-3.2 * share) for share in shares]
        series.append({"name": size, "x": shares, "y": fit})
        series.append({"name": size, "x": shares, "y": [y + 0.011 * (-1) ** i for i, y in enumerate(fit)],
                       "low": [y - 0.03 for y in fit], "high": [y + 0.03 for y in fit], "style": "points"})  # fmt: skip
    runs = [("1.6 M", share, 2.0 + share / 7, 2.003 + share / 7.1) for share in shares]
    return [
        Block("curves", "D-CPT law: domain loss by share of domain text", {
            "x_label": "share of domain text", "y_label": "bits per byte", "series": series,
            "marks": [{"x": 0.31, "label": "chosen: 0.31"}]},
            "Points are proxies, lines the fitted law; whiskers are 95 % intervals.", "Mixture"),
        Block("table", "Held-out runs", {
            "columns": ["size", "share", "measured", "predicted", "held out"],
            "rows": [[*run, place == 2] for place, run in enumerate(runs)]},
            "Whole runs were kept from the fit.", "Mixture"),
        Block("text", "The law was trusted", {"text": "Error on held-out runs: 0.4 %.", "severity": "info"},
              section="Mixture"),
    ]  # fmt: skip


def evaluation_blocks() -> list[Block]:
    models = ("base", "continued", "fine-tuned", "merged")
    tasks = ("geo: minerals", "geo: minerals, permuted facts", "general: everyday objects and their uses")
    bars = [
        {"name": model, "group": task, "value": value, "low": value - 0.035, "high": value + 0.035}
        for t, task in enumerate(tasks)
        for m, model in enumerate(models)
        for value in [(0.26 + 0.13 * m, 0.25 + 0.004 * m, 0.61 - 0.01 * m)[t]]
    ]
    rows = [["bits per byte, domain", 2.412, 1.873, 1.902, 1.881],
            ["bits per byte, general", 2.113, 2.131, 2.140, 2.098],
            ["accuracy, minerals", 0.26, 0.39, 0.52, 0.65], ["parameters", 1_605_632, 1_605_632, 1_605_632, None],
            [EVIL, 1e-9, math.pi * 1e6, 3, "text in a column of numbers"]]  # fmt: skip
    return [
        Block("table", "Base, continued, fine-tuned, merged", {"columns": ["measure", *models], "rows": rows},
              "Test text and questions, opened once.", "Evaluation"),
        Block("bars", "Accuracy by task", {"y_label": "accuracy", "bars": bars},
              "Whiskers: 95 % paired bootstrap. Chance is 0.25.", "Evaluation"),
        Block("bars", "Difference from the base", {"y_label": "bits per byte", "bars": [
            {"name": "domain", "value": -0.539, "low": -0.56, "high": -0.51},
            {"name": "general", "value": 0.018, "low": 0.004, "high": 0.031},
            {"name": "a corpus with a very long name that cannot fit beside its bar", "value": None}]},
            section="Evaluation"),
        Block("text", "Merged is not the best in general loss",
              {"text": "base has 2.113 bits per byte on general text, merged 2.131.", "severity": "warning"},
              section="Evaluation"),
    ]  # fmt: skip


def sample() -> ReportInput:
    """A run of the default graph: general side reused, one step failed, what follows it pending."""
    blocks = {
        "cpt": training_blocks(),
        "mixture": mixture_blocks(),
        "merge": [Block("curves", "Merge coefficient", {
            "x_label": "lambda", "y_label": "dev score",
            "series": [{"name": "task arithmetic", "x": [0.2, 0.4, 0.6, 0.8, 1.0], "y": [0.41, 0.47, 0.52, 0.55, 0.51]},
                       {"name": "ties", "x": [0.2, 0.4, 0.6, 0.8, 1.0], "y": [0.40, 0.46, 0.515, 0.548, 0.52]},
                       {"name": "dare_linear", "x": [0.2, 0.4, 0.6, 0.8, 1.0], "y": [0.39, 0.45, 0.51, 0.545, 0.522]}],
            "marks": [{"x": 0.8, "label": "chosen"}]}, section="merge")],
        "evaluate_on_the_held_out_test_questions": evaluation_blocks(),
        "grade": [Block("table", "Planted defects found", {
            "columns": ["kind", "planted", "found", "recall", "precision"],
            "rows": [["exact duplicate", 300, 300, 1.0, 1.0],
                     ["near duplicate, Jaccard >= 0.85", 300, 291, 0.97, 0.995],
                     ["mojibake", 300, 288, 0.96, 0.99]]}, section="Data")],
        "tokenizer": [Block("table", "Longest tokens", {"columns": ["token", "bytes"], "rows": [[" feldspar", 9]]})],
    }  # fmt: skip
    clock: dict[str, float] = {}
    records: list[StepRecord] = []
    for name, stage, needs, seconds in GRAPH:
        begun = max((clock[needed] for names in needs.values() for needed in names), default=START)
        reused = name in ("general_text", "suites", "instructions") or name.endswith("_general")
        status: Any = "reused" if reused else "failed" if name == "export" else "done"
        clock[name] = begun + (0 if reused else seconds)
        records.append(
            StepRecord(
                name=name,
                stage=stage,
                needs=needs,
                status=status,
                key=f"{len(records):02d}c0ffee5eedbead{len(records):04d}",
                seconds=None if status == "failed" else seconds,
                metrics=document_metrics().get(name, {"note": "nothing to count", "nested": {"inner": 0.25}}),
                blocks=blocks.get(name, []),
                warnings=["built by an older stages/dedup/stage.py"] if name == "dedup_general" else [],
                error="step export: /runs/geo: no space left on device. Free some, then run again" * (name == "export"),
                resources={"num_cpus": 1.0},
                parameters={"learning_rate": 3e-4, "global_batch_tokens": 8192} if name == "cpt" else {},
                started=begun if not reused else START - 90_000,
            )
        )
    return ReportInput(
        recipe="geo",
        domain="geo",
        profile="laptop",
        command="strata run geo --set cpt.learning_rate=1.0e-5",
        started="2026-05-04 10:11:12",
        seconds=642.0,
        headline=[
            "domain gain: 2.412 -> 1.873 bits per byte (-22.3 %, interval -0.56 to -0.51)",
            "general loss: 2.113 -> 2.131 bits per byte (+0.9 %)",
            "final score: 0.262 -> 0.648 of geo test questions (difference 0.33 to 0.44)",
        ],
        checkpoint="runs/geo/model",
        steps=records,
        versions={"python": "3.11.7", "torch": "2.13.0", "ray": "2.60.0", "deepspeed": "0.19.8"},
        commit="b047840041008fdc2e8010b9694d6ea6603f567b with uncommitted changes",
        machine={"platform": "Linux", "cpu": "AMD EPYC", "cpu_cores": "2", "memory_gib": "7.8"},
        overrides=["cpt.learning_rate=1.0e-5"],
        licenses=["CC0-1.0", "CC-BY-4.0"],
    )


class Reader(HTMLParser):
    """Reads a page as a browser would: which elements there are, with which attributes, and its visible text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._raw = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._raw = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._raw = ""

    def handle_data(self, data: str) -> None:
        if not self._raw:
            self.text.append(data)

    def values(self, name: str) -> list[str]:
        return [attributes[name] or "" for _, attributes in self.elements if name in attributes]


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


@pytest.fixture(scope="module")
def page() -> Reader:
    return read(render(sample()))


def step(name: str = "one", **changes: Any) -> StepRecord:
    return replace(StepRecord(name, "toy", {}, "done", "0" * 20, 1.0, {}, [], []), **changes)


def report_of(*steps: StepRecord, **changes: Any) -> ReportInput:
    return replace(sample(), steps=list(steps), headline=[], **changes)


def text_of(*steps: StepRecord, **changes: Any) -> str:
    return " ".join(" ".join(read(render(report_of(*steps, **changes))).text).split())


def test_the_page_needs_nothing_beside_it(page: Reader) -> None:
    assert not {tag for tag, _ in page.elements} & {"link", "img", "iframe", "object", "embed", "base", "form", "input"}
    assert not page.values("src")
    assert all(link.startswith("#") for link in page.values("href"))
    style = re.search(r"<style>(.*?)</style>", render(sample()), re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    policy = next(a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_every_link_leads_somewhere_and_ids_are_unique(page: Reader) -> None:
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in page.values("href")} <= set(ids)


def test_every_chart_has_a_name_and_nothing_falls_outside_it(page: Reader) -> None:
    charts = [attributes for tag, attributes in page.elements if tag == "svg" and "role" in attributes]
    assert len(charts) > 12
    assert all(chart["aria-label"] for chart in charts)
    coordinates = [v for name in ("x", "y", "x1", "y1", "cx", "cy", "width", "height") for v in page.values(name)]
    assert coordinates
    assert all(-50 < float(value) < 3000 for value in coordinates)


def test_results_stand_first_each_from_base_to_adapted() -> None:
    text = " ".join(" ".join(read(render(sample())).text).split())
    cards = text[: text.index("export")]
    assert "domain gain 2.412 → 1.873 bits per byte (-22.3 %, interval -0.56 to -0.51)" in cards
    assert "general loss 2.113 → 2.131 bits per byte (+0.9 %)" in cards
    assert "final score 0.262 → 0.648" in cards


def test_a_headline_that_is_no_comparison_is_shown_as_it_is() -> None:
    report = replace(report_of(step()), headline=["nothing was evaluated"])
    assert "nothing was evaluated" in " ".join(read(render(report)).text)


def test_failures_and_warnings_stand_before_everything_else(page: Reader) -> None:
    text = " ".join(" ".join(page.text).split())
    head = text[: text.index(" Steps ", text.index("bits per byte"))]
    assert "Step export failed step export: /runs/geo: no space left on device. Free some, then run again" in head
    assert "dedup_general : built by an older stages/dedup/stage.py" in head
    assert "Merged is not the best in general loss. base has 2.113 bits per byte" in head


def test_sections_come_in_the_order_of_the_chain(page: Reader) -> None:
    ids = [attributes["id"] for tag, attributes in page.elements if tag == "section"]
    assert ids == [
        "steps", "time", "data", "mixture", "training", "merge", "evaluation", "by-step", "records", "origin",
    ]  # fmt: skip


def test_documents_are_counted_by_step_and_rule(page: Reader) -> None:
    text = " ".join(" ".join(page.text).split())
    assert "clean_general 11,602 10,198 87.9 % 9.3 MB 310 language 303 mojibake 301 gibberish" in text
    assert "general_text 9,800 9,800 100.0 % 8.4 MB –" in text


def test_versions_commit_command_overrides_and_machine_are_recorded(page: Reader) -> None:
    text = " ".join(" ".join(page.text).split())
    for said in ("b047840041008fdc2e8010b9694d6ea6603f567b with uncommitted changes", "deepspeed 0.19.8", "AMD EPYC",
                 "strata run geo --set cpt.learning_rate=1.0e-5", "global_batch_tokens 8,192", "nested.inner 0.25",
                 "CC0-1.0, CC-BY-4.0"):  # fmt: skip
        assert said in text


def test_the_record_gives_numbers_in_full() -> None:
    assert "rate 0.0001234567891 num_tokens 1,234,567" in text_of(
        step(parameters={"rate": 0.0001234567891, "num_tokens": 1234567})
    )


def test_text_from_documents_never_becomes_markup() -> None:
    blocks = [
        Block("table", EVIL, {"columns": [EVIL, "b"], "rows": [[EVIL, {EVIL: EVIL}]]}, EVIL, EVIL),
        Block("text", EVIL, {"text": EVIL, "severity": "warning"}, EVIL),
        Block("bars", EVIL, {"y_label": EVIL, "bars": [{"name": EVIL, "value": 1, "group": EVIL}]}, EVIL),
        Block("curves", EVIL, {"x_label": EVIL, "y_label": EVIL, "marks": [{"x": 1, "label": EVIL}],
                               "series": [{"name": EVIL, "x": [1, 2], "y": [1, 2]}]}, EVIL),
        Block("curves", EVIL, {"series": EVIL, EVIL: EVIL}, EVIL),
    ]  # fmt: skip
    flow = {"documents_in": 3, "documents_out": 1, "dropped_by_rule": {EVIL: 2}, EVIL: [EVIL]}
    evil = step(EVIL, stage=EVIL, status="failed", key=EVIL, metrics=flow, blocks=blocks, warnings=[EVIL], error=EVIL,
                parameters={EVIL: EVIL}, resources={EVIL: EVIL}, needs={EVIL: [EVIL]})  # fmt: skip
    report = ReportInput(EVIL, EVIL, EVIL, EVIL, EVIL, 1.0, [EVIL, f"{EVIL[:9]}: 1 -> {EVIL}"], EVIL,
                         [evil, step("two", needs={"x": [EVIL]})], {EVIL: EVIL}, EVIL, {EVIL: EVIL},
                         [EVIL], [EVIL])  # fmt: skip
    page = read(render(report))
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert "img" not in {tag for tag, _ in page.elements}
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert all(link.startswith("#") for link in page.values("href"))
    assert any(EVIL in text for text in page.text)


def test_control_characters_and_lone_surrogates_do_not_break_the_file(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", report_of(step(warnings=["a\x00b\x1b[31m \ud800 end"])))
    text = (tmp_path / "report.html").read_text("utf-8")
    assert "a�b�[31m ? end" in text


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (Block("curves", "t", {"x_label": "x", "y_label": "y"}), "key 'series' is missing"),
        (Block("curves", "t", {"x_label": "x", "y_label": "y", "series": []}), "there is nothing to draw"),
        (Block("curves", "t", {"x_label": "x", "y_label": "y", "series": [{"name": "a", "x": [1], "y": [1, 2]}]}),
         "zip() argument"),
        (Block("curves", "t", {"x_label": "x", "y_label": "y", "series": [{"name": "a", "x": ["1"], "y": [1]}]}),
         "must be a number, got '1'"),
        (Block("curves", "t", {"x_label": "x", "y_label": "y",
                               "series": [{"name": "a", "x": [1], "y": [1], "style": "wavy"}]}),
         "style must be line, points or dashed, got 'wavy'"),
        (Block("bars", "t", {"y_label": "y", "bars": []}), "there is nothing to draw: no bars"),
        (Block("table", "t", {"columns": ["a"], "rows": [[1, 2]]}), "a row must have 1 cells, got 2"),
        (Block("table", "t", {"columns": ["a"], "rows": [[1]], "align": ["left", "left"]}),
         "align must name 1 columns, got 2"),
        (Block("text", "t", {"text": "x", "severity": "loud"}), "severity must be info or warning, got 'loud'"),
        (Block("pie", "t", {}), "kind must be table, curves, bars or text, got 'pie'"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_a_block_that_cannot_be_drawn_is_said_in_its_place(block: Block, said: str) -> None:
    text = text_of(step(blocks=[block]))
    assert "cannot be drawn: " in text
    assert said in text


def test_a_page_without_steps_or_with_one_that_failed_at_once() -> None:
    assert "Recipe geo" in text_of()
    text = text_of(step(status="failed", seconds=None, error="step one: broken"), step("two", status="pending"))
    assert "Step one failed step one: broken" in text
    assert "1 failed 1 pending" in text


def test_names_that_differ_only_in_signs_keep_their_own_records() -> None:
    page = read(render(report_of(step("a.b"), step("a b"), step("a-b", needs={"x": ["a.b", "gone"]}))))
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {"step-a-b", "step-a-b-1", "step-a-b-2"} <= set(ids)


def test_a_long_table_says_what_it_leaves_out() -> None:
    block = Block("table", "long", {"columns": ["n"], "rows": [[n] for n in range(2500)]})
    assert "The first 1,000 of 2,500 rows; the artifact's blocks/ holds all." in text_of(step(blocks=[block]))


def test_writing_replaces_the_page_whole(tmp_path: Path) -> None:
    path = tmp_path / "geo" / "report.html"
    write_report(path, report_of(step("first")))
    write_report(path, report_of(step("second")))
    assert "second" in path.read_text("utf-8")
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


def test_the_same_run_gives_the_same_page() -> None:
    assert render(sample()) == render(sample())


def test_blocks_are_read_in_the_order_they_were_written(tmp_path: Path) -> None:
    (tmp_path / "blocks").mkdir()
    for number, title in enumerate(("first", "second")):
        value = {"kind": "text", "title": title, "data": {"text": "x", "severity": "info"}, "note": "", "section": ""}
        (tmp_path / "blocks" / f"{number:03d}.json").write_text(json.dumps({**value, "order": 0}))
    assert [block.title for block in load_blocks(tmp_path)] == ["first", "second"]
    assert load_blocks(tmp_path / "none") == []
    (tmp_path / "blocks" / "002.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"002\.json: is not a block of the report .*Delete the artifact"):
        load_blocks(tmp_path)


def test_metrics_end_at_a_line_cut_off_by_a_kill(tmp_path: Path) -> None:
    assert metrics_rows(tmp_path) == []
    (tmp_path / "metrics.jsonl").write_text('{"loss": 2.0}\n{"loss": 1.5}\n{"lo')
    assert metrics_rows(tmp_path) == [{"loss": 2.0}, {"loss": 1.5}]
    (tmp_path / "metrics.jsonl").write_text('{"note": "a\u2028b"}\n')
    assert metrics_rows(tmp_path) == [{"note": "a\u2028b"}]
    (tmp_path / "metrics.jsonl").write_text('{"loss": 2.0}\n{"lo\n{"loss": 1.5}\n')
    with pytest.raises(ArtifactError, match=r"metrics\.jsonl: line 2 is not valid JSON"):
        metrics_rows(tmp_path)


def test_importing_the_report_imports_only_the_standard_library() -> None:
    code = "import sys, pipeline.report.page, pipeline.progress, pipeline.provenance as p; " \
           "print(sorted(n for n in ('pydantic', 'numpy', 'torch', 'yaml') if n in sys.modules))"  # fmt: skip
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "[]"
