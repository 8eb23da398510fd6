"""Sequential design: a few proxies first, then round by round those that tell most, until the share is known enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
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

    def as_dict(self) -> dict[str, Any]:
        return {"rounds": [asdict(one) for one in self.rounds], "ended_by": self.ended_by}


def first_round(bases: Sequence[Base], grid: Grid) -> list[Proxy]:
    """Return the lowest, the middle and the highest share at the smallest size, the middle one at every other."""
    ordered, shares = sorted(bases, key=lambda base: (base.num_parameters, base.key)), sorted(grid.shares)
    middle = shares[len(shares) // 2]
    chosen = [(ordered[0], share) for share in dict.fromkeys((shares[0], middle, shares[-1]))]
    return [
        proxy
        for base, share in [*((base, middle) for base in reversed(ordered[1:])), *chosen]
        for proxy in _of(base, share, ordered[0], grid)
    ]


def _of(base: Base, share: float, smallest: Base, grid: Grid) -> list[Proxy]:
    counts = grid.token_counts if base == smallest else grid.token_counts_at_larger
    return trainings(base, share, counts, grid)


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
    smallest = min(bases, key=lambda base: (base.num_parameters, base.key))
    budget = limits.grid_share * cost_of(plan_full_grid(bases, grid))["tokens"]
    proxies = first_round(bases, grid)
    rounds: list[Round] = []
    left = {
        (base.key, share): _of(base, share, smallest, grid)
        for base in sorted(bases, key=lambda base: (base.num_parameters, base.key))
        for share in sorted(grid.shares)
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
            return Rounds(proxies, rounds, "the interval is narrow enough")
        affordable = {
            key: own for key, own in left.items() if spent + sum(proxy.tokens_trained for proxy in own) <= budget
        }
        if not affordable:
            return Rounds(proxies, rounds, "the budget is spent" if left else "every mixture has been tried")
        for key in _best(ensemble, affordable, limits.per_round):
            own = affordable[key]
            if spent + sum(proxy.tokens_trained for proxy in own) <= budget:
                proxies = [*proxies, *own]
                spent += sum(proxy.tokens_trained for proxy in own)


def _best(ensemble: Ensemble, left: Mapping[tuple[str, float], Sequence[Proxy]], num: int) -> list[tuple[str, float]]:
    candidates = {
        Candidate(
            own[0].base.num_parameters,
            own[0].domain_share,
            tuple(sorted({count for proxy in own for count in proxy.measure_at})),
            sum(proxy.flops for proxy in own),
        ): key
        for key, own in left.items()
    }
    return [candidates[one] for one in next_candidates(ensemble, list(candidates), num)]
