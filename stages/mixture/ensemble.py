"""Both laws fitted to the same points, and to draws of their losses: what the share could as well be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages.mixture.bootstrap import Noise, bootstrap_laws, noise_of
from stages.mixture.choose import Choice, choose_share
from stages.mixture.fit import Fit, LossKind, Observations, Problem, observe
from stages.mixture.goals import Goal
from stages.mixture.points import Point
from stages.mixture.select import Selected, select_form

if TYPE_CHECKING:
    from stages.mixture.law import Law

KINDS: tuple[LossKind, ...] = ("domain", "general")


@dataclass(frozen=True)
class OneLoss:
    """One of the two losses: its points, its law, and the laws of the draws."""

    observed: Observations
    selected: Selected
    draws: tuple[Law, ...]
    noise: Noise

    @property
    def problem(self) -> Problem:
        return self.selected.problem

    @property
    def fit(self) -> Fit:
        return self.selected.fit


@dataclass(frozen=True)
class Ensemble:
    """The two laws, what they choose, and what each draw of the runs would choose."""

    domain: OneLoss
    general: OneLoss
    choice: Choice | None
    drawn: tuple[Choice | None, ...]

    def shares(self) -> list[float]:
        """Return the shares of the draws that allow one."""
        return [one.domain_share for one in self.drawn if one is not None]

    @property
    def undecided(self) -> float:
        """Share of the draws that allow no share at all."""
        return sum(one is None for one in self.drawn) / max(1, len(self.drawn))


def fit_ensemble(
    points: Sequence[Point],
    goal: Goal,
    num_starts: int,
    num_bootstrap: int,
    seed: int,
    known: Mapping[LossKind, Mapping[str, float]] | None = None,
    *,
    paper_only: bool = False,
) -> Ensemble:
    """Fit both laws to the usable ``points`` and to ``num_bootstrap`` draws of their losses.

    ``known`` are exponents of either loss to take where the points cannot tell them. Each loss gets the form that suits
    its points (select.py), or the paper's.
    """
    domain, general = (
        _fit(
            observe(points, kind), (known or {}).get(kind, {}), num_starts, num_bootstrap, 2 * seed + place, paper_only
        )
        for place, kind in enumerate(KINDS)
    )
    return Ensemble(
        domain,
        general,
        choose_share(domain.fit.law, general.fit.law, goal),
        tuple(choose_share(d, g, goal) for d, g in zip(domain.draws, general.draws, strict=True)),
    )


def _fit(
    observed: Observations, known: Mapping[str, float], num_starts: int, num_bootstrap: int, seed: int, paper_only: bool
) -> OneLoss:
    found = select_form(observed, known, num_starts, seed, paper_only=paper_only)
    noise = noise_of(observed, found.problem, found.fit)
    draws = bootstrap_laws(observed, found.problem, found.fit, noise, num_bootstrap, seed)
    return OneLoss(observed, found, tuple(draws), noise)
