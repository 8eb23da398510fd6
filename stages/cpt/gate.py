"""A gate before the optimizer's step: an update may still be refused once DeepSpeed knows the gradient's norm.

Under ZeRO the norm is known only inside DeepSpeed's own step, just before it calls the optimizer's, once per group. The
gate stands there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

SAMPLE = 1 << 14
"""Elements per tensor of which the gradient spike score is told."""
SPIKE = 50.0
"""The score above which SPAM's paper calls an element a spike."""


class Gate:
    """Wraps the optimizer's ``step`` of an engine."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.judge: Callable[[float], str] = lambda norm: ""
        self.reason = ""
        """Why the update under way is not applied; empty where it is."""
        self.spikes = [0, 0]
        """Elements with a spike, and elements looked at, of the update under way."""
        self.optimizer = engine.basic_optimizer
        self.apply = self.optimizer.step
        self.optimizer.step = self._step

    def begin(self, reason: str, judge: Callable[[float], str] | None) -> None:
        """Prepare an update: closed where there is a reason; ``judge`` tells one from a norm that is not known yet."""
        self.reason, self.spikes = reason, [0, 0]
        self.judge = judge or (lambda norm: "")

    def _step(self, closure: Any = None) -> Any:
        norm = getattr(self.engine.optimizer, "_global_grad_norm", None)
        if not self.reason and norm is not None:
            self.reason = self.judge(float(norm))
        self.spikes = [a + b for a, b in zip(self.spikes, count_spikes(self.optimizer), strict=True)]
        return None if self.reason else self.apply(closure)


@torch.no_grad()
def count_spikes(optimizer: torch.optim.Optimizer) -> tuple[int, int]:
    """Return how many of evenly spaced elements have a gradient spike score above 50, and how many were looked at.

    The score is |g| over what it usually is. SPAM's paper divides by the mean of |g| since the first step (arXiv
    2501.06842, section 2); here it is the root of the second moment that Adam keeps anyway, so that nothing more need
    be stored. Elements without one (a token not seen yet) have no score. Under ZeRO these are this rank's own elements.
    """
    counts, looked = [], 0
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            second = optimizer.state.get(parameter, {}).get("exp_avg_sq")
            if parameter.grad is None or second is None:
                continue
            stride = max(1, parameter.numel() // SAMPLE)
            usual = second.view(-1)[::stride]
            squares = parameter.grad.reshape(-1)[::stride].square()
            counts.append(((squares > SPIKE**2 * usual) & (usual > 0)).sum())
            looked += len(usual)
    return (int(torch.stack(counts).sum()), looked) if counts else (0, 0)
