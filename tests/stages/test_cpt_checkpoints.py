"""Checkpoints: written beside the training, checked when read, fit for any number of ranks and ZeRO stage."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline.errors import StepError
from pipeline.output import STOP_FILE
from stages.cpt import checkpoints, loop
from stages.cpt.job import Job
from stages.cpt.launch import run_alone
from stages.cpt.place import CHECKPOINTS_FOLDER
from stages.cpt.run import Run
from tests.stages.training_inputs import write_model, write_packed
from tests.stages.training_runs import POLICY, interrupt, job_of, model_bytes, run_ranks, weights

STEPS = 18


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("inputs")
    return write_model(folder), write_packed(folder / "tokens_step")


def losses(work: Path) -> list[float]:
    lines = [json.loads(line) for line in (work / "metrics.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


def events(work: Path) -> list[dict[str, Any]]:
    if not (work / "metrics.jsonl").exists():
        return []
    lines = [json.loads(line) for line in (work / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if "event" in line]


def stop_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Ask for a stop while update ``step`` is under way."""
    real = loop.update

    def asking(run: Run) -> bool:
        if run.step == step and run.out is not None:
            (run.out.path / STOP_FILE).touch()
        return real(run)

    monkeypatch.setattr(loop, "update", asking)


def stopped(job: Job, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        stop_at(patch, step)
        with pytest.raises(StepError, match=rf"step cpt: stopped after update {step + 1} of \d+, as asked; its chec"):
            run_alone(job)


@pytest.mark.parametrize("optimizer", ["adamw", "spam"])
def test_ranks_and_zero_stage_may_change_in_mid_run(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, optimizer: str
) -> None:
    """2 ranks under ZeRO 2, then 1 under ZeRO 3, then 2 under ZeRO 3, then 1 under ZeRO 0."""
    policy = POLICY.model_copy(update={"optimizer": optimizer, "learning_rate": 3e-3})
    tokens = STEPS * policy.global_batch_tokens
    straight = job_of(inputs, tmp_path / "straight", policy, placement={"zero_stage": 2}, num_tokens=tokens)
    run_alone(straight)
    work = tmp_path / "moved"
    for last, ranks, stage in ((5, 2, 2), (10, 1, 3), (15, 2, 3), (STEPS, 1, 0)):
        placement = replace(straight.placement, zero_stage=stage, checkpoint_every=5)
        job = replace(straight, work=str(work), placement=placement)
        if ranks == 2:
            run_ranks(replace(job, save_model=False))
            for path in (work / CHECKPOINTS_FOLDER).glob("step-*"):
                if int(path.name[5:]) > last:
                    shutil.rmtree(path)  # as if the ranks had died then
        elif last < STEPS:
            interrupt(job, last + 2, monkeypatch)
        else:
            run_alone(job)
    torch.testing.assert_close(losses(work), losses(tmp_path / "straight"), rtol=0, atol=1e-3)
    for name, value in weights(work).items():
        torch.testing.assert_close(value, weights(tmp_path / "straight")[name], rtol=1e-2, atol=1e-3, msg=name)


@pytest.mark.parametrize("harm", ["byte", "short", "gone", "state"])
def test_a_damaged_checkpoint_is_passed_over_and_named(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    run_alone(job_of(inputs, tmp_path / "straight"))
    job = job_of(inputs, tmp_path / "harmed")
    interrupt(job, 11, monkeypatch)
    folder = tmp_path / "harmed" / CHECKPOINTS_FOLDER
    file = folder / "step-00000010" / ("state.json" if harm == "state" else "rank-00000.bin")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(content[:-7] if harm in ("short", "state") else content)
    (folder / ".step-00000011.tmp").mkdir()
    run_alone(job)
    assert model_bytes(tmp_path / "harmed") == model_bytes(tmp_path / "straight")
    told = {
        "byte": "rank-00000.bin is not what was written",
        "short": "rank-00000.bin is not what was written",
        "gone": "rank-00000.bin cannot be read (FileNotFoundError)",
        "state": "state.json cannot be read (JSONDecodeError)",
    }[harm]
    said = f"checkpoint {file.parent}: {told}; the one before it is taken"
    assert [(one["step"], one["text"]) for one in events(tmp_path / "harmed")] == [(5, said)]
    assert (folder / "step-00000010" / "state.json").exists()  # written anew


def test_asked_to_stop_it_saves_and_goes_on_to_the_same_bytes(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_alone(job_of(inputs, tmp_path / "straight"))
    job = job_of(inputs, tmp_path / "stopped")
    stopped(job, 6, monkeypatch)
    found, _ = checkpoints.latest(tmp_path / "stopped" / CHECKPOINTS_FOLDER)
    assert found is not None
    assert found.step == 7
    run_alone(job)
    assert model_bytes(tmp_path / "stopped") == model_bytes(tmp_path / "straight")


def test_a_disk_too_small_is_told_before_anything_is_written(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(StepError, match=r"a checkpoint takes .* GB, the disk has 1e-06 GB free. Free some, then run"):
        run_alone(job_of(inputs, tmp_path))
    assert not list((tmp_path / CHECKPOINTS_FOLDER).glob("step-*"))


def test_a_failed_write_ends_the_training_and_the_next_goes_on_from_the_one_before(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_alone(job_of(inputs, tmp_path / "straight"))
    job = job_of(inputs, tmp_path / "full")
    real, written = checkpoints._write_arrays, 0

    def full(path: Path, arrays: Any) -> str:
        nonlocal written
        written += 1
        if written == 3:
            raise OSError(28, "No space left on device")
        return real(path, arrays)

    monkeypatch.setattr(checkpoints, "_write_arrays", full)
    with pytest.raises(StepError, match=r"no space left on the disk of .* Free some, then run the same command"):
        run_alone(job)
    found, damaged = checkpoints.latest(tmp_path / "full" / CHECKPOINTS_FOLDER)
    assert found is not None
    assert (found.step, damaged) == (5, [])
    run_alone(job)
    assert model_bytes(tmp_path / "full") == model_bytes(tmp_path / "straight")


def test_what_is_written_is_what_stood_when_it_was_asked_for(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The training goes on while a checkpoint is written, and changes nothing in it."""
    real = checkpoints._write_arrays
    late: list[Run] = []

    def slow(path: Path, arrays: Any) -> str:
        begun = late[-1].step
        while late[-1].step < begun + 2 and late[-1].step < 11:
            pass
        return real(path, arrays)

    true_update = loop.update

    def update(run: Run) -> bool:
        late.append(run)
        return true_update(run)

    run_alone(job_of(inputs, tmp_path / "straight"))
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "_write_arrays", slow)
        patch.setattr(loop, "update", update)
        patch.setattr(loop, "save_model", lambda *_: (_ for _ in ()).throw(KeyError("dead")))
        late.append(type("Start", (), {"step": -9})())  # type: ignore[arg-type]
        with pytest.raises(KeyError, match="dead"):
            run_alone(job_of(inputs, tmp_path / "slow"))
    run_alone(job_of(inputs, tmp_path / "slow"))
    assert model_bytes(tmp_path / "slow") == model_bytes(tmp_path / "straight")


def test_the_newest_and_the_best_are_kept(tmp_path: Path) -> None:
    for step, loss in ((0, 5.0), (2, 3.0), (4, 4.0), (6, 3.5), (8, 3.6)):
        folder = tmp_path / f"step-{step:08d}"
        folder.mkdir()
        (folder / "state.json").write_text(json.dumps({"state": {"points": [{"domain_loss": loss}]}}))
    checkpoints.drop_old(tmp_path, 2, 5)
    assert sorted(path.name[-1] for path in tmp_path.iterdir()) == ["2", "4", "6", "8"]
    checkpoints.drop_old(tmp_path, 2, 3)
    assert sorted(path.name[-1] for path in tmp_path.iterdir()) == ["2", "6", "8"]
    for path in tmp_path.iterdir():
        (path / "state.json").write_text(json.dumps({"state": {"points": []}}))
    checkpoints.drop_old(tmp_path, 1, 8)
    assert sorted(path.name[-1] for path in tmp_path.iterdir()) == ["8"]


def test_another_model_than_the_saved_one_is_refused(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    run_alone(job_of(inputs, tmp_path))
    reader = checkpoints.Reader(next((tmp_path / CHECKPOINTS_FOLDER).glob("step-*")))
    with pytest.raises(StepError, match=r"the checkpoint has no weight 999999999; its model has another shape. Remove"):
        reader.read("weights", 999_999_999, 1)
