"""Horizontal bars with intervals, in groups: a name of any length stands beside its bar, never rotated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.formatting import column_decimals, number
from pipeline.report.markup import Markup, join, shorten, tag, text_width
from pipeline.report.scales import Scale, widen
from pipeline.report.svg import FONT, FULL, NARROW, Plot, canvas, finite, hue, line, text, x_axis

_ROW = 24.0
_BAR = 13.0
_GROUP_HEAD = 25.0


@dataclass(frozen=True)
class Bar:
    name: str
    group: str
    value: float | None
    low: float | None
    high: float | None
    colour: int


@dataclass(frozen=True)
class Bars:
    """A block's data, checked; bars of a group stand together, in the order in which groups first appear."""

    y_label: str
    groups: tuple[tuple[str, tuple[Bar, ...]], ...]

    @property
    def all(self) -> list[Bar]:
        return [bar for _, bars in self.groups for bar in bars]


def read_bars(data: Mapping[str, Any]) -> Bars:
    """Check a bars block. Raises KeyError, TypeError or ValueError for what is not as the contract says.

    A name that appears in several groups has one colour in all of them; without groups all bars have the same.
    """
    if not data["bars"]:
        raise ValueError("there is nothing to draw: no bars")
    grouped = any(entry.get("group") for entry in data["bars"])
    colours: dict[str, int] = {}
    groups: dict[str, list[Bar]] = {}
    for entry in data["bars"]:
        name, group = str(entry["name"]), str(entry.get("group") or "")
        colour = colours.setdefault(name, len(colours)) if grouped else 0
        values = (finite(entry["value"]), finite(entry.get("low")), finite(entry.get("high")))
        groups.setdefault(group, []).append(Bar(name, group, *values, colour))
    return Bars(str(data["y_label"]), tuple((group, tuple(bars)) for group, bars in groups.items()))


def draw(bars: Bars, title: str, width: float, class_: str) -> Markup:
    """Return the chart at one width; its height follows the number of bars."""
    shown = _value_texts(bars)
    name_width = min(max(text_width(bar.name, FONT) for bar in bars.all) + 12, width * 0.38)
    value_width = max(text_width(label, FONT) for label in shown.values()) + 14
    heads = sum(_GROUP_HEAD for group, _ in bars.groups if group)
    bottom = 10 + heads + _ROW * len(bars.all)
    plot = Plot(left=name_width, top=6, right=width - value_width, bottom=bottom)
    reach = [value for bar in bars.all for value in (bar.value, bar.low, bar.high) if value is not None]
    low, high = min([0.0, *reach]), max([0.0, *reach])
    if low == high:
        high = 1.0
    most = {FULL: 8, NARROW: 3}.get(width, 5)
    scale = Scale(*widen(low, high, most), plot.left, plot.right)
    ticks = scale.ticks(most)
    parts = [line(scale(value), plot.top, scale(value), plot.bottom, "grid") for value, _ in ticks]
    parts.append(x_axis(plot, ticks, scale, bars.y_label))
    y = 8.0
    for group, members in bars.groups:
        if group:
            parts.append(text(0, y + 15, shorten(group, FONT, width), "group"))
            y += _GROUP_HEAD
        for bar in members:
            parts.append(_draw_bar(bar, y, scale, name_width, shown[(bar.group, bar.name)]))
            y += _ROW
    parts.append(line(scale(0), plot.top, scale(0), plot.bottom, "axis"))
    return canvas(width, bottom + 46, title, *parts, class_=f"chart {class_}")


def _value_texts(bars: Bars) -> dict[tuple[str, str], str]:
    decimals = column_decimals([bar.value for bar in bars.all])
    whole = all(bar.value is None or bar.value.is_integer() for bar in bars.all)
    return {
        (bar.group, bar.name): number(int(bar.value) if whole and bar.value is not None else bar.value, decimals)
        for bar in bars.all
    }


def _draw_bar(bar: Bar, y: float, scale: Scale, name_width: float, shown: str) -> Markup:
    middle = y + _ROW / 2
    name = shorten(bar.name, FONT, name_width - 10)
    told = f"{bar.name}: {shown}"
    if bar.low is not None and bar.high is not None:
        told += f" (interval {number(bar.low)} to {number(bar.high)})"
    parts: list[Markup] = [tag("title", told), text(name_width - 8, middle + 4, name, "name", "end")]
    rightmost = scale(0)
    if bar.value is not None:
        start, end = sorted((scale(0), scale(bar.value)))
        parts.append(tag("rect", x=start, y=middle - _BAR / 2, width=max(end - start, 1.0), height=_BAR, class_="bar"))
        rightmost = max(rightmost, end)
    if bar.low is not None and bar.high is not None:
        left, right = scale(bar.low), scale(bar.high)
        parts.append(line(left, middle, right, middle, "interval"))
        parts += [line(x, middle - 4, x, middle + 4, "interval") for x in (left, right)]
        rightmost = max(rightmost, right)
    parts.append(text(rightmost + 6, middle + 4, shown, "value"))
    return tag("g", join(parts), class_=hue(bar.colour))
