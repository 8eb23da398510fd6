"""The page that ``strata calibrate`` writes: a histogram for every rule, its limits, and documents on either side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pipeline.report
from data_tools.calibration import NUM_SIGMA, Near, RuleCalibration
from pipeline.report.markup import Markup, join, tag
from pipeline.report.svg import canvas, line, text

_WIDTH, _HEIGHT, _MARGIN = 512.0, 150.0, 24.0
_EXTRA_STYLE = """
.calibration svg rect { fill: var(--series-1, #3b6fb6); }
.calibration .limit { stroke-width: 2; }
.calibration .published { stroke: #888; stroke-dasharray: 2 3; }
.calibration .profile { stroke: #c0392b; }
.calibration .proposed { stroke: #1e8449; stroke-dasharray: 6 3; }
.calibration svg { max-width: 512px; }
.calibration .rules { display: grid; gap: 1.2em; grid-template-columns: repeat(auto-fill, minmax(460px, 1fr)); }
.calibration td { white-space: nowrap; }
.calibration pre { white-space: pre-wrap; max-height: 14em; overflow: auto; font-size: 12px; }
.calibration details { margin: 4px 0; }
"""


def render(found: Mapping[str, Sequence[RuleCalibration]], profile: str) -> str:
    """Return one HTML document that needs nothing beside it."""
    style = (Path(pipeline.report.__file__).parent / "page.css").read_text("utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("title", "Calibration · Strata"),
        tag("style", Markup(style + _EXTRA_STYLE)),
    )
    intro = tag(
        "p",
        "What each quality rule measures, with the published limit (grey, dotted), the limit of profile "
        f"{profile} (red) and the proposal, mean ± {NUM_SIGMA:g} standard deviations (green, dashed). Counts of words "
        "are on a logarithmic scale.",
    )
    sections = [_corpus(name, rules) for name, rules in found.items()]
    body = tag("body", tag("main", tag("h1", "Calibration"), intro, *sections, class_="calibration"))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _corpus(name: str, rules: Sequence[RuleCalibration]) -> Markup:
    columns = ("rule", "published", "profile", "proposed", "mean", "sigma", "beyond published", "profile", "proposed")
    rows = [
        tag("tr", *(tag("td", cell) for cell in (
            one.rule.name, f"{one.rule.published:g}", _number(one.limit), f"{one.proposed:g}",
            f"{one.mean:.3g}", f"{one.deviation:.2g}",
            *(f"{one.beyond[limit]:.2%}" for limit in ("published", "profile", "proposed")),
        )))
        for one in rules
    ]  # fmt: skip
    table = tag("table", tag("thead", tag("tr", *(tag("th", column) for column in columns))), tag("tbody", *rows))
    return tag(
        "section",
        tag("h2", f"{name}: {rules[0].num_documents:,} documents"),
        table,
        tag("div", *map(_rule, rules), class_="rules"),
    )


def _number(value: float | None) -> str:
    return "off" if value is None else f"{value:g}"


def _rule(one: RuleCalibration) -> Markup:
    lists = [_near(name, near, one) for name, near in one.near.items() if near]
    return tag("div", tag("h3", one.rule.name), _histogram(one), *lists)


def _histogram(one: RuleCalibration) -> Markup:
    counts, edges = one.histogram
    low, high = edges[0], edges[-1]
    limits = {"published": one.rule.published, "profile": one.limit, "proposed": one.proposed}
    places = {name: _scaled(one, value) for name, value in limits.items() if value is not None}
    left, right = min([low, *places.values()]), max([high, *places.values()])
    span = (right - left) or 1.0

    def x(value: float) -> float:
        return _MARGIN + (value - left) / span * (_WIDTH - 2 * _MARGIN)

    most = math.log1p(max(counts))
    floor = _HEIGHT - _MARGIN
    bars = [
        tag(
            "rect",
            x=x(begin),
            y=floor - (floor - 8) * math.log1p(count) / most,
            width=max(x(end) - x(begin) - 0.5, 0.5),
            height=(floor - 8) * math.log1p(count) / most,
        )
        for count, begin, end in zip(counts, edges, edges[1:], strict=False)
        if count
    ]
    marks = [line(x(place), 4, x(place), floor, f"limit {name}") for name, place in places.items()]
    axis = [
        text(x(left), _HEIGHT - 6, _shown(one, left)),
        text(x(right), _HEIGHT - 6, _shown(one, right), anchor="end"),
    ]
    return canvas(
        _WIDTH, _HEIGHT, f"Histogram of {one.rule.name}, documents on a logarithmic scale", *bars, *marks, *axis
    )


def _scaled(one: RuleCalibration, value: float) -> float:
    return math.log10(max(value, 1.0)) if one.rule.measure == "words" else value


def _shown(one: RuleCalibration, value: float) -> str:
    return f"{10**value:.3g}" if one.rule.measure == "words" else f"{value:.3g}"


def _near(name: str, near: Sequence[Near], one: RuleCalibration) -> Markup:
    limit = one.limit if name == "profile" else one.proposed
    rows = [
        tag(
            "div",
            tag("b", f"{'inside' if each.is_inside else 'outside'}, {each.value:.4g}: {each.source or each.id}"),
            tag("pre", each.head),
        )
        for each in near
    ]
    return tag("details", tag("summary", f"documents around the {name} limit, {_number(limit)}"), join(rows))
