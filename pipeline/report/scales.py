"""From values to pixels: linear and logarithmic scales with ticks at round numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.formatting import tick_labels


@dataclass(frozen=True)
class Scale:
    """Maps ``low..high`` onto ``start..end`` pixels."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the pixel of ``value``; on a logarithmic scale it must be positive."""
        low, high, at = (
            (math.log(v) for v in (self.low, self.high, value)) if self.log else (self.low, self.high, value)
        )
        return self.start + (at - low) / (high - low) * (self.end - self.start)

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Return at most about ``most`` ticks inside the scale, with their labels."""
        if self.log and self.high / self.low > 4:
            return _log_ticks(self.low, self.high, most)
        step = nice_step((self.high - self.low) / max(most, 1))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        values = [index * step for index in range(first, last + 1)]
        return list(zip(values, tick_labels(values, step), strict=True))


def nice_step(rough: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is at least ``rough``."""
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1.0, 2.0, 5.0):
        if factor * power >= rough * (1 - 1e-9):
            return factor * power
    return 10 * power


def _log_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    first, last = math.floor(math.log10(low) - 1e-9), math.ceil(math.log10(high) + 1e-9)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        values = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
        inside = [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if len(inside) <= most or factors == (1,):
            break
    stride = max(1, math.ceil(len(inside) / max(most, 1)))
    return list(zip(inside[::stride], tick_labels(inside[::stride], 0), strict=True))


def extent(values: Iterable[float]) -> tuple[float, float]:
    """Return the smallest and largest value, apart from each other even where all are the same."""
    found = list(values)
    if not found:
        return 0.0, 1.0
    low, high = min(found), max(found)
    if low == high:
        margin = abs(low) * 0.1 or 1.0
        return low - margin, high + margin
    return low, high


def widen(low: float, high: float, most: int) -> tuple[float, float]:
    """Return the range extended outwards to round ticks."""
    step = nice_step((high - low) / max(most, 1))
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return positions moved apart to at least ``gap``, as little as possible in squares, in the same order.

    Isotonic regression by pooling: with ``gap * rank`` taken off, neighbours that overlap share their mean.
    """
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    pools: list[tuple[float, int]] = []
    for rank, index in enumerate(order):
        pools.append((positions[index] - gap * rank, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (mean_b, count_b), (mean_a, count_a) = pools.pop(), pools.pop()
            pools.append(((mean_a * count_a + mean_b * count_b) / (count_a + count_b), count_a + count_b))
    ceiling = max(low, high - gap * (len(positions) - 1))
    moved = [min(max(mean, low), ceiling) for mean, count in pools for _ in range(count)]
    result = [0.0] * len(positions)
    for rank, index in enumerate(order):
        result[index] = moved[rank] + gap * rank
    return result
