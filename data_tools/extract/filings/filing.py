"""Filings with the U.S. Securities and Exchange Commission, as EDGAR publishes them.

Three forms: an HTML document (inline XBRL since 2019, plain before), a submission's text file (``<SEC-DOCUMENT>``, with
all documents of the submission in it), and the plain text that most documents before 2001 are. The whole of a document
is its text: nothing is main content or not, as on a web page. After the EDGAR Filer Manual, volume II, and Inline XBRL
1.1: what a browser shows is kept as it is shown (signs and scales too); contexts, units and hidden facts are not text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from data_tools.extract.dates import iso_date, month_number
from data_tools.extract.filings.pages import plain_blocks
from data_tools.extract.filings.structure import filing_blocks
from data_tools.extract.language_tags import language_of
from data_tools.extract.markup import Markup, join_blocks, one_line
from data_tools.extract.records import ReadOptions, Record, Unreadable
from data_tools.extract.web.page import parse_page
from data_tools.extract.web.text import inner_text, page_blocks

if TYPE_CHECKING:
    from lxml.etree import _Element

HEAD_BYTES = 1 << 16
"""Of a page this much is looked at to tell a filing."""
COVER_CHARACTERS = 8_000
_INLINE_XBRL = re.compile(rb"xmlns:ix\s*=", re.IGNORECASE)
_TAGS = re.compile(rb"<[^<>]{0,2000}>|&nbsp;|&#160;|\s+")
_COVER = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rb"securities and exchange commission",
        rb"form (?:10-?[kq]|8-?k|20-?f|40-?f|6-?k|s-\d|11-k|10)",
        rb"commission file n|name of registrant|employer identification",
    )
)
"""What a form's cover page says, in this order."""
_TYPED = re.compile(r"^\s*<(?:PAGE|CAPTION|S)>", re.MULTILINE)
_HTML = re.compile(r"<(?:html|body|div|p|br|font|center)\b", re.IGNORECASE)
_HTML_CELL = re.compile(r"<t[dr]\b", re.IGNORECASE)
_FORM = re.compile(
    r"\bform\s+(10-?K(?:SB|405)?|10-?Q(?:SB)?|8-?K|20-?F|40-?F|6-?K|11-?K|S-\d{1,2}|F-\d{1,2})\b(\s?/A)?", re.IGNORECASE
)
_DAY = r"([A-Z][a-z]{2,8})\.?\s+(\d{1,2})\s?,?\s+(\d{4})"
_ENDED = re.compile(
    rf"(?:year|period|quarter|months?|weeks?)\s+ended:?\s*{_DAY}|earliest event reported\)?[:\s]*{_DAY}"
    rf"|date of report[^:\d]{{0,60}}[:\s]\s*{_DAY}|{_DAY}\s*\(?\s*date of (?:report|earliest)",
    re.IGNORECASE,
)
_NAME = re.compile(r"([^\n]{2,120})\n\s*\(?\s*exact\s+name\s+of\s+(?:the\s+)?registrant", re.IGNORECASE)
_WRITTEN_DAY = re.compile(rf"{_DAY}|(\d{{4}})-(\d\d)-(\d\d)|(\d{{1,2}})/(\d{{1,2}})/(\d{{4}})", re.IGNORECASE)
_FACTS = {
    "dei:entityregistrantname": "company", "dei:entitycentralindexkey": "cik", "dei:documenttype": "form",
    "dei:documentfiscalyearfocus": "fiscal_year", "dei:documentfiscalperiodfocus": "fiscal_period",
    "dei:documentperiodenddate": "period", "dei:tradingsymbol": "ticker",
}  # fmt: skip
"""Facts about the document itself, by the name that inline XBRL gives them, in lower case as HTML has it."""


def is_filing(head: bytes) -> bool:
    """Whether the first bytes of an HTML page are those of a filing: inline XBRL's namespace, or a form's cover."""
    if _INLINE_XBRL.search(head):
        return True
    text, place = _TAGS.sub(b" ", head), 0
    for pattern in _COVER:
        found = pattern.search(text, place)
        if found is None:
            return False
        place = found.end()
    return True


def is_typed(text: str) -> bool:
    """Whether a document is typed, with EDGAR's marks for pages and tables, even if tags of HTML stand around it."""
    return _TYPED.search(text) is not None and _HTML_CELL.search(text) is None


def read_filing(text: str, options: ReadOptions, stated: Mapping[str, str] | None = None) -> Record:
    """Return the record of a filing's document in HTML or plain text; Unreadable where it shows no text.

    ``stated`` holds what the submission's header says of it; the document's own facts come before that.
    """
    in_html = _HTML.search(text) is not None or _HTML_CELL.search(text) is not None
    return (html_filing if in_html and not is_typed(text) else plain_filing)(text, options, stated)


def html_filing(page: str, options: ReadOptions, stated: Mapping[str, str] | None = None) -> Record:
    """Return the record of a filing's HTML document, as ``read_filing`` does."""
    tree, repaired = parse_page(page)
    if tree is None:
        raise Unreadable("no_main_text", "shows no text")
    facts = _facts(tree)
    body: Any = tree.find("body")
    markup = Markup(options.marks)
    blocks = filing_blocks(page_blocks(tree if body is None else body, markup), markup)
    language = language_of(tree.get("lang") or tree.get("xml:lang") or "")
    return _record(join_blocks([block.text for block in blocks]), facts, stated or {}, language, repaired)


def plain_filing(text: str, options: ReadOptions, stated: Mapping[str, str] | None = None) -> Record:
    """Return the record of a filing's document in plain text, as ``read_filing`` does."""
    markup = Markup(options.marks)
    blocks = filing_blocks(plain_blocks(text), markup)
    return _record(join_blocks([block.text for block in blocks]), {}, stated or {}, "", ())


def _facts(tree: _Element) -> dict[str, str]:
    facts: dict[str, str] = {}
    for fact in tree.iter("ix:nonnumeric"):
        name = _FACTS.get((fact.get("name") or "").lower())
        if name and (value := one_line(inner_text(fact))):
            facts.setdefault(name, value)
    return facts


def _record(
    text: str, facts: dict[str, str], stated: Mapping[str, str], language: str, repaired: tuple[str, ...]
) -> Record:
    if not text:
        raise Unreadable("no_main_text", "shows no text")
    found = {**_cover_facts(text[:COVER_CHARACTERS]), **stated, **facts}
    found["period"] = day_of(found.get("period", ""))
    form = found.get("form", "").upper()
    title = ", ".join(filter(None, (found.get("company"), stated.get("description") or (form and f"Form {form}"))))
    meta = {name: value for name, value in found.items() if value and name != "filed"}
    date = found["period"] or found.get("filed", "")
    return Record(text, date=date, meta=meta, repaired=repaired, title=title, language=language)


def _cover_facts(cover: str) -> dict[str, str]:
    """Return what a cover page says of its document, for documents without XBRL."""
    facts: dict[str, str] = {}
    if form := _FORM.search(cover):
        name = form[1].upper().replace(" ", "")
        facts["form"] = (name if "-" in name else re.sub(r"^(\d+|[SF])", r"\1-", name)) + ("/A" if form[2] else "")
    if ended := _ENDED.search(cover):
        facts["period"] = ended[0]
    if name_line := _NAME.search(cover):
        facts["company"] = name_line[1].strip(" |#*_")
    return facts


def day_of(written: str) -> str:
    """Return a day as filings write it (``December 1, 2023``, ``12/01/2023``, ``20231201``) in ISO 8601, or nothing."""
    if re.fullmatch(r"\d{8}", written):
        return iso_date(written[:4], written[4:6], written[6:])
    found = _WRITTEN_DAY.search(written)
    if found is None:
        return ""
    if found[1]:
        return iso_date(found[3], month_number(found[1]), found[2])
    return iso_date(*found.group(4, 5, 6)) if found[4] else iso_date(*found.group(9, 7, 8))
