"""The fields of a record: its text, date and what goes into meta, for every format that has fields."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from data_tools.corpus import Fields
from data_tools.extract.encoding import plain_lines
from data_tools.extract.records import HEAD_CHARACTERS, Bad, Found, NotSelected, Record

_MISSING = object()
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")


def value_at(row: Mapping[str, Any], name: str) -> Any:
    """Return the value of a field, dots reaching inside; None where it is missing."""
    if name in row:
        return row[name]
    value: Any = row
    for part in name.split("."):
        value = value.get(part, _MISSING) if isinstance(value, Mapping) else _MISSING
        if value is _MISSING:
            return None
    return value


def record_of(row: Any, position: str, fields: Fields) -> Found:
    """Return the record that a JSON object or a table's row holds, or what is wrong with it."""
    if not isinstance(row, Mapping):
        return Bad("invalid_record", f"must be an object with fields, got {type(row).__name__}", position)
    if not all(_holds(value_at(row, name), wanted) for name, wanted in fields.where.items()):
        return NotSelected()
    texts = [value_at(row, name) for name in fields.text]
    if not isinstance(texts[0], str) and not any(isinstance(text, str) and text for text in texts):
        has = ", ".join(map(str, list(row)[:12]))
        got = "nothing" if texts[0] is None else type(texts[0]).__name__
        return Bad("missing_text_field", f"field {fields.text[0]!r} must hold text, got {got}; it has {has}", position)
    text = plain_lines("\n\n".join(text.strip("\n") for text in texts if isinstance(text, str) and text.strip()))
    meta = {name: _plain(value_at(row, name)) for name in fields.keep}
    meta = {name: value for name, value in meta.items() if value is not None}
    if fields.id and (own := value_at(row, fields.id)) is not None:
        meta["id"] = str(_plain(own))
    date = _DATE.match(str(value_at(row, fields.date))) if fields.date else None
    return Record(text, position, date.group() if date else "", meta)


def _holds(value: Any, wanted: tuple[str, ...]) -> bool:
    values = value if isinstance(value, (list, tuple)) else [value]
    return any(str(one) in wanted for one in values if one is not None)


def _plain(value: Any) -> Any:
    """Return a value as meta can hold it: JSON's own types, everything else as its text."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return str(value).encode("utf-8", "replace").decode("utf-8")


def head_of(data: bytes | str) -> str:
    """Return the first characters of a bad record, fit to be shown."""
    text = data[: 4 * HEAD_CHARACTERS].decode("utf-8", "replace") if isinstance(data, bytes) else data
    return text.encode("utf-8", "replace").decode("utf-8")[:HEAD_CHARACTERS]
