"""The forms of law that can be fitted, behind one interface: the D-CPT law, two wider ones, an exponential one.

Two of the paper's choices do not fit every base (docs/experiments.md):

- eta >= 1 makes the gain from more tokens grow with r, and dL/dr finite at r = 0. Far from the domain a base gains from
  the domain's text at any share, and eta tends to 0. Where it may, dL/dr < 0 must be checked over the tried range.
- The law falls with D at every share. General loss rises with D where little general text is read: forgetting, which
  Bethune et al. (arXiv 2502.06042) give as a power of the tokens. So the term of what a text lacks may grow as D^delta.

The exponential form is that of Data Mixing Laws (Ye et al., arXiv 2403.16952) and, in logarithms, of Olmix (arXiv
2602.12237): the loss falls exponentially with the share of its own text. Those papers fit it at one size and length;
the terms in N and D beside it are ours, as Chinchilla has them, so that both forms see the same points:

    L(N, D, r) = E + A / N^alpha + B / D^beta + K * exp(-rate * r)

It lacks the D-CPT law's coupling of r and D (more data helps more when more of it is of the evaluated kind).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from stages.mixture.law import PARAMETERS, UNIT, Law, loss_and_gradient

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from stages.mixture.law import Array


@dataclass(frozen=True)
class Form:
    """A family of laws. Its first parameters are linear: E, A (with alpha), B (with beta), and what else there is."""

    name: str
    parameters: tuple[str, ...]
    bounds: Mapping[str, tuple[float, float]]
    """Of the parameters that are not linear, themselves, not their logarithms."""
    starts: Mapping[str, tuple[float, float]]
    """Where their starts are drawn."""
    loss_and_gradient: Callable[[Array, Array, Array, Array], tuple[Array, Array]]
    """(log parameters (..., K), log N, log D, r (P,)) -> losses (..., P) and their gradients (..., P, K)."""
    make: Callable[..., Any]
    """Makes the law of parameters by name."""
    num_linear: int = 4


@dataclass(frozen=True)
class ExponentialLaw:
    """One fitted law of the exponential form. E, A, B and K are in the unit of the loss; N and D in 1e9."""

    E: float
    A: float
    B: float
    K: float
    alpha: float
    beta: float
    rate: float

    def loss(self, num_parameters: ArrayLike, num_tokens: ArrayLike, share: ArrayLike) -> Array:
        """Return the predicted loss; the arguments are plain counts and a share in [0, 1], and broadcast."""
        import numpy as np

        size, tokens = np.asarray(num_parameters) / UNIT, np.asarray(num_tokens) / UNIT
        r = np.asarray(share, dtype=np.float64)
        value: Array = self.E + self.A / size**self.alpha + self.B / tokens**self.beta + self.K * np.exp(-self.rate * r)
        return value


def exponential_loss_and_gradient(
    theta: Array, log_size: Array, log_tokens: Array, share: Array
) -> tuple[Array, Array]:
    """Return the loss (..., P) and its gradient (..., P, 7) by ``theta`` (..., 7), logarithms of the parameters."""
    import numpy as np

    columns = theta[..., None]
    alpha, beta, rate = (np.exp(columns[..., place, :]) for place in range(4, 7))
    floor = np.exp(columns[..., 0, :]) + np.zeros_like(share)
    size = np.exp(columns[..., 1, :] - alpha * log_size)
    learned = np.exp(columns[..., 2, :] - beta * log_tokens)
    starved = np.exp(columns[..., 3, :] - rate * share)
    slopes = [-size * alpha * log_size, -learned * beta * log_tokens, -starved * rate * share]
    return floor + size + learned + starved, np.stack([floor, size, learned, starved, *slopes], axis=-1)


def forgetting_loss_and_gradient(theta: Array, log_size: Array, log_tokens: Array, share: Array) -> tuple[Array, Array]:
    """Return the loss (..., P) and its gradient (..., P, 10): the D-CPT law's nine logarithms, then delta's."""
    import numpy as np

    loss, gradient = loss_and_gradient(theta[..., :9], log_size, log_tokens, share)
    delta = np.exp(theta[..., 9, None])
    growth = np.exp(delta * log_tokens)
    starved = gradient[..., 3].copy()
    gradient[..., [3, 7, 8]] *= growth[..., None]
    more = gradient[..., 3]
    return loss - starved + more, np.concatenate([gradient, (more * delta * log_tokens)[..., None]], axis=-1)


D_CPT = Form(
    "D-CPT",
    PARAMETERS,
    {"alpha": (0.05, 1.0), "beta": (0.05, 2.0), "eta": (1.0, 4.0), "gamma": (0.05, 2.0), "epsilon": (0.01, 0.5)},
    {"alpha": (0.2, 0.6), "beta": (0.1, 1.0), "eta": (1.0, 2.5), "gamma": (0.05, 1.0), "epsilon": (0.02, 0.4)},
    loss_and_gradient,
    Law,
)
"""Without bounds on eta, gamma and epsilon splits that hold out the smallest shares explode."""
ETA_FREE = replace(
    D_CPT,
    name="D-CPT, eta free",
    bounds={**D_CPT.bounds, "eta": (0.05, 4.0)},
    starts={**D_CPT.starts, "eta": (0.1, 2.0)},
)
FORGETTING = replace(
    ETA_FREE,
    name="D-CPT with forgetting",
    parameters=(*PARAMETERS, "delta"),
    bounds={**ETA_FREE.bounds, "delta": (1e-3, 1.0)},
    starts={**ETA_FREE.starts, "delta": (0.01, 0.3)},
    loss_and_gradient=forgetting_loss_and_gradient,
)
LADDER = (D_CPT, ETA_FREE, FORGETTING)
"""From the paper's form to wider ones, each of which all but holds the one before (delta is at least 0.001)."""
EXPONENTIAL = Form(
    "exponential",
    ("E", "A", "B", "K", "alpha", "beta", "rate"),
    {"alpha": (0.05, 1.0), "beta": (0.05, 2.0), "rate": (0.05, 50.0)},
    {"alpha": (0.2, 0.6), "beta": (0.1, 1.0), "rate": (0.5, 10.0)},
    exponential_loss_and_gradient,
    ExponentialLaw,
)
