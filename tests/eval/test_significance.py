"""Intervals: against known distributions, under pairing and grouping, and their coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eval.errors import EvalError
from eval.forgetting import Candidate, by_corpus, choose, compare_losses, share_worse
from eval.likelihood import DocumentLoss
from eval.significance import compare, group_sums, mcnemar


def test_values_are_ratios_of_sums() -> None:
    found = compare([1.0, 3.0], [2.0, 6.0], [1.0, 4.0])
    assert found.first.value == pytest.approx(4 / 5)
    assert found.second.value == pytest.approx(8 / 5)
    assert found.difference.value == pytest.approx(4 / 5)
    assert found.relative.value == pytest.approx(1.0)
    assert found.relative.low == pytest.approx(1.0), "every draw doubles"
    assert found.relative.high == pytest.approx(1.0)


def test_interval_is_the_normal_one_for_many_rows() -> None:
    rng = np.random.default_rng(0)
    first = (rng.random(2000) < 0.4).astype(float).tolist()
    second = (rng.random(2000) < 0.5).astype(float).tolist()
    found = compare(first, second, num_resamples=4000)
    differences = np.array(second) - np.array(first)
    error = differences.std() / math.sqrt(2000)
    assert found.difference.low == pytest.approx(found.difference.value - 1.96 * error, abs=0.1 * error)
    assert found.difference.high == pytest.approx(found.difference.value + 1.96 * error, abs=0.1 * error)


def test_pairing_narrows_the_interval() -> None:
    """Two models that are right on the same questions differ little, however uncertain each is."""
    rng = np.random.default_rng(1)
    first = (rng.random(400) < 0.5).astype(float)
    second = first.copy()
    second[:8] = 1 - second[:8]
    paired = compare(first.tolist(), second.tolist()).difference
    shuffled = compare(first.tolist(), rng.permutation(second).tolist()).difference
    assert paired.high - paired.low < 0.4 * (shuffled.high - shuffled.low)


def test_groups_are_drawn_together() -> None:
    """Ten copies of every answer add no evidence: the interval must be that of the single answers."""
    rng = np.random.default_rng(2)
    first, second = ((rng.random(50) < p).astype(float) for p in (0.3, 0.6))
    alone = compare(first.tolist(), second.tolist(), seed=3)
    copies = [np.repeat(values, 10).tolist() for values in (first, second)]
    groups = [str(i) for i in range(50) for _ in range(10)]
    grouped = compare(copies[0], copies[1], groups=groups, seed=3)
    assert grouped.num_groups == 50
    assert grouped.difference.low == pytest.approx(alone.difference.low)
    ungrouped = compare(copies[0], copies[1], seed=3)
    assert ungrouped.difference.high - ungrouped.difference.low < 0.5 * (alone.difference.high - alone.difference.low)


def test_coverage_is_about_95_per_cent() -> None:
    """Of 200 experiments with a true difference of 0.1, 95 % hold it, give or take 2.5 standard errors."""
    rng = np.random.default_rng(4)
    held = 0
    for seed in range(200):
        first, second = (rng.random(120) < 0.4).astype(float), (rng.random(120) < 0.5).astype(float)
        found = compare(first.tolist(), second.tolist(), num_resamples=400, seed=seed).difference
        held += found.low <= 0.1 <= found.high
    assert 182 <= held <= 198


def test_seed_decides() -> None:
    values = [float(i % 3 == 0) for i in range(60)], [float(i % 2 == 0) for i in range(60)]
    assert compare(*values, seed=1) == compare(*values, seed=1)
    assert compare(*values, seed=1).difference != compare(*values, seed=2).difference


def test_group_sums_keep_order() -> None:
    assert group_sums([1, 2, 3, 4], ["b", "a", "b", "c"]).tolist() == [4, 2, 4]
    assert group_sums([1, 2], None).tolist() == [1, 2]


def test_mcnemar_is_the_binomial_of_the_changed() -> None:
    first, second = [0.0] * 10 + [1.0] * 2 + [1.0] * 30, [1.0] * 10 + [0.0] * 2 + [1.0] * 30
    tail = sum(math.comb(12, k) for k in (0, 1, 2)) / 2**12
    assert mcnemar(first, second) == pytest.approx(2 * tail)
    assert mcnemar(first, first) == 1.0


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (([1.0], [1.0, 2.0]), {}, "both models must have the same rows, got 1, 2 and 1"),
        (([], []), {}, "needs at least one row, got 0"),
        (([1.0], [1.0]), {"confidence": 1.0}, "confidence must be between 0 and 1, got 1.0"),
        (([1.0], [1.0], [0.0]), {}, "denominators must sum to more than 0"),
    ],
)
def test_wrong_rows(arguments: tuple, settings: dict, message: str) -> None:
    with pytest.raises(EvalError, match=message):
        compare(*arguments, **settings)


def test_mcnemar_needs_pairs() -> None:
    with pytest.raises(EvalError, match="McNemar: both models must have the same rows, got 1 and 2"):
        mcnemar([1.0], [1.0, 0.0])


def _losses(nats: list[float], corpora: str = "ab") -> list[DocumentLoss]:
    return [DocumentLoss(str(i), corpora[i % len(corpora)], value, 10, 100) for i, value in enumerate(nats)]


def test_forgetting_by_corpus() -> None:
    base, other = _losses([100.0, 50.0, 100.0, 50.0]), _losses([110.0, 50.0, 110.0, 50.0])
    whole = compare_losses(base, other)
    assert whole.first.value == pytest.approx(300 / math.log(2) / 400)
    assert whole.relative.value == pytest.approx(20 / 300)
    found = by_corpus(base, other)
    assert found["a"].relative.value == pytest.approx(0.1)
    assert found["b"].relative.value == pytest.approx(0.0)
    assert share_worse(base, other) == 0.5
    with pytest.raises(EvalError, match="must have read the same documents in the same order"):
        compare_losses(base, list(reversed(other)))
    with pytest.raises(EvalError, match="needs the same documents of both models, got 4 and 1"):
        share_worse(base, other[:1])


def test_choice_within_the_limit() -> None:
    forgot = Candidate("forgot", 1.3, 0.5, 0.9)
    good, same = Candidate("good", 1.05, 0.8, 0.6), Candidate("same", 1.0, 0.7, 0.6)
    found = choose([forgot, good, same], 1.0, 0.1)
    assert (found.name, found.within) == ("same", ("good", "same"))
    assert "best domain dev accuracy 60.0% among 2 of 3" in found.reason
    assert choose([forgot, good], 1.0, 0.0).name == "good"
    assert "forgot least" in choose([forgot, good], 1.0, 0.0).reason
    plain = [Candidate("x", 1.0, 0.9), Candidate("y", 1.0, 0.8)]
    assert choose(plain, 1.0, 0.0).name == "y"
    assert choose([forgot], 1.0, 0.5).name == "forgot"
    with pytest.raises(EvalError, match="choice: needs at least one candidate"):
        choose([], 1.0, 0.1)
