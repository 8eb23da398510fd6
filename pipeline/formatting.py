"""Numbers, sizes and durations as a person reads them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

_SIGNIFICANT = 4
_SCIENTIFIC_FROM = 1e15
_SCIENTIFIC_BELOW = 1e-4
_SMALL_AXIS = 0.005
_MOST_DECIMALS = 6
_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def number(value: Any, decimals: int | None = None) -> str:
    """Return a number in four significant digits, or ``decimals`` places; other values as their text."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    if not isinstance(value, float):
        return str(value)
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "not a number")
    return _real(value, decimals).replace("-", "−")


def _real(value: float, decimals: int | None) -> str:
    if value == 0:
        return f"{0:.{decimals}f}" if decimals is not None else "0"
    magnitude = abs(value)
    if magnitude < _SCIENTIFIC_BELOW or magnitude >= _SCIENTIFIC_FROM:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    if decimals is not None and magnitude >= 10.0**-decimals / 2:
        return f"{value:,.{decimals}f}"
    text = f"{value:,.{_decimals_for(magnitude)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _decimals_for(magnitude: float) -> int:
    return max(0, _SIGNIFICANT - 1 - math.floor(math.log10(magnitude)))


def column_decimals(values: Sequence[Any]) -> int | None:
    """Return the decimal places that a column of numbers shares.

    None where it holds no fraction, or where its numbers are so unlike in size that shared places would leave a small
    one fewer than three digits: then each is written for itself.
    """
    reals = [abs(value) for value in values if isinstance(value, float) and math.isfinite(value) and value != 0]
    if not reals:
        return None
    most = min(_MOST_DECIMALS, _decimals_for(max(reals)))
    for decimals in range(most, most + 2):
        exact = 10.0**-decimals * 1e-6
        if all(v >= 100 * 10.0**-decimals or abs(v - round(v, decimals)) <= exact for v in reals):
            return max(len(f"{value:.{decimals}f}".rstrip("0").partition(".")[2]) for value in reals)
    return None


def tick_labels(values: Sequence[float], step: float) -> list[str]:
    """Return the labels of an axis: ``1.5M``, ``20k``, ``0.25``, ``3e−4``, in one form along the axis.

    ``step`` is the distance of ticks and sets the decimals; 0 lets each value set its own (a logarithmic axis).
    """
    largest = max((abs(value) for value in values), default=0.0)
    if step and 0 < largest < _SMALL_AXIS:
        exponent = math.floor(math.log10(largest) + 1e-9)
        decimals = _step_decimals(step / 10.0**exponent)
        texts = [f"{value / 10.0**exponent:.{decimals}f}e{exponent}" if value else "0" for value in values]
    else:
        texts = [compact(value, step or 10.0 ** math.floor(math.log10(value) + 1e-9)) for value in values]
    return [text.replace("-", "−") for text in texts]


def compact(value: float, step: float) -> str:
    """Return a number as short as its surroundings allow: those are ``step`` apart."""
    if value and (abs(value) >= _SCIENTIFIC_FROM or abs(value) < _SCIENTIFIC_BELOW):
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    for size, unit in _UNITS:
        if abs(value) >= size and (size > 1e3 or abs(value) >= 1e4):
            return f"{value / size:.{_step_decimals(step / size)}f}{unit}"
    return f"{value:,.{_step_decimals(step)}f}"


def _step_decimals(step: float) -> int:
    for decimals in range(_MOST_DECIMALS + 1):
        scaled = step * 10**decimals
        if abs(scaled - round(scaled)) < 1e-6 * max(1.0, scaled):
            return decimals
    return _MOST_DECIMALS


def duration(seconds: float) -> str:
    """Return ``0.4 s``, ``41 s``, ``2 min 05 s``, ``1 h 04 min`` or ``2 d 03 h``."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    if minutes < 1440:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    hours = round(seconds / 3600)
    return f"{hours // 24} d {hours % 24:02d} h"


def count(value: float) -> str:
    """Return an estimated count in three significant digits: ``1.6 k``, ``15 M``; a whole number below a thousand."""
    rounded = float(f"{value:.3g}") if value > 1000 else math.ceil(value)
    for size, unit in _UNITS:
        if rounded >= size:
            return f"{rounded / size:.3g} {unit}"
    return f"{rounded:.0f}"


def byte_size(num_bytes: float) -> str:
    """Return a size in decimal units: ``812 B``, ``3.4 MB``."""
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if num_bytes >= size:
            return f"{num_bytes / size:.1f} {unit}"
    return f"{num_bytes:.0f} B"


def percent(part: float, whole: float) -> str:
    """Return ``part`` of ``whole`` as a percentage; ``< 0.1 %`` and ``> 99.9 %`` are never rounded to 0 or 100."""
    if whole == 0:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.05:
        return "< 0.1 %"
    if 99.95 <= share < 100:
        return "> 99.9 %"
    return f"{share:.1f} %"
