"""The D-CPT law, measured: on synthetic losses, on real proxies, its design, its transfer, the regret of its choice.

``make bench only=law`` runs every part that needs no training (some half an hour on two cores); the real points come
from ``benchmarks/results/law_points``, which ``python -m benchmarks.law_points`` measures anew in some hours, the runs
of ``regret`` included. ``python -m benchmarks.law real`` runs one part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from benchmarks.law_points import POINTS, REGRET, SHARES, TARGET_TOKENS, TEXTS
from benchmarks.law_synthetic import intervals, synthetic
from benchmarks.record import run_parts
from stages.mixture.alternatives import alternatives
from stages.mixture.analysis import make_goal
from stages.mixture.choose import choose_share
from stages.mixture.crossdomain import coefficients_of, fit_cross_domain, fit_pooled, shift
from stages.mixture.design import Base, Grid, Proxy, cost_of, plan_full_grid
from stages.mixture.ensemble import KINDS, Ensemble, OneLoss, fit_ensemble
from stages.mixture.fit import Fit, LossKind, Observations, fit_law, observe, pose
from stages.mixture.forms import Form
from stages.mixture.goals import Goal
from stages.mixture.points import Point, mark_unusable, read_points
from stages.mixture.quality import Errors, compare
from stages.mixture.rounds import Limits, run_rounds

NUM_STARTS, NUM_DRAWS, SEED = 64, 200, 0
WIDTH = 0.1
"""Of the interval at which the sequential design may stop: the step's default."""


def measured(domain: str) -> list[Point]:
    """The usable points of one domain, marked; empty where none were measured."""
    path = POINTS / f"{domain}.csv"
    return mark_unusable(read_points(path)) if path.exists() else []


def grid_of(points: Sequence[Point]) -> list[Point]:
    """Without the repeated seeds."""
    return [point for point in points if point.seed == 0]


def goal_of(points: Sequence[Point]) -> Goal:
    """The largest proxy at its longest, general loss at most 3 % above its base's."""
    return make_goal(points, "general_within")


def real() -> dict[str, Any]:
    """How well either form foretells whole runs and shares it has not seen, beside the paper's figures."""
    figures: dict[str, Any] = {
        "real_paper_held_out_shares": "domain R2 0.9717, Huber 0.0067; general R2 0.9964, Huber 0.0019",
    }
    for domain in TEXTS:
        points = measured(domain)
        if not points:
            continue
        goal = goal_of(points)
        ensemble = fit_ensemble(points, goal, NUM_STARTS, NUM_DRAWS, SEED)
        others = alternatives(points, ensemble.domain.fit.law, ensemble.general.fit.law, goal, goal, NUM_STARTS, SEED)
        prefix = f"real_{domain}"
        figures[f"{prefix}_points"] = sum(not point.excluded for point in points)
        for kind in KINDS:
            one: OneLoss = getattr(ensemble, kind)
            by_run = one.selected.held_out[one.problem.form.name]
            own = f"{prefix}_{kind}"
            figures |= _errors(f"{own}_in_sample", compare(one.observed, _predict(one.fit, one.observed)))
            figures |= _errors(f"{own}_held_out_runs", by_run)
            figures |= _errors(f"{own}_held_out_runs_exponential", getattr(others, kind))
            figures |= two_shares_out(own, grid_of(points), kind, one.problem.form)
            figures[f"{own}_form"] = one.problem.form.name
            figures[f"{own}_held_out_runs_huber_by_form"] = {
                n: float(f"{h:.3g}") for n, h in one.selected.huber.items()
            }
            figures[f"{own}_seed_noise"] = seed_noise(points, kind)
        shares = ensemble.shares()
        figures |= {
            f"{prefix}_share": ensemble.choice.domain_share if ensemble.choice else None,
            f"{prefix}_interval": np.percentile(shares, [5, 95]).round(3).tolist() if shares else None,
            f"{prefix}_share_exponential": others.domain_share,
        }
    return figures


def _predict(fit: Fit, observed: Observations) -> Any:
    return fit.law.loss(observed.num_parameters, observed.num_tokens, observed.share)


def _errors(name: str, errors: Errors) -> dict[str, Any]:
    return {
        f"{name}_r2": round(errors.r2 or 0.0, 4),
        f"{name}_r2_of_share": round(errors.r2_share or 0.0, 4),
        f"{name}_huber": float(f"{errors.huber:.3g}"),
        f"{name}_error": round(errors.mean_relative, 5),
    }


def two_shares_out(name: str, points: Sequence[Point], kind: LossKind, form: Form) -> dict[str, Any]:
    """The paper's test: every pair of shares held out; splits without an end of the range are apart."""
    observed = observe(points, kind)
    shares = sorted(set(observed.share.tolist()))
    inner, outer = [], []
    for pair in combinations(shares, 2):
        hidden = [place for place, share in enumerate(observed.share.tolist()) if share in pair]
        rest = observed.take([place for place in range(len(observed)) if place not in set(hidden)])
        part = observed.take(hidden)
        found = compare(part, _predict(fit_law(rest, pose(rest, form), num_starts=16, seed=SEED), part))
        (outer if {shares[0], shares[-1]} & set(pair) else inner).append(found)
    every = [*inner, *outer]
    return {
        f"{name}_two_shares_out_splits": len(every),
        f"{name}_two_shares_out_r2_median": round(float(np.median([one.r2 for one in every])), 4),
        f"{name}_two_shares_out_huber_median": float(f"{np.median([one.huber for one in every]):.3g}"),
        f"{name}_two_shares_out_r2_median_inside": round(float(np.median([one.r2 for one in inner])), 4),
        f"{name}_two_shares_out_r2_worst": round(float(min(one.r2 or 0.0 for one in every)), 4),
    }


def seed_noise(points: Sequence[Point], kind: LossKind) -> float | None:
    """Standard deviation of log losses over seeds, at equal N, r and D."""
    groups: dict[tuple[int, float, int], list[float]] = {}
    for point in points:
        if not point.excluded:
            key = point.num_parameters, point.domain_share, point.num_tokens
            groups.setdefault(key, []).append(float(np.log(getattr(point, f"{kind}_loss"))))
    spread = [np.var(logs, ddof=1) for logs in groups.values() if len(logs) > 1]
    return float(f"{np.sqrt(np.mean(spread)):.3g}") if spread else None


def design() -> dict[str, Any]:
    """Sequential design replayed on the measured grid: what it would have trained, and what it would have chosen."""
    figures: dict[str, Any] = {}
    for domain in TEXTS:
        points = grid_of(measured(domain))
        if not points:
            continue
        goal = goal_of(points)
        whole = fit_ensemble(points, goal, NUM_STARTS, NUM_DRAWS, SEED)
        sizes = sorted({point.num_parameters for point in points if not point.excluded})
        lengths = tuple(sorted({point.num_tokens for point in points if not point.excluded}))
        bases = [Base(f"{size}", "", size) for size in sizes]
        grid = Grid(SHARES, (), lengths, lengths, decay_share=0.1)

        def measure(
            proxies: Sequence[Proxy], number: int, points: Sequence[Point] = points, goal: Goal = goal
        ) -> Ensemble:
            chosen = {(proxy.base.num_parameters, proxy.domain_share) for proxy in proxies}
            own = [p for p in points if p.num_tokens == 0 or (p.num_parameters, p.domain_share) in chosen]
            return fit_ensemble(own, goal, NUM_STARTS, NUM_DRAWS, SEED)

        found = run_rounds(bases, grid, Limits(2, WIDTH, 0.5), 0.9, measure)
        last, cost = found.rounds[-1], cost_of(found.proxies)
        figures |= {
            f"design_{domain}_share_of_full_grid": whole.choice.domain_share if whole.choice else None,
            f"design_{domain}_share": last.domain_share,
            f"design_{domain}_interval": last.interval,
            f"design_{domain}_rounds": [(one.trainings, one.domain_share) for one in found.rounds],
            f"design_{domain}_ended_by": found.ended_by,
            f"design_{domain}_tokens_of_full_grid": round(_part(cost, cost_of(plan_full_grid(bases, grid))), 3),
            f"design_{domain}_tokens_of_annealed_grid": round(
                cost["tokens"] / (len(bases) * len(SHARES) * found.proxies[0].tokens_trained), 3
            ),
        }
    return figures


def _part(cost: Mapping[str, Any], whole: Mapping[str, Any]) -> float:
    return float(cost["tokens"] / whole["tokens"])


def transfer() -> dict[str, Any]:
    """Two domains' laws for the third: from its first measurements alone, and against simpler ways."""
    known = {domain: grid_of(points) for domain in TEXTS if (points := measured(domain))}
    figures: dict[str, Any] = {}
    if len(known) < len(TEXTS):
        return {"transfer": f"not measured: points of {', '.join(known) or 'no domain'} only"}
    best = {domain: fit_ensemble(points, goal_of(points), NUM_STARTS, 0, SEED) for domain, points in known.items()}
    for domain, points in known.items():
        others = {name: own for name, own in known.items() if name != domain}
        usable = [point for point in points if not point.excluded]
        small = min(point.num_parameters for point in usable)
        first = [p for p in usable if p.num_parameters == small and p.domain_share == 0.5]
        goal, own = goal_of(points), best[domain]
        foretold = fit_cross_domain(others, "domain").law_for(coefficients_of([*_bases(points), *first], "domain"))
        pooled = {kind: fit_pooled(others, kind) for kind in KINDS}
        moved = {kind: shift(pooled[kind], observe(first, kind)) for kind in KINDS}
        observed = observe(points, "domain")
        laws = {"F_over_K": foretold, "moved": moved["domain"], "pooled": pooled["domain"]}
        for name, law in laws.items():
            errors = compare(observed, law.loss(observed.num_parameters, observed.num_tokens, observed.share))
            figures[f"transfer_{domain}_{name}_error"] = round(errors.mean_relative, 4)
        chosen = choose_share(foretold, moved["general"], goal)
        mean = np.mean([one.choice.domain_share for name, one in best.items() if name != domain and one.choice])
        spent = max(point.num_tokens for point in first) / sum(
            max(p.num_tokens for p in usable if (p.num_parameters, p.domain_share) == key)
            for key in {(p.num_parameters, p.domain_share) for p in usable}
        )
        figures |= {
            f"transfer_{domain}_tokens_of_annealed_grid": round(spent, 3),
            f"transfer_{domain}_share_of_full_grid": own.choice.domain_share if own.choice else None,
            f"transfer_{domain}_share_foretold": chosen.domain_share if chosen else None,
            f"transfer_{domain}_share_mean_of_others": round(float(mean), 3),
        }
        for name, share in (("foretold", chosen.domain_share if chosen else None), ("mean_of_others", float(mean))):
            if share is not None and own.choice:
                figures[f"transfer_{domain}_regret_{name}"] = _regret(own, goal, share)
    return figures


def _bases(points: Sequence[Point]) -> list[Point]:
    return [point for point in points if point.num_tokens == 0]


def _regret(own: Ensemble, goal: Goal, share: float) -> dict[str, float]:
    """By the domain's own laws, relative: domain loss above the best allowed one's, general loss above the limit."""
    domain, general, choice = own.domain.fit.law, own.general.fit.law, own.choice
    assert choice is not None
    at = (goal.num_parameters, goal.num_tokens)
    limit = 1.03 * dict(goal.base_losses)[goal.num_parameters]
    return {
        "domain": round(float(domain.loss(*at, share)) / choice.domain_loss - 1, 4),
        "general_above_limit": round(max(0.0, float(general.loss(*at, 1 - share)) / limit - 1), 4),
    }


def regret() -> dict[str, Any]:
    """Real runs around the choice, at a size and length never fitted: what it costs against the best of them.

    The runs lie 0.1 apart, so the share at which the general loss meets its limit is also interpolated between them.
    """
    figures: dict[str, Any] = {}
    for domain in TEXTS:
        points = measured(domain)
        path = POINTS / f"{domain}_{REGRET}.csv"
        if not points or not path.exists():
            continue
        runs = read_points(path)
        base = next(point for point in runs if point.num_tokens == 0)
        trained = sorted((point for point in runs if point.num_tokens), key=lambda point: point.domain_share)
        size, limit_loss = base.num_parameters, base.general_loss
        goal = make_goal(points, "general_within", num_parameters=size, num_tokens=TARGET_TOKENS, base_loss=limit_loss)
        ensemble = fit_ensemble(points, goal, NUM_STARTS, NUM_DRAWS, SEED)
        assert ensemble.choice is not None
        limit, noise = 1.03 * limit_loss, seed_noise(points, "domain") or 0.0
        chosen = min(trained, key=lambda point: abs(point.domain_share - ensemble.choice.domain_share))  # type: ignore
        allowed = [point for point in trained if point.general_loss <= limit]
        best = min(allowed or trained, key=lambda point: point.domain_loss)
        shares = ensemble.shares()
        tried = [point.domain_share for point in trained]
        at_limit = float(np.interp(limit, [point.general_loss for point in trained], tried))
        best_loss = float(np.interp(at_limit, tried, [point.domain_loss for point in trained]))
        chosen_loss = float(np.interp(ensemble.choice.domain_share, tried, [point.domain_loss for point in trained]))
        figures |= {
            f"regret_{domain}_share_at_limit": round(at_limit, 3),
            f"regret_{domain}_to_share_at_limit": round(chosen_loss / best_loss - 1, 5),
            f"regret_{domain}_share": ensemble.choice.domain_share,
            f"regret_{domain}_interval": np.percentile(shares, [5, 95]).round(3).tolist(),
            f"regret_{domain}_shares": tried,
            f"regret_{domain}_domain_losses": [round(point.domain_loss, 4) for point in trained],
            f"regret_{domain}_general_over_limit": [round(point.general_loss / limit - 1, 4) for point in trained],
            f"regret_{domain}_best": best.domain_share,
            f"regret_{domain}_relative": round(chosen.domain_loss / best.domain_loss - 1, 5),
            f"regret_{domain}_in_seed_noise": round(np.log(chosen.domain_loss / best.domain_loss) / noise, 2)
            if noise
            else None,
            f"regret_{domain}_predicted_domain_loss": round(ensemble.choice.domain_loss, 4),
            f"regret_{domain}_predicted_general_loss": round(ensemble.choice.general_loss, 4),
        }
    return figures or {"regret": "not measured: no runs around a choice"}


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "synthetic": synthetic,
    "intervals": intervals,
    "real": real,
    "design": design,
    "transfer": transfer,
    "regret": regret,
}


def main() -> None:
    """Run the parts named on the command line, or all; keep the figures of each as it ends."""
    run_parts("law", PARTS)


if __name__ == "__main__":
    main()
