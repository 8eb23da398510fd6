"""Curves: lines, dashed lines and points with bands, on a linear or logarithmic x axis."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.formatting import number
from pipeline.report.markup import BOLD, Markup, join, pixels, shorten, tag, text_width
from pipeline.report.scales import Scale, extent, spread, widen
from pipeline.report.svg import (
    FONT,
    FULL,
    NARROW,
    LegendEntry,
    Plot,
    canvas,
    finite,
    hue,
    legend,
    line,
    marker,
    text,
    x_axis,
    y_axis,
)

MOST_POINTS = 400
"""A longer series is thinned to the lowest and highest value of each of 200 stretches, so that spikes stay."""
MOST_VALUE_ROWS = 200
_MOST_DIRECT_LABELS = 8
_LABEL_GAP = 15.0


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Series:
    name: str
    style: str
    colour: int
    """Series of one name share a colour: a fitted line and the points it was fitted to."""
    pieces: tuple[tuple[Point, ...], ...]
    """Cut where a value is missing."""

    @property
    def points(self) -> list[Point]:
        return [point for piece in self.pieces for point in piece]


@dataclass(frozen=True)
class Curves:
    """A block's data, checked."""

    x_label: str
    y_label: str
    x_log: bool
    series: tuple[Series, ...]
    marks: tuple[tuple[float, str], ...]

    def entries(self) -> list[LegendEntry]:
        """Return one legend entry per name."""
        styles: dict[tuple[str, int], set[str]] = {}
        for series in self.series:
            styles.setdefault((series.name, series.colour), set()).add(series.style)
        return [LegendEntry(name, colour, _together(found)) for (name, colour), found in styles.items()]


def _together(styles: set[str]) -> str:
    if "points" in styles and len(styles) > 1:
        return "both"
    return "line" if "line" in styles else next(iter(sorted(styles)))


def read_curves(data: Mapping[str, Any]) -> Curves:
    """Check a curves block. Raises KeyError, TypeError or ValueError for what is not as the contract says."""
    x_log = bool(data.get("x_log", False))
    colours: dict[str, int] = {}
    series: list[Series] = []
    for entry in data["series"]:
        name, style = str(entry["name"]), str(entry.get("style", "line"))
        if style not in ("line", "points", "dashed"):
            raise ValueError(f"style must be line, points or dashed, got {style!r}")
        colour = colours.setdefault(name, len(colours))
        series.append(Series(name, style, colour, _pieces(entry, x_log)))
    if not any(one.pieces for one in series):
        raise ValueError("there is nothing to draw: no series has a finite value" + " above x = 0" * x_log)
    found = ((finite(mark["x"]), str(mark["label"])) for mark in data.get("marks", []))
    marks = tuple((x, label) for x, label in found if x is not None and (x > 0 or not x_log))
    return Curves(str(data["x_label"]), str(data["y_label"]), x_log, tuple(series), marks)


def _pieces(entry: Mapping[str, Any], x_log: bool) -> tuple[tuple[Point, ...], ...]:
    xs, ys = entry["x"], entry["y"]
    lows, highs = entry.get("low") or [None] * len(ys), entry.get("high") or [None] * len(ys)
    pieces: list[list[Point]] = [[]]
    for x_raw, y_raw, low, high in zip(xs, ys, lows, highs, strict=True):
        x, y = finite(x_raw), finite(y_raw)
        if x is None or y is None or (x_log and x <= 0):
            pieces.append([])
        else:
            pieces[-1].append(Point(x, y, finite(low), finite(high)))
    return tuple(tuple(_thin(piece)) for piece in pieces if piece)


def _thin(points: Sequence[Point]) -> Sequence[Point]:
    if len(points) <= MOST_POINTS:
        return points
    size = math.ceil(len(points) / (MOST_POINTS // 2))
    kept = {0, len(points) - 1}
    for start in range(0, len(points), size):
        stretch = range(start, min(start + size, len(points)))
        kept.add(min(stretch, key=lambda index: points[index].y))
        kept.add(max(stretch, key=lambda index: points[index].y))
    return [points[index] for index in sorted(kept)]


def draw(curves: Curves, title: str, width: float, class_: str) -> Markup:
    """Return the chart at one width."""
    direct = width > NARROW and _labels_directly(curves)
    label_width = _direct_width(curves) if direct else 0.0
    every = [point for series in curves.series for point in series.points]
    low, high = extent([value for p in every for value in (p.y, p.low, p.high) if value is not None])
    rows_y = 5 if width <= NARROW else 6
    y_low, y_high = widen(low, high, rows_y)
    x_low, x_high = extent([point.x for point in every])
    if curves.x_log and x_low <= 0:
        x_low = x_high / 10
    mark_rows = _mark_rows(curves, Scale(x_low, x_high, 50, width - 20, curves.x_log), width)
    ticks = Scale(y_low, y_high, 0, 1).ticks(rows_y)
    plot = Plot(
        left=14 + max(text_width(name, FONT - 1) for _, name in ticks),
        top=26.0 + 15 * (max(mark_rows, default=-1) + 1),
        right=width - 14 - label_width,
        bottom={FULL: 330.0, NARROW: 220.0}.get(width, 268.0),
    )
    x = Scale(x_low, x_high, plot.left + 6, plot.right - 4, curves.x_log)
    y = Scale(y_low, y_high, plot.bottom, plot.top)
    drawn = [
        y_axis(plot, ticks, y, curves.y_label),
        x_axis(plot, x.ticks(max(3, int((plot.right - plot.left) / 58))), x, curves.x_label),
        _draw_marks(curves, x, plot, width),
        *[_band(series, x, y) for series in curves.series],
        *[_shape(series, x, y) for series in sorted(curves.series, key=lambda s: s.style == "points")],
        _direct_labels(curves, x, y, plot, label_width) if direct else None,
    ]
    geometry = [x.start, x.end, x.low, x.high, int(x.log), y.start, y.end, y.low, y.high]
    return canvas(width, plot.bottom + 46, title, *drawn, class_=f"chart {class_}", data_plot=json.dumps(geometry))


def _band(series: Series, x: Scale, y: Scale) -> Markup | None:
    if series.style == "points":
        bars = [(point, point.low, point.high) for point in series.points]
        whiskers = [
            line(x(point.x), y(low), x(point.x), y(high), "whisker")
            for point, low, high in bars
            if low is not None and high is not None
        ]
        return tag("g", *whiskers, class_=hue(series.colour)) if whiskers else None
    paths: list[Markup] = []
    for piece in series.pieces:
        upper = [(x(point.x), y(point.high)) for point in piece if point.low is not None and point.high is not None]
        lower = [(x(point.x), y(point.low)) for point in piece if point.low is not None and point.high is not None]
        if len(upper) > 1:
            paths.append(tag("path", d=_path([*upper, *reversed(lower)]) + "Z", class_="band"))
    return tag("g", *paths, class_=hue(series.colour)) if paths else None


def _shape(series: Series, x: Scale, y: Scale) -> Markup:
    if series.style == "points":
        dots = [marker(series.colour, x(point.x), y(point.y)) for point in series.points]
        return tag("g", tag("title", series.name), *dots, class_=f"points {hue(series.colour)}")
    lines: list[Markup] = [tag("title", series.name)]
    for piece in series.pieces:
        if len(piece) == 1:
            lines.append(marker(series.colour, x(piece[0].x), y(piece[0].y), 2.4))
        else:
            where = [(x(point.x), y(point.y)) for point in piece]
            lines.append(tag("path", d=_path(where), class_="line dashed" if series.style == "dashed" else "line"))
    return tag("g", *lines, class_=hue(series.colour))


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{pixels(px)} {pixels(py)}" for px, py in points)


def _labels_directly(curves: Curves) -> bool:
    names = {series.name for series in curves.series}
    with_line = {series.name for series in curves.series if series.style != "points" and series.pieces}
    styles_per_line = sum(1 for series in curves.series if series.style != "points")
    return names == with_line and styles_per_line == len(names) <= _MOST_DIRECT_LABELS


def _direct_width(curves: Curves) -> float:
    return min(180.0, 10 + max(text_width(series.name, FONT * BOLD) for series in curves.series))


def _direct_labels(curves: Curves, x: Scale, y: Scale, plot: Plot, width: float) -> Markup:
    lines = [series for series in curves.series if series.style != "points"]
    ends = [series.points[-1] for series in lines]
    wanted = [y(end.y) for end in ends]
    placed = spread(wanted, _LABEL_GAP, plot.top, plot.bottom - 4)
    parts: list[Markup] = []
    for series, end, natural, at in zip(lines, ends, wanted, placed, strict=True):
        if abs(natural - at) > 3 or x(end.x) < x.end - 1:
            elbow = [(x(end.x) + 3, natural), (plot.right + 1, at)]
            parts.append(tag("path", d=_path(elbow), class_=f"leader {hue(series.colour)}"))
        name = shorten(series.name, FONT * BOLD, width - 4)
        inside = tag("title", series.name) if name != series.name else None
        parts.append(tag("text", inside, name, x=plot.right + 4, y=at + 4, class_=f"direct {hue(series.colour)}"))
    return join(parts)


def _mark_rows(curves: Curves, x: Scale, width: float) -> list[int]:
    """Return for each mark the row, counted upwards from the plot, in which its label meets no other.

    From right to left: where labels would meet, the left one goes up, and no mark's line runs through a label.
    """
    taken: list[list[tuple[float, float]]] = []
    rows = [0] * len(curves.marks)
    for index in sorted(range(len(curves.marks)), key=lambda index: -curves.marks[index][0]):
        at, label = curves.marks[index]
        start, end = _mark_span(x(min(max(at, x.low), x.high)), label, width)
        free = (row for row, spans in enumerate(taken) if all(end < left or start > right for left, right in spans))
        row = next(free, len(taken))
        if row == len(taken):
            taken.append([])
        taken[row].append((start - 8, end + 8))
        rows[index] = row
    return rows


def _mark_span(at: float, label: str, width: float) -> tuple[float, float]:
    size = text_width(label, FONT - 1)
    return (at - size - 5, at) if at + size + 5 > width - 10 else (at, at + size + 5)


def _draw_marks(curves: Curves, x: Scale, plot: Plot, width: float) -> Markup:
    rows = _mark_rows(curves, x, width)
    parts: list[Markup] = []
    for (at, label), row in zip(curves.marks, rows, strict=True):
        if not x.low <= at <= x.high:
            continue
        position, top = x(at), plot.top - 5 - 15 * row
        start, _ = _mark_span(position, label, width)
        flipped = start < position
        parts.append(line(position, top - 9, position, plot.bottom, "mark"))
        shown = shorten(label, FONT - 1, width - 20)
        parts.append(text(position - 4 if flipped else position + 4, top, shown, "mark", "end" if flipped else ""))
    return join(parts)


def below(curves: Curves) -> tuple[Markup | None, Markup]:
    """Return the legend (on narrow screens only, where lines carry their names) and the values as a table."""
    entries = curves.entries()
    direct = _labels_directly(curves)
    if len(entries) < 2 and direct:
        return None, values_table(curves)
    return legend(entries, "on-narrow" if direct else ""), values_table(curves)


def values_table(curves: Curves) -> Markup:
    """Return every drawn value in a folded table; long series are thinned evenly, and the table says so."""
    points = [(series.name, point) for series in curves.series for point in series.points]
    stride = max(1, math.ceil(len(points) / MOST_VALUE_ROWS))
    has_interval = any(point.low is not None for _, point in points)
    columns = ["series", curves.x_label, curves.y_label] + (["low", "high"] if has_interval else [])
    rows: list[Markup] = []
    for name, point in points[::stride]:
        cells = [point.x, point.y] + ([point.low, point.high] if has_interval else [])
        numbers = [tag("td", number(_whole(value)), class_="number") for value in cells]
        rows.append(tag("tr", tag("th", name, scope="row"), *numbers))
    head = tag("tr", *[tag("th", name, scope="col", class_="number" if i else None) for i, name in enumerate(columns)])
    said = f"Values (one in {stride} of {len(points)})" if stride > 1 else "Values"
    table = tag("table", tag("thead", head), tag("tbody", *rows))
    scroll = tag("div", table, class_="scroll", tabindex="0")
    return tag("details", tag("summary", said), scroll, class_="values")


def _whole(value: float | None) -> float | int | None:
    return int(value) if value is not None and value.is_integer() and abs(value) < 1e15 else value


def hover_data(curves: Curves) -> str:
    """Return the points as JSON for the page's script, which shows the values nearest to the pointer."""
    series = [
        {"n": one.name, "c": hue(one.colour), "x": [p.x for p in one.points], "y": [p.y for p in one.points]}
        for one in curves.series
    ]
    return json.dumps({"x": curves.x_label, "log": curves.x_log, "series": series}, ensure_ascii=False)
