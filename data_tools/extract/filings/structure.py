"""From the blocks of a filing's pages to its text: what belongs to the paper goes, parts and items become headings.

A filing is a printed document in HTML: page numbers, running headers, links back to the table of contents, and the
table of contents itself stand among its text; headings are bold or centred lines. Item numbers are those of the
SEC's forms (10-K: 1 to 16, 8-K: 1.01 to 9.01, 20-F: 1 to 19).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from data_tools.extract.markup import Markup, one_line
from data_tools.extract.web.looks import BOLD, CENTRED, INTERNAL, ITALIC, UNDERLINED, Block

EDGE = 3
"""A page's first and last blocks where running headers and footers stand."""
MIN_REPEATS = 3
"""A line at the edge of this many pages is a running header or footer."""
MIN_EDGE_SHARE = 0.6
"""Of a running line's occurrences this share stands at an edge."""
MAX_RUNNING_CHARACTERS = 200
MAX_HEADING_CHARACTERS = 300
MAX_ITEM_CHARACTERS = 250
MIN_CONTENTS_LINES = 3
"""Items that a table or lines in a row list to be a table of contents."""
MIN_LINKED_LINES = 2
"""The same where they are links."""
MIN_LINKED_SHARE = 0.3
"""Characters of a table of contents that are links; page numbers and titles of parts often are none."""
MIN_PAGE_ROWS = 0.6
"""Rows of a table of contents that end with a page number."""
MAX_MINOR_CHARACTERS = 120
MIN_LARGER = 1.15
"""Letters so much larger than the running text's make a heading."""
_PAGE_NUMBER = re.compile(
    r"\W*(?:page\s+)?(?:[A-Z]{1,2}\s?[-–—]\s?)?(?!(?:19|20)\d\d)(?:\d{1,4}|[ivxlc]{1,7})\W*", re.I
)
_DASHED_PAGE = re.compile(r"[-–—] ?(?:[A-Z]-)?\d{1,4} ?[-–—]")
_CONTENTS = re.compile(
    r"\W*(?:back to |return to )?(?:table of contents|(?:index|contents)(?: to (?:consolidated )?financial statements)?"
    r"|(?:consolidated )?financial statements? index|form 10-[kq] index|index to form 10-[kq])\W*",
    re.IGNORECASE,
)
_CONTENTS_TITLE = re.compile(rf"{_CONTENTS.pattern}|\W*page(?: no\.?| number)?\W*", re.IGNORECASE)
_CONTENTS_LINE = re.compile(
    r"(?:^|\|)\W{0,3}(?:part\s+[iv]+\W+)?items?\s*\d{1,2}[a-c]?\b", re.IGNORECASE | re.MULTILINE
)
_LISTED = re.compile(r"\W{0,3}(?:items?\s*\d{1,2}[a-c]?\b.*|part\s+[iv]+\b.*|signatures?.*)[\s.]\d{1,3}", re.I | re.S)
_ITEM = re.compile(
    r"\W{0,3}(?P<number>items?\s*\d{1,2}(?:\.\d{2})?\s?(?:[A-C]|\([A-C]\)|\([TA]\))?"
    r"(?:\s?(?:,|and|&)+\s*(?:items?\s*)?\d{1,2}[A-C]?)*)"
    r"(?![\w]|\.\d)(?P<sign>\s*[.:)|–—-]*)\s*(?P<title>.*)",
    re.IGNORECASE | re.DOTALL,
)
_PART = re.compile(r"\W{0,3}(?P<number>part\s+(?:I{1,3}|IV|1|2))\b(?P<sign>\s*[.:–—-]*)\s*(?P<title>.*)", re.I | re.S)
_ITEM_INSIDE = re.compile(r"\s\W{0,2}(?=item\s*1\b)", re.IGNORECASE)
_PAGE_LINE = re.compile(r".*[\w.)][\s.]+(?:[A-Z]-)?\d{1,3}")
_PAGE_ROW = re.compile(r"\| (?:[A-Z]{1,2}-)?\d{1,3}(?:[-–]\d{1,3})? \|$", re.MULTILINE)
_HOLDS_WORDS = re.compile(r"[^\W_]|[\u2610-\u2612]")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_CONTINUED = re.compile(r"\W*\(?\bcont(?:inued|'d|’d|\.)\W*$", re.IGNORECASE)
_SENTENCE = re.compile(
    r"(?:of|and|in|to|on|for|above|below|or|is|are|has|was|contains?|includes?|through|under)\b|[,;]"
)
_ENDED = re.compile(r"""[.:;!?]["'”’)\]]*$""")


def filing_blocks(blocks: Sequence[Block], markup: Markup) -> list[Block]:
    """Return the blocks of a filing's text, in order: no page furniture, no contents, headings in our markup."""
    pages = _without_furniture(_pages(_without_contents(blocks)))
    return _with_headings(_across_pages(pages), markup)


def _pages(blocks: Iterable[Block]) -> list[list[Block]]:
    """Return the blocks by page, without drawn lines, ``- 12 -`` and empty pages."""
    pages: list[list[Block]] = [[]]
    for block in blocks:
        if block.kind == "break":
            if pages[-1]:
                pages.append([])
        elif _HOLDS_WORDS.search(block.text) and not _DASHED_PAGE.fullmatch(block.text):
            pages[-1].append(block)
    return pages if pages[-1] else pages[:-1]


def _without_furniture(pages: list[list[Block]]) -> list[list[Block]]:
    """Return the pages without page numbers, running headers and footers, and links back to the contents.

    A running line that is no page's number stays where it stands first: it is a heading there.
    """
    running = _running(pages)
    seen: set[str] = set()

    def goes(block: Block) -> bool:
        if block.kind not in ("text", "heading", "item") or len(block.text) > MAX_RUNNING_CHARACTERS:
            return False
        text = block.text.lstrip("# ")
        if _PAGE_NUMBER.fullmatch(text) or (_CONTENTS.fullmatch(text) and block.looks & INTERNAL):
            return True
        key = _key(text)
        if key not in running:
            return False
        heads = key not in seen and ("#" not in key or _ITEM.match(text) is not None)
        seen.add(key)
        return not heads or _CONTINUED.search(text) is not None

    kept = []
    for page in pages:
        start, end = 0, len(page)
        while start < min(EDGE, end) and goes(page[start]):
            start += 1
        while end > max(start, len(page) - EDGE) and goes(page[end - 1]):
            end -= 1
        inner = [block for block in page[start:end] if not _is_back_link(block)]
        if inner:
            kept.append(inner)
    return kept


def _running(pages: Sequence[Sequence[Block]]) -> set[str]:
    """Return what repeats at the pages' edges, as keys in which all numbers are alike."""
    at_edges: Counter[str] = Counter()
    anywhere: Counter[str] = Counter()
    for page in pages:
        keys = [_key(block.text) if len(block.text) <= MAX_RUNNING_CHARACTERS else "" for block in page]
        anywhere.update(keys)
        at_edges.update({*keys[:EDGE], *keys[-EDGE:]})
    return {
        key
        for key, count in at_edges.items()
        if key and count >= MIN_REPEATS and count >= MIN_EDGE_SHARE * anywhere[key]
    }


def _key(text: str) -> str:
    return re.sub(r"\d+", "#", _CONTINUED.sub("", one_line(text.lstrip("# ")))).casefold()


def _is_back_link(block: Block) -> bool:
    return bool(block.looks & INTERNAL) and _CONTENTS.fullmatch(block.text.lstrip("# ")) is not None


def _across_pages(pages: Sequence[list[Block]]) -> list[Block]:
    """Return the pages' blocks in a row; a paragraph that a page's end cuts in two is one again."""
    blocks: list[Block] = []
    for page in pages:
        before = blocks[-1] if blocks else None
        if before is not None and _goes_on(before, page[0]):
            before.text = f"{before.text} {page[0].text}"
            page = page[1:]
        blocks += page
    return blocks


def _goes_on(before: Block, block: Block) -> bool:
    if before.kind not in ("text", "item") or block.kind != "text" or before.looks & (BOLD | CENTRED):
        return False
    return block.text[0].islower() and not _ENDED.search(before.text)


def _without_contents(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks without tables of contents: linked tables of page numbers, runs of listed items."""
    kept: list[Block] = []
    place = 0
    while place < len(blocks):
        end = _end_of_list(blocks, place)
        num_items = sum(len(_CONTENTS_LINE.findall(block.text)) for block in blocks[place:end])
        few = num_items < (MIN_CONTENTS_LINES if blocks[place].linked == 0 else MIN_LINKED_LINES)
        if few and not _lists_pages(blocks[place]):
            kept.append(blocks[place])
            place += 1
            continue
        while kept and kept[-1].text and _CONTENTS_TITLE.fullmatch(kept[-1].text):
            kept.pop()
        place = max(end, place + 1)
    return kept


def _end_of_list(blocks: Sequence[Block], place: int) -> int:
    """Return where a list of items ends that begins at ``place``: before what is none, or an item that it has."""
    listed: set[str] = set()
    end = place
    while end < len(blocks):
        block = blocks[end]
        if _lists_items(block):
            if block.kind != "table" and block.text in listed:
                break
            listed.add(block.text)
        elif end == place or not _is_listed(block):
            break
        end += 1
    return end


def _lists_items(block: Block) -> bool:
    if block.kind == "table":
        return _CONTENTS_LINE.search(block.text) is not None
    linked = block.linked > MIN_LINKED_SHARE * len(block.text)
    return _LISTED.fullmatch(block.text) is not None or (linked and _CONTENTS_LINE.match(block.text) is not None)


def _is_listed(block: Block) -> bool:
    """Whether a block behind a listed item may belong to the list: a link, a title with its page, a page's end."""
    if block.kind in ("table", "break"):
        return block.kind == "break"
    return bool(block.looks & INTERNAL) or _PAGE_NUMBER.fullmatch(block.text) is not None or _is_page_line(block.text)


def _is_page_line(text: str) -> bool:
    return len(text) < MAX_RUNNING_CHARACTERS and _PAGE_LINE.fullmatch(text) is not None


def _lists_pages(block: Block) -> bool:
    """Whether a table holds links into the document with page numbers."""
    if block.kind != "table" or block.linked < MIN_LINKED_SHARE * len(block.text):
        return False
    rows = block.text.count("\n") - 1
    return rows > 2 and len(_PAGE_ROW.findall(block.text)) >= MIN_PAGE_ROWS * rows


def _with_headings(blocks: Sequence[Block], markup: Markup) -> list[Block]:
    written: list[Block] = []
    has_items = any(map(_is_item, blocks))
    in_body, part, item = not has_items, "", ""
    body_size = _body_size(blocks)
    queue = [part for block in blocks for part in _split(block)]
    place = 0
    while place < len(queue):
        block = queue[place]
        place += 1
        if _is_part(block):
            if _key(block.text) != part:
                in_body, part, item = True, _key(block.text), ""
                written.append(Block(markup.heading(1, _plain(block)), "heading"))
        elif _is_item(block):
            in_body, text = True, _plain(block)
            if place < len(queue) and _is_title_of(block, queue[place]):
                text = f"{text} {_plain(queue[place])}"
                place += 1
            number = _number_of(text)
            if number != item:
                item = number
                written.append(Block(markup.heading(2, text), "heading"))
        elif (level := _level(block, body_size)) and in_body:
            written.append(Block(markup.heading(level, _plain(block)), "heading"))
        else:
            written.append(Block(_plain(block), "text") if block.kind == "heading" else block)
    return written


def _split(block: Block) -> list[Block]:
    """Return ``PART I`` and ``Item 1`` as two blocks where they are one."""
    if block.kind not in ("text", "heading") or len(block.text) > MAX_ITEM_CHARACTERS or not _PART.match(block.text):
        return [block]
    parts = _ITEM_INSIDE.split(block.text.lstrip("# "), 1)
    return [replace(block, text=part.strip(), kind="text") for part in parts if part.strip()]


def _plain(block: Block) -> str:
    return one_line(block.text.lstrip("# ")) if block.kind == "heading" else block.text


def _stands_out(block: Block) -> bool:
    return block.kind == "heading" or bool(block.looks & (BOLD | UNDERLINED | CENTRED)) or block.text.isupper()


def _is_part(block: Block) -> bool:
    found = _PART.fullmatch(block.text.lstrip("# ")) if block.kind in ("text", "heading") else None
    if found is None or len(block.text) > MAX_ITEM_CHARACTERS or _SENTENCE.match(found["title"]):
        return False
    return _stands_out(block) or (not found["title"] or found["number"].isupper())


def _is_item(block: Block) -> bool:
    if block.kind not in ("text", "heading") or len(block.text) > MAX_ITEM_CHARACTERS:
        return False
    found = _ITEM.fullmatch(block.text.lstrip("# "))
    if found is None or _SENTENCE.match(found["title"]):
        return False
    sign, title = found["sign"].strip(), found["title"]
    return (
        _stands_out(block)
        or not title
        or ((bool(sign) or "." in found["number"]) and (title[0].isupper() or title[0] == "["))
    )


def _number_of(text: str) -> str:
    found = _ITEM.fullmatch(text.lstrip("# "))
    return re.sub(r"\W|items?", "", found["number"].casefold()) if found else ""


def _is_title_of(item: Block, block: Block) -> bool:
    """Whether ``block`` holds the title of an item whose number stands alone."""
    found = _ITEM.fullmatch(item.text.lstrip("# "))
    if found is None or found["title"] or block.kind not in ("text", "heading"):
        return False
    short = len(block.text) <= MAX_ITEM_CHARACTERS and not _is_item(block) and not _is_part(block)
    return short and (_stands_out(block) or block.looks == item.looks)


def _body_size(blocks: Iterable[Block]) -> float:
    """Return the size of most letters of the running text, in points; 0 where the document states none."""
    letters: Counter[float] = Counter()
    for block in blocks:
        if block.kind == "text":
            letters[block.size] += len(block.text)
    return max(letters, key=letters.__getitem__, default=0.0)


def _level(block: Block, body_size: float) -> int:
    """Return the level of a heading that only its looks make one, or 0."""
    text = block.text
    if block.kind == "heading":
        return 3
    if block.kind != "text" or len(text) > MAX_HEADING_CHARACTERS or not _LETTERS.search(text) or text[0] in "([*":
        return 0
    if block.looks & BOLD and not text.endswith((":", ",", ";")):
        return 4 if block.looks & ITALIC else 3
    if len(text) > MAX_MINOR_CHARACTERS or _ENDED.search(text):
        return 0
    if 0 < body_size * MIN_LARGER <= block.size or (block.looks & CENTRED and text.isupper()):
        return 3
    return 4 if block.looks & (ITALIC | UNDERLINED) else 0
