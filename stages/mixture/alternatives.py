"""What other laws make of the same points: the exponential form, and CMR's absolute tolerance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from stages.mixture.choose import choose_share, weigh
from stages.mixture.fit import LossKind, fit_law, observe, pose
from stages.mixture.forms import EXPONENTIAL
from stages.mixture.goals import Goal
from stages.mixture.law import LossModel
from stages.mixture.points import Point
from stages.mixture.quality import Errors, held_out_runs

CMR_TOLERANCE = 0.05
"""Largest absolute rise of the general loss of the critical mixture ratio (Gu et al., arXiv 2407.17467), in nats."""


@dataclass(frozen=True)
class Alternatives:
    """How the exponential form does on the same points, and which shares other questions would give."""

    domain: Errors
    """Held-out runs, by the exponential form."""
    general: Errors
    domain_share: float | None
    """What the exponential form chooses; None where it allows nothing."""
    critical_ratio: float | None
    """The largest tried share at which the general law stays within CMR's tolerance; None without one, or a base."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def alternatives(
    points: Sequence[Point],
    domain: LossModel,
    general: LossModel,
    goal: Goal,
    shown: Goal,
    num_starts: int,
    seed: int,
) -> Alternatives:
    """Fit the exponential form to both losses; ask the D-CPT laws for the critical ratio at the N and D ``shown``."""
    laws: dict[LossKind, Any] = {}
    errors: dict[LossKind, Errors] = {}
    kinds: tuple[LossKind, ...] = ("domain", "general")
    for kind in kinds:
        observed = observe(points, kind)
        problem = pose(observed, EXPONENTIAL)
        fit = fit_law(observed, problem, num_starts=num_starts, seed=seed)
        laws[kind], errors[kind] = fit.law, held_out_runs(observed, problem, fit)
    chosen = choose_share(laws["domain"], laws["general"], goal)
    return Alternatives(
        errors["domain"],
        errors["general"],
        chosen.domain_share if chosen else None,
        critical_ratio(domain, general, shown),
    )


def critical_ratio(domain: LossModel, general: LossModel, goal: Goal) -> float | None:
    """Return the largest tried share whose general loss is at most ``CMR_TOLERANCE`` above the base's."""
    base = dict(goal.base_losses).get(goal.num_parameters)
    if base is None:
        return None
    absolute = replace(goal, name="general_within", tolerance=CMR_TOLERANCE / base, domain_tokens=None)
    options = weigh(domain, general, absolute)
    allowed = options.shares[options.within_limit]
    return round(float(allowed.max()), 4) if len(allowed) else None
