"""From the blocks of all pages to a document: headings and their levels, footnotes, paragraphs that go on elsewhere."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from data_tools.extract.pdf.blocks import HYPHENS, INDENT, SAME_SIZE, SMALL, Block, sentence_ended
from data_tools.extract.pdf.figures import caption_of, is_bare_label
from data_tools.extract.pdf.fonts import BOLD, ITALIC
from data_tools.extract.pdf.segments import plain

LARGER = 1.08
"""Headings are set in at least so many times the body's font size, or in bold, italic or capital letters."""
SMALLER = 0.78
"""Headings in bold or in capital letters may be so much smaller than the body: small capitals are."""
MAX_HEADING_CHARACTERS, MAX_HEADING_LINES = 200, 4
MAX_PLAIN_HEADING = 80
"""Characters; a heading of the body's size is not longer."""
MAX_LEVEL = 4
MAX_CELL_TEXT = 15
"""Characters; a line of three cells or more that are so short on average is a row of numbers, and goes on nowhere."""
FULL = 0.3
"""In font sizes: a line that ends so near to where the one before ends is a full one; few paragraphs end with such."""
MAX_FLOATS = 8
"""So many captions, tables and notes may stand between two parts of a paragraph."""
MAX_ABOVE_TITLE = 3
"""Lines, such as a journal's name, may stand above a title that is set as small as the text."""
TITLE_ZONE = 0.6
"""The title stands in this share of the first page, from above."""
NOTE_ZONE = 0.45
"""Footnotes stand below this share of the page's height."""
_NUMBERED = re.compile(
    r"(?:(?:chapter|section|part|appendix)\s+)?(?P<number>\d{1,2}(?:\.\d{1,2}){0,4}|[IVX]{1,5}|[A-H])(?P<dot>\.?)\s+(?=\S)",
    re.IGNORECASE,
)
_KNOWN = frozenset(
    {"abstract", "acknowledgements", "acknowledgments", "appendix", "background", "bibliography", "conclusion"}
    | {"conclusions", "contents", "discussion", "introduction", "methods", "references", "results", "summary"}
)
_CHECK_BOX = re.compile("[☐☑☒]")
_WORDS = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Document:
    """What is known of the whole document."""

    body_size: float
    outline: Mapping[str, int]
    """By heading, as ``heading_key`` gives it: its depth in the file's outline, from 0."""
    page_heights: Sequence[float]
    bold_body: bool = False
    """Most of the text is bold: then bold is no sign of a heading."""


def heading_key(text: str) -> str:
    """Return what two writings of one heading share: its letters and digits, without a number in front."""
    return re.sub(r"[\W_]+", "", _NUMBERED.sub("", text.strip(), count=1)).casefold()


def structured(blocks: Sequence[Block], document: Document) -> list[Block]:
    """Return a document's blocks with headings told, footnotes at their pages' ends and broken paragraphs whole."""
    found = _with_headings(_with_whole_captions(blocks), document)
    found = _with_notes_last(found, document)
    return list(_whole(found))


def _starts_small(heading: str) -> bool:
    """Return whether a heading's first word after its number begins with a small letter."""
    found = _NUMBERED.match(heading)
    return heading[found.end() if found else 0 :][:1].islower()


def _with_whole_captions(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield the blocks, captions joined with what stands below: the text under a label, such as ``TABLE II``.

    A caption over both columns may end with a short line, which was taken for one of the left column.
    """
    caption: Block | None = None
    for block in blocks:
        below = caption is not None and block.page == caption.page and block.kind in ("paragraph", "item")
        if caption and below and _is_under(caption, block):
            caption.lines += block.lines
            continue
        caption = block if block.kind == "caption" else None
        yield block


def _is_under(caption: Block, block: Block) -> bool:
    """Return whether a block goes on with a caption right below it."""
    last, first = caption.lines[-1], block.lines[0]
    if not 0 < first.y - last.y < 1.6 * caption.size or block.size > (1 + SAME_SIZE) * caption.size:
        return False
    if block.region == caption.region:
        return is_bare_label(caption.text) or (len(caption.lines) > 1 and is_bare_label(plain(caption.lines[0].text)))
    return not sentence_ended(last) and abs(first.x0 - last.x0) <= INDENT * first.size


def _with_headings(blocks: Iterable[Block], document: Document) -> list[Block]:
    found: list[Block] = []
    for block in blocks:
        if _is_heading(block, document):
            block.kind = "heading"
        if found and _goes_on(found[-1], block, document):
            found[-1].lines += block.lines
        else:
            found.append(block)
    title = _title(found, document)
    _demote_authors(found, title, document)
    others = [block for block in found if block.kind == "heading" and block is not title]
    looks = sorted({_look(one) for one in others}, reverse=True)
    level = {look: min(number, MAX_LEVEL) for number, look in enumerate(looks, start=2)}
    roman = any(_depth(one, False) == 1 and not one.text[0].isdigit() for one in others)
    numbered = sum(1 for one in others if _depth(one, roman))
    by_number = numbered >= max(2, 0.3 * len(others))
    of_look = _levels_of_looks(others, roman) if by_number else {}
    for heading in others:
        listed = document.outline.get(heading_key(heading.text))
        depth = _depth(heading, roman) if by_number else 0
        ranked = of_look.get(_look(heading), level[_look(heading)])
        heading.level = min(depth + 1 if depth else 2 + listed if listed is not None else ranked, MAX_LEVEL)
    if title:
        title.level = 1
    return found


def _is_heading(block: Block, document: Document) -> bool:
    text = block.text
    if block.kind not in ("paragraph", "item") or len(block.lines) > MAX_HEADING_LINES:
        return False
    if len(text) > MAX_HEADING_CHARACTERS or not _WORDS.search(text) or _CHECK_BOX.search(text) or caption_of(text):
        return False
    key = heading_key(text)
    if key in document.outline and block.size >= SMALL * document.body_size:
        return True
    if block.size >= LARGER * document.body_size:
        return not (text.endswith((".", ",", ";")) and len(text.split()) > 12)
    numbered = _NUMBERED.match(text) is not None
    plain_size = block.size >= SMALLER * document.body_size and len(text) <= MAX_PLAIN_HEADING and len(block.lines) <= 2
    if not plain_size or (text.endswith((",", ";", ":", "-")) and not numbered):
        return False
    cells = block.lines[-1].cells
    listed = len(cells) > 1 and cells[-1].text.isdecimal()  # with its page, in a table of contents
    if listed or text[:1].islower() or (not numbered and any(len(line.cells) > 2 for line in block.lines)):
        return False
    if block.style & BOLD and not document.bold_body:
        return True
    if text.isupper() and (numbered or key in _KNOWN or (len(_WORDS.findall(text)) > 1 and not text.endswith("."))):
        return True
    if key in _KNOWN:
        return True
    deep = numbered and _depth(block, False) > 1 and text[-1].isalpha() and len(block.lines) == 1
    return (deep and not _starts_small(text)) or (numbered and bool(block.style & ITALIC) and not text.endswith("."))


def _goes_on(before: Block, block: Block, document: Document) -> bool:
    """Return whether a block is the next line of a heading: alike, close below, begun in the middle of something."""
    if before.kind != "heading" or before.region != block.region or block.kind not in ("heading", "paragraph"):
        return False
    style = BOLD | ITALIC
    capitals = before.text.isupper() and block.text.isupper()  # small ones may lack large letters
    same_size = abs(before.size - block.size) <= (1 - SMALLER if capitals else SAME_SIZE) * before.size
    if not same_size or before.style & style != block.style & style:
        return False
    if len(before.lines) + len(block.lines) > MAX_HEADING_LINES or _NUMBERED.match(block.text):
        return False
    last, step = before.lines[-1], block.lines[0].y - before.lines[-1].y
    if block.kind == "heading" or capitals:
        full = last.x1 - last.x0 > 0.8 * (last.right - last.left) or last.text.endswith("-")
        return step <= (2.2 if full else 1.5) * before.size
    special = bool(before.style & style) or before.size >= LARGER * document.body_size
    broken = last.text.endswith("-") or block.text[:1].islower()
    return special and broken and step <= 1.5 * before.size


def _title(blocks: Sequence[Block], document: Document) -> Block | None:
    """Return the largest heading in the upper part of the first page; if all are as small as text, the uppermost."""
    page = blocks[0].page if blocks else 0
    first = [one for one in blocks if one.page == page and one.kind == "heading"]
    first = [one for one in first if one.lines[0].y < TITLE_ZONE * document.page_heights[page]]
    best = max(first, key=lambda one: one.size, default=None)
    if best and best.size >= LARGER * document.body_size:
        return best
    top = first[0] if first and blocks.index(first[0]) <= MAX_ABOVE_TITLE else None
    return None if top is None or heading_key(top.text) in _KNOWN or _NUMBERED.match(top.text) else top


def _demote_authors(blocks: Sequence[Block], title: Block | None, document: Document) -> None:
    """Make paragraphs of what looks like headings around the title, before the text: authors, institutes, dates.

    A real heading stands there as well, if it has a number or a known name, or looks like headings further on.
    """
    if title is None:
        return
    start = next(n for n, block in enumerate(blocks) if block is title)
    after = enumerate(blocks[start + 1 :], start=start + 1)
    end = next((n for n, one in after if one.page != title.page or _is_text(one)), len(blocks))
    later = {_look(block) for block in blocks[end:] if block.kind == "heading"}
    for block in blocks[:end]:
        key = heading_key(block.text)
        known = key in _KNOWN or key in document.outline or _NUMBERED.match(block.text) is not None
        if block.kind == "heading" and block is not title and not known and _look(block) not in later:
            block.kind = "paragraph"


def _is_text(block: Block) -> bool:
    return block.kind == "paragraph" and len(block.lines) > 2


def _look(heading: Block) -> tuple[float, bool, bool]:
    return round(heading.size * 2) / 2, bool(heading.style & BOLD), heading.text.isupper()


def _depth(heading: Block, roman: bool) -> int:
    """Return the depth that a heading's number gives: 1 for ``2`` and ``IV.``, 2 for ``2.1`` and ``B.``; 0 without one.

    Where the first headings have ``roman`` numbers, as in the IEEE's papers, ``2`` stands below ``B.``.
    """
    found = _NUMBERED.match(heading.text)
    if not found:
        return 0
    number = found["number"]
    if number[0].isdigit():
        return number.count(".") + (3 if roman else 1)
    if not found["dot"]:
        return 0
    return 1 if set(number.upper()) <= set("IVX") else 2


def _levels_of_looks(headings: Sequence[Block], roman: bool) -> dict[tuple[float, bool, bool], int]:
    """Return the level that most numbered headings of a look have, for those without a number."""
    votes: defaultdict[tuple[float, bool, bool], Counter[int]] = defaultdict(Counter)
    for heading in headings:
        if depth := _depth(heading, roman):
            votes[_look(heading)][depth + 1] += 1
    return {look: counts.most_common(1)[0][0] for look, counts in votes.items()}


def _with_notes_last(blocks: Sequence[Block], document: Document) -> list[Block]:
    """Return the blocks with each page's footnotes after its text; a note higher up the page is a paragraph.

    What goes on with a note that a column's or a page's end broke off is joined with it.
    """
    found: list[Block] = []
    held: list[Block] = []
    page, last = -1, None
    for block in blocks:
        if block.page != page:
            found += held
            held, page = [], block.page
        low = bool(block.lines) and block.lines[0].y > NOTE_ZONE * document.page_heights[page]
        small = low and block.kind == "paragraph" and block.size <= SMALL * document.body_size
        if small and last and block.region != last.region and _breaks_off(last, block):
            last.lines += block.lines
        elif (low and block.kind == "note") or (small and last and block.region == last.region):
            block.kind, last = "note", block
            held.append(block)
        else:
            block.kind = "paragraph" if block.kind == "note" else block.kind
            last = last if last and block.region != last.region else None
            found.append(block)
    return found + held


def _breaks_off(note: Block, block: Block) -> bool:
    """Return whether a note ends in the middle of the sentence that ``block`` goes on with."""
    alike = abs(note.size - block.size) <= SAME_SIZE * note.size and note.page + 1 >= block.page
    return alike and not sentence_ended(note.lines[-1]) and not block.text[:1].isupper()


def _whole(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield the blocks, paragraphs that go on in another column or page joined, what stood between after them."""
    indented = _uses_indents(blocks)
    taken: set[int] = set()
    for number, block in enumerate(blocks):
        if number in taken:
            continue
        place = number
        while block.kind in ("paragraph", "item") and (found := _rest(blocks, place, block, indented, taken)):
            block.lines += blocks[found].lines
            taken.add(found)
            place = found
        yield block


def _rest(blocks: Sequence[Block], place: int, block: Block, indented: bool, taken: set[int]) -> int:
    """Return the index of the block that goes on with ``block``, whose last lines are at ``place``; 0 if none does."""
    here = blocks[place]
    for number in range(place + 1, min(place + 2 + MAX_FLOATS, len(blocks))):
        other = blocks[number]
        if number in taken:
            continue
        alike = other.kind == "paragraph" and abs(other.size - block.size) <= SAME_SIZE * block.size
        if alike:
            apart = other.region != here.region or number > place + 1
            return number if apart and _continues(block, other, indented) else 0
        text = other.kind in ("heading", "item") or (other.kind == "paragraph" and other.size > block.size)
        if text or other.page > here.page + 1:
            return 0
    return 0


def _continues(block: Block, other: Block, indented: bool) -> bool:
    last, first = block.lines[-1], other.lines[0]
    cells = len(last.cells) > 2 and len(last.text) <= MAX_CELL_TEXT * len(last.cells)
    if first.style & BOLD != last.style & BOLD or cells:
        return False
    ended = sentence_ended(last)
    starts_small = first.text[:1].islower()
    if last.text.endswith(HYPHENS):
        return first.text[:1].isalnum()
    justified = len(block.lines) > 1 and abs(last.x1 - block.lines[-2].x1) <= FULL * last.size
    if starts_small:
        return not ended or justified or last.text.endswith((":", ";", "…"))
    second = other.lines[1].x0 if len(other.lines) > 1 else first.left
    moved = first.x0 - second > INDENT * first.size
    full = justified or (last.x1 >= last.right - 1.5 * last.size and (not ended or indented))
    return full and not moved and (not ended or len(other.lines) > 1)


def _uses_indents(blocks: Sequence[Block]) -> bool:
    """Return whether most paragraphs of the document begin with an indent."""
    long = [block for block in blocks if block.kind == "paragraph" and len(block.lines) >= 3]
    moved = sum(block.lines[0].x0 - block.lines[1].x0 > INDENT * block.size for block in long)
    return moved >= max(2, 0.4 * len(long))
