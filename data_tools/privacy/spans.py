"""Where personal data stands in a text, and which of several readings of the same characters holds."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of characters ``[begin, end)`` of the original text, and the kind of personal data in it."""

    begin: int
    end: int
    kind: str


def without_overlaps(spans: Iterable[Span], rank: Mapping[str, int]) -> list[Span]:
    """Return ``spans`` in order of place, none touching another's characters.

    The longer span wins; of equally long ones the kind with the lower ``rank``, then the earlier one. O(n log n).
    """
    kept: list[Span] = []
    for span in sorted(set(spans), key=lambda span: (span.begin - span.end, rank.get(span.kind, len(rank)), span)):
        place = bisect_left(kept, span)
        after_previous = place == 0 or kept[place - 1].end <= span.begin
        before_next = place == len(kept) or span.end <= kept[place].begin
        if after_previous and before_next:
            insort(kept, span)
    return kept
