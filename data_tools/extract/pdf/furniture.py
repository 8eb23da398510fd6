"""What stands on a document's pages and is no part of its text: running heads and feet, page numbers, line numbers.

Told by what repeats: the same text at the same height on several pages, the page's number aside; a number that grows
with the pages; in manuscripts a column of rising numbers beside the lines. Only the outermost rows of a page are
looked at, from the edge inwards, and the first row that is text ends the search: a body line is never taken. Rows
larger than the text are headings, unless they repeat to the letter; and a page is not emptied: forms repeat all they
say.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from data_tools.extract.pdf.segments import Segment, plain

MAX_ROWS = 12
"""So many rows at the top and at the bottom may be furniture."""
ZONE_SHARE = 0.2
"""They lie in this share of the page's height."""
SLOT_POINTS = 6.0
"""Rows whose baselines differ by less stand at the same height."""
MIN_PAGES, MIN_PAGES_OF_FEW, FEW_PAGES = 3, 2, 5
"""A row repeats on so many pages; the second figure counts in a document of up to ``FEW_PAGES``."""
MIN_SLOT_SHARE = 0.6
"""Where this share of the rows at one height repeat or carry the page's number, the others there are heads as well."""
ISOLATED = 1.6
"""In font sizes: a bare number so far from the text is the page's number, even on a single page."""
HEADING = 1.15
"""A row so many times larger than most text is a heading."""
MIN_LINE_NUMBERS, MIN_PROSE_EMS = 5, 12.0
"""A column of line numbers has so many a page, beside lines that are so wide (in font sizes)."""
MIN_NUMBERED_PAGES = 0.5
"""This share of a manuscript's pages have line numbers: a table's numbered rows are on few."""
_PAGE_NUMBER = re.compile(
    r"(?:page|p\.|pg\.|seite|página|стр\.)?\W{0,3}(\d{1,5}|[ivxlc]{1,8})\W{0,3}(?:(?:of|/|von|de|из)\W{0,2}\d{1,5})?\W{0,2}"
)
_FIRST_NUMBER = re.compile(r"\W{0,3}(?:page\W{0,2})?(\d{1,5})\b(?![.)]?\d|[.)] *[^\W\d])(?!-\w)")
_LAST_NUMBER = re.compile(r"(?<![\w-])(?<!\d[.,])(\d{1,5})\W{0,3}$")
_NAMED_NUMBER = re.compile(r"\b(?:page|pg?\.|seite|página|стр\.)\W{0,2}(\d{1,5})\b")
"""Numbers that may be a page's: one that stands apart at a row's end or beginning, or has that name. "BH-1" is a name,
"1. Introduction" a heading."""
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


@dataclass(frozen=True)
class _Row:
    """What stands on one baseline near a page's upper or lower edge."""

    page: int
    top: bool
    edge: float
    """Points from the page's upper or lower edge to the baseline."""
    gap: float
    """Points to the next row inwards."""
    size: float
    text: str
    """Small letters; numbers that may be the page's are 0."""
    offsets: frozenset[int]
    """Numbers at its beginning and end, less the page's index."""
    bare: bool
    """It is a page's number and nothing else."""
    parts: tuple[int, ...]
    """Indices of the page's segments."""

    @property
    def slot(self) -> tuple[bool, int]:
        return self.top, round(self.edge / SLOT_POINTS)


def furniture_of(pages: Sequence[tuple[Sequence[Segment], float]]) -> list[set[int]]:
    """Return, for each page (its segments and its height), the indices of the segments that are no text."""
    numbers = _line_numbers([segments for segments, _ in pages])
    rows = []
    for index, (segments, height) in enumerate(pages):
        for top in (True, False):
            rows.append(_edge_rows(index, segments, height, top, numbers[index]))
    judge = _Judge([row for side in rows for row in side], len(pages), _body_size(pages))
    gone = [set(of_page) for of_page in numbers]
    for side in rows:
        for row in side:
            if not judge.is_furniture(row):
                break
            gone[row.page].update(row.parts)
    bare = [
        {part for side in rows for row in side if row.page == page and row.bare for part in row.parts}
        for page in range(len(pages))
    ]
    return [
        of_page if len(of_page) < len(segments) else of_page & (numbers[page] | bare[page])
        for page, (of_page, (segments, _)) in enumerate(zip(gone, pages, strict=True))
    ]


def _body_size(pages: Sequence[tuple[Sequence[Segment], float]]) -> float:
    """Return the font size in which most characters are set."""
    sizes: Counter[float] = Counter()
    for segments, _ in pages:
        for segment in segments:
            sizes[round(segment.size, 1)] += len(segment.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _edge_rows(page: int, segments: Sequence[Segment], height: float, top: bool, without: set[int]) -> list[_Row]:
    """Return the outermost rows at one edge, from the edge inwards."""
    order = sorted((n for n in range(len(segments)) if n not in without), key=lambda n: segments[n].y, reverse=not top)
    grouped: list[list[int]] = []
    for number in order:
        last = segments[grouped[-1][0]] if grouped else None
        if last and abs(segments[number].y - last.y) <= 0.3 * last.size:
            grouped[-1].append(number)
        elif len(grouped) > MAX_ROWS:
            break
        else:
            grouped.append([number])
    rows = []
    for place, group in enumerate(grouped[:MAX_ROWS]):
        y = segments[group[0]].y
        edge = y if top else height - y
        gap = abs(segments[grouped[place + 1][0]].y - y) if place + 1 < len(grouped) else height
        row = _row(page, top, edge, gap, segments, sorted(group, key=lambda n: segments[n].x0))
        if edge > ZONE_SHARE * height:
            if row.bare and not place and not top:  # under the text of a page that is not full
                rows.append(replace(row, gap=0.0))
            break
        rows.append(row)
    return rows


def _row(page: int, top: bool, edge: float, gap: float, segments: Sequence[Segment], group: list[int]) -> _Row:
    text = " ".join(plain(segments[number].text) for number in group).strip().casefold()
    bare = _PAGE_NUMBER.fullmatch(text)
    outer = [bare] if bare else [_FIRST_NUMBER.match(text), _LAST_NUMBER.search(text)]
    numbers = [found.span(1) for found in (*outer, _NAMED_NUMBER.search(text)) if found]
    return _Row(
        page=page,
        top=top,
        edge=edge,
        gap=gap,
        size=segments[group[0]].size,
        text=_without(numbers, text),
        offsets=frozenset(value - page for value in (_value(found[1]) for found in outer if found) if value),
        bare=bare is not None,
        parts=tuple(group),
    )


def _without(spans: Sequence[tuple[int, int]], text: str) -> str:
    """Return ``text`` with 0 in place of each span."""
    for start, end in sorted(set(spans), reverse=True):
        text = f"{text[:start]}0{text[end:]}"
    return text


def _value(number: str) -> int:
    """Return the value of a number in Arabic or Roman figures; 0 if it is neither."""
    if number.isascii() and number.isdigit():
        return int(number)
    values = [_ROMAN_VALUES.get(letter, 0) for letter in number]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))


class _Judge:
    """Knows all outer rows of a document, and says which of them are no text."""

    def __init__(self, rows: Sequence[_Row], num_pages: int, body_size: float) -> None:
        self.largest = HEADING * body_size
        self.enough = MIN_PAGES if num_pages > FEW_PAGES else MIN_PAGES_OF_FEW
        self.texts = Counter((*row.slot, row.text) for row in rows)
        pages_by_offset: defaultdict[int, set[int]] = defaultdict(set)
        for row in rows:
            for offset in row.offsets:
                pages_by_offset[offset].add(row.page)
        self.offsets = {offset for offset, pages in pages_by_offset.items() if len(pages) >= self.enough}
        slots: defaultdict[tuple[bool, int], list[_Row]] = defaultdict(list)
        for row in rows:
            slots[row.slot].append(row)
        self.head_sizes = {slot: self._head_sizes(members) for slot, members in slots.items()}

    def _head_sizes(self, members: list[_Row]) -> set[float]:
        """Return the font sizes of a height where heads stand; none where other rows stand there."""
        told = [row for row in members if self._is_told(row)]
        if len(told) < max(self.enough, MIN_SLOT_SHARE * len(members)):
            return set()
        return {round(row.size, 1) for row in told}

    def _is_told(self, row: _Row) -> bool:
        top, slot = row.slot
        repeats = sum(self.texts[top, near, row.text] for near in (slot - 1, slot, slot + 1))
        return repeats >= self.enough or bool(row.offsets & self.offsets)

    def is_furniture(self, row: _Row) -> bool:
        """Return whether a row is a head, a foot or a page number; the rows further out must be so too."""
        if row.bare and (row.gap >= ISOLATED * row.size or row.offsets & self.offsets):
            return True
        top, slot = row.slot
        repeats = sum(self.texts[top, near, row.text] for near in (slot - 1, slot, slot + 1))
        alike = row.gap >= ISOLATED * row.size and round(row.size, 1) in self.head_sizes[row.slot]
        return repeats >= self.enough or (alike and row.size <= self.largest)


def _line_numbers(pages: Sequence[Sequence[Segment]]) -> list[set[int]]:
    """Return the segments that number the lines of a manuscript, page by page; none if few pages have them."""
    found = [_numbered_column(segments) for segments in pages]
    with_text = sum(1 for segments in pages if len(segments) >= MIN_LINE_NUMBERS)
    enough = sum(map(bool, found)) >= max(1, MIN_NUMBERED_PAGES * with_text)
    return found if enough else [set() for _ in pages]


def _numbered_column(segments: Sequence[Segment]) -> set[int]:
    """Return the segments of columns of rising integers beside lines of prose."""
    columns: defaultdict[int, list[int]] = defaultdict(list)
    for number, segment in enumerate(segments):
        if segment.text.isascii() and segment.text.isdigit() and len(segment.text) <= 5:
            columns[round(segment.x1 / 2)].append(number)
    taken: set[int] = set()
    for place, column in columns.items():
        column = sorted(column + columns.get(place + 1, []), key=lambda n: segments[n].y)
        values = [int(segments[n].text) for n in column]
        steps = Counter(after - before for before, after in pairwise(values))
        step, count = steps.most_common(1)[0] if steps else (0, 0)
        rising = step > 0 and count >= 0.8 * (len(values) - 1)
        if len(column) >= MIN_LINE_NUMBERS and rising and _beside_prose(segments, column):
            taken.update(column)
    return taken


def _beside_prose(segments: Sequence[Segment], column: list[int]) -> bool:
    """Return whether no other segment stands in the column's strip, and long lines stand beside it."""
    x0, x1 = min(segments[n].x0 for n in column), max(segments[n].x1 for n in column)
    top, bottom = segments[column[0]].top, segments[column[-1]].bottom
    members = set(column)
    others = [one for n, one in enumerate(segments) if n not in members and top < one.y < bottom]
    if any(one.x0 < x1 and one.x1 > x0 for one in others):
        return False
    long = [one for one in others if one.x1 - one.x0 >= MIN_PROSE_EMS * one.size]
    return len(long) >= 0.5 * len(column)
