"""A base from scratch: a Hugging Face directory that learned, the same bytes each time, and why it ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.artifact import Artifact
from pipeline.errors import RecipeError, StepError
from pipeline.output import InlineFanout, Output
from pipeline.stage import CheckContext, Inputs
from stages.cpt.policy import TrainingResources
from stages.pretrain import Pretrain
from tests.stages.training_inputs import SEQUENCE_LENGTH, write_model, write_packed

BATCH = 8 * SEQUENCE_LENGTH
SMALL = {
    "hidden_size": 32,
    "num_layers": 2,
    "num_heads": 2,
    "intermediate_size": 48,
    "learning_rate": 1e-2,
    "global_batch_tokens": BATCH,
    "max_tokens": 20 * BATCH,
    "evaluate_every_tokens": 5 * BATCH,
}


def made(path: Path, kind: str) -> Artifact:
    return Artifact(path, {"key": f"{kind}-key", "kind": kind, "stage": kind, "metrics": {}})


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    folder = tmp_path_factory.mktemp("inputs")
    write_model(folder / "tokenizer_step")
    (folder / "tokenizer_step" / "model").rename(folder / "tokenizer_step" / "tokenizer")
    tokens = write_packed(folder / "tokens_step")
    return Inputs(tokens=[made(tokens, "tokens")], tokenizer=[made(folder / "tokenizer_step", "tokenizer")])


def output(path: Path, **resources: Any) -> Output:
    return Output(path, TrainingResources.model_validate(resources), InlineFanout(), "base")


def test_it_makes_a_model_that_has_learned(inputs: Inputs, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    stage = Pretrain(**SMALL)
    metrics = stage.run(inputs, output(tmp_path))
    assert metrics["stopped_by"] == "budget"
    assert metrics["last"]["general_loss"] < metrics["first"]["general_loss"] - 0.5
    assert metrics["num_parameters"] == stage.num_parameters()
    assert [point["step"] for point in metrics["points"]] == [0, 5, 10, 15, 20]
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model", local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model", local_files_only=True)
    assert model.config.tie_word_embeddings
    assert model.config.vocab_size == len(tokenizer)
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert str(model.dtype) == "torch.float32"
    assert not list((tmp_path / "model").glob("*.bin"))
    blocks = [json.loads(path.read_text()) for path in sorted((tmp_path / "blocks").iterdir())]
    assert [block["kind"] for block in blocks] == ["text", "curves", "curves"]
    assert "the budget of 2,560 tokens was spent" in blocks[0]["data"]["text"]


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(inputs: Inputs, tmp_path: Path) -> None:
    found = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        Pretrain(**{**SMALL, "max_tokens": BATCH}, seed=seed).run(inputs, output(tmp_path / name))
        found.append((tmp_path / name / "model" / "model.safetensors").read_bytes())
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_it_says_that_a_plateau_ended_it(inputs: Inputs, tmp_path: Path) -> None:
    flat = {**SMALL, "learning_rate": 1e-8, "plateau_evaluations": 1}
    metrics = Pretrain(**flat).run(inputs, output(tmp_path))
    assert metrics["stopped_by"] == "plateau"
    assert metrics["num_steps"] == 6
    assert "its general dev loss was flat" in (tmp_path / "blocks" / "000.json").read_text()


def test_a_share_of_the_domain_part_is_read(inputs: Inputs, tmp_path: Path) -> None:
    """What the base read of special fields shows in its domain loss, at equal tokens."""
    losses = []
    for share in (0.0, 0.5):
        metrics = Pretrain(**SMALL, domain_share=share).run(inputs, output(tmp_path / f"{share}"))
        assert metrics["domain_share"] == share
        losses.append(metrics["last"]["domain_loss"])
    assert losses[1] < losses[0] - 0.1


def test_heads_that_do_not_divide_are_refused() -> None:
    context = CheckContext("recipes/geo.yaml: step base", "geo", (), "laptop")
    with pytest.raises(
        RecipeError, match=r"step base: hidden_size / num_heads must be an even whole number, got 32 / 3"
    ):
        Pretrain(hidden_size=32, num_heads=3).check(context)
    Pretrain().check(context)


def test_more_than_one_worker_is_refused(inputs: Inputs, tmp_path: Path) -> None:
    with pytest.raises(StepError, match=r"step base: trains in one process, so num_workers must be 1"):
        Pretrain(**SMALL).run(inputs, output(tmp_path, num_workers=2))


def test_the_estimate_follows_6nd() -> None:
    stage = Pretrain(max_tokens=1_000_000)
    one = stage.estimate({}, TrainingResources.model_validate({}))
    two = stage.estimate({}, TrainingResources.model_validate({"num_threads": 2}))
    assert one.num_parameters == stage.num_parameters()
    assert one.seconds is not None
    assert two.seconds == pytest.approx(one.seconds / 2)
