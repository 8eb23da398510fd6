"""A gate before the optimizer's step: an update may still be refused once DeepSpeed knows the gradient's norm.

Under ZeRO the norm is known only inside DeepSpeed's own step, just before it calls the optimizer's, once per group. The
gate stands there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

SAMPLE = 1 << 16
"""Elements per tensor that the gradient spike score looks at."""


class Gate:
    """Wraps the optimizer's ``step`` of an engine."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.judge: Callable[[float], str] = lambda norm: ""
        self.reason = ""
        """Why the update under way is not applied; empty where it is."""
        self.spike_score = 0.0
        self.optimizer = engine.basic_optimizer
        self.apply = self.optimizer.step
        self.optimizer.step = self._step

    def begin(self, reason: str, judge: Callable[[float], str] | None) -> None:
        """Prepare an update: closed where there is a reason; ``judge`` tells one from a norm that is not known yet."""
        self.reason, self.spike_score = reason, 0.0
        self.judge = judge or (lambda norm: "")

    def _step(self, closure: Any = None) -> Any:
        norm = getattr(self.engine.optimizer, "_global_grad_norm", None)
        if not self.reason and norm is not None:
            self.reason = self.judge(float(norm))
        self.spike_score = max(self.spike_score, spike_score(self.optimizer))
        return None if self.reason else self.apply(closure)


@torch.no_grad()
def spike_score(optimizer: torch.optim.Optimizer) -> float:
    """Return the largest gradient spike score of evenly spaced elements: |g| over what it usually is.

    SPAM's paper divides by the mean of |g| since the first step (arXiv 2501.06842, section 2); here it is the root of
    the second moment that Adam keeps anyway, so that nothing more need be stored. 0 while there is no moment.
    """
    found = []
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            second = optimizer.state.get(parameter, {}).get("exp_avg_sq")
            if parameter.grad is None or second is None:
                continue
            stride = max(1, parameter.numel() // SAMPLE)
            usual = second.view(-1)[::stride]
            score = parameter.grad.reshape(-1)[::stride].abs() / usual.sqrt()
            found.append(torch.where(usual > 0, score, 0.0).max())
    return float(torch.stack(found).max()) if found else 0.0
