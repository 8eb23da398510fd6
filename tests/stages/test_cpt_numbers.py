"""What a training says of itself: speed, memory, time left, every rank's pulse, and what the plan foretells."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from stages.cpt.cost import training_estimate, worker_memory
from stages.cpt.launch import run_alone
from stages.cpt.policy import Policy, TrainingResources
from stages.cpt.pulse import Beat, Pulse, read_beats, stalled
from stages.cpt.speed import Speedometer, flops_per_token, peak_flops
from tests.stages.training_inputs import VOCAB_SIZE, write_model, write_packed
from tests.stages.training_runs import NUM_STEPS, job_of, model_bytes


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("inputs")
    return write_model(folder), write_packed(folder / "tokens_step")


def test_the_flops_of_a_token_are_those_of_weights_output_layer_and_attention(inputs: tuple[Path, Path]) -> None:
    from transformers import AutoModelForCausalLM

    causal = AutoModelForCausalLM.from_pretrained(inputs[0], local_files_only=True)
    block = 4 * 32**2 + 3 * 32 * 48 + 2 * 32
    weights = 2 * block + 32
    assert flops_per_token(causal, 16) == 6 * (weights + VOCAB_SIZE * 32) + 12 * 2 * 32 * 16


def test_mfu_is_known_for_known_devices_only() -> None:
    assert peak_flops("NVIDIA H100 80GB HBM3") == 989e12
    assert peak_flops("NVIDIA A100-SXM4-40GB") == 312e12
    assert peak_flops("Some other device") is None
    meter = Speedometer(6e9, 2 * 989e12, torch.device("cpu"))
    figures = meter.figures(num_tokens=100_000, seconds=0.5, updates_left=10, mean_seconds=0.4)
    assert figures["tokens_per_second"] == 200_000
    assert figures["mfu"] == pytest.approx(200_000 * 6e9 / (2 * 989e12), abs=1e-4)
    assert figures["seconds_left"] == 4.0
    assert figures["memory_gib"] > 0.01
    assert "mfu" not in replace(meter, peak=None).figures(1, 1.0, 1, 1.0)


def test_a_training_tells_its_figures_and_each_ranks_times(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    run_alone(job_of(inputs, tmp_path))
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    updates = [line for line in lines if "loss" in line]
    wanted = {"tokens_per_second", "memory_gib", "seconds_left", "gradient_spikes", "gradient_norm"}
    assert wanted <= updates[0].keys()
    assert updates[0]["gradient_spikes"] == 0  # no moments yet
    assert all(0 <= update["gradient_spikes"] <= 1 for update in updates)
    assert updates[-1]["seconds_left"] == 0
    spent = [json.loads(line) for line in (tmp_path / ".ranks" / "rank-00000.jsonl").read_text().splitlines()]
    assert [line["step"] for line in spent] == list(range(1, NUM_STEPS + 1))
    assert all(line["reading"] >= 0 and line["computing"] > 0 and line["waiting"] >= 0 for line in spent)


def test_activations_computed_again_change_nothing(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    run_alone(job_of(inputs, tmp_path / "kept"))
    run_alone(job_of(inputs, tmp_path / "again", placement={"recompute_activations": True}))
    assert model_bytes(tmp_path / "kept") == model_bytes(tmp_path / "again")


@pytest.mark.parametrize(
    ("beats", "told"),
    [
        ([Beat(0, 5, "waiting", 0.0), Beat(1, 5, "reading", 90.0)], ""),
        (
            [Beat(0, 5, "waiting", 0.0), Beat(1, 5, "reading", -5.0), Beat(2, 5, "computing", 0.0)],
            "stalled: rank 1 of 3 has been reading update 6 for 105 s; the others wait for it",
        ),
        (
            [Beat(0, 5, "computing", 0.0), Beat(1, 4, "waiting", 0.0)],
            "stalled: rank 1 of 2 has been waiting update 5 for 100 s; the others wait for it",
        ),
        (
            [Beat(0, 5, "computing", 0.0), Beat(1, 5, "computing", 0.0)],
            "stalled: rank 0, 1 of 2 has been computing update 6 for 100 s",
        ),
        ([], ""),
    ],
)
def test_the_rank_that_the_others_wait_for_is_named(beats: list[Beat], told: str) -> None:
    assert stalled(beats, 100.0, 60.0) == told


def test_a_stall_is_told_while_it_lasts_and_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    with Pulse(tmp_path, 0, 1, stall_seconds=0.2) as pulse:
        pulse.tell = told.append
        pulse.beat(3, "reading")
        pulse.beat(3, "computing")
        deadline = time.monotonic() + 10
        while not told and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)
    assert len(told) == 1
    assert told[0].startswith("stalled: rank 0 of 1 has been computing update 4 for ")
    assert told[0] in capfd.readouterr().err
    assert read_beats(tmp_path / ".ranks")[0].phase == "computing"


def test_the_log_of_a_rank_holds_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Pulse(tmp_path, 3, 4):
        _ = 1 / 0
    (line,) = (tmp_path / ".ranks" / "rank-00003.jsonl").read_text().splitlines()
    assert "ZeroDivisionError: division by zero" in json.loads(line)["error"]


def resources(**values: Any) -> TrainingResources:
    return TrainingResources.model_validate({"num_gpus": 1, "num_workers": 8, "micro_batch_size": 2, **values})


def test_the_memory_of_a_worker_is_the_sum_of_its_parts() -> None:
    size = 12 * 4096**3 / 128  # width 4096, 32 layers
    per_layer = 34 * 2 * 4096 * 4096
    parts = {0: 16 * size, 1: 4 * size + 12 * size / 8, 2: 2 * size + 14 * size / 8, 3: 16 * size / 8}
    for stage, states in parts.items():
        found = worker_memory(size, "bf16", resources(zero_stage=stage), 4096)
        assert found == pytest.approx(states + 32 * per_layer + 1.5e9)
    again = worker_memory(size, "bf16", resources(zero_stage=3, recompute_activations=True), 4096)
    assert again == pytest.approx(parts[3] + 32 * 2 * 2 * 4096 * 4096 + per_layer + 1.5e9)
    offloaded = worker_memory(size, "bf16", resources(zero_stage=3, offload=True), 4096)
    assert offloaded == pytest.approx(4 * size / 8 + 32 * per_layer + 1.5e9)
    alone = worker_memory(size, "fp32", resources(num_workers=1, num_gpus=0), 4096)
    assert alone == pytest.approx(16 * size + 64 * per_layer)


def test_the_plan_gives_memory_where_the_sequence_length_is_known() -> None:
    policy = Policy(precision="bf16")
    assert training_estimate(1e9, 1e9, policy, resources(), 4096).memory_bytes == pytest.approx(
        worker_memory(1e9, "bf16", resources(), 4096)
    )
    assert training_estimate(1e9, 1e9, policy, resources()).memory_bytes is None
    assert training_estimate(1e9, 1e9, policy, resources(keep_checkpoints=3)).disk_bytes == 1e9 * (2 + 12 * 5)
