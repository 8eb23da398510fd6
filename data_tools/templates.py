"""Sentences from the fields of a record: ``{sample} is a {rock} from {place}[[, at a depth of {depth} m]].``

``{name}`` stands for a field's value, dots reaching inside as elsewhere in ``Fields``. What stands in ``[[ ... ]]`` is
left out where one of its values is missing; a value missing outside is a fault of the record. ``{{`` and ``}}`` are
braces. There are no formats and no expressions: what else a value needs is done before.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from data_tools.errors import DataError

_PIECE = re.compile(r"\{\{|\}\}|\[\[|\]\]|\{([^{}]*)\}|[{}]")
_NOT_A_NAME = re.compile(r"[:!\[\]()]")


@dataclass(frozen=True)
class Template:
    """A parsed template: parts that are written or left out as a whole."""

    parts: tuple[tuple[bool, tuple[tuple[bool, str], ...]], ...]
    """``(is optional, pieces)``; a piece is ``(is a field, name or text)``."""

    def names(self, optional: bool = True) -> tuple[str, ...]:
        """Return the fields that it names, each once; without ``optional`` only those that must have a value."""
        asked = (pieces for is_optional, pieces in self.parts if optional or not is_optional)
        return tuple(dict.fromkeys(text for pieces in asked for is_field, text in pieces if is_field))

    def fill(self, value_of: Callable[[str], str]) -> tuple[str, str]:
        """Return ``(text, the required field that has no value)``; ``value_of`` returns "" where there is none."""
        written: list[str] = []
        for is_optional, pieces in self.parts:
            values = [value_of(text) if is_field else text for is_field, text in pieces]
            missing = [text for (is_field, text), value in zip(pieces, values, strict=True) if is_field and not value]
            if missing and not is_optional:
                return "", missing[0]
            if not missing:
                written += values
        return "".join(written), ""


@lru_cache(maxsize=64)
def parse_template(source: str) -> Template:
    """Return the parsed template; DataError where its form is wrong."""
    parts: list[tuple[bool, tuple[tuple[bool, str], ...]]] = []
    pieces: list[tuple[bool, str]] = []
    opened = end = 0
    is_optional = False
    for match in _PIECE.finditer(source):
        pieces.append((False, source[end : match.start()]))
        end, mark = match.end(), match.group()
        if mark in ("{{", "}}"):
            pieces.append((False, mark[0]))
        elif mark in ("[[", "]]"):
            if is_optional == (mark == "[["):
                raise DataError(f"{mark} at character {match.start() + 1} {_PAIR[mark]}, got {source!r}")
            if is_optional and not any(is_field for is_field, _ in pieces):
                raise DataError(f"[[ at character {opened + 1} holds no field: it would always stand, got {source!r}")
            parts.append((is_optional, tuple(pieces)))
            pieces, opened, is_optional = [], match.start(), mark == "[["
        else:
            pieces.append((True, _name(match, source)))
    if is_optional:
        raise DataError(f"[[ at character {opened + 1} is not closed by ]], got {source!r}")
    parts.append((False, (*pieces, (False, source[end:]))))
    template = Template(tuple(parts))
    if not template.names():
        raise DataError(f"names no field in braces, got {source!r}")
    return template


_PAIR = {"[[": "stands inside another", "]]": "closes nothing"}


def _name(match: re.Match[str], source: str) -> str:
    name = (match.group(1) or "").strip()
    if not name:
        raise DataError(f"{match.group()} at character {match.start() + 1} names no field, got {source!r}")
    if _NOT_A_NAME.search(name):
        raise DataError(
            f"{match.group()} at character {match.start() + 1} is more than a field's name: formats and expressions "
            f"are not known here, got {source!r}"
        )
    return name
