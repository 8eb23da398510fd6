"""`merge`: the weights are the formula's, the choice is made on dev, what does not fit is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from eval.errors import EvalError
from pipeline.artifact import Artifact
from pipeline.errors import RecipeError, StepError
from pipeline.stage import CheckContext, Inputs
from stages.merge.candidates import check_mergeable
from stages.merge.stage import STAGE, Merge
from tests.stages.tiny_artifacts import blocks, model_artifact, nudged, output, questions_artifact, tokens_artifact

GRID = (0.5, 1.0)


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Artifact]:
    folder = tmp_path_factory.mktemp("merge")
    base = model_artifact(folder, "base", tied=False)
    (base.path / "model" / "chat_template.jinja").unlink()
    instruct = nudged(base, folder, "instruct", 0.01, 1)
    (instruct.path / "model" / "chat_template.jinja").write_text("{{ messages }}{% generation %}{% endgeneration %}")
    cpt = nudged(base, folder, "cpt", 0.01, 2)
    found = {"base": base, "instruct": instruct, "cpt": cpt}
    return {**found, "tokens": tokens_artifact(folder), "questions": questions_artifact(folder)}


def _inputs(roles: dict[str, Artifact], *names: str) -> Inputs:
    return Inputs({name: [roles[name]] for name in names or tuple(roles)})


@pytest.fixture(scope="module")
def finished(roles: dict[str, Artifact], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    path = tmp_path_factory.mktemp("work")
    stage = Merge(coefficients=GRID, tolerance=1.0, prompt="plain", max_documents=4)
    return path, stage.run(_inputs(roles), output(path))


def _weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    found: dict[str, Any] = {}
    for file in sorted(folder.glob("*.safetensors")):
        found.update(load_file(file))
    return {name: tensor.double() for name, tensor in found.items()}


def test_weights_are_the_formula(roles: dict[str, Artifact], finished: tuple[Path, Any]) -> None:
    path, metrics = finished
    base, instruct, cpt = (_weights(roles[name].path / "model") for name in ("base", "instruct", "cpt"))
    merged = _weights(path / "model")
    assert merged.keys() == base.keys()
    for name, tensor in merged.items():
        expected = instruct[name] + metrics["coefficient"] * (cpt[name] - base[name])
        assert (tensor - expected).abs().max() < 1e-6, name
        assert (tensor - instruct[name]).abs().max() > 1e-3, "a merge that changes nothing would pass otherwise"


def test_choice_follows_the_dev_figures(finished: tuple[Path, Any]) -> None:
    path, metrics = finished
    record = json.loads((path / "merge.json").read_text())
    candidates = {one["name"]: one for one in record["candidates"]}
    assert list(candidates) == ["base", "task_arithmetic_0.5", "task_arithmetic_1"]
    tried = [one for one in candidates.values() if one["name"] != "base"]
    best = min(tried, key=lambda one: (-one["domain_accuracy"], one["domain_bits_per_byte"]))
    assert record["chosen"] == metrics["chosen"] == best["name"]
    assert record["general_limit"] == pytest.approx(2 * candidates["base"]["general_bits_per_byte"])
    assert all(0 <= one["domain_accuracy"] <= 1 for one in tried)
    assert [one["layer"] for one in record["task_vectors"]] == ["embed_tokens", "0", "1", "lm_head", "norm"]
    for one in record["task_vectors"]:
        assert abs(one["cosine"]) < 0.5, "two random directions"


def test_tokenizer_and_template_are_the_instruct_models(roles: dict[str, Artifact], finished: tuple[Path, Any]) -> None:
    instruct, merged = roles["instruct"].path / "model", finished[0] / "model"
    for name in ("chat_template.jinja", "tokenizer.json", "config.json", "generation_config.json"):
        assert (merged / name).read_bytes() == (instruct / name).read_bytes()
    assert not (merged / "README.md").exists()


def test_blocks(finished: tuple[Path, Any]) -> None:
    shown = {block["title"]: block for block in blocks(finished[0])}
    rows = shown["Merge candidates"]["data"]["rows"]
    assert [row[0].lstrip("→ ") for row in rows] == ["base", "task_arithmetic_0.5", "task_arithmetic_1"]
    assert sum(row[0].startswith("→") for row in rows) == 1
    assert shown["Merge: what lambda costs and gains"]["data"]["series"][0]["x"] == [0.5, 1.0]
    assert "Forgetting beyond the limit" not in shown


def test_same_bytes_again_and_after_a_crash(
    roles: dict[str, Artifact], finished: tuple[Path, Any], tmp_path: Path
) -> None:
    stage = Merge(coefficients=GRID, tolerance=1.0, prompt="plain", max_documents=4)
    stage.run(_inputs(roles), output(tmp_path))
    (tmp_path / ".map" / "final" / "model.json").unlink()  # as if killed while the chosen one was built
    (tmp_path / ".model.1" / "half").mkdir(parents=True)
    stage.run(_inputs(roles), output(tmp_path))
    for name in ("model/model.safetensors", "merge.json"):
        assert (tmp_path / name).read_bytes() == (finished[0] / name).read_bytes()


def test_answers_that_were_asked_must_still_be_there(
    roles: dict[str, Artifact], finished: tuple[Path, Any], tmp_path: Path
) -> None:
    for name in (".map", ".scores"):
        shutil.copytree(finished[0] / name, tmp_path / name)
    gone = tmp_path / ".scores" / "task_arithmetic_1" / "dev" / "answers.jsonl"
    gone.unlink()
    stage = Merge(coefficients=GRID, tolerance=1.0, prompt="plain", max_documents=4)
    with pytest.raises(StepError, match=rf"step step: {gone}: the answers of task 'geo_choice' are gone, .* Delete"):
        stage.run(_inputs(roles), output(tmp_path))


@pytest.mark.parametrize("method", ["ties", "dare_ties", "linear"])
def test_other_methods(roles: dict[str, Artifact], tmp_path: Path, method: str) -> None:
    """The one candidate of each; dense TIES and the means have a formula too."""
    stage = Merge(method=method, coefficients=(0.5,), density=1.0, tolerance=1.0, max_documents=2)
    stage.run(_inputs(roles, "base", "instruct", "cpt", "tokens"), output(tmp_path))
    base, instruct, cpt = (_weights(roles[name].path / "model") for name in ("base", "instruct", "cpt"))
    merged = _weights(tmp_path / "model")
    for name, tensor in merged.items():
        if method == "linear":
            expected = 0.5 * instruct[name] + 0.5 * cpt[name]
        else:
            # sign election: where the weighted vectors agree in sign both count, else the larger one alone
            a, b = instruct[name] - base[name], 0.5 * (cpt[name] - base[name])
            wins = (a + b).sign()
            agree_a, agree_b = (a.sign() == wins).double(), (b.sign() == wins).double()
            total = agree_a * a + agree_b * b
            weights = agree_a + 0.5 * agree_b if method == "ties" else 1.0
            expected = base[name] + total / weights
        assert (tensor - expected).abs().max() < 1e-5, name


def test_without_questions_text_decides(roles: dict[str, Artifact], tmp_path: Path) -> None:
    stage = Merge(coefficients=(0.3, 1.0), tolerance=0.0, max_documents=2)
    metrics = stage.run(_inputs(roles, "base", "instruct", "cpt", "tokens"), output(tmp_path))
    assert all(one["domain_accuracy"] is None for one in metrics["candidates"])
    base = metrics["candidates"][0]["general_bits_per_byte"]
    if not metrics["within_limit"]:  # random nudges: mostly worse than the base
        assert all(one["general_bits_per_byte"] > base for one in metrics["candidates"][1:])
        assert "forgot least" in metrics["reason"]
        assert "Forgetting beyond the limit" in {block["title"] for block in blocks(tmp_path)}


def test_other_shapes_are_refused(roles: dict[str, Artifact], tmp_path: Path) -> None:
    larger = model_artifact(tmp_path, "larger", tied=False, vocab_size=330)
    with pytest.raises(StepError, match="step step: cpt cannot be merged: its vocab_size is 330, the base's 320"):
        Merge().run(Inputs({**_inputs(roles), "cpt": [larger]}), output(tmp_path / "work"))
    deeper = model_artifact(tmp_path, "deeper", tied=False, layers=3)
    models = {"base": roles["base"].path / "model", "instruct": deeper.path / "model"}
    with pytest.raises(EvalError, match="instruct cannot be merged: its num_hidden_layers is 3, the base's 2"):
        check_mergeable(models, "step merge")


def test_missing_tensor_and_other_vocabulary_are_refused(roles: dict[str, Artifact], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    odd = nudged(roles["cpt"], tmp_path, "odd", 0.0, 3).path / "model"
    models = {"base": roles["base"].path / "model", "cpt": odd}
    tokenizer = (odd / "tokenizer.json").read_text()
    (odd / "tokenizer.json").write_text(tokenizer.replace("<|user|>", "<|human|>"))
    with pytest.raises(EvalError, match=r"its tokenizer is not the base's, 2 tokens differ, such as '<\|human\|>'"):
        check_mergeable(models, "step merge")
    (odd / "tokenizer.json").write_text(tokenizer)
    weights = load_file(odd / "model.safetensors")
    del weights["model.norm.weight"]
    save_file(weights, odd / "model.safetensors")
    with pytest.raises(EvalError, match=r"tensor model\.norm\.weight has shape None, in the base \[32\]"):
        check_mergeable(models, "step merge")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"coefficients": ()}, r"coefficients: must be at least one number, each 0 or more, got \[\]"),
        ({"coefficients": (-1.0,)}, r"each 0 or more, got \[-1\.0\]"),
        ({"coefficients": (1.5,), "method": "linear"}, r"each from 0 to 1, got \[1\.5\]"),
        ({"coefficients": (0.5, 0.5)}, r"coefficients: must differ, got \[0\.5, 0\.5\]"),
    ],
)
def test_wrong_coefficients(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        Merge(**parameters).check(CheckContext("recipes/x.yaml: step merge", "geo", (), "laptop"))


def test_stage_is_declared() -> None:
    assert (STAGE.name, STAGE.gives) == ("merge", "model")
