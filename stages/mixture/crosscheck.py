"""What the measured points say of the share without any law: a check on the law's choice, and on its form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from stages.mixture.choose import Interpolation, choose_share
from stages.mixture.goals import Goal
from stages.mixture.law import Law
from stages.mixture.points import Point, base_losses

MIN_GROUP_SHARES = 4
"""Fewer shares at one size and length are no curve to check against."""
MAX_DISAGREEMENT = 0.1
"""Largest difference between the two shares that is still called agreement."""


@dataclass(frozen=True)
class CrossCheck:
    """Two answers to the same question, for a size and length where all shares were measured."""

    num_parameters: int
    num_tokens: int
    measured_share: float
    """Where straight lines between the measured points put the best allowed share."""
    law_share: float
    """Where the law puts it, for the same size, length and base."""

    @property
    def disagrees(self) -> bool:
        return abs(self.measured_share - self.law_share) > MAX_DISAGREEMENT

    def describe(self) -> str:
        return (
            f"at {self.num_parameters} parameters and D = {self.num_tokens} straight lines between the measured points "
            f"give the share {self.measured_share:.2f}, the law {self.law_share:.2f}"
        )


def cross_check(points: Sequence[Point], domain: Law, general: Law, goal: Goal) -> CrossCheck | None:
    """Compare law and measurement where most shares were tried; None where nothing can be compared.

    Of the (N, D) with at least four shares and a measured base the one whose D is nearest to the goal's is taken.
    """
    groups: dict[tuple[int, int], list[Point]] = {}
    for point in points:
        if not point.excluded:
            groups.setdefault((point.num_parameters, point.num_tokens), []).append(point)
    bases = base_losses(points)
    candidates = [
        key
        for key, group in groups.items()
        if len({p.domain_share for p in group}) >= MIN_GROUP_SHARES and key[0] in bases
    ]
    if goal.name != "general_within" or not candidates:
        return None
    size, tokens = min(candidates, key=lambda key: (abs(key[1] - goal.num_tokens), key))
    group = groups[size, tokens]
    shares = sorted({p.domain_share for p in group})
    means = [[fmean(p.losses[kind] for p in group if p.domain_share == share) for share in shares] for kind in (0, 1)]
    local = replace(
        goal, num_parameters=size, num_tokens=tokens, base_losses=((size, bases[size]),),
        low=shares[0], high=shares[-1],
    )  # fmt: skip
    measured = choose_share(
        Interpolation(tuple(shares), tuple(means[0])),
        Interpolation(tuple(1 - share for share in reversed(shares)), tuple(reversed(means[1]))),
        local,
    )
    predicted = choose_share(domain, general, local)
    if measured is None or predicted is None:
        return None
    return CrossCheck(size, tokens, measured.domain_share, predicted.domain_share)


def forgetting_shares(points: Sequence[Point]) -> list[float]:
    """Return the domain shares at which the general loss rises with D, which the paper's form cannot express."""
    runs: dict[tuple[int, float, int], list[Point]] = {}
    for point in points:
        if not point.excluded:
            runs.setdefault((point.num_parameters, point.domain_share, point.seed), []).append(point)
    rising = set()
    for (_, share, _), run in runs.items():
        ordered = sorted(run, key=lambda point: point.num_tokens)
        if ordered[-1].num_tokens > ordered[0].num_tokens and ordered[-1].general_loss > ordered[0].general_loss:
            rising.add(share)
    return sorted(rising)
