"""SPAM: Spike-Aware Adam with Momentum Reset (Huang et al., ICLR 2025, arXiv 2501.06842), element-wise.

Per element, with V the second moment before the update and k = step mod delta_T the place in the reset cycle:

1. k = 0: m and v start again from 0 (momentum reset); with a density below 1 another random part of the weights takes
   part until the next reset, the others stay as they are (sparse momentum);
2. spike cut: where g^2 > theta * V-hat, g becomes sign(g) * sqrt(theta * V-hat);
3. Adam's update with decoupled weight decay, times the cosine warm-up (1 - cos(pi * (k + 1) / N)) / 2 while k < N
   (only after a reset: the first cycle has the learning rate's own warm-up).

Every operation is element-wise, so the result is exact on the flat fp32 partitions that DeepSpeed ZeRO hands to an
optimizer. ZeRO also calls ``step()`` once per parameter group, so the only counter is the ``step`` in each state
tensor's own state; keys ``exp_avg``, ``exp_avg_sq`` and ``step`` are those that DeepSpeed's universal checkpoints keep.

Differs from the authors' code (commit e8185fb): V is bias-corrected in the spike test; an element whose V is 0 (the
embedding row of a token not seen since the reset) is not cut, since their code cuts it to 0 until the next reset; the
bias correction restarts with the moments (``restart_bias_correction=False`` gives theirs); ``grad`` is left as it is;
masks are drawn at the reset, not a step before, the same on every rank, and weight decay obeys them.
A density below 1 saves no memory: the moments keep their shape, so that a checkpoint fits any number of ranks, and the
mask takes as much as one of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import torch

from stages.cpt.optimizers.kernels import COMPILE_FROM, Coefficients
from stages.cpt.optimizers.resetting import ResettingAdam
from stages.cpt.optimizers.sparse import Segment, draw_mask


class Spam(ResettingAdam):
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
        seed: int = 0,
        compile_from: int = COMPILE_FROM,
    ) -> None:
        """Take ``params`` as torch optimizers do; ``interval`` (delta_T), ``warmup`` (N), ``grace`` are in steps.

        ``density`` is the share (0..1] of weights that take part in a cycle, drawn from ``seed``.
        """
        if not 0 < density <= 1:
            raise ValueError(f"spam: density must be above 0 and at most 1, got {density}")
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
            "density": density,
            "seed": seed,
        }
        super().__init__(params, defaults, compile_from)
        self.masks: dict[torch.Tensor, tuple[int, torch.Tensor]] = {}
        parameters = [parameter for group in self.param_groups for parameter in group["params"]]
        ends = accumulate(parameter.numel() for parameter in parameters)
        self.segments: Mapping[torch.Tensor, Sequence[Segment]] = {
            p: [Segment(0, p.numel(), end - p.numel())] for p, end in zip(parameters, ends, strict=True)
        }
        """Where the weights of a tensor lie in the model; whole tensors lie one after another, in the order given."""

    def _update(self, parameter: torch.Tensor, group: dict[str, Any], num_elements: int) -> None:
        state, cycle, place = self._begin(parameter, group)
        cuts = place >= max(1, group["grace"])
        coefficients = Coefficients(
            group["betas"],
            corrected_steps=(place if group["restart_bias_correction"] else state["step"]) + 1,
            rate=group["lr"] * (warmup_factor(place, group["warmup"]) if cycle else 1.0),
            weight_decay=group["weight_decay"],
            epsilon=group["eps"],
            threshold=group["threshold"] if cuts else math.inf,
        )
        mask = self._mask(parameter, group, cycle) if group["density"] < 1 else None
        assert parameter.grad is not None
        self.updater.run(
            parameter, parameter.grad, state["exp_avg"], state["exp_avg_sq"], coefficients, num_elements, mask
        )
        state["step"] += 1

    def _mask(self, parameter: torch.Tensor, group: dict[str, Any], cycle: int) -> torch.Tensor:
        known = self.masks.get(parameter)
        if known is None or known[0] != cycle:
            segments = self.segments[parameter]
            mask = draw_mask(parameter.numel(), segments, group["density"], group["seed"], cycle)
            known = self.masks[parameter] = cycle, mask.to(parameter.device, parameter.dtype)
        return known[1]


def warmup_factor(place: int, num_steps: int) -> float:
    """Return the factor of the update ``place`` steps after a reset: a half cosine from above 0 to 1."""
    if place >= num_steps:
        return 1.0
    return (1 - math.cos(math.pi * (place + 1) / num_steps)) / 2
