"""HTML and SVG elements. Every text is escaped here, so that nothing a document says can become markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

_VOID = frozenset({"meta", "br", "hr", "wbr"})
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")

# Advance widths in em by class of character, of the widest usual interface font (DejaVu Sans): a guess too wide
# leaves a gap, one too narrow lets texts overlap.
_NARROW = frozenset("ijlI.,:;'|!()[]{} tfr-/\\`")
_WIDE = frozenset("mwMW@%—→")
BOLD = 1.13
"""Times the width of the same text in regular weight."""


class Markup(str):
    """Text that already is HTML. Only this module's functions and constants of this package make it."""

    __slots__ = ()


Child = Markup | str | None
Attribute = str | float | int | bool | None


def escape(text: str) -> str:
    """Return ``text`` safe in element content and in quoted attributes, and encodable as UTF-8."""
    encodable = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates come from JSON escapes
    return html.escape(_CONTROL.sub("\ufffd", encodable), quote=True)


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """Return an element. ``class_`` gives ``class``, ``data_x`` gives ``data-x``; None leaves an attribute out."""
    opening = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    if name in _VOID:
        return Markup(opening)
    return Markup(f"{opening}{join(children)}</{name}>")


def join(children: Iterable[Child]) -> Markup:
    """Return the children one after another, each escaped unless it is markup."""
    return Markup("".join(_content(child) for child in children))


def _content(child: Child) -> str:
    if child is None:
        return ""
    return child if isinstance(child, Markup) else escape(child)


def _attribute(key: str, value: Attribute) -> str:
    name = "viewBox" if key == "viewbox" else key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    if isinstance(value, float):
        value = pixels(value)
    return f' {name}="{escape(str(value))}"'


def pixels(value: float) -> str:
    """Return a coordinate to a tenth of a pixel, in as few characters as that takes."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def text_width(text: str, size: float) -> float:
    """Return about how wide ``text`` is, in pixels, at a font size in pixels."""
    return size * sum(_advance(character) for character in text)


def _advance(character: str) -> float:
    if ord(character) >= 0x1100:
        return 1.0
    if character in _NARROW:
        return 0.37
    if character in _WIDE:
        return 0.95
    return 0.7 if character.isupper() else 0.615


def shorten(text: str, size: float, width: float) -> str:
    """Return ``text``, cut in its middle with an ellipsis where it is wider than ``width`` pixels."""
    if text_width(text, size) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        head = (kept + 1) // 2
        candidate = f"{text[:head]}…{text[len(text) - (kept - head) :]}"
        if text_width(candidate, size) <= width:
            return candidate
    return "…"
