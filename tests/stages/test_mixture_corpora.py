"""Several corpora: log-linear laws of known losses, and the convex choice of shares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import StrataError
from stages.mixture.corpora import (
    LogLinearLaw,
    MixRuns,
    fit_log_linear,
    held_out_error,
    mix_runs,
    propose,
    read_runs,
)

CORPORA = ("papers", "reports", "web")
LAWS = {
    "domain": LogLinearLaw(np.log(1.8), np.array([-1.5, -0.4, 0.3])),
    "general": LogLinearLaw(np.log(2.1), np.array([0.4, 0.1, -1.0])),
}


def measured(num: int = 24, noise: float = 0.001) -> MixRuns:
    random = np.random.default_rng(1)
    shares = random.dirichlet(np.ones(3), num)
    losses = np.stack([law.loss(shares) for law in LAWS.values()], axis=1)
    return mix_runs(
        CORPORA, tuple(LAWS), shares.tolist(), (losses * np.exp(noise * random.normal(size=losses.shape))).tolist()
    )


def test_known_laws_are_found_and_held_out_runs_foretold() -> None:
    runs = measured()
    for target, law in enumerate(LAWS.values()):
        found = fit_log_linear(runs.shares_RK, runs.losses_RT[:, target])
        shares = np.random.default_rng(2).dirichlet(np.ones(3), 50)
        assert found.loss(shares) == pytest.approx(law.loss(shares), rel=0.004)
        assert held_out_error(runs, target) < 0.003
    again = fit_log_linear(runs.shares_RK, runs.losses_RT[:, 0], seed=5)
    assert again.loss(shares) == pytest.approx(
        fit_log_linear(runs.shares_RK, runs.losses_RT[:, 0]).loss(shares), rel=1e-4
    )


@pytest.mark.parametrize("kl_weight", [0.0, 0.05, 1.0])
def test_the_choice_is_the_lowest_of_all_mixtures(kl_weight: float) -> None:
    runs, prior = measured(), {"papers": 1.0, "reports": 3.0, "web": 6.0}
    found = propose(runs, LAWS, prior=prior, kl_weight=kl_weight)
    assert sum(found.shares.values()) == pytest.approx(1, abs=2e-4)
    wanted = np.array([0.1, 0.3, 0.6])

    def value(x: np.ndarray) -> np.ndarray:
        safe = np.maximum(x, 1e-9)
        return sum(law.loss(x) for law in LAWS.values()) + kl_weight * (safe * np.log(safe / wanted)).sum(axis=-1)

    everywhere = np.random.default_rng(3).dirichlet(np.ones(3), 20_000)
    chosen = np.array(list(found.shares.values()))
    assert value(chosen) <= value(everywhere).min() + 1e-4
    assert found.losses["domain"] == pytest.approx(float(LAWS["domain"].loss(chosen)), rel=1e-3)


def test_caps_and_weights_hold() -> None:
    runs = measured()
    free = propose(runs, LAWS, weights={"domain": 10.0})
    assert free.shares["papers"] > 0.5
    assert free.at_cap == ()
    capped = propose(runs, LAWS, weights={"domain": 10.0}, caps={"papers": 0.2})
    assert capped.shares["papers"] == pytest.approx(0.2, abs=1e-3)
    assert capped.at_cap == ("papers",)
    with pytest.raises(StrataError, match=r"mixture of corpora: the caps sum to 0\.6, so no mixture keeps all of them"):
        propose(runs, LAWS, caps=dict.fromkeys(CORPORA, 0.2))
    for wrong in ({"prior": dict.fromkeys(CORPORA, 0.0)}, {"kl_weight": -1.0}):
        with pytest.raises(StrataError, match="the prior must have a number above 0, and kl_weight be 0 or more, got"):
            propose(runs, LAWS, **wrong)  # type: ignore[arg-type]


def test_runs_are_read_from_csv_and_mistakes_told(tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    rows = ["share:a,share:b,loss:x", "0.5,0.5,2.1", "0.2,0.8,2.0", "0.9,0.1,2.4"]
    file.write_text("\n".join(rows))
    runs = read_runs(file)
    assert (runs.corpora, runs.targets, runs.shares_RK.shape) == (("a", "b"), ("x",), (3, 2))
    for line, message in (
        ("0.5,0.6,2.1", r"row 4: shares must be 0 or more and sum to 1, got 1\.1"),
        ("0.5,0.5,nan", r"row 4: loss:x must be a finite number, got 'nan'"),
        ("0.5,,2.0", r"row 4: share:b must be a finite number, got ''"),
        ("0.5,0.5,-1", r"row 4: losses must be above 0, got -1"),
    ):
        file.write_text("\n".join([*rows, line]))
        with pytest.raises(StrataError, match=message):
            read_runs(file)
    file.write_text("a,b\n1,2\n")
    with pytest.raises(StrataError, match=r"needs columns share:<corpus> for two corpora or more and loss:<target>"):
        read_runs(file)
    file.write_text("\n".join(rows[:3]))
    with pytest.raises(StrataError, match=r"2 corpora need at least 3 runs of different mixtures, got 2"):
        read_runs(file)
    with pytest.raises(StrataError, match=r"none\.csv: cannot be read as UTF-8 text"):
        read_runs(tmp_path / "none.csv")
