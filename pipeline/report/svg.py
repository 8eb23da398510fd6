"""Parts that every chart shares: its frame, axes, legend and the figure around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pipeline.report.markup import Markup, join, pixels, tag, text_width

NUM_COLOURS = 8
KEPT = -1
"""The quiet colour of what stays, in place of a palette index."""
FONT = 12.0

FULL, HALF, NARROW = 1080.0, 512.0, 340.0
"""Widths in pixels that a chart is drawn at: across the page, in one of two columns, on a narrow screen."""


class Plot(NamedTuple):
    """The rectangle in which data is drawn, in pixels of the chart."""

    left: float
    top: float
    right: float
    bottom: float


class LegendEntry(NamedTuple):
    """A name beside a sample of how it is drawn: line, dashed, points, both, or area."""

    name: str
    colour: int
    style: str


def canvas(width: float, height: float, title: str, *children: Markup | None, **attributes: Any) -> Markup:
    """Return an SVG element that scales with its column and reads its title aloud."""
    return tag(
        "svg",
        *children,
        viewbox=f"0 0 {pixels(width)} {pixels(height)}",
        role="img",
        aria_label=title,
        **{"class_": "chart", **attributes},
    )


def text(x: float, y: float, content: str, class_: str = "", anchor: str = "", **attributes: Any) -> Markup:
    """Return a text element; ``anchor`` is start (the default), middle or end."""
    return tag("text", content, x=x, y=y, class_=class_ or None, text_anchor=anchor or None, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def x_axis(plot: Plot, ticks: Sequence[tuple[float, str]], place: Callable[[float], float], label: str) -> Markup:
    """Return ticks, their labels (those that would touch are left out) and the axis' name below the plot."""
    parts = [line(plot.left, plot.bottom, plot.right, plot.bottom, "axis")]
    free_from = -1e9
    for value, name in ticks:
        x, half = place(value), text_width(name, FONT - 1) / 2
        parts.append(line(x, plot.bottom, x, plot.bottom + 4, "axis"))
        if x - half >= free_from:
            parts.append(text(x, plot.bottom + 17, name, "tick", "middle"))
            free_from = x + half + 6
    parts.append(text((plot.left + plot.right) / 2, plot.bottom + 36, label, "label", "middle"))
    return join(parts)


def y_axis(plot: Plot, ticks: Sequence[tuple[float, str]], place: Callable[[float], float], label: str) -> Markup:
    """Return light rules across the plot, their labels, and the axis' name above its top left corner."""
    parts = [text(2, 13, label, "label")]
    for value, name in ticks:
        y = place(value)
        parts.append(line(plot.left, y, plot.right, y, "grid"))
        parts.append(text(plot.left - 7, y + 4, name, "tick", "end"))
    return join(parts)


def marker(shape: int, x: float, y: float, size: float = 3.6) -> Markup:
    """Return a point: circle, square, triangle or diamond, so that colour is never the only difference."""
    kind = shape % 4
    if kind == 0:
        return tag("circle", cx=x, cy=y, r=size)
    if kind == 1:
        return tag("rect", x=x - size * 0.88, y=y - size * 0.88, width=size * 1.76, height=size * 1.76)
    corners = {
        2: ((0.0, -1.25), (1.15, 0.8), (-1.15, 0.8)),
        3: ((0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)),
    }[kind]
    return tag("path", d="M" + "L".join(f"{pixels(x + dx * size)} {pixels(y + dy * size)}" for dx, dy in corners) + "Z")


def legend(entries: Sequence[LegendEntry], extra_class: str = "") -> Markup:
    """Return the legend as a list that wraps like text."""
    items = [tag("li", _sample(entry), entry.name) for entry in entries]
    return tag("ul", *items, class_=f"legend {extra_class}".strip())


def _sample(entry: LegendEntry) -> Markup:
    parts: list[Markup] = []
    if entry.style == "area":
        parts.append(tag("rect", x=4, y=1, width=12, height=10, rx=2, class_="area"))
    if entry.style in ("line", "dashed", "both"):
        parts.append(tag("path", d="M0 6H20", class_="line dashed" if entry.style == "dashed" else "line"))
    if entry.style in ("points", "both"):
        parts.append(marker(entry.colour, 10, 6))
    return tag("svg", *parts, viewbox="0 0 20 12", width=20, height=12, aria_hidden="true", class_=hue(entry.colour))


def hue(colour: int) -> str:
    """Return the class of the n-th colour; beyond the palette they repeat, with another dash and marker."""
    if colour == KEPT:
        return "kept"
    return f"c{colour % NUM_COLOURS}" + (" again" if colour >= NUM_COLOURS else "")


def finite(value: Any) -> float | None:
    """Return a JSON number as a float, or None for a gap; anything else is a TypeError."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"must be a number, got {value!r}")
    return float(value) if abs(value) < float("inf") else None
