"""Sequential design: the next proxies are those that tell most about the share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from stages.mixture.analysis import make_goal
from stages.mixture.choose import choose_share
from stages.mixture.design import Base, Grid, Proxy, cost_of, plan_full_grid
from stages.mixture.ensemble import Ensemble, fit_ensemble
from stages.mixture.goals import Goal
from stages.mixture.points import Point
from stages.mixture.rounds import Limits, first_round, run_rounds
from stages.mixture.sequential import Candidate, next_candidates
from tests.stages.test_mixture_law import DOMAIN, GENERAL

SIZES = (100_000_000, 200_000_000, 400_000_000, 800_000_000)
SHARES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
COUNTS = (1_000_000_000, 2_000_000_000, 4_000_000_000)


def candidate(size: int, share: float) -> Candidate:
    return Candidate(size, share, COUNTS, 6.0 * size * COUNTS[-1])


def measured(one: Candidate, noise: float = 0.002) -> list[Point]:
    random = np.random.default_rng([one.num_parameters, round(1000 * one.domain_share)])
    found = []
    for count in one.token_counts:
        losses = (
            float(law.loss(one.num_parameters, count, share)) * math.exp(noise * random.normal())
            for law, share in ((DOMAIN, one.domain_share), (GENERAL, 1 - one.domain_share))
        )
        found.append(
            Point(f"n{one.num_parameters}-r{one.domain_share}", one.num_parameters, count, one.domain_share, *losses)
        )
    return found


FIRST = [candidate(SIZES[0], share) for share in (0.05, 0.5, 0.95)] + [candidate(size, 0.5) for size in SIZES[1:]]
BASE = float(GENERAL.loss(SIZES[-1], COUNTS[-1], 1 - 0.62)) / 1.03


BASES = [Base(f"key{size}", "", size) for size in SIZES]
GRID = Grid(SHARES, (0.5,), COUNTS, COUNTS, decay_share=0.1)


def goal_of(points: list[Point]) -> Goal:
    return make_goal(points, "general_within", base_loss=BASE, num_parameters=SIZES[-1], num_tokens=COUNTS[-1])


def measure_proxies(proxies: Sequence[Proxy], number: int) -> Ensemble:
    return ensemble_of([candidate(proxy.base.num_parameters, proxy.domain_share) for proxy in proxies])


def ensemble_of(done: list[Candidate]) -> Ensemble:
    points = [point for one in done for point in measured(one)]
    return fit_ensemble(points, goal_of(points), 16, 40, 0)


def test_rounds_narrow_the_interval_to_the_true_share_for_a_fraction_of_the_grid() -> None:
    rounds = run_rounds(BASES, GRID, Limits(2, 0.02, 0.6), 0.9, measure_proxies)
    found = rounds.rounds[-1]
    truth = choose_share(DOMAIN, GENERAL, goal_of([point for one in FIRST for point in measured(one)]))
    assert truth is not None
    assert found.domain_share == pytest.approx(truth.domain_share, abs=0.03)
    assert found.interval is not None
    assert found.tokens < 0.6 * cost_of(plan_full_grid(BASES, GRID))["tokens"]
    assert rounds.ended_by == "the interval is narrow enough"
    assert found.interval[1] - found.interval[0] <= 0.02
    assert found.trainings == len(rounds.proxies) == len({proxy.name for proxy in rounds.proxies})
    assert run_rounds(BASES[::-1], GRID, Limits(2, 0.02, 0.6), 0.9, measure_proxies) == rounds


def test_rounds_end_with_the_budget_or_when_nothing_is_left() -> None:
    first = first_round(BASES, GRID)
    assert [(proxy.base.num_parameters, proxy.domain_share) for proxy in first] == [
        (SIZES[3], 0.5), (SIZES[2], 0.5), (SIZES[1], 0.5), (SIZES[0], 0.05), (SIZES[0], 0.5), (SIZES[0], 0.95),
    ]  # fmt: skip
    spent = run_rounds(BASES, GRID, Limits(2, 1e-9, 0.25), 0.9, measure_proxies)
    assert spent.ended_by == "the budget is spent"
    assert spent.rounds[-1].tokens <= 0.25 * cost_of(plan_full_grid(BASES, GRID))["tokens"]
    small = replace(GRID, shares=(0.05, 0.5, 0.95))
    all_of_it = run_rounds(BASES[:2], small, Limits(5, 1e-9, 1.0), 0.9, measure_proxies)
    assert all_of_it.ended_by == "every mixture has been tried"
    assert len(all_of_it.proxies) == 6


def test_the_order_is_the_same_for_the_same_draws_and_any_order_of_candidates() -> None:
    ensemble = ensemble_of(FIRST)
    left = [candidate(size, share) for size in SIZES for share in SHARES if candidate(size, share) not in FIRST]
    chosen = next_candidates(ensemble, left, 5)
    assert chosen == next_candidates(ensemble, left[::-1], 5)
    assert len(set(chosen)) == 5
    assert next_candidates(ensemble, left, 100)[:5] == chosen


def test_what_measures_nothing_new_is_left_for_last_and_dear_ones_must_tell_more() -> None:
    ensemble = ensemble_of(FIRST)
    near = candidate(SIZES[0], 0.65)
    free = Candidate(SIZES[0], 0.65, COUNTS, near.flops / 10)
    dear = Candidate(SIZES[0], 0.65, COUNTS, near.flops * 1e6)
    assert next_candidates(ensemble, [dear, near, free], 1) == [free]
    assert next_candidates(ensemble, [dear, near], 1) == [near]


def test_without_draws_that_decide_the_cheapest_come_first() -> None:
    found = ensemble_of(FIRST)
    undecided = Ensemble(found.domain, found.general, None, (None,) * 40)
    left = [candidate(SIZES[2], 0.2), candidate(SIZES[0], 0.8), candidate(SIZES[1], 0.8)]
    assert next_candidates(undecided, left, 2) == [left[1], left[2]]
    assert undecided.undecided == 1.0
    assert undecided.shares() == []
