"""Parts of documents that stand in a better document as well: paragraphs, or spans of three sentences, found by hash.

Of every part that several kept documents hold, the copy in the best of them stays, whole; the others are cut out. What
is counted and merged is as for boilerplate (data_tools/boilerplate.py), with a document's rank in place of its id, and
over all corpora. A part that repeats within one document only is left to the rules for quality.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from data_tools.boilerplate import PARAGRAPH, Table, count
from data_tools.shingles import lower, split_texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from data_tools.boilerplate import Counts

Kind = Literal["paragraphs", "spans"]
SPAN_SENTENCES = 3
_SENTENCE = re.compile(r"\S(?:[^.!?。！？\n]|[.!?](?!\s))*[.!?。！？]*")
_LINE = re.compile(r"[^\n]+")


@dataclass(frozen=True)
class Parts:
    """The P parts of one text that are long enough to count."""

    spans: Sequence[tuple[int, int]]
    """Where each begins and ends, in characters."""
    hashes: NDArray[np.uint64]
    """Shape (P,): of its words and marks."""


def parts_of(text: str, kind: Kind, min_words: int) -> Parts:
    """Return the paragraphs (lines), or every three successive sentences, of at least ``min_words`` words."""
    spans = list(_spans(text, kind))
    words = split_texts(lower(text[start:end]) for start, end in spans)
    lengths = words.first[1:] - words.first[:-1]
    counted = [place for place, length in enumerate(lengths.tolist()) if length >= min_words]
    digests = words.digests()
    return Parts([spans[place] for place in counted], digests[counted, 0] ^ digests[counted, 1])


def _spans(text: str, kind: Kind) -> Iterator[tuple[int, int]]:
    if kind == "paragraphs":
        for match in _LINE.finditer(text):
            yield match.start(), match.start() + len(match[0].rstrip())
        return
    sentences = [match.span() for match in _SENTENCE.finditer(text)]
    for place in range(len(sentences) - SPAN_SENTENCES + 1):
        yield sentences[place][0], sentences[place + SPAN_SENTENCES - 1][1]


def count_parts(documents: Iterable[tuple[int, Parts]]) -> Counts:
    """Count the parts of documents, given by rank: rows of (hash, lowest rank, documents)."""
    import numpy as np

    def rows(parts: Parts) -> NDArray[np.void]:
        found = np.zeros(len(parts.hashes), dtype=list(PARAGRAPH))
        found["hash"] = parts.hashes
        return found

    return count((f"{rank:016x}", rows(parts)) for rank, parts in documents)


@dataclass(frozen=True)
class Cut:
    """What is taken out of one document."""

    spans: tuple[tuple[int, int], ...]
    """Characters that go, in order, without overlap."""
    owns: bool
    """Whether it holds the copy that stays of any part."""


def cut_parts(parts: Parts, rank: int, table: Table) -> Cut:
    """Return what goes of a document: parts of ``table`` that stay in a better one, or stood in this one before."""
    shared, owners = table.owners_of(parts.hashes)
    owned: dict[int, tuple[int, int]] = {}
    gone: list[tuple[int, int]] = []
    for place in shared.nonzero()[0].tolist():
        key = int(parts.hashes[place])
        if int(owners[place]) == rank and key not in owned:
            owned[key] = parts.spans[place]
        else:
            gone.append(parts.spans[place])
    return Cut(tuple(_without(_merged(gone), sorted(owned.values()))), bool(owned))


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join spans that overlap."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _without(spans: Sequence[tuple[int, int]], stays: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Take what ``stays`` covers out of ``spans``: of overlapping spans of sentences, an owned one stays whole."""
    left: list[tuple[int, int]] = []
    for start, end in spans:
        for first, last in stays:
            if last <= start or first >= end:
                continue
            if first > start:
                left.append((start, first))
            start = max(start, last)
        if start < end:
            left.append((start, end))
    return left
