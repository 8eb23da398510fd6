"""A step's blocks as figures, two beside each other where there is room."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

from pipeline.report import bars, curves
from pipeline.report.markup import Markup, join, tag, text_width
from pipeline.report.svg import FULL, HALF, NARROW
from pipeline.report.tables import cell_text, draw_table

if TYPE_CHECKING:
    from pipeline.stage import Block

_CELL_FONT = 13.0
_MOST_SHOWN_RAW = 4000


class Placed(NamedTuple):
    """A block and the step that wrote it."""

    block: Block
    step: str
    anchor: str
    """The id of the step's record, or empty where the step's name stands above already."""


def draw_blocks(placed: Sequence[Placed]) -> Markup:
    """Return the blocks in the order given. One that would stand alone in its row takes the whole width."""
    drawn: list[Markup] = []
    column = 0
    for index, one in enumerate(placed):
        alone = column == 0 and (index + 1 == len(placed) or _is_wide(placed[index + 1].block))
        wide = _is_wide(one.block) or alone
        drawn.append(_figure(one, wide))
        column = 0 if wide else 1 - column
    return tag("div", *drawn, class_="blocks")


def _is_wide(block: Block) -> bool:
    if block.kind == "text":
        return True
    if block.kind != "table":
        return False
    rows = [
        row
        for row in [block.data.get("columns"), *(block.data.get("rows") or [])[:50]]
        if isinstance(row, list | tuple)
    ]
    widths: dict[int, float] = {}
    for row in rows:
        for index, value in enumerate(row):
            widths[index] = max(widths.get(index, 0.0), text_width(cell_text(value), _CELL_FONT) + 14)
    return sum(widths.values()) > HALF


def _figure(placed: Placed, wide: bool) -> Markup:
    block = placed.block
    class_ = f"block {'full' if wide else 'half'}"
    title = tag("h3", block.title)
    source = tag("a", placed.step, href=f"#{placed.anchor}", title="the step that made it") if placed.anchor else None
    note = tag("p", block.note, class_="note") if block.note else None
    hover = None
    try:
        if block.kind == "text":
            return _callout(block, class_, source)
        if block.kind == "curves":
            read = curves.read_curves(block.data)
            charts = [curves.draw(read, block.title, width, name) for width, name in _widths(wide)]
            content, hover = join([*charts, *curves.below(read)]), curves.hover_data(read)
        elif block.kind == "bars":
            rows = bars.read_bars(block.data)
            content = join(bars.draw(rows, block.title, width, name) for width, name in _widths(wide))
        elif block.kind == "table":
            content = draw_table(block.data)
        else:
            raise ValueError(f"kind must be table, curves, bars or text, got {block.kind!r}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # A stage's mistake in a picture must not cost the page of a run that took hours; it is said in its place.
        content = _undrawable(block, error)
    return tag("figure", tag("figcaption", title, source), content, note, class_=class_, data_values=hover)


def _widths(wide: bool) -> list[tuple[float, str]]:
    return [*([(FULL, "full")] if wide else []), (HALF, "half"), (NARROW, "narrow")]


def _callout(block: Block, class_: str, source: Markup | None) -> Markup:
    severity = block.data.get("severity", "info")
    if severity not in ("info", "warning"):
        raise ValueError(f"severity must be info or warning, got {severity!r}")
    title = tag("b", block.title, class_="kind") if block.title else None
    note = tag("p", block.note, class_="note") if block.note else None
    return tag("div", title, str(block.data["text"]), note, class_=f"callout {severity} {class_}")


def _undrawable(block: Block, error: Exception) -> Markup:
    told = f"key {error} is missing" if isinstance(error, KeyError) else str(error)
    raw = json.dumps(asdict(block)["data"], ensure_ascii=False, indent=1, default=str)
    cut = raw if len(raw) <= _MOST_SHOWN_RAW else f"{raw[:_MOST_SHOWN_RAW]}… ({len(raw):,} characters)"
    said = tag("p", f"This block ({block.kind}) cannot be drawn: {told}. Its data follows.")
    return tag("div", said, tag("pre", cut), class_="callout warning undrawable")
