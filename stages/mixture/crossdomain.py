"""The cross-domain law (arXiv 2406.01375, section 3.3): one law for several domains, told apart by one number each.

    L(N, D, r, K) = E + A / N^alpha + B r^eta / D^beta + C / (r + epsilon)^gamma + F / K^mu
    K = w k1' / k1 + (1 - w) k2 / k2'

The paper leaves open how k1 and k2 are measured. Here, for the loss in question, k1 is the loss of the smallest base
before training and k2 what it falls by per 1e9 tokens up to the first length measured, at the share next to a half of
that loss's own text; k1' and k2' are their geometric means over the fitted domains, so that K has no unit and the two
weights need one number. K only shifts a law up and down: it says how hard a domain is, nothing of its slope in r. From
fewer than ``MIN_DOMAINS`` domains F, mu and w cannot be told apart: mu is then 1 and w a half. The general loss rises
at first, so K has no meaning for it: there the domains' points are pooled, and the law is moved to a new domain's first
measurements.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline.errors import StrataError
from stages.mixture.fit import LossKind, Observations, fit_law, observe, pose
from stages.mixture.forms import ETA_FREE, Form
from stages.mixture.law import UNIT, Law, loss_and_gradient
from stages.mixture.points import Point, mark_unusable
from stages.mixture.select import select_form

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

MIN_DOMAINS = 4
MU, WEIGHT = 1.0, 0.5


@dataclass(frozen=True)
class Coefficients:
    """What a domain's first measurements say of it."""

    first_loss: float
    """k1: the smallest base's loss before training, in nats per token."""
    decline: float
    """k2: its fall up to the first length, in nats per 1e9 tokens."""


@dataclass(frozen=True)
class CrossDomainLaw:
    """One loss of several domains: the law without its level, and how the level follows from K."""

    law: Law
    """With K -> infinity, so without F / K^mu."""
    F: float
    mu: float
    weight: float
    reference: Coefficients
    priors: dict[str, str]
    """Parameters that the domains could not determine, and why."""

    def law_for(self, known: Coefficients) -> Law:
        """Return the law of a domain of which only its coefficients are known; StrataError where they mean nothing."""
        _refuse_rising(known, "the new domain")
        return replace(self.law, E=self.law.E + self.F / self._number(known) ** self.mu)

    def _number(self, known: Coefficients) -> float:
        return _combined(known, self.reference, self.weight)


def _refuse_rising(known: Coefficients, name: str) -> None:
    if not (known.decline > 0 and known.first_loss > 0):
        raise StrataError(
            f"cross-domain law: the loss of {name} does not fall at first ({known.decline:.4g} nats per 1e9 tokens), "
            "so its coefficient has no meaning. Leave the domain out, or train its first point for longer"
        )


def _combined(known: Coefficients, reference: Coefficients, weight: float) -> float:
    return weight * reference.first_loss / known.first_loss + (1 - weight) * known.decline / reference.decline


def coefficients_of(points: Sequence[Point], kind: LossKind) -> Coefficients:
    """Return k1 and k2 of one loss from a domain's points; StrataError where base or first length are missing."""
    marked = mark_unusable(list(points))
    usable = [point for point in marked if not point.excluded]
    bases = [point for point in points if point.num_tokens == 0 and math.isfinite(getattr(point, f"{kind}_loss"))]
    sizes = {point.num_parameters for point in usable} & {point.num_parameters for point in bases}
    if not sizes:
        raise StrataError(
            "cross-domain law: needs a base's loss (num_tokens = 0) and a trained point of the same size. Add the row"
        )
    size = min(sizes)
    first = min(
        (point for point in usable if point.num_parameters == size),
        key=lambda point: (abs(point.domain_share - 0.5), point.num_tokens, point.domain_share, point.seed),
    )
    (before, *_), after = (
        (getattr(p, f"{kind}_loss") for p in bases if p.num_parameters == size),
        getattr(first, f"{kind}_loss"),
    )
    return Coefficients(before, (before - after) / (first.num_tokens / UNIT))


def fit_cross_domain(
    points: Mapping[str, Sequence[Point]], kind: LossKind, *, num_starts: int = 64, seed: int = 0
) -> CrossDomainLaw:
    """Fit one law to one loss of several domains' points, by domain. StrataError for fewer than two domains."""
    import numpy as np

    if len(points) < 2:
        raise StrataError(f"cross-domain law: needs points of at least two domains, got {len(points)}. Add another")
    known = {name: coefficients_of(own, kind) for name, own in points.items()}
    for name, one in known.items():
        _refuse_rising(one, name)
    reference = Coefficients(
        math.exp(float(np.mean([math.log(one.first_loss) for one in known.values()]))),
        math.exp(float(np.mean([math.log(one.decline) for one in known.values()]))),
    )
    parts = {name: observe(mark_unusable(list(own)), kind) for name, own in points.items()}
    joined = _join(parts)
    owner = np.concatenate([np.full(len(part), place) for place, part in enumerate(parts.values())])
    few = len(points) < MIN_DOMAINS
    best: tuple[float, Any] | None = None
    for weight in (WEIGHT,) if few else (0.0, 0.25, 0.5, 0.75, 1.0):
        for mu in (MU,) if few else (0.5, 1.0, 2.0, 4.0):
            inverse = np.array([_combined(one, reference, weight) ** -mu for one in known.values()])[owner]
            fit = fit_law(joined, pose(joined, _form(inverse)), num_starts=num_starts, seed=seed)
            if best is None or fit.objective < best[0]:
                best = fit.objective, (fit.law, weight, mu)
    assert best is not None
    values, weight, mu = best[1]
    own_level = values.pop("F")
    priors = pose(joined).priors
    if few:
        priors |= {"mu, w": f"fixed at {MU:g} and {WEIGHT:g}: {len(points)} of the {MIN_DOMAINS} domains needed"}
    return CrossDomainLaw(Law(**values), own_level, mu, weight, reference, priors)


def fit_pooled(points: Mapping[str, Sequence[Point]], kind: LossKind, *, num_starts: int = 64, seed: int = 0) -> Law:
    """Fit one plain law to one loss of all domains' points.

    For the general loss: all domains have the same general text and bases, so there is nothing to tell them apart by,
    and continued pre-training raises that loss at first, so a decline would have no meaning.
    """
    joined = _join({name: observe(mark_unusable(list(own)), kind) for name, own in points.items()})
    law: Law = select_form(joined, {}, num_starts, seed).fit.law
    return law


def _form(inverse: Array) -> Form:
    """The D-CPT form with a fifth linear term, F / K^mu, where ``inverse`` (P,) holds each point's 1 / K^mu."""
    import numpy as np

    linear, others = ETA_FREE.parameters[:4], ETA_FREE.parameters[4:]

    def with_level(theta: Array, log_size: Array, log_tokens: Array, share: Array) -> tuple[Array, Array]:
        plain = np.concatenate([theta[..., :4], theta[..., 5:]], axis=-1)
        loss, gradient = loss_and_gradient(plain, log_size, log_tokens, share)
        level = np.exp(theta[..., 4, None]) * inverse
        columns = [gradient[..., :4], level[..., None], gradient[..., 4:]]
        return loss + level, np.concatenate(columns, axis=-1)

    return Form("cross-domain", (*linear, "F", *others), ETA_FREE.bounds, ETA_FREE.starts, with_level, dict, 5)


def _join(parts: Mapping[str, Observations]) -> Observations:
    import numpy as np

    def column(name: str) -> Array:
        return np.concatenate([getattr(part, name) for part in parts.values()])

    runs = tuple(f"{name}/{run}" for name, part in parts.items() for run in part.run)
    return Observations(column("num_parameters"), column("num_tokens"), column("share"), column("loss"), runs)


def shift(law: Law, observed: Observations) -> Law:
    """Return ``law`` moved up or down to the mean of a few measurements: a level measured instead of foretold."""
    predicted = law.loss(observed.num_parameters, observed.num_tokens, observed.share)
    return replace(law, E=law.E + float((observed.loss - predicted).mean()))
