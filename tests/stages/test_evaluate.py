"""`evaluate`: the figures equal a calculation by hand, models are paired, the verdict is plain."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from eval.likelihood import continuation_nats, load_model, load_tokenizer
from pipeline.artifact import Artifact
from pipeline.errors import StepError
from pipeline.stage import Inputs
from stages.evaluate.report import _verdict, control_sentences
from stages.evaluate.scoring import _write_rows, packed_documents, read_answers
from stages.evaluate.stage import STAGE, Evaluate, EvaluateResources
from tests.stages.tiny_artifacts import blocks, model_artifact, nudged, output, questions_artifact, tokens_artifact


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Artifact]:
    folder = tmp_path_factory.mktemp("evaluate")
    base = model_artifact(folder, "base")
    return {
        "base": base,
        "cpt": nudged(base, folder, "cpt", 0.02, 1),
        "merged": nudged(base, folder, "merge", 0.02, 2),
        "half": nudged(base, folder, "cpt_half", 0.02, 3),
        "tokens": tokens_artifact(folder),
        "questions": questions_artifact(folder),
    }


@pytest.fixture(scope="module")
def finished(world: dict[str, Artifact], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    path = tmp_path_factory.mktemp("work")
    roles = {name: [world[name]] for name in ("base", "cpt", "merged", "tokens", "questions")}
    stage = Evaluate(num_resamples=200)
    metrics = stage.run(Inputs({**roles, "controls": [world["half"]]}), output(path, EvaluateResources()))
    return path, {**json.loads((path / "scores.json").read_text()), "metrics": metrics}


def test_stage_is_declared() -> None:
    assert STAGE.name == "evaluate"
    assert STAGE.gives == "scores"


def test_bits_per_byte_equal_the_sum_by_hand(world: dict[str, Artifact], finished: tuple[Path, dict]) -> None:
    documents = packed_documents(world["tokens"].path, "domain", "test")
    model = load_model(world["cpt"].path / "model")
    short = [one for one in documents if len(one.token_ids) <= 64]  # the context: longer ones are read in windows
    assert short
    rows = (finished[0] / "details" / "cpt" / "test" / "text_domain.jsonl").read_text().splitlines()
    nats = {row["id"]: row["nats"] for row in map(json.loads, rows)}
    for document in short:
        by_hand = continuation_nats(model, document.token_ids[:1], [document.token_ids[1:]])[0]
        assert nats[document.id] == pytest.approx(by_hand, rel=1e-5)
    whole = sum(nats.values()) / math.log(2) / sum(one.num_bytes for one in documents)
    scored = finished[1]["text"]["domain"]["models"]["cpt"]
    assert scored["second"]["value"] == pytest.approx(whole)
    assert scored["second"]["low"] <= whole <= scored["second"]["high"]


def test_every_model_is_paired_with_the_base(finished: tuple[Path, dict]) -> None:
    scores = finished[1]
    assert list(scores["models"]) == ["base", "cpt", "merged", "cpt_half"]
    assert scores["models"]["cpt_half"]["control_run"]
    for section in (*scores["text"].values(), *scores["groups"].values(), *scores["tasks"].values()):
        base = section["models"]["base"]
        assert base["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
        for compared in section["models"].values():
            assert compared["first"]["value"] == base["first"]["value"]
            difference = compared["second"]["value"] - compared["first"]["value"]
            assert compared["difference"]["value"] == pytest.approx(difference)
    assert scores["groups"]["domain"]["num_questions"] == 16
    assert scores["groups"]["domain"]["tasks"] == ["geo_choice", "geo_cloze"]
    assert scores["groups"]["domain"]["models"]["base"]["num_groups"] == 4, "two questions per fact are drawn together"
    assert scores["metrics"]["accuracy"]["domain"]["base"] == pytest.approx(
        scores["groups"]["domain"]["models"]["base"]["second"]["value"], abs=1e-6
    )


def test_blocks_show_all_models(finished: tuple[Path, dict]) -> None:
    shown = blocks(finished[0])
    kinds = {block["title"]: block["kind"] for block in shown}
    assert kinds["Models on test"] == "table"
    assert kinds["Change of bits per byte"] == "bars"
    assert kinds["Controls with permuted facts"] == "text"
    assert kinds["Which model is best"] == "text"
    table = next(block for block in shown if block["title"] == "Models on test")
    assert [row[0] for row in table["data"]["rows"]] == ["base", "cpt", "merged", "cpt_half"]


def test_again_gives_the_same_bytes(world: dict[str, Artifact], finished: tuple[Path, dict], tmp_path: Path) -> None:
    roles = {name: [world[name]] for name in ("base", "cpt", "merged", "tokens", "questions")}
    Evaluate(num_resamples=200).run(Inputs({**roles, "controls": [world["half"]]}), output(tmp_path))
    assert (tmp_path / "scores.json").read_bytes() == (finished[0] / "scores.json").read_bytes()
    mine = sorted(path.relative_to(tmp_path) for path in (tmp_path / "details").rglob("*.jsonl"))
    assert mine
    for name in mine:
        assert (tmp_path / name).read_bytes() == (finished[0] / name).read_bytes(), name


def test_text_alone_is_enough(world: dict[str, Artifact], tmp_path: Path) -> None:
    inputs = Inputs({"base": [world["base"]], "cpt": [world["cpt"]], "tokens": [world["tokens"]]})
    metrics = Evaluate(num_resamples=200, max_test_documents=3).run(inputs, output(tmp_path))
    assert set(metrics["bits_per_byte"]) == {"general", "domain"}
    assert metrics["accuracy"] == {}
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["text"]["domain"]["num_documents"] == 3
    assert scores["best"]["by"] == "domain test bits per byte"


def test_separators_inside_names_survive(tmp_path: Path) -> None:
    row = {"task": "geo_choice", "id": "a\u2028b\u2029c\u0085d"}
    _write_rows(tmp_path / "dev" / "answers.jsonl", [row, row])
    assert read_answers(tmp_path, "dev", {}) == {"geo_choice": [row, row]}


def test_nothing_to_compare_by(world: dict[str, Artifact], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"step step: needs tokens, questions or both, got neither"):
        Evaluate().run(Inputs({"base": [world["base"]]}), output(tmp_path))


def test_empty_test_split(world: dict[str, Artifact], tmp_path: Path) -> None:
    tokens = tokens_artifact(tmp_path / "empty", num_documents=0)
    with pytest.raises(StepError, match="the test split holds neither text nor questions"):
        Evaluate().run(Inputs({"base": [world["base"]], "tokens": [tokens]}), output(tmp_path / "work"))


def _scores(merged_change: dict[str, float] | None, best: str) -> dict:
    verdict = {"name": best, "by": "domain test accuracy", "merged_is_best": best == "merged"}
    return {"best": {**verdict, "merged_versus_best": merged_change}}


def test_verdict_says_when_merged_is_not_best() -> None:
    block = _verdict(_scores({"value": -0.1, "low": -0.15, "high": -0.05}, "sft"))
    assert block.data["severity"] == "warning"
    assert "sft is best" in block.data["text"]
    assert "NOT the best: -10 points" in block.data["text"]
    assert "beyond the noise" in block.data["text"]
    block = _verdict(_scores({"value": -0.01, "low": -0.05, "high": 0.03}, "sft"))
    assert "within the noise" in block.data["text"]
    assert _verdict(_scores(None, "merged")).data["severity"] == "info"


def test_control_far_from_chance_is_said() -> None:
    interval = {"value": 0.6, "low": 0.5, "high": 0.7}
    section = {"chance": 0.25, "num_questions": 40, "models": {"cpt": {"second": interval}}}
    ((sentence, near),) = control_sentences({"groups": {"domain_control": section}})
    assert not near
    assert "NOT near chance" in sentence


def test_tokenizer_is_needed(world: dict[str, Artifact], tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(ValueError, match="holds no tokenizer"):
        load_tokenizer(tmp_path / "model")
