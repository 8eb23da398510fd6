"""Formulas in HTML pages: MathML, and what MathJax, KaTeX and MediaWiki make of LaTeX, back to LaTeX.

Each of the three keeps a formula twice or more: as letters laid out for the eye, and as MathML or LaTeX beside it, for
screen readers. Only the latter is text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from data_tools.extract.markup import Markup, one_line
from data_tools.extract.xml_formats.mathml import latex_of, unwrapped_tex

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_DEPTH = 60
"""A formula nested deeper is read as its letters: turning it into LaTeX takes Python's own stack."""
MAX_STEPS = 3
"""So near stands a formula's source to what is drawn of it."""
_TOO_DEEP = f"boolean(./{'*/' * MAX_DEPTH}*)"
_DRAWN = (
    "//*[contains(@class, 'katex-html') or contains(@class, 'mwe-math-fallback-image')"
    " or contains(@class, 'MathJax_Preview') or contains(@class, 'MathJax_SVG') or contains(@class, 'MathJax_CHTML')"
    " or @class = 'MathJax' or @class = 'MathJax_Display' or self::mjx-math or self::mjx-assistive-mml/../*[1]]"
)
_HIDDEN_SOURCE = "//*[contains(@class, 'mwe-math-mathml') or self::mjx-assistive-mml]"
_DISPLAY_STYLE = re.compile(r"\{\\displaystyle (.*)\}")
"""What MediaWiki puts around every formula."""
_LIBRARY = re.compile(r"mathjax|katex", re.IGNORECASE)
_INLINE_TEX = re.compile(r"\\\((.{1,500}?)\\\)")
_DISPLAY_TEX = re.compile(r"\\\[(.{1,2000}?)\\\]", re.DOTALL)
_TEX = re.compile(r"[\\^_{}]")
_NAMES = re.compile(r"<math\b|[\"']math/tex|katex|MathJax|mjx-|mwe-math", re.IGNORECASE)


def write_formulas(tree: _Element, page: str, markup: Markup) -> None:
    """Write every formula of an HTML page into ``tree`` as text: what is drawn for the eye goes, its source stays."""
    if not _NAMES.search(page):
        return
    for source in tree.xpath(_HIDDEN_SOURCE):
        source.attrib.pop("style", None)
    for drawn in tree.xpath(_DRAWN):
        if drawn.getparent() is not None and _has_source_beside(drawn):
            drop(drawn)
    for source in tree.xpath("//math | //script[starts-with(@type, 'math/tex')]"):
        if source.tag == "math":
            display, text = source.get("display") == "block", formula_text(source, markup)
        else:
            display = "mode=display" in source.get("type")
            text = markup.formula(source.text, display) if (source.text or "").strip() else ""
        tail = source.tail
        source.clear()
        source.tag, source.text, source.tail = "div" if display else "span", text, tail


def _has_source_beside(drawn: _Element) -> bool:
    for step in ("getprevious", "getnext"):
        beside: Any = drawn
        for _ in range(MAX_STEPS):
            beside = getattr(beside, step)()
            if beside is None:
                break
            is_tex = beside.tag == "script" and (beside.get("type") or "").startswith("math/")
            if is_tex or beside.tag == "math" or beside.find(".//math") is not None:
                return True
    return False


def delimited_formulas(text: str, page: str, markup: Markup) -> str:
    r"""Return ``text`` with the formulas that a page's MathJax or KaTeX would find in it, ``\(x\)`` and ``\[x\]``."""
    if ("\\(" not in text and "\\[" not in text) or not _LIBRARY.search(page):
        return text
    text = _INLINE_TEX.sub(lambda found: markup.formula(found[1]), text)
    return _DISPLAY_TEX.sub(lambda found: markup.formula(found[1], display=True), text)


def formula_text(math: _Element, markup: Markup) -> str:
    """Return a ``math`` element as a formula in LaTeX; empty where it is empty."""
    stated = math.get("alttext") or ""
    if math.xpath(_TOO_DEEP):
        tex = one_line("".join(map(str, math.itertext())))
    elif _TEX.search(stated) and math.find(".//annotation") is None:
        tex = unwrapped_tex(stated)
    else:
        tex = latex_of(math)
    if wrapped := _DISPLAY_STYLE.fullmatch(tex):
        tex = wrapped[1].strip()
    return markup.formula(tex, math.get("display") == "block") if tex else ""


def drop(element: _Element) -> None:
    """Take an element out of its tree; the text behind it stays."""
    parent = element.getparent()
    if parent is None:
        return
    tail = element.tail
    if tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + tail
        else:
            parent.text = (parent.text or "") + tail
    parent.remove(element)
