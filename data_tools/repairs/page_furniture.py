"""What pages leave in a text: form feeds, page numbers, running headers and footers, and sentences cut in two.

A page number is a line that begins or ends with a number and comes again and again, a page's length apart, with the
number a little higher each time. Chapters and questions are numbered like that too. What tells pages from them is that
pages end in mid-sentence, that the line says "page", that a form feed stands there, or that the same other line stands
next to it each time. Headers and footers are short lines that stand next to page breaks in at least half of the places
where they stand at all; a line that recurs elsewhere ("Total", "Answer") is none. In a text without page numbers, a
line that recurs a page's length apart and mostly interrupts a sentence is a header. Sentences that a page break
interrupts are joined again. Left out: Roman page numbers, and headers that differ from page to page.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

from data_tools.repairs.hyphens import HYPHENS
from data_tools.repairs.line_kinds import is_structure, is_table_row
from data_tools.repairs.rounds import until_done

MAX_CHARACTERS = 120
"""A longer line is no header or footer."""
MIN_PAGES = 3
MIN_GAP = 300
"""Characters from one page number to the next, at least."""
MAX_STEP = 4
"""Some pages carry no number, and odd and even pages different lines."""
MIN_SHARE = 0.5
"""Least share of a header's places that are at page breaks; of page numbers that have the same neighbour, or stand at
form feeds; and of a recurring line's places that interrupt a sentence."""
MIN_INTERRUPTING = 0.15
"""Least share of page numbers that interrupt a sentence; from 20 pages on three will do, from 60 on a third of it."""
MIN_TITLE_WORDS = 4
"""A line of so many words and a number, four times with the next one, is a page's: "Smith Inc. | 2024 Report | 21"."""
MIN_CHAINED = 0.4
"""Least share of the lines of a number alone that are page numbers, from the first of these to the last."""
MIN_DIFFERENT = 0.9
"""Least share of the lines before, and after, a recurring line that differ: the text of pages does."""
MAX_DEPTH = 5
"""Lines of headers, or of footers, on one page."""
MIN_INTERRUPTED = 30
"""A shorter line before a page break is a heading or a cell, and no interrupted sentence."""
MIN_LETTERS = 3
MIN_HEADER_SHARE = 0.05
"""Least share of the page breaks that a header stands at; running headers change from chapter to chapter."""
_WORD = re.compile(r"[^\W_]+|#")
_EDGES = frozenset("0123456789-–—|·[]pP")
"""What a line that carries a page number begins or ends with."""
_FORM_FEED = re.compile("(?:^|\n)[ \t]{0,8}\x0c[ \t]{0,8}\n?|\x0c[ \t]{0,8}\n")
_PAGE_KEYS = ("page #", "page # of #", "page # #")
_DIGITS = re.compile(r"\d+")
_ALONE = re.compile(r"[-–—|· ]*(?:[A-Z]{1,2}-)?(\d{1,4})[-–—|· ]*")
_PAGE = re.compile(r"\bpage[\s|:]{1,3}(\d{1,4})\b", re.IGNORECASE)
_FIRST = re.compile(r"[-–—|· ]*(\d{1,4})(?=[\s|])")
_LAST = re.compile(r"[\s|–—-](\d{1,4})[-–—|\]· ]*$")
_NUMBERED = re.compile(
    r"\W*(?:chapter|part|section|book|question|exercise|problem|example|answer|step|fig(?:ure)?|table|day|lesson|unit|"
    r"verse|scene|act|canto|item|note|case|appendix|theorem|lemma|definition|week|article|year|no|vol(?:ume)?)\b"
    r"(?! of contents)",
    re.IGNORECASE,
)
"""What a numbered heading begins with; such a line is never a page's."""
# What is no header: Markdown, reStructuredText, LaTeX. And what may be one without a page number.
_MARKUP = re.compile(r"\s*(?:[#>\\<]|\.\.|```|\$\$|\|.*\|\s*$)")
_TITLE = re.compile(r"[A-Z0-9].{6,}[^-–—,;:\s]")
# After these a sentence goes on, whatever follows.
_CONNECTING = re.compile(
    r"(?:,|\b(?:a|an|and|are|as|at|by|for|from|in|into|is|its|of|on|or|our|that|the|their|to|was|were|which|with))$"
)


@until_done
def remove_page_furniture(text: str) -> tuple[str, int]:
    """Remove form feeds, page numbers, running headers and footers; return the text and how many of them went."""
    lines, starts = _split(text)
    filled = Filled.of(lines)
    breaks = [(start, start) for start in map(filled.place_of, starts)]
    breaks += [(place, place + 1) for place in _page_numbers(filled, {start for start, _ in breaks})]
    if not breaks:
        breaks = [(place, place + 1) for place in _interrupting(filled)]
    if not breaks and "\x0c" not in text:
        return text, 0
    breaks = _with_headers(filled, _merged(breaks))
    return _without(filled, breaks), text.count("\x0c") + sum(end - start for start, end in breaks)


def _split(text: str) -> tuple[list[str], list[int]]:
    """Return the lines, and the numbers of those that begin a page. A form feed inside a line is only a line's end."""
    if "\x0c" not in text:
        return text.split("\n"), []
    text = _FORM_FEED.sub("\n\x0c", text)
    lines = re.sub("(?<!\n)\x0c", "\n", text).split("\n")
    starts = [number for number, line in enumerate(lines) if line.startswith("\x0c")]
    return [line.lstrip("\x0c") for line in lines], starts


@dataclass(frozen=True)
class Filled:
    """The lines of a text and the places of those that are not blank: a place is a position among these alone."""

    lines: list[str]
    numbers: list[int]
    """By place: the line's number."""
    offsets: list[int]
    """By place: the line's first character."""

    @classmethod
    def of(cls, lines: list[str]) -> Filled:
        offsets = list(accumulate((len(line) + 1 for line in lines), initial=0))
        numbers = [number for number, line in enumerate(lines) if line and not line.isspace()]
        return cls(lines, numbers, [offsets[number] for number in numbers])

    def place_of(self, number: int) -> int:
        """Return the place of the first line from line ``number`` on that is not blank."""
        return bisect_left(self.numbers, number)

    def line(self, place: int) -> str:
        return self.lines[self.numbers[place]] if 0 <= place < len(self.numbers) else ""

    def key(self, place: int) -> str:
        """Return the line as headers are compared: its words, numbers made alike; empty where it can be no header."""
        line = self.line(place)
        if not line or len(line) > MAX_CHARACTERS or "\t" in line or _MARKUP.match(line):
            return ""
        key = " ".join(_WORD.findall(_DIGITS.sub("#", line).casefold()))
        return key if sum(map(str.isalpha, key)) >= MIN_LETTERS and not _NUMBERED.match(key) else ""

    @cached_property
    def totals(self) -> Counter[str]:
        """How many lines have each key."""
        return Counter(map(self.key, range(len(self.numbers))))

    def interrupts(self, start: int, end: int, surely: bool = True) -> bool:
        """Do the lines from place ``start`` up to ``end`` stand in the middle of a sentence?

        Surely so where it goes on in lower case; else also after a comma, an article or a preposition.
        """
        before, after = self.line(start - 1).rstrip(), self.line(end).lstrip()
        if len(before) < MIN_INTERRUPTED or not after or is_table_row(before) or is_structure(after):
            return False
        if before[-1] in '.!?:;…"”’)]|*':
            return False
        if after[0].islower():
            return True
        return not surely and " " in after and not _NUMBERED.match(after) and bool(_CONNECTING.search(before))


def _counters(line: str) -> Iterator[tuple[str, int]]:
    """Yield (kind, number) for every number of ``line`` that may be a page's, by where it stands."""
    page, alone = _PAGE.search(line), _ALONE.fullmatch(line)
    if page:
        yield "page", int(page[1])
    elif alone:
        yield "alone", int(alone[1])
    else:
        first, last = _FIRST.match(line), _LAST.search(line)
        if first:
            yield "first", int(first[1])
        if last:
            yield "last", int(last[1])


def _page_numbers(filled: Filled, starts: set[int]) -> set[int]:
    """Return the places of lines that carry a page number."""
    found: dict[int, int] = {}
    doubtful: list[dict[int, int]] = []
    for (key, kind), group in _groups(filled).items():
        chain = _longest_chain(group, filled.offsets, 0 if key in _PAGE_KEYS else MIN_GAP)
        if len(chain) < MIN_PAGES or (kind != "alone" and len(chain) < MIN_SHARE * len(group)):
            continue
        values = dict(group)
        num_inside = sum(chain[0] <= place <= chain[-1] for place in values)
        numbers = {place: values[place] for place in chain}
        if kind == "page":
            found |= values
        elif _is_paged(filled, chain, starts, len(chain) / num_inside):
            found |= numbers
        elif kind != "alone":
            doubtful.append(numbers)
    for numbers in doubtful:
        if _fills_gaps(numbers, found):
            found |= numbers
    return set(found)


def _groups(filled: Filled) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """Return (place, number) of lines that may carry a page number, by the line's other words and where it stands."""
    groups: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for place, number in enumerate(filled.numbers):
        line = filled.lines[number].strip(" ")
        if len(line) > MAX_CHARACTERS or (line[-1] not in _EDGES and line[0] not in _EDGES):
            continue
        for kind, value in _counters(line):
            key = _DIGITS.sub("#", line) if kind == "alone" else filled.key(place)
            if key:
                groups[key, kind].append((place, value))
    return {key: group for key, group in groups.items() if len(group) >= MIN_PAGES}


def _fills_gaps(numbers: dict[int, int], found: dict[int, int]) -> bool:
    """Do the numbers rise with those found, the ones between the others? Odd and even pages have different headers."""
    both = sorted((found | numbers).items())
    steps = [after[1] - before[1] for before, after in pairwise(both)]
    num_mixed = sum((before[0] in numbers) != (after[0] in numbers) for before, after in pairwise(both))
    return bool(found) and num_mixed >= len(numbers) and all(0 < step <= MAX_STEP for step in steps)


def _longest_chain(group: Sequence[tuple[int, int]], offsets: Sequence[int], min_gap: int) -> list[int]:
    """Return the places of the longest sequence whose numbers rise by 1 to 4, with ``min_gap`` between two."""
    before: dict[int, int] = {}
    length: dict[int, int] = {}
    last_with: dict[int, int] = {}
    for place, value in group:
        earlier = [last_with[value - step] for step in range(1, MAX_STEP + 1) if value - step in last_with]
        earlier = [other for other in earlier if offsets[place] - offsets[other] >= min_gap]
        best = max(earlier, key=lambda other: length[other], default=-1)
        new_length = length[best] + 1 if best >= 0 else 1
        if value not in last_with or new_length >= length[last_with[value]]:
            before[place], length[place], last_with[value] = best, new_length, place
    place = max(length, key=lambda other: length[other], default=-1)
    chain = []
    while place >= 0:
        chain.append(place)
        place = before[place]
    return chain[::-1]


def _is_paged(filled: Filled, chain: Sequence[int], starts: set[int], share: float) -> bool:
    """Do the lines of a chain, which are ``share`` of all such lines from its first to its last, stand at page breaks?

    In an index, a chain can be found among many other numbers; some of them will interrupt something.
    """
    num = len(chain)
    num_at_starts = sum(place in starts or place + 1 in starts for place in chain)
    neighbours = Counter(key for place in chain for key in {filled.key(place - 1), filled.key(place + 1)} - {""})
    key, num_beside = max(neighbours.items(), key=lambda item: item[1], default=("", 0))
    if num_beside < MIN_SHARE * filled.totals[key]:
        num_beside = 0  # it stands elsewhere more often
    if max(num_at_starts, num_beside) >= max(MIN_PAGES, MIN_SHARE * num):
        return True
    if share < MIN_CHAINED:
        return False
    num_interrupting = sum(filled.interrupts(place, place + 1) for place in chain)
    if num_interrupting >= max(1, min(MIN_INTERRUPTING * num, max(MIN_PAGES, MIN_INTERRUPTING / 3 * num))):
        return True
    return num > MIN_PAGES and len(filled.key(chain[0]).split()) > MIN_TITLE_WORDS


def _interrupting(filled: Filled) -> list[int]:
    """Return the places of lines that recur a page's length apart and mostly stand in the middle of a sentence."""
    recurring = Counter(line for line in filled.lines if MIN_LETTERS < len(line) <= MAX_CHARACTERS)
    often = {line for line, count in recurring.items() if count > MIN_PAGES and _TITLE.fullmatch(line)}
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, number in enumerate(filled.numbers if often else ()):
        if filled.lines[number] in often and filled.key(place):
            places[filled.lines[number]].append(place)
    found: list[int] = []
    for group in places.values():
        apart = all(filled.offsets[b] - filled.offsets[a] >= MIN_GAP for a, b in pairwise(group))
        beside = [{filled.line(place + step) for place in group} for step in (-1, 1)]
        if min(map(len, beside)) < MIN_DIFFERENT * len(group):
            continue  # it is a line of a longer text that recurs
        num_interrupting = sum(filled.interrupts(place, place + 1) for place in group)
        if apart and num_interrupting >= max(MIN_PAGES, MIN_SHARE * len(group)):
            found += group
    return sorted(found)


def _merged(breaks: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the ranges of places in order, those that touch made one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(breaks):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _with_headers(filled: Filled, breaks: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the ranges with the headers and footers next to them, as far as these follow each other.

    The text's end is a page's, too; and its beginning, where the first line is that of the other pages to the letter: a
    title is mostly written in another way.
    """
    keys = [filled.key(place) for place in range(len(filled.numbers))]
    needed = max(MIN_PAGES, MIN_HEADER_SHARE * len(breaks))
    last = len(filled.numbers)
    begins_with_header = filled.lines.count(filled.line(0)) > MIN_PAGES
    breaks = _merged([*breaks, (last, last), *([(0, 0)] if begins_with_header else [])])
    for _ in range(MAX_DEPTH):
        beside = Counter(keys[start - 1] for start, _ in breaks if start > 0)
        beside.update(keys[end] for _, end in breaks if end < len(keys))
        headers = {key for key, num in beside.items() if key and num >= max(needed, MIN_SHARE * filled.totals[key])}
        grown = [
            (start - (start > 0 and keys[start - 1] in headers), end + (end < len(keys) and keys[end] in headers))
            for start, end in breaks
        ]
        if grown == breaks:
            break
        breaks = _merged(grown)
    return breaks


def _without(filled: Filled, breaks: list[tuple[int, int]]) -> str:
    """Return the text without the ranges, sentences joined over them."""
    lines, numbers = filled.lines, [*filled.numbers, len(filled.lines)]
    parts: list[str] = []
    begin = 0
    for start, end in breaks:
        last = numbers[start - 1] + 1 if start else 0
        parts += lines[begin:last]
        begin = numbers[end]
        if not start or end == len(filled.numbers):
            continue
        if filled.interrupts(start, end, surely=False):
            if parts[-1].rstrip()[-1] not in HYPHENS:
                lines[begin] = f"{parts.pop().rstrip()} {lines[begin].lstrip()}"
        elif any(not line.strip() for line in lines[last:begin]):
            parts.append("")
    return "\n".join(parts + lines[begin:])
