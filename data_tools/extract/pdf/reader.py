"""PDF files (.pdf): the text layer in reading order, by PDFium; scanned pages are not recognised.

Pages are opened one after the other and kept as lines of text, because running heads, the size of the body's type and
the way a word is hyphenated show only in the whole document. The steps, each a module: pdf_page (characters and where
they stand), pdf_segments (words), pdf_tables, pdf_furniture (heads, feet, numbers), pdf_layout (columns), pdf_lines,
pdf_blocks (paragraphs), pdf_structure (headings, footnotes, paragraphs across pages), pdf_joining (hyphens, scripts).

Left out: formulas stay as the characters that they were set with; links, annotations and form fields are not read.
PDFium is not thread-safe: one process reads one file at a time.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from data_tools.extract.markup import Markup
from data_tools.extract.pdf.blocks import Block, blocks_of
from data_tools.extract.pdf.figures import without_labels
from data_tools.extract.pdf.fonts import BOLD, MONOSPACED
from data_tools.extract.pdf.forms import MAX_DRAWN, multiplied_forms
from data_tools.extract.pdf.furniture import furniture_of
from data_tools.extract.pdf.layout import regions_of
from data_tools.extract.pdf.lines import lines_of
from data_tools.extract.pdf.metadata import information, language_of, outline_of, stated_title
from data_tools.extract.pdf.page import OversizedPage, PageContent, read_page
from data_tools.extract.pdf.segments import Segment, merged, segments_of
from data_tools.extract.pdf.structure import Document, heading_key, structured
from data_tools.extract.pdf.tables import Table, ruled_tables
from data_tools.extract.pdf.writing import written
from data_tools.extract.records import Found, ReadOptions, Record, Unreadable
from data_tools.extract.streams import blocks, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_PAGES = 20_000
"""A file that says it has more is left out: the longest books have 2,000."""
MAX_PAGE_SEGMENTS = 20_000
"""A page with more pieces of text (words of a map, cells) is left out."""
MAX_UNMAPPED_SHARE = 0.3
"""Where the meaning of more characters is unknown, what remains is no text."""
MIN_PAGE_CHARACTERS = 50
"""A page with a picture and fewer characters, heads and stamps not counted, is a scanned one."""
MIN_PICTURE_SHARE = 0.4
"""The picture of a scanned page covers at least this share of it."""
MIN_PROSE_CHARACTERS = 30
"""Shorter pieces of text do not say how the body is set: cells and labels may be more than the prose."""
MAX_SCANNED_SHARE = 0.5
"""Where more of the pages with content are scanned, the text is not that of the document."""
_HEADER_BYTES = 1024
_PASSWORD, _SECURITY = 4, 5
"""PDFium's codes of errors (fpdfview.h): a password is missing; the kind of encryption is unknown."""


@dataclass
class _Page:
    width: float
    height: float
    segments: list[Segment] = field(default_factory=list)
    rules: NDArray[np.float64] | None = None
    drawings: NDArray[np.float64] | None = None
    pictured: bool = False


@dataclass(frozen=True)
class _Body:
    size: float
    bold: bool
    monospaced: bool


@dataclass
class _Reading:
    """What was read of a file's pages."""

    pages: list[_Page] = field(default_factory=list)
    num_characters: int = 0
    num_unmapped: int = 0
    repaired: Counter[str] = field(default_factory=Counter)


def read_pdf(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield one record: the document's text. Unreadable where it is encrypted, damaged, scanned or says no letters."""
    data = whole(blocks(path, options.max_file_bytes), options.max_document_bytes)
    if b"%PDF-" not in data[:_HEADER_BYTES]:
        raise Unreadable("broken_pdf", "does not begin as PDF does")
    if multiplied_forms(data) > MAX_DRAWN:
        raise Unreadable("form_bomb", f"its drawings multiply: one form comes to draw more than {MAX_DRAWN:,} forms")
    with _opened(data) as document:
        reading = _read_pages(document, options.max_document_bytes)
        _refuse_unmapped(reading)
        _drop_furniture(reading.pages)
        _refuse_scanned(reading.pages)
        outline = {heading_key(title): depth for title, depth in outline_of(document).items()}
        found = _blocks(reading.pages, outline)
        first_page = " ".join(segment.text for page in reading.pages[:2] for segment in page.segments)
        title = stated_title(document, first_page)
        language = language_of(document)
        meta = {**information(document), "pages": len(reading.pages)}
    text, heading = written(found, Markup(options.marks))
    if not text.strip():
        raise Unreadable("no_text_layer", "has no text besides running heads and page numbers")
    yield Record(text, meta=meta, repaired=tuple(sorted(reading.repaired)), title=title or heading, language=language)


@contextmanager
def _opened(data: bytes) -> Iterator[Any]:
    """Open a document, whose bytes must live as long; it is closed in any case."""
    import pypdfium2 as pdfium
    import pypdfium2.raw as raw

    logging.getLogger("pypdfium2").setLevel(logging.CRITICAL)  # it logs the defects of outlines
    handle = raw.FPDF_LoadMemDocument64(data, len(data), None)
    if not handle:
        code = raw.FPDF_GetLastError()
        if code == _PASSWORD:
            raise Unreadable("encrypted", "is protected by a password")
        if code == _SECURITY:
            raise Unreadable("encrypted", "is encrypted in a way that PDFium does not know")
        raise Unreadable("broken_pdf", f"cannot be opened: its structure is damaged (PDFium's error {code})")
    document = pdfium.PdfDocument(handle)
    try:
        count = len(document)
        if count < 1:
            raise Unreadable("no_pages", "holds no page")
        if count > MAX_PAGES:
            raise Unreadable("too_many_pages", f"says that it holds {count:,} pages; at most {MAX_PAGES:,} are read")
        yield document
    finally:
        document.close()


def _read_pages(document: Any, max_characters: int) -> _Reading:
    import pypdfium2 as pdfium
    import pypdfium2.raw as raw

    reading = _Reading()
    if not raw.FPDF_DocumentHasValidCrossReferenceTable(document):
        reading.repaired["rebuilt cross-references"] += 1
    tagged, failed = document.is_tagged(), 0
    for index in range(len(document)):
        try:
            content = read_page(document, index, tagged)
            page = _page(content)
        except (pdfium.PdfiumError, OversizedPage) as error:
            content, page = PageContent(0.0, 0.0), _Page(0.0, 0.0)
            reading.repaired["oversized pages" if isinstance(error, OversizedPage) else "damaged pages"] += 1
            failed += 1
        reading.pages.append(page)
        reading.repaired.update(content.repaired)
        reading.num_characters += content.num_characters
        reading.num_unmapped += content.num_unmapped
        if reading.num_characters > max_characters:
            raise Unreadable("too_large", f"holds more than {max_characters:,} characters of text")
    if failed == len(reading.pages):
        oversized = reading.repaired["oversized pages"] == failed
        reason = "hold more text than pages do" if oversized else "can be read"
        raise Unreadable(
            "too_large" if oversized else "broken_pdf",
            f"{'all' if oversized else 'none'} of its {failed:,} pages {reason}",
        )
    return reading


def _page(content: PageContent) -> _Page:
    page = _Page(content.width, content.height, pictured=content.picture_share >= MIN_PICTURE_SHARE)
    if content.glyphs is not None and len(content.glyphs.code):
        segments = merged(segments_of(content.glyphs, content.rules))
        if len(segments) > MAX_PAGE_SEGMENTS:
            raise OversizedPage(f"holds {len(segments):,} pieces of text, more than {MAX_PAGE_SEGMENTS:,}")
        page.segments, page.rules, page.drawings = segments, content.rules, content.drawings
    return page


def _refuse_unmapped(reading: _Reading) -> None:
    if reading.num_unmapped > MAX_UNMAPPED_SHARE * reading.num_characters:
        raise Unreadable(
            "unmapped_fonts",
            f"its fonts do not say what {reading.num_unmapped:,} of {reading.num_characters:,} characters mean",
        )
    if reading.num_unmapped:
        reading.repaired["unmapped characters"] += 1


def _drop_furniture(pages: Sequence[_Page]) -> None:
    dropped = furniture_of([(page.segments, page.height) for page in pages])
    for page, indices in zip(pages, dropped, strict=True):
        page.segments = [segment for number, segment in enumerate(page.segments) if number not in indices]


def _parts(page: _Page) -> list[Segment | Table]:
    """Return a page's segments and tables, without the labels inside figures."""
    if page.rules is None or page.drawings is None:
        return []
    tables, segments = ruled_tables(page.segments, page.rules)
    drawings = np.concatenate([page.drawings, page.rules])
    return [*without_labels(segments, drawings, page.width, page.height), *tables]


def _refuse_scanned(pages: Sequence[_Page]) -> None:
    """Unreadable where no page has text, or most pages are pictures with next to none."""
    lengths = [sum(len(one.text) for one in page.segments) for page in pages]
    if not any(lengths):
        raise Unreadable(
            "no_text_layer", f"has no text on its {len(lengths):,} pages; scanned pages are not recognised"
        )
    scanned = sum(page.pictured and length < MIN_PAGE_CHARACTERS for page, length in zip(pages, lengths, strict=True))
    filled = sum(page.pictured or length > 0 for page, length in zip(pages, lengths, strict=True))
    if scanned > MAX_SCANNED_SHARE * filled:
        raise Unreadable(
            "no_text_layer",
            f"{scanned:,} of its {filled:,} pages are pictures with fewer than {MIN_PAGE_CHARACTERS} characters",
        )


def _blocks(pages: Sequence[_Page], outline: dict[str, int]) -> list[Block]:
    body = _body([segment for page in pages for segment in page.segments])
    found: list[Block] = []
    edges: list[float] = []
    number = 0
    for index, page in enumerate(pages):
        parts = _parts(page)
        regions, here = regions_of(parts, edges)
        edges = here or edges
        for region in regions:
            lines = lines_of([parts[one] for one in region.segments], region.x0, region.x1, index)
            found += blocks_of(lines, index, number, body.size, body.monospaced)
            number += 1
    document = Document(body.size, outline, [page.height for page in pages], body.bold)
    return structured(found, document)


def _body(segments: Sequence[Segment]) -> _Body:
    """Return how most of a document's prose is set: what fills a line counts, if anything does."""
    prose = [segment for segment in segments if len(segment.text) >= MIN_PROSE_CHARACTERS] or segments
    sizes: Counter[float] = Counter()
    for segment in prose:
        sizes[round(segment.size, 1)] += len(segment.text)
    half = sum(sizes.values()) / 2
    bold, monospaced = (sum(len(one.text) for one in prose if one.style & style) > half for style in (BOLD, MONOSPACED))
    return _Body(sizes.most_common(1)[0][0], bold, monospaced)
