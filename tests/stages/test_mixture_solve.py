"""The batched solver: where scipy ends, whatever else is in the batch."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from stages.mixture import solve as solving
from stages.mixture.fit import HUBER_DELTA, batch_of, fit_law, observe, pose, refit_to, refit_without
from stages.mixture.forms import ETA_FREE
from stages.mixture.solve import Batch, solve
from tests.stages.test_mixture_law import DOMAIN, GENERAL, measure


def lines(delta: float) -> Batch:
    """Logarithms of losses that are straight in x, with outliers; the second problem leaves the outliers out."""
    x = np.linspace(0, 1, 9)
    truth = 0.3 + 0.8 * x
    truth[[2, 7]] += 0.5
    counts = np.ones((2, 9))
    counts[1, [2, 7]] = 0

    def predict(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        loss = np.exp(theta[:, :1] + theta[:, 1:] * x)
        return loss, np.stack([loss, loss * x], axis=-1)

    return Batch(predict, np.tile(truth, (2, 1)), counts, np.array([-5.0, -5.0]), np.array([5.0, 5.0]), delta)


def test_outliers_pull_as_the_huber_loss_says_and_points_left_out_do_not() -> None:
    batch = lines(0.01)
    ends, values = solve(np.zeros((2, 2)), batch)
    assert ends[1] == pytest.approx([0.3, 0.8], abs=1e-6)
    assert values[1] == pytest.approx(0, abs=1e-9)

    def objective(theta: np.ndarray) -> float:
        scaled = np.abs(theta[0] + theta[1] * np.linspace(0, 1, 9) - batch.log_loss_BP[0]) / 0.01
        return float(np.where(scaled <= 1, 0.5 * scaled**2, scaled - 0.5).sum())

    known = minimize(objective, [0.3, 0.8], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10})
    assert values[0] == pytest.approx(known.fun, rel=1e-5)
    assert ends[0] == pytest.approx(known.x, abs=1e-4)


def test_bounds_hold_and_a_fixed_parameter_stays() -> None:
    free = lines(10.0)
    tight = Batch(free.predict, free.log_loss_BP, free.counts_BP, np.array([0.4, -5.0]), np.array([0.4, 0.5]), 10.0)
    ends, _ = solve(np.array([[0.0, 0.0], [3.0, 3.0]]), tight)
    assert (ends == [[0.4, 0.5], [0.4, 0.5]]).all()


def test_a_problem_ends_the_same_alone_and_among_others(monkeypatch: pytest.MonkeyPatch) -> None:
    observed = observe(measure(DOMAIN, GENERAL), "domain")
    problem = pose(observed)
    fit = fit_law(observed, problem, num_starts=8, seed=0)
    groups = [[0, 1], [5], [7, 8, 9]]
    together = refit_without(observed, problem, fit, groups)
    assert [refit_without(observed, problem, fit, [group])[0] for group in groups] == together
    monkeypatch.setattr(solving, "NUMBERS_AT_ONCE", 1)
    assert refit_without(observed, problem, fit, groups) == together
    losses = np.stack([observed.loss, observed.loss * 1.01])
    same, higher = refit_to(observed, problem, fit, losses)
    assert same.loss(1e9, 3e9, 0.5) == pytest.approx(fit.law.loss(1e9, 3e9, 0.5), rel=1e-4)
    assert higher.loss(1e9, 3e9, 0.5) == pytest.approx(1.01 * fit.law.loss(1e9, 3e9, 0.5), rel=1e-3)


def test_scipy_finds_nothing_lower_from_where_it_ends() -> None:
    observed = observe(measure(DOMAIN, GENERAL, seed=3), "general")
    for form in (None, ETA_FREE):
        problem = pose(observed) if form is None else pose(observed, form)
        fit = fit_law(observed, problem, num_starts=32, seed=0)
        batch = batch_of(observed, problem, np.log(observed.loss)[None], np.ones((1, len(observed))))

        def objective(theta: np.ndarray, batch: Batch = batch) -> float:
            scaled = np.abs(np.log(batch.predict(theta[None])[0][0]) - batch.log_loss_BP[0]) / HUBER_DELTA
            return float(np.where(scaled <= 1, 0.5 * scaled**2, scaled - 0.5).sum())

        found = minimize(objective, fit.theta, method="L-BFGS-B", bounds=problem.bounds)
        assert fit.objective == pytest.approx(objective(fit.theta), rel=1e-9)
        assert found.fun >= fit.objective * (1 - 1e-4)
