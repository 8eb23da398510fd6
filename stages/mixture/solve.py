"""Many small fits at once: Levenberg-Marquardt on a Huber loss within bounds, all starts and refits as one array.

Every problem of the batch has the same points and its own losses, its own points left out, and its own start.
Residuals are those of the logarithm of the loss. The Huber loss is solved by reweighting: a residual beyond ``delta``
counts as if it were ``delta`` away. A parameter at a bound that the step would cross stays there for that step.

Shapes: B problems, P points, K parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

MAX_ITERATIONS = 300
TOLERANCE = 1e-6
"""A problem is solved when its objective fell by less than this, relatively, in ``PATIENCE`` steps in a row."""
PATIENCE = 3
MAX_DAMPING = 1e10
NUMBERS_AT_ONCE = 4_000_000
"""B P K of what is solved together: 32 MB an array."""


@dataclass(frozen=True)
class Batch:
    """B problems over the same P points."""

    predict: Callable[[Array], tuple[Array, Array]]
    """theta (B, K) -> losses (B, P) and their gradients (B, P, K)."""
    log_loss_BP: Array
    counts_BP: Array
    """1, or 0 for a point that is left out."""
    low_K: Array
    high_K: Array
    delta: float


def solve(theta_BK: Array, batch: Batch) -> tuple[Array, Array]:
    """Return where each problem ends, (B, K), and its objective in units of ``delta`` squared, (B,)."""
    import numpy as np

    size = max(1, NUMBERS_AT_ONCE // (batch.log_loss_BP.shape[1] * theta_BK.shape[1]))
    ends = [_solve(theta_BK[at : at + size], _part(batch, at, at + size)) for at in range(0, len(theta_BK), size)]
    return np.concatenate([theta for theta, _ in ends]), np.concatenate([value for _, value in ends])


def _part(batch: Batch, first: int, end: int) -> Batch:
    losses, counts = batch.log_loss_BP[first:end], batch.counts_BP[first:end]
    return Batch(batch.predict, losses, counts, batch.low_K, batch.high_K, batch.delta)


def _solve(start_BK: Array, batch: Batch) -> tuple[Array, Array]:
    import numpy as np

    theta = np.clip(start_BK, batch.low_K, batch.high_K)
    losses, slopes = batch.predict(theta)
    residual = np.log(losses) - batch.log_loss_BP
    value = _objective(residual, batch.counts_BP, batch.delta)
    damping, calm = np.full(len(theta), 1e-3), np.zeros(len(theta), dtype=int)
    active = np.arange(len(theta))
    for _ in range(MAX_ITERATIONS):
        step = _step(theta[active], losses[active], slopes[active], residual[active], damping[active], batch, active)
        tried = np.clip(theta[active] + step, batch.low_K, batch.high_K)
        new_losses, new_slopes = batch.predict(tried)
        new_residual = np.log(new_losses) - batch.log_loss_BP[active]
        new_value = _objective(new_residual, batch.counts_BP[active], batch.delta)
        better = new_value < value[active]  # NaN is not better
        kept, before = active[better], value[active][better]
        is_calm = np.isfinite(before) & (new_value[better] >= (1 - TOLERANCE) * before)
        calm[kept] = np.where(is_calm, calm[kept] + 1, 0)
        theta[kept], losses[kept], slopes[kept] = tried[better], new_losses[better], new_slopes[better]
        residual[kept], value[kept] = new_residual[better], new_value[better]
        damping[kept] = np.maximum(damping[kept] / 5, 1e-12)
        damping[active[~better]] *= 4
        active = active[(calm[active] < PATIENCE) & (damping[active] < MAX_DAMPING)]
        if not len(active):
            break
    return theta, value


def huber(residual: Array, delta: float) -> Array:
    """Return the Huber loss of each residual, in units of ``delta`` squared."""
    import numpy as np

    scaled = np.abs(residual) / delta
    return np.where(scaled <= 1, 0.5 * scaled * scaled, scaled - 0.5)


def _objective(residual: Array, counts: Array, delta: float) -> Array:
    import numpy as np

    value: Array = (counts * huber(residual, delta)).sum(axis=-1)
    return np.where(np.isfinite(value), value, np.inf)


def _step(
    theta: Array, losses: Array, slopes: Array, residual: Array, damping: Array, batch: Batch, active: Any
) -> Array:
    import numpy as np

    weight = batch.counts_BP[active] / np.maximum(1.0, np.abs(residual) / batch.delta)
    jacobian = slopes / losses[..., None]
    weighted = jacobian * weight[..., None]
    downhill = -np.einsum("bpk,bp->bk", weighted, residual)
    hessian = np.einsum("bpk,bpl->bkl", weighted, jacobian)
    held = (theta <= batch.low_K) & (downhill < 0) | (theta >= batch.high_K) & (downhill > 0)
    held |= batch.low_K == batch.high_K
    downhill[held] = 0.0
    hessian[held] = 0.0
    hessian.swapaxes(1, 2)[held] = 0.0
    places = np.arange(theta.shape[1])
    diagonal = hessian[:, places, places]
    floor = 1e-12 * np.maximum(diagonal.max(axis=1, keepdims=True), 1e-300)
    hessian[:, places, places] = diagonal + damping[:, None] * np.maximum(diagonal, floor) + floor + held
    step: Array = np.linalg.solve(hessian, downhill[..., None])[..., 0]
    return np.clip(step, -2.0, 2.0)  # in logarithms: no parameter changes by more than a factor of 7 at once
