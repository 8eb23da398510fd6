"""The page from top to bottom: results, graph, time, documents, what each part of the chain found, the record."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from pipeline.formatting import duration
from pipeline.report.blocks import Placed, draw_blocks
from pipeline.report.documents import draw_funnel, flow_table, flows_of, funnel_legend
from pipeline.report.graph import draw_graph, status_legend
from pipeline.report.markup import Child, Markup, join, tag
from pipeline.report.record import ReportInput, StepRecord
from pipeline.report.svg import FULL, HALF, NARROW
from pipeline.report.tables import cell_text, pairs, record
from pipeline.report.timeline import draw_timeline, spans_of

SECTIONS = ("Data", "Mixture", "Training", "Merge", "Evaluation")
_HEADLINE = re.compile(
    r"^(?P<label>[^:]+):\s*(?P<base>[^:]+?)\s*(?:->|→)\s*(?P<adapted>\S+)\s*(?P<rest>.*)$", re.DOTALL
)

Section = tuple[str, str, Markup]
"""Title, id, content."""


def render(report: ReportInput) -> str:
    """Return the report as one HTML document that needs nothing beside it."""
    anchors = step_anchors([step.name for step in report.steps])
    sections = [section for section in _sections(report, anchors) if section is not None]
    body = [tag("section", tag("h2", title), content, id=anchor) for title, anchor, content in sections]
    links = [tag("li", tag("a", title, href=f"#{anchor}")) for title, anchor, _ in sections]
    nav = tag("nav", tag("ul", *links), aria_label="Sections")
    main = tag("main", _cards(report.headline), _alerts(report.steps, anchors), *body)
    footer = tag("footer", f"Written by Strata, started {report.started}. The page needs no network.")
    script = tag("script", _file("page.js"))
    page = tag("html", _head(report), tag("body", _header(report), nav, main, footer, script), lang="en")
    return f"<!doctype html>\n{page}\n"


@cache
def _file(name: str) -> Markup:
    """Return the style sheet or the script, which lie beside this module."""
    return Markup(Path(__file__).with_name(name).read_text("utf-8"))


def _head(report: ReportInput) -> Markup:
    digest = base64.b64encode(hashlib.sha256(_file("page.js").encode()).digest()).decode()
    closed = "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'unsafe-inline'"
    policy = f"{closed}; script-src 'sha256-{digest}'"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="generator", content="Strata"),
        tag("title", f"{report.recipe} · Strata"),
        tag("style", _file("page.css")),
    )


def step_anchors(names: Sequence[str]) -> dict[str, str]:
    """Return an id for each step's record: ``step-cpt``, so that a link to it can be written by hand."""
    anchors: dict[str, str] = {}
    for index, name in enumerate(names):
        plain = f"step-{re.sub(r'[^A-Za-z0-9_-]+', '-', name)}"
        anchors[name] = f"{plain}-{index}" if plain in anchors.values() else plain
    return anchors


def _header(report: ReportInput) -> Markup:
    counts = {status: sum(1 for step in report.steps if step.status == status) for status in ("failed", "pending")}
    state = "failed" if counts["failed"] else "unfinished" if counts["pending"] else "complete"
    class_ = {"failed": "failed", "unfinished": "pending"}.get(state, "done")
    facts: list[Child] = []
    for name, value in (("domain", report.domain), ("profile", report.profile), ("started", report.started)):
        facts += [f"{name} ", tag("b", value), " · "]
    facts += ["took ", tag("b", duration(report.seconds))]
    copy = tag("button", "copy", type="button", data_copy=report.checkpoint)
    checkpoint = (
        tag("p", "Checkpoint", tag("code", report.checkpoint), copy, class_="path") if report.checkpoint else None
    )
    title = tag("h1", f"Recipe {report.recipe}", tag("span", state, class_=f"chip {class_}"))
    return tag("header", title, tag("p", *facts, class_="facts"), checkpoint, class_="top")


def _cards(headline: Sequence[str]) -> Markup | None:
    cards = [_card(line) for line in headline]
    return tag("div", *cards, class_="cards") if cards else None


def _card(line: str) -> Markup:
    found = _HEADLINE.match(line.strip())
    if found is None:
        return tag("div", tag("p", line, class_="whole"), class_="card")
    adapted = found["adapted"].rstrip(",;")
    change = [
        tag("span", found["base"], class_="base"),
        tag("span", "→", class_="arrow", aria_label="becomes", role="img"),
        tag("span", adapted, class_="adapted"),
    ]
    rest = tag("p", found["rest"], class_="rest") if found["rest"] else None
    return tag(
        "div",
        tag("div", found["label"].strip(), class_="label"),
        tag("div", *change, class_="change"),
        rest,
        class_="card",
    )


def _alerts(steps: Sequence[StepRecord], anchors: Mapping[str, str]) -> Markup | None:
    """Return what must not be overlooked: failures with their messages, then every warning."""
    boxes: list[Markup] = []
    for step in steps:
        if step.status == "failed":
            link = tag("a", step.name, href=f"#{anchors[step.name]}")
            boxes.append(
                tag("div", tag("b", "Step ", link, " failed"), tag("pre", step.error), class_="callout failed")
            )
    found = [(step, text) for step in steps for text in _warnings(step)]
    if found:
        items = [tag("li", tag("a", step.name, href=f"#{anchors[step.name]}"), ": ", text) for step, text in found]
        count = f"{len(found)} warning{'s' if len(found) > 1 else ''}"
        boxes.append(tag("div", tag("b", count), tag("ul", *items), class_="callout warning"))
    return tag("div", *boxes, class_="alerts", role="alert") if boxes else None


def _warnings(step: StepRecord) -> list[str]:
    blocks = [block for block in step.blocks if block.kind == "text" and block.data.get("severity") == "warning"]
    return [*step.warnings, *(f"{block.title}. {block.data.get('text', '')}".lstrip(". ") for block in blocks)]


def _sections(report: ReportInput, anchors: Mapping[str, str]) -> list[Section | None]:
    steps = report.steps
    named: dict[str, list[Placed]] = {section: [] for section in SECTIONS}
    own: dict[str, list[Placed]] = {}
    for step in steps:
        for block in step.blocks:
            if not block.section:
                own.setdefault(step.name, []).append(Placed(block, step.name, ""))
                continue
            title = next((name for name in SECTIONS if name.lower() == block.section.lower()), block.section)
            named.setdefault(title, []).append(Placed(block, step.name, anchors[step.name]))
    found: list[Section | None] = [_graph(steps, anchors), _time(report, anchors)]
    for index, (title, placed) in enumerate(named.items()):
        ordered = sorted(placed, key=lambda one: one.block.order)
        parts = [_flows(steps, anchors) if title == "Data" else None, draw_blocks(ordered) if ordered else None]
        if any(parts):
            anchor = title.lower() if title in SECTIONS else f"section-{index}"
            found.append((title, anchor, join(part for part in parts if part)))
    if own:
        groups = [
            tag("div", tag("h3", tag("a", name, href=f"#{anchors[name]}")),
                draw_blocks(sorted(placed, key=lambda one: one.block.order)), class_="step-blocks")
            for name, placed in own.items()
        ]  # fmt: skip
        found.append(("By step", "by-step", join(groups)))
    return [*found, _records(steps, anchors), _origin(report)]


def _graph(steps: Sequence[StepRecord], anchors: Mapping[str, str]) -> Section | None:
    if not steps:
        return None
    frame = tag("div", draw_graph(steps, anchors), class_="graph-frame", tabindex="0")
    return "Steps", "steps", tag("div", status_legend(steps), frame, class_="panel")


def _time(report: ReportInput, anchors: Mapping[str, str]) -> Section | None:
    starts = [step.started for step in report.steps if step.started is not None and step.status == "running"]
    spans, on_a_clock = spans_of(report.steps, max(starts, default=0.0))
    if not spans:
        return None
    charts = [
        draw_timeline(spans, width, name, anchors)
        for width, name in ((FULL, "full"), (HALF, "half"), (NARROW, "narrow"))
    ]
    said = "Since the first step of this run." if on_a_clock else "How long each step took; start times are not known."
    num_reused = sum(1 for step in report.steps if step.status == "reused")
    if num_reused:
        said += f" {num_reused} reused {'step is' if num_reused == 1 else 'steps are'} left out."
    return "Time", "time", tag("div", *charts, tag("p", said, class_="note"), class_="panel block full")


def _flows(steps: Sequence[StepRecord], anchors: Mapping[str, str]) -> Markup | None:
    flows = flows_of(steps)
    if not flows:
        return None
    charts = [draw_funnel(flows, width, name) for width, name in ((FULL, "full"), (HALF, "half"), (NARROW, "narrow"))]
    bars = tag("figure", tag("figcaption", tag("h3", "Documents kept and dropped")), *charts, funnel_legend(flows),
               class_="block full")  # fmt: skip
    caption = tag("figcaption", tag("h3", "Documents in and out, by rule"))
    return tag(
        "div",
        bars,
        tag("figure", caption, flow_table(flows, anchors), class_="block full"),
        class_="blocks flows-first",
    )


def _records(steps: Sequence[StepRecord], anchors: Mapping[str, str]) -> Section | None:
    if not steps:
        return None
    return "Record of each step", "records", join(_record(step, anchors) for step in steps)


def _record(step: StepRecord, anchors: Mapping[str, str]) -> Markup:
    time = duration(step.seconds) if step.seconds is not None else ""
    aside = " · ".join(part for part in (f"stage {step.stage}", time, step.key) if part)
    chip = tag("span", step.status, class_=f"chip {step.status}")
    summary = tag("summary", tag("b", step.name), chip, tag("span", aside, class_="aside"))
    parts: list[Markup | None] = [tag("div", tag("pre", step.error), class_="callout failed") if step.error else None]
    parts += [tag("div", text, class_="callout warning") for text in step.warnings]
    needs = [(role, names) for role, names in step.needs.items() if names]
    if needs:
        parts += [tag("h4", "Needs"), record([(role, join(_links(names, anchors))) for role, names in needs])]
    for title, values in (("Parameters", step.parameters), ("Metrics", step.metrics), ("Resources", step.resources)):
        drawn = pairs(values)
        parts += [tag("h4", title), drawn] if drawn is not None else []
    return tag("details", summary, tag("div", *parts, class_="inside"), id=anchors[step.name])


def _links(names: Sequence[str], anchors: Mapping[str, str]) -> list[Child]:
    links: list[Child] = []
    for index, name in enumerate(names):
        links.append(", " if index else None)
        links.append(tag("a", name, href=f"#{anchors[name]}") if name in anchors else name)
    return links


def _origin(report: ReportInput) -> Section:
    copy = tag("button", "copy", type="button", data_copy=report.command)
    facts: list[tuple[str, Child]] = [("command", tag("span", tag("code", report.command), " ", copy))]
    if report.overrides:
        facts.append(("overrides", join(tag("div", tag("code", one)) for one in report.overrides)))
    facts.append(("commit", tag("code", report.commit or "not a git checkout")))
    facts += [(name, cell_text(value)) for name, value in report.machine.items()]
    if report.licenses:
        facts.append(("licenses", ", ".join(report.licenses)))
    origin = tag("figure", tag("figcaption", tag("h3", "Run")), record(facts), class_="block half")
    versions = pairs(report.versions)
    made = [
        origin,
        tag("figure", tag("figcaption", tag("h3", "Versions")), versions, class_="block half")
        if versions is not None
        else None,
    ]
    return "Origin", "origin", tag("div", *made, class_="blocks")
