"""Tables: cells by type, numbers aligned with one number of decimals per column, nested values flattened."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.formatting import column_decimals, number
from pipeline.report.markup import Child, Markup, tag

MOST_ROWS = 1000
_TALL_ROWS = 30
_MOST_CHARACTERS = 2000


def draw_table(data: Mapping[str, Any]) -> Markup:
    """Return a table block. Raises KeyError, TypeError or ValueError for what is not as the contract says."""
    columns = [str(column) for column in data["columns"]]
    rows: Sequence[Sequence[Any]] = data["rows"]
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"a row must have {len(columns)} cells, got {len(row)}: {row!r}")
    aligns = list(data.get("align") or [_side([row[index] for row in rows]) for index in range(len(columns))])
    if len(aligns) != len(columns):
        raise ValueError(f"align must name {len(columns)} columns, got {len(aligns)}")
    shown = rows[:MOST_ROWS]
    decimals = [column_decimals([row[index] for row in shown]) for index in range(len(columns))]
    body = [[cell_text(value, places) for value, places in zip(row, decimals, strict=True)] for row in shown]
    rest = None
    if len(rows) > MOST_ROWS:
        rest = tag(
            "p", f"The first {MOST_ROWS:,} of {len(rows):,} rows; the artifact's blocks/ holds all.", class_="note"
        )
    return tag("div", table(columns, body, [side == "right" for side in aligns]), rest)


def _side(values: Sequence[Any]) -> str:
    numeric = [isinstance(value, (int, float)) and not isinstance(value, bool) for value in values if value is not None]
    return "right" if numeric and all(numeric) else "left"


def cell_text(value: Any, decimals: int | None = None) -> str:
    """Return a cell as text: numbers formatted, nested values as JSON, long text cut (and marked as such)."""
    if value is None or isinstance(value, (bool, int, float)):
        return number(value, decimals)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}… ({len(text):,} characters)"


def table(columns: Sequence[str], rows: Sequence[Sequence[Child]], right: Sequence[bool], class_: str = "") -> Markup:
    """Return a table in a frame that scrolls by itself; the first cell of each row heads it."""
    sides = ["number" if one else None for one in right]
    head = [tag("th", name, scope="col", class_=side) for name, side in zip(columns, sides, strict=True)]
    body: list[Markup] = []
    for row in rows:
        first = tag("th", row[0], scope="row", class_=sides[0]) if row else None
        cells = [tag("td", cell, class_=side) for cell, side in zip(row[1:], sides[1:], strict=True)]
        body.append(tag("tr", first, *cells))
    made = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *body), class_=class_ or None)
    return tag("div", made, class_="scroll tall" if len(rows) > _TALL_ROWS else "scroll", tabindex="0")


def pairs(values: Mapping[str, Any]) -> Markup | None:
    """Return names and values as a record, floats in full; nested mappings become ``outer.inner``. None if empty."""
    flat = list(_flatten(values, ""))
    return record([(name, _exact(value)) for name, value in flat]) if flat else None


def record(rows: Sequence[tuple[str, Child]]) -> Markup:
    """Return names and what stands beside them, without a head."""
    body = [tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in rows]
    return tag("div", tag("table", tag("tbody", *body), class_="pairs"), class_="scroll", tabindex="0")


def _exact(value: Any) -> str:
    return repr(value) if isinstance(value, float) else cell_text(value)


def _flatten(values: Mapping[str, Any], prefix: str) -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            flat.extend(_flatten(value, f"{prefix}{name}."))
        else:
            flat.append((f"{prefix}{name}", value))
    return flat
