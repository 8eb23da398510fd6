"""When each step ran: bars on a common clock, or by length alone where no start times are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.formatting import duration
from pipeline.report.markup import Markup, shorten, tag, text_width
from pipeline.report.record import StepRecord
from pipeline.report.scales import Scale
from pipeline.report.svg import FONT, NARROW, Plot, canvas, line, text

_ROW = 22.0
_BAR = 12.0
_TICK_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)

Span = tuple[StepRecord, float, float]


def spans_of(steps: Sequence[StepRecord], now: float) -> tuple[list[Span], bool]:
    """Return (step, begin, end) in seconds since the run's first step, and whether begins are real.

    ``now`` (Unix seconds) ends a step that still runs. Reused steps are left out: they ran at another time.
    """
    ran = [step for step in steps if step.status in ("done", "failed", "running")]
    if ran and all(step.started is not None for step in ran if step.status == "done" and step.seconds is not None):
        begun = [(step, step.started) for step in ran if step.started is not None]
        first = min((started for _, started in begun), default=0.0)
        spans = [
            (step, started - first, (started + step.seconds if step.seconds is not None else max(now, started)) - first)
            for step, started in begun
        ]
        return sorted(spans, key=lambda span: span[1]), True
    return [(step, 0.0, step.seconds) for step in ran if step.seconds is not None], False


def draw_timeline(spans: Sequence[Span], width: float, class_: str, anchors: Mapping[str, str]) -> Markup:
    """Return the bars at one width; ``spans`` is not empty."""
    name_width = min(max(text_width(step.name, FONT) for step, _, _ in spans) + 12, width * 0.34)
    last = max(end for _, _, end in spans) or 1.0
    plot = Plot(name_width, 24, width - (112 if width > NARROW else 74), 26 + _ROW * len(spans))
    scale = Scale(0, last, plot.left, plot.right)
    parts: list[Markup] = []
    for value in _ticks(last, max(2, int((plot.right - plot.left) / 64))):
        parts.append(line(scale(value), plot.top, scale(value), plot.bottom, "grid"))
        parts.append(text(scale(value), 14, _clock(value), "tick", "middle"))
    for row, (step, begin, end) in enumerate(spans):
        parts.append(_row(step, begin, end, plot.top + 2 + row * _ROW, scale, name_width, anchors[step.name]))
    parts.append(line(plot.left, plot.top, plot.left, plot.bottom, "axis"))
    return canvas(width, plot.bottom + 4, "When each step ran", *parts, class_=f"chart timeline {class_}")


def _row(step: StepRecord, begin: float, end: float, y: float, scale: Scale, name_width: float, anchor: str) -> Markup:
    x, length = scale(begin), max(scale(end) - scale(begin), 2.0)
    middle = y + _ROW / 2
    known = step.seconds is not None or step.status == "running"
    said = ", ".join(([duration(end - begin)] if known else []) + ([step.status] if step.status != "done" else []))
    return tag(
        "a",
        tag("title", f"{step.name}: {said}"),
        text(name_width - 8, middle + 4, shorten(step.name, FONT, name_width - 10), "name", "end"),
        tag("rect", x=x, y=middle - _BAR / 2, width=length, height=_BAR, rx=2, class_="bar"),
        text(x + length + 6, middle + 4, said, "value"),
        href=f"#{anchor}",
        class_=step.status,
    )


def _ticks(last: float, most: int) -> list[float]:
    step = next((float(s) for s in _TICK_SECONDS if last / s <= most), None)
    if step is None:
        days = -(-last // (86400 * most))
        step = 86400.0 * days
    if last < 1:
        step = last
    return [index * step for index in range(int(last / step + 1e-9) + 1)]


def _clock(seconds: float) -> str:
    """Return an axis label: ``0``, ``30 s``, ``4 min``, ``1 h 30``."""
    if seconds == 0:
        return "0"
    whole = round(seconds)
    if seconds < 1:
        return duration(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" if whole % 60 == 0 else f"{whole // 60}:{whole % 60:02d} min"
    if whole < 86400:
        return f"{whole // 3600} h" if whole % 3600 == 0 else f"{whole // 3600}:{whole % 3600 // 60:02d} h"
    return f"{whole // 86400} d" if whole % 86400 == 0 else f"{whole / 86400:.1f} d"
