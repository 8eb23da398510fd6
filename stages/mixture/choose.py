"""Choosing the domain share from two fitted laws: the paper's uses 1 (trade-off) and 2 (limited domain data).

Shares outside the range that was tried are never chosen: the law says nothing certain there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pipeline.errors import StrataError
from stages.mixture.law import Law

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from stages.mixture.law import Array

GoalName = Literal["general_within", "limited_domain"]
SHARE_STEP = 0.001
MAX_EPOCHS = 4.0
"""Up to 4 epochs repeated text is nearly as good as new text (Muennighoff et al. 2023, arXiv 2305.16264)."""


@dataclass(frozen=True)
class Goal:
    """What is wanted of the mixture, for one model and one amount of training."""

    name: GoalName
    num_parameters: int
    """N of the model to train."""
    num_tokens: int
    """D: tokens of the training that the share is for. With ``limited_domain`` only the largest D allowed."""
    low: float
    high: float
    """The range of domain shares that proxies have tried."""
    tolerance: float = 0.03
    """``general_within``: largest relative rise of the general loss; 3 % in the paper's example."""
    base_general_loss: float | None = None
    """General loss of the model before training, in the unit of the points."""
    domain_tokens: int | None = None
    """Distinct domain tokens at hand; None: no repetition cap, and no ``limited_domain``."""
    max_epochs: float = MAX_EPOCHS
    """Largest number of passes over the domain text."""


@dataclass(frozen=True)
class Choice:
    """A domain share, and what the laws predict there."""

    domain_share: float
    num_tokens: int
    domain_loss: float
    general_loss: float
    decided_by: Literal[
        "lowest domain loss", "general loss limit", "repetition cap", "token limit", "edge of the tried range"
    ]
    """What keeps the share from going on: the optimum itself, or a limit."""
    at_edge: bool
    """Whether the share is the smallest or the largest one tried: the true optimum may lie beyond."""


def general_limit(goal: Goal) -> float | None:
    """Return the largest general loss allowed, (1 + T) times the base's; None where the goal has no such limit."""
    if goal.name != "general_within":
        return None
    if goal.base_general_loss is None:
        raise StrataError(
            f"goal general_within: the general loss of the base model with {goal.num_parameters} parameters is not "
            "among the points. Add a row with num_tokens = 0 for it, or use the goal limited_domain"
        )
    return (1.0 + goal.tolerance) * goal.base_general_loss


class LossModel(Protocol):
    """Whatever predicts a loss from N, D and the share of that loss's own text."""

    def loss(self, num_parameters: ArrayLike, num_tokens: ArrayLike, share: ArrayLike) -> Array: ...


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


def choose_share(domain: LossModel, general: LossModel, goal: Goal) -> Choice | None:
    """Return the share with the lowest predicted domain loss among those the goal allows, or None where it allows none.

    ``general_within``: L_g(N, D, 1 - r) <= (1 + T) L_g0 at the given D, and r D <= max_epochs * domain tokens.
    ``limited_domain``: the domain text is read ``max_epochs`` times whatever r is, so D is
    max_epochs * domain tokens / r, which may not exceed ``num_tokens``.
    """
    import numpy as np

    limit = general_limit(goal)
    num_steps = max(1, round((goal.high - goal.low) / SHARE_STEP))
    shares = np.linspace(goal.low, goal.high, num_steps + 1)
    tokens = np.full_like(shares, float(goal.num_tokens))
    if goal.name == "limited_domain":
        tokens = _domain_budget(goal) / np.maximum(shares, 1e-9)
        within_data = tokens <= goal.num_tokens
    elif goal.domain_tokens is not None:
        within_data = shares * tokens <= _domain_budget(goal) * (1 + 1e-9)
    else:
        within_data = np.ones(len(shares), dtype=bool)
    domain_loss = domain.loss(goal.num_parameters, tokens, shares)
    general_loss = general.loss(goal.num_parameters, tokens, 1.0 - shares)
    within_limit = np.ones(len(shares), dtype=bool) if limit is None else general_loss <= limit
    allowed = within_data & within_limit
    if not allowed.any():
        return None
    best = int(np.argmin(np.where(allowed, domain_loss, np.inf)))
    at_edge = best in (0, len(shares) - 1)
    beyond = [
        step for step in (best - 1, best + 1) if 0 <= step < len(shares) and domain_loss[step] < domain_loss[best]
    ]
    decided: Any = "edge of the tried range" if at_edge else "lowest domain loss"
    if any(not within_data[step] for step in beyond):
        decided = "token limit" if goal.name == "limited_domain" else "repetition cap"
    elif any(not within_limit[step] for step in beyond):
        decided = "general loss limit"
    return Choice(
        round(float(shares[best]), 4),
        round(float(tokens[best])),
        float(domain_loss[best]),
        float(general_loss[best]),
        decided,
        at_edge,
    )


def _domain_budget(goal: Goal) -> float:
    if goal.domain_tokens is None:
        raise StrataError(
            "goal limited_domain: needs the number of distinct domain tokens, got none. "
            "Give domain_tokens (--domain-tokens)"
        )
    return goal.max_epochs * goal.domain_tokens


def trade_off(domain: Law, general: Law, goal: Goal, num_rows: int = 21) -> list[dict[str, float]]:
    """Return the predicted losses along the tried shares at the goal's D: what each share would cost and bring."""
    import numpy as np

    rows = []
    for share in np.linspace(goal.low, goal.high, num_rows).tolist():
        rows.append(
            {
                "domain_share": round(share, 4),
                "domain_loss": float(domain.loss(goal.num_parameters, goal.num_tokens, share)),
                "general_loss": float(general.loss(goal.num_parameters, goal.num_tokens, 1.0 - share)),
            }
        )
    return rows


def interval(shares: list[float], confidence: float = 0.95) -> tuple[float, float]:
    """Return the central percentile interval of bootstrapped shares."""
    import numpy as np

    tail = 50 * (1 - confidence)
    low, high = np.percentile(shares, [tail, 100 - tail]).tolist()
    return round(low, 4), round(high, 4)
