"""Fitting one law to one kind of loss: bounded, from many seeded starts, with whole runs held out.

Following Que et al. (2406.01375): a Huber loss from several starting points. Ours: residuals of the logarithm of the
loss, all parameters as logarithms, an analytic gradient, starts whose linear parameters are solved by non-negative
least squares, bounds (forms.py), and all starts and refits solved at once (solve.py). N and D are centred on their
geometric means while fitting, which parts A from alpha and B from beta; a law holds them in units of 1e9 again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pipeline.errors import StrataError
from stages.mixture.forms import D_CPT, Form
from stages.mixture.law import UNIT
from stages.mixture.points import Point
from stages.mixture.solve import Batch, solve

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

HUBER_DELTA = 1e-3
"""Where the Huber loss turns from square to linear, in units of log loss (Hoffmann et al. 2022, section 3.3)."""
ALPHA_PRIOR = 0.339
BETA_PRIOR = 0.285
"""Exponents of Hoffmann et al. 2022 (approach 3), taken where the points cannot tell them."""
MIN_SIZES = 4
"""With fewer sizes E, A and alpha are three unknowns for two or three values: alpha is then ``ALPHA_PRIOR``."""
MIN_TOKEN_COUNTS = 3
"""With fewer different D, beta is fixed at ``BETA_PRIOR``."""
HELD_OUT_STARTS = 2
"""Random starts of each refit with points left out, beside the one at the full fit."""
_VANISHING = 1e-8
"""The smallest linear term, as a fraction of the loss: a logarithm cannot be 0."""

LossKind = Literal["domain", "general"]


@dataclass(frozen=True)
class Observations:
    """P measured losses of one kind as arrays of shape (P,); ``share`` is the share of that same kind of text."""

    num_parameters: Array
    num_tokens: Array
    share: Array
    loss: Array
    run: tuple[str, ...]
    """The group that is held out and resampled as one: all points of one (N, r, seed), whatever their D. Finished runs
    of several D share their seed and their mixture; holding out one of them alone would flatter the law."""

    def take(self, chosen: Sequence[int]) -> Observations:
        index = list(chosen)
        return Observations(
            self.num_parameters[index],
            self.num_tokens[index],
            self.share[index],
            self.loss[index],
            tuple(self.run[i] for i in index),
        )

    def __len__(self) -> int:
        return len(self.run)


def observe(points: Sequence[Point], kind: LossKind) -> Observations:
    """Return the usable ``points`` as arrays; for the general loss the share is 1 - domain share."""
    import numpy as np

    used = [point for point in points if not point.excluded]
    share = np.array([point.domain_share for point in used], dtype=np.float64)
    return Observations(
        np.array([point.num_parameters for point in used], dtype=np.float64),
        np.array([point.num_tokens for point in used], dtype=np.float64),
        share if kind == "domain" else 1.0 - share,
        np.array([point.domain_loss if kind == "domain" else point.general_loss for point in used], dtype=np.float64),
        tuple(f"n{point.num_parameters}-r{point.domain_share:g}-s{point.seed}" for point in used),
    )


@dataclass(frozen=True)
class Problem:
    """What is held fixed while one law is fitted: the centres of log N and log D, bounds, and priors with reasons."""

    log_size_center: float
    log_tokens_center: float
    bounds: tuple[tuple[float, float], ...]
    """(low, high) of each log parameter; equal where the parameter is fixed."""
    priors: dict[str, str]
    """Fixed parameters, and why."""
    form: Form = D_CPT
    known: Mapping[str, float] = field(default_factory=dict)
    """Exponents from elsewhere, taken where the points cannot tell them."""

    @property
    def num_free(self) -> int:
        """How many parameters the points determine."""
        return sum(low < high for low, high in self.bounds)


@dataclass(frozen=True)
class Fit:
    """A fitted law, and how the search went."""

    law: Any
    """What the form makes: a ``Law`` for the D-CPT form."""
    theta: Array
    """Log parameters in the problem's centred units, in the form's order: the warm start of refits."""
    objective: float
    """Sum of the Huber loss over points, in units of ``HUBER_DELTA`` squared."""
    at_bound: tuple[str, ...]
    agreeing_starts: float
    """Share of the finalists that ended within 1 % of the best objective."""


def pose(observed: Observations, form: Form = D_CPT, known: Mapping[str, float] | None = None) -> Problem:
    """Set bounds from the data's scale; fix what the points cannot determine, as ``known`` from elsewhere or usual."""
    import numpy as np

    def fix(name: str, default: float, reason: str) -> None:
        value = (known or {}).get(name, default)
        source = "the laws of earlier domains" if name in (known or {}) else "Hoffmann et al. 2022"
        bounds[name] = (math.log(value),) * 2
        priors[name] = f"fixed at {value:.3g} ({source}): {reason} needed"

    num_sizes = len(set(observed.num_parameters.tolist()))
    num_token_counts = len(set(observed.num_tokens.tolist()))
    typical = float(np.median(observed.loss))
    tiny, large = math.log(_VANISHING * typical), math.log(3 * typical)
    bounds = {
        "E": (math.log(1e-3 * typical), math.log(float(observed.loss.min()))),
        "A": (tiny, large),
        "B": (tiny, large),
        **dict.fromkeys(form.parameters[3 : form.num_linear], (tiny, large)),
        **{name: (math.log(low), math.log(high)) for name, (low, high) in form.bounds.items()},
    }
    priors: dict[str, str] = {}
    if num_sizes < MIN_SIZES:
        fix("alpha", ALPHA_PRIOR, f"{num_sizes} of the {MIN_SIZES} sizes")
    if num_sizes == 1:
        bounds["A"] = (tiny,) * 2
        priors["A"] = "left out: one size says nothing about the dependence on N"
    if num_token_counts < MIN_TOKEN_COUNTS:
        fix("beta", BETA_PRIOR, f"{num_token_counts} of the {MIN_TOKEN_COUNTS} lengths")
    return Problem(
        float(np.log(observed.num_parameters).mean()),
        float(np.log(observed.num_tokens).mean()),
        tuple(bounds[name] for name in form.parameters),
        priors,
        form,
        dict(known or {}),
    )


def fit_law(observed: Observations, problem: Problem, *, num_starts: int, seed: int) -> Fit:
    """Return the best law over ``num_starts`` seeded starts; StrataError where none converges to finite values."""
    import numpy as np

    counts = np.ones((num_starts, len(observed)))
    starts = np.array(_starts(observed, problem, counts[0], num_starts, seed))
    log_loss = np.broadcast_to(np.log(observed.loss), counts.shape)
    ends, values = solve(starts, batch_of(observed, problem, log_loss, counts))
    best = int(np.argmin(values))
    if not math.isfinite(float(values[best])):
        raise StrataError(
            f"law: none of {num_starts} starts of the fit ended at finite values on {len(observed)} points. "
            "Look at the points for outliers"
        )
    agreeing = float((values <= 1.01 * values[best] + 1e-6).mean())
    theta = ends[best]
    return Fit(make_law(theta, problem), theta, float(values[best]), _at_bound(theta, problem), agreeing)


def refit_without(observed: Observations, problem: Problem, fit: Fit, hidden: Sequence[Sequence[int]]) -> list[Any]:
    """Return for each group of ``hidden`` points the law fitted to all others.

    Each is the best of a start at the full fit and two random ones: a refit that only followed the full fit would look
    too good.
    """
    import numpy as np

    starts, counts = [], np.ones((len(hidden), len(observed)))
    for number, group in enumerate(hidden):
        counts[number, list(group)] = 0.0
        starts += [fit.theta, *_starts(observed, problem, counts[number], HELD_OUT_STARTS, 1)]
    per_group = 1 + HELD_OUT_STARTS
    counts = np.repeat(counts, per_group, axis=0)
    log_loss = np.broadcast_to(np.log(observed.loss), counts.shape)
    ends, values = solve(np.array(starts), batch_of(observed, problem, log_loss, counts))
    best = values.reshape(-1, per_group).argmin(axis=1) + per_group * np.arange(len(hidden))
    return [make_law(theta, problem) for theta in ends[best]]


def refit_to(observed: Observations, problem: Problem, fit: Fit, losses_BP: Array) -> list[Any]:
    """Return the laws that fit other losses of the same points, each from the full fit."""
    import numpy as np

    starts = np.repeat(fit.theta[None, :], len(losses_BP), axis=0)
    ends, _ = solve(starts, batch_of(observed, problem, np.log(losses_BP), np.ones_like(losses_BP)))
    return [make_law(theta, problem) for theta in ends]


def batch_of(observed: Observations, problem: Problem, log_loss_BP: Array, counts_BP: Array) -> Batch:
    """Return the fits of one problem to several sets of losses, as ``solve`` takes them."""
    import numpy as np

    log_size = np.log(observed.num_parameters) - problem.log_size_center
    log_tokens = np.log(observed.num_tokens) - problem.log_tokens_center

    def predict(theta_BK: Array) -> tuple[Array, Array]:
        return problem.form.loss_and_gradient(theta_BK, log_size, log_tokens, observed.share)

    low, high = np.array(problem.bounds).T
    return Batch(predict, log_loss_BP, counts_BP, low, high, HUBER_DELTA)


def _starts(observed: Observations, problem: Problem, counts: Array, num_starts: int, seed: int) -> list[Array]:
    """Draw exponents at random; the linear parameters that go with them follow by non-negative least squares.

    ``counts`` (P,) is 0 for points that are left out.
    """
    import numpy as np
    from scipy.optimize import nnls

    random = np.random.default_rng(seed)
    low, high = np.array(problem.bounds).T
    used = counts > 0
    log_size = np.log(observed.num_parameters[used]) - problem.log_size_center
    log_tokens = np.log(observed.num_tokens[used]) - problem.log_tokens_center
    share, loss = observed.share[used], observed.loss[used]
    starts = []
    num_linear = problem.form.num_linear
    for _ in range(num_starts):
        theta = np.zeros(len(problem.bounds))
        ranges = [problem.form.starts[name] for name in problem.form.parameters[num_linear:]]
        drawn = [random.uniform(math.log(a), math.log(b)) for a, b in ranges]
        theta[num_linear:] = np.clip(drawn, low[num_linear:], high[num_linear:])
        _, gradient = problem.form.loss_and_gradient(theta, log_size, log_tokens, share)
        columns = gradient[:, :num_linear] / loss[:, None]  # relative residuals, as the objective has them
        try:
            solution, _ = nnls(columns, np.ones(len(loss)))
        except RuntimeError:  # its iteration limit: the start is then what a vanishing term starts from
            solution = np.zeros(num_linear)
        # A term that least squares sets to 0 starts small instead: at a vanishing value its gradient vanishes too.
        floor = 0.01 * float(np.median(loss)) / np.maximum(gradient[:, :num_linear].mean(axis=0), 1e-12)
        theta[:num_linear] = np.log(np.maximum(solution, floor))
        starts.append(np.clip(theta, low, high))
    return starts


def make_law(theta: Array, problem: Problem) -> Any:
    """Return the law of log parameters in the problem's centred units."""
    import numpy as np

    values = dict(zip(problem.form.parameters, np.exp(theta).tolist(), strict=True))
    unit = math.log(UNIT)
    values["A"] *= math.exp(values["alpha"] * (problem.log_size_center - unit))
    values["B"] *= math.exp(values["beta"] * (problem.log_tokens_center - unit))
    if "delta" in values:
        values["C"] *= math.exp(-values["delta"] * (problem.log_tokens_center - unit))
    if "A" in problem.priors:
        values["A"] = 0.0
    return problem.form.make(**values)


def _at_bound(theta: Array, problem: Problem) -> tuple[str, ...]:
    return tuple(
        name
        for name, value, (low, high) in zip(problem.form.parameters, theta.tolist(), problem.bounds, strict=True)
        if low < high and (value - low < 1e-6 or high - value < 1e-6)
    )
