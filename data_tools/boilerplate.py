"""Paragraphs that many documents of a corpus share: safe-harbor statements, licences, disclaimers, set answers.

A paragraph is a line: after the repairs (data_tools/repair.py) it stands on one. CCNet, Dolma and Llama 3 count lines,
too. Two passes: ``count`` the paragraphs of every shard, ``merge`` the counts to a table of those that enough documents
hold, then ``strip`` each document: one copy of a shared paragraph stays, in the document whose id comes first, the
others are cut out. Where a later rule drops that document, its copy goes with it. Nothing depends on how documents are
sharded, or on how many workers there are.

Paragraphs are compared by the 64-bit xxh3 hash of their lower-case words. In paragraphs of 20 words and more, years,
dates and the numbers of pages, notes and sections count as equal, every other number as written: CCNet's and
datatrove's way of making all digits alike merges sentences that differ in nothing but their figures. Not counted: lines
under ``min_words`` words, headings, rows of tables, turns of a dialogue, lines that are mostly no letters.

Cost, for N paragraphs that are different within their shard: 20 N bytes on disk; counting holds one shard's, merging as
much as ``memory_bytes`` allows. 10^9 paragraphs are 20 GB of counts; with 1 GiB they are merged in 112 ranges of 9
million rows, about one second each, one after the other. Two different paragraphs have the same hash
with a chance of N^2 / 2^65: at 10^9, 3 % that there is one such pair at all.
"""

from __future__ import annotations

import math
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

from data_tools.arrays import first_of_runs
from data_tools.errors import DataError
from data_tools.repairs.line_kinds import drop_lines

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.void]
    """Rows of (hash, owner, documents), in order of hash, every hash once."""
    Paragraphs = NDArray[np.void]
    """Rows of (line, hash), in order of line: the paragraphs of one text that count."""

MIN_WORDS = 8
"""A shorter line may be a heading, a list's item or a phrase that anyone uses."""
MIN_DATED_WORDS = 20
"""In a shorter paragraph the date may be all it says ("auditor since 2013"), and counts."""
NUM_MOST_SHARED = 20
MIN_DOCUMENTS = 5
MIN_SHARE = 1e-6
"""Llama 3 drops lines that occur more than 6 times in 30 million documents; here 5, or one in a million if more."""
MAX_LOST_SHARE = 0.8
MIN_WORDS_LEFT = 20
ROW = (("hash", "<u8"), ("owner", "<u8"), ("documents", "<u4"))
"""The hash; the smallest number of a document that holds the paragraph (``id_number``); how many hold it."""
PARAGRAPH = (("line", "<u4"), ("hash", "<u8"))
_WORK_BYTES = 6 * 20
"""What merging holds for each row: the row in its file, in its range and sorted, the order, and numpy's copies."""
_ALL = 1 << 64

_NUMBER = re.compile(r"\d(?:[\d.,/]*\d)?")
_NUMBERED = (
    "january february march april may june july august september october november december jan. feb. mar. apr. aug. "
    "sept. sep. oct. nov. dec. page pages p. note notes item section part chapter exhibit figure table appendix no."
)
_DATED = tuple(f"{word} " for word in _NUMBERED.split())
"""After these words, a number is a day's, a page's or a section's."""
_TURN = re.compile(r"^[A-Z][\w.-]*(?: \w+){0,2}: ", re.MULTILINE)
_TURN_SHARE = 1 / 3
_LETTER_SHARE = 0.5
_CELL_SHARE = 1 / 8
_MAX_HEADING_WORDS = 20
_ENDS = (".", "!", "?", ":", ";", ",", ")", '"', "”", "’", "]")


def keys(text: str, min_words: int = MIN_WORDS) -> Iterator[tuple[int, int]]:
    """Yield (line number, hash) for every paragraph that counts. None does in a dialogue, whose turns are short."""
    from xxhash import xxh3_64_intdigest

    lines = text.split("\n")
    if text.count(": ") > _TURN_SHARE * len(lines) and len(_TURN.findall(text)) > _TURN_SHARE * len(lines):
        return
    for number, line in enumerate(lines):
        if line.count(" ") + 1 < min_words:
            continue
        words = line.lower().split()
        if len(words) < min_words or not _is_prose(line, words):
            continue
        key = " ".join(words).strip("-*•·–— ")
        if len(words) >= MIN_DATED_WORDS:
            key = _NUMBER.sub(_without_date, key)
        yield number, xxh3_64_intdigest(key.encode())


def find(text: str, min_words: int = MIN_WORDS) -> Paragraphs:
    """Return the paragraphs of ``text`` that count."""
    import numpy as np

    return np.array(list(keys(text, min_words)), dtype=list(PARAGRAPH))


def _is_prose(line: str, words: Sequence[str]) -> bool:
    """Is the line neither a row of a table, nor a heading, nor mostly numbers?"""
    if line.startswith(("|", "#", "$$", "\\")) or max(line.count("\t"), line.count(" | ")) > _CELL_SHARE * len(words):
        return False
    if not line.rstrip().endswith(_ENDS) and len(words) <= _MAX_HEADING_WORDS:
        long = [word for word in line.split() if len(word) > 3 and word[0].isalpha()]
        if sum(word[0].isupper() for word in long) > len(long) / 2:
            return False
    return sum(map(str.isalpha, words)) >= _LETTER_SHARE * len(words)


def _without_date(match: re.Match[str]) -> str:
    """Return "0" for a year, a date, or the number of a page or section, else the number itself."""
    number = match[0]
    is_year = len(number) == 4 and number[:2] in ("19", "20") and number.isdigit()
    return "0" if is_year or number.count("/") == 2 or match.string.endswith(_DATED, 0, match.start()) else number


def id_number(id: str) -> int:
    """Return the document's place in the order that decides which copy stays: its id as 16 hexadecimal digits are read,
    and a hash of any other id."""
    from xxhash import xxh3_64_intdigest

    if len(id) == 16 and all(digit in "0123456789abcdef" for digit in id):
        return int(id, 16)
    return xxh3_64_intdigest(id.encode())


def count(documents: Iterable[tuple[str, Paragraphs]]) -> Counts:
    """Count the paragraphs of one shard's documents, by id. A document counts once for each paragraph."""
    import numpy as np

    hashes, owners = array("Q"), array("Q")
    for id, paragraphs in documents:
        found = set(paragraphs["hash"].tolist())
        hashes.extend(found)
        owners.extend(repeat(id_number(id), len(found)))
    rows = np.empty(len(hashes), dtype=list(ROW))
    rows["hash"], rows["owner"], rows["documents"] = hashes, owners, 1
    return _summed(rows)


def _summed(rows: Counts) -> Counts:
    """Return one row for each hash: the smallest owner, all documents."""
    import numpy as np

    if not len(rows):
        return rows
    order = np.argsort(rows["hash"], kind="stable")
    hashes = rows["hash"][order]
    starts = np.flatnonzero(first_of_runs(hashes))
    summed = np.empty(len(starts), dtype=rows.dtype)
    summed["hash"] = hashes[starts]
    summed["owner"] = np.minimum.reduceat(rows["owner"][order], starts)
    summed["documents"] = np.add.reduceat(rows["documents"][order], starts)
    return summed


def read_counts(path: Path) -> Counts:
    """Open a file of counts without reading it (memory-mapped). DataError where it is none."""
    import numpy as np

    try:
        rows: Counts = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: is no file of paragraph counts: {error}. Count this shard again") from None
    if rows.dtype != np.dtype(list(ROW)):
        raise DataError(f"{path}: holds {rows.dtype}, not paragraph counts. Count this shard again")
    return rows


def needed_documents(num_documents: int, min_documents: int = MIN_DOCUMENTS, min_share: float = MIN_SHARE) -> int:
    """Return in how many of a corpus's documents a paragraph must stand to be boilerplate: both limits hold."""
    return max(min_documents, math.ceil(min_share * num_documents))


def merge(paths: Sequence[Path], needed: int, memory_bytes: int = 2**30) -> Counts:
    """Return the paragraphs that at least ``needed`` documents of all shards hold, in order of hash."""
    import numpy as np

    num_rows = sum(len(read_counts(path)) for path in paths)
    num_ranges = max(1, math.ceil(num_rows * _WORK_BYTES / memory_bytes))
    parts = [merge_range(paths, needed, number, num_ranges) for number in range(num_ranges)]
    return np.concatenate(parts)


def merge_range(paths: Sequence[Path], needed: int, number: int, num_ranges: int) -> Counts:
    """Do what ``merge`` does for the hashes of one of ``num_ranges`` equal ranges: a task of its own, if need be."""
    import numpy as np

    first, last = (_ALL * place // num_ranges for place in (number, number + 1))
    slices = [np.empty(0, dtype=list(ROW))]
    for path in paths:
        rows = read_counts(path)
        low, high = (bisect_left(rows, bound, key=lambda row: int(row["hash"])) for bound in (first, last))
        slices.append(np.array(rows[low:high]))
    summed = _summed(np.concatenate(slices))
    return summed[summed["documents"] >= needed]


@dataclass(frozen=True)
class Table:
    """The paragraphs that are boilerplate, for looking up: 16 bytes each."""

    hashes: NDArray[np.uint64]
    owners: NDArray[np.uint64]
    most_shared: frozenset[int] = frozenset()
    """The hashes of the paragraphs that most documents hold, ``NUM_MOST_SHARED`` of them."""

    @classmethod
    def of(cls, rows: Counts) -> Table:
        """Make the table of what ``merge`` returned or ``read_counts`` read."""
        import numpy as np

        first = np.argsort(-rows["documents"].astype(np.int64), kind="stable")[:NUM_MOST_SHARED]
        return cls(rows["hash"].copy(), rows["owner"].copy(), frozenset(rows["hash"][first].tolist()))

    def owners_of(self, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.bool_], NDArray[np.uint64]]:
        """Return for each hash whether it is in the table, and its owner where it is."""
        import numpy as np

        if not len(self.hashes):
            return np.zeros(len(hashes), dtype=np.bool_), np.zeros(len(hashes), dtype=np.uint64)
        places = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return self.hashes[places] == hashes, self.owners[places]


@dataclass(frozen=True)
class Stripped:
    """What is left of a document."""

    text: str
    cut: tuple[tuple[int, str], ...] = ()
    """The paragraphs that were cut out, each with its hash."""
    lost_share: float = 0.0
    """Share (0..1) of the characters that were cut out."""
    only_boilerplate: bool = False
    """So much was lost, or so little is left, that the document should go, by the rule ``boilerplate_only``."""


def strip(
    text: str,
    id: str,
    table: Table,
    paragraphs: Paragraphs | None = None,
    *,
    max_lost_share: float = MAX_LOST_SHARE,
    min_words_left: int = MIN_WORDS_LEFT,
) -> Stripped:
    """Cut the paragraphs of ``table`` out of a document, but those whose one copy it keeps.

    ``paragraphs`` are what ``find`` found in ``text``; None looks for them. A document is only boilerplate where it
    lost more than ``max_lost_share`` of its characters, or anything at all and has fewer than ``min_words_left`` words
    left.
    """
    import numpy as np

    found = find(text) if paragraphs is None else paragraphs
    shared, owners = table.owners_of(found["hash"])
    own = id_number(id)
    gone: dict[int, int] = {}
    kept: set[int] = set()
    for place in np.flatnonzero(shared).tolist():
        number, key = found[place].tolist()
        if int(owners[place]) == own and key not in kept:
            kept.add(key)
        else:
            gone[number] = key
    if not gone:
        return Stripped(text)
    lines = text.split("\n")
    cut = tuple((key, lines[number]) for number, key in sorted(gone.items()))
    left = drop_lines(lines, set(gone))
    lost_share = sum(len(line) for _, line in cut) / sum(map(len, lines))
    return Stripped(
        left, cut, lost_share, lost_share > max_lost_share or len(left.split(None, min_words_left)) < min_words_left
    )
