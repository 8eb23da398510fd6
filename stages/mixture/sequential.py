"""Which proxies to train next: those whose losses would narrow the choice of the share most, for what they cost.

The draws of the ensemble (ensemble.py) are what the laws could be. Each draw says what a candidate training would
measure, and which share it would choose. Where the two go together over the draws, measuring tells about the share: the
variance that a linear regression of the chosen share on the candidate's log losses explains, given the noise, is what
training it is expected to remove. Candidates are taken one by one, each given those taken before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stages.mixture.ensemble import Ensemble, OneLoss

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

MIN_DECIDED = 10
"""Draws that must choose a share for their spread to say anything."""


@dataclass(frozen=True)
class Candidate:
    """A mixture that could be trained at one size: what it would measure, and what it would cost."""

    num_parameters: int
    domain_share: float
    token_counts: tuple[int, ...]
    flops: float


def next_candidates(ensemble: Ensemble, candidates: Sequence[Candidate], num: int) -> list[Candidate]:
    """Return up to ``num`` candidates in the order they are worth it; ties by size, then share.

    Where too few draws choose a share at all, the cheapest candidates.
    """
    import numpy as np

    order = sorted(candidates, key=lambda one: (one.num_parameters, one.domain_share))
    decided = [place for place, choice in enumerate(ensemble.drawn) if choice is not None]
    if len(decided) < MIN_DECIDED:
        return sorted(order, key=lambda one: one.flops)[:num]
    shares = np.array(ensemble.shares())
    shares = shares - shares.mean()
    taken: list[Candidate] = []
    columns, noise = np.empty((len(decided), 0)), np.empty(0)
    while order and len(taken) < num:
        known = _explained(shares, columns, noise)
        gains = []
        for candidate in order:
            more, its_noise = _measurements(ensemble, candidate, decided)
            gain = _explained(shares, np.hstack([columns, more]), np.concatenate([noise, its_noise])) - known
            gains.append(gain / candidate.flops)
        best = order.pop(int(np.argmax(gains)))
        taken.append(best)
        more, its_noise = _measurements(ensemble, best, decided)
        columns, noise = np.hstack([columns, more]), np.concatenate([noise, its_noise])
    return taken


def _measurements(ensemble: Ensemble, candidate: Candidate, decided: Sequence[int]) -> tuple[Array, Array]:
    """Return what each draw says the candidate would measure, centred, (draws, losses), and the noise of each."""
    import numpy as np

    columns, noise = [], []
    kinds: tuple[tuple[OneLoss, float], ...] = (
        (ensemble.domain, candidate.domain_share),
        (ensemble.general, 1 - candidate.domain_share),
    )
    for one, share in kinds:
        laws = [one.draws[place] for place in decided]
        for count in candidate.token_counts:
            losses = np.log(np.array([float(law.loss(candidate.num_parameters, count, share)) for law in laws]))
            columns.append(losses - losses.mean())
            noise.append(one.noise.total)
    return np.stack(columns, axis=1), np.array(noise)


def _explained(shares: Array, columns: Array, noise: Array) -> float:
    """Return the variance of ``shares`` (draws,) that measuring ``columns`` (draws, losses) would explain."""
    import numpy as np

    if not columns.shape[1]:
        return 0.0
    scale = 1 / max(1, len(shares) - 1)
    together = columns.T @ columns * scale + np.diag(noise**2)
    with_shares = columns.T @ shares * scale
    return float(with_shares @ np.linalg.solve(together, with_shares))
