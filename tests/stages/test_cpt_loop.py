"""The training loop: exact resumption, ZeRO stages that agree, losses that mean what they say."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from data_tools.packing import PackedTokens
from pipeline.errors import StepError
from stages.cpt import checkpoints
from stages.cpt.data import DevData
from stages.cpt.engine import build_engine
from stages.cpt.job import Placement, Plateau
from stages.cpt.launch import local_rank, run_alone, train_single
from stages.cpt.losses import NextTokenLoss
from stages.cpt.records import keep_until, read
from tests.stages.training_inputs import SEQUENCE_LENGTH, write_model, write_packed
from tests.stages.training_runs import (
    CHECKOUT,
    POLICY,
    interrupt,
    job_of,
    model_bytes,
    run_ranks,
    weights,
)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("inputs")
    return write_model(folder), write_packed(folder / "tokens_step")


@pytest.fixture(scope="module")
def straight(inputs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Path]:
    """Undisturbed runs by optimizer and ZeRO stage."""
    found = {}
    for optimizer in ("adamw", "spam"):
        for stage in (0, 1, 2, 3):
            work = tmp_path_factory.mktemp(f"{optimizer}-{stage}")
            policy = POLICY.model_copy(update={"optimizer": optimizer})
            run_alone(job_of(inputs, work, policy, placement={"zero_stage": stage}))
            found[optimizer, stage] = work
    return found


@pytest.mark.parametrize("optimizer", ["adamw", "spam"])
@pytest.mark.parametrize("stage", [1, 2, 3])
def test_zero_stages_agree(straight: dict[tuple[str, int], Path], optimizer: str, stage: int) -> None:
    plain, sharded = weights(straight[optimizer, 0]), weights(straight[optimizer, stage])
    assert plain.keys() == sharded.keys()
    for name, value in plain.items():
        torch.testing.assert_close(sharded[name], value, rtol=1e-3, atol=1e-3, msg=name)


def test_the_optimizers_differ(straight: dict[tuple[str, int], Path]) -> None:
    name = "model.layers.0.mlp.up_proj.weight"
    assert not torch.allclose(weights(straight["adamw", 0])[name], weights(straight["spam", 0])[name], atol=1e-3)


@pytest.mark.parametrize(
    ("optimizer", "stage", "at_step"),
    [
        ("adamw", 0, 7),
        ("spam", 0, 11),
        ("adamw", 2, 3),
        ("adamw", 2, 11),
        ("spam", 2, 7),
        ("spam", 3, 7),
        ("adamw", 1, 7),
    ],
)
def test_a_run_resumed_at_any_place_ends_in_the_same_bytes(
    inputs: tuple[Path, Path],
    straight: dict[tuple[str, int], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    optimizer: str,
    stage: int,
    at_step: int,
) -> None:
    policy = POLICY.model_copy(update={"optimizer": optimizer})
    job = job_of(inputs, tmp_path, policy, placement={"zero_stage": stage})
    interrupt(job, at_step, monkeypatch)
    result = run_alone(job)
    assert model_bytes(tmp_path) == model_bytes(straight[optimizer, stage])
    steps = [json.loads(line)["step"] for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert sorted(steps) == steps
    assert [point["step"] for point in result["points"]] == [0, 5, 7, 12]
    straight_lines = (straight[optimizer, stage] / "metrics.jsonl").read_text().splitlines()
    assert steps == [json.loads(line)["step"] for line in straight_lines]


@pytest.mark.parametrize(
    ("changes", "stage"),
    [({"optimizer": "stable_spam"}, 0), ({"optimizer": "spam", "spam_density": 0.5}, 2)],
)
def test_other_optimizers_learn_and_resume_in_mid_cycle(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], stage: int
) -> None:
    policy = POLICY.model_copy(update=changes)
    result = run_alone(job_of(inputs, tmp_path / "a", policy, placement={"zero_stage": stage}))
    assert result["points"][-1]["domain_loss"] < result["points"][0]["domain_loss"] - 0.2
    job = job_of(inputs, tmp_path / "b", policy, placement={"zero_stage": stage})
    interrupt(job, 8, monkeypatch)
    run_alone(job)
    assert model_bytes(tmp_path / "a") == model_bytes(tmp_path / "b")


def test_killed_for_real_it_resumes_to_the_same_bytes(
    inputs: tuple[Path, Path], straight: dict[tuple[str, int], Path], tmp_path: Path
) -> None:
    """SIGKILL between two updates of another process, then the same job here."""
    job = job_of(inputs, tmp_path)
    (tmp_path / "job.json").write_text(json.dumps(job.as_json()))
    script = (
        "import json, os, signal, sys\n"
        "from stages.cpt import loop\n"
        "from stages.cpt.launch import run_task\n"
        "real = loop.update\n"
        "def dying(run):\n"
        "    if run.step == 8: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return real(run)\n"
        "loop.update = dying\n"
        "run_task(json.load(open(sys.argv[1])))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", script, str(tmp_path / "job.json")]
    killed = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    found, _ = checkpoints.latest(tmp_path / ".checkpoints")
    assert found is not None
    assert found.step == 5
    run_alone(job)
    assert model_bytes(tmp_path) == model_bytes(straight["adamw", 0])


def test_two_ranks_agree_with_one(
    inputs: tuple[Path, Path], straight: dict[tuple[str, int], Path], tmp_path: Path
) -> None:
    """Two processes over gloo, ZeRO 2 with SPAM: the same data, so the same weights but for the order of sums."""
    policy = POLICY.model_copy(update={"optimizer": "spam"})
    job = job_of(inputs, tmp_path, policy, placement={"zero_stage": 2})
    run_ranks(job)
    alone = weights(straight["spam", 2])
    for name, value in weights(tmp_path).items():
        torch.testing.assert_close(value, alone[name], rtol=1e-3, atol=1e-3, msg=name)


def test_micro_batches_change_nothing_but_rounding(
    inputs: tuple[Path, Path], straight: dict[tuple[str, int], Path], tmp_path: Path
) -> None:
    run_alone(replace(job_of(inputs, tmp_path), placement=Placement(micro_batch_size=2)))
    for name, value in weights(tmp_path).items():
        torch.testing.assert_close(value, weights(straight["adamw", 0])[name], rtol=1e-3, atol=1e-3, msg=name)


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_bf16_trains_and_resumes(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: int
) -> None:
    policy = POLICY.model_copy(update={"precision": "bf16"})
    result = run_alone(job_of(inputs, tmp_path / "a", policy, placement={"zero_stage": stage}))
    assert result["points"][-1]["domain_loss"] < result["points"][0]["domain_loss"] - 0.2
    job = job_of(inputs, tmp_path / "b", policy, placement={"zero_stage": stage})
    interrupt(job, 7, monkeypatch)
    run_alone(job)
    assert model_bytes(tmp_path / "a") == model_bytes(tmp_path / "b")


@pytest.mark.parametrize("changes", [{"optimizer": "adamw"}, {"optimizer": "spam", "spam_density": 0.5}])
@pytest.mark.parametrize("stage", [0, 2])
def test_nothing_is_updated_before_the_first_update(
    inputs: tuple[Path, Path], tmp_path: Path, changes: dict[str, Any], stage: int
) -> None:
    """DeepSpeed's bf16 optimizer without ZeRO begins with an update on gradients of zeros, where it is let to."""
    policy = POLICY.model_copy(update={"precision": "bf16", **changes})
    job = job_of(inputs, tmp_path, policy, placement={"zero_stage": stage})
    run_alone(job)  # a density below 1 needs to know where weights lie from the first update on
    with local_rank():
        engine = build_engine(job, 1)
    assert not any(engine.basic_optimizer.state.values())


def test_every_rank_measures_as_many_batches(inputs: tuple[Path, Path]) -> None:
    """Under ZeRO 3 a forward pass of one rank waits for those of the others."""
    for max_tokens, world in ((0, 3), (2 * SEQUENCE_LENGTH, 4), (5 * SEQUENCE_LENGTH, 2)):
        ranks = [DevData(inputs[1], max_tokens, 2, rank, world) for rank in range(world)]
        alone = DevData(inputs[1], max_tokens, 2, 0, 1)
        for part in ("general", "domain"):
            batches = [list(data.batches(part)) for data in ranks]
            assert len({len(own) for own in batches}) == 1
            targets = sum(batch.num_targets for own in batches for batch in own)
            assert targets == sum(batch.num_targets for batch in alone.batches(part))


def test_a_packed_document_has_the_logits_it_has_alone(inputs: tuple[Path, Path]) -> None:
    from transformers import AutoModelForCausalLM

    from stages.cpt.losses import block_causal_mask

    model = AutoModelForCausalLM.from_pretrained(inputs[0], attn_implementation="sdpa").eval()
    tokens = PackedTokens(inputs[1], "domain", "train")
    ids, _, positions = (torch.from_numpy(array)[None] for array in tokens.sequence(3))
    starts = [*(positions[0] == 0).nonzero().flatten().tolist(), SEQUENCE_LENGTH]
    assert len(starts) > 2
    with torch.no_grad():
        mask = block_causal_mask(positions, torch.float32)
        packed = model(input_ids=ids, attention_mask=mask, position_ids=positions).logits[0]
        for start, end in pairwise(starts):
            alone = model(input_ids=ids[:, start:end]).logits[0]
            torch.testing.assert_close(packed[start:end], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kind", "tied"), [("llama", True), ("llama", False), ("olmo2", False), ("qwen2", True)])
def test_the_chunked_loss_is_the_plain_one_and_so_is_its_gradient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inputs: tuple[Path, Path], kind: str, tied: bool
) -> None:
    from transformers import AutoModelForCausalLM

    from stages.cpt import losses

    monkeypatch.setattr(losses, "CPU_CHUNK_ELEMENTS", 1)  # 64 rows at a time, the least
    path = write_model(tmp_path, kind=kind, tied=tied)
    tokens = PackedTokens(inputs[1], "general", "train")
    batch = [
        torch.stack(rows) for rows in zip(*(map(torch.from_numpy, tokens.sequence(n)) for n in range(8)), strict=True)
    ]
    found = []
    for keep_logits in (True, False):
        causal = AutoModelForCausalLM.from_pretrained(path)
        module = NextTokenLoss(causal, keep_logits)
        assert module.through_head is keep_logits
        loss = module(*batch)
        (3.0 * loss).backward()
        found.append((loss, {name: parameter.grad for name, parameter in causal.named_parameters()}))
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-5, atol=1e-4)
    for name, gradient in found[0][1].items():
        torch.testing.assert_close(found[1][1][name], gradient, rtol=1e-3, atol=1e-4, msg=name)


def test_dev_losses_are_nats_per_token_and_bits_per_byte(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    result = train_single(str(tmp_path), str(inputs[0]), str(inputs[1]), 0.5, 1, POLICY.model_dump(), 0)
    model = AutoModelForCausalLM.from_pretrained(inputs[0]).eval()
    for part in ("general", "domain"):
        tokens = PackedTokens(inputs[1], part, "dev")
        total = count = 0.0
        for number in range(tokens.num_sequences):
            ids, labels, positions = (torch.from_numpy(array) for array in tokens.sequence(number))
            starts = [*(positions == 0).nonzero().flatten().tolist(), SEQUENCE_LENGTH]
            for start, end in pairwise(starts):
                with torch.no_grad():
                    chances = model(input_ids=ids[None, start:end]).logits[0].log_softmax(-1)
                for place in range(start, end):
                    if labels[place] >= 0:
                        total -= float(chances[place - start, labels[place]])
                        count += 1
        first = result["points"][0]
        assert first[f"{part}_loss"] == pytest.approx(total / count, rel=1e-4)
        assert first[f"{part}_bits_per_byte"] == pytest.approx(total / math.log(2) / tokens.num_bytes, rel=1e-4)


def test_train_single_learns_measures_where_told_and_counts(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    batch = POLICY.global_batch_tokens
    arguments = (str(inputs[0]), str(inputs[1]), 1.0, 30 * batch, POLICY.model_dump(), 0)
    result = train_single(str(tmp_path), *arguments, eval_at_tokens=[4 * batch, 20 * batch + 3])
    assert [point["tokens"] // batch for point in result["points"]] == [0, 4, 20, 30]
    assert result["points"][-1]["domain_loss"] < result["points"][0]["domain_loss"] - 1
    attention_and_mlp = 2 * (4 * 32 * 32 + 3 * 32 * 48 + 2 * 32) + 32
    assert result["num_parameters"] == attention_and_mlp
    assert result["epochs"]["general"] == 0
    assert not (tmp_path / "model").exists()
    json.dumps(result, allow_nan=False)


def test_a_plateau_starts_the_decay_and_ends_the_run_early(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = POLICY.model_copy(update={"decay_share": 0.4, "learning_rate": 1e-7})
    changes = {"num_tokens": 40 * policy.global_batch_tokens, "evaluate_at": tuple(range(0, 41, 3))}
    changes["plateau"] = Plateau(2, 0.01)
    result = run_alone(job_of(inputs, tmp_path / "a", policy, **changes))
    assert result["plateau"]
    assert result["steps"] == 6 + 4  # flat at the third measurement, then a decay of 40 % of the whole
    lines = [json.loads(line) for line in (tmp_path / "a" / "metrics.jsonl").read_text().splitlines()]
    last = [line["learning_rate"] for line in lines if "loss" in line][-5:]
    assert last == pytest.approx([1e-7 * 0.1 ** (k / 4) for k in range(5)])
    job = job_of(inputs, tmp_path / "b", policy, **changes)
    interrupt(job, 8, monkeypatch)
    assert run_alone(job)["steps"] == 10
    assert model_bytes(tmp_path / "a") == model_bytes(tmp_path / "b")


def test_a_loss_that_is_no_number_stops_the_run(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    policy = POLICY.model_copy(update={"learning_rate": 1e38})
    with pytest.raises(
        StepError,
        match=r"step cpt: the loss is nan at update \d+, and 3 rollbacks did not help; batches left out: .* Lower ",
    ):
        run_alone(job_of(inputs, tmp_path, policy))


def test_batches_that_do_not_divide_are_refused(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(StepError, match=r"must be a multiple of the packed sequence length 16, got 100. Take 96"):
        run_alone(job_of(inputs, tmp_path, POLICY.model_copy(update={"global_batch_tokens": 100})))
    with pytest.raises(StepError, match=r"a batch of 8 sequences .* must be a multiple of .* = 3 \* 1"):
        run_alone(replace(job_of(inputs, tmp_path), placement=Placement(micro_batch_size=3)))


def test_tokens_of_another_vocabulary_are_refused(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    tokens = write_packed(tmp_path / "tokens_step")
    meta = json.loads((tokens / "tokens" / "meta.json").read_text())
    (tokens / "tokens" / "meta.json").write_text(json.dumps({**meta, "vocab_size": 500}))
    with pytest.raises(StepError, match=r"packed with a vocabulary of 500, the model in .* knows 128"):
        run_alone(replace(job_of(inputs, tmp_path / "w"), tokens=str(tokens)))


def test_a_second_training_in_the_same_place_waits_and_is_refused(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.errors import BusyError

    monkeypatch.setattr(checkpoints, "HOLD_SECONDS", 0)
    with (
        checkpoints.held(tmp_path / ".checkpoints", 0),
        pytest.raises(BusyError, match=r"is being worked on by process"),
    ):
        run_alone(job_of(inputs, tmp_path))


def test_metrics_are_cut_back_to_whole_lines_up_to_a_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    rows: list[dict[str, Any]] = [{"step": 1, "note": "a\u2028b"}, {"step": 2}, {"step": 3}]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes(lines.encode() + '{"step": 1, "note": "ü'.encode()[:-1])  # cut short within a character
    keep_until(path, 2)
    assert read(path) == rows[:2]
    keep_until(path, -1)
    assert path.read_bytes() == b""
