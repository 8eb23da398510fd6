"""Word sequences as 64-bit numbers: the sets that near-duplicates and contamination are measured on.

Words are compared in lower case, without punctuation, and with every number as written: texts that differ only in
their figures (filings, laboratory reports, tables) are different texts.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORD = re.compile(r"\w+(?:(?<=\d)[.,]\d+)*")
_SPACE = re.compile(r"\s+")
# Odd constants of splitmix64 and MurmurHash3's finaliser.
_STEP = 0x9E3779B97F4A7C15
_MIX = (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53)
_MASK = (1 << 64) - 1


def normalise(text: str) -> str:
    """Return ``text`` in NFC and lower case with single spaces: texts that agree in this are exact duplicates."""
    return _SPACE.sub(" ", unicodedata.normalize("NFC", text).lower()).strip()


def exact_digest(text: str) -> str:
    """Return a 128-bit hash of the normalised text, in hexadecimal."""
    return hashlib.blake2b(normalise(text).encode(), digest_size=16).hexdigest()


def words_of(text: str) -> list[str]:
    """Return the lower-case words of ``text`` without punctuation; 13.2 and SiO2 are one word each."""
    return _WORD.findall(normalise(text))


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
    """Return one 64-bit hash per run of ``num_words`` words, in order: shape (max(0, W - num_words + 1),).

    A polynomial of the word hashes modulo 2^64 with an odd base, finished by MurmurHash3's bijection. Two different
    runs collide with a chance of about 2^-64.
    """
    import numpy as np

    num_grams = len(word_hashes) - num_words + 1
    if num_grams <= 0:
        return np.empty(0, dtype=np.uint64)
    total = np.zeros(num_grams, dtype=np.uint64)
    for position in range(num_words):
        total *= np.uint64(_STEP)
        total += word_hashes[position : position + num_grams]
    return finish(total ^ np.uint64(num_words))


def finish(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return MurmurHash3's bijection of 64-bit ``values``: every bit depends on every other."""
    import numpy as np

    shift = np.uint64(33)
    for factor in _MIX:
        values = (values ^ (values >> shift)) * np.uint64(factor)
    return values ^ (values >> shift)


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
