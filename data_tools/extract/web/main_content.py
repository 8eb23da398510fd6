"""Which blocks of a web page are its main content.

trafilatura (A. Barbaresi, ACL 2021 demos) judges. Its text is laid over the page's own blocks, which know tables,
formulas, code and nested lists: a block is kept where its words stand in that text, in the same order. So a teaser
above the article that repeats a sentence of it is not taken for the sentence.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from data_tools.extract.web.formulas import drop
from data_tools.extract.web.looks import BOLD, ITALIC, UNDERLINED, Block, is_hidden

if TYPE_CHECKING:
    from lxml.html import HtmlElement

SHINGLE_WORDS = 3
MIN_KEPT_SHARE = 0.5
"""Of a block's shingles this share stands in trafilatura's text, if it is to be kept."""
MIN_KEPT_TABLE_SHARE = 0.3
"""The same of a table: trafilatura loses cells, and spans stand more than once in ours."""
MAX_CANDIDATES = 20
"""Places in trafilatura's text that are tried for one block: those around its number among its likes."""
MAX_LINKED_SHARE = 0.7
MAX_LINK_LISTS = 3
"""At either end; more are the page's content."""
SLACK_WORDS = 3
"""By so many words a block may begin before the end of the one before it."""
_STRUCTURE = ("table", "code", "heading", "caption")
_VOID = frozenset({"html", "head", "body", "title", "meta", "link", "br", "hr", "img", "frame", "iframe"})
_WORD = re.compile(r"\w+")

_Candidate = tuple[int, int, int]
"""A block's number, and the words ``[start, end)`` of trafilatura's text that it may be."""


def judged_text(tree: HtmlElement) -> str:
    """Return trafilatura's text of a page, or nothing; ``tree`` is changed."""
    import trafilatura

    _ease(tree)
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it logs what it returns as None
    # Without favor_recall it loses paragraphs of old pages; its fallbacks, which fast leaves out, add furniture.
    return trafilatura.extract(tree, favor_recall=True, fast=True, include_comments=False, include_tables=True) or ""


def _ease(tree: HtmlElement) -> None:
    """Take out what misleads trafilatura, hidden elements, and what costs it minutes: empty elements, cells' spans."""
    for element in reversed(list(tree.iter())):
        is_empty = not len(element) and not (element.text and element.text.strip())
        if (is_empty and element.tag not in _VOID) or is_hidden(element):
            drop(element)
        elif element.tag in ("td", "th"):
            element.attrib.pop("colspan", None)
            element.attrib.pop("rowspan", None)


def main_blocks(blocks: Sequence[Block], judged: str) -> list[Block]:
    """Return those blocks that stand in ``judged``, in order, and the tables, code, headings and captions between them.

    A list of links in front of them or behind them ("Contents | Next chapter") is none of them.
    """
    kept = _aligned(_candidates(blocks, judged))
    first = min(kept, default=-1)

    def lost(place: int) -> bool:
        block = blocks[place]
        heads = block.linked == 0 and bool(block.looks & (BOLD | ITALIC | UNDERLINED))
        if place + 1 == first and block.linked == 0 and block.text.startswith("# "):
            return True  # trafilatura leaves out a title that stands beside the paragraphs, in no element of theirs
        return (place - 1 in kept and place + 1 in kept) and (heads or block.kind in _STRUCTURE)

    chosen = [block for place, block in enumerate(blocks) if place in kept or lost(place)]
    start, end = 0, len(chosen)
    while start < min(MAX_LINK_LISTS, end) and _is_links(chosen[start]):
        start += 1
    while end > max(start, len(chosen) - MAX_LINK_LISTS) and _is_links(chosen[end - 1]):
        end -= 1
    return chosen[start:end] or chosen


def _is_links(block: Block) -> bool:
    return block.kind != "heading" and block.linked > MAX_LINKED_SHARE * len(block.text)


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).lower())


def _candidates(blocks: Sequence[Block], judged: str) -> list[_Candidate]:
    """Return where each block may stand in trafilatura's text: short ones as a line of it, others by their shingles."""
    words: list[str] = []
    lines: dict[tuple[str, ...], list[int]] = {}
    for line in judged.split("\n"):
        found = _words(line)
        if len(found) < SHINGLE_WORDS:
            lines.setdefault(tuple(found), []).append(len(words))
        words += found
    shingles: dict[tuple[str, ...], list[int]] = {}
    for place, shingle in enumerate(_shingles(words)):
        shingles.setdefault(shingle, []).append(place)
    candidates: list[_Candidate] = []
    likes: Counter[tuple[str, ...]] = Counter()
    for number, block in enumerate(blocks):
        own = _words(block.text)
        if len(own) < SHINGLE_WORDS:
            key, offset, places = tuple(own), 0, lines.get(tuple(own), [])
        else:
            key, offset = _rarest(own, shingles, MIN_KEPT_TABLE_SHARE if block.kind == "table" else MIN_KEPT_SHARE)
            places = shingles.get(key, [])
        around = max(0, likes[key] - MAX_CANDIDATES // 2)
        likes[key] += 1
        starts = [max(0, place - offset) for place in places[around : around + MAX_CANDIDATES]]
        candidates += [(number, start, start + len(own)) for start in sorted(starts, reverse=True) if own]
    return candidates


def _rarest(
    own: Sequence[str], shingles: dict[tuple[str, ...], list[int]], min_share: float
) -> tuple[tuple[str, ...], int]:
    """Return the shingle of a block to find it by, and its place in it; an empty one where too few are found."""
    mine = _shingles(own)
    found = [at for at, shingle in enumerate(mine) if shingle in shingles]
    if len(found) < min_share * len(mine):
        return (), 0
    at = min(found, key=lambda at: (len(shingles[mine[at]]) > 1, at))
    return mine[at], at


def _shingles(words: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + SHINGLE_WORDS]) for at in range(len(words) - SHINGLE_WORDS + 1)]


def _aligned(candidates: Sequence[_Candidate]) -> set[int]:
    """Return the blocks of the chain that covers most words, each block behind the one before it in both texts.

    A weighted longest increasing subsequence, by a Fenwick tree over the words. Of equal chains the one of later
    blocks is taken: what repeats the article on a page mostly stands above it.
    """
    size = max((end for _, _, end in candidates), default=0) + 2
    tree: list[tuple[int, int]] = [(0, -1)] * (size + 1)
    before: list[int] = []
    for place, (_, start, end) in enumerate(candidates):
        best, at = (0, -1), min(start + SLACK_WORDS, end) + 1
        while at > 0:
            best = max(best, tree[at])
            at -= at & -at
        before.append(best[1])
        value, at = (best[0] + end - start, place), end + 1
        while at <= size:
            tree[at] = max(tree[at], value)
            at += at & -at
    kept, place = set(), max(tree)[1]
    while place >= 0:
        kept.add(candidates[place][0])
        place = before[place]
    return kept
