"""Measured points of the D-CPT law: reading, checking units, leaving out what cannot be used, with a reason."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from pipeline.errors import StrataError

COLUMNS = {
    "run": "name of the training run; a run that diverged is left out as a whole",
    "num_parameters": "N: non-embedding parameters (a count, not billions)",
    "num_tokens": "D: tokens trained so far, of both kinds (a count; 0 is the base model before training)",
    "domain_share": "r: share of domain tokens, 0 to 1",
    "domain_loss": "loss on held-out domain text, in nats per token",
    "general_loss": "loss on held-out general text, in nats per token",
}
OPTIONAL_COLUMNS = {
    "seed": "seed of the run",
    "domain_bits_per_byte": "the domain loss in bits per UTF-8 byte",
    "general_bits_per_byte": "the general loss in bits per UTF-8 byte",
    "domain_epochs": "how often the run has read each domain token: r D / distinct domain tokens",
    "excluded": "why the point was not fitted; empty where it was",
}
DIVERGED_FACTOR = 2.0
"""A run is called diverged when a loss exceeds this multiple of the median loss: 2 x is far beyond any forgetting that
the published law saw (chemistry, r = 1: 1.21 x)."""
SMALLEST_COUNT = 1000
"""A smaller N or D is taken for a number given in millions or billions."""


@dataclass(frozen=True)
class Point:
    """One measurement: the losses of one run after ``num_tokens`` tokens."""

    run: str
    num_parameters: int
    num_tokens: int
    domain_share: float
    domain_loss: float
    general_loss: float
    seed: int = 0
    domain_bits_per_byte: float | None = None
    general_bits_per_byte: float | None = None
    domain_epochs: float | None = None
    excluded: str = ""

    @property
    def losses(self) -> tuple[float, float]:
        return self.domain_loss, self.general_loss


def read_points(source: str | Path | Iterable[Mapping[str, Any]]) -> list[Point]:
    """Read points from a CSV file with the columns of ``COLUMNS``, or from an iterable of mappings of the same names.

    Raises StrataError, naming the row, for a missing column, a value that is no number, and N, D or r in a wrong unit.
    ``run`` may be left out: then the points of one (N, r, seed) are one run. A row whose ``excluded`` is not empty
    stays excluded.
    """
    where, rows = _rows(source)
    points = [_point(row, f"{where}: row {number}") for number, row in enumerate(rows, 1)]
    if not points:
        raise StrataError(f"{where}: no points. Give at least one row below the header {', '.join(COLUMNS)}")
    return points


def _rows(source: str | Path | Iterable[Mapping[str, Any]]) -> tuple[str, list[Mapping[str, Any]]]:
    if not isinstance(source, (str, Path)):
        return "points", list(source)
    path = Path(source)
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise StrataError(f"{path}: no such file. Give a CSV with the columns {', '.join(COLUMNS)}") from None
    except (UnicodeDecodeError, OSError) as error:
        raise StrataError(f"{path}: cannot be read as UTF-8 text ({error}). Give a CSV file") from None
    try:
        return str(path), list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise StrataError(f"{path}: is no CSV ({error}). Give a CSV with the columns {', '.join(COLUMNS)}") from None


def _point(row: Mapping[str, Any], where: str) -> Point:
    missing = [name for name in COLUMNS if name != "run" and row.get(name) in (None, "")]
    excluded = str(row.get("excluded") or "")
    if missing:
        raise StrataError(f"{where}: has no {', '.join(missing)}. Needed columns: {', '.join(COLUMNS)}")
    numbers = {name: _number(row[name], name, where) for name in COLUMNS if name != "run"}
    extra = {
        name: _number(row[name], name, where)
        for name in ("domain_bits_per_byte", "general_bits_per_byte", "domain_epochs")
        if row.get(name) not in (None, "")
    }
    size, tokens, share = numbers["num_parameters"], numbers["num_tokens"], numbers["domain_share"]
    seed = _number(row.get("seed") or 0, "seed", where)
    for name, value in (("num_parameters", size), ("num_tokens", tokens), ("seed", seed)):
        if not math.isfinite(value):
            raise StrataError(f"{where}: {name} must be a finite number, got {value}. Correct the row")
    if not size >= SMALLEST_COUNT:
        raise StrataError(
            f"{where}: num_parameters must be a count of parameters, got {size:g}. "
            "Write 500000000, not 0.5 (billions) or 500 (millions)"
        )
    if not (tokens == 0 or tokens >= SMALLEST_COUNT):
        raise StrataError(
            f"{where}: num_tokens must be a count of tokens, or 0 for the base model, got {tokens:g}. "
            "Write 2000000000, not 2 (billions)"
        )
    if not 0 <= share <= 1:
        raise StrataError(
            f"{where}: domain_share must be between 0 and 1, got {share:g}. Write 0.67, not 67 (per cent)"
        )
    run = str(row.get("run") or f"n{size:.0f}-r{share:g}-s{seed:.0f}")
    domain_loss, general_loss = numbers["domain_loss"], numbers["general_loss"]
    return Point(
        run, int(size), int(tokens), share, domain_loss, general_loss, seed=int(seed), excluded=excluded, **extra
    )


def _number(value: Any, name: str, where: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise StrataError(f"{where}: {name} must be a number, got {value!r}. Correct the row") from None


def write_points(path: Path, points: Iterable[Point]) -> None:
    """Write ``points`` as CSV, whole or not at all; floats are written so that they read back exactly."""
    names = [*COLUMNS, *OPTIONAL_COLUMNS]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    for point in points:
        writer.writerow(["" if getattr(point, name) is None else getattr(point, name) for name in names])
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(stream.getvalue(), "utf-8")
    os.replace(temporary, path)


def mark_unusable(points: list[Point]) -> list[Point]:
    """Return the points in order, those that cannot be fitted marked with a reason in ``excluded``.

    Left out are: the base model's points (D = 0, where the law has no value), the whole run where a loss is not finite
    or has diverged, and repeated points. Raises StrataError where one run gives two losses at the same D.
    """
    finite = [loss for p in points if not p.excluded for loss in p.losses if math.isfinite(loss) and loss > 0]
    if not finite:
        raise StrataError("points: no finite loss at all. Look at the training runs: every one has failed")
    trained = [
        p for p in points if _finite(p) and p.num_tokens
    ]  # a base's loss may be far above: it has learned nothing
    limits = [DIVERGED_FACTOR * median([p.losses[kind] for p in trained] or finite) for kind in range(2)]
    broken: dict[str, str] = {}
    for point in points:
        if not _finite(point):
            broken.setdefault(point.run, f"run has a loss that is not finite at D = {point.num_tokens}")
        elif point.num_tokens and any(loss > limit for loss, limit in zip(point.losses, limits, strict=True)):
            broken.setdefault(point.run, f"run diverged at D = {point.num_tokens}: > {DIVERGED_FACTOR:g} x median loss")
    seen: dict[tuple[Any, ...], Point] = {}
    marked = []
    for point in points:
        reason = point.excluded or broken.get(point.run, "") or _repeated(point, seen)
        if not reason and point.num_tokens == 0:
            reason = "base model (D = 0), outside the law"
        marked.append(replace(point, excluded=reason))
    return marked


def _finite(point: Point) -> bool:
    return all(math.isfinite(loss) and loss > 0 for loss in point.losses)


def _repeated(point: Point, seen: dict[tuple[Any, ...], Point]) -> str:
    key = (point.run, point.num_parameters, point.num_tokens, point.domain_share, point.seed)
    earlier = seen.setdefault(key, point)
    if earlier is point:
        return ""
    if earlier.losses != point.losses:
        raise StrataError(
            f"points: run {point.run} has two different losses at D = {point.num_tokens}: {earlier.losses} and "
            f"{point.losses}. Give runs with different seeds different names, or delete one row"
        )
    return "repeats an earlier point"


def base_losses(points: Iterable[Point]) -> dict[int, float]:
    """Return the general loss before training (D = 0) by N, N rising, of the bases that were measured."""
    found: dict[int, float] = {}
    for point in points:
        if point.num_tokens == 0 and _finite(point):
            found.setdefault(point.num_parameters, point.general_loss)
    return dict(sorted(found.items()))


def sizes_out_of_order(points: Iterable[Point]) -> list[int]:
    """Return the sizes whose base (D = 0) has a general loss no lower than a smaller base's."""
    return [size for (_, before), (size, loss) in pairwise(base_losses(points).items()) if loss >= before]


def check_enough(points: list[Point], where: str = "points") -> None:
    """Raise StrataError unless the usable ``points`` can determine how the losses depend on the share."""
    usable = [point for point in points if not point.excluded]
    left_out = len(points) - len(usable)
    shares = sorted({point.domain_share for point in usable})
    runs = {point.run for point in usable}
    if len(shares) < MIN_SHARES:
        raise StrataError(
            f"{where}: the law needs at least {MIN_SHARES} different domain shares, got {len(shares)} "
            f"({', '.join(f'{share:g}' for share in shares) or 'none'}) after leaving {left_out} points out. "
            "Train proxies at more shares"
        )
    if len(usable) < MIN_POINTS or len(runs) < MIN_RUNS:
        raise StrataError(
            f"{where}: the law needs at least {MIN_POINTS} points from {MIN_RUNS} runs, got {len(usable)} from "
            f"{len(runs)} after leaving {left_out} points out. Train more proxies"
        )


MIN_SHARES = 3
MIN_POINTS = 8
MIN_RUNS = 4


def reversed_trend(points: list[Point]) -> tuple[bool, bool]:
    """Say whether the domain loss rises, and whether the general loss falls, as the domain share grows.

    Measured as the sign of the mean least-squares slope over the groups of equal (N, D) that have two shares or more.
    """
    groups: dict[tuple[int, int], list[Point]] = {}
    for point in points:
        if not point.excluded:
            groups.setdefault((point.num_parameters, point.num_tokens), []).append(point)
    slopes: list[tuple[float, float]] = []
    for group in groups.values():
        mean = sum(p.domain_share for p in group) / len(group)
        spread = sum((p.domain_share - mean) ** 2 for p in group)
        if spread > 0:
            slopes.append(
                (
                    sum((p.domain_share - mean) * p.domain_loss for p in group) / spread,
                    sum((p.domain_share - mean) * p.general_loss for p in group) / spread,
                )
            )
    if not slopes:
        return False, False
    return sum(s[0] for s in slopes) > 0, sum(s[1] for s in slopes) < 0


def refuse_swapped(points: list[Point], where: str = "points") -> None:
    """Raise StrataError where both losses move the wrong way: then columns or shares have been exchanged."""
    domain_rises, general_falls = reversed_trend(points)
    if domain_rises and general_falls:
        raise StrataError(
            f"{where}: domain_loss rises and general_loss falls as domain_share grows. Either the two loss columns are "
            "exchanged, or domain_share holds the general share: correct the columns"
        )
