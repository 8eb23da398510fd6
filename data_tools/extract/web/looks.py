"""What an HTML element does to the text around it and to the looks of its own, by its name and its ``style``.

Old pages and filings mark a heading by bold or centred letters and a new page by a style, so looks are structure there.
Only an element's own ``style`` is read, no style sheet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from lxml.etree import _Element

# What letters look like.
BOLD, ITALIC, UNDERLINED, CENTRED, LINKED, INTERNAL = 1, 2, 4, 8, 16, 32
ALL_LOOKS = 63

# What an element does.
INLINE, BLOCK, SKIPPED, WHOLE, PADDED, BREAK_BEFORE, BREAK_AFTER = 0, 1, 2, 4, 8, 16, 32
"""INLINE: its text runs on. BLOCK: a block of its own. SKIPPED: not shown. WHOLE: read by a function of its own.
PADDED: a gap before it stands for a space. BREAK_*: a new page."""

_SKIPPED = frozenset({
    "style", "template", "noscript", "head", "title", "meta", "link", "iframe", "object", "embed", "applet",
    "canvas", "svg", "audio", "video", "map", "area", "select", "option", "button", "input", "textarea", "datalist",
    "progress", "meter", "noframes", "rp", "rt", "annotation", "annotation-xml",
})  # fmt: skip
_WHOLE = frozenset({
    "a", "br", "hr", "sup", "sub", "code", "pre", "listing", "xmp", "plaintext", "table", "math", "img", "script",
})  # fmt: skip
_BLOCK = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "dir", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "frameset", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hgroup", "html", "legend", "li", "main", "menu", "nav", "ol", "optgroup", "p", "section", "summary",
    "ul", "caption", "colgroup", "thead", "tbody", "tfoot", "tr", "td", "th",
})  # fmt: skip
_LOOKS = {
    "b": BOLD, "strong": BOLD, "i": ITALIC, "em": ITALIC, "cite": ITALIC, "u": UNDERLINED, "center": CENTRED,
    "th": BOLD, "h1": BOLD, "h2": BOLD, "h3": BOLD, "h4": BOLD, "h5": BOLD, "h6": BOLD,
}  # fmt: skip
_HIDDEN_STYLE = re.compile(r"(?:^|;)(?:display:none|visibility:hidden)")
_BOLD_WEIGHTS = ("bold", "bolder", "600", "700", "800", "900")
_STYLED = (
    (re.compile(r"font-weight:([a-z]+|\d{3})"), BOLD, _BOLD_WEIGHTS),
    (re.compile(r"font-style:([a-z]+)"), ITALIC, ("italic", "oblique")),
    (re.compile(r"text-align:([a-z]+)"), CENTRED, ("center",)),
)
_SIZE = re.compile(r"font-size:(\d{1,3}(?:\.\d{1,4})?)(pt|px)")
_FONT_SIZES = {"1": 7.5, "2": 10.0, "3": 12.0, "4": 13.5, "5": 18.0, "6": 24.0, "7": 36.0,
               "-2": 7.5, "-1": 10.0, "+1": 13.5, "+2": 18.0, "+3": 24.0, "+4": 36.0}  # fmt: skip
"""``<font size>`` in points, by the HTML standard's mapping to CSS."""
_PAGE_BREAK = re.compile(r"break-(before|after):(?:always|page|left|right)")
_GAP = re.compile(r"(?:padding|margin)-left:(?!0(?:[a-z%;]|$))\d")
_RAISED = re.compile(r"vertical-align:super\b|position:relative;(?:[^;]*;){0,4}?top:-\d")
_LOWERED = re.compile(r"vertical-align:sub\b|position:relative;(?:[^;]*;){0,4}?(?:top:[1-9]|bottom:-\d)")
"""By their own alignment, or moved from their place, as filings do."""
_BULLET = re.compile(r"[•●▪■◦○▫►➢➤‣⁃∙·\uf0a7\uf0b7]\s*(?=\S)")
MAX_RULES = 20_000
"""Different pairs of name and style that are remembered; a page has some hundred."""


@dataclass(slots=True)
class Block:
    """One block of text, in our markup, and how it looks."""

    text: str
    kind: str = "text"
    """text, heading, item, table, code, pre, caption, or break (a page's end, without text)."""
    looks: int = 0
    """What all its letters share."""
    linked: int = 0
    """Characters of it that are links."""
    size: float = 0.0
    """The size of its smallest letters in points; 0 where the page does not say."""


def text_block(text: str, looks: int = 0, linked: int = 0, size: float = 0.0) -> Block:
    """Return a paragraph, or a list's item where it begins with a bullet."""
    if text[0] > "\xb6" and (bullet := _BULLET.match(text)):
        return Block(f"- {text[bullet.end() :]}", "item", looks, linked, size)
    return Block(text, "text", looks, linked, size)


class Rule(NamedTuple):
    """What an element does."""

    name: str
    """Its local name in lower case; ``sup`` and ``sub`` for letters that a style raises or lowers."""
    kind: int
    set: int = 0
    """The looks it gives to its letters."""
    unset: int = 0
    """The looks that end with it."""
    size: float = 0.0
    """The size of its letters in points; 0 where it does not say."""


_NOT_SHOWN = Rule("", SKIPPED)


def is_hidden(element: _Element) -> bool:
    """Whether an element itself says that it is not shown."""
    if element.get("hidden") is not None:
        return True
    style = element.get("style")
    return bool(style) and _HIDDEN_STYLE.search("".join(style.split()).lower()) is not None


class Looks:
    """Remembers the rules of one page: its elements share few styles, and reading a style takes long."""

    def __init__(self) -> None:
        self._rules: dict[tuple[Any, str | None], Rule] = {}

    def of(self, element: _Element) -> Rule:
        """Return what ``element`` does; comments, hidden elements and the like are SKIPPED."""
        style = element.get("style")
        key = (element.tag, style)
        rule = self._rules.get(key)
        if rule is None:
            if len(self._rules) > MAX_RULES:
                self._rules.clear()
            rule = self._rules[key] = _rule(element.tag, style)
        if rule.kind & (BLOCK | SKIPPED) == BLOCK and (align := element.get("align")):
            centred = CENTRED if align.lower() in ("center", "middle") else 0
            rule = rule._replace(set=rule.set & ~CENTRED | centred, unset=rule.unset | CENTRED)
        elif rule.name == "font" and (size := element.get("size")):
            rule = rule._replace(size=_FONT_SIZES.get(size.strip(), rule.size))
        return rule if element.get("hidden") is None else rule._replace(kind=rule.kind | SKIPPED)


def _rule(tag: Any, style: str | None) -> Rule:
    if not isinstance(tag, str):
        return _NOT_SHOWN
    name = tag.rpartition("}")[2].lower()
    if name in _SKIPPED or name.startswith(("ix:header", "ix:hidden", "xbrli:", "xbrldi:", "link:")):
        return Rule(name, SKIPPED)
    kind = WHOLE if name in _WHOLE else BLOCK if name in _BLOCK else INLINE
    return _styled(name, kind, style) if style else Rule(name, kind, _LOOKS.get(name, 0))


def _styled(name: str, kind: int, style: str) -> Rule:
    style = "".join(style.split()).lower()
    if _HIDDEN_STYLE.search(style):
        return Rule(name, kind | SKIPPED)
    if kind == INLINE and (_RAISED.search(style) or _LOWERED.search(style)):
        return Rule("sup" if _RAISED.search(style) else "sub", WHOLE)
    if kind == INLINE and ("display:block" in style or "display:table;" in style):
        kind = BLOCK
    elif kind == BLOCK and name in ("div", "p", "li") and re.search(r"display:inline(?:;|$)", style):
        kind = INLINE
    if kind == INLINE and _GAP.search(style):
        kind |= PADDED
    for side in _PAGE_BREAK.findall(style):
        kind |= (BREAK_BEFORE if side == "before" else BREAK_AFTER) | (kind & WHOLE or BLOCK)
    looks, unset = _LOOKS.get(name, 0), 0
    for pattern, look, values in _STYLED:
        if found := pattern.search(style):
            has = found[1] in values
            looks, unset = (looks | look, unset) if has else (looks & ~look, unset | look)
    if "text-decoration:underline" in style or "text-decoration-line:underline" in style:
        looks |= UNDERLINED
    size = _SIZE.search(style)
    points = float(size[1]) * (0.75 if size[2] == "px" else 1) if size else 0.0
    return Rule(name, kind, looks, unset, points)
