"""What is wanted of the mixture: the goals, their limits, and what repeated text is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pipeline.errors import StrataError

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

GoalName = Literal["general_within", "limited_domain", "flop_budget", "pareto"]
GOALS: tuple[GoalName, ...] = ("general_within", "limited_domain", "flop_budget", "pareto")
MAX_EPOCHS = 4.0
"""Up to 4 epochs repeated text is nearly as good as new text (Muennighoff et al. 2023, arXiv 2305.16264)."""
HALF_LIFE_EPOCHS = 15.4
"""R* of the same paper, for data: after so many repetitions text is worth 1/e of new text."""
FLOPS_PER_PARAMETER_TOKEN = 6
"""Forward and backward pass of a dense model (Kaplan et al. 2020)."""


@dataclass(frozen=True)
class Goal:
    """What is wanted of the mixture, for one model and one amount of training."""

    name: GoalName
    num_parameters: int
    """N of the model to train."""
    num_tokens: int
    """D: tokens of the training that the share is for. With ``limited_domain`` only the largest D allowed; with
    ``flop_budget`` it follows from N."""
    low: float
    high: float
    """The range of domain shares that proxies have tried."""
    tolerance: float = 0.03
    """``general_within``, ``flop_budget``: largest relative rise of the general loss; 3 % in the paper's example."""
    base_losses: tuple[tuple[int, float], ...] = ()
    """(N, general loss before training) of the bases, in the unit of the points, N rising."""
    domain_tokens: int | None = None
    """Distinct domain tokens at hand; None: no repetition cap, and no ``limited_domain``."""
    max_epochs: float = MAX_EPOCHS
    """Largest number of passes over the domain text."""
    flops: float | None = None
    """``flop_budget``: floating-point operations to spend, 6 N D."""
    sizes: tuple[int, ...] = ()
    """``flop_budget``: the values of N to choose from; without any, those of the bases: only they can be trained on."""
    proxies_repeat: bool = True
    """Whether the proxies repeated their text as often as the target will. Else repeated tokens count less here."""


def general_limit(goal: Goal) -> float | None:
    """Return the largest general loss allowed, (1 + T) times the base's; None where the goal has no such limit.

    The base's loss at a size between two bases is interpolated over log N.
    """
    import numpy as np

    if goal.name not in ("general_within", "flop_budget"):
        return None
    known = dict(goal.base_losses)
    if goal.num_parameters in known:
        return (1.0 + goal.tolerance) * known[goal.num_parameters]
    inside = len(known) > 1 and min(known) <= goal.num_parameters <= max(known)
    if not inside:
        raise StrataError(
            f"goal {goal.name}: the general loss of the base model with {goal.num_parameters} parameters is not "
            "among the points. Add a row with num_tokens = 0 for it, or use the goal limited_domain"
        )
    sizes = np.log(np.array(sorted(known), dtype=np.float64))
    losses = [known[size] for size in sorted(known)]
    return (1.0 + goal.tolerance) * float(np.interp(np.log(goal.num_parameters), sizes, losses))


def sizes_to_try(goal: Goal) -> list[int]:
    """Return the values of N that ``flop_budget`` compares, rising."""
    if not goal.flops or goal.flops <= 0:
        raise StrataError(
            "goal flop_budget: needs the floating-point operations to spend (6 N D), got none. Give flops (--flops)"
        )
    return sorted(goal.sizes or dict(goal.base_losses) or [goal.num_parameters])


def tokens_within(goal: Goal, num_parameters: int) -> int:
    """Return D that the budget of ``flop_budget`` allows a model of N parameters."""
    assert goal.flops is not None
    return round(goal.flops / (FLOPS_PER_PARAMETER_TOKEN * num_parameters))


def domain_budget(goal: Goal) -> float:
    """Return how many domain tokens may be read, repetitions counted."""
    if goal.domain_tokens is None:
        raise StrataError(
            f"goal {goal.name}: needs the number of distinct domain tokens, got none. "
            "Give domain_tokens (--domain-tokens)"
        )
    return goal.max_epochs * goal.domain_tokens


def effective(goal: Goal, tokens: Array, shares: Array) -> tuple[Array, Array]:
    """Return D and r as the law should see them: repeated domain tokens count for less than new ones.

    U distinct tokens read R further times are worth U + U R* (1 - exp(-R / R*)) (Muennighoff et al. 2023, equation 5).
    Where the proxies repeated their text as the target will, or no distinct number is known, nothing changes.
    """
    import numpy as np

    if goal.proxies_repeat or goal.domain_tokens is None:
        return tokens, shares
    read, distinct = shares * tokens, float(goal.domain_tokens)
    repeats = np.maximum(read / distinct - 1.0, 0.0)
    worth = np.minimum(read, distinct) + distinct * HALF_LIFE_EPOCHS * (1.0 - np.exp(-repeats / HALF_LIFE_EPOCHS))
    total = worth + (1.0 - shares) * tokens
    return total, worth / total
