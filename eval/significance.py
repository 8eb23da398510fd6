"""Intervals for differences between two models that answered the same questions or read the same documents.

Paired bootstrap (Efron and Tibshirani 1993, chapter 13, percentile interval; for language models Koehn 2004): units
are drawn with replacement, the same draw for both models, and the statistic is computed anew. A unit is a group of rows
that are not independent (the questions of one fact), else a row. The statistic is a ratio of sums, ``sum(numerator) /
sum(denominator)``: accuracy with denominator 1 per question, bits per byte with bits over bytes.
What is left out: corrections for many comparisons, and the variance between training seeds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from eval.errors import EvalError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Float64Array = npt.NDArray[np.float64]

DEFAULT_RESAMPLES = 2000
_CHUNK_ELEMENTS = 2_000_000


@dataclass(frozen=True)
class Interval:
    """A figure with its percentile interval."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class Comparison:
    """Two models on the same rows: ``first`` (the base), ``second``, and second - first."""

    first: Interval
    second: Interval
    difference: Interval
    relative: Interval
    """(second - first) / first."""
    num_rows: int
    num_groups: int

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def group_sums(values: Sequence[float], groups: Sequence[str] | None) -> Float64Array:
    """Return the sum of ``values`` per group, groups in order of first appearance; ``values`` where there are none."""
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    if groups is None:
        return array
    positions: dict[str, int] = {}
    index = np.asarray([positions.setdefault(group, len(positions)) for group in groups], dtype=np.int64)
    return np.bincount(index, weights=array, minlength=len(positions)).astype(np.float64)


def _check(first: Sequence[float], second: Sequence[float], weights: Sequence[float], confidence: float) -> None:
    if not len(first) == len(second) == len(weights):
        raise EvalError(
            f"paired bootstrap: both models must have the same rows, got {len(first)}, {len(second)} and {len(weights)}"
        )
    if len(first) == 0:
        raise EvalError("paired bootstrap: needs at least one row, got 0")
    if not 0 < confidence < 1:
        raise EvalError(f"paired bootstrap: confidence must be between 0 and 1, got {confidence}")
    if sum(weights) <= 0:
        raise EvalError(f"paired bootstrap: the denominators must sum to more than 0, got {sum(weights)}")


def _resampled(columns: Float64Array, num_resamples: int, seed: int) -> Float64Array:
    """Return sums of shape (resamples, columns) over rows drawn with replacement from ``columns`` (rows, columns)."""
    import numpy as np

    rng = np.random.Generator(np.random.PCG64(seed))
    num_rows = len(columns)
    sums = np.empty((num_resamples, columns.shape[1]))
    step = max(1, _CHUNK_ELEMENTS // num_rows)
    for begin in range(0, num_resamples, step):
        end = min(begin + step, num_resamples)
        drawn = rng.integers(0, num_rows, size=(end - begin, num_rows))
        sums[begin:end] = columns[drawn].sum(axis=1)
    return sums


def compare(
    first: Sequence[float],
    second: Sequence[float],
    weights: Sequence[float] | None = None,
    groups: Sequence[str] | None = None,
    *,
    num_resamples: int = DEFAULT_RESAMPLES,
    confidence: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Return both ratios, their difference and relative difference, with percentile intervals of paired draws.

    ``first`` and ``second`` are numerators per row (0/1, or bits), ``weights`` denominators (1, or bytes), ``groups``
    names of rows that are drawn together. The interval of a single group has no width: it says nothing.
    """
    import numpy as np

    rows = [1.0] * len(first) if weights is None else weights
    _check(first, second, rows, confidence)
    columns = np.stack([group_sums(values, groups) for values in (first, second, rows)], axis=1)
    total = columns.sum(axis=0)
    sums = _resampled(columns, num_resamples, seed)
    sums = sums[sums[:, 2] > 0]
    tail = (1 - confidence) / 2

    def interval(value: float, draws: Float64Array) -> Interval:
        low, high = np.quantile(draws, [tail, 1 - tail])
        return Interval(float(value), float(low), float(high))

    ratio_first, ratio_second = sums[:, 0] / sums[:, 2], sums[:, 1] / sums[:, 2]
    value_first, value_second = total[0] / total[2], total[1] / total[2]
    positive = ratio_first > 0
    relative = ratio_second[positive] / ratio_first[positive] - 1 if positive.any() else np.zeros(1)
    return Comparison(
        interval(value_first, ratio_first),
        interval(value_second, ratio_second),
        interval(value_second - value_first, ratio_second - ratio_first),
        interval(value_second / value_first - 1 if value_first > 0 else 0.0, relative),
        len(first),
        len(columns),
    )


def mcnemar(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the two-sided exact p-value of McNemar's test (1947): were as many answers won as lost?

    Rows are 1 (right) or 0 (wrong) and taken as independent; only rows on which the models differ count.
    """
    if len(first) != len(second):
        raise EvalError(f"McNemar: both models must have the same rows, got {len(first)} and {len(second)}")
    won = sum(1 for a, b in zip(first, second, strict=True) if b > a)
    lost = sum(1 for a, b in zip(first, second, strict=True) if a > b)
    changed = won + lost
    tail = sum(math.comb(changed, few) for few in range(min(won, lost) + 1))
    return min(1.0, float(Fraction(2 * tail, 2**changed)))
