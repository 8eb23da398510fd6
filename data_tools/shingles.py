"""Word sequences as 64-bit numbers: the sets that near-duplicates and contamination are measured on.

Words are compared in lower case, without punctuation, and with every number as written: texts that differ only in
their figures (filings, laboratory reports, tables) are different texts. Scripts that write no spaces (Chinese,
Japanese, Thai, Lao, Khmer, Burmese) have a word per letter. One text can be split by ``words_of``; ``split_texts``
does the same for many texts at once, as arrays.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from data_tools.piece_hashes import PieceHasher, finish

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 2
"""Raised whenever the same text gets other words, or the same words other shingles."""
_UNSPACED = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3005, 0x3007), (0x3040, 0x30FF), (0x31F0, 0x31FF),
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F), (0xF900, 0xFAFF), (0xFF66, 0xFF9D),
    (0x16FF0, 0x16FFF), (0x1AFF0, 0x1B16F), (0x20000, 0x3FFFF),
)  # fmt: skip
"""Code points of the scripts that part no words: Thai and Lao, Burmese, Khmer, Japanese, Chinese."""
_SINGLE = "".join(f"{chr(first)}-{chr(last)}" for first, last in _UNSPACED)
_PIECE = rf"[^\W{_SINGLE}]+"
_WORD = re.compile(rf"{_PIECE}(?:(?<=\d)[.,](?=\d){_PIECE})*|[{_SINGLE}](?<=\w)")
_LETTER = re.compile(rf"[{_SINGLE}](?<=\w)")
_STEP = 0x9E3779B97F4A7C15
"""An odd 64-bit constant: runs of words are hashed as a polynomial in it, modulo 2^64."""
_IS_WORD, _IS_DIGIT, _IS_MARK, _IS_SINGLE, _IS_SPACE = 1, 2, 4, 8, 16
BATCH_CHARACTERS = 1 << 16
"""So many characters are made into arrays at once: small enough to stay in the processor's caches."""


def normalise(text: str) -> str:
    """Return ``text`` in NFC and lower case with single spaces."""
    return " ".join(lower(text).split())


def lower(text: str) -> str:
    """Return ``text`` in NFC and lower case."""
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).lower()


def words_of(text: str) -> list[str]:
    """Return the lower-case words of ``text`` without punctuation; 13.2 and SiO2 are one word each."""
    return _WORD.findall(lower(text))


def count_unspaced(text: str) -> int:
    """Return the number of letters of scripts that write no spaces."""
    return len(_LETTER.findall(text))


@dataclass(frozen=True)
class Words:
    """The W words and M other marks of T texts, as ``words_of`` splits them."""

    hashes: NDArray[np.uint64]
    """Shape (W,)."""
    first: NDArray[np.int64]
    """Shape (T + 1,): the words of text t are those from ``first[t]`` up to ``first[t + 1]``."""
    marks: NDArray[np.uint64]
    """Shape (M,): code points of what is neither in a word nor white space."""
    before_mark: NDArray[np.int64]
    """Shape (M,): how many of the W words stand before each."""
    first_mark: NDArray[np.int64]
    """Shape (T + 1,)."""

    def digests(self) -> NDArray[np.uint64]:
        """Return a 128-bit hash of each text, shape (T, 2): of its words and marks in order, not of white space.

        Sums of mixed (word, place) and (mark, word before it, place) modulo 2^64: two different texts share both with
        a chance of 2^-128, two that differ in a word alone with one of 2^-64 for either half.
        """
        import numpy as np

        def sums(values: NDArray[np.uint64], first: NDArray[np.int64]) -> NDArray[np.uint64]:
            running = np.zeros(len(values) + 1, dtype=np.uint64)
            np.cumsum(values, out=running[1:])
            return running[first[1:]] - running[first[:-1]]

        def places(first: NDArray[np.int64]) -> NDArray[np.uint64]:
            return (np.arange(first[-1]) - np.repeat(first[:-1], np.diff(first))).astype(np.uint64)

        place = places(self.first) * np.uint64(_STEP)
        of_text = np.repeat(self.first[:-1], np.diff(self.first_mark))
        mark = self.marks + (self.before_mark - of_text + 1).astype(np.uint64) * np.uint64(_STEP)
        mark = finish(mark) + places(self.first_mark) * np.uint64(_STEP)
        halves = (sums(finish(self.hashes + place), self.first), sums(finish(self.hashes ^ finish(place)), self.first))
        found = np.stack(halves, axis=1)
        found[:, 0] += sums(finish(mark), self.first_mark)
        found[:, 1] += sums(finish(mark ^ np.uint64(_STEP)), self.first_mark)
        return found

    def shingles(self, num_words: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Return the shingles of all texts, in order and with repetitions, and where each text's begin.

        Shapes (S,) and (T + 1,). A text of fewer than ``num_words`` words is one shingle of all its words; a text
        without words has none.
        """
        import numpy as np

        num_grams = np.maximum(np.diff(self.first) - num_words + 1, 0)
        grams = gram_hashes(self.hashes, num_words)
        is_gram = np.zeros(len(grams) + 1, dtype=np.int8)  # runs that lie in one text: +1 where they begin, -1 behind
        filled = num_grams > 0
        np.add.at(is_gram, self.first[:-1][filled], 1)
        np.subtract.at(is_gram, (self.first[:-1] + num_grams)[filled], 1)
        shingles = grams[np.cumsum(is_gram[:-1], dtype=np.int8).view(bool)]
        short = np.flatnonzero((num_grams == 0) & (np.diff(self.first) > 0))
        if len(short):
            own = [gram_hashes(self.hashes[self.first[text] : self.first[text + 1]], 0) for text in short.tolist()]
            at = np.cumsum(num_grams)[short] - num_grams[short]
            shingles = np.insert(shingles, at, np.concatenate(own))
            num_grams[short] = 1
        return shingles, np.concatenate([[0], np.cumsum(num_grams)])


def split_texts(texts: Iterable[str]) -> Words:
    """Split many texts, which must be what ``lower`` returns.

    Memory beyond the result: some 40 bytes for each of ``BATCH_CHARACTERS`` characters, however long a text is.
    """
    import numpy as np

    parts: list[_Batch] = []
    texts = list(texts)
    num_words, num_marks = (np.zeros(len(texts) + 1, dtype=np.int64) for _ in range(2))
    batch: list[str] = []
    numbers: list[int] = []
    size = total = 0

    def flush() -> None:
        nonlocal size, total
        if batch:
            parts.append(_split_batch(batch, total))
            total += len(parts[-1].hashes)
            np.add.at(num_words, np.array(numbers) + 1, parts[-1].num_words)
            np.add.at(num_marks, np.array(numbers) + 1, parts[-1].num_marks)
            batch.clear()
            numbers.clear()
            size = 0

    for number, text in enumerate(texts):
        for piece in _pieces(text):
            if size + len(piece) > BATCH_CHARACTERS:
                flush()
            batch.append(piece)
            numbers.append(number)
            size += len(piece) + 1
    flush()
    return Words(
        np.concatenate([np.empty(0, np.uint64), *(part.hashes for part in parts)]),
        np.cumsum(num_words),
        np.concatenate([np.empty(0, np.uint64), *(part.marks for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.before_mark for part in parts)]),
        np.cumsum(num_marks),
    )


def exact_digest(text: str) -> str:
    """Return a 128-bit hash of a text's words and marks, in hexadecimal: equal for exact duplicates."""
    return split_texts([lower(text)]).digests().tobytes().hex()


def _pieces(text: str) -> Iterator[str]:
    """Cut a long text between words where it has a space within 1,000 characters, else anywhere."""
    start = 0
    while len(text) - start > BATCH_CHARACTERS:
        end = start + BATCH_CHARACTERS
        space = max(text.rfind(mark, end - 1000, end) for mark in " \n")
        yield text[start : space if space >= 0 else end]
        start = space + 1 if space >= 0 else end
    yield text[start:] if start else text


class _Batch(NamedTuple):
    hashes: NDArray[np.uint64]
    num_words: NDArray[np.int64]
    marks: NDArray[np.uint64]
    before_mark: NDArray[np.int64]
    num_marks: NDArray[np.int64]


def _split_batch(texts: Sequence[str], num_before: int) -> _Batch:
    """Split pieces of texts; ``num_before`` words stand before the first of them."""
    import numpy as np

    joined = "\n".join(("", *texts, ""))
    if joined.isascii():
        codes: NDArray[Any] = np.frombuffer(joined.encode("ascii"), dtype=np.uint8)
    else:
        encoded = joined.encode("utf-16-le", "surrogatepass")
        codes = np.frombuffer(encoded, dtype=np.uint16)
        if len(codes) > len(joined):  # characters beyond the first 65,536
            codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    flags = _character_flags()[codes]
    is_word = (flags & _IS_WORD).view(bool)
    marks = np.flatnonzero(flags & _IS_MARK)
    is_word[marks[(flags[marks - 1] & flags[marks + 1] & _IS_DIGIT) != 0]] = True
    begins_or_ends = is_word[1:] != is_word[:-1]
    if codes.dtype != np.uint8:
        single = np.flatnonzero(flags & _IS_SINGLE)
        begins_or_ends[single - 1] |= is_word[single - 1]  # a boundary on either side of the letter
        begins_or_ends[single] |= is_word[single + 1]
    edges = np.flatnonzero(begins_or_ends) + 1
    begins = edges[is_word[edges]]
    ends = edges[is_word[edges - 1]]
    marks = np.flatnonzero((flags & (_IS_WORD | _IS_SPACE)) == 0)
    marks = marks[~is_word[marks]]
    edges = np.cumsum(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 1)
    return _Batch(
        PieceHasher(codes).hash(begins, ends),
        np.diff(np.searchsorted(begins, edges), prepend=0),
        codes[marks].astype(np.uint64),
        np.searchsorted(begins, marks) + num_before,
        np.diff(np.searchsorted(marks, edges), prepend=0),
    )


@lru_cache(maxsize=1)
def _character_flags() -> NDArray[np.uint8]:
    """Return what each of Unicode's 1,114,112 code points is to ``words_of``, as bits."""
    import numpy as np

    characters = np.arange(0x110000, dtype=np.uint32).view("U1")
    flags = np.zeros(len(characters), dtype=np.uint8)
    flags |= np.strings.isalnum(characters) * np.uint8(_IS_WORD)
    flags[ord("_")] = _IS_WORD
    flags |= np.strings.isdecimal(characters) * np.uint8(_IS_DIGIT)
    flags |= np.strings.isspace(characters) * np.uint8(_IS_SPACE)
    flags[0] = 0  # an empty U1 string is NUL
    for mark in ".,":
        flags[ord(mark)] = _IS_MARK
    for first, last in _UNSPACED:
        flags[first : last + 1] |= (flags[first : last + 1] & _IS_WORD) * np.uint8(_IS_SINGLE)
    return flags


def shingle_texts(texts: Iterable[str], num_words: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the shingles of texts that ``lower`` returned; see ``Words.shingles``."""
    return split_texts(texts).shingles(num_words)


class WordHashes:
    """64-bit xxh3 hashes of words, each computed once; a table of at most ``max_words`` words."""

    def __init__(self, max_words: int = 2_000_000) -> None:
        self._table: dict[str, int] = {}
        self._max_words = max_words

    def array(self, words: list[str]) -> NDArray[np.uint64]:
        """Return the hashes of ``words``, shape (len(words),)."""
        import numpy as np
        from xxhash import xxh3_64_intdigest

        table = self._table
        if len(table) > self._max_words:
            table.clear()
        for word in set(words).difference(table):
            table[word] = xxh3_64_intdigest(word.encode())
        return np.fromiter(map(table.__getitem__, words), dtype=np.uint64, count=len(words))


def gram_hashes(word_hashes: NDArray[np.uint64], num_words: int) -> NDArray[np.uint64]:
    """Return one 64-bit hash per run of ``num_words`` words (0: all), in order: shape (max(0, W - num_words + 1),).

    A polynomial of the word hashes modulo 2^64 with an odd base, finished by MurmurHash3's bijection. Two different
    runs collide with a chance of about 2^-64.
    """
    import numpy as np

    num_words = num_words or len(word_hashes)
    num_grams = len(word_hashes) - num_words + 1
    if num_grams <= 0:
        return np.empty(0, dtype=np.uint64)
    total = np.zeros(num_grams, dtype=np.uint64)
    for position in range(num_words):
        total *= np.uint64(_STEP)
        total += word_hashes[position : position + num_grams]
    return finish(total ^ np.uint64(num_words))


def shingle_set(word_hashes: NDArray[np.uint64], num_words: int) -> NDArray[np.uint64]:
    """Return the sorted set of the text's shingles of ``num_words`` words.

    A text of fewer words is one shingle of all its words; a text without words has none.
    """
    import numpy as np

    length = min(num_words, len(word_hashes))
    return np.unique(gram_hashes(word_hashes, length)) if length else np.empty(0, dtype=np.uint64)


def jaccard(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> float:
    """Return |A and B| / |A or B| of two sorted sets; 0.0 where both are empty."""
    import numpy as np

    if len(left) > len(right):
        left, right = right, left
    if not len(left):
        return 0.0
    places = np.searchsorted(right, left)
    places[places == len(right)] = 0
    num_shared = int(np.count_nonzero(right[places] == left))
    return num_shared / (len(left) + len(right) - num_shared)
