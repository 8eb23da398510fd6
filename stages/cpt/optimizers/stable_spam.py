"""Stable-SPAM (Huang et al. 2025, arXiv 2502.17055): SPAM for low precision, with limits per tensor that follow it.

Per tensor, t = updates so far, this one included, k = place in the reset cycle:

1. AdaClip: T = gamma3 T + (1 - gamma3) max|g|; elements above T-hat = T / (1 - gamma3^t) shrink to g / max|g| * T-hat;
2. AdaGN: M = gamma1 M + (1 - gamma1) ||g||, V = gamma2 V + (1 - gamma2) ||g||^2;
   g = g / ||g|| * M-hat / (sqrt(V-hat) + eps);
3. k = 0: Adam's moments start again from 0; then Adam's update with decoupled weight decay.

It needs whole tensors, so ZeRO's flat partitions are refused by whoever builds it.

Differs from the authors' code (``stablespam.py``): the counter of T-hat, M-hat and V-hat does not restart with the
moments, where theirs lifts the limit a thousandfold after each reset; the moments of the reset step start at 0; all
counters are in the state of each tensor, so that a resume in mid-cycle goes on exactly. Left out: the cosine on beta1.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from stages.cpt.optimizers.kernels import COMPILE_FROM, Coefficients
from stages.cpt.optimizers.resetting import ResettingAdam


class StableSpam(ResettingAdam):
    """Adam on gradients whose largest elements and norm are held to their own past."""

    def __init__(
        self,
        params: Iterable[torch.Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        gammas: tuple[float, float, float] = (0.7, 0.9, 0.999),
        interval: float = 1000,
        restart_bias_correction: bool = True,
        compile_from: int = COMPILE_FROM,
    ) -> None:
        """Take ``params`` as torch optimizers do; ``interval`` (delta_T) is in steps, the defaults are the paper's."""
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "gammas": gammas,
            "interval": interval,
            "restart_bias_correction": restart_bias_correction,
        }
        super().__init__(params, defaults, compile_from)

    def _update(self, parameter: torch.Tensor, group: dict[str, Any], num_elements: int) -> None:
        state, _, place = self._begin(parameter, group)
        for name in ("largest", "norm_avg", "norm_avg_sq"):
            if name not in state:
                state[name] = torch.zeros((), dtype=parameter.dtype, device=parameter.device)
        assert parameter.grad is not None
        held = self._hold(parameter.grad, state, group, num_elements)
        coefficients = Coefficients(
            group["betas"],
            corrected_steps=(place if group["restart_bias_correction"] else state["step"]) + 1,
            rate=group["lr"],
            weight_decay=group["weight_decay"],
            epsilon=group["eps"],
        )
        moments = state["exp_avg"], state["exp_avg_sq"]
        self.updater.run(parameter, parameter.grad, *moments, coefficients, num_elements, held=held)
        state["step"] += 1

    def _hold(
        self, gradient: torch.Tensor, state: dict[str, Any], group: dict[str, Any], num_elements: int
    ) -> torch.Tensor:
        """Return (limit, shrink, scale) of AdaClip and AdaGN; update their running figures, 0-d tensors."""
        gamma1, gamma2, gamma3 = group["gammas"]
        step = int(state["step"]) + 1
        largest = self.updater.largest(gradient, num_elements)
        state["largest"].mul_(gamma3).add_(largest.to(gradient.dtype), alpha=1 - gamma3)
        limit, one = state["largest"].double() / (1 - gamma3**step), torch.ones_like(largest)
        # a gradient of zeros stays one: its scale does not matter, but must not be 0/0
        held = torch.stack([limit, torch.where(largest > 0, limit / largest, one), one])
        norm = self.updater.norm(gradient, held.to(gradient.dtype), num_elements)
        state["norm_avg"].mul_(gamma1).add_(norm.to(gradient.dtype), alpha=1 - gamma1)
        state["norm_avg_sq"].mul_(gamma2).add_(norm.square().to(gradient.dtype), alpha=1 - gamma2)
        mean = state["norm_avg"].double() / (1 - gamma1**step)
        deviation = (state["norm_avg_sq"].double() / (1 - gamma2**step)).sqrt()
        held[2] = torch.where(norm > 0, mean / (deviation + group["eps"]) / norm, one)
        return held.to(gradient.dtype)
