"""From the characters of a PDF's page to segments: pieces of lines, with their words, accents and raised figures.

A segment is what was drawn in a row on one baseline without a wide gap: a line of a column, a cell of a table. Words
are told by drawn spaces and by gaps; many files, all of LaTeX among them, draw no spaces. Raised and lowered characters
stand between marks that ``resolved`` of joining.py turns into text when the whole document is known.

Right-to-left scripts are joined in PDFium's order, which is the logical one. Vertical writing is left out.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from data_tools.extract.pdf.fonts import BOLD, ITALIC, MONOSPACED
from data_tools.extract.pdf.page import Glyphs

if TYPE_CHECKING:
    from numpy.typing import NDArray

RAISED, LOWERED, END = "\x01", "\x02", "\x03"
"""Marks around raised and lowered text; control characters of a file never come as far as this."""
WORD_GAP, MIN_WORD_GAP, WORD_GAP_SHARE = 0.13, 0.08, 0.4
"""In font sizes: a wider gap parts two words; letters stand at most 0.05 apart, and TeX's thin space is 0.167. Where a
page's spaces are narrow (in Libertine 0.18, after an f 0.10), this share of the usual one does, down to the second."""
SEGMENT_GAP, CELL_GAP = 0.4, 1.0
"""In font sizes: a wider gap parts two segments. Word spaces are 0.3 wide, more where a line is stretched; the cells of
the tightest tables stand 0.44 apart. The second figure is a gap that only columns and cells have."""
OTHER_SIZE, OTHER_SIZE_GAP = 0.15, 0.5
"""A narrower gap does so between font sizes whose logarithms differ by this: line numbers are small."""
SAME_BASELINE = 0.3
"""In font sizes: segments of one line have baselines no further apart."""
MAX_LINE_SHIFT = 0.75
"""In font sizes: a character that is raised or lowered by more is on another line."""
MIN_SCRIPT_SHIFT, MAX_SCRIPT_SIZE = 0.09, 0.87
"""A smaller character (by this share) that is moved by so many font sizes is a sub- or superscript."""
MIN_MAIN_SHARE, MAX_CAPITAL_SIZE = 0.12, 1.4
"""The largest size in a segment that so many of its characters have is its size: a drop capital is fewer. In small
capitals the large letters are up to so many times larger than the others."""
MAX_DIVIDERS, MAX_ACCENTS = 500, 2000
"""Upright lines and accents of a page that are looked at."""
_NEAR, _ACCENT_REACH = 3, 60
"""Characters: how far the size of a line is looked for; how far from its letter PDFium may sort an accent."""
_STYLE_SHARE = 0.8
"""A segment is bold where this share of its characters are."""
_FORMULA_LETTERS = re.compile("[\U0001d400-\U0001d7ff]+")
_MARKS = re.compile(f"[{RAISED}{LOWERED}{END}]")
_SHARED_STYLES = BOLD | ITALIC | MONOSPACED
_ACCENTS = {
    **{"`": "\u0300", "´": "\u0301", "ˆ": "\u0302", "^": "\u0302", "˜": "\u0303", "~": "\u0303", "¯": "\u0304"},
    **{"˘": "\u0306", "˙": "\u0307", "¨": "\u0308", "˚": "\u030a", "˝": "\u030b", "ˇ": "\u030c", "¸": "\u0327"},
}
_ACCENT_CODES = np.array([ord(accent) for accent in _ACCENTS], np.uint32)
_EXPANDED = str.maketrans(
    {
        **{"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"},
        **{"\u00a0": " ", "\u2002": " ", "\u2003": " ", "\u2009": " ", "\u200b": None, "\ufeff": None},
    }
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a line; points, y running down the page."""

    text: str
    x0: float
    x1: float
    y: float
    """The baseline."""
    size: float
    """The font size of most of it."""
    style: int = 0
    """BOLD, ITALIC, MONOSPACED where nearly all of it is so."""
    parts: tuple[Segment, ...] = ()
    """The segments that it was joined from, if from several."""

    @property
    def top(self) -> float:
        return self.y - 0.75 * self.size

    @property
    def bottom(self) -> float:
        return self.y + 0.25 * self.size


@dataclass(frozen=True)
class _Breaks:
    """What stands before each character; arrays of one length."""

    segment: NDArray[np.bool_]
    run: NDArray[np.bool_]
    """A change of baseline, size or style, or a new segment."""
    word: NDArray[np.bool_]


def parts_of(segment: Segment) -> tuple[Segment, ...]:
    """Return the segments that one was joined from; itself where from none."""
    return segment.parts or (segment,)


def merged(segments: Sequence[Segment], gap: float = CELL_GAP) -> list[Segment]:
    """Return segments, those joined that follow each other on one baseline and stand no further apart than ``gap``.

    In drawing order this joins the words of a line that was stretched; from left to right, the cells of a row.
    """
    found: list[Segment] = []
    for segment in segments:
        before = found[-1] if found else None
        if before and _is_next(before, segment, gap):
            larger = before if before.size >= segment.size else segment
            space = "" if segment.x0 - before.x1 <= WORD_GAP * larger.size else " "
            x1, style = max(before.x1, segment.x1), before.style & segment.style
            text, parts = before.text + space + segment.text, (*parts_of(before), *parts_of(segment))
            found[-1] = Segment(text, before.x0, x1, larger.y, larger.size, style, parts)
        else:
            found.append(segment)
    return found


def _is_next(before: Segment, segment: Segment, gap: float) -> bool:
    size = max(before.size, segment.size)
    if abs(before.y - segment.y) > SAME_BASELINE * size:
        return False
    if abs(math.log(before.size / segment.size)) > OTHER_SIZE:
        gap = min(gap, OTHER_SIZE_GAP)
    return -CELL_GAP * size <= segment.x0 - before.x1 <= gap * size


def plain(text: str) -> str:
    """Return a segment's text without the marks around raised and lowered characters."""
    return _MARKS.sub("", text) if END in text else text


def segments_of(glyphs: Glyphs, rules: NDArray[np.float64]) -> list[Segment]:
    """Return the segments of a page in drawing order; an upright line of ``rules`` parts them too."""
    printed = glyphs.code != ord(" ")
    if not printed.any():
        return []
    number = np.cumsum(printed) - 1
    spaced = np.zeros(int(printed.sum()) + 1, bool)
    spaced[number[~printed] + 1] = True  # a drawn space stands before the next printed character
    letters, spaced = _with_accents(_taken(glyphs, printed), spaced[:-1])
    return list(_written(letters, _breaks(letters, spaced, rules)))


def _taken(glyphs: Glyphs, chosen: NDArray[np.bool_]) -> Glyphs:
    return Glyphs(
        code=glyphs.code[chosen],
        x0=glyphs.x0[chosen],
        x1=glyphs.x1[chosen],
        y=glyphs.y[chosen],
        size=glyphs.size[chosen],
        style=glyphs.style[chosen],
        tight=glyphs.tight,
    )


def _with_accents(glyphs: Glyphs, spaced: NDArray[np.bool_]) -> tuple[Glyphs, NDArray[np.bool_]]:
    """Compose accents that are drawn over their letters, as TeX does with fonts that hold no accented ones."""
    found = np.flatnonzero(np.isin(glyphs.code, _ACCENT_CODES))
    kept = np.ones(len(glyphs.code), bool)
    code = glyphs.code.copy()
    for accent in found[:MAX_ACCENTS].tolist():
        letter = _letter_under(glyphs, accent)
        if letter is not None:
            base = {"ı": "i", "ȷ": "j"}.get(chr(code[letter]), chr(code[letter]))
            composed = unicodedata.normalize("NFC", base + _ACCENTS[chr(code[accent])])
            if base.isalpha() and len(composed) == 1:
                code[letter], kept[accent] = ord(composed), False
    if kept.all():
        return glyphs, spaced
    spaced = spaced.copy()
    spaced[1:] |= spaced[:-1] & ~kept[:-1]
    return _taken(replace(glyphs, code=code), kept), spaced[kept]


def _letter_under(glyphs: Glyphs, accent: int) -> int | None:
    """Return the character that an accent is drawn over; it need not be drawn next, as PDFium sorts raised accents."""
    near = slice(max(accent - _ACCENT_REACH, 0), accent + _ACCENT_REACH)
    size = glyphs.size[near]
    shared = np.minimum(glyphs.x1[accent], glyphs.x1[near]) - np.maximum(glyphs.x0[accent], glyphs.x0[near])
    shared[np.abs(glyphs.y[near] - glyphs.y[accent]) > 0.5 * size] = 0.0
    shared[accent - near.start] = 0.0
    best = int(np.argmax(shared))
    return near.start + best if shared[best] > 0.2 * size[best] else None


def _breaks(glyphs: Glyphs, spaced: NDArray[np.bool_], rules: NDArray[np.float64]) -> _Breaks:
    """Return what stands before each character but the first, for which all are true."""
    size = _largest_near(glyphs.size)
    shift = np.abs(np.diff(glyphs.y))
    gap = glyphs.x0[1:] - glyphs.x1[:-1]
    backward = _right_to_left(glyphs.code)
    both = backward[1:] & backward[:-1]
    gap[both] = (glyphs.x0[:-1] - glyphs.x1[1:])[both]
    gap[(glyphs.x0[1:] == glyphs.x0[:-1]) & (glyphs.x1[1:] == glyphs.x1[:-1])] = 0.0  # the letters of a ligature
    segment = (shift > MAX_LINE_SHIFT * size) | (gap < -CELL_GAP * size) | (gap > SEGMENT_GAP * size)
    relative = gap / np.minimum(glyphs.size[1:], glyphs.size[:-1])
    word = spaced[1:] | (relative > _word_gap(relative, glyphs.tight))
    ratio = glyphs.size[1:] / glyphs.size[:-1]
    segment |= (np.abs(np.log(ratio)) > OTHER_SIZE) & (gap > OTHER_SIZE_GAP * size)
    segment |= word & _divided(glyphs, rules)
    run = segment | (shift > 0.05 * size) | (np.abs(np.diff(glyphs.size)) > 0.02 * size) | (np.diff(glyphs.style) != 0)
    first = np.array([True])
    breaks = _Breaks(*(np.concatenate([first, found]) for found in (segment, run, word)))
    _respace(breaks, np.concatenate([[0.0], gap]), glyphs.size, spaced)
    return breaks


def _word_gap(relative: NDArray[np.float64], tight: bool) -> float:
    """Return the gap that parts words on a page, in font sizes."""
    if tight:
        return 1.7 * WORD_GAP
    wide = relative[(relative > 0.8 * WORD_GAP) & (relative < SEGMENT_GAP)]
    return float(np.clip(WORD_GAP_SHARE * np.median(wide), MIN_WORD_GAP, WORD_GAP)) if len(wide) else WORD_GAP


def _largest_near(size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, between each two neighbours, the largest size of the three characters before and after."""
    if len(size) < 2:
        return size[:0]
    padded = np.pad(size, _NEAR - 1, mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEAR).max(axis=1))


def _right_to_left(code: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return which characters are Hebrew, Arabic or their presentation forms."""
    found = (code >= 0x590) & (code < 0x900) | (code >= 0xFB1D) & (code < 0xFE00) | (code >= 0xFE70) & (code < 0xFEFF)
    return np.asarray(found)


def _divided(glyphs: Glyphs, rules: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return between which neighbours an upright line stands."""
    found = np.zeros(len(glyphs.code) - 1, bool)
    for x0, y0, x1, y1 in rules[(rules[:, 3] - rules[:, 1]) > (rules[:, 2] - rules[:, 0])][:MAX_DIVIDERS]:
        beside = (glyphs.x1[:-1] <= x1 + 1) & (glyphs.x0[1:] >= x0 - 1)
        found |= beside & (glyphs.y[1:] > y0) & (glyphs.y[1:] <= y1 + 1)
    return found


def _respace(breaks: _Breaks, gap: NDArray[np.float64], size: NDArray[np.float64], spaced: NDArray[np.bool_]) -> None:
    """Tell words anew in letter-spaced segments, where most letters stand apart."""
    starts = np.flatnonzero(breaks.segment)
    ends = np.append(starts[1:], len(gap))
    parted = np.add.reduceat(breaks.word.astype(np.int64), starts)
    for number in np.flatnonzero((parted > 0.6 * (ends - starts)) & (ends - starts >= 6)).tolist():
        inside = slice(int(starts[number]) + 1, int(ends[number]))
        if not spaced[inside].mean() > 0.5:
            usual = float(np.median(gap[inside]))
            breaks.word[inside] = spaced[inside] | (gap[inside] > usual + 1.5 * WORD_GAP * size[inside])


def _written(glyphs: Glyphs, breaks: _Breaks) -> Iterator[Segment]:
    """Yield the segments with their text."""
    text, place = _spelt(glyphs.code, breaks.word & ~breaks.segment)
    runs = np.flatnonzero(breaks.run)
    ends = np.append(runs[1:], len(glyphs.code))
    columns = zip(
        place[runs].tolist(),
        np.append(place[runs[1:]], len(text)).tolist(),
        (ends - runs).tolist(),
        np.minimum.reduceat(glyphs.x0, runs).tolist(),
        np.maximum.reduceat(glyphs.x1, runs).tolist(),
        glyphs.y[runs].tolist(),
        glyphs.size[runs].tolist(),
        glyphs.style[runs].tolist(),
        breaks.segment[runs].tolist(),
        strict=True,
    )
    held: list[_Run] = []
    for start, end, count, x0, x1, y, size, style, begins in columns:
        if begins and held:
            yield _segment(held)
            held = []
        held.append(_Run(text[start:end], count, x0, x1, y, size, style))
    yield _segment(held)


def _spelt(code: NDArray[np.uint32], word: NDArray[np.bool_]) -> tuple[str, NDArray[np.int64]]:
    """Return the characters with spaces before words, and where in this each character's place begins."""
    starts = np.flatnonzero(word)
    spelt = np.insert(code, starts, ord(" "))
    place = np.arange(len(code)) + np.cumsum(word) - word
    return spelt.astype("<u4").tobytes().decode("utf-32-le"), place


@dataclass(frozen=True, slots=True)
class _Run:
    """Characters of one baseline, size and style."""

    text: str
    count: int
    x0: float
    x1: float
    y: float
    size: float
    style: int


def _segment(runs: list[_Run]) -> Segment:
    x0, x1 = min(run.x0 for run in runs), max(run.x1 for run in runs)
    if len(runs) == 1:
        (run,) = runs
        return Segment(_clean(run.text), x0, x1, run.y, run.size, run.style & _SHARED_STYLES)
    total = sum(run.count for run in runs)
    sizes: Counter[float] = Counter()
    for run in runs:
        sizes[round(run.size, 1)] += run.count
    main = _main_size(sizes, total, "".join(run.text for run in runs).isupper())
    level: Counter[float] = Counter()
    for run in runs:
        if abs(run.size - main) < 0.1:
            level[round(run.y, 1)] += run.count
    y = level.most_common(1)[0][0]
    text = _joined(runs, y, main)
    style = 0
    for one in (BOLD, ITALIC, MONOSPACED):
        if sum(run.count for run in runs if run.style & one) >= _STYLE_SHARE * total:
            style |= one
    return Segment(_clean(text), x0, x1, y, main, style)


def _main_size(sizes: Counter[float], total: int, capitals: bool) -> float:
    """Return the largest size that is no drop capital: in small capitals, that of the few large letters."""
    usual, most = sizes.most_common(1)[0]
    if capitals:
        return max(size for size in sizes if size <= MAX_CAPITAL_SIZE * usual)
    return max(size for size, count in sizes.items() if count >= min(MIN_MAIN_SHARE * total, most))


def _joined(runs: list[_Run], y: float, size: float) -> str:
    """Return the text of runs, with marks where it is raised or lowered from baseline ``y``."""
    parts, before = [], ""
    for run in runs:
        shift = (y - run.y) / size
        plain = run.size > MAX_SCRIPT_SIZE * size or abs(shift) < MIN_SCRIPT_SHIFT
        mark = "" if plain else RAISED if shift > 0 else LOWERED
        bare = run.text.lstrip(" ")
        if mark != before:
            parts += [END if before else "", run.text[: len(run.text) - len(bare)], mark, bare]
        else:
            parts.append(run.text)
        before = mark
    return "".join([*parts, END if before else ""])


def _clean(text: str) -> str:
    """Return a text with ligatures and the letters of formulas (U+1D400 to 1D7FF) as plain letters."""
    if text.isascii():
        return text
    text = _FORMULA_LETTERS.sub(lambda letters: unicodedata.normalize("NFKC", letters.group()), text)
    return text.translate(_EXPANDED)
