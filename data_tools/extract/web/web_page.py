"""Web pages (.html, .htm, .xhtml): the main content, by trafilatura's judgement, in our markup.

What EDGAR publishes is told by its content and read by ``filing`` and ``submission``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_tools.extract.dates import iso_date, month_number
from data_tools.extract.encoding import decode, plain_lines
from data_tools.extract.filings.filing import HEAD_BYTES, is_filing, is_typed, read_filing
from data_tools.extract.filings.submission import is_submission, read_submission
from data_tools.extract.language_tags import language_of
from data_tools.extract.license_of import spdx_of
from data_tools.extract.markup import Markup, join_blocks, one_line
from data_tools.extract.records import Found, ReadOptions, Record, Unreadable
from data_tools.extract.streams import blocks, checked, whole
from data_tools.extract.web.formulas import delimited_formulas, write_formulas
from data_tools.extract.web.looks import Block
from data_tools.extract.web.main_content import judged_text, main_blocks
from data_tools.extract.web.notes import take_notes, write_notes
from data_tools.extract.web.page import holds_markup, parse_page
from data_tools.extract.web.text import page_blocks

if TYPE_CHECKING:
    from lxml.html import HtmlElement

MAX_DEPTH = 300
"""Elements in each other; trafilatura's recursion ends not far above."""
DATELINE_BLOCKS = 6
DATELINE_CHARACTERS = 300
"""A page that states no date in its head has one at the top of its text: in so many blocks, if they are short."""
_WRITTEN_DAY = re.compile(
    r"\b(?P<month>[A-Z][a-z]{2,8})\.? (?P<day>\d{1,2}),? (?P<year>(?:19|20)\d\d)\b"
    r"|\b(?P<day2>\d{1,2})\.? (?P<month2>[A-Z][a-z]{2,8})\.?,? (?P<year2>(?:19|20)\d\d)\b"
)
_NEEDS_SCRIPT = re.compile(r"(?:enable|turn on|activate|requires?|without|needs?)\s+(?:\w+\s+){0,3}java ?script", re.I)
_LOCALE = "//meta[@property='og:locale' or @http-equiv='Content-Language' or @http-equiv='content-language']/@content"
_LICENSE = "//*[self::a or self::link][contains(concat(' ', normalize-space(@rel), ' '), ' license ')]/@href"


def read_web_page(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield one record: the page's main text; paragraphs, headings, lists and real tables, no navigation.

    A submission to EDGAR gives a record per document. Unreadable where a page shows no main text.
    """
    source = checked(blocks(path, options.max_file_bytes))
    first: list[bytes] = []
    while sum(map(len, first)) < HEAD_BYTES and (block := next(source, b"")):
        first.append(block)
    head = b"".join(first)
    if is_submission(head):
        yield from read_submission(path, options)
        return
    filing = is_filing(head)
    data = whole(chain(first, source), options.max_document_bytes if filing else options.max_markup_bytes)
    if not data.strip():
        raise Unreadable("empty", "is empty")
    page, encoding = decode(data, web_page=True)
    page = plain_lines(page)
    if filing or is_typed(page):
        record = read_filing(page, options)
    elif holds_markup(page):
        record = page_record(page, Markup(options.marks))
    else:
        record = Record(page, repaired=("format text",))
    yield replace(record, repaired=(f"encoding {encoding}", *record.repaired)) if encoding else record


def page_record(page: str, markup: Markup) -> Record:
    """Return the record of an HTML page; Unreadable where it shows no main text."""
    tree, repaired = parse_page(page, MAX_DEPTH)
    if tree is None:
        raise Unreadable("no_main_text", "trafilatura finds no main text in the page")
    write_formulas(tree, page, markup)
    stated = _stated(tree)
    write_notes(tree, take_notes(tree, markup), markup)
    all_blocks = page_blocks(tree, markup)
    why_empty = _why_empty(tree, page)
    found = main_blocks(all_blocks, judged_text(tree))
    text = delimited_formulas(join_blocks([block.text for block in found]), page, markup)
    if not text:
        raise why_empty
    date = stated.pop("date", "") or _dateline(found) or _dateline([Block(stated.get("title", ""))])
    title, language, license = (stated.pop(name, "") for name in ("title", "language", "license"))
    return Record(text, date=date, meta=stated, repaired=repaired, title=title, language=language, license=license)


def main_text(page: str) -> str:
    """Return the main text of an HTML page, or an empty string."""
    try:
        return page_record(page, Markup()).text
    except Unreadable:
        return ""


def _stated(tree: HtmlElement) -> dict[str, Any]:
    """Return what a page's head says of it, by trafilatura: title, date, authors, site; its language and licence."""
    from trafilatura import extract_metadata

    said = extract_metadata(tree, extensive=False)
    languages = [tree.get("lang") or tree.get("xml:lang") or "", *map(str, tree.xpath(_LOCALE))]
    licenses = {spdx_of(str(address)) for address in tree.xpath(_LICENSE)}
    stated = {
        "title": one_line(said.title or tree.findtext(".//title") or ""),
        "date": said.date or "",
        "authors": [one_line(name) for name in (said.author or "").split(";") if name.strip()],
        "site": one_line(said.sitename or ""),
        "url": said.url or "",
        "language": next(filter(None, map(language_of, languages)), ""),
        "license": licenses.pop() if len(licenses) == 1 else "",
    }
    return {name: value for name, value in stated.items() if value}


def _dateline(found: Sequence[Block]) -> str:
    """Return the first full date in the short blocks at the top of a text."""
    for block in found[:DATELINE_BLOCKS]:
        day = _WRITTEN_DAY.search(one_line(block.text)) if len(block.text) <= DATELINE_CHARACTERS else None
        if day and (month := month_number(day["month"] or day["month2"])):
            return iso_date(day["year"] or day["year2"], month, day["day"] or day["day2"])
    return ""


def _why_empty(tree: HtmlElement, page: str) -> Unreadable:
    """Return what to say of a page if it shows no main text."""
    frames = [one_line(str(address))[:80] for address in tree.xpath("//frame/@src")]
    if frames:
        return Unreadable("no_main_text", f"shows only frames: {', '.join(frames[:5])}")
    if _NEEDS_SCRIPT.search(page):
        return Unreadable("needs_javascript", "shows no text without JavaScript; save it as a browser shows it")
    return Unreadable("no_main_text", "trafilatura finds no main text in the page")
