"""The fields of a record: its text, date and what goes into meta, for every format that has fields."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from data_tools.corpus import Fields
from data_tools.errors import DataError
from data_tools.extract.encoding import plain_lines
from data_tools.extract.language_tags import language_of
from data_tools.extract.license_of import spdx_of
from data_tools.extract.markup import one_line
from data_tools.extract.records import HEAD_CHARACTERS, Bad, Found, NotSelected, Record
from data_tools.licenses import parse_license
from data_tools.templates import parse_template

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
    text = _filled(row, fields, position) if fields.template else _joined(row, fields, position)
    if isinstance(text, Bad):
        return text
    meta = {name: _plain(value_at(row, name)) for name in fields.keep}
    meta = {name: value for name, value in meta.items() if value is not None}
    if fields.id and (own := value_at(row, fields.id)) is not None:
        meta["id"] = str(_plain(own))
    date = _DATE.match(_shown(row, fields.date)) if fields.date else None
    return Record(
        text,
        position,
        date.group() if date else "",
        meta,
        title=one_line(_shown(row, fields.title)) if fields.title else "",
        language=language_of(_shown(row, fields.language)) if fields.language else "",
        license=stated(_shown(row, fields.license)) if fields.license else "",
    )


@lru_cache(maxsize=1024)
def stated(license: str) -> str:
    """Return what a field says of a licence in SPDX: as it is, as what it names, or as a ``LicenseRef-`` of our own."""
    if not license:
        return ""
    try:
        is_expression = bool(parse_license(license, "license").operator)
    except DataError:
        return spdx_of(license) or "LicenseRef-" + re.sub(r"[^A-Za-z0-9]+", "-", license)[:80].strip("-")
    return license if is_expression else spdx_of(license) or license


def _joined(row: Mapping[str, Any], fields: Fields, position: str) -> str | Bad:
    texts = [value_at(row, name) for name in fields.text]
    if not isinstance(texts[0], str) and not any(isinstance(text, str) and text for text in texts):
        has = ", ".join(map(str, list(row)[:12]))
        got = "nothing" if texts[0] is None else type(texts[0]).__name__
        return Bad("missing_text_field", f"field {fields.text[0]!r} must hold text, got {got}; it has {has}", position)
    return plain_lines("\n\n".join(text.strip("\n") for text in texts if isinstance(text, str) and text.strip()))


def _filled(row: Mapping[str, Any], fields: Fields, position: str) -> str | Bad:
    text, missing = parse_template(fields.template).fill(lambda name: _shown(row, name))
    if missing:
        return Bad("missing_value", f"field {missing!r}, which the template needs, has no value", position)
    return plain_lines(text)


def _shown(row: Mapping[str, Any], name: str) -> str:
    """Return a field's value as text, a list's values after commas; empty where it is missing."""
    value = _plain(value_at(row, name)) if name else None
    if isinstance(value, list):
        return ", ".join(str(one).strip() for one in value if one is not None)
    return "" if value is None else str(value).strip()


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
