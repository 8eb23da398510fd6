"""What the published quality rules measure, for many texts at once.

Definitions are those of datatrove 0.10.1's filters (Gopher, Rae et al. 2021, arXiv 2112.11446, table A1; C4, Raffel et
al. 2020; FineWeb, Penedo et al. 2024, arXiv 2406.17557), its quirks included: characters are counted against the whole
text, a run of words found twice is skipped whole, of equally frequent runs the first counts. A text is split into
words once; all measures share the arrays. Cost is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from data_tools.word_arrays import WordArrays, split_texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PARAGRAPH_BREAK = re.compile(r"\n{2,}")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)", re.MULTILINE)
STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
SHORT_LINE_CHARACTERS = 30
TOP_RUNS = (2, 3, 4)
DUPLICATE_RUNS = (5, 6, 7, 8, 9, 10)
_STEP = 0x9E3779B97F4A7C15
_SPREAD = 0xD1B54A32D192ED03


@lru_cache(maxsize=1)
def _stop_word_hashes() -> NDArray[np.uint64]:
    return split_texts([" ".join(STOP_WORDS)]).hashes


@lru_cache(maxsize=1)
def _line_ends() -> frozenset[str]:
    from datatrove.utils.text import TERMINAL_PUNCTUATION

    return frozenset(TERMINAL_PUNCTUATION)


@dataclass(frozen=True)
class Measured:
    """The measures of T texts, each computed when it is asked for and as arrays of shape (T,).

    ``bounds`` spares work: where a text's upper bound of a measure is within the bound given here, the upper bound is
    given in place of the exact value.
    """

    texts: Sequence[str]
    bounds: Mapping[str, float] | None = None

    @cached_property
    def words(self) -> WordArrays:
        return split_texts(self.texts)

    @cached_property
    def num_characters(self) -> NDArray[np.int64]:
        import numpy as np

        return np.fromiter(map(len, self.texts), dtype=np.int64, count=len(self.texts))

    @cached_property
    def _runs(self) -> WordRuns:
        return WordRuns(self.words)

    def top_run_character_share(self, num_words: int) -> NDArray[np.float64]:
        """Characters in the most frequent run of ``num_words`` words, its spaces counted, by characters."""
        return self._by_character(self._runs.top_characters(num_words))

    def duplicate_run_character_share(self, num_words: int) -> NDArray[np.float64]:
        """Characters in runs of ``num_words`` words that stood before, their spaces not counted, by characters."""
        bound = (self.bounds or {}).get(f"duplicate_{num_words}_gram_character_share", -1.0)
        enough = (bound * self.num_characters).astype("int64")
        return self._by_character(self._runs.duplicate_characters(num_words, enough))

    def _by_character(self, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        return _divide(counts, self.num_characters)

    def num_stop_words(self) -> NDArray[np.int64]:
        """How many of Gopher's eight stop words occur."""
        import numpy as np

        found = np.zeros(len(self.texts), dtype=np.int64)
        for stop_word in _stop_word_hashes():
            found += self.words.sum_by_text(self.words.hashes == stop_word) > 0
        return found

    def num_filled_words(self) -> NDArray[np.int64]:
        """Words that are not punctuation alone."""
        return self.words.sum_by_text(~self.words.is_symbol)

    def mean_word_length(self) -> NDArray[np.float64]:
        """Mean characters of the words that are not punctuation alone."""
        lengths = self.words.sum_by_text(self.words.lengths * ~self.words.is_symbol)
        return _divide(lengths, self.num_filled_words())

    def alphabetic_word_share(self) -> NDArray[np.float64]:
        """Share of the words, punctuation included, that hold a letter."""
        return self.per_word(self.words.sum_by_text(self.words.is_alphabetic))

    def per_word(self, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return ``counts``, shape (T,), by the number of words."""
        return _divide(counts, self.words.num_words)

    def count(self, *pieces: str) -> NDArray[np.int64]:
        """How often the ``pieces`` stand in each text."""
        import numpy as np

        return np.array([sum(map(text.count, pieces)) for text in self.texts], dtype=np.int64)

    def num_sentences(self) -> NDArray[np.int64]:
        """Sentences per text, counted line by line."""
        import numpy as np

        return np.array([count_sentences(text.splitlines()) for text in self.texts], dtype=np.int64)

    def lines(self) -> Mapping[str, NDArray[np.float64]]:
        """The measures of lines and paragraphs, by name."""
        return self._lines

    @cached_property
    def _lines(self) -> Mapping[str, NDArray[np.float64]]:
        import numpy as np

        rows = [tuple(_line_measures(text)) for text in self.texts]
        columns = np.array(rows, dtype=np.float64).reshape(len(rows), len(LINE_MEASURES))
        return {name: columns[:, place] for place, name in enumerate(LINE_MEASURES)}


def _divide(counts: NDArray[np.int64], by: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the ratio, and 0 where there is nothing to divide by."""
    import numpy as np

    return np.divide(counts, np.maximum(by, 1), dtype=np.float64)


LINE_MEASURES = (
    "duplicate_paragraph_share",
    "duplicate_paragraph_character_share",
    "duplicate_line_share",
    "duplicate_line_character_share",
    "bullet_line_share",
    "ellipsis_line_share",
    "line_punctuation_share",
    "short_line_share",
    "repeated_line_character_share",
)


def _line_measures(text: str) -> Iterator[float]:
    length = max(len(text), 1)
    paragraphs = _paragraphs(text.strip())
    number, characters = _duplicates(paragraphs)
    yield number / len(paragraphs)
    yield characters / length
    rows = text.split("\n")
    # As a split at runs of line ends gives them: no empty lines but one before a first and one behind a last line end.
    lines = [row for row in rows if row] + [""] * ((not rows[0]) + (not rows[-1] and len(rows) > 1))
    number, characters = _duplicates(lines)
    yield number / max(len(lines), 1)
    yield characters / length
    lines = text.splitlines() if _may_list(text) or _may_trail(text) else [""]
    yield sum(line.lstrip().startswith(("•", "-")) for line in lines) / max(len(lines), 1)
    yield sum(line.rstrip().endswith(("...", "…")) for line in lines) / max(len(lines), 1)
    lines = [row for row in rows if row and not row.isspace()]
    num_lines = max(len(lines), 1)
    ends = _line_ends()
    yield sum(line[-1] in ends for line in lines) / num_lines
    yield sum(len(line) <= SHORT_LINE_CHARACTERS for line in lines) / num_lines
    yield _duplicates(lines)[1] / max(len(text) - text.count("\n"), 1)


def _paragraphs(text: str) -> list[str]:
    return _PARAGRAPH_BREAK.split(text) if "\n\n\n" in text else text.split("\n\n")


def _may_list(text: str) -> bool:
    return "-" in text or "•" in text


def _may_trail(text: str) -> bool:
    return "..." in text or "…" in text


def _duplicates(parts: Sequence[str]) -> tuple[int, int]:
    """Return how many parts stood before, and their characters."""
    number = len(parts) - len(set(parts))
    if not number:
        return 0, 0
    seen: set[str] = set()
    characters = 0
    for part in parts:
        if part in seen:
            characters += len(part)
        else:
            seen.add(part)
    return number, characters


def count_sentences(lines: Collection[str]) -> int:
    """Count sentences line by line: runs of ``.!?…`` before a space or the end, and what is left behind the last."""
    text = "\n".join(line for line in lines if line)
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    at_line_end = sum(end == len(text) or text[end] == "\n" for end in ends)
    return len(ends) + sum(map(bool, lines)) - at_line_end


class WordRuns:
    """Runs of n words inside one text (n-grams) of a batch, as 64-bit hashes; a run never reaches into the next text.

    Hashes differ between texts, so that one table counts the runs of all.
    """

    def __init__(self, words: WordArrays) -> None:
        import numpy as np

        self._words = words
        spread = words.text_of.astype(np.uint64) * np.uint64(_SPREAD)
        self._single = words.hashes + spread
        self._lengths = np.zeros(len(words.starts) + 1, dtype=np.int64)
        np.cumsum(words.lengths, out=self._lengths[1:])
        self._longest = (1, self._single)
        self._repeated: tuple[int, NDArray[np.int64]] | None = None

    def _hashes(self, num_words: int) -> NDArray[np.uint64]:
        """Return the hashes of the runs that begin at each word, shape (W - n + 1,), grown from the last asked for."""
        length, hashes = self._longest if self._longest[0] <= num_words else (1, self._single)
        for place in range(length, num_words):
            hashes = hashes[: len(hashes) - 1] * _step() + self._single[place : place + len(hashes) - 1]
        self._longest = (num_words, hashes)
        return hashes

    def _inside(self, num_words: int) -> NDArray[np.int64]:
        """Return the words at which a run of ``num_words`` begins that ends in the same text."""
        import numpy as np

        inside = np.ones(len(self._single), dtype=bool)
        for back in range(1, num_words):
            lasts = self._words.first[1:] - back
            inside[lasts[lasts >= self._words.first[:-1]]] = False
        return np.flatnonzero(inside)

    def top_characters(self, num_words: int) -> NDArray[np.int64]:
        """Return the characters of each text's most frequent run, all its copies together, shape (T,)."""
        import numpy as np

        top = np.zeros(self._words.num_texts, dtype=np.int64)
        if len(self._single) < num_words:
            return top
        places = self._inside(num_words)
        _, firsts, counts = _number(self._hashes(num_words)[places])
        if not len(firsts):
            return top
        texts = self._words.text_of[places[firsts]]
        # Numbers are given in order of first appearance, so each text's are neighbours, and argmax takes the first.
        edges = np.searchsorted(texts, np.arange(self._words.num_texts + 1))
        for text in np.flatnonzero(np.diff(edges)).tolist():
            best = int(edges[text]) + int(counts[edges[text] : edges[text + 1]].argmax())
            place = places[firsts[best]]
            characters = self._lengths[place + num_words] - self._lengths[place] + num_words - 1
            top[text] = characters * counts[best]
        return top

    def duplicate_characters(self, num_words: int, enough: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the characters of each text's runs that stood before; after one, the search goes on behind it.

        Where an upper bound is at most ``enough``, shape (T,), the bound is returned.
        """
        import numpy as np

        found = np.zeros(self._words.num_texts, dtype=np.int64)
        if len(self._single) < num_words:
            return found
        places = self._candidates(num_words)
        numbers, _, counts = _number(self._hashes(num_words)[places])
        is_repeated = counts[numbers] > 1 if len(counts) else np.zeros(0, dtype=bool)
        places, numbers = places[is_repeated], numbers[is_repeated]
        self._repeated = (num_words, places)
        if not len(places):
            return found
        covered = np.zeros(len(self._lengths), dtype=np.int64)
        np.add.at(covered, places, 1)
        np.add.at(covered, places + num_words, -1)
        is_covered = np.cumsum(covered[:-1]) > 0
        bound = self._words.sum_by_text(self._words.lengths * is_covered)
        found[:] = bound
        edges = np.searchsorted(places, self._words.first)
        for text in np.flatnonzero(bound > enough).tolist():
            begin, end = edges[text], edges[text + 1]
            found[text] = self._skipping(places[begin:end].tolist(), numbers[begin:end].tolist(), num_words)
        return found

    def _candidates(self, num_words: int) -> NDArray[np.int64]:
        """Only where a shorter run is repeated can a longer one be."""
        import numpy as np

        inside = self._inside(num_words)
        if self._repeated is None or self._repeated[0] > num_words:
            return inside
        return np.intersect1d(self._repeated[1], inside, assume_unique=True)

    def _skipping(self, places: list[int], numbers: list[int], num_words: int) -> int:
        seen: set[int] = set()
        total = free = 0
        for place, number in zip(places, numbers, strict=True):
            if place < free:
                continue
            if number in seen:
                total += int(self._lengths[place + num_words] - self._lengths[place])
                free = place + num_words
            else:
                seen.add(number)
        return total


def _step() -> np.uint64:
    import numpy as np

    return np.uint64(_STEP)


def _number(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Number equal hashes alike, in order of first appearance: (number of each, place of each first, count of each)."""
    import numpy as np
    import pandas as pd

    numbers, distinct = pd.factorize(hashes)
    counts = np.bincount(numbers, minlength=len(distinct))
    # A number appears for the first time where it is larger than all before it.
    highest = np.maximum.accumulate(numbers) if len(numbers) else numbers
    is_first = np.ones(len(numbers), dtype=bool)
    is_first[1:] = highest[1:] > highest[:-1]
    return numbers, np.flatnonzero(is_first), counts
