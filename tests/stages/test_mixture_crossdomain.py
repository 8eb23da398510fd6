"""The cross-domain law: several domains of known laws, told apart by what their first measurements say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.__main__ import main
from pipeline.errors import StrataError
from stages.mixture.analysis import Demands, analyse, make_goal
from stages.mixture.crossdomain import Coefficients, coefficients_of, fit_cross_domain, shift
from stages.mixture.earlier import known_exponents
from stages.mixture.fit import observe
from stages.mixture.law import Law
from stages.mixture.points import Point, write_points
from tests.stages.test_mixture_law import DOMAIN, GENERAL

SIZES = (100_000_000, 200_000_000, 400_000_000, 800_000_000)
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
COUNTS = (1_000_000_000, 3_000_000_000, 9_000_000_000)


def domain_points(level: float, base: float) -> list[Point]:
    """A domain whose law is DOMAIN at another level; its bases' losses before training are ``base`` above that."""
    law = replace(DOMAIN, E=DOMAIN.E + level)
    points = [
        Point(f"base{n}", n, 0, 0.0, float(law.loss(n, COUNTS[0], 0.5)) + base, 2.4 - place / 10)
        for place, n in enumerate(SIZES)
    ]
    for n in SIZES:
        for r in SHARES:
            for d in COUNTS:
                losses = float(law.loss(n, d, r)), float(GENERAL.loss(n, d, 1 - r))
                points.append(Point(f"n{n}-r{r}", n, d, r, *losses))
    return points


def test_coefficients_are_the_bases_loss_and_its_first_fall() -> None:
    points = domain_points(0.2, 0.5)
    found = coefficients_of(points, "domain")
    before = float(DOMAIN.loss(SIZES[0], COUNTS[0], 0.5)) + 0.7
    assert found == Coefficients(pytest.approx(before), pytest.approx(0.5))  # type: ignore[arg-type]
    with pytest.raises(StrataError, match=r"cross-domain law: needs a base's loss \(num_tokens = 0\) and a trained"):
        coefficients_of([point for point in points if point.num_tokens], "domain")


def test_a_third_domain_is_foretold_where_its_level_follows_the_coefficient() -> None:
    """Levels F / K with F = 1: the law of the third domain comes from its first measurements alone."""
    bases = {"a": 0.3, "b": 0.5, "c": 0.8}
    known = {name: coefficients_of(domain_points(0.0, base), "domain") for name, base in bases.items()}
    fitted = {name: domain_points(level, bases[name]) for name, level in (("a", 0.9), ("b", 0.5))}
    law = fit_cross_domain(fitted, "domain", num_starts=24)
    assert law.priors["mu, w"] == "fixed at 1 and 0.5: 2 of the 4 domains needed"
    shares = np.linspace(0.1, 0.9, 9)
    for name, level in (("a", 0.9), ("b", 0.5)):
        own = law.law_for(coefficients_of(fitted[name], "domain")).loss(SIZES[1], COUNTS[1], shares)
        assert own == pytest.approx(DOMAIN.loss(SIZES[1], COUNTS[1], shares) + level, rel=0.004)
    third = law.law_for(known["c"])
    slopes = third.slope(COUNTS[1], shares), DOMAIN.slope(COUNTS[1], shares)
    assert slopes[0] == pytest.approx(slopes[1], rel=0.1)
    assert third.E < law.law_for(coefficients_of(fitted["b"], "domain")).E  # it falls faster, so its level is lower


def test_a_measured_level_moves_the_law_alone() -> None:
    points = [point for point in domain_points(0.4, 0.5) if point.num_tokens][:3]
    moved = shift(DOMAIN, observe(points, "domain"))
    assert moved == replace(DOMAIN, E=pytest.approx(DOMAIN.E + 0.4))
    assert isinstance(moved, Law)


def test_domains_that_say_nothing_are_refused() -> None:
    one = domain_points(0.1, 0.5)
    with pytest.raises(StrataError, match=r"cross-domain law: needs points of at least two domains, got 1"):
        fit_cross_domain({"a": one}, "domain")
    rising = [replace(p, domain_loss=0.5) if p.num_tokens == 0 else p for p in one]
    with pytest.raises(StrataError, match=r"the loss of b does not fall at first \(-\d.* Leave the domain out"):
        fit_cross_domain({"a": one, "b": rising}, "domain")
    law = fit_cross_domain({"a": one, "b": domain_points(0.2, 0.4)}, "domain", num_starts=4)
    with pytest.raises(StrataError, match=r"the loss of the new domain does not fall at first \(-5 nats"):
        law.law_for(Coefficients(3.0, -5.0))


def test_exponents_are_lent_where_a_new_domains_points_cannot_tell_them(tmp_path: Path) -> None:
    file = tmp_path / "earlier.csv"
    write_points(file, domain_points(0.2, 0.5))
    lent = known_exponents([str(file)], "domain")
    assert lent["alpha"] == pytest.approx(DOMAIN.alpha, rel=0.15)
    assert lent["beta"] == pytest.approx(DOMAIN.beta, rel=0.25)
    new = [point for point in domain_points(0.0, 0.5) if point.num_parameters in SIZES[:2] or not point.num_tokens]
    goal = make_goal(new, "general_within", num_parameters=SIZES[1])
    analysis = analyse(new, goal, Demands(num_starts=8, num_bootstrap=20, earlier=(str(file),)))
    assert analysis.domain.law.alpha == pytest.approx(lent["alpha"])
    assert "(the laws of earlier domains): 2 of the 4 sizes needed" in analysis.domain.quality.priors["alpha"]
    with pytest.raises(StrataError, match=r"none\.csv: no such file"):
        known_exponents([str(tmp_path / "none.csv")], "domain")


def test_the_commands_foretell_and_mix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, level, base in (("a", 0.9, 0.3), ("b", 0.5, 0.5), ("c", 0.3, 0.8)):
        points = domain_points(level, base)
        write_points(tmp_path / f"{name}.csv", points if name != "c" else [*points[:4], points[4 + 7]])
    paths = [str(tmp_path / f"{name}.csv") for name in "abc"]
    assert main(["law", "transfer", paths[2], "--others", *paths[:2], "--tolerance", "0.4"]) == 0
    said = capsys.readouterr().out
    assert "for N = 800,000,000 and D = 9,000,000,000, foretold and not measured:\ndomain share 0." in said
    assert "note: mu, w: fixed at 1 and 0.5: 2 of the 4 domains needed" in said
    runs = tmp_path / "runs.csv"
    shares = np.random.default_rng(0).dirichlet(np.ones(2), 8)
    losses = 1.5 + np.exp(shares @ np.array([-1.0, 0.2]))
    rows = [f"{a:.6f},{b:.6f},{loss:.6f}" for (a, b), loss in zip(shares.tolist(), losses.tolist(), strict=True)]
    runs.write_text("\n".join(["share:x,share:y,loss:t", *rows]))
    assert main(["law", "mix", str(runs), "--caps", "x=0.6", "--kl-weight", "0"]) == 0
    said = capsys.readouterr().out
    assert "0.6000  x  (at its cap)" in said
    assert "held-out runs are off by 0." in said
    assert main(["law", "mix", str(runs), "--caps", "z=0.6"]) == 2
    assert "--caps: must name one of x, y with a number of 0 or more, got 'z=0.6'" in capsys.readouterr().err
    assert main(["law", "mix", str(runs), "--prior", "x"]) == 2
    assert "--prior: must be NAME=NUMBER, got 'x'" in capsys.readouterr().err
