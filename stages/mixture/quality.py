"""How good a fitted law is: in sample, on what is held out of its fit, and in the sign of its slope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from stages.mixture.fit import HUBER_DELTA, Fit, Observations, Problem, fit_law, pose, refit_without
from stages.mixture.law import SlopeCheck
from stages.mixture.solve import huber

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Errors:
    """How predictions compare with measurements on the same points."""

    num_points: int
    r2: float | None
    """Share of the variance of the loss explained; mostly the easy part, between sizes. None where nothing varies."""
    r2_share: float | None
    """The same after each (N, D) group's mean is taken off both: what the law knows about the mixture itself."""
    huber: float
    """Mean Huber loss of log residuals with delta 1e-3."""
    mean_relative: float
    """Mean absolute relative error."""
    max_relative: float


HeldOutBy = Literal["share", "size", "length"]


@dataclass(frozen=True)
class HeldOut:
    """All points of one domain share, size or length held out."""

    by: HeldOutBy
    value: float
    """The domain share, N or D."""
    extrapolates: bool
    """Whether the refit must reach beyond its data: it is the smallest or largest one, or some sizes have no other."""
    errors: Errors


@dataclass(frozen=True)
class Quality:
    """Everything known about one fit."""

    in_sample: Errors
    held_out_runs: Errors
    """Each run predicted by a law fitted to all others."""
    held_out: tuple[HeldOut, ...]
    """Each share, each size and each length predicted by a law fitted to all others, of which there must be two."""
    slope: SlopeCheck
    priors: dict[str, str]
    at_bound: tuple[str, ...]
    agreeing_starts: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(observed: Observations, predicted: Array) -> Errors:
    """Return the errors of ``predicted`` (P,) against the measured losses (P,)."""
    import numpy as np

    residual = observed.loss - predicted
    of_logs = huber(np.log(predicted) - np.log(observed.loss), HUBER_DELTA)
    relative = np.abs(residual) / observed.loss
    return Errors(
        num_points=len(observed),
        r2=_r2(observed.loss - observed.loss.mean(), residual),
        r2_share=_share_r2(observed, predicted),
        huber=HUBER_DELTA**2 * float(of_logs.mean()),
        mean_relative=float(relative.mean()),
        max_relative=float(relative.max()),
    )


def _r2(centred: Array, residual: Array) -> float | None:
    total = float(centred @ centred)
    return 1.0 - float(residual @ residual) / total if total > 0 else None


def _share_r2(observed: Observations, predicted: Array) -> float | None:
    import numpy as np

    groups: dict[tuple[float, float], list[int]] = {}
    for position, key in enumerate(zip(observed.num_parameters.tolist(), observed.num_tokens.tolist(), strict=True)):
        groups.setdefault(key, []).append(position)
    measured: list[float] = []
    residual: list[float] = []
    for positions in groups.values():
        if len(set(observed.share[positions].tolist())) > 1:
            loss, guess = observed.loss[positions], predicted[positions]
            measured.extend((loss - loss.mean()).tolist())
            residual.extend(((loss - loss.mean()) - (guess - guess.mean())).tolist())
    return _r2(np.array(measured), np.array(residual)) if measured else None


def assess(
    observed: Observations, problem: Problem, fit: Fit, slope: SlopeCheck, general: bool, by_run: Errors | None = None
) -> Quality:
    """Measure ``fit`` in sample, each run held out, each share, size and length; ``general``: shares are 1 - r.

    ``by_run`` are the errors of held-out runs, where they are known.
    """
    return Quality(
        compare(observed, _predict(fit, observed)),
        by_run or held_out_runs(observed, problem, fit),
        tuple(_held_out(observed, problem, general)),
        slope,
        problem.priors,
        fit.at_bound,
        fit.agreeing_starts,
    )


def _held_out(observed: Observations, problem: Problem, general: bool) -> Iterator[HeldOut]:
    """Hold out every value of the share, N and D. What the rest cannot determine is fixed as in any fit to it."""
    shown = 1 - observed.share if general else observed.share
    columns: dict[HeldOutBy, Array] = {"share": shown, "size": observed.num_parameters, "length": observed.num_tokens}
    for by, column in columns.items():
        values = sorted(set(column.round(12).tolist()))
        for value in values if len(values) > MIN_LEFT else []:
            hidden = [place for place, own in enumerate(column.round(12).tolist()) if own == value]
            rest = observed.take([place for place in range(len(observed)) if place not in set(hidden)])
            fit = fit_law(rest, pose(rest, problem.form, problem.known), num_starts=HELD_OUT_GROUP_STARTS, seed=1)
            part = observed.take(hidden)
            lost = by != "size" and not set(part.num_parameters.tolist()) <= set(rest.num_parameters.tolist())
            beyond = lost or value in (values[0], values[-1])
            yield HeldOut(by, value, beyond, compare(part, _predict(fit, part)))


def held_out_runs(observed: Observations, problem: Problem, fit: Fit) -> Errors:
    """Return the errors where each run is predicted by a law of the same form fitted to all others."""
    import numpy as np

    groups = [[place for place, name in enumerate(observed.run) if name == run] for run in dict.fromkeys(observed.run)]
    predicted = np.empty(len(observed))
    for group, law in zip(groups, refit_without(observed, problem, fit, groups), strict=True):
        part = observed.take(group)
        predicted[group] = law.loss(part.num_parameters, part.num_tokens, part.share)
    return compare(observed, predicted)


def _predict(fit: Fit, part: Observations) -> Array:
    predicted: Array = fit.law.loss(part.num_parameters, part.num_tokens, part.share)
    return predicted


MIN_LEFT = 2
"""A share, size or length is held out only where more than this many there are."""
HELD_OUT_GROUP_STARTS = 12
