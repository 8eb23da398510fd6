"""Sequential design: a few proxies first, then round by round those that tell most, until the share is known enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from stages.mixture.choose import interval
from stages.mixture.design import Base, Grid, Proxy, cost_of, plan_full_grid, trainings
from stages.mixture.ensemble import Ensemble
from stages.mixture.points import MIN_POINTS, MIN_RUNS
from stages.mixture.sequential import Candidate, next_candidates


@dataclass(frozen=True)
class Limits:
    """When to stop."""

    per_round: int
    """Mixtures added in a round."""
    width: float
    """The interval of the share is narrow enough below this."""
    grid_share: float
    """Share of the full grid's tokens that may be spent."""


@dataclass(frozen=True)
class Round:
    """How things stood after one round."""

    trainings: int
    tokens: int
    domain_share: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Rounds:
    """All trainings of a sequential design, and how it came to them."""

    proxies: list[Proxy]
    rounds: list[Round]
    ended_by: str
    ensemble: Ensemble = field(compare=False, repr=False)
    """The laws after the last round."""

    def as_dict(self) -> dict[str, Any]:
        return {"rounds": [asdict(one) for one in self.rounds], "ended_by": self.ended_by}


def first_round(bases: Sequence[Base], grid: Grid) -> list[Proxy]:
    """Return the lowest, the middle and the highest share at the smallest size, the middle one at every other."""
    ordered, shares = _by_size(bases), sorted(grid.shares)
    middle = shares[len(shares) // 2]
    chosen = [(ordered[0], share) for share in dict.fromkeys((shares[0], middle, shares[-1]))]
    return [
        proxy
        for base, share in [*((base, middle) for base in reversed(ordered[1:])), *chosen]
        for proxy in trainings(base, share, ordered[0], grid)
    ]


def _by_size(bases: Sequence[Base]) -> list[Base]:
    return sorted(bases, key=lambda base: (base.num_parameters, base.key))


def run_rounds(
    bases: Sequence[Base],
    grid: Grid,
    limits: Limits,
    confidence: float,
    measure: Callable[[Sequence[Proxy], int], Ensemble],
) -> Rounds:
    """Train and choose round by round. ``measure`` trains the new ones of all the proxies given and fits both laws.

    The same bases, grid and measurements give the same rounds.
    """
    ordered = _by_size(bases)
    budget = limits.grid_share * cost_of(plan_full_grid(bases, grid))["tokens"]
    proxies = first_round(bases, grid)
    rounds: list[Round] = []
    left = {
        (base.key, share): trainings(base, share, ordered[0], grid) for base in ordered for share in sorted(grid.shares)
    }
    while True:
        for proxy in proxies:
            left.pop((proxy.base.key, proxy.domain_share), None)
        ensemble = measure(proxies, len(rounds))
        shares = ensemble.shares()
        found = interval(shares, confidence) if shares else None
        spent = cost_of(proxies)["tokens"]
        chosen = ensemble.choice.domain_share if ensemble.choice else None
        rounds.append(Round(len(proxies), spent, chosen, found))
        enough = len(proxies) >= MIN_RUNS and sum(len(proxy.measure_at) for proxy in proxies) >= MIN_POINTS
        if enough and found and ensemble.undecided == 0 and found[1] - found[0] <= limits.width:
            return Rounds(proxies, rounds, "the interval is narrow enough", ensemble)
        affordable = {key: own for key, own in left.items() if spent + cost_of(own)["tokens"] <= budget}
        if not affordable:
            return Rounds(proxies, rounds, "the budget is spent" if left else "every mixture has been tried", ensemble)
        for key in _best(ensemble, affordable, limits.per_round):
            own = affordable[key]
            if spent + cost_of(own)["tokens"] <= budget:
                proxies = [*proxies, *own]
                spent += cost_of(own)["tokens"]


def _best(ensemble: Ensemble, left: Mapping[tuple[str, float], Sequence[Proxy]], num: int) -> list[tuple[str, float]]:
    candidates = {
        Candidate(
            own[0].base.num_parameters,
            own[0].domain_share,
            tuple(sorted({count for proxy in own for count in proxy.measure_at})),
            cost_of(own)["flops"],
        ): key
        for key, own in left.items()
    }
    return [candidates[one] for one in next_candidates(ensemble, list(candidates), num)]
