"""Sequential design: the next proxies are those that tell most about the share."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stages.mixture.analysis import make_goal
from stages.mixture.choose import choose_share
from stages.mixture.ensemble import Ensemble, fit_ensemble
from stages.mixture.points import Point
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


def ensemble_of(done: list[Candidate]) -> Ensemble:
    points = [point for one in done for point in measured(one)]
    return fit_ensemble(points, make_goal(points, "general_within", base_loss=BASE), 16, 40, 0)


def test_rounds_narrow_the_interval_to_the_true_share_for_a_fraction_of_the_grid() -> None:
    done = list(FIRST)
    widths = []
    for _ in range(3):
        ensemble = ensemble_of(done)
        low, high = np.percentile(ensemble.shares(), [5, 95])
        widths.append(high - low)
        left = [candidate(size, share) for size in SIZES for share in SHARES]
        done += next_candidates(ensemble, [one for one in left if one not in done], 2)
    points = [point for one in done for point in measured(one)]
    truth = choose_share(DOMAIN, GENERAL, make_goal(points, "general_within", base_loss=BASE))
    found = ensemble_of(done).choice
    assert truth is not None
    assert found is not None
    assert found.domain_share == pytest.approx(truth.domain_share, abs=0.03)
    assert widths[-1] < widths[0]
    whole = sum(candidate(size, share).flops for size in SIZES for share in SHARES)
    assert sum(one.flops for one in done) < 0.5 * whole


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
