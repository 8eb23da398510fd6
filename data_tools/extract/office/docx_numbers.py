"""Styles and list numbers of Word documents: which paragraph is a heading, and what number stands before it.

After ECMA-376, part 1, clauses 17.7 (styles) and 17.9 (numbering). Left out: numbering that restarts at a level other
than the one above, pictures as bullets, number formats beyond digits, letters and Roman numerals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
BODY_LEVEL = 9
"""``outlineLvl`` of what is no heading."""
_HEADING = re.compile(r"heading ([1-9])\Z", re.IGNORECASE)
_PLACE = re.compile(r"%([1-9])")
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
          (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


@dataclass
class Style:
    """What a paragraph style, with those it is based on, says."""

    name: str = ""
    """In English for the built-in ones, and in lower case: ``heading 1``, ``toc 2``, ``caption``."""
    level: int = BODY_LEVEL
    """0 for a heading of the first level, 9 for body text."""
    list: tuple[str, int] = ("", 0)
    """``numId`` and level, where the style is numbered."""


@dataclass(frozen=True)
class Level:
    """How one level of a list is numbered."""

    format: str = "decimal"
    text: str = "%1."
    start: int = 1


@dataclass
class Numbering:
    """The lists of a document and how far each has counted."""

    levels: dict[str, dict[int, Level]] = field(default_factory=dict)
    """By ``numId``."""
    lists: dict[str, str] = field(default_factory=dict)
    """The list that a ``numId`` counts for: several may share one."""
    _counts: dict[str, dict[int, int]] = field(default_factory=dict)

    def next(self, number_id: str, depth: int) -> str | None:
        """Return the next paragraph's label at a level: ``2.``, ``(b)``, ``1.2``; "" for a bullet, None for none."""
        level = self.levels.get(number_id, {}).get(depth)
        if level is None or level.format == "none" or not level.text.strip():
            return None
        counts = self._counts.setdefault(self.lists[number_id], {})
        counts[depth] = counts.get(depth, level.start - 1) + 1
        for deeper in [other for other in counts if other > depth]:
            del counts[deeper]
        if level.format == "bullet":
            return ""
        return _PLACE.sub(lambda match: self._written(number_id, counts, int(match[1]) - 1), level.text).strip()

    def _written(self, number_id: str, counts: dict[int, int], depth: int) -> str:
        level = self.levels[number_id].get(depth, Level())
        return _formatted(counts.get(depth, level.start), level.format)


def value_of(element: _Element | None, name: str) -> str:
    """Return ``w:val`` of the child ``name``; empty where there is none."""
    found = None if element is None else element.find(W + name)
    return "" if found is None else found.get(f"{W}val", "")


def list_of(properties: _Element | None) -> tuple[str, int] | None:
    """Return the list that ``pPr`` names, ``("0", ...)`` where it takes the paragraph out of its style's list."""
    numbers = None if properties is None else properties.find(f"{W}numPr")
    return None if numbers is None else (value_of(numbers, "numId"), _number(value_of(numbers, "ilvl")))


def styles_of(root: _Element | None) -> dict[str, Style]:
    """Return the paragraph styles of ``styles.xml`` by their id."""
    elements = {} if root is None else {one.get(f"{W}styleId", ""): one for one in root.findall(f"{W}style")}
    return {name: _style(element, elements) for name, element in elements.items()}


def _style(element: _Element, elements: dict[str, _Element]) -> Style:
    found = Style(value_of(element, "name").lower())
    seen: list[_Element] = []
    current: _Element | None = element
    while current is not None and current not in seen:
        seen.append(current)
        current = elements.get(value_of(current, "basedOn"))
    for one in reversed(seen):
        properties = one.find(f"{W}pPr")
        heading = _HEADING.match(value_of(one, "name"))
        found.level = int(heading[1]) - 1 if heading else found.level
        found.level = outline_level(properties, found.level)
        found.list = list_of(properties) or found.list
    return found


def outline_level(properties: _Element | None, usual: int) -> int:
    """Return the outline level that ``pPr`` sets, else ``usual``."""
    level = value_of(properties, "outlineLvl")
    return min(int(level), BODY_LEVEL) if level.isdecimal() else usual


def numbering_of(root: _Element | None) -> Numbering:
    """Return the lists of ``numbering.xml``."""
    found = Numbering()
    abstract = {} if root is None else {one.get(f"{W}abstractNumId", ""): one for one in root.iter(f"{W}abstractNum")}
    for number in () if root is None else root.iter(f"{W}num"):
        name, of = number.get(f"{W}numId", ""), value_of(number, "abstractNumId")
        if of in abstract:
            overrides = {_number(one.get(f"{W}ilvl", "")): one for one in number.iter(f"{W}lvlOverride")}
            found.levels[name] = _levels(abstract[of], overrides)
            found.lists[name] = f"{of} {name}" if overrides else of
    return found


def _levels(abstract: _Element, overrides: dict[int, _Element]) -> dict[int, Level]:
    found = {}
    for level in abstract.findall(f"{W}lvl"):
        depth = _number(level.get(f"{W}ilvl", ""))
        override = overrides.get(depth)
        inner = override.find(f"{W}lvl") if override is not None else None
        level = level if inner is None else inner
        start = value_of(override, "startOverride") or value_of(level, "start")
        text = value_of(level, "lvlText")
        found[depth] = Level(value_of(level, "numFmt") or "decimal", text, _number(start) if start else 0)
    return found


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def _formatted(number: int, how: str) -> str:
    if how in ("lowerLetter", "upperLetter") and number > 0:
        letters = chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 9)
        return letters if how == "lowerLetter" else letters.upper()
    if how in ("lowerRoman", "upperRoman") and 0 < number < 4000:
        written = ""
        for value, sign in _ROMAN:
            written += sign * (number // value)
            number %= value
        return written if how == "lowerRoman" else written.upper()
    return str(number)
