"""`export`: a clean process loads the published directory, logits are the step's, the card and headline are true."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from data_tools.documents import Document, documents_writer
from pipeline.artifact import Artifact
from pipeline.errors import StepError
from pipeline.stage import Inputs
from stages.evaluate.stage import Evaluate
from stages.export.headline import headline
from stages.export.stage import STAGE, Export, link_or_copy
from tests.stages.tiny_artifacts import (
    artifact,
    blocks,
    model_artifact,
    nudged,
    output,
    questions_artifact,
    tokens_artifact,
)


def _interval(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Artifact]:
    folder = tmp_path_factory.mktemp("export")
    base = model_artifact(folder, "base")
    found = {"base": base, "cpt": nudged(base, folder, "cpt", 0.02, 1), "sft": nudged(base, folder, "sft", 0.02, 2)}
    merged = nudged(base, folder, "merge", 0.02, 3)
    candidate = {"name": "task_arithmetic_1", "domain_bits_per_byte": 5.0, "general_bits_per_byte": 5.1}
    metrics = {"formula": "W = ...", "coefficient": 1.0, "reason": "best on dev"}
    metrics["candidates"] = [{**candidate, "domain_accuracy": 0.5}]
    found["merged"] = artifact(merged.path, "model", "merge", metrics)
    inputs = Inputs({name: [one] for name, one in found.items()})
    inputs["tokens"], inputs["questions"] = [tokens_artifact(folder)], [questions_artifact(folder)]
    Evaluate(num_resamples=200, max_test_documents=4, max_dev_documents=4).run(inputs, output(folder / "scores"))
    scores = artifact(folder / "scores", "scores", "evaluate")
    provenance = {"commit": "abc123", "dirty": False, "versions": {"torch": "2.13.0", "pyarrow": "1"}}
    found["scores"] = Artifact(scores.path, {**scores.manifest, "provenance": provenance})
    return found


def _inputs(roles: dict[str, Artifact], *names: str) -> Inputs:
    return Inputs({name: [roles[name]] for name in ("scores", *names)})


@pytest.fixture(scope="module")
def published(roles: dict[str, Artifact], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    path = tmp_path_factory.mktemp("work")
    text = artifact(path / "text", "documents", "domain_text")
    with documents_writer(text.path, 0) as shard:
        for number, license_ in enumerate(("CC0-1.0", "CC0-1.0", "")):
            shard.write(Document(str(number), "text", ("geo_world", "geo_world", "own")[number], "geo", license_))
    mixture = artifact(path / "mixture_step", "mixture", "mixture")
    mixture.path.mkdir()
    (mixture.path / "mixture.json").write_text(json.dumps({"domain_share": 0.25, "interval": [0.2, 0.3]}))
    inputs = _inputs(roles, "merged", "sft", "cpt")
    inputs["documents"], inputs["mixture"] = [text], [mixture]
    (roles["merged"].path / "model" / "training_args.bin").write_bytes(b"pickle")
    return path / "out", Export().run(inputs, output(path / "out"))


_LOAD = """
import json, sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
found = []
for path in sys.argv[1:]:
    model, tokenizer = AutoModelForCausalLM.from_pretrained(path), AutoTokenizer.from_pretrained(path)
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What colour is topaz?"}],
        add_generation_prompt=True, return_tensors="pt", return_dict=True)
    with torch.no_grad():
        logits = model(**ids).logits[0, -1].tolist()
    made = model.generate(**ids, max_new_tokens=5, do_sample=False)
    new = made.shape[1] - ids["input_ids"].shape[1]
    found.append({"logits": logits, "new": new, "eos": model.generation_config.eos_token_id})
print(json.dumps(found))
"""


def test_clean_process_loads_generates_and_agrees(
    roles: dict[str, Artifact], published: tuple[Path, Any], tmp_path: Path
) -> None:
    paths = [str(published[0] / "model"), str(roles["merged"].path / "model")]
    command = [sys.executable, "-I", "-c", _LOAD, *paths]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    mine, source = json.loads(done.stdout.splitlines()[-1])
    assert mine == source
    assert 1 <= mine["new"] <= 5
    assert mine["eos"] == 1


def test_weights_are_the_published_steps(roles: dict[str, Artifact], published: tuple[Path, Any]) -> None:
    model, source = published[0] / "model", roles["merged"].path / "model"
    assert (model / "model.safetensors").read_bytes() == (source / "model.safetensors").read_bytes()
    assert (model / "chat_template.jinja").exists()
    assert not (model / "training_args.bin").exists(), "no pickle is published"


def test_headline_is_of_the_published_model(roles: dict[str, Artifact], published: tuple[Path, Any]) -> None:
    lines = published[1]["headline"]
    scores = json.loads((roles["scores"].path / "scores.json").read_text())
    domain = scores["text"]["domain"]["models"]["merged"]
    assert len(lines) == 3
    assert lines[0].startswith("domain gain:")
    assert f"{domain['first']['value']:.3f} -> {domain['second']['value']:.3f} bits per byte" in lines[0]
    assert lines[1].startswith("general loss:")
    assert "of 16 geo questions (" in lines[2]
    (block,) = blocks(published[0])
    assert block["data"]["text"].startswith("Published: merged (step merge). The recipe asks for it.")


def test_card_says_what_is_known(published: tuple[Path, Any]) -> None:
    text = (published[0] / "model" / "README.md").read_text()
    _, header, body = text.split("---\n", 2)
    fields = yaml.safe_load(header)
    assert fields["pipeline_tag"] == "text-generation"
    assert fields["license_name"] == "text: CC0-1.0, not stated"
    for expected in (
        "| geo_world | CC0-1.0 |",
        "| own | not stated |",
        "share of domain text: 0.250 (interval 0.200 to 0.300)",
        "lambda 1: best on dev",
        "commit abc123",
        "torch 2.13.0",
        "| **merged** |",
        published[1]["headline"][0],
    ):
        assert expected in body, expected


def test_headline_without_questions_or_text() -> None:
    found = {
        "first": _interval(1.234, 1, 2),
        "second": _interval(0.987, 0.9, 1),
        "relative": _interval(-0.2, -0.21, -0.19),
    }
    scores = {"text": {"domain": {"models": {"cpt": found}}}, "groups": {}}
    assert headline(scores, "cpt") == [
        "domain gain:   1.234 -> 0.987 bits per byte (-20.0%, 95 % interval -21.0 .. -19.0)",
        "general loss:  not measured, no general test text",
        "final score:   not measured, no questions on the domain",
    ]


def test_best_is_chosen_on_dev_only(roles: dict[str, Artifact], tmp_path: Path) -> None:
    scores = json.loads((roles["scores"].path / "scores.json").read_text())
    base = scores["dev"]["base"]["bits_per_byte"]["general"]
    for role, accuracy, general in (("merged", 0.4, base), ("sft", 0.6, base * 1.05), ("cpt", 0.9, base * 1.5)):
        scores["dev"][role] = {
            "domain_accuracy": accuracy,
            "bits_per_byte": {"general": general, "domain": 1.0},
        }
    scores["best"] = {"name": "cpt", "by": "domain test accuracy"}
    (tmp_path / "scores").mkdir()
    (tmp_path / "scores" / "scores.json").write_text(json.dumps(scores))
    changed = {**roles, "scores": artifact(tmp_path / "scores", "scores", "evaluate")}
    stage = Export(publish="best", tolerance=0.1)
    metrics = stage.run(_inputs(changed, "merged", "sft", "cpt"), output(tmp_path / "work"))
    assert metrics["published"] == "sft", "cpt scores higher but forgot too much"
    (block,) = blocks(tmp_path / "work")
    assert block["data"]["severity"] == "warning"
    assert "On test cpt is best by domain test accuracy." in block["data"]["text"]


def test_user_errors(roles: dict[str, Artifact], tmp_path: Path) -> None:
    with pytest.raises(StepError, match="needs at least one of merged, sft, cpt to publish, got none"):
        Export().run(_inputs(roles), output(tmp_path))
    with pytest.raises(StepError, match="publish: merged needs a step of that role, got sft, cpt"):
        Export().run(_inputs(roles, "sft", "cpt"), output(tmp_path))
    other = {**roles, "merged": roles["cpt"]}
    with pytest.raises(StepError, match="merged is artifact cpt-key, but the scores are of merge-key"):
        Export().run(_inputs(other, "merged"), output(tmp_path))


def test_best_without_dev_text(roles: dict[str, Artifact], tmp_path: Path) -> None:
    scores = json.loads((roles["scores"].path / "scores.json").read_text())
    scores["dev"]["base"]["bits_per_byte"] = {}
    (tmp_path / "scores.json").write_text(json.dumps(scores))
    changed = {**roles, "scores": artifact(tmp_path, "scores", "evaluate")}
    with pytest.raises(StepError, match="publish: best compares dev text, and evaluate read none"):
        Export(publish="best").run(_inputs(changed, "merged"), output(tmp_path / "work"))


def test_incomplete_model_is_refused(roles: dict[str, Artifact], tmp_path: Path) -> None:
    torn = nudged(roles["merged"], tmp_path, "merge", 0.0, 1)
    for file in (torn.path / "model").glob("tokenizer*"):
        file.unlink()
    with pytest.raises(StepError, match="has no tokenizer"):
        Export().run(_inputs({**roles, "merged": torn}, "merged"), output(tmp_path / "work"))


def test_missing_generation_config_is_made(roles: dict[str, Artifact], tmp_path: Path) -> None:
    bare = nudged(roles["merged"], tmp_path, "merge", 0.0, 1)
    bare = Artifact(bare.path, roles["merged"].manifest)
    (bare.path / "model" / "generation_config.json").unlink()
    Export().run(_inputs({**roles, "merged": bare}, "merged"), output(tmp_path / "work"))
    made = json.loads((tmp_path / "work" / "model" / "generation_config.json").read_text())
    assert made == {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}


def test_weights_are_linked_or_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import os

    source = tmp_path / "a"
    source.write_bytes(b"weights")
    link_or_copy(source, tmp_path / "b")
    assert (tmp_path / "b").stat().st_ino == source.stat().st_ino

    def other_file_system(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", other_file_system)
    link_or_copy(source, tmp_path / "c")
    assert (tmp_path / "c").read_bytes() == b"weights"


def test_stage_is_declared() -> None:
    assert (STAGE.name, STAGE.gives) == ("export", "export")
