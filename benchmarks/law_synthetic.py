"""The fit on points whose law is known: how well it foretells, chooses, agrees with itself, knows its error."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from stages.mixture.choose import choose_share, interval
from stages.mixture.ensemble import KINDS, fit_ensemble
from stages.mixture.fit import fit_law, observe
from stages.mixture.forms import D_CPT
from stages.mixture.goals import Goal, GoalName
from stages.mixture.law import Law
from stages.mixture.points import Point
from stages.mixture.quality import held_out_runs
from stages.mixture.select import select_form

SIZES = (500_000_000, 1_000_000_000, 2_000_000_000, 4_000_000_000)
SHARES = tuple(np.linspace(0.05, 0.95, 9).round(4).tolist())
AT_LARGER = SHARES[::2]
LENGTHS = (1_000_000_000, 2_000_000_000, 4_000_000_000, 7_000_000_000, 10_000_000_000)
NOISE, NUM_STARTS = 0.002, 64
NUM_SETS, NUM_FITS, NUM_DRAWS = 50, 200, 200
START_SEEDS = 3
CONFIDENCE = 0.9
GOALS: tuple[GoalName, ...] = ("general_within", "limited_domain", "flop_budget")
SHARE_LOW, SHARE_HIGH = SHARES[0], SHARES[-1]


def random_law(random: np.random.Generator) -> Law:
    """A law with parameters drawn from where published and measured ones lie."""
    ranges = {
        "E": (1.0, 2.2), "A": (0.1, 0.6), "B": (0.05, 1.0), "C": (0.05, 0.4), "alpha": (0.2, 0.6), "beta": (0.15, 0.6),
        "eta": (1.0, 2.0), "gamma": (0.1, 0.8), "epsilon": (0.02, 0.3),
    }  # fmt: skip
    return Law(**{name: float(random.uniform(*limits)) for name, limits in ranges.items()})


def measure(domain: Law, general: Law, random: np.random.Generator) -> list[Point]:
    """All shares at the smallest size, five at larger ones, five lengths each: 120 points."""
    points = []
    for size in SIZES:
        for share in SHARES if size == SIZES[0] else AT_LARGER:
            for length in LENGTHS:
                losses = domain.loss(size, length, share), general.loss(size, length, 1 - share)
                noisy = [float(loss * np.exp(NOISE * random.standard_normal())) for loss in losses]
                points.append(Point(f"n{size}-r{share}", size, length, share, *noisy))
    return points


def problem(name: GoalName, random: np.random.Generator) -> tuple[Law, Law, Goal, float]:
    """Draw laws and a goal whose true optimum lies inside the tried shares (and sizes); return it, too."""
    while True:
        domain, general = random_law(random), random_law(random)
        target, size, length = float(random.uniform(0.15, 0.85)), SIZES[-1], LENGTHS[-1]
        shares = np.linspace(SHARE_LOW, SHARE_HIGH, 91)
        if (np.diff(general.loss(size, length, 1 - shares)) <= 0).any():
            continue  # more domain text must cost general loss
        goal = Goal(name, size, length, SHARE_LOW, SHARE_HIGH, 0.03)
        if name == "limited_domain":
            goal = replace(goal, domain_tokens=round(target * length / 4), num_tokens=10 * length)
        elif name == "flop_budget":
            goal = replace(goal, flops=6.0 * SIZES[1] * LENGTHS[2])
        limits = [(n, float(general.loss(n, length, 1 - target)) / 1.03) for n in SIZES]
        goal = replace(goal, base_losses=tuple(limits))
        choice = choose_share(domain, general, goal)
        inside = choice and 0.1 < choice.domain_share < 0.9 and not choice.size_at_edge
        if choice and inside and choice.decided_by in ("general loss limit", "lowest domain loss"):
            return domain, general, goal, choice.domain_share


def one_set(name: GoalName, seed: int) -> dict[str, Any]:
    """Fit one random set from several seeds of starts."""
    random = np.random.default_rng([GOALS.index(name), seed])
    domain, general, goal, truth = problem(name, random)
    observed = [observe(measure(domain, general, random), kind) for kind in KINDS]
    selected = [select_form(one, {}, NUM_STARTS, 0) for one in observed]
    errors = [held_out_runs(one, s.problem, s.fit).mean_relative for one, s in zip(observed, selected, strict=True)]
    seconds, laws = [], [[s.fit.law for s in selected]]
    for starts in range(1, START_SEEDS):
        laws.append([])
        for one, own in zip(observed, selected, strict=True):
            started = time.process_time()
            laws[-1].append(fit_law(one, own.problem, num_starts=NUM_STARTS, seed=starts).law)
            seconds.append(time.process_time() - started)
    choices = [choose_share(*pair, goal) for pair in laws]
    return {
        "truth": truth,
        "chosen": [choice.domain_share if choice else np.nan for choice in choices],
        "errors": errors,
        "seconds": max(seconds),
        "paper_form": [s.problem.form is D_CPT for s in selected],
    }


def one_interval(seed: int) -> tuple[float, float, float]:
    """Return the true share and the interval of one fit."""
    random = np.random.default_rng([99, seed])
    domain, general, goal, truth = problem("general_within", random)
    ensemble = fit_ensemble(measure(domain, general, random), goal, NUM_STARTS, NUM_DRAWS, seed)
    shares = ensemble.shares()
    return (truth, *interval(shares, CONFIDENCE)) if shares else (truth, np.nan, np.nan)


def synthetic() -> dict[str, Any]:
    """Random parameter sets for each goal."""
    figures: dict[str, Any] = {}
    for name, sets in _sets():
        truth, chosen = np.array([s["truth"] for s in sets]), np.array([s["chosen"] for s in sets])
        figures |= {
            f"synthetic_{name}_held_out_error_median": round(float(np.median([s["errors"] for s in sets])), 5),
            f"synthetic_{name}_within_0.02": round(float(np.mean(np.abs(chosen[:, 0] - truth) <= 0.02)), 3),
            f"synthetic_{name}_median_distance": round(float(np.nanmedian(np.abs(chosen[:, 0] - truth))), 4),
            f"synthetic_{name}_same_for_all_seeds": round(float(np.mean(np.ptp(chosen, axis=1) <= 0.002)), 3),
            f"synthetic_{name}_seconds_of_64_starts": round(max(s["seconds"] for s in sets), 2),
            f"synthetic_{name}_papers_form_taken": round(float(np.mean([s["paper_form"] for s in sets])), 3),
        }
    return figures


def _sets() -> Iterator[tuple[GoalName, list[dict[str, Any]]]]:
    with ProcessPoolExecutor(2) as pool:
        for name in GOALS:
            yield name, list(pool.map(one_set, [name] * NUM_SETS, range(NUM_SETS)))


def intervals() -> dict[str, Any]:
    """How often the interval of the share covers the truth."""
    with ProcessPoolExecutor(2) as pool:
        found = np.array(list(pool.map(one_interval, range(NUM_FITS))))
    half_step = 0.0005  # shares are chosen in steps of 0.001
    covered = (found[:, 0] >= found[:, 1] - half_step) & (found[:, 0] <= found[:, 2] + half_step)
    return {
        "intervals_confidence": CONFIDENCE,
        "intervals_fits": NUM_FITS,
        "intervals_covered": round(float(covered.mean()), 3),
        "intervals_median_width": round(float(np.nanmedian(found[:, 2] - found[:, 1])), 4),
    }
