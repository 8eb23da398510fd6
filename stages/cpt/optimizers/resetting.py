"""What SPAM and Stable-SPAM share: Adam whose moments start again every so many steps, with counters per tensor."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch

from stages.cpt.optimizers.kernels import Updater


class ResettingAdam(torch.optim.Optimizer):
    """Calls ``_update`` for every parameter that has a gradient; groups hold ``interval`` (delta_T) in steps."""

    def __init__(
        self,
        params: Iterable[torch.Tensor] | Iterable[dict[str, Any]],
        defaults: dict[str, Any],
        compile_from: int,
    ) -> None:
        super().__init__(params, defaults)
        self.updater = Updater(compile_from)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Update every parameter that has a gradient."""
        loss = None if closure is None else closure()
        pairs = [(p, group) for group in self.param_groups for p in group["params"] if p.grad is not None]
        num_elements = sum(parameter.numel() for parameter, _ in pairs)
        for parameter, group in pairs:
            self._update(parameter, group, num_elements)
        return loss

    def _update(self, parameter: torch.Tensor, group: dict[str, Any], num_elements: int) -> None:
        raise NotImplementedError

    def _begin(self, parameter: torch.Tensor, group: dict[str, Any]) -> tuple[dict[str, Any], int, int]:
        """Return the state, made where there is none and reset where a cycle begins; the cycle, and the place in it."""
        state: dict[str, Any] = self.state[parameter]
        if not state:
            state["step"] = 0
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
        done = int(state["step"])
        cycle, place = (0, done) if math.isinf(group["interval"]) else divmod(done, int(group["interval"]))
        if done and place == 0:
            state["exp_avg"].zero_()
            state["exp_avg_sq"].zero_()
        return state, cycle, place
