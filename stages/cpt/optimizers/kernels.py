"""One update of Adam with cut spikes and sparse moments, element by element, in one pass over memory.

A large model's update is compiled (``torch.compile``: C++ on a CPU, Triton on a GPU); a small one's runs as plain torch
operations on blocks that stay in the cache, since compiling takes some ten seconds. Both compute the same formulas.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

COMPILE_FROM = 8_000_000
"""Elements of one process from which compiling pays: some 10 s against 3 ns saved per element and step."""
BLOCK = 1 << 16
"""Elements of a block of the plain version: six arrays of fp32 in 1.5 MB."""


@dataclass(frozen=True)
class Coefficients:
    """What one update is made of, the same for every element."""

    betas: tuple[float, float]
    """Decay of the first and of the second moment."""
    corrected_steps: int
    """Updates that the moments have seen, this one included: the power of the bias correction."""
    rate: float
    """Learning rate, warm-up included."""
    weight_decay: float
    epsilon: float
    threshold: float = math.inf
    """Largest square of a gradient element over its bias-corrected second moment; infinite cuts nothing."""

    def tensor(self, like: torch.Tensor) -> torch.Tensor:
        """Return the numbers that ``_update`` takes: small ones, so that fp32 does not round them as it would 1 - x."""
        beta1, beta2 = self.betas
        before = 1 - beta2 ** (self.corrected_steps - 1)
        scaled = self.threshold / before if before > 0 else math.inf
        # an element cut to g^2 = scaled * V has the new moment V * (beta2 + (1 - beta2) * scaled): one root serves both
        back = math.sqrt(1 / (beta2 / scaled + 1 - beta2))
        correction1, correction2 = (1 - beta**self.corrected_steps for beta in self.betas)
        values = (
            1 - beta1, 1 - beta2, scaled, back, self.rate * self.weight_decay,
            self.rate / correction1, 1 / math.sqrt(correction2), self.epsilon,
        )  # fmt: skip
        return torch.tensor(values, dtype=like.dtype, device=like.device)


def _update(
    weight: torch.Tensor,
    gradient: torch.Tensor,
    exp_avg: torch.Tensor,
    exp_avg_sq: torch.Tensor,
    coefficients: torch.Tensor,
    mask: torch.Tensor | None,
    held: torch.Tensor | None,
) -> None:
    """Change weight and moments in place, all of them flat.

    ``mask`` is 1 for the elements that take part and 0 for the others, in the weights' dtype: compiled loops over bool
    are six times as slow. ``held`` is (limit, shrink, scale): elements above the limit are shrunk, then all are scaled.
    """
    new1, new2, scaled, back, decay, rate, root, epsilon = coefficients.unbind()
    if held is not None:
        gradient = _clipped(gradient, held) * held[2]
    if mask is not None:
        gradient = gradient * mask
    square = gradient * gradient
    limit = scaled * exp_avg_sq
    is_spike = (square > limit) & (exp_avg_sq > 0)
    second = exp_avg_sq + new2 * (torch.where(is_spike, limit, square) - exp_avg_sq)
    deviation = second.sqrt()
    first = exp_avg + new1 * (torch.where(is_spike, torch.copysign(back * deviation, gradient), gradient) - exp_avg)
    change = decay * weight + rate * first / (root * deviation + epsilon)
    weight.copy_(weight - (change if mask is None else change * mask))
    exp_avg.copy_(first)
    exp_avg_sq.copy_(second)


def _clipped(gradient: torch.Tensor, held: torch.Tensor) -> torch.Tensor:
    return torch.where(gradient.abs() > held[0], gradient * held[1], gradient)


def _largest(gradient: torch.Tensor) -> torch.Tensor:
    return gradient.abs().max()


def _square_of_clipped(gradient: torch.Tensor, held: torch.Tensor) -> torch.Tensor:
    return _clipped(gradient, held).double().square().sum()


class Updater:
    """Runs updates, compiled where the model is large and a compiler is there."""

    def __init__(self, compile_from: int = COMPILE_FROM) -> None:
        self.compile_from = compile_from

    @torch.no_grad()
    def run(
        self,
        weight: torch.Tensor,
        gradient: torch.Tensor,
        exp_avg: torch.Tensor,
        exp_avg_sq: torch.Tensor,
        coefficients: Coefficients,
        num_elements: int,
        mask: torch.Tensor | None = None,
        held: torch.Tensor | None = None,
    ) -> None:
        """Update one contiguous tensor, of ``num_elements`` that this step updates in all; see ``_update``."""
        flat = [weight.detach().view(-1), gradient.detach().reshape(-1), exp_avg.view(-1), exp_avg_sq.view(-1)]
        numbers = coefficients.tensor(weight)
        if num_elements >= self.compile_from:
            _compiled(_update, *flat, numbers, mask, held)
            return
        for part in _blocks(weight):
            weights, gradients, first, second = (one[part] for one in flat)
            _update(weights, gradients, first, second, numbers, None if mask is None else mask[part], held)

    @torch.no_grad()
    def largest(self, gradient: torch.Tensor, num_elements: int) -> torch.Tensor:
        """Return the largest absolute value, a 0-d tensor of fp64."""
        if num_elements >= self.compile_from:
            largest: torch.Tensor = _compiled(_largest, gradient.detach().reshape(-1))
            return largest.double()
        return _largest(gradient).double()

    @torch.no_grad()
    def norm(self, gradient: torch.Tensor, held: torch.Tensor, num_elements: int) -> torch.Tensor:
        """Return the norm of the gradient after clipping, a 0-d tensor of fp64."""
        flat = gradient.detach().reshape(-1)
        if num_elements >= self.compile_from:
            square: torch.Tensor = _compiled(_square_of_clipped, flat, held)
            return square.sqrt()
        squares = [_square_of_clipped(flat[part], held) for part in _blocks(flat)]
        return torch.stack(squares).sum().sqrt()


def _blocks(tensor: torch.Tensor) -> list[slice]:
    size = BLOCK if tensor.device.type == "cpu" else max(1, tensor.numel())
    return [slice(start, start + size) for start in range(0, tensor.numel(), size)]


def _compiled(function: Callable[..., Any], *inputs: Any) -> Any:
    """Call the compiled function; where it cannot be compiled say so, once, and call it as it is."""
    try:
        return _compile(function)(*inputs)
    except torch._dynamo.exc.BackendCompilerFailed as error:
        # compiling comes before the pass, so nothing is written yet
        if function not in _uncompilable:
            _uncompilable.add(function)
            warnings.warn(
                f"optimizer: its update cannot be compiled ({str(error).strip().splitlines()[0]}), and every update "
                "takes several times as long. Install a C++ compiler (g++) on every machine",
                RuntimeWarning,
                stacklevel=2,
            )
        return function(*inputs)


@cache
def _compile(function: Callable[..., Any]) -> Callable[..., Any]:
    return torch.compile(function, dynamic=True, fullgraph=True)


_uncompilable: set[Callable[..., Any]] = set()
