"""What a law could as well be: refits to losses drawn anew around it, with the noise that its own residuals show.

A parametric bootstrap over runs. The residuals' variance, freed from the fitted parameters, is parted into what the
points of a run share and what each has alone; every draw adds both to the predicted losses and fits again from the full
fit. Drawing runs with replacement instead covers too little where runs are few: a law of nine parameters goes through
almost all their points, whichever are drawn (docs/experiments.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stages.mixture.fit import Fit, Observations, Problem, refit_to

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

MIN_NOISE = 1e-3
"""Smallest noise of log losses that is believed, however well few points are fitted: seeds differ by about as much."""


@dataclass(frozen=True)
class Noise:
    """Standard deviations of the logarithm of the loss."""

    of_run: float
    """What all points of a run share."""
    of_point: float

    @property
    def total(self) -> float:
        return float((self.of_run**2 + self.of_point**2) ** 0.5)


def noise_of(observed: Observations, problem: Problem, fit: Fit) -> Noise:
    """Return the noise that the fit's residuals show."""
    import numpy as np

    predicted = fit.law.loss(observed.num_parameters, observed.num_tokens, observed.share)
    residual = np.log(observed.loss) - np.log(predicted)
    total = max(MIN_NOISE**2, float(residual @ residual) / max(1, len(observed) - problem.num_free))
    products, pairs = 0.0, 0
    for run in dict.fromkeys(observed.run):
        own = residual[[place for place, name in enumerate(observed.run) if name == run]]
        products += float(own.sum() ** 2 - own @ own)
        pairs += len(own) * (len(own) - 1)
    mean_square = float(residual @ residual) / len(observed)
    shared = max(0.0, min(1.0, products / pairs / mean_square)) if pairs and mean_square > 0 else 0.0
    return Noise((shared * total) ** 0.5, ((1 - shared) * total) ** 0.5)


def bootstrap_laws(
    observed: Observations, problem: Problem, fit: Fit, noise: Noise, num_draws: int, seed: int
) -> list[Any]:
    """Return the laws of ``num_draws`` draws; the same seed gives the same ones."""
    import numpy as np

    random = np.random.default_rng(seed)
    order = {run: place for place, run in enumerate(dict.fromkeys(observed.run))}
    of_run = np.array([order[run] for run in observed.run])
    predicted = fit.law.loss(observed.num_parameters, observed.num_tokens, observed.share)
    if not num_draws:
        return []
    normal = random.standard_normal((num_draws, len(order) + len(observed)))  # a draw's row, however many there are
    added = noise.of_run * normal[:, of_run] + noise.of_point * normal[:, len(order) :]
    return refit_to(observed, problem, fit, predicted * np.exp(added))
