"""Citations of PubMed and MEDLINE in XML: a record for each that has an abstract, read one by one.

After NLM's documentation of PubmedArticleSet (DTD of 2019 and later). ``Abstract`` is in English, whatever the article
is in; an abstract of a citation that has no other stands in ``OtherAbstract``, in the language stated there. Left out:
references, grants, chemicals, and the copyright line of the abstract.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from data_tools.extract.dates import earliest, month_number
from data_tools.extract.language_tags import language_of
from data_tools.extract.license_of import spdx_of
from data_tools.extract.markup import Markup, join_blocks, one_line
from data_tools.extract.records import Bad, Found, Record, Unreadable
from data_tools.extract.xml_formats.prose import Prose
from data_tools.extract.xml_formats.records import XmlRecord, xml_records
from data_tools.extract.xml_formats.tree import drop_namespaces, parse_xml

if TYPE_CHECKING:
    from lxml.etree import _Element

ROOTS = ("PubmedArticleSet", "MedlineCitationSet", "PubmedBookArticleSet", "PubmedArticle", "MedlineCitation")
RECORDS = ("PubmedArticle", "PubmedBookArticle", "MedlineCitation")
_NO_LABEL = ("UNLABELLED", "UNASSIGNED", "")
_TRUNCATED = re.compile(r"\s*\(ABSTRACT TRUNCATED(?: AT \d+ WORDS)?\)\s*$")
_WHOLE_TITLE = re.compile(r"\[(.*?)\.?\]\.?(?:\s*\([^()]*\))?")
"""A title that was translated stands in brackets."""
_RELATIONS = ("RetractionIn", "RetractionOf", "ErratumIn", "ExpressionOfConcernIn", "UpdateIn")


def pubmed_records(
    source: Iterable[bytes], root: str, encoding: str, markup: Markup, max_bytes: int
) -> Iterator[Found]:
    """Yield what each citation of a file holds; its position is its number, from 1."""
    for number, found in enumerate(xml_records(source, RECORDS, root, max_bytes), start=1):
        yield _citation(found, str(number), encoding, markup, max_bytes)


def _citation(found: XmlRecord, position: str, encoding: str, markup: Markup, max_bytes: int) -> Found:
    if not found.data:
        detail = f"the citation that begins in line {found.line:,} is larger than {max_bytes:,} bytes"
        return Bad("too_large", detail, position)
    try:
        tree = parse_xml(found.data, encoding)
    except Unreadable as error:
        detail = f"the citation that begins in line {found.line:,} {error.bad.detail}"
        return Bad(error.bad.rule, detail, position, found.data[:200].decode("utf-8", "replace"))
    drop_namespaces(tree.root)
    return citation_record(tree.root, markup, position, tree.repaired)


def citation_record(root: _Element, markup: Markup, position: str = "", repaired: tuple[str, ...] = ()) -> Found:
    """Return the record of one citation (names without namespace); bad where it has no abstract."""
    prose = Prose(markup)
    title = _title(root, prose)
    blocks, language = _abstract(root, prose)
    meta = _meta(root)
    if not blocks:
        return Bad("no_abstract", f"PMID {meta.get('pmid', '?')} has no abstract", position, title, harmless=True)
    if _TRUNCATED.search(blocks[-1]):
        blocks[-1] = _TRUNCATED.sub("", blocks[-1])
        meta["abstract_truncated"] = True
    text = join_blocks([*([markup.heading(1, title)] if title else []), *blocks])
    license = spdx_of(root.findtext(".//Abstract/CopyrightInformation") or "")
    return Record(text, position, _date(root), meta, repaired, title, language, license)


def _title(root: _Element, prose: Prose) -> str:
    """Return the title without the full stop that PubMed closes it with."""
    title = prose.line_of(root.find(".//ArticleTitle")) or prose.line_of(root.find(".//BookTitle"))
    if not title:
        title = prose.line_of(root.find(".//VernacularTitle"))
    if whole := _WHOLE_TITLE.fullmatch(title):
        title = whole[1]
    return title[:-1] if title.endswith(".") and not title.endswith("..") else title


def _abstract(root: _Element, prose: Prose) -> tuple[list[str], str]:
    """Return the abstract's paragraphs, each after its label, and its language."""
    own = root.find(".//Abstract")
    language = "en"
    if own is None or not (blocks := _paragraphs(own, prose)):
        own = root.find(".//OtherAbstract")
        blocks = [] if own is None else _paragraphs(own, prose)
        language = language_of(own.get("Language", "")) if own is not None else ""
    if language == "en" and own is not None and own.tag == "Abstract":
        for other in root.iterfind(".//OtherAbstract[@Type='plain-language-summary']"):
            if other.get("Language", "eng") == "eng" and (summary := _paragraphs(other, prose)):
                blocks += [prose.markup.heading(2, "Plain language summary"), *summary]
    return blocks, language


def _paragraphs(abstract: _Element, prose: Prose) -> list[str]:
    blocks = []
    for part in abstract.iterchildren("AbstractText"):
        label = one_line(part.get("Label", ""))
        if label.upper() in _NO_LABEL:
            label = ""
        text = prose.line_of(part)
        if text:
            blocks.append(f"{label.capitalize() if label.isupper() else label}: {text}" if label else text)
    return blocks


def _meta(root: _Element) -> dict[str, Any]:
    ids = {found.get("IdType", ""): _plain(found) for found in root.iterfind("PubmedData/ArticleIdList/ArticleId")}
    doi = next((_plain(found) for found in root.iterfind(".//ELocationID[@EIdType='doi']")), "")
    languages = [language_of(_plain(found)) for found in root.iterfind(".//Language")]
    meta: dict[str, Any] = {
        "pmid": _plain(root.find(".//PMID")),
        "doi": doi or ids.get("doi", ""),
        "pmcid": ids.get("pmc", ""),
        "journal": _plain(root.find(".//Journal/Title")) or _plain(root.find(".//MedlineTA")),
        "authors": _authors(root),
        "mesh": _each(root.iterfind(".//MeshHeading/DescriptorName")),
        "keywords": _each(root.iterfind(".//KeywordList/Keyword")),
        "publication_types": _each(root.iterfind(".//PublicationType")),
        "article_language": ", ".join(name for name in languages if name and name != "en"),
        "related": [
            f"{found.get('RefType')} {_plain(found.find('PMID'))}".strip()
            for found in root.iterfind(".//CommentsCorrections")
            if found.get("RefType") in _RELATIONS
        ],
    }
    return {name: value for name, value in meta.items() if value}


def _authors(root: _Element) -> list[str]:
    found = []
    for author in root.iterfind(".//AuthorList/Author"):
        name = f"{author.findtext('ForeName') or author.findtext('Initials') or ''} {author.findtext('LastName') or ''}"
        found.append(one_line(name) or _plain(author.find("CollectiveName")))
    return [name for name in found if name]


def _date(root: _Element) -> str:
    dates = []
    for date in root.iterfind(".//ArticleDate"):
        dates.append(_parts(date))
    for date in root.iterfind(".//PubDate"):
        free = re.match(r"((?:1[89]|20)\d\d)(?: (\w{3}))?", date.findtext("MedlineDate") or "")
        dates.append((free[1], month_number(free[2] or ""), "") if free else _parts(date))
    return earliest(dates)


def _parts(date: _Element) -> tuple[str, str, str]:
    year, month, day = (date.findtext(name) or "" for name in ("Year", "Month", "Day"))
    return year, month_number(month), day


def _plain(element: _Element | None) -> str:
    return "" if element is None else one_line("".join(map(str, element.itertext())))


def _each(elements: Iterable[_Element]) -> list[str]:
    return list(dict.fromkeys(filter(None, map(_plain, elements))))
