"""Web pages (.html, .htm, .xhtml): the main content, by trafilatura."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data_tools.extract.encoding import decode, plain_lines
from data_tools.extract.records import Found, ReadOptions, Record, Unreadable
from data_tools.extract.streams import blocks, checked, whole

MAX_DEPTH = 400
"""Elements nested deeper than this are cut out: libxml2's and trafilatura's recursion ends not far above."""
_HIDDEN = (
    "//*[name()='ix:header' or self::script or self::style or self::template"
    " or @hidden or contains(translate(@style, ' ', ''), 'display:none')]"
)
_LAYOUT_CELL = "//td[.//p or .//div or .//table or .//h1 or .//h2 or .//h3 or .//ul or .//blockquote]"
_TABLE_TAGS = ("table", "tbody", "tr", "td", "th")


def read_web_page(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield one record: the page's main text; paragraphs, headings, lists and real tables, no navigation."""
    data = whole(checked(blocks(path, options.max_file_bytes)), options.max_markup_bytes)
    if not data.strip():
        raise Unreadable("empty", "is empty")
    page, encoding = decode(data, web_page=True)
    text = main_text(page)
    if not text:
        raise Unreadable("no_main_text", "trafilatura finds no main text in the page")
    yield Record(plain_lines(text), repaired=(f"encoding {encoding}",) if encoding else ())


def main_text(page: str) -> str:
    """Return the main text of an HTML page, or an empty string."""
    import lxml.etree
    import lxml.html
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it logs what it returns as None
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        tree = lxml.html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError):
        return ""
    _prune(tree)
    text = trafilatura.extract(tree, include_comments=False, include_tables=True, deduplicate=False)
    return text or ""


def _prune(tree: Any) -> None:
    """Drop what no reader sees (such as inline XBRL's header), and turn tables that only lay a page out into blocks."""
    for hidden in tree.xpath(_HIDDEN):
        if hidden.getparent() is not None:
            hidden.drop_tree()
    for deep in tree.xpath(f"//*[count(ancestor::*) = {MAX_DEPTH}]"):
        deep.drop_tree()
    for cell in tree.xpath(_LAYOUT_CELL):
        for element in (cell, *cell.iterancestors(*_TABLE_TAGS)):
            element.tag = "div"
