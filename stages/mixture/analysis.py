"""From points to a domain share: clean, fit both losses, hold out, bootstrap, choose, and say whether to trust it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any, Literal

from pipeline.errors import StrataError
from stages.mixture import choose
from stages.mixture.alternatives import CMR_TOLERANCE, Alternatives, alternatives
from stages.mixture.choose import Choice
from stages.mixture.crosscheck import MAX_DISAGREEMENT, CrossCheck, cross_check, forgetting_shares
from stages.mixture.earlier import known_exponents
from stages.mixture.ensemble import KINDS, Ensemble, OneLoss, fit_ensemble
from stages.mixture.fit import Fit, LossKind
from stages.mixture.goals import MAX_EPOCHS, Goal, GoalName, general_limit, sizes_to_try, tokens_within
from stages.mixture.law import Law, check_slope
from stages.mixture.points import (
    Point,
    base_losses,
    check_enough,
    mark_unusable,
    refuse_swapped,
    reversed_trend,
    sizes_out_of_order,
)
from stages.mixture.quality import Quality, assess

MAX_UNDECIDED_DRAWS = 0.1
"""Share of bootstrap draws that may allow no share at all before the choice is called uncertain."""


@dataclass(frozen=True)
class Demands:
    """How the law is fitted, and how good it must be to be followed."""

    num_starts: int = 64
    num_bootstrap: int = 200
    confidence: float = 0.9
    """Share of the bootstrap draws inside the interval of the chosen share."""
    seed: int = 0
    paper_only: bool = False
    """Fit the paper's form alone (eta >= 1, nothing grows with D), however a wider one does on held-out runs."""
    earlier: tuple[str, ...] = ()
    """Files of points of other domains, whose laws lend the exponents that these points cannot tell."""
    max_held_out_error: float = 0.01
    """Largest mean relative error of either loss on held-out runs; a third of the usual 3 % tolerance."""
    min_share_r2: float = 0.5
    """Smallest held-out R^2 of the domain loss within groups of equal (N, D): below it the law cannot rank mixtures."""
    on_weak_fit: Literal["stop", "default_share"] = "default_share"
    default_share: float = 0.3
    """Taken where the law is not good enough: the lowest critical ratio of the CMR law (arXiv 2407.17467, 460 M)."""

    def __post_init__(self) -> None:
        for name, is_ok, wanted in (
            ("num_starts", self.num_starts >= 1, "1 or more"),
            ("num_bootstrap", self.num_bootstrap >= 0, "0 or more"),
            ("confidence", 0 < self.confidence < 1, "between 0 and 1"),
            ("default_share", 0 <= self.default_share <= 1, "between 0 and 1"),
        ):
            if not is_ok:
                raise StrataError(f"law: {name}: must be {wanted}, got {getattr(self, name)}")


@dataclass(frozen=True)
class Fitted:
    """One loss: its law and how good it is."""

    fit: Fit
    quality: Quality
    draws: tuple[Law, ...]
    """The laws of the bootstrap draws."""
    form: str
    """The name of the law's form."""
    huber: Mapping[str, float]
    """By the form's name: mean Huber loss of held-out runs."""

    @property
    def law(self) -> Law:
        law: Law = self.fit.law
        return law


@dataclass(frozen=True)
class Analysis:
    """The answer, and everything it rests on."""

    points: tuple[Point, ...]
    goal: Goal
    shown: Goal
    """The goal with the N and D of the law's choice, where there is one: what curves and limits are drawn for."""
    domain: Fitted
    general: Fitted
    choice: Choice | None
    """What the laws say, whether or not it is trusted; None where no tried share reaches the goal."""
    interval: tuple[float, float] | None
    """Bootstrap interval over runs of the chosen share, at ``confidence``."""
    confidence: float
    domain_share: float
    """The share to use: the choice, or the default share where the laws are not trusted."""
    reasons: tuple[str, ...]
    """Why the laws are not trusted; empty where they are."""
    cross_check: CrossCheck | None
    """What the measured points say without the law; None where nothing can be compared."""
    alternatives: Alternatives
    """What other laws make of the same points."""
    remarks: tuple[str, ...]
    """What else to know: a choice at the edge, fixed parameters, extrapolation."""

    @property
    def trusted(self) -> bool:
        return not self.reasons

    @property
    def num_tokens(self) -> int:
        """How long to train: the choice's D, or the goal's where the laws are not trusted."""
        if self.choice and self.trusted:
            return self.choice.num_tokens
        return tokens_within(self.goal, self.goal.num_parameters) if self.goal.flops else self.goal.num_tokens

    def record(self) -> dict[str, Any]:
        """Return the JSON form, as in ``mixture.json``."""
        excluded = [
            {"run": p.run, "num_tokens": p.num_tokens, "reason": p.excluded}
            for p in self.points
            if p.excluded and p.num_tokens
        ]
        return {
            "domain_share": self.domain_share,
            "num_tokens": self.num_tokens,
            "interval": list(self.interval) if self.interval else None,
            "confidence": self.confidence,
            "trusted": self.trusted,
            "reasons": list(self.reasons),
            "remarks": list(self.remarks),
            "goal": {**asdict(self.goal), "general_limit": general_limit(self.shown)},
            "choice": asdict(self.choice) if self.choice else None,
            "alternatives": self.alternatives.as_dict(),
            "cross_check": asdict(self.cross_check) if self.cross_check else None,
            "units": {"loss": "as in the points (nats per token)", "N": "1e9 parameters", "D": "1e9 tokens"},
            "laws": {"domain": self.domain.law.as_dict(), "general": self.general.law.as_dict()},
            "forms": {"domain": self.domain.form, "general": self.general.form},
            "quality": {"domain": self.domain.quality.as_dict(), "general": self.general.quality.as_dict()},
            "trade_off": choose.trade_off(self.domain.law, self.general.law, self.shown),
            "num_points": sum(not p.excluded for p in self.points),
            "excluded": excluded,
        }


def make_goal(
    points: Sequence[Point],
    name: GoalName,
    *,
    num_parameters: int | None = None,
    num_tokens: int | None = None,
    tolerance: float = 0.03,
    domain_tokens: int | None = None,
    max_epochs: float = MAX_EPOCHS,
    base_loss: float | None = None,
    flops: float | None = None,
    sizes: Sequence[int] = (),
    proxies_repeat: bool = True,
) -> Goal:
    """Return the goal; what is not given is the largest N and D measured, and the bases' losses among the points."""
    for what, value in (
        ("num_parameters", num_parameters), ("num_tokens", num_tokens), ("tolerance", tolerance),
        ("domain_tokens", domain_tokens), ("max_epochs", max_epochs), ("base_loss", base_loss), ("flops", flops),
        *(("sizes", size) for size in sizes),
    ):  # fmt: skip
        if value is not None and not 0 < value < math.inf:
            raise StrataError(f"goal: {what}: must be above 0, got {value:g}")
    usable = [p for p in mark_unusable(list(points)) if not p.excluded]
    if not usable:
        check_enough(mark_unusable(list(points)))
    size = num_parameters or max(p.num_parameters for p in usable)
    bases = base_losses(points) | ({} if base_loss is None else {size: base_loss})
    return Goal(
        name,
        size,
        num_tokens or max(p.num_tokens for p in usable),
        min(p.domain_share for p in usable),
        max(p.domain_share for p in usable),
        tolerance,
        tuple(sorted(bases.items())),
        domain_tokens,
        max_epochs,
        flops,
        tuple(sizes),
        proxies_repeat,
    )


def analyse(points: Sequence[Point], goal: Goal, demands: Demands, ensemble: Ensemble | None = None) -> Analysis:
    """Fit both laws to ``points`` and choose the domain share; ``ensemble`` is what ``fit_both`` gave, where it has.

    Raises StrataError where the points are too few or contradict themselves, and, with ``on_weak_fit: stop``, where the
    laws are not good enough.
    """
    marked = mark_unusable(list(points))
    check_enough(marked)
    refuse_swapped(marked)
    general_limit(goal)
    sizes = {point.num_parameters for point in marked if not point.excluded}
    wanted = set(sizes_to_try(goal)) if goal.name == "flop_budget" else {goal.num_parameters}
    if len(sizes) == 1 and wanted != sizes:
        raise StrataError(
            f"goal: asks for {', '.join(map(str, sorted(wanted)[:3]))} parameters, but all points have {min(sizes)}. "
            "Train proxies of at least two sizes, or ask for the measured one"
        )
    ensemble = ensemble or fit_both(marked, goal, demands, lent(demands))
    domain, general = (_assessed(getattr(ensemble, kind), kind, goal) for kind in KINDS)
    choice, decided = ensemble.choice, ensemble.shares()
    reasons = _reasons(marked, domain, general, choice, ensemble.undecided, demands)
    check = cross_check(marked, domain.law, general.law, goal)
    agreement = [] if check is None or check.disagrees else [check.describe()]
    if check and check.disagrees:
        reasons.append(check.describe())
    if reasons and demands.on_weak_fit == "stop":
        raise StrataError(
            f"law: not good enough to choose a domain share: {'; '.join(reasons)}. Train more proxies (shares, sizes, "
            "token_fractions), or set on_weak_fit: default_share"
        )
    shown = replace(goal, num_parameters=choice.num_parameters, num_tokens=choice.num_tokens) if choice else goal
    others = alternatives(marked, domain.law, general.law, goal, shown, demands.num_starts, demands.seed)
    share = demands.default_share if reasons or choice is None else choice.domain_share
    return Analysis(
        tuple(marked),
        goal,
        shown,
        domain,
        general,
        choice,
        choose.interval(decided, demands.confidence) if decided else None,
        demands.confidence,
        share,
        tuple(reasons),
        check,
        others,
        (*agreement, *_of_others(choice, others), *_remarks(marked, goal, choice, (domain, general))),
    )


def lent(demands: Demands) -> Mapping[LossKind, Mapping[str, float]]:
    """Return the exponents that earlier domains lend, by loss."""
    return {kind: known_exponents(demands.earlier, kind) for kind in KINDS}


def fit_both(
    points: Sequence[Point], goal: Goal, demands: Demands, known: Mapping[LossKind, Mapping[str, float]]
) -> Ensemble:
    """Fit both laws to marked ``points`` as ``demands`` say."""
    return fit_ensemble(
        points, goal, demands.num_starts, demands.num_bootstrap, demands.seed, known, paper_only=demands.paper_only
    )


def _assessed(one: OneLoss, kind: LossKind, goal: Goal) -> Fitted:
    low, high = (goal.low, goal.high) if kind == "domain" else (1 - goal.high, 1 - goal.low)
    tokens = sorted({*one.observed.num_tokens.tolist(), float(goal.num_tokens)})
    slope = check_slope(one.fit.law, tokens, low, high)
    form, selected = one.problem.form.name, one.selected
    quality = assess(one.observed, one.problem, one.fit, slope, kind == "general", selected.held_out.get(form))
    return Fitted(one.fit, quality, one.draws, form, selected.huber)


def _reasons(
    points: list[Point],
    domain: Fitted,
    general: Fitted,
    choice: Choice | None,
    undecided: float,
    demands: Demands,
) -> list[str]:
    """Say why the laws should not be followed, in words with numbers."""
    reasons = []
    limit = demands.max_held_out_error
    for kind, fitted in (("domain", domain), ("general", general)):
        by_run = fitted.quality.held_out_runs.mean_relative
        if by_run > limit:
            reasons.append(f"{kind} loss of held-out runs is off by {by_run:.2%} on average (limit {limit:.2%})")
        shares = [one for one in fitted.quality.held_out if one.by == "share"]
        inner = [one.errors.mean_relative for one in shares if not one.extrapolates]
        if inner and median(inner) > limit:
            reasons.append(f"{kind} loss at held-out shares is off by {median(inner):.2%} (limit {limit:.2%})")
        if choice is None:
            continue
        share = choice.domain_share if kind == "domain" else 1 - choice.domain_share
        if float(fitted.law.slope(choice.num_tokens, share)) >= 0:
            reasons.append(f"at the chosen share the {kind} law says that more {kind} text makes the {kind} loss worse")
    share_r2 = domain.quality.held_out_runs.r2_share
    if share_r2 is not None and share_r2 < demands.min_share_r2:
        reasons.append(
            f"within one size and length the law explains only R^2 = {share_r2:.2f} of the held-out domain loss "
            f"(limit {demands.min_share_r2:g})"
        )
    domain_rises, general_falls = reversed_trend(points)
    if domain_rises:
        reasons.append("the measured domain loss rises with the domain share")
    if general_falls:
        reasons.append("the measured general loss falls as the domain share rises")
    if choice is None:
        reasons.append("no tried share reaches the goal: the general loss limit and the repetition cap exclude all")
    elif undecided > MAX_UNDECIDED_DRAWS:
        reasons.append(f"{undecided:.0%} of the bootstrap draws allow no share at all")
    return reasons


def _remarks(points: list[Point], goal: Goal, choice: Choice | None, fits: tuple[Fitted, Fitted]) -> list[str]:
    remarks = [f"{name}: {why}" for name, why in {**fits[0].quality.priors, **fits[1].quality.priors}.items()]
    for kind, fitted in zip(("domain", "general"), fits, strict=True):
        if fitted.huber and fitted.form != next(iter(fitted.huber)):
            told = ", ".join(f"{name} {huber:.2e}" for name, huber in fitted.huber.items())
            remarks.append(f"the {kind} law has the form {fitted.form} (Huber loss of held-out runs: {told})")
        slope = fitted.quality.slope
        if slope.fraction > 0:
            tokens, low, high = slope.regions[-1]
            remarks.append(
                f"{kind} law: dL/dr >= 0 (more {kind} text, higher {kind} loss) in {slope.fraction:.0%} of the tried "
                f"range, at D = {tokens:.0f} for {kind} shares {low:.2f} to {high:.2f}"
            )
        if fitted.quality.at_bound:
            remarks.append(f"{kind} law: {', '.join(fitted.quality.at_bound)} at a bound, not determined by the points")
    remarks.extend(
        f"the base with {size} parameters has no lower general loss than the next smaller one: it was trained "
        "too little for its size, which A/N^alpha cannot express"
        for size in sizes_out_of_order(points)
    )
    if rising := forgetting_shares(points):
        shares = ", ".join(f"{share:g}" for share in rising)
        follows = fits[1].law.delta > 0
        remarks.append(
            f"the general loss rises with D at the domain shares {shares} (forgetting), "
            + (
                "which the law follows"
                if follows
                else "where the law can only fall: it is too hopeful there for long trainings"
            )
        )
    if choice and goal.domain_tokens:
        remarks.append(_repetition(points, choice, goal.domain_tokens))
    if choice and choice.num_parameters != goal.num_parameters:
        remarks.append(
            f"the choice is for a model of {choice.num_parameters} parameters: give cpt the base of that size, or its "
            "tokens are not what the budget buys"
        )
    if choice and choice.size_at_edge:
        remarks.append(
            f"the chosen size of {choice.num_parameters} parameters is the smallest or largest to choose from"
        )
    if choice and choice.at_edge:
        remarks.append(f"the chosen share {choice.domain_share:g} is at the edge of the tried range")
    usable = [p for p in points if not p.excluded]
    same_size = [p.num_tokens for p in usable if p.num_parameters == goal.num_parameters]
    tokens = choice.num_tokens if choice else goal.num_tokens
    if not same_size:
        remarks.append(f"no point has the goal's size of {goal.num_parameters} parameters: the law extrapolates in N")
    elif tokens > 1.01 * max(same_size):
        remarks.append(
            f"at the goal's size D was measured up to {max(same_size)} tokens; the choice is for {tokens}: extrapolated"
        )
    return remarks


def _of_others(choice: Choice | None, others: Alternatives) -> list[str]:
    """Say where the exponential form would choose otherwise, and what CMR's tolerance would allow."""
    remarks = []
    if choice and others.domain_share is not None:
        apart = abs(choice.domain_share - others.domain_share) > MAX_DISAGREEMENT
        remarks.append(
            f"the exponential form {'disagrees: it' if apart else 'agrees: it'} would choose {others.domain_share:.2f}"
        )
    if choice and others.critical_ratio is not None:
        remarks.append(
            f"the critical mixture ratio (general loss at most {CMR_TOLERANCE:g} nats above the base's) is "
            f"{others.critical_ratio:.2f}"
        )
    return remarks


def _repetition(points: list[Point], choice: Choice, domain_tokens: int) -> str:
    """Say how proxies and target compare in passes over the domain text (Repetition Mismatch, arXiv 2606.07597)."""
    target = choice.domain_share * choice.num_tokens / domain_tokens
    epochs = [
        point.domain_epochs / point.domain_share
        for point in points
        if not point.excluded and point.domain_epochs is not None and point.domain_share > 0
    ]
    if target <= 1 or not epochs:
        return f"the target reads the domain text {target:.2f} times"
    low, high = (each * choice.domain_share for each in (min(epochs), max(epochs)))
    return (
        f"the target reads the domain text {target:.1f} times; at that share the proxies read theirs {low:.1f} to "
        f"{high:.1f} times"
    )
