"""The D-CPT law (Que et al., NeurIPS 2024, arXiv 2406.01375, form L3): loss against size, tokens and mixture.

    L(N, D, r) = E + A / N^alpha + B * r^eta / D^beta + C / (r + epsilon)^gamma

N is the number of non-embedding parameters and D the number of continued-pre-training tokens (of both kinds), both in
units of 1e9; r is the share of the text that the loss is measured on: the domain share for the domain loss, one minus
it for the general loss. The two losses are two separate fits. The paper counts all parameters; we leave the
embeddings out, because with small models they are most of the parameters and none of the computation.

Shapes: P points; a gradient is (P, 9) in the order of ``PARAMETERS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

    Array = np.ndarray[Any, np.dtype[np.float64]]

UNIT = 1e9
"""Parameters and tokens per unit of N and D."""

PARAMETERS = ("E", "A", "B", "C", "alpha", "beta", "eta", "gamma", "epsilon")


class LossModel(Protocol):
    """Whatever predicts a loss from N, D and the share of that loss's own text: a law of any form, or measurements."""

    def loss(self, num_parameters: ArrayLike, num_tokens: ArrayLike, share: ArrayLike) -> Array:
        """Return the predicted loss; the arguments are plain counts and a share in [0, 1], and broadcast."""


@dataclass(frozen=True)
class Law:
    """One fitted law. E, A, B and C are in the unit of the loss; N and D in 1e9."""

    E: float
    A: float
    B: float
    C: float
    alpha: float
    beta: float
    eta: float
    gamma: float
    epsilon: float
    delta: float = 0.0
    """Forgetting: what a text lacks costs C D^delta / (r + epsilon)^gamma. 0 is the paper's law."""

    def loss(self, num_parameters: ArrayLike, num_tokens: ArrayLike, share: ArrayLike) -> Array:
        """Return the predicted loss; the arguments are plain counts and a share in [0, 1], and broadcast.

        ``num_tokens`` must be above 0: the law has no value at D = 0.
        """
        import numpy as np

        size, tokens = np.asarray(num_parameters) / UNIT, np.asarray(num_tokens) / UNIT
        r = np.asarray(share, dtype=np.float64)
        learned = self.B * r**self.eta / tokens**self.beta
        starved = self.C * tokens**self.delta / (r + self.epsilon) ** self.gamma
        value: Array = self.E + self.A / size**self.alpha + learned + starved
        return value

    def slope(self, num_tokens: ArrayLike, share: ArrayLike) -> Array:
        """Return dL/dr, which does not depend on N.

        eta B r^(eta-1) / D^beta - gamma C D^delta / (r+epsilon)^(gamma+1); at r = 0 with eta < 1 it is infinite.
        """
        import numpy as np

        tokens, r = np.asarray(num_tokens) / UNIT, np.asarray(share, dtype=np.float64)
        with np.errstate(divide="ignore"):
            up = self.eta * self.B * r ** (self.eta - 1) / tokens**self.beta
        down = self.gamma * self.C * tokens**self.delta / (r + self.epsilon) ** (self.gamma + 1)
        value: Array = up - down
        return value

    def as_dict(self) -> dict[str, float]:
        return {name: float(getattr(self, name)) for name in (*PARAMETERS, "delta")}


def loss_and_gradient(theta: Array, log_size: Array, log_tokens: Array, share: Array) -> tuple[Array, Array]:
    """Return the loss (..., P) and its gradient (..., P, 9) by ``theta`` (..., 9), the logarithms of the parameters.

    ``log_size`` and ``log_tokens`` (P,) are logarithms of N and D in any unit; A and B are then in that unit. At r = 0
    the learned term and its derivatives are 0 (eta > 0), which is their limit.
    """
    import numpy as np

    columns = theta[..., None]
    alpha, beta, eta, gamma, epsilon = (np.exp(columns[..., place, :]) for place in range(4, 9))
    log_share = np.log(np.where(share > 0, share, 1.0))
    log_shifted = np.log(share + epsilon)
    floor = np.exp(columns[..., 0, :]) + np.zeros_like(share)
    size = np.exp(columns[..., 1, :] - alpha * log_size)
    learned = np.where(share > 0, np.exp(columns[..., 2, :] + eta * log_share - beta * log_tokens), 0.0)
    starved = np.exp(columns[..., 3, :] - gamma * log_shifted)
    gradient = np.stack(
        [
            floor,
            size,
            learned,
            starved,
            -size * alpha * log_size,
            -learned * beta * log_tokens,
            learned * eta * log_share,
            -starved * gamma * log_shifted,
            -starved * gamma * epsilon / (share + epsilon),
        ],
        axis=-1,
    )
    return floor + size + learned + starved, gradient


@dataclass(frozen=True)
class SlopeCheck:
    """Where a fitted law says that more text of a kind makes the loss on that kind worse.

    The paper demands dL/dr < 0; the form does not guarantee it, so every fit is checked.
    """

    fraction: float
    """Share of the checked (D, r) cells where dL/dr >= 0."""
    regions: tuple[tuple[float, float, float], ...]
    """(tokens, lowest r, highest r) of the offending cells, per checked number of tokens."""


def check_slope(law: Law, num_tokens: list[float], low: float, high: float, steps: int = 41) -> SlopeCheck:
    """Evaluate the sign of dL/dr at each of ``num_tokens`` for ``steps`` shares between ``low`` and ``high``."""
    import numpy as np

    shares = np.linspace(low, high, steps)
    regions = []
    num_bad = 0
    for tokens in num_tokens:
        bad = shares[law.slope(tokens, shares) >= 0]
        num_bad += len(bad)
        if len(bad):
            regions.append((float(tokens), float(bad.min()), float(bad.max())))
    return SlopeCheck(num_bad / (steps * len(num_tokens)), tuple(regions))
