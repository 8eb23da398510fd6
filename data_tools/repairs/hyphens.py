"""Words broken at a line's end: "hetero-" and "geneous" become one word, "well-" and "known" keep their hyphen.

What decides, in this order: the signs of a compound (a digit, a capital, one letter, a second hyphen before the break);
whether the joined or the hyphenated form occurs elsewhere in the document; a few typical first and second parts; what
the document does in its other cases, as plain text wrapped by an editor (Project Gutenberg's) breaks at real hyphens
only. The word is put together on the first line, and the line end stays after it. Tables, code, formulas and addresses
are left alone.

Also here: soft hyphens (U+00AD), and U+FFFE and U+0002, which PDFium and others write for the hyphen of a break.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise

from data_tools.repairs.line_kinds import has_blocks, inside_blocks, is_table_row
from data_tools.repairs.rounds import until_done

HYPHENS = "-\u2010"
_MARKS = "\u00ad\ufffe\x02"
_BREAKING = frozenset(HYPHENS + _MARKS)
_TRIGGERS = ("-\n", "\u2010\n", *_MARKS)
_MARKED = re.compile(r"(?:(?<![^\s\ufffe\x02])([^\s\ufffe\x02]+))?[\ufffe\x02]+([^\s\ufffe\x02]*)")
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
_OPENING = "([{\"'“‘«*_"
_PUNCTUATION = ".,;:!?()[]{}\"'“”‘’«»*_…"
_MARKS_AFTER = ("", ",", ".", ";", ":", ")", "?", "!", '"', "”", "’s", "'s")
_ADDRESS = re.compile(r"[@\\=<>|{}$_`]|://|www\.|\d\.\d{4}")
_GAP = re.compile(r" {3,}|\t|\|")
MIN_PROSE_WORDS = 7
"""A cell of more words at the break is a sentence, and its line no row: lists run together have wide gaps, too."""
MAX_ROW = 300
"""A longer line is a paragraph, however its words are spaced."""
_SUSPENDED = {"and", "or", "to", "nor", "und", "oder", "bis", "et", "ou", "y", "o", "e", "og", "en"}
"""After a hyphen at a line's end, these belong to a word that is completed later: "two- and three-fold"."""
_LINKS = {"a", "and", "at", "by", "for", "in", "of", "on", "over", "than", "the", "to", "up"}
_FIRST_PARTS = {"self", "quasi", "half", "cross", "well", "tert", "cis"} | {
    "three", "five", "twelve", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"
}  # fmt: skip
# Second parts that mostly follow a hyphen, and others that mostly follow none, where the document does not tell.
_SECOND_PARTS = (
    "based bearing rich poor free type dependent independent related shaped sized dimensional induced driven specific "
    "term level scale known grained trending dipping phase order wide year old day looking made oriented like"
)
_CLOSED_PARTS = (
    "thing things body one where how what ever time times self selves ward wards ship ships man men land lands side "
    "way ways work works stone stones field fields quake quakes water fall falls over under out light day days back "
    "down up book books house room word words line lines head hand ground most"
)
MIN_PART = 4
"""Two words of the document of at least so many letters are a compound where nothing else tells: "time-dependent"."""
MIN_DECIDED, MIN_LINES = 3, 15
RARE_BREAKS = 0.02
"""Typesetters break 5 to 15 % of the lines inside a word; an editor that wraps plain text breaks none: there 1 % of the
lines end with a hyphen, and it is a real one."""


@until_done
def join_broken_words(text: str) -> tuple[str, int]:
    """Join the words that line ends have broken; return the text and how many places changed."""
    if not any(map(text.__contains__, _TRIGGERS)):
        return text, 0
    lines = text.split("\n")
    breaks = list(_breaks(lines, inside_blocks(lines) if has_blocks(text) else None))
    marks = "\ufffe" in text or "\x02" in text
    marked = [(match[1], match[2]) for match in _MARKED.finditer(text) if match[1] and match[2]] if marks else []
    chooser = Chooser(text)
    num_lines = 0 if marked or len(lines) < MIN_LINES or not _is_set_in_lines(lines) else len(lines)
    chooser.learn([(left, right) for _, left, _, right in breaks] + marked, num_lines)
    num_places = 0
    gone = set()
    for number, left, hyphen, right in breaks:
        whole = left + right if hyphen == "\u00ad" else chooser.choose(left, right)
        if whole is None or number in gone:
            continue
        lines[number] = lines[number].removesuffix(left + hyphen) + whole
        line = lines[number + 1]
        indent = line[: len(line) - len(line.lstrip())]
        lines[number + 1] = indent + line.lstrip()[len(right) :].lstrip()
        if not lines[number + 1].strip():
            gone.add(number + 1)
        num_places += 1
    text = "\n".join(line for number, line in enumerate(lines) if number not in gone)
    text, num_marks = _without_marks(text, chooser)
    return text, num_places + num_marks


def _is_set_in_lines(lines: list[str]) -> bool:
    """Are most lines before another of the length that lines of a page have, 45 to 100 characters?"""
    before = [line for line, following in pairwise(lines) if line and following]
    return sum(45 <= len(line) <= 100 for line in before) > len(before) / 2


def _breaks(lines: list[str], inside: bytearray | None) -> Iterator[tuple[int, str, str, str]]:
    """Yield (line number, what stands before the hyphen, the hyphen, the next line's first word).

    A line of one word is none: "hepat-" stands so in glossaries of word parts.
    """
    for number, line in enumerate(lines[:-1]):
        if not line or line[-1] not in _BREAKING or not line[-2:-1].isalnum() or " " not in line:
            continue
        right = lines[number + 1].split(None, 1)[:1]
        if not right or (inside and (inside[number] or inside[number + 1])):
            continue
        cells = _GAP.split(line)[-1], _GAP.split(lines[number + 1])[0]
        if any(cell.count(" ") >= MIN_PROSE_WORDS for cell in cells) or not any(
            len(row) <= MAX_ROW and is_table_row(row) for row in lines[number : number + 2]
        ):
            yield number, line[line.rindex(" ") + 1 : -1], line[-1], right[0]


def _without_marks(text: str, chooser: Chooser) -> tuple[str, int]:
    """Take out soft hyphens, and decide on the marks for a hyphen that stand inside a line."""
    num_places = 0
    if "\u00ad" in text:
        num_places = text.count("\u00ad")
        text = text.replace("\u00ad", "")
    if "\ufffe" not in text and "\x02" not in text:
        return text, num_places

    def replaced(match: re.Match[str]) -> str:
        left, right = match[1] or "", match[2]
        if not left or not right:
            return f"{left}-" if left[-1:].isalnum() else right  # at a line's end it is a hyphen all the same
        return chooser.choose(left, right) or f"{left}-{right}"

    text, num = _MARKED.subn(replaced, text)
    return text, num_places + num


def is_suspended(following: str) -> bool:
    """Does a hyphen before ``following`` belong to a word that is completed later ("two- and three-fold")?"""
    return following.partition(" ")[0].strip(_PUNCTUATION) in _SUSPENDED


class Chooser:
    """Decides between the joined and the hyphenated form of a broken word, by the document's own words."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._keeps_by_default = False

    @cached_property
    def _tokens(self) -> Counter[str]:
        return Counter(self._text.lower().replace("\u2010", "-").split())

    def _count(self, word: str) -> int:
        """Return how often ``word``, in lower case, occurs, with or without punctuation after it."""
        return sum(self._tokens.get(word + mark, 0) for mark in _MARKS_AFTER)

    def learn(self, pairs: Sequence[tuple[str, str]], num_lines: int) -> None:
        """See what the document does where its own words decide: does it break words at all?

        ``num_lines`` is how many lines the pairs are from, 0 where they are no measure of what the document does.
        """
        seen = [self._seen(left, right) for left, right in pairs]
        num_joined, num_kept = seen.count("joined"), seen.count("kept")
        rare = num_lines > 0 and len(pairs) <= max(1, RARE_BREAKS * num_lines) and not num_joined
        self._keeps_by_default = rare or num_kept >= max(MIN_DECIDED, MIN_DECIDED * num_joined)

    def choose(self, left: str, right: str) -> str | None:
        """Return the whole word for its parts (with what stands around them); None where the break should stay."""
        if "/" in left or _ADDRESS.search(left) or _ADDRESS.search(right) or is_suspended(right):
            return None
        kept = f"{left}-{right}"
        first, second = _LAST_WORD.search(left), _FIRST_WORD.match(right)
        if first is None or second is None:
            goes_on = second is not None and second[0].islower()  # "2,4-dinitrophenol", but not "10-20"
            return kept if goes_on or (right[0].isdigit() and self._has(kept)) else None
        if second[0][0].isupper() and not (first[0].isupper() and len(first[0]) > 1 and second[0].isupper()):
            return kept if self._has(kept) else None
        return kept if self._is_compound(left, right, first[0], second[0]) else left + right

    def _is_compound(self, left: str, right: str, first: str, second: str) -> bool:
        before = left[: -len(first)].strip(_OPENING)
        acronym = len(first) > 1 and first.isupper() and not second.isupper()
        linked = right[len(second) :].startswith("-") and second in _LINKS  # "state-" and "of-the-art"
        if acronym or linked or len(first) == 1 or (before and not before.endswith("-")):
            return True
        seen = self._seen(left, right)
        if seen:
            return seen == "kept"
        first, second = first.lower(), second.lower()
        # The second part stands at a line's beginning, and so is counted once as a word of its own.
        is_word, are_words = self._count(first) > 0, self._count(second) > 1
        if first in _FIRST_PARTS or (second in _SECOND_PARTS.split() and is_word):
            return True
        if before:  # "state-of-the-" and "art", but not "long-con-" and "tinued"
            return is_word or are_words or first in _LINKS
        if self._keeps_by_default:
            return True
        return (
            is_word and are_words and min(len(first), len(second)) >= MIN_PART and second not in _CLOSED_PARTS.split()
        )

    def _seen(self, left: str, right: str) -> str:
        """Return which form the document holds elsewhere: joined, kept, or neither (an empty string)."""
        joined, kept = self._has(left + right), self._has(f"{left}-{right}")
        return "" if joined == kept else "joined" if joined else "kept"

    def _has(self, word: str) -> bool:
        word = word.lower().replace("\u2010", "-").strip(_PUNCTUATION)
        return any(self._count(form) for form in (word, word + "s", word.removesuffix("s")))
