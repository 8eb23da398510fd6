"""Shorter runs as decays of one stable phase, and runs that read a part of the text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stages.cpt import loop
from stages.cpt.data import TrainingData
from stages.cpt.job import Job
from stages.cpt.launch import run_alone
from stages.cpt.run import Run
from tests.stages.training_inputs import write_model, write_packed
from tests.stages.training_runs import POLICY, Killed, job_of, model_bytes

ANNEALED = POLICY.model_copy(update={"warmup_share": 0.0, "decay_share": 0.25})


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("inputs")
    return write_model(folder), write_packed(folder / "tokens_step")


def trunk(inputs: tuple[Path, Path], work: Path, optimizer: str, stage: int, **changes: Any) -> Job:
    policy = changes.pop("policy", ANNEALED).model_copy(update={"optimizer": optimizer})
    tokens = 16 * policy.global_batch_tokens
    changes = {"evaluate_at": (0,), "anneal_at": (4, 8, 16), "num_tokens": tokens, **changes}
    return job_of(inputs, work, policy, placement={"zero_stage": stage}, **changes)


def losses(point: dict[str, Any]) -> tuple[float, float]:
    return point["domain_loss"], point["general_loss"]


@pytest.mark.parametrize(("optimizer", "stage"), [("adamw", 0), ("spam", 0), ("adamw", 2), ("spam", 3)])
def test_an_annealed_point_is_the_end_of_a_run_of_its_own(
    inputs: tuple[Path, Path], tmp_path: Path, optimizer: str, stage: int
) -> None:
    result = run_alone(trunk(inputs, tmp_path / "trunk", optimizer, stage))
    assert [point["step"] for point in result["points"]] == [0, 16]
    assert [point["step"] for point in result["anneals"]] == [4, 8]
    for point in result["anneals"]:
        alone = trunk(inputs, tmp_path / f"alone{point['step']}", optimizer, stage, num_tokens=point["tokens"])
        ended = run_alone(alone)["points"][-1]
        assert ended["tokens"] == point["tokens"]
        assert losses(ended) == losses(point)
    plain = trunk(inputs, tmp_path / "plain", optimizer, stage, anneal_at=())
    assert losses(run_alone(plain)["points"][-1]) == losses(result["points"][-1])
    assert model_bytes(tmp_path / "plain") == model_bytes(tmp_path / "trunk")


@pytest.mark.parametrize("at_update", [3, 4, 8, 9, 13])
def test_killed_in_a_decay_or_after_one_it_ends_the_same(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_update: int
) -> None:
    undisturbed = run_alone(trunk(inputs, tmp_path / "whole", "adamw", 0))
    real, updates = loop.update, 0

    def dying(run: Run) -> bool:
        nonlocal updates
        if updates == at_update:
            raise Killed
        updates += 1
        return real(run)

    monkeypatch.setattr(loop, "update", dying)
    job = trunk(inputs, tmp_path / "killed", "adamw", 0)
    with pytest.raises(Killed):
        run_alone(job)
    monkeypatch.setattr(loop, "update", real)
    result = run_alone(job)
    assert [result[name] for name in ("points", "anneals", "steps", "tokens")] == [
        undisturbed[name] for name in ("points", "anneals", "steps", "tokens")
    ]
    assert model_bytes(tmp_path / "whole") == model_bytes(tmp_path / "killed")


def test_with_a_warm_up_only_its_length_is_another(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    """Three steps of 16 for all; a run of 4 steps of its own would warm up in one, and ends elsewhere."""
    policy = ANNEALED.model_copy(update={"warmup_share": 0.2})
    job = trunk(inputs, tmp_path / "trunk", "adamw", 0, policy=policy)
    point = run_alone(job)["anneals"][0]
    alone = trunk(inputs, tmp_path / "alone", "adamw", 0, policy=policy, num_tokens=point["tokens"], anneal_at=())
    ended = run_alone(alone)["points"][-1]
    assert losses(ended) != losses(point)
    assert losses(ended) == pytest.approx(losses(point), rel=0.1)


def sequences(data: TrainingData, steps: int) -> dict[str, set[int]]:
    read: dict[str, set[int]] = {"domain": set(), "general": set()}
    for position in range(steps * data.batch_sequences):
        draw = data.mixture.draw(position)
        read[draw.part].add(data._sequence(draw))
    return read


def test_with_less_text_a_run_repeats_it_as_often_and_reads_part_of_what_a_longer_one_does(
    inputs: tuple[Path, Path],
) -> None:
    whole, half = (TrainingData(inputs[1], 0.5, 1, 8, 4, 0, 1, share) for share in (1.0, 0.5))
    assert len(whole.parts["domain"].sequence(0)) == 3
    for part in ("domain", "general"):
        all_of_it = whole.parts[part].num_sequences
        assert half.mixture.epochs(20 * 8)[part] == pytest.approx(2 * whole.mixture.epochs(20 * 8)[part], rel=0.05)
        assert sequences(whole, 200)[part] == set(range(all_of_it))
        assert len(sequences(half, 200)[part]) == -(-all_of_it // 2)
    quarter = TrainingData(inputs[1], 0.5, 1, 8, 4, 0, 1, 0.25)
    for part in ("domain", "general"):
        assert sequences(quarter, 200)[part] < sequences(half, 200)[part]
    batches = list(half.micro_batches(3))
    assert half.num_targets(3) == sum(batch.num_targets for batch in batches)


def test_less_text_changes_what_is_learned_and_is_counted_in_epochs(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    whole, half = (
        run_alone(trunk(inputs, tmp_path / f"t{share}", "adamw", 0, text_share=share)) for share in (1.0, 0.5)
    )
    assert half["epochs"]["domain"] == pytest.approx(2 * whole["epochs"]["domain"], rel=0.05)
    assert losses(half["points"][-1]) != losses(whole["points"][-1])
