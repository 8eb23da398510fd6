"""HTML pages of any kind and damage to trees: nothing is refused that a browser would show.

libxml2 (2.14 and later tokenises as HTML 5 does) stops at 2,048 elements inside each other, trafilatura earlier, and
pages with as many unclosed ``<font>`` tags exist. Such a page is read once more as flat paragraphs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_TAG = re.compile(r"<(/?)([A-Za-z][\w:-]{0,40})(?:[\s/][^<>]{0,5000})?>")
_KEPT = frozenset({"html", "head", "title", "body", "br", "hr", "script", "style"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_INLINE = frozenset({
    "a", "abbr", "b", "big", "cite", "code", "em", "font", "i", "kbd", "label", "nobr", "s", "samp", "small", "span",
    "strike", "strong", "tt", "u", "var",
})  # fmt: skip
_CLOSED = "</h1></h2></h3></h4></h5></h6>"
_EMPTY_HEADINGS = re.compile(rf"(?:<h\d>\s*{_CLOSED}\s*)+")
_PARAGRAPHS = re.compile(r"<p>(?:\s*<p>)+")
_ANY_TAG = re.compile(r"<[A-Za-z!/?][^<>]{0,5000}>")


def holds_markup(page: str) -> bool:
    """Whether a page has any tag at all; without one it is plain text under a wrong name."""
    return _ANY_TAG.search(page) is not None


def parse_page(page: str, max_depth: int = 2000) -> tuple[HtmlElement | None, tuple[str, ...]]:
    """Return a page's tree, and ``deep nesting`` where it was deeper; no tree where nothing in it is an element."""
    tree = _parsed(page)
    if tree is not None and tree.xpath(f"boolean({'/*' * max_depth})"):
        flat = _PARAGRAPHS.sub("<p>", _EMPTY_HEADINGS.sub(_CLOSED, _TAG.sub(_flat, page)))
        return _parsed(flat), ("deep nesting",)
    return tree, ()


def _parsed(page: str) -> HtmlElement | None:
    import lxml.etree
    import lxml.html

    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        return lxml.html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError):
        return None


def _flat(tag: re.Match[str]) -> str:
    name = tag[2].lower()
    if name in _KEPT:
        return f"<{tag[1]}{name}>"
    if name in _HEADINGS:
        return _CLOSED if tag[1] else f"{_CLOSED}<{name}>"  # none inside another
    return "" if name in _INLINE else "<p>"
