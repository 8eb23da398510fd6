"""Learning rates and measuring steps against their formulas."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from stages.cpt.job import Job, steps_for
from stages.cpt.policy import Policy
from stages.cpt.schedule import (
    first_decay_step,
    learning_rate,
    sparsening_steps,
    steps_after_plateau,
    uniform_steps,
)


def rates(policy: Policy, num_steps: int, decay_start: int | None = None) -> list[float]:
    return [learning_rate(policy, step, num_steps, decay_start) for step in range(num_steps)]


def test_cosine_warms_up_to_the_peak_and_ends_on_the_minimum() -> None:
    policy = Policy(schedule="cosine", learning_rate=2.0, warmup_share=0.1, min_learning_rate_ratio=0.1)
    found = rates(policy, 100)
    assert found[:10] == pytest.approx([2.0 * (step + 1) / 10 for step in range(10)])
    assert found[10] == pytest.approx(2.0)
    assert found[99] == pytest.approx(0.2)
    for step in range(10, 100):
        progress = (step - 10) / 89
        assert found[step] == pytest.approx(0.2 + 1.8 * (1 + math.cos(math.pi * progress)) / 2)


def test_wsd_is_flat_then_decays_exponentially_to_the_minimum() -> None:
    policy = Policy(learning_rate=1.0, warmup_share=0.05, decay_share=0.2, min_learning_rate_ratio=0.01)
    found = rates(policy, 100)
    assert found[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert set(found[5:80]) == {1.0}
    assert found[80:] == pytest.approx([0.01 ** ((step - 79) / 20) for step in range(80, 100)])
    assert found[-1] == pytest.approx(0.01)


def test_wsd_to_zero_is_linear() -> None:
    policy = Policy(learning_rate=1.0, warmup_share=0, decay_share=0.5, min_learning_rate_ratio=0)
    assert rates(policy, 4) == pytest.approx([1.0, 1.0, 0.5, 0.0])


def test_an_early_decay_has_the_same_shape() -> None:
    policy = Policy(learning_rate=1.0, warmup_share=0, decay_share=0.2, min_learning_rate_ratio=0.01)
    assert first_decay_step(policy, 100) == 80
    assert steps_after_plateau(policy, 80) == 100
    assert steps_after_plateau(policy, 40) == 50
    early = rates(policy, 50, 40)
    assert early[:40] == [1.0] * 40
    assert early[40:] == pytest.approx(rates(policy, 100)[81::2])


@pytest.mark.parametrize("schedule", ["cosine", "wsd"])
@pytest.mark.parametrize("num_steps", [1, 2, 3, 7])
def test_short_runs_have_sound_rates(schedule: str, num_steps: int) -> None:
    policy = Policy(schedule=schedule, learning_rate=1.0, warmup_share=0.3, decay_share=0.3)
    assert all(0 < rate <= 1.0 for rate in rates(policy, num_steps))


def test_measurements_are_dense_first_and_sparse_later() -> None:
    steps = sparsening_steps(100, 10)
    assert steps == [0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100]
    assert sparsening_steps(3, 10) == [0, 1, 2, 3]
    assert sparsening_steps(1, 1) == [0, 1]


def test_uniform_measurements_hold_both_ends() -> None:
    assert uniform_steps(10, 4) == [0, 4, 8, 10]
    assert uniform_steps(3, 5) == [0, 3]


def test_tokens_are_rounded_up_to_steps() -> None:
    policy = Policy(global_batch_tokens=100)
    assert [steps_for(count, policy) for count in (1, 100, 101)] == [1, 1, 2]


def test_phases_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"warmup_share \+ decay_share must be <= 1 with schedule wsd, got 1.1"):
        Policy(warmup_share=0.6, decay_share=0.5)


def test_a_job_survives_json() -> None:
    job = Job("w", "m", "t", 0.5, 100, Policy(optimizer="spam"), 3, (0, 4))
    assert Job.from_json(job.as_json()) == job
