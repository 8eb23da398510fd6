"""Words of many texts at once, as arrays: where each begins and ends, its hash, and what it is made of.

Splitting follows spaCy's English rules, which datatrove's filters count by, as far as they matter for counts:
punctuation stands apart, a run of one mark is one word, numbers and abbreviations keep their inner marks (3.14, 1,000,
U.S., Dr., 3/4), compounds are split at hyphens, and a contraction is two words (don't: "don" and "'t"). Left out: rarer
exceptions (cannot, o'clock), web addresses, units written to a number. A batch of texts costs what its characters
cost, be the texts long or short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from data_tools.piece_hashes import PieceHasher

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORD, _SPACE, _ALPHABETIC, _NOT_SYMBOL, _DIGIT, _INNER = 1, 2, 4, 8, 16, 32
_APOSTROPHES, _HYPHENS = "'’", "-‐‑"
_JOINING = "._{}^&*+%#|~$@"
"""Marks that stay in a word when they stand between two of its letters or digits."""
_JOINING_DIGITS = ",–−"
_ALONE = "#*_"
"""Marks that are words of their own even in a run."""
_ABBREVIATIONS = (
    "Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Jr", "Sr", "Messrs", "Gen", "Gov", "Sen", "Rep", "Rev", "Adm", "Mt", "Inc",
    "Co", "Corp", "Ltd", "Bros", "vs", "Jan", "Feb", "Aug", "Sept", "Oct", "Nov", "Dec",
)  # fmt: skip


@lru_cache(maxsize=1)
def _character_flags() -> NDArray[np.uint8]:
    """Return what each of Unicode's 1,114,112 code points is, as bits; symbols are those of datatrove's filters."""
    import numpy as np
    from datatrove.utils.text import PUNCTUATION_SET

    characters = np.arange(0x110000, dtype=np.uint32).view("U1")
    flags = np.zeros(len(characters), dtype=np.uint8)
    flags |= np.strings.isalnum(characters) * np.uint8(_WORD)
    flags |= np.strings.isspace(characters) * np.uint8(_SPACE)
    flags |= np.strings.isalpha(characters) * np.uint8(_ALPHABETIC)
    flags |= np.strings.isdecimal(characters) * np.uint8(_DIGIT)
    flags |= _NOT_SYMBOL
    flags[[ord(character) for character in PUNCTUATION_SET]] &= 0xFF ^ _NOT_SYMBOL
    for mark in f"{_APOSTROPHES}{_HYPHENS}{_JOINING}{_JOINING_DIGITS}/:\\":
        flags[ord(mark)] |= _INNER
    flags[0] |= _SPACE  # an empty U1 string: NUL, which no text holds
    return flags


@dataclass(frozen=True)
class WordArrays:
    """The W words of T texts. Positions are characters of the texts joined by one character each."""

    starts: NDArray[np.int64]
    """Shape (W,): where each word begins."""
    ends: NDArray[np.int64]
    """Shape (W,): behind its last character."""
    hashes: NDArray[np.uint64]
    """Shape (W,): equal for equal words, else different but for a chance of 2^-64."""
    is_alphabetic: NDArray[np.bool_]
    """Shape (W,): whether it holds a letter."""
    is_symbol: NDArray[np.bool_]
    """Shape (W,): whether it is made of punctuation alone."""
    first: NDArray[np.int64]
    """Shape (T + 1,): the number of each text's first word; behind the last text, W."""

    @property
    def num_texts(self) -> int:
        return len(self.first) - 1

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Characters per word, shape (W,)."""
        return self.ends - self.starts

    @cached_property
    def text_of(self) -> NDArray[np.int64]:
        """The number of each word's text, shape (W,)."""
        import numpy as np

        return np.repeat(np.arange(self.num_texts), np.diff(self.first))

    @property
    def num_words(self) -> NDArray[np.int64]:
        """Words per text, shape (T,)."""
        import numpy as np

        return np.diff(self.first)

    def sum_by_text(self, values: NDArray[np.int64] | NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the sum of ``values``, shape (W,), over each text's words, shape (T,)."""
        import numpy as np

        total = np.zeros(len(values) + 1, dtype=np.int64)
        np.cumsum(values, out=total[1:])
        return np.diff(total[self.first])


def split_texts(texts: Sequence[str]) -> WordArrays:
    """Split every text into words."""
    import numpy as np

    padded = "\n".join(("", "", *texts, "", ""))  # so that every mark has two characters on either side
    codes = np.frombuffer(padded.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    flags = _character_flags()[codes]
    is_word = (flags & _WORD) != 0
    breaks = _join_inner_marks(codes, flags, is_word)
    hasher = PieceHasher(codes)
    begins, ends = _close_abbreviations(hasher, codes, *_boundaries(codes, flags, is_word, breaks))
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    edges = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(lengths + 1, out=edges[1:])
    return WordArrays(
        begins - 2,
        ends - 2,
        hasher.hash(begins, ends),
        _any_inside(flags, _ALPHABETIC, begins, ends),
        ~_any_inside(flags, _NOT_SYMBOL, begins, ends),
        np.searchsorted(begins - 2, edges),
    )


def split_words(text: str) -> list[str]:
    """Return the words of one text, in order."""
    words = split_texts([text])
    return [text[begin:end] for begin, end in zip(words.starts.tolist(), words.ends.tolist(), strict=True)]


def _join_inner_marks(
    codes: NDArray[np.uint32], flags: NDArray[np.uint8], is_word: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Make marks inside words parts of them, in ``is_word``; return the marks at which a new word begins all the same.

    Such are the apostrophe of a contraction and the backslash of a LaTeX command.
    """
    import numpy as np

    places = np.flatnonzero(flags & _INNER)
    marks, before, behind = codes[places], flags[places - 1], flags[places + 1]

    def among(characters: str) -> NDArray[np.bool_]:
        return np.isin(marks, [ord(character) for character in characters])

    between_words = ((before & _WORD) != 0) & ((behind & _WORD) != 0)
    digit_before, digit_behind = (before & _DIGIT) != 0, (behind & _DIGIT) != 0
    is_initial = ((before & _ALPHABETIC) != 0) & ((flags[places - 2] & (_WORD | _INNER)) == 0)
    is_initial |= ((before & _ALPHABETIC) != 0) & (codes[places - 2] == ord("."))
    is_possessive = (codes[places + 1] == ord("s")) & ((flags[places + 2] & _WORD) == 0)
    is_contraction = among(_APOSTROPHES) & ((between_words & ((behind & _ALPHABETIC) != 0)) | is_possessive)
    is_command = among("\\") & ((behind & _ALPHABETIC) != 0)
    is_inner = (
        (among(_JOINING) & between_words)
        | (among(_JOINING_DIGITS) & digit_before & digit_behind)
        | (among("/:") & between_words & digit_behind)
        | (among(_HYPHENS) & ((before & _ALPHABETIC) != 0) & digit_behind)
        | (among(".") & is_initial)
    )
    is_word[places] = is_inner | is_contraction | is_command
    breaks: NDArray[np.int64] = places[is_contraction | is_command]
    return breaks


def _boundaries(
    codes: NDArray[np.uint32], flags: NDArray[np.uint8], is_word: NDArray[np.bool_], breaks: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    import numpy as np

    is_filled = is_word | ((flags & _SPACE) == 0)
    goes_on = np.zeros(len(codes) + 1, dtype=bool)  # whether a character belongs to the word of the one before
    is_run = codes[1:] == codes[:-1]
    is_run &= ~(is_word[1:] | is_word[:-1])
    repeated = np.flatnonzero(is_run)
    is_run[repeated[np.isin(codes[repeated], [ord(mark) for mark in _ALONE])]] = False
    goes_on[1:-1] = (is_word[1:] & is_word[:-1]) | is_run
    goes_on[breaks] = False
    begins = np.flatnonzero(is_filled & ~goes_on[:-1])
    ends = np.flatnonzero(is_filled & ~goes_on[1:]) + 1
    return begins, ends


@lru_cache(maxsize=1)
def _abbreviation_hashes() -> NDArray[np.uint64]:
    import numpy as np

    codes = np.frombuffer(" ".join(_ABBREVIATIONS).encode("utf-32-le"), dtype=np.uint32)
    ends = np.cumsum([len(word) + 1 for word in _ABBREVIATIONS]) - 1
    begins = ends - [len(word) for word in _ABBREVIATIONS]
    return PieceHasher(codes).hash(begins, ends)


def _close_abbreviations(
    hasher: PieceHasher, codes: NDArray[np.uint32], begins: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give a known abbreviation the point that follows it."""
    import numpy as np

    points = np.flatnonzero((codes[begins] == ord(".")) & (ends - begins == 1))
    points = points[points > 0]
    points = points[ends[points - 1] == begins[points]]
    points = points[np.isin(hasher.hash(begins[points - 1], ends[points - 1]), _abbreviation_hashes())]
    if not len(points):
        return begins, ends
    ends[points - 1] = ends[points]
    return np.delete(begins, points), np.delete(ends, points)


def _any_inside(
    flags: NDArray[np.uint8], flag: int, begins: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.bool_]:
    import numpy as np

    if not len(begins):
        return np.zeros(0, dtype=bool)
    total = np.zeros(len(flags) + 1, dtype=np.int32)
    np.cumsum((flags & flag) != 0, out=total[1:])
    return total[ends] > total[begins]
