"""Choosing the domain share from two fitted laws: the paper's three uses, and a Pareto front.

Shares outside the range that was tried are never chosen: the law says nothing certain there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from stages.mixture.goals import Goal, domain_budget, effective, general_limit, sizes_to_try, tokens_within

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

    from stages.mixture.law import Array, LossModel

SHARE_STEP = 0.001
DecidedBy = Literal[
    "lowest domain loss", "general loss limit", "repetition cap", "token limit", "edge of the tried range",
    "balance of both losses",
]  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """A domain share, and what the laws predict there."""

    domain_share: float
    num_tokens: int
    domain_loss: float
    general_loss: float
    decided_by: DecidedBy
    """What keeps the share from going on: the optimum itself, or a limit."""
    at_edge: bool
    """Whether the share is the smallest or the largest one tried: the true optimum may lie beyond."""
    num_parameters: int = 0
    size_at_edge: bool = False
    """``flop_budget``: whether N is the smallest or the largest one to choose from."""


@dataclass(frozen=True)
class Interpolation:
    """Measured losses of one size and length, joined by straight lines: no law, so a check on it."""

    shares: tuple[float, ...]
    """Increasing, of that loss's own text."""
    losses: tuple[float, ...]

    def loss(self, num_parameters: ArrayLike, num_tokens: ArrayLike, share: ArrayLike) -> Array:
        """Return the interpolated loss; N and D are those of the measurements, whatever is given."""
        import numpy as np

        value: Array = np.interp(np.asarray(share, dtype=np.float64), self.shares, self.losses)
        return value


@dataclass(frozen=True)
class Options:
    """What each tried share would bring, shape (S,), and whether the goal allows it."""

    shares: Array
    tokens: Array
    domain_loss: Array
    general_loss: Array
    within_data: np.ndarray[Any, np.dtype[np.bool_]]
    within_limit: np.ndarray[Any, np.dtype[np.bool_]]


def choose_share(domain: LossModel, general: LossModel, goal: Goal) -> Choice | None:
    """Return the best share among those the goal allows, or None where it allows none.

    - ``general_within``: lowest domain loss with L_g(N, D, 1 - r) <= (1 + T) L_g0, r D <= max_epochs * domain tokens.
    - ``limited_domain``: the domain text is read ``max_epochs`` times whatever r is, so D is
      max_epochs * domain tokens / r, which may not exceed ``num_tokens``; lowest domain loss.
    - ``flop_budget``: as ``general_within`` at every N, with D = flops / 6 N; the N with the lowest domain loss.
    - ``pareto``: of the shares where no loss can fall unless the other rises, the one with the smallest sum of both
      losses, each scaled to 0..1 over the front.
    """
    import numpy as np

    if goal.name == "flop_budget":
        return _within_budget(domain, general, goal)
    options = weigh(domain, general, goal)
    allowed = options.within_data & options.within_limit
    if not allowed.any():
        return None
    if goal.name == "pareto":
        return _choice(options, goal, _knee(options), "balance of both losses")
    domain_loss, last = options.domain_loss, len(options.shares) - 1
    best = int(np.argmin(np.where(allowed, domain_loss, np.inf)))
    beyond = [step for step in (best - 1, best + 1) if 0 <= step <= last and domain_loss[step] < domain_loss[best]]
    decided: DecidedBy = "edge of the tried range" if best in (0, last) else "lowest domain loss"
    if any(not options.within_data[step] for step in beyond):
        decided = "token limit" if goal.name == "limited_domain" else "repetition cap"
    elif any(not options.within_limit[step] for step in beyond):
        decided = "general loss limit"
    return _choice(options, goal, best, decided)


def weigh(domain: LossModel, general: LossModel, goal: Goal) -> Options:
    """Return both predicted losses along the tried shares at the goal's N."""
    import numpy as np

    limit = general_limit(goal)
    num_steps = max(1, round((goal.high - goal.low) / SHARE_STEP))
    shares = np.linspace(goal.low, goal.high, num_steps + 1)
    tokens = np.full_like(shares, float(goal.num_tokens))
    within_data = np.ones(len(shares), dtype=bool)
    if goal.name == "limited_domain":
        tokens = domain_budget(goal) / np.maximum(shares, 1e-9)
        within_data = tokens <= goal.num_tokens
    elif goal.domain_tokens is not None:
        within_data = shares * tokens <= domain_budget(goal) * (1 + 1e-9)
    seen_tokens, seen_shares = effective(goal, tokens, shares)
    general_loss = general.loss(goal.num_parameters, seen_tokens, 1.0 - seen_shares)
    return Options(
        shares,
        tokens,
        domain.loss(goal.num_parameters, seen_tokens, seen_shares),
        general_loss,
        within_data,
        np.ones(len(shares), dtype=bool) if limit is None else general_loss <= limit,
    )


def front(options: Options) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Mark the allowed shares of which no other allowed one has both losses lower, or one lower and one equal."""
    import numpy as np

    on_front = np.zeros(len(options.shares), dtype=bool)
    lowest = np.inf
    for place in np.lexsort((options.domain_loss, options.general_loss)).tolist():
        if options.within_data[place] and options.within_limit[place] and options.domain_loss[place] < lowest:
            on_front[place], lowest = True, options.domain_loss[place]
    return on_front


def _knee(options: Options) -> int:
    import numpy as np

    places = np.flatnonzero(front(options))
    scaled = np.zeros(len(places))
    for losses in (options.domain_loss[places], options.general_loss[places]):
        spread = float(np.ptp(losses))
        scaled += (losses - losses.min()) / spread if spread > 0 else 0.0
    return int(places[int(np.argmin(scaled))])


def _choice(options: Options, goal: Goal, place: int, decided: DecidedBy) -> Choice:
    return Choice(
        round(float(options.shares[place]), 4),
        round(float(options.tokens[place])),
        float(options.domain_loss[place]),
        float(options.general_loss[place]),
        decided,
        place in (0, len(options.shares) - 1),
        goal.num_parameters,
    )


def _within_budget(domain: LossModel, general: LossModel, goal: Goal) -> Choice | None:
    sizes = sizes_to_try(goal)
    found = [
        choose_share(
            domain,
            general,
            replace(goal, name="general_within", num_parameters=size, num_tokens=tokens_within(goal, size)),
        )
        for size in sizes
    ]
    best = min((one for one in found if one is not None), key=lambda one: one.domain_loss, default=None)
    if best is None:
        return None
    return replace(best, size_at_edge=len(sizes) > 1 and best.num_parameters in (sizes[0], sizes[-1]))


def trade_off(domain: LossModel, general: LossModel, goal: Goal, num_rows: int = 21) -> list[dict[str, float]]:
    """Return the predicted losses along the tried shares at the goal's N and D: what each would cost and bring."""
    import numpy as np

    shares = np.linspace(goal.low, goal.high, num_rows)
    tokens, seen = effective(goal, np.full_like(shares, float(goal.num_tokens)), shares)
    domain_loss = domain.loss(goal.num_parameters, tokens, seen)
    general_loss = general.loss(goal.num_parameters, tokens, 1.0 - seen)
    columns = ("domain_share", "domain_loss", "general_loss")
    rows = zip(shares.round(4).tolist(), domain_loss.tolist(), general_loss.tolist(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def interval(values: list[float], confidence: float) -> tuple[float, float]:
    """Return the central percentile interval of bootstrapped shares."""
    import numpy as np

    tail = 50 * (1 - confidence)
    low, high = np.percentile(values, [tail, 100 - tail]).tolist()
    return round(low, 4), round(high, 4)
