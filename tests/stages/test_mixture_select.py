"""Which form of the law is taken: the paper's for losses of its kind, wider ones where those foretell better."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from stages.mixture.fit import observe, pose
from stages.mixture.forms import D_CPT, ETA_FREE, FORGETTING, forgetting_loss_and_gradient
from stages.mixture.law import Law, check_slope
from stages.mixture.points import Point
from stages.mixture.select import select_form
from tests.stages.test_mixture_law import DOMAIN

SIZES = (100_000_000, 200_000_000, 400_000_000, 800_000_000)
SHARES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
TOKENS = (1_000_000_000, 2_000_000_000, 4_000_000_000)
FAR = replace(DOMAIN, B=0.5, eta=0.05, beta=0.4, epsilon=0.05)
"""A base far from the domain: it gains from more tokens at any share."""
FORGETFUL = replace(DOMAIN, B=0.01, delta=0.25, gamma=1.2, epsilon=0.3, C=0.1)


def points(law: Law, noise: float) -> list[Point]:
    random = np.random.default_rng(0)
    return [
        Point(f"n{n}-r{r}", n, d, r, float(law.loss(n, d, r)) * math.exp(noise * random.normal()), 2.0)
        for n in SIZES
        for r in SHARES
        for d in TOKENS
    ]


def test_the_gradient_with_forgetting_equals_finite_differences() -> None:
    random = np.random.default_rng(5)
    theta = np.log([1.5, 0.4, 0.2, 0.1, 0.3, 0.4, 0.6, 0.5, 0.1, 0.2]) + 0.1 * random.normal(size=10)
    size, tokens, share = random.normal(size=12), random.normal(size=12), random.uniform(size=12)
    _, gradient = forgetting_loss_and_gradient(theta, size, tokens, share)
    for position in range(10):
        moved = [
            forgetting_loss_and_gradient(theta + s * 1e-6 * np.eye(10)[position], size, tokens, share)[0]
            for s in (1, -1)
        ]
        assert gradient[:, position] == pytest.approx((moved[0] - moved[1]) / 2e-6, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(("law", "form"), [(DOMAIN, D_CPT), (FAR, ETA_FREE), (FORGETFUL, FORGETTING)])
def test_each_kind_of_losses_gets_its_form(law: Law, form: object) -> None:
    observed = observe(points(law, 0.0015), "domain")
    found = select_form(observed, {}, 24, 0)
    assert found.problem.form is form
    shares = np.linspace(0.05, 0.95, 10)
    for tokens in (TOKENS[0], 8_000_000_000):
        predicted = found.fit.law.loss(1_600_000_000, tokens, shares)
        assert predicted == pytest.approx(law.loss(1_600_000_000, tokens, shares), rel=0.01)
    assert next(iter(found.huber)) == "D-CPT"
    paper = select_form(observed, {}, 24, 0, paper_only=True)
    assert paper.problem.form is D_CPT
    assert paper.huber == {}


def test_losses_that_the_papers_form_foretells_well_enough_try_no_other() -> None:
    observed = observe(points(DOMAIN, 0.0), "domain")
    assert list(select_form(observed, {}, 16, 0).huber) == ["D-CPT"]


def test_with_two_lengths_forgetting_cannot_be_told() -> None:
    two = [point for point in points(FORGETFUL, 0.002) if point.num_tokens != TOKENS[1]]
    assert FORGETTING.name not in select_form(observe(two, "domain"), {}, 8, 0).huber


def test_slopes_know_a_free_eta_and_forgetting() -> None:
    share = np.linspace(0.1, 0.9, 9)
    for law in (FAR, FORGETFUL):
        numeric = (law.loss(1e9, 2e9, share + 1e-6) - law.loss(1e9, 2e9, share - 1e-6)) / 2e-6
        assert law.slope(2e9, share) == pytest.approx(numeric, rel=1e-4)
    assert np.isinf(FAR.slope(2e9, 0.0))
    assert check_slope(FAR, [2e9], 0.0, 0.9).regions[0][1] == 0.0  # at r = 0 the loss rises: it is told
    assert pose(observe(points(FAR, 0.0), "domain"), ETA_FREE).num_free == 9
