"""Repeating a repair: one that joins or removes can bring together what it would have mended, too."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

Repair = Callable[[str], tuple[str, int]]
MAX_ROUNDS = 10
"""A guard; no real text has been seen that needed more than two."""


def until_done(function: Repair) -> Repair:
    """Return a repair that repeats ``function`` until it finds nothing, and adds up what it found."""

    @wraps(function)
    def repeated(text: str) -> tuple[str, int]:
        total = 0
        for _ in range(MAX_ROUNDS):
            text, num_places = function(text)
            if not num_places:
                break
            total += num_places
        return text, total

    return repeated
