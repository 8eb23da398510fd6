"""SPAM: Spike-Aware Adam with Momentum Reset (Huang et al., ICLR 2025, arXiv 2501.06842), element-wise.

Per element, with V the second moment before the update and k = step mod delta_T the place in the reset cycle:

1. k = 0: m and v start again from 0 (momentum reset);
2. spike cut: where g^2 > theta * V-hat, g becomes sign(g) * sqrt(theta * V-hat);
3. Adam's update with decoupled weight decay, times the cosine warm-up (1 - cos(pi * (k + 1) / N)) / 2 while k < N
   (only after a reset: the first cycle has the learning rate's own warm-up).

Every operation is element-wise, so the result is exact on the flat fp32 partitions that DeepSpeed ZeRO hands to an
optimizer. ZeRO also calls ``step()`` once per parameter group, so the only counter is the ``step`` in each state
tensor's own state; keys ``exp_avg``, ``exp_avg_sq`` and ``step`` are those that DeepSpeed's universal checkpoints keep.

Differs from the authors' code (commit e8185fb): V is bias-corrected in the spike test; an element whose V is 0 (the
embedding row of a token not seen since the reset) is not cut, since their code cuts it to 0 until the next reset; the
bias correction restarts with the moments (``restart_bias_correction=False`` gives theirs); ``grad`` is left as it is.
Left out: sparse momentum (density < 1), whose per-matrix masks do not exist on flat partitions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch

from pipeline.errors import RecipeError


class Spam(torch.optim.Optimizer):
    """AdamW with spike cut and momentum reset. With ``threshold`` and ``interval`` infinite it is torch's AdamW."""

    def __init__(
        self,
        params: Iterable[torch.Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        threshold: float = 5000.0,
        interval: float = 500,
        warmup: int = 150,
        grace: int = 20,
        restart_bias_correction: bool = True,
        density: float = 1.0,
    ) -> None:
        """Take ``params`` as torch optimizers do; ``interval`` (delta_T), ``warmup`` (N), ``grace`` are in steps."""
        if density != 1.0:
            raise RecipeError(
                f"spam: density must be 1.0, got {density}. Sparse momentum needs the weights' shapes, which ZeRO's "
                "flat partitions do not have; leave density out"
            )
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "threshold": threshold,
            "interval": interval,
            "warmup": warmup,
            "grace": grace,
            "restart_bias_correction": restart_bias_correction,
        }
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Update every parameter that has a gradient."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group)
        return loss

    def _update(self, parameter: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if not state:
            state["step"] = 0
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
        done = int(state["step"])
        exp_avg, exp_avg_sq = state["exp_avg"], state["exp_avg_sq"]
        beta1, beta2 = group["betas"]
        interval = group["interval"]
        cycle_step = done if math.isinf(interval) else done % int(interval)
        if done and cycle_step == 0:
            exp_avg.zero_()
            exp_avg_sq.zero_()
        corrected = cycle_step if group["restart_bias_correction"] else done

        if math.isfinite(group["threshold"]) and cycle_step >= max(1, group["grace"]):
            gradient = cut_spikes(gradient, exp_avg_sq, group["threshold"] / (1 - beta2**corrected))
        exp_avg.lerp_(gradient, 1 - beta1)
        exp_avg_sq.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)

        scale = warmup_factor(cycle_step, group["warmup"]) if done != cycle_step else 1.0
        correction1, correction2 = 1 - beta1 ** (corrected + 1), 1 - beta2 ** (corrected + 1)
        parameter.mul_(1 - group["lr"] * scale * group["weight_decay"])
        denominator = exp_avg_sq.sqrt().div_(math.sqrt(correction2)).add_(group["eps"])
        parameter.addcdiv_(exp_avg, denominator, value=-group["lr"] * scale / correction1)
        state["step"] = done + 1


def cut_spikes(gradient: torch.Tensor, second_moment: torch.Tensor, scaled_threshold: float) -> torch.Tensor:
    """Return the gradient, cut to +-sqrt(scaled_threshold * second_moment) where that is above 0."""
    limit = second_moment.mul(scaled_threshold).sqrt_()
    limit.masked_fill_(second_moment == 0, math.inf)
    return torch.clamp(gradient, -limit, limit)


def warmup_factor(cycle_step: int, num_steps: int) -> float:
    """Return the factor of the update ``cycle_step`` steps after a reset: a half cosine from above 0 to 1."""
    if cycle_step >= num_steps:
        return 1.0
    return (1 - math.cos(math.pi * (cycle_step + 1) / num_steps)) / 2
