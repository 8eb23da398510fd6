"""Journal articles in JATS XML (.xml, .nxml), one or a set of them: a record each, with what their front matter states.

JATS is NISO Z39.96-2021. Sub-articles (reviews, replies, translations) are records of their own. What the text
holds stands in ``jats_text``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from data_tools.extract.dates import earliest, month_number
from data_tools.extract.language_tags import language_of
from data_tools.extract.license_of import spdx_of
from data_tools.extract.markup import Markup, one_line
from data_tools.extract.records import Bad, Found, Record
from data_tools.extract.xml_formats.jats_text import JatsText
from data_tools.extract.xml_formats.tree import XLINK_HREF, XML_LANG

if TYPE_CHECKING:
    from lxml.etree import _Element

_PARTS = ("sub-article", "response")
_NOT_PUBLISHED = ("nihms-submitted", "pmc-release", "retracted", "corrected", "received", "accepted", "rev-recd")
_MAX_SUBJECTS = 50
MAX_STATEMENT_CHARACTERS = 300


def is_article(element: _Element) -> bool:
    """Whether an element (names without namespace) is a JATS article; DocBook's root has the same name."""
    return element.tag == "article" and any(element.find(name) is not None for name in ("front", "body", "front-stub"))


def jats_records(root: _Element, markup: Markup) -> Iterator[Found]:
    """Yield a record for each article in ``root`` (names without namespace) and for each of their sub-articles."""
    for article in root.iter("article"):
        if is_article(article):
            yield article_record(article, markup)
            for part in article.iter(*_PARTS):
                yield article_record(part, markup)


def article_record(article: _Element, markup: Markup) -> Found:
    """Return the record of one article or sub-article; bad where it has no text beside its title."""
    writer = JatsText(article, markup)
    text, title = writer.written(), writer.title
    meta = _meta(article)
    if not text or text == markup.heading(1, title):
        named = f" {meta['doi']}" if "doi" in meta else ""
        return Bad("no_text", f"article{named} has neither an abstract nor a body", "", title, harmless=True)
    if writer.num_pictured_formulas:
        meta["pictured_formulas"] = writer.num_pictured_formulas
    if writer.left_out:
        meta["left_out"] = writer.left_out
    license, statement = _license(article)
    if statement and not license:
        meta["license_statement"] = statement
    tags = [part.get(XML_LANG, "") for part in _with_parents(article)]
    language = language_of(next(filter(None, tags), ""))
    return Record(text, date=_date(article), meta=meta, title=title, language=language, license=license)


def _with_parents(article: _Element) -> Iterator[_Element]:
    """Yield a sub-article and what it is part of, whose language and licence it shares."""
    yield article
    if article.tag in _PARTS:
        yield from article.iterancestors("article", *_PARTS)


def _front(article: _Element) -> _Element | None:
    """Return an article's metadata; a sub-article's own ``front-stub``."""
    found = article.find("front/article-meta")
    return article.find("front-stub") if found is None else found


def _meta(article: _Element) -> dict[str, Any]:
    front = _front(article)
    journal = article.find("front/journal-meta")
    meta: dict[str, Any] = {"article_type": article.get("article-type") or article.get("response-type", "")}
    for parent in list(_with_parents(article))[1:]:
        meta["part_of"] = _plain(parent.find("front/article-meta/article-id[@pub-id-type='doi']"))
    if journal is not None:
        meta["journal"] = _plain(journal.find(".//journal-title"))
    if front is not None:
        ids = {found.get("pub-id-type", ""): _plain(found) for found in front.iterchildren("article-id")}
        pmcid = ids.get("pmc") or ids.get("pmcid", "")
        meta |= {
            "doi": ids.get("doi", ""),
            "pmid": ids.get("pmid", ""),
            "pmcid": f"PMC{pmcid}" if pmcid.isdecimal() else pmcid,
            "authors": _authors(front),
            "keywords": _each(front.iterfind("kwd-group//kwd")),
            "subjects": _each(front.iterfind("article-categories//subject"))[:_MAX_SUBJECTS],
            "related": _related(front),
        }
    return {name: value for name, value in meta.items() if value}


def _authors(front: _Element) -> list[str]:
    found = []
    for contributor in front.iterfind("contrib-group/contrib"):
        if contributor.get("contrib-type", "author") != "author":
            continue
        name = contributor.find(".//name")
        if name is not None:
            found.append(one_line(f"{name.findtext('given-names') or ''} {name.findtext('surname') or ''}"))
        else:
            found.append(_plain(contributor.find(".//string-name")) or _plain(contributor.find(".//collab")))
    return [name for name in found if name]


def _related(front: _Element) -> list[str]:
    """Return related articles as kind and DOI: ``retracted-article 10.1/x``."""
    found = []
    for related in front.iterchildren("related-article"):
        if related.get("ext-link-type", "doi") == "doi" and (link := related.get(XLINK_HREF, "")):
            doi = link.removeprefix("info:doi/").removeprefix("https://doi.org/")
            found.append(f"{related.get('related-article-type', 'related')} {doi}")
    return found


def _date(article: _Element) -> str:
    front = _front(article)
    if front is None:
        return ""
    dates = []
    for date in front.iterfind("pub-date"):
        if (date.get("pub-type") or date.get("date-type") or "") in _NOT_PUBLISHED:
            continue
        year, month, day = (_plain(date.find(name)) for name in ("year", "month", "day"))
        dates.append((year, month_number(month), day))
    return earliest(dates)


def _license(article: _Element) -> tuple[str, str]:
    """Return the licence as an SPDX identifier, and as the article states it."""
    statements = []
    for license in [found for part in _with_parents(article) for found in _licenses(part)]:
        links = [license.get(XLINK_HREF, "")]
        for link in license.iter("license_ref", "ext-link", "uri"):
            if link.get("specific-use", "") not in ("textmining", "tdm"):
                links += [link.get(XLINK_HREF, ""), _plain(link)]
        statements += [*links, _plain(license)]
    found = next((name for name in map(spdx_of, statements) if name), "")
    shown = next((statement for statement in statements if statement), "")
    return found, shown[:MAX_STATEMENT_CHARACTERS]


def _licenses(article: _Element) -> list[_Element]:
    front = _front(article)
    return [] if front is None else front.findall("permissions/license")


def _plain(element: _Element | None) -> str:
    return "" if element is None else one_line("".join(map(str, element.itertext())))


def _each(elements: Iterable[_Element]) -> list[str]:
    return list(dict.fromkeys(filter(None, map(_plain, elements))))
