"""The cpt stage: where the domain's share comes from, what is published, what it is expected to cost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.artifact import Artifact
from pipeline.errors import RecipeError, StepError
from pipeline.output import InlineFanout, Output
from pipeline.stage import CheckContext, Estimate, Inputs, Resources, Stage
from stages.cpt.policy import Policy, TrainingResources
from stages.cpt.stage import ContinuedPretraining
from stages.mixture.stage import Mixture
from stages.pretrain import Pretrain
from tests.stages.training_inputs import SEQUENCE_LENGTH, write_model, write_packed

BATCH = 8 * SEQUENCE_LENGTH
SMALL = {"learning_rate": 1e-2, "global_batch_tokens": BATCH, "num_tokens": 12 * BATCH, "num_evaluations": 3}


def made(path: Path, kind: str, **parameters: Any) -> Artifact:
    identity = {"parameters": {**ContinuedPretraining(**SMALL).model_dump(mode="json"), **parameters}}
    return Artifact(path, {"key": f"{kind}-key", "kind": kind, "stage": kind, "metrics": {}, "identity": identity})


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    folder = tmp_path_factory.mktemp("inputs")
    write_model(folder / "base")
    tokens = write_packed(folder / "tokens_step")
    (folder / "mixture").mkdir()
    chosen = {
        "domain_share": 0.75,
        "num_tokens": 12 * BATCH,
        "interval": [0.6, 0.9],
        "goal": "trade_off",
        "trusted": True,
    }
    (folder / "mixture" / "mixture.json").write_text(json.dumps(chosen))
    return Inputs(
        model=[made(folder / "base", "model")],
        tokens=[made(tokens, "tokens")],
        mixture=[made(folder / "mixture", "mixture")],
    )


def output(path: Path, **resources: Any) -> Output:
    return Output(path, TrainingResources.model_validate(resources), InlineFanout(), "cpt")


def test_the_mixture_decides_the_share_and_a_parameter_overrides_it(inputs: Inputs, tmp_path: Path) -> None:
    metrics = ContinuedPretraining(**SMALL).run(inputs, output(tmp_path / "a"))
    assert metrics["domain_share"] == 0.75
    overridden = ContinuedPretraining(**SMALL, domain_share=0.25).run(inputs, output(tmp_path / "b"))
    assert overridden["domain_share"] == 0.25
    assert metrics["last"]["domain_loss"] < overridden["last"]["domain_loss"]
    assert metrics["last"]["general_loss"] > overridden["last"]["general_loss"]
    assert [point["step"] for point in metrics["points"]] == [0, 1, 5, 12]


def test_it_publishes_a_hugging_face_directory_and_its_curves(inputs: Inputs, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    ContinuedPretraining(**SMALL).run(inputs, output(tmp_path))
    AutoModelForCausalLM.from_pretrained(tmp_path / "model", local_files_only=True)
    AutoTokenizer.from_pretrained(tmp_path / "model", local_files_only=True)
    visible = sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("."))
    assert visible == ["blocks", "metrics.jsonl", "model", "place.json"]
    curves = json.loads((tmp_path / "blocks" / "000.json").read_text())["data"]["series"]
    assert [(series["name"], len(series["x"])) for series in curves] == [("domain dev", 4), ("general dev", 4)]
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    updates = [line for line in lines if "loss" in line]
    assert [line["step"] for line in updates] == list(range(1, 13))
    assert {"tokens", "learning_rate", "gradient_norm", "tokens_per_second"} <= updates[0].keys()


def test_without_a_length_of_its_own_it_takes_the_mixtures(inputs: Inputs, tmp_path: Path) -> None:
    open_length = ContinuedPretraining(**{name: value for name, value in SMALL.items() if name != "num_tokens"})
    metrics = open_length.run(inputs, output(tmp_path))
    assert (metrics["num_tokens"], metrics["domain_share"]) == (12 * BATCH, 0.75)
    assert not any("Another policy" in file.read_text() for file in (tmp_path / "blocks").iterdir())
    assert open_length.estimate({}, Resources.model_validate({})).basis == "as many tokens as the mixture chooses"
    bare = Inputs({role: found for role, found in inputs.items() if role != "mixture"})
    stage = open_length.model_copy(update={"domain_share": 0.5})
    with pytest.raises(StepError, match=r"step cpt: num_tokens is not set and no mixture step is among its needs"):
        stage.run(bare, output(tmp_path))


def test_another_policy_than_the_proxies_is_named(inputs: Inputs, tmp_path: Path) -> None:
    other = Inputs({**inputs, "mixture": [made(inputs.one("mixture").path, "mixture", learning_rate=0.5)]})
    ContinuedPretraining(**SMALL).run(other, output(tmp_path))
    block = json.loads((tmp_path / "blocks" / "000.json").read_text())
    assert block["data"]["severity"] == "warning"
    assert "learning_rate 0.5 there, 0.01 here" in block["data"]["text"]


def test_no_share_from_anywhere_is_refused(inputs: Inputs, tmp_path: Path) -> None:
    bare = Inputs({role: found for role, found in inputs.items() if role != "mixture"})
    with pytest.raises(StepError, match=r"step cpt: domain_share is not set and no mixture step is among its needs"):
        ContinuedPretraining(**SMALL).run(bare, output(tmp_path))


def test_resources_change_no_identity_and_the_policy_does() -> None:
    stage = ContinuedPretraining(optimizer="spam", spam_interval=7)
    assert Policy.of(stage) == Policy(optimizer="spam", spam_interval=7)
    assert set(Policy.model_fields) < set(ContinuedPretraining.model_fields)
    assert not set(TrainingResources.model_fields) & set(ContinuedPretraining.model_fields)


@pytest.mark.parametrize("stage_type", [ContinuedPretraining, Pretrain, Mixture])
def test_stable_spam_is_refused_on_flat_partitions_before_anything_runs(stage_type: type[Stage]) -> None:
    stage = stage_type.model_validate({"optimizer": "stable_spam"})
    context = CheckContext("recipes/geo.yaml: step cpt", "geo", (), "node")
    stage.check(context)
    with pytest.raises(
        RecipeError,
        match=r"recipes/geo.yaml: step cpt: optimizer stable_spam needs whole tensors .* zero_stage 2 cuts them",
    ):
        stage.check(replace(context, resources=TrainingResources(zero_stage=2)))


def test_offload_without_shards_is_refused() -> None:
    context = CheckContext("recipes/geo.yaml: step cpt", "geo", (), "node", TrainingResources(offload=True))
    with pytest.raises(
        RecipeError, match=r"step cpt: offload moves what ZeRO shards, and zero_stage is 0. Set zero_st"
    ):
        ContinuedPretraining().check(context)


def test_gammas_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"stable_spam_gammas must be >= 0 and < 1, got \[0.7, 1.0, 0.999\]"):
        Policy(stable_spam_gammas=(0.7, 1.0, 0.999))


def test_plain_resources_are_refused(inputs: Inputs, tmp_path: Path) -> None:
    out = Output(tmp_path, Resources.model_validate({}), InlineFanout(), "cpt")
    with pytest.raises(StepError, match=r"step cpt: resources must be TrainingResources, got Resources"):
        ContinuedPretraining(**SMALL).run(inputs, out)


def test_the_estimate_is_6nd_on_gpus_and_says_so() -> None:
    stage = ContinuedPretraining(num_tokens=10**9, precision="bf16", global_batch_tokens=2**20)
    resources = TrainingResources.model_validate({"num_gpus": 1, "num_workers": 8, "zero_stage": 3})
    found = stage.estimate({"model": [Estimate(num_parameters=1e9)]}, resources)
    assert found.gpu_hours == pytest.approx(6e18 / (989e12 * 0.40) / 3600)
    assert found.seconds == pytest.approx(found.gpu_hours * 3600 / 8)
    assert "6ND at 40% of an H100" in found.basis
    unknown = stage.estimate({"model": [Estimate()]}, resources)
    assert (unknown.seconds, unknown.num_tokens) == (None, 10**9)
