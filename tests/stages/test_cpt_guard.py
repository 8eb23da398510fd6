"""Outliers: which updates are skipped, what a rollback leaves out, when the run stops."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from data_tools.packing import PackedTokens
from pipeline.errors import StepError
from stages.cpt import rollback
from stages.cpt.data import TrainingData
from stages.cpt.gate import count_spikes
from stages.cpt.guard import Watch, ranges
from stages.cpt.job import Job
from stages.cpt.launch import run_alone
from stages.cpt.policy import Policy
from stages.cpt.run import Trajectory
from tests.stages.test_cpt_checkpoints import events, losses
from tests.stages.training_inputs import SEQUENCE_LENGTH, VOCAB_SIZE, write_model, write_packed
from tests.stages.training_runs import POLICY, interrupt, job_of, model_bytes, run_ranks, start_ranks

LONG = POLICY.model_copy(update={"learning_rate": 5e-3, "spike_window": 32, "spike_patience": 2})
NUM_STEPS = 76
POISONED = (54, 59)
"""First and last batch of random tokens."""


def watch_of(losses: list[float], norms: list[float]) -> Watch:
    watch, policy = Watch(), Policy()
    for loss, norm in zip(losses, norms, strict=True):
        watch.accept(loss, norm, policy)
    return watch


def test_a_loss_is_judged_by_the_deviation_of_the_last_ones() -> None:
    policy = Policy(spike_loss=8)
    losses = [3.0 + 0.1 * (-1) ** number for number in range(40)]
    watch = watch_of(losses, [1.0] * 40)
    # the level is 3, the median distance from it 0.1: the limit lies 8 * 1.4826 * 0.1 above
    assert watch.of_loss(4.1, policy) == ""
    assert watch.of_loss(4.3, policy) == "the loss is 4.3, its level 3 and its limit 4.186"
    assert watch.of_loss(float("nan"), policy) == "the loss is nan"
    falling = watch_of([6.0 - 0.05 * number for number in range(60)], [1.0] * 60)
    assert falling.of_loss(3.69, policy) == ""  # the level is 3.425, a deviation one per cent of it
    assert falling.of_loss(3.71, policy)
    steady = watch_of([3.0] * 40, [1.0] * 40)
    assert steady.of_loss(3.0 * (1 + 8 * 0.0099), policy) == ""  # a deviation of 0 is taken for one per cent
    assert steady.of_loss(3.0 * (1 + 8 * 0.0101), policy)


def test_a_norm_is_judged_by_the_median_of_the_last_ones() -> None:
    watch = watch_of([3.0] * 40, [1.0] * 21 + [100.0] * 19)
    assert watch.of_norm(29.0, Policy()) == ""
    assert watch.of_norm(31.0, Policy()) == "the gradient's norm is 31, its median 1"
    assert watch.of_norm(float("inf"), Policy()) == "the gradient's norm is inf"


def test_nothing_finite_is_judged_before_enough_is_known() -> None:
    assert watch_of([3.0] * 39, [1.0] * 39).of_loss(1e6, Policy()) == ""
    assert watch_of([3.0] * 40, [1.0] * 40).of_loss(1e6, Policy())
    assert watch_of([3.0] * 31, [1.0] * 31).of_norm(1e6, Policy()) == ""
    assert watch_of([3.0] * 32, [1.0] * 32).of_norm(1e6, Policy())


def test_batches_left_out_move_the_later_ones_up() -> None:
    watch = Watch()
    watch.leave_out(3, 4)
    watch.leave_out(10, 10)
    watch.leave_out(5, 6)
    assert watch.left_out == [(3, 6), (10, 10)]
    assert [watch.batch_of(step) for step in range(9)] == [0, 1, 2, 7, 8, 9, 11, 12, 13]
    assert ranges([4, 9, 3, 8, 1]) == [(1, 1), (3, 4), (8, 9)]


def test_only_skips_of_the_window_count() -> None:
    watch, policy = Watch(), Policy(spike_window=32)
    for step in (2, 40, 41, 50):
        watch.skip(step, "why", "loss", policy)
    assert [one["step"] for one in watch.recent(45, policy)] == [40, 41]


def test_a_trajectory_survives_json() -> None:
    trajectory = Trajectory(points=[{"step": 0}], watch=watch_of([3.0], [1.0]))
    trajectory.watch.skip(1, "why", "norm", Policy())
    trajectory.watch.leave_out(1, 2)
    again = Trajectory.from_json(json.loads(json.dumps(trajectory.as_json())))
    assert [again.watch.batch_of(step) for step in range(3)] == [0, 3, 4]
    again.watch.left_out = [(1, 2)]
    assert again == trajectory


def test_a_spike_is_a_gradient_fifty_times_its_usual_size() -> None:
    weight = torch.nn.Parameter(torch.zeros(4))
    optimizer = torch.optim.AdamW([weight])
    assert count_spikes(optimizer) == (0, 0)
    weight.grad = torch.tensor([51.0, -102.0, 149.0, 5.0])
    optimizer.state[weight]["exp_avg_sq"] = torch.tensor([1.0, 4.0, 9.0, 0.0])
    assert count_spikes(optimizer) == (2, 4)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


def tokens_with_poison(folder: Path, job: Job, batches: range) -> Path:
    """Write tokens that the model learns from, with random ones in the sequences of some batches."""
    packed = write_packed(folder / "tokens_step", num_documents=600)
    data = TrainingData(packed, job.domain_share, job.seed, job.batch_sequences(), 4, 0, 1)
    random = np.random.default_rng(0)
    for batch in batches:
        for position in range(batch * job.batch_sequences(), (batch + 1) * job.batch_sequences()):
            draw = data.mixture.draw(position)
            part = PackedTokens(packed, draw.part, "train")
            stored = np.memmap(part.path, dtype="<u2", mode="r+")
            start = draw.sequence * SEQUENCE_LENGTH
            stored[start : start + SEQUENCE_LENGTH] = random.integers(3, VOCAB_SIZE, SEQUENCE_LENGTH)
            stored.flush()
    return packed


def long_job(model: Path, tokens: Path, work: Path, policy: Policy = LONG, **changes: Any) -> Job:
    plain = job_of((model, tokens), work, policy, num_tokens=NUM_STEPS * policy.global_batch_tokens)
    return replace(plain, **changes)


@pytest.mark.parametrize("stage", [0, 2])
def test_a_poisoned_range_is_found_left_out_and_named(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: int
) -> None:
    clean = write_packed(tmp_path / "clean", num_documents=600)
    pattern = long_job(model, clean, tmp_path / "pattern")
    tokens = tokens_with_poison(tmp_path / "poisoned", pattern, range(POISONED[0], POISONED[1] + 1))
    job = long_job(model, tokens, tmp_path / "work")
    job = replace(job, placement=replace(job.placement, zero_stage=stage, checkpoint_every=20))
    result = run_alone(job)
    (told,) = [one for one in events(tmp_path / "work") if one["event"] == "rollback"]
    assert told["left_out"] == [list(POISONED)]
    assert told["blamed"] == "data"
    assert told["step"] == POISONED[0] - rollback.RETREAT
    data = TrainingData(tokens, job.domain_share, job.seed, job.batch_sequences(), 4, 0, 1)
    assert set(told["documents"]) <= {name for batch in range(54, 60) for _, _, name in data.documents(batch)}
    assert len(told["documents"]) == 20
    assert result["left_out"] == [list(POISONED)]
    assert result["steps"] == NUM_STEPS
    unharmed = run_alone(replace(pattern, work=str(tmp_path / "unharmed")))
    assert result["points"][-1]["domain_loss"] == pytest.approx(unharmed["points"][-1]["domain_loss"], abs=0.1)
    lines = [json.loads(line) for line in (tmp_path / "work" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == list(range(1, NUM_STEPS + 1))
    # killed after the rollback, and again before it: the same bytes
    for at_step in (68, 56):
        again = replace(job, work=str(tmp_path / f"killed{at_step}"))
        interrupt(again, at_step, monkeypatch)
        run_alone(again)
        assert model_bytes(tmp_path / f"killed{at_step}") == model_bytes(tmp_path / "work")


def test_two_ranks_under_zero_3_roll_back_together_also_when_killed(tmp_path: Path) -> None:
    """With matrices above ZeRO 3's threshold, so that weights are gathered and given up at every use."""
    wide = write_model(tmp_path / "wide", width=320)
    policy = LONG.model_copy(update={"learning_rate": 1e-3})
    pattern = long_job(wide, write_packed(tmp_path / "clean", num_documents=600), tmp_path / "pattern", policy)
    tokens = tokens_with_poison(tmp_path / "poisoned", pattern, range(POISONED[0], POISONED[1] + 1))
    job = long_job(wide, tokens, tmp_path / "work", policy)
    job = replace(job, placement=replace(job.placement, zero_stage=3, checkpoint_every=20))
    run_ranks(job)
    (told,) = [one for one in events(tmp_path / "work") if one["event"] == "rollback"]
    assert told["left_out"] == [list(POISONED)]
    alone = replace(job, work=str(tmp_path / "alone"), placement=replace(job.placement, zero_stage=0))
    run_alone(alone)
    assert losses(tmp_path / "work") == pytest.approx(losses(tmp_path / "alone"), abs=1e-3)
    killed = replace(job, work=str(tmp_path / "killed"))
    ranks = start_ranks(killed)
    while not any(one["event"] == "rollback" for one in events(tmp_path / "killed")):
        assert all(rank.poll() is None for rank in ranks), (tmp_path / "killed" / "rank-0.log").read_text()
        time.sleep(0.05)
    for rank in ranks:
        rank.kill()
        rank.wait()
    run_ranks(killed)
    assert model_bytes(tmp_path / "killed") == model_bytes(tmp_path / "work")


def test_one_outlier_is_skipped_and_changes_no_weight(model: Path, tmp_path: Path) -> None:
    pattern = long_job(model, write_packed(tmp_path / "clean", num_documents=600), tmp_path / "pattern")
    tokens = tokens_with_poison(tmp_path / "poisoned", pattern, range(54, 55))
    result = run_alone(long_job(model, tokens, tmp_path / "work"))
    lines = [json.loads(line) for line in (tmp_path / "work" / "metrics.jsonl").read_text().splitlines()]
    (skipped,) = [line for line in lines if "skipped" in line]
    assert skipped["step"] == 55
    assert skipped["skipped"].startswith("the loss is ")
    (kept,) = result["skipped"]
    wanted = {"step": 54, "batch": 54, "by": "loss", "reason": skipped["skipped"]}
    assert {name: kept[name] for name in wanted} == wanted
    assert result["left_out"] == []


def test_more_bad_text_than_can_be_left_out_stops_the_run(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pattern = long_job(model, write_packed(tmp_path / "clean", num_documents=600), tmp_path / "pattern")
    tokens = tokens_with_poison(tmp_path / "poisoned", pattern, range(54, 76))
    monkeypatch.setattr(rollback, "MAX_PROBED", 10)
    with pytest.raises(StepError, match=r"batches 46 to 56 of the data are outliers \(2 of 10\), more than can be"):
        run_alone(long_job(model, tokens, tmp_path / "work"))
