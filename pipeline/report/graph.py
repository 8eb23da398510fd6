"""The graph of steps as a picture: status by colour, sign and word, the time in each node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.formatting import duration
from pipeline.report.layout import Point, Sizes, arrange
from pipeline.report.markup import BOLD, Markup, pixels, shorten, tag, text_width
from pipeline.report.record import Status, StepRecord
from pipeline.report.svg import canvas, text

_NAME = 12.0
_NAME_BOLD = _NAME * BOLD
_NODE_HEIGHT = 42.0
_LAYER_GAP = 26.0
_MARGIN = 6.0
STATUSES: tuple[Status, ...] = ("done", "reused", "running", "failed", "pending")
_SIGNS: Mapping[str, str] = {
    "done": "M-4 0.5L-1.2 3.4L4.2 -3",
    "reused": "M3.6 -1.8A4 4 0 1 0 4 1M4.3 -4.4V-1.4H1.3",
    "running": "M-2.6 -4L4 0L-2.6 4Z",
    "failed": "M-3.4 -3.4L3.4 3.4M3.4 -3.4L-3.4 3.4",
    "pending": "M-3.4 0H-3.2M0 0H0.2M3.4 0H3.6",
}


def draw_graph(steps: Sequence[StepRecord], anchors: Mapping[str, str]) -> Markup:
    """Return the graph; each node links to its step's record further down (``anchors``: step -> id)."""
    names = [step.name for step in steps]
    edges = edges_of(steps)
    widest = max((text_width(step.name, _NAME_BOLD) for step in steps), default=0)
    sizes = Sizes(min(max(widest + 40, 128.0), 184.0), _NODE_HEIGHT, _LAYER_GAP)
    layout = arrange(names, edges, sizes)
    lines = [
        tag("path", d=_curve(layout.edges[edge]), class_="edge", data_from=anchors[edge[0]], data_to=anchors[edge[1]])
        for edge in edges
    ]
    nodes = [_node(step, layout.nodes[step.name], sizes, anchors[step.name]) for step in steps]
    moved = f"translate({pixels(_MARGIN)} {pixels(_MARGIN)})"
    width, height = layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN
    return canvas(
        width,
        height,
        f"Graph of {len(steps)} steps and what each needs",
        tag("g", *lines, *nodes, transform=moved),
        class_="graph",
        style=f"width:{pixels(width)}px",
    )


def edges_of(steps: Sequence[StepRecord]) -> list[tuple[str, str]]:
    """Return (needed step, step) pairs, each once; a step that is not on the page is left out."""
    seen: set[str] = set()
    edges: dict[tuple[str, str], None] = {}
    for step in steps:
        for needed in (name for names in step.needs.values() for name in names):
            if needed in seen:
                edges[needed, step.name] = None
        seen.add(step.name)
    return list(edges)


def status_sign(status: str, x: float, y: float) -> Markup:
    """Return the small sign of a status, centred at (x, y)."""
    return tag("path", d=_SIGNS[status], transform=f"translate({pixels(x)} {pixels(y)})", class_="sign")


def status_legend(steps: Sequence[StepRecord]) -> Markup:
    """Return how many steps have each status, with its sign."""
    items = []
    for status in STATUSES:
        count = sum(1 for step in steps if step.status == status)
        if count:
            sign = tag("svg", status_sign(status, 7, 7), viewbox="0 0 14 14", width=14, height=14, aria_hidden="true")
            items.append(tag("li", sign, f"{count} {status}", class_=status))
    return tag("ul", *items, class_="legend statuses")


def _curve(points: Sequence[Point]) -> str:
    path = [f"M{pixels(points[0][0])} {pixels(points[0][1])}"]
    for index in range(0, len(points) - 1, 2):
        (x1, y1), (x2, y2) = points[index], points[index + 1]
        middle = (y1 + y2) / 2
        path.append(f"C{pixels(x1)} {pixels(middle)} {pixels(x2)} {pixels(middle)} {pixels(x2)} {pixels(y2)}")
        if index + 2 < len(points):
            path.append(f"V{pixels(points[index + 2][1])}")
    return "".join(path)


def _node(step: StepRecord, centre: Point, sizes: Sizes, anchor: str) -> Markup:
    left, top = centre[0] - sizes.node_width / 2, centre[1] - sizes.node_height / 2
    time = duration(step.seconds) if step.seconds is not None else ""
    said = " · ".join(part for part in (step.status, time) if part)
    told = f"{step.name} ({step.stage}): {said}"
    name = shorten(step.name, _NAME_BOLD, sizes.node_width - 36)
    shape = [
        tag("title", told),
        tag("rect", x=left, y=top, width=sizes.node_width, height=sizes.node_height, rx=6, class_="node"),
        status_sign(step.status, left + 15, top + 15),
        text(left + 28, top + 19, name, "name"),
        text(left + 28, top + 34, said, "note"),
    ]
    return tag("a", *shape, href=f"#{anchor}", class_=step.status, data_node=anchor)
