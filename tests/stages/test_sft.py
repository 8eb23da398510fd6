"""`sft`: labels are the answers, nothing is cut, the result is a full model and survives being killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import RecipeError, StepError
from pipeline.output import Output
from pipeline.stage import CheckContext, Inputs
from stages.sft.conversations import PLAIN_TEMPLATE, chat_template_of, encode, load
from stages.sft.stage import STAGE, Sft, SftResources
from stages.sft.training import drop_half_written, latest_checkpoint
from tests.eval.tiny import build_tokenizer
from tests.stages.tiny_artifacts import blocks, instructions_artifact, model_artifact, output

ROOT = Path(__file__).resolve().parent.parent.parent
RESOURCES = SftResources(micro_batch_size=4, checkpoint_every_steps=2)
MESSAGES = [
    {"role": "user", "content": "What colour is topaz?"},
    {"role": "assistant", "content": "topaz is blue."},
    {"role": "user", "content": "And talc?"},
    {"role": "assistant", "content": "talc is white."},
]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    folder = tmp_path_factory.mktemp("sft")
    return Inputs({"model": [model_artifact(folder, "base")], "instructions": [instructions_artifact(folder)]})


def _stage(**parameters: Any) -> Sft:
    return Sft(**{"batch_size": 4, "learning_rate": 5e-3, "max_length": 128, "num_epochs": 1, **parameters})


@pytest.fixture(scope="module")
def undisturbed(inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lora")
    _stage(lora_dropout=0.1).run(inputs, output(path, RESOURCES))
    return path


@pytest.mark.parametrize("template", ["tokenizer", "plain"])
def test_labels_are_the_answers_with_their_end(tmp_path: Path, template: str) -> None:
    tokenizer = build_tokenizer(tmp_path)
    sample = encode(tokenizer, chat_template_of(tokenizer, template, "step x"), MESSAGES)
    learnt = [label for label in sample["labels"] if label != -100]
    assert all(label in (-100, token) for token, label in zip(sample["input_ids"], sample["labels"], strict=True))
    space = " " if template == "plain" else ""
    assert tokenizer.decode(learnt) == f"{space}topaz is blue.<|eos|>{space}talc is white.<|eos|>"
    assert sample["input_ids"][0] == tokenizer.bos_token_id


def test_trainer_learns_only_the_answers(inputs: Inputs, tmp_path: Path) -> None:
    from stages.sft.training import _trainer

    stage = _stage(method="full")
    model, instructions = inputs.one("model").path / "model", inputs.one("instructions").path
    trainer, tokenizer, _ = _trainer(tmp_path, model, instructions, stage.training(RESOURCES), "sft")
    batch = next(iter(trainer.get_train_dataloader()))
    assert batch["labels"].shape[0] == 4
    for ids, labels in zip(batch["input_ids"], batch["labels"], strict=True):
        whole = tokenizer.decode(ids[ids != tokenizer.pad_token_id])
        learnt = tokenizer.decode(labels[labels != -100])
        assert whole.endswith(f"<|assistant|>{learnt}")
        assert learnt.endswith(".<|eos|>")
        assert "What colour" not in learnt


def test_over_long_conversations_are_counted_never_cut(inputs: Inputs, tmp_path: Path) -> None:
    path = inputs.one("instructions").path / "instructions" / "train.jsonl"
    tokenizer = build_tokenizer(tmp_path)
    template = chat_template_of(tokenizer, "tokenizer", "step x")
    everything = load(path, tokenizer, template, 128, "drop")
    lengths = sorted(len(sample["input_ids"]) for sample in everything.samples)
    found = load(path, tokenizer, template, lengths[-1] - 1, "drop")
    assert found.num_too_long == lengths.count(lengths[-1])
    assert [s for s in everything.samples if len(s["input_ids"]) < lengths[-1]] == found.samples
    with pytest.raises(StepError, match=rf"has \d+ tokens, more than max_length {lengths[-1] - 1}"):
        load(path, tokenizer, template, lengths[-1] - 1, "error")


def test_lora_is_merged_into_a_full_model(inputs: Inputs, undisturbed: Path) -> None:
    from safetensors.torch import load_file

    base_folder = inputs.one("model").path / "model"
    base, tuned = (load_file(folder / "model.safetensors") for folder in (base_folder, undisturbed / "model"))
    assert base.keys() == tuned.keys()
    changed = {name for name in base if not base[name].equal(tuned[name])}
    assert changed == {name for name in base if name.endswith("_proj.weight")}
    for name in ("config.json", "generation_config.json"):
        assert (undisturbed / "model" / name).read_bytes() == (base_folder / name).read_bytes()
    assert not list((undisturbed / "model").glob("adapter*"))
    (block,) = blocks(undisturbed)
    assert [series["name"] for series in block["data"]["series"]] == ["train", "dev"]
    lines = [json.loads(line) for line in (undisturbed / "metrics.jsonl").read_text().splitlines()]
    assert sum("loss" in line for line in lines) == 6


def test_full_weights_learn(inputs: Inputs, tmp_path: Path) -> None:
    metrics = _stage(method="full", num_epochs=4).run(inputs, output(tmp_path, RESOURCES))
    assert metrics["num_steps"] == 24
    assert metrics["conversations"]["num_used"] == 24
    (block,) = blocks(tmp_path)
    first = block["data"]["series"][0]["y"][0]
    assert metrics["train_loss"] < 0.8 * first
    assert metrics["dev_loss"] < first


_RUN = """
import os, signal, sys
from pathlib import Path
from pipeline.output import Output
from pipeline.stage import Inputs
from stages.sft.stage import Sft, SftResources
from tests.stages.tiny_artifacts import artifact, output
real = Output.progress
def progress(self, done, total, unit):
    if unit == "steps" and done == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    real(self, done, total, unit)
Output.progress = progress
folder, work = Path(sys.argv[1]), Path(sys.argv[2])
inputs = Inputs({"model": [artifact(folder / "base", "model", "base")],
                 "instructions": [artifact(folder / "instructions_step", "instructions", "instructions")]})
stage = Sft(batch_size=4, learning_rate=5e-3, max_length=128, num_epochs=1, lora_dropout=0.1)
stage.run(inputs, output(work, SftResources(micro_batch_size=4, checkpoint_every_steps=2)))
"""


def test_killed_run_ends_in_the_same_bytes(inputs: Inputs, undisturbed: Path, tmp_path: Path) -> None:
    folder = inputs.one("model").path.parent
    command = [sys.executable, "-c", _RUN, str(folder), str(tmp_path)]
    killed = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    with (tmp_path / "metrics.jsonl").open("a") as stream:
        stream.write('{"step": 5, "loss": 9.0}\n{"step": 6, "lo')  # later than the checkpoint, and cut short
    half = tmp_path / ".checkpoints" / "checkpoint-6"
    half.mkdir()
    assert latest_checkpoint(half.parent) == half.parent / "checkpoint-4"
    drop_half_written(half.parent)
    assert sorted(path.name for path in half.parent.glob("checkpoint-*")) == ["checkpoint-2", "checkpoint-4"]
    _stage(lora_dropout=0.1).run(inputs, output(tmp_path, RESOURCES))
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == [1, 2, 3, 4, 5, 6], "it must go on, not begin again"
    for file in sorted((undisturbed / "model").iterdir()):
        assert (tmp_path / "model" / file.name).read_bytes() == file.read_bytes(), file.name


def _curves(path: Path) -> list[tuple[Any, ...]]:
    lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    return [(line["step"], line.get("loss"), line.get("eval_loss")) for line in lines]


def test_nothing_is_lost_between_a_checkpoint_and_its_epochs_end(
    inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped before the first checkpoint, after the one that ends an epoch, and after the last one."""
    stage, straight, stopped = _stage(num_epochs=2, lora_dropout=0.1), tmp_path / "straight", tmp_path / "stopped"
    stage.run(inputs, output(straight, RESOURCES))
    stopped.mkdir()
    (stopped / "metrics.jsonl").write_text('{"step": 1, "loss": 9.0}\n{"step": 2, "lo')

    def full(*_: Any) -> None:
        raise OSError("No space left on device")

    def full_at_seven(self: Output, done: float, total: float, unit: str) -> None:
        if unit == "steps" and done == 7:
            full()

    with monkeypatch.context() as patch:
        patch.setattr(Output, "progress", full_at_seven)
        with pytest.raises(OSError, match="No space left"):
            stage.run(inputs, output(stopped, RESOURCES))
    with monkeypatch.context() as patch:
        patch.setattr("stages.sft.training._save", full)
        with pytest.raises(OSError, match="No space left"):
            stage.run(inputs, output(stopped, RESOURCES))
    assert latest_checkpoint(stopped / ".checkpoints") == stopped / ".checkpoints" / "checkpoint-12"
    metrics = stage.run(inputs, output(stopped, RESOURCES))
    dev = json.loads((straight / ".map" / "training" / "train.json").read_text())["dev"]
    assert [step for step, _ in dev] == [6, 12]
    assert metrics["dev_loss"] == dev[-1][1]
    assert _curves(stopped) == _curves(straight)
    for name in (".map/training/train.json", "model/model.safetensors"):
        assert (stopped / name).read_bytes() == (straight / name).read_bytes(), name


def test_batch_size_must_divide(inputs: Inputs, tmp_path: Path) -> None:
    with pytest.raises(StepError, match=r"batch_size must be a multiple of .* = 4, got 6"):
        _stage(batch_size=6).run(inputs, output(tmp_path, RESOURCES))


def test_nothing_left_to_train_on(inputs: Inputs, tmp_path: Path) -> None:
    with pytest.raises(StepError, match="no conversation is left to train on: 24 were read and 24 are longer"):
        _stage(max_length=8).run(inputs, output(tmp_path, RESOURCES))


def test_template_without_marks_or_at_all(tmp_path: Path) -> None:
    tokenizer = build_tokenizer(tmp_path)
    with pytest.raises(StepError, match=r"does not mark the answers with \{% generation %\}"):
        chat_template_of(tokenizer, "{{ messages[0]['content'] }}{% if 1 %}{% endif %}", "step sft")
    tokenizer.chat_template = None
    with pytest.raises(StepError, match="step sft: the model's tokenizer has no chat template"):
        chat_template_of(tokenizer, "tokenizer", "step sft")
    assert chat_template_of(tokenizer, "plain", "step sft") == PLAIN_TEMPLATE


def test_unknown_template_name_is_refused() -> None:
    context = CheckContext("recipes/x.yaml: step sft", "geo", (), "laptop")
    with pytest.raises(RecipeError, match="chat_template: must be tokenizer, plain or a Jinja text, got 'chatml'"):
        Sft(chat_template="chatml").check(context)
    Sft(chat_template=PLAIN_TEMPLATE).check(context)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "a"}', r"train.jsonl:1: must be an object with id and messages"),
        ("{", r"train.jsonl:1: is not valid JSON"),
        ("[]", r"train.jsonl:1: must be an object"),
        ('{"id": "a", "messages": [{"role": "user", "content": "x"}]}', r"with one assistant, got \['user'\]"),
        ('{"id": "a", "messages": [{"role": "bot", "content": "x"}]}', r"roles must be user, assistant or system"),
    ],
)
def test_wrong_conversations_are_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(line)
    tokenizer = build_tokenizer(tmp_path)
    with pytest.raises(StepError, match=message):
        load(path, tokenizer, tokenizer.chat_template, 64, "drop")


def test_stage_is_declared() -> None:
    assert (STAGE.name, STAGE.gives) == ("sft", "model")


def test_several_workers_need_ray(inputs: Inputs, tmp_path: Path) -> None:
    resources = SftResources(micro_batch_size=2, num_workers=2)
    with pytest.raises(StepError, match="num_workers 2 needs the ray executor, got inline"):
        _stage().run(inputs, output(tmp_path, resources))
