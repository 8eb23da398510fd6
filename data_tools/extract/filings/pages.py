"""Filings in plain text, as most were before 2001: pages of typed lines, between EDGAR's own marks.

``<PAGE>`` ends a page; ``<TABLE>``, ``<CAPTION>``, ``<S>`` and ``<C>`` stand around and above tables whose columns are
aligned by spaces. The marks go, and what tags of HTML stand around the text; a table's lines stay as they are typed;
the lines of a paragraph become one.
"""

from __future__ import annotations

import html
import re

from data_tools.extract.web.looks import Block, text_block

MIN_LINE_CHARACTERS = 45
"""The lines of a typed paragraph but the last are longer on average; those of an address or a title are not."""
_PAGE = re.compile(r"^[ \t]*<PAGE>[ \t]*(?:[A-Za-z]?-?\d{1,4}|[ivxlc]{1,6})?[ \t]*$", re.IGNORECASE | re.MULTILINE)
_MARKS = re.compile(
    r"^[ \t]*(?:</?(?:TABLE|CAPTION|S|C|FN|F\d{1,2}|TEXT)>[ \t]*)+(?:\n|\Z)", re.IGNORECASE | re.MULTILINE
)
_LINE_ENDS = re.compile(r"</?(?:p|br|div|h\d)\b[^<>]{0,200}>", re.IGNORECASE)
_LEFT_TAGS = re.compile(
    r"<!--.{0,2000}?-->|<title>[^<>]{0,500}</title>|</?[A-Za-z][^<>]{0,200}>", re.IGNORECASE | re.DOTALL
)
_ALIGNED = re.compile(r"\S {3,}\S|\.{4,}|[-=_]{5,}")
_NUMBER = re.compile(r"^\s*(?:\(?\w{1,4}[.)]|[-*o\u2022])?\s*")
_RULE = re.compile(r"[\s\-=_*.]+")


def plain_blocks(text: str) -> list[Block]:
    """Return a typed document's paragraphs and tables, with a ``break`` at each page's end."""
    text = text.expandtabs().replace("\f", "\n<PAGE>\n")
    blocks: list[Block] = []
    for number, page in enumerate(_PAGE.split(text)):
        if number:
            blocks.append(Block("", "break"))
        page = _LEFT_TAGS.sub("", _LINE_ENDS.sub("\n", _MARKS.sub("", page)))
        for paragraph in re.split(r"\n\s*\n", html.unescape(page)):
            blocks += _paragraph(paragraph)
    return blocks


def _paragraph(typed: str) -> list[Block]:
    lines = [line.rstrip() for line in typed.split("\n") if line.strip()]
    if not lines or _RULE.fullmatch(typed):
        return []
    if any(_ALIGNED.search(_NUMBER.sub("", line)) for line in lines):
        return [Block("\n".join(lines), "pre")]
    stripped = [" ".join(line.split()) for line in lines]
    typical = sum(map(len, stripped[:-1])) / max(1, len(lines) - 1)
    return [text_block((" " if typical >= MIN_LINE_CHARACTERS else "\n").join(stripped), 0, 0)]
