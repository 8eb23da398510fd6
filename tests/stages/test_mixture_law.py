"""The law's formulas, and fits on losses whose law is known."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from pipeline.errors import StrataError
from stages.mixture import fit as fitting
from stages.mixture.alternatives import Alternatives, critical_ratio
from stages.mixture.analysis import Analysis, Demands, _of_others, analyse, make_goal
from stages.mixture.bootstrap import MIN_NOISE, bootstrap_laws, noise_of
from stages.mixture.choose import Choice, choose_share, front, interval, trade_off, weigh
from stages.mixture.fit import fit_law, observe, pose
from stages.mixture.forms import D_CPT, EXPONENTIAL, ExponentialLaw, exponential_loss_and_gradient
from stages.mixture.goals import Goal, effective
from stages.mixture.law import PARAMETERS, Law, LossModel, check_slope, loss_and_gradient
from stages.mixture.points import Point
from stages.mixture.quality import assess, compare

DOMAIN = Law(E=1.6, A=0.3, B=0.03, C=0.2, alpha=0.339, beta=0.3, eta=1.2, gamma=0.4, epsilon=0.1)
GENERAL = Law(E=1.9, A=0.25, B=0.03, C=0.25, alpha=0.339, beta=0.25, eta=1.3, gamma=0.35, epsilon=0.08)
SIZES = (500_000_000, 1_800_000_000, 4_000_000_000)
ALL_SHARES = (0.0, 0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9, 1.0)
FEW_SHARES = (0.2, 0.5, 0.8)
TOKENS = (1_000_000_000, 3_000_000_000, 10_000_000_000)
QUICK = Demands(num_starts=16, num_bootstrap=20)


def measure(domain: LossModel, general: LossModel, noise: float = 0.002, seed: int = 0) -> list[Point]:
    """Losses of the default design under known laws, with multiplicative noise."""
    random = np.random.default_rng(seed)
    points = []
    for size in SIZES:
        for share in ALL_SHARES if size == SIZES[0] else FEW_SHARES:
            for tokens in TOKENS:
                losses = domain.loss(size, tokens, share), general.loss(size, tokens, 1 - share)
                noisy = [float(loss * math.exp(noise * random.normal())) for loss in losses]
                points.append(Point(f"n{size}-r{share}-d{tokens}", size, tokens, share, *noisy))
    return points


def random_law(random: np.random.Generator, learned: float) -> Law:
    """A law that falls with the share everywhere it is tried, so that r* is where the general limit binds."""
    ranges = {"E": (1.2, 2.2), "A": (0.2, 0.4), "B": (0.01, learned), "C": (0.15, 0.3), "alpha": (0.32, 0.36)}
    ranges |= {"beta": (0.2, 0.4), "eta": (1.0, 1.8), "gamma": (0.25, 0.8), "epsilon": (0.03, 0.3)}
    return Law(**{name: float(random.uniform(*limits)) for name, limits in ranges.items()})


def test_gradient_equals_finite_differences() -> None:
    random = np.random.default_rng(3)
    theta = np.log([1.5, 0.4, 0.2, 0.1, 0.3, 0.4, 1.3, 0.5, 0.1]) + 0.1 * random.normal(size=9)
    size, tokens = random.normal(size=12), random.normal(size=12)
    share = np.array([0.0, 1.0, *random.uniform(size=10)])
    _, gradient = loss_and_gradient(theta, size, tokens, share)
    step = 1e-6
    for position in range(9):
        moved = [loss_and_gradient(theta + s * step * np.eye(9)[position], size, tokens, share)[0] for s in (1, -1)]
        assert gradient[:, position] == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=1e-6, abs=1e-8)


def test_the_exponential_forms_gradient_equals_finite_differences_and_its_fit_finds_a_known_law() -> None:
    random = np.random.default_rng(4)
    theta = np.log([1.5, 0.4, 0.2, 0.6, 0.3, 0.4, 2.5]) + 0.1 * random.normal(size=7)
    size, tokens, share = random.normal(size=12), random.normal(size=12), random.uniform(size=12)
    _, gradient = exponential_loss_and_gradient(theta, size, tokens, share)
    for position in range(7):
        moved = [
            exponential_loss_and_gradient(theta + s * 1e-6 * np.eye(7)[position], size, tokens, share)[0]
            for s in (1, -1)
        ]
        assert gradient[:, position] == pytest.approx((moved[0] - moved[1]) / 2e-6, rel=1e-6, abs=1e-8)
    truth = ExponentialLaw(E=1.4, A=0.3, B=0.2, K=0.7, alpha=0.35, beta=0.4, rate=2.0)
    points = measure(truth, truth, noise=0.0)
    observed = observe(points, "domain")
    found = fit_law(observed, pose(observed, EXPONENTIAL), num_starts=32, seed=0).law
    shares = np.linspace(0, 1, 11)
    assert found.loss(1e9, 2e9, shares) == pytest.approx(truth.loss(1e9, 2e9, shares), rel=0.002)


def test_logarithmic_form_equals_the_formula() -> None:
    theta = np.log([getattr(DOMAIN, name) for name in PARAMETERS])
    share = np.array([0.0, 0.3, 1.0])
    size, tokens = np.full(3, 2e9), np.full(3, 5e9)
    values, _ = loss_and_gradient(theta, np.log(size / 1e9), np.log(tokens / 1e9), share)
    by_hand = [1.6 + 0.3 / 2**0.339 + 0.03 * r**1.2 / 5**0.3 + 0.2 / (r + 0.1) ** 0.4 for r in (0.0, 0.3, 1.0)]
    assert values == pytest.approx(by_hand)
    assert DOMAIN.loss(size, tokens, share) == pytest.approx(by_hand)


def test_slope_equals_finite_differences_and_finds_a_planted_violation() -> None:
    share = np.linspace(0.1, 0.9, 9)
    numeric = (DOMAIN.loss(1e9, 2e9, share + 1e-6) - DOMAIN.loss(1e9, 2e9, share - 1e-6)) / 2e-6
    assert DOMAIN.slope(2e9, share) == pytest.approx(numeric, rel=1e-5)
    assert check_slope(DOMAIN, [1e9, 1e10], 0.1, 0.9).fraction == 0
    planted = Law(**{**DOMAIN.as_dict(), "B": 0.5, "beta": 1.0})
    checked = check_slope(planted, [1e9, 1e11], 0.1, 1.0)
    assert 0 < checked.fraction < 1
    ((tokens, low, high),) = checked.regions  # at 1e11 tokens the learned term is too small to turn the slope
    assert tokens == 1e9
    assert high == 1.0
    assert planted.slope(1e9, low) >= 0 > planted.slope(1e9, low - 0.03)


@pytest.mark.parametrize("seed", range(4))
def test_chosen_share_is_recovered_under_noise(seed: int) -> None:
    random = np.random.default_rng(100 + seed)
    domain, general = random_law(random, 0.03), random_law(random, 0.03)
    target = float(random.uniform(0.35, 0.85))
    base = float(general.loss(SIZES[-1], TOKENS[-1], 1 - target)) / 1.03
    points = measure(domain, general, seed=seed)
    goal = make_goal(points, "general_within", base_loss=base)
    truth = choose_share(domain, general, goal)
    analysis = analyse(points, goal, QUICK)
    assert truth is not None
    assert truth.domain_share == pytest.approx(target, abs=0.001)
    assert analysis.choice is not None
    assert analysis.choice.domain_share == pytest.approx(target, abs=0.02)
    assert analysis.choice.decided_by == "general loss limit"
    assert analysis.interval is not None
    assert analysis.interval[0] - 0.01 <= analysis.choice.domain_share <= analysis.interval[1] + 0.01
    assert analysis.interval[1] - analysis.interval[0] < 0.2
    assert analysis.trusted, analysis.reasons
    assert analysis.domain_share == analysis.choice.domain_share


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    points = measure(DOMAIN, GENERAL)
    return analyse(points, make_goal(points, "general_within", base_loss=2.35), QUICK)


def test_same_points_and_seed_give_the_same_record(analysis: Analysis) -> None:
    again = analyse(measure(DOMAIN, GENERAL), analysis.goal, QUICK)
    assert again.record() == analysis.record()


def test_fit_stays_within_bounds_and_says_what_it_fixed(analysis: Analysis) -> None:
    for fitted in (analysis.domain, analysis.general):
        for name, (low, high) in D_CPT.bounds.items():
            assert low * (1 - 1e-9) <= getattr(fitted.law, name) <= high * (1 + 1e-9)
        assert fitted.law.alpha == pytest.approx(fitting.ALPHA_PRIOR)
        assert fitted.quality.priors["alpha"].startswith("fixed at 0.339")
    assert any("3 of the 4 sizes needed" in remark for remark in analysis.remarks)


def test_held_out_runs_are_predicted_within_the_noise(analysis: Analysis) -> None:
    for fitted in (analysis.domain, analysis.general):
        held_out = fitted.quality.held_out_runs
        assert held_out.num_points == len(SIZES[1:]) * len(FEW_SHARES) * len(TOKENS) + len(ALL_SHARES) * len(TOKENS)
        assert held_out.mean_relative < 0.01
        assert held_out.mean_relative >= fitted.quality.in_sample.mean_relative
        edges = {by: [one.value for one in fitted.quality.held_out if (one.by, one.extrapolates) == (by, True)]
                 for by in ("share", "size", "length")}  # fmt: skip
        assert edges["share"] == pytest.approx([0.0, 1.0])
        assert edges["size"] == [SIZES[0], SIZES[-1]]
        assert edges["length"] == [TOKENS[0], TOKENS[-1]]
        (inner,) = [one for one in fitted.quality.held_out if one.by == "length" and not one.extrapolates]
        assert inner.value == TOKENS[1]
        assert inner.errors.mean_relative < 0.01


def test_four_sizes_free_alpha_and_few_lengths_fix_beta() -> None:
    def observed(sizes: tuple[float, ...], tokens: tuple[float, ...]) -> fitting.Observations:
        points = [
            Point("", int(n), int(t), r, float(DOMAIN.loss(n, t, r)), 2.0)
            for n in sizes
            for t in tokens
            for r in (0.1, 0.3, 0.5, 0.7, 0.9)
        ]
        return observe(points, "domain")

    four = observed((1e8, 5e8, 2e9, 8e9), (1e9, 3e9, 9e9))
    problem = pose(four)
    assert problem.priors == {}
    law = fit_law(four, problem, num_starts=32, seed=0).law
    assert law.loss(1.6e10, 9e9, 0.5) == pytest.approx(float(DOMAIN.loss(1.6e10, 9e9, 0.5)), rel=0.005)
    one = observed((5e8,), (1e9, 2e9))
    problem = pose(one)
    assert set(problem.priors) == {"alpha", "A", "beta"}
    law = fit_law(one, problem, num_starts=16, seed=0).law
    assert law.A == 0.0
    assert law.loss(5e8, 1.5e9, 0.4) == pytest.approx(float(DOMAIN.loss(5e8, 1.5e9, 0.4)), rel=0.002)


def test_a_run_held_out_is_not_seen_by_its_own_prediction() -> None:
    points = measure(DOMAIN, GENERAL, noise=0.0)
    spoilt = [
        Point(p.run, p.num_parameters, p.num_tokens, p.domain_share, p.domain_loss * 1.2, p.general_loss)
        if (p.num_parameters, p.domain_share) == (SIZES[0], 0.5)
        else p
        for p in points
    ]
    observed = observe(spoilt, "domain")
    problem = pose(observed)
    fit = fit_law(observed, problem, num_starts=16, seed=0)
    quality = assess(observed, problem, fit, check_slope(fit.law, [1e10], 0, 1), general=False)
    assert quality.held_out_runs.max_relative == pytest.approx(0.2 / 1.2, abs=0.01)


def test_share_r2_ignores_what_size_explains() -> None:
    points = measure(DOMAIN, GENERAL, noise=0.0)
    observed = observe(points, "domain")
    blind = np.empty(len(observed))
    for position in range(len(observed)):
        same = (observed.num_parameters == observed.num_parameters[position]) & (
            observed.num_tokens == observed.num_tokens[position]
        )
        blind[position] = observed.loss[same].mean()
    errors = compare(observed, blind)
    assert errors.r2 is not None
    assert errors.r2 > 0.3
    assert errors.r2_share == pytest.approx(0.0, abs=1e-9)


def test_the_noise_of_runs_and_points_is_told_apart_and_drawn_again() -> None:
    random = np.random.default_rng(1)
    points = []
    for p in measure(DOMAIN, GENERAL, noise=0.0):
        shared = np.random.default_rng([p.num_parameters, round(100 * p.domain_share)]).normal()
        loss = p.domain_loss * math.exp(0.004 * shared + 0.001 * random.normal())
        points.append(replace(p, domain_loss=loss))
    observed = observe(points, "domain")
    problem = pose(observed)
    fit = fit_law(observed, problem, num_starts=16, seed=0)
    noise = noise_of(observed, problem, fit)
    assert noise.of_run == pytest.approx(0.004, rel=0.5)
    assert noise.of_point == pytest.approx(0.0013, rel=0.6)
    laws = bootstrap_laws(observed, problem, fit, noise, 40, seed=3)
    at = np.array([float(law.loss(SIZES[0], TOKENS[0], 0.5)) for law in laws])
    assert at.std() / at.mean() == pytest.approx(0.0015, rel=0.7)
    assert at.mean() == pytest.approx(float(fit.law.loss(SIZES[0], TOKENS[0], 0.5)), rel=0.002)
    assert bootstrap_laws(observed, problem, fit, noise, 2, seed=3)[1] == laws[1]
    exact = observe(measure(DOMAIN, GENERAL, noise=0.0), "domain")
    assert noise_of(exact, pose(exact), fit_law(exact, pose(exact), num_starts=16, seed=0)).total >= MIN_NOISE


def test_limited_domain_data_moves_the_optimum_inside() -> None:
    domain = Law(**{**DOMAIN.as_dict(), "B": 0.15})
    points = measure(domain, GENERAL, noise=0.0)
    goal = make_goal(points, "limited_domain", domain_tokens=1_000_000_000, max_epochs=2.0)
    choice = choose_share(domain, GENERAL, goal)
    assert choice is not None
    assert choice.decided_by == "lowest domain loss"
    assert choice.num_tokens == pytest.approx(2e9 / choice.domain_share, rel=0.002)
    by_hand = np.linspace(0.2, 1.0, 801)
    losses = domain.loss(goal.num_parameters, 2e9 / by_hand, by_hand)
    assert choice.domain_share == pytest.approx(float(by_hand[losses.argmin()]), abs=0.002)


def test_limits_are_named() -> None:
    points = measure(DOMAIN, GENERAL, noise=0.0)
    capped = make_goal(points, "general_within", base_loss=9.0, domain_tokens=1_500_000_000, max_epochs=4.0)
    choice = choose_share(DOMAIN, GENERAL, capped)
    assert choice is not None
    assert choice.decided_by == "repetition cap"
    assert choice.domain_share == pytest.approx(0.6, abs=0.001)
    free = choose_share(DOMAIN, GENERAL, make_goal(points, "general_within", base_loss=9.0))
    assert free is not None
    assert (free.at_edge, free.decided_by, free.domain_share) == (True, "edge of the tried range", 1.0)
    assert choose_share(DOMAIN, GENERAL, make_goal(points, "general_within", base_loss=0.5)) is None
    rows = trade_off(DOMAIN, GENERAL, capped)
    assert [rows[0]["domain_share"], rows[-1]["domain_share"]] == [0.0, 1.0]
    assert rows[0]["general_loss"] < rows[-1]["general_loss"]
    assert interval([0.1, 0.2, 0.3, 0.4, 0.5], 0.5) == (0.2, 0.4)


def test_a_law_that_cannot_be_trusted_is_not_followed() -> None:
    points = measure(DOMAIN, GENERAL, noise=0.05, seed=5)
    goal = make_goal(points, "general_within", base_loss=2.35)
    analysis = analyse(points, goal, Demands(num_starts=8, num_bootstrap=20, default_share=0.25))
    assert not analysis.trusted
    assert analysis.domain_share == 0.25
    assert any("held-out runs is off by" in reason for reason in analysis.reasons)
    with pytest.raises(
        StrataError, match=r"law: not good enough to choose a domain share: .*on_weak_fit: default_share"
    ):
        analyse(points, goal, Demands(num_starts=8, num_bootstrap=20, on_weak_fit="stop"))


def test_an_unreachable_goal_is_not_hidden() -> None:
    points = measure(DOMAIN, GENERAL)
    analysis = analyse(points, make_goal(points, "general_within", base_loss=1.0), QUICK)
    assert analysis.choice is None
    assert not analysis.trusted
    assert any("no tried share reaches the goal" in reason for reason in analysis.reasons)
    assert analysis.record()["interval"] is None


def test_importing_the_stage_loads_no_heavy_library() -> None:
    code = (
        "import sys, stages.mixture.stage, stages.mixture.analysis, stages.mixture.cli_law, stages.mixture.blocks, "
        "stages.mixture.proxies; "
        "print([m for m in ('numpy', 'scipy', 'torch', 'ray', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_flop_budget_chooses_size_and_length_together() -> None:
    points = measure(DOMAIN, GENERAL, noise=0.0)
    bases = [(size, 2.6 - 0.05 * place) for place, size in enumerate(SIZES)]
    points += [Point(f"base{size}", size, 0, 0.0, 3.0, loss) for size, loss in bases]
    goal = make_goal(points, "flop_budget", flops=6 * 1.8e9 * 3e9)
    choice = choose_share(DOMAIN, GENERAL, goal)
    assert choice is not None
    assert choice.num_tokens == pytest.approx(3e9 * 1.8e9 / choice.num_parameters, rel=1e-6)
    best = math.inf
    for size, base_loss in bases:
        limit = 1.03 * base_loss
        tokens = 3e9 * 1.8e9 / size
        shares = np.linspace(0, 1, 501)
        allowed = GENERAL.loss(size, tokens, 1 - shares) <= limit
        best = min(best, float(DOMAIN.loss(size, tokens, shares)[allowed].min(initial=math.inf)))
    assert choice.domain_loss == pytest.approx(best, rel=1e-4)
    of_two = choose_share(DOMAIN, GENERAL, make_goal(points, "flop_budget", flops=1e20, sizes=SIZES[1:]))
    assert of_two is not None
    assert of_two.num_parameters in SIZES[1:]
    assert of_two.size_at_edge
    analysis = analyse(points, goal, QUICK)
    assert analysis.choice is not None
    assert (analysis.shown.num_parameters, analysis.shown.num_tokens) == (
        analysis.choice.num_parameters,
        analysis.choice.num_tokens,
    )
    assert analysis.trusted
    assert analysis.record()["num_tokens"] == analysis.choice.num_tokens
    other = analyse(points, make_goal(points, "flop_budget", flops=6 * 1.8e9 * 3e9, sizes=SIZES[1:2]), QUICK)
    assert any(
        remark.startswith("the choice is for a model of 1800000000 parameters: give cpt") for remark in other.remarks
    )
    doubted = analyse(points, goal, replace(QUICK, max_held_out_error=1e-9))
    assert doubted.record()["num_tokens"] == round(3e9 * 1.8e9 / goal.num_parameters)
    one_size = [point for point in points if point.num_parameters == SIZES[1] or not point.num_tokens]
    with pytest.raises(StrataError, match=r"goal: asks for 500000000, .* parameters, but all points have 1800000000"):
        analyse(one_size, goal, QUICK)
    with pytest.raises(StrataError, match=r"goal flop_budget: needs the floating-point operations to spend"):
        choose_share(DOMAIN, GENERAL, make_goal(points, "flop_budget"))


def test_a_pareto_goal_balances_both_losses_on_their_front() -> None:
    points = measure(DOMAIN, GENERAL, noise=0.0)
    goal = make_goal(points, "pareto")
    choice = choose_share(DOMAIN, GENERAL, goal)
    assert choice is not None
    assert choice.decided_by == "balance of both losses"
    shares = np.linspace(0, 1, 1001)
    losses = [DOMAIN.loss(SIZES[-1], TOKENS[-1], shares), GENERAL.loss(SIZES[-1], TOKENS[-1], 1 - shares)]
    scaled = sum((each - each.min()) / (each.max() - each.min()) for each in losses)
    assert choice.domain_share == pytest.approx(float(shares[int(np.argmin(scaled))]), abs=0.0015)
    # where the domain loss has an optimum inside, shares beyond it are worse in both losses
    turning = Law(**{**DOMAIN.as_dict(), "B": 0.5, "beta": 0.1})
    options = weigh(turning, GENERAL, goal)
    lowest = options.shares[int(np.argmin(options.domain_loss))]
    assert 0.1 < lowest < 0.9
    assert options.shares[front(options)].max() == lowest
    assert options.shares[front(options)].min() == 0.0


def test_repeated_tokens_count_for_less_where_the_proxies_did_not_repeat() -> None:
    goal = Goal("general_within", 10**9, 10**10, 0.0, 1.0, domain_tokens=10**9, proxies_repeat=False)
    shares = np.array([0.0, 0.05, 0.1, 0.4])
    tokens, seen = effective(goal, np.full(4, 1e10), shares)
    worth = 1e9 * (1 + 15.4 * (1 - math.exp(-3 / 15.4)))
    assert (tokens * seen).tolist() == pytest.approx([0, 5e8, 1e9, worth])
    assert (tokens * (1 - seen)).tolist() == pytest.approx([1e10, 9.5e9, 9e9, 6e9])
    assert 3.6e9 < worth < 4e9  # four epochs are worth 3.7 new ones
    kept = replace(goal, proxies_repeat=True)
    assert effective(kept, np.full(4, 1e10), shares)[1].tolist() == shares.tolist()
    less, more = (
        choose_share(DOMAIN, GENERAL, replace(one, base_losses=((10**9, 9.0),), max_epochs=3.0)) for one in (goal, kept)
    )
    assert less is not None
    assert more is not None
    assert less.domain_loss > more.domain_loss


def test_other_laws_are_asked_too(analysis: Analysis) -> None:
    others = analysis.alternatives
    assert others.domain_share is not None
    assert analysis.choice is not None
    assert others.domain_share == pytest.approx(analysis.choice.domain_share, abs=0.1)
    assert any(remark.startswith("the exponential form agrees: it would choose") for remark in analysis.remarks)
    capped = replace(analysis.shown, domain_tokens=10**8, max_epochs=2.0)
    assert critical_ratio(analysis.domain.law, analysis.general.law, capped) == others.critical_ratio
    limit = 2.35 + 0.05
    shares = np.linspace(0, 1, 2001)
    allowed = analysis.general.law.loss(SIZES[-1], TOKENS[-1], 1 - shares) <= limit
    assert others.critical_ratio == pytest.approx(float(shares[allowed].max()), abs=0.002)
    assert any("the critical mixture ratio (general loss at most 0.05 nats" in remark for remark in analysis.remarks)
    assert analysis.domain.quality.held_out_runs.mean_relative < others.domain.mean_relative
    assert analysis.record()["alternatives"]["domain"]["num_points"] == others.domain.num_points


def test_a_form_that_would_choose_otherwise_is_told() -> None:
    """Losses that fall steeply near r = 0 and are flat after: an exponential cannot follow."""
    others = Alternatives(*([None] * 2), 0.2, None)  # type: ignore[arg-type]
    choice = Choice(0.5, 1, 1.0, 1.0, "general loss limit", False)
    assert _of_others(choice, others) == ["the exponential form disagrees: it would choose 0.20"]
    assert _of_others(None, others) == []


def test_a_share_held_out_with_all_larger_sizes_counts_as_extrapolation() -> None:
    points = [p for p in measure(DOMAIN, GENERAL) if p.num_parameters == SIZES[0] or p.domain_share == 0.5]
    observed = observe(points, "domain")
    problem = pose(observed)
    fit = fit_law(observed, problem, num_starts=16, seed=0)
    quality = assess(observed, problem, fit, check_slope(fit.law, [1e10], 0, 1), general=False)
    beyond = {one.value for one in quality.held_out if one.by == "share" and one.extrapolates}
    assert beyond == {0.0, 0.5, 1.0}
    analysis = analyse(points, make_goal(points, "general_within", base_loss=2.35), QUICK)
    assert analysis.trusted, analysis.reasons


def test_a_limited_domain_is_shown_at_the_length_that_was_chosen() -> None:
    domain = Law(**{**DOMAIN.as_dict(), "B": 0.15})
    points = measure(domain, GENERAL)
    analysis = analyse(points, make_goal(points, "limited_domain", domain_tokens=10**9, max_epochs=2.0), QUICK)
    assert analysis.choice is not None
    assert analysis.shown.num_tokens == analysis.choice.num_tokens < analysis.goal.num_tokens
    rows = analysis.record()["trade_off"]
    losses = [row["domain_loss"] for row in rows]
    assert min(losses) <= analysis.choice.domain_loss <= max(losses)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_tokens": -5}, r"goal: num_tokens: must be above 0, got -5"),
        ({"num_parameters": 0}, r"goal: num_parameters: must be above 0, got 0"),
        ({"sizes": (0,)}, r"goal: sizes: must be above 0, got 0"),
        ({"domain_tokens": 0}, r"goal: domain_tokens: must be above 0, got 0"),
        ({"flops": math.inf}, r"goal: flops: must be above 0, got inf"),
    ],
)
def test_goals_that_make_no_sense_are_told(options: dict[str, float], message: str) -> None:
    with pytest.raises(StrataError, match=message):
        make_goal(measure(DOMAIN, GENERAL), "general_within", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_starts": 0}, r"law: num_starts: must be 1 or more, got 0"),
        ({"num_bootstrap": -1}, r"law: num_bootstrap: must be 0 or more, got -1"),
        ({"confidence": 2.0}, r"law: confidence: must be between 0 and 1, got 2\.0"),
        ({"default_share": 7.0}, r"law: default_share: must be between 0 and 1, got 7\.0"),
    ],
)
def test_demands_that_make_no_sense_are_told(options: dict[str, float], message: str) -> None:
    with pytest.raises(StrataError, match=message):
        Demands(**options)  # type: ignore[arg-type]
