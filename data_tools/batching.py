"""Items in batches of about one size: large enough for arrays to pay, small enough for a processor's cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

BATCH_CHARACTERS = 400_000


def batched_by_size(
    items: Iterable[T], size_of: Callable[[T], int], max_size: int = BATCH_CHARACTERS
) -> Iterator[list[T]]:
    """Yield the items in order, in lists that end with the item with which the sizes add up to ``max_size``.

    One is added to every size, so that a list of empty items ends, too.
    """
    batch: list[T] = []
    size = 0
    for item in items:
        batch.append(item)
        size += size_of(item) + 1  # an empty one takes room, too
        if size >= max_size:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
