"""Documents in and out of every data step, by rule: a table, and bars of what is kept and what each rule drops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from pipeline.formatting import byte_size, number, percent
from pipeline.report.markup import Child, Markup, shorten, tag, text_width
from pipeline.report.record import StepRecord
from pipeline.report.scales import Scale
from pipeline.report.svg import FONT, KEPT, NARROW, LegendEntry, Plot, canvas, hue, legend, line, text, x_axis
from pipeline.report.tables import table

MOST_COLOURED_RULES = 7
_OTHER = "other rules"
_ROW = 26.0
_BAR = 15.0


@dataclass(frozen=True)
class Flow:
    """One step's documents."""

    step: str
    num_in: int
    num_out: int
    dropped: Mapping[str, int]
    """Rule -> documents, most first."""
    num_bytes: int | None


def flows_of(steps: Sequence[StepRecord]) -> list[Flow]:
    """Return the flow of every step whose metrics count documents in and out."""
    flows: list[Flow] = []
    for step in steps:
        num_in, num_out = step.metrics.get("documents_in"), step.metrics.get("documents_out")
        if not (_is_count(num_in) and _is_count(num_out)):
            continue
        dropped = step.metrics.get("dropped_by_rule")
        rules = dropped.items() if isinstance(dropped, Mapping) else ()
        counts = {str(rule): int(n) for rule, n in rules if _is_count(n) and n}
        ordered = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
        size = step.metrics.get("bytes_out")
        flows.append(Flow(step.name, int(num_in), int(num_out), ordered, int(size) if _is_count(size) else None))
    return flows


def _is_count(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def flow_table(flows: Sequence[Flow], anchors: Mapping[str, str]) -> Markup:
    """Return one row per step: in, out, kept, size, and the rules that dropped something."""
    rows: list[list[Child]] = []
    for flow in flows:
        rows.append(
            [
                tag("a", flow.step, href=f"#{anchors[flow.step]}"),
                number(flow.num_in),
                number(flow.num_out),
                percent(flow.num_out, flow.num_in),
                "–" if flow.num_bytes is None else byte_size(flow.num_bytes),
                _rules(flow),
            ]
        )
    columns = ["step", "documents in", "out", "kept", "text out", "dropped, by rule"]
    return table(columns, rows, [False, True, True, True, True, False], "flows")


def _rules(flow: Flow) -> Child:
    if not flow.dropped:
        return "–" if flow.num_out >= flow.num_in else f"{number(flow.num_in - flow.num_out)}, rules not given"
    items = [tag("li", tag("b", number(count)), " ", rule) for rule, count in flow.dropped.items()]
    return tag("ul", *items, class_="rules")


def ranked_rules(flows: Sequence[Flow]) -> list[str]:
    """Return the rules that drop most in all steps together; those beyond the first seven share a colour."""
    totals: dict[str, int] = {}
    for flow in flows:
        for rule, count in flow.dropped.items():
            totals[rule] = totals.get(rule, 0) + count
    return sorted(totals, key=lambda rule: (-totals[rule], rule))


def funnel_legend(flows: Sequence[Flow]) -> Markup:
    """Return the colours of the rules, and of what is kept."""
    rules = ranked_rules(flows)
    entries = [LegendEntry(rule, colour, "area") for colour, rule in enumerate(rules[:MOST_COLOURED_RULES])]
    if len(rules) > MOST_COLOURED_RULES:
        entries.append(LegendEntry(_OTHER, MOST_COLOURED_RULES, "area"))
    return legend([LegendEntry("kept", KEPT, "area"), *entries])


def draw_funnel(flows: Sequence[Flow], width: float, class_: str) -> Markup:
    """Return a bar per step: kept, then dropped by rule; lengths are documents on one scale."""
    colours = {rule: min(place, MOST_COLOURED_RULES) for place, rule in enumerate(ranked_rules(flows))}
    name_width = min(max(text_width(flow.step, FONT) for flow in flows) + 12, width * 0.34)
    told = [
        f"−{percent(flow.num_in - flow.num_out, flow.num_in)}" if flow.num_in > flow.num_out else "" for flow in flows
    ]
    value_width = max(text_width(label, FONT) for label in told) + 16
    plot = Plot(name_width, 6, width - value_width, 10 + _ROW * len(flows))
    scale = Scale(0, max(max(flow.num_in, flow.num_out) for flow in flows) or 1, plot.left, plot.right)
    ticks = scale.ticks(3 if width <= NARROW else 7)
    parts = [line(scale(value), plot.top, scale(value), plot.bottom, "grid") for value, _ in ticks]
    parts.append(x_axis(plot, ticks, scale, "documents"))
    for row, (flow, lost) in enumerate(zip(flows, told, strict=True)):
        parts.append(_funnel_row(flow, lost, plot.top + 2 + row * _ROW, scale, name_width, colours))
    parts.append(line(plot.left, plot.top, plot.left, plot.bottom, "axis"))
    return canvas(width, plot.bottom + 46, "Documents kept and dropped, by step", *parts, class_=f"chart {class_}")


def _funnel_row(flow: Flow, lost: str, y: float, scale: Scale, name_width: float, colours: Mapping[str, int]) -> Markup:
    middle = y + _ROW / 2
    top = middle - _BAR / 2
    kept_end = scale(flow.num_out)
    parts = [
        text(name_width - 8, middle + 4, shorten(flow.step, FONT, name_width - 10), "name", "end"),
        tag("rect", tag("title", f"{flow.step}: {number(flow.num_out)} kept"), x=scale(0), y=top,
            width=max(kept_end - scale(0), 0.0), height=_BAR, class_="kept"),
    ]  # fmt: skip
    by_colour = sorted(flow.dropped.items(), key=lambda item: colours[item[0]])
    so_far = flow.num_out
    for rule, count in by_colour:
        start, end = scale(so_far), scale(min(so_far + count, flow.num_in))
        told = tag("title", f"{flow.step}: {number(count)} dropped by {rule}")
        width = max(end - start, 0.0)
        parts.append(tag("rect", told, x=start, y=top, width=width, height=_BAR, class_=f"area {hue(colours[rule])}"))
        so_far += count
    parts.append(text(max(scale(flow.num_in), kept_end) + 6, middle + 4, lost, "value"))
    return tag("g", *parts)
