"""Documents in XML (.xml, .nxml, .cnxml): which kind one is, by its root element, and the reader of that kind.

Read are JATS articles and sets of them, PubMed citations, CNXML modules, TEI as GROBID writes it, and XHTML. Any other
root element is told, and counts as bad: a folder of XML that nobody can read must not go by in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from data_tools.extract.markup import Markup
from data_tools.extract.records import Bad, Found, ReadOptions, Record, Unreadable
from data_tools.extract.streams import blocks, checked, whole
from data_tools.extract.xml_formats import cnxml, jats, pubmed, tei
from data_tools.extract.xml_formats.records import xml_records
from data_tools.extract.xml_formats.tree import XmlTree, declared_encoding, drop_namespaces, parse_xml, root_name

if TYPE_CHECKING:
    from lxml.etree import _Element

_TREES: dict[str, Callable[[_Element, Markup], Iterator[Found]]] = {
    **dict.fromkeys(("article", "OAI-PMH", "articles"), jats.jats_records),
    "document": cnxml.cnxml_records,
    **dict.fromkeys(("TEI", "TEI.2", "teiCorpus"), tei.tei_records),
}
"""By root element: what reads a file that is parsed as a whole."""
_SETS = ("pmc-articleset",)
_HTML = ("html", "HTML")
_READ = "JATS <article>, <PubmedArticleSet>, CNXML <document>, <TEI> and <html> are"
_HEAD_BYTES = 1 << 16


def read_xml(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield the records of an XML file of a kind that is known; Unreadable where its root element is none of them."""
    source = checked(blocks(path, options.max_file_bytes))
    head, source = _begun(source)
    name, markup = root_name(head), Markup(options.marks)
    if name in _HTML:
        from data_tools.extract.web.web_page import read_web_page

        yield from read_web_page(path, options)
    elif name in pubmed.ROOTS:
        encoding = declared_encoding(head)
        yield from pubmed.pubmed_records(source, name, encoding, markup, options.max_markup_bytes)
    elif name in _SETS:
        yield from _articles(source, name, declared_encoding(head), markup, options.max_markup_bytes)
    elif name and name not in _TREES:
        raise Unreadable("unsupported_xml", f"its root element is <{name[:80]}>, which is not read: {_READ}")
    else:
        yield from _documents(parse_xml(whole(source, options.max_markup_bytes)), markup)


def _begun(source: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return a file's first bytes, enough to hold its root element's start tag, and all of it."""
    first: list[bytes] = []
    while sum(map(len, first)) < _HEAD_BYTES and (block := next(source, b"")):
        first.append(block)
    return b"".join(first), chain(first, source)


def _documents(tree: XmlTree, markup: Markup) -> Iterator[Found]:
    """Yield the records of a tree, numbered if there are several."""
    drop_namespaces(tree.root)
    name = str(tree.root.tag)
    if name not in _TREES:
        raise Unreadable("unsupported_xml", f"its root element is <{name[:80]}>, which is not read: {_READ}")
    found = list(_TREES[name](tree.root, markup))
    if not found:
        raise Unreadable("unsupported_xml", f"its root element is <{name}>, but it holds no such document: {_READ}")
    for number, one in enumerate(found, start=1):
        yield _placed(one, str(number) if len(found) > 1 else "", tree.repaired)


def _articles(source: Iterable[bytes], root: str, encoding: str, markup: Markup, max_bytes: int) -> Iterator[Found]:
    """Yield the records of a set of articles, each parsed by itself."""
    number = 0
    for part in xml_records(source, ("article",), root, max_bytes):
        number += 1
        if not part.data:
            detail = f"the article that begins in line {part.line:,} is larger than {max_bytes:,} bytes"
            yield Bad("too_large", detail, str(number))
            continue
        try:
            tree = parse_xml(part.data, encoding)
        except Unreadable as error:
            yield Bad(error.bad.rule, f"the article that begins in line {part.line:,} {error.bad.detail}", str(number))
            continue
        drop_namespaces(tree.root)
        found = list(jats.jats_records(tree.root, markup))
        for place, one in enumerate(found):
            number += place > 0
            yield _placed(one, str(number), tree.repaired)
        if not found:
            detail = f"the article that begins in line {part.line:,} has neither front matter nor a body"
            yield Bad("unsupported_xml", detail, str(number))


def _placed(found: Found, position: str, repaired: tuple[str, ...]) -> Found:
    if isinstance(found, Record):
        return replace(found, position=position, repaired=(*repaired, *found.repaired))
    return replace(found, position=position) if isinstance(found, Bad) else found
