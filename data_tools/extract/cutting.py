"""Cutting a book-length text into documents, at headings where there are some, else between paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_HEADING = re.compile(
    r"\n(?=[ \t]*(?:#{1,6} |(?i:chapter|book|part|section|item)[ .]+(?:\d|[IVXLCA-Z]+\b)|[IVXLC]+\.? *\n))"
)
_BREAKS = (
    _HEADING,
    re.compile(r"\n[ \t]*\n+"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?])[\"')\]]?\s"),
    re.compile(r"\s"),
)
"""From the best place for a cut to the worst; a text without any white space is cut anywhere."""
_EARLIEST, _LATEST = 0.5, 1.5
"""A cut lies between these shares of ``split_characters``."""


def cut(pieces: Iterable[str], max_characters: int, split_characters: int) -> Iterator[str]:
    """Yield ``pieces`` joined: whole up to ``max_characters``, else as parts of about ``split_characters``.

    No character is lost: the parts joined are the text. Time is linear in the text, whatever the pieces' sizes.
    """
    held, cutting = "", False
    for piece in _small(pieces, split_characters):
        held += piece
        cutting = cutting or len(held) > max_characters
        while cutting and len(held) > max(max_characters, 2 * split_characters):
            place = _place(held, split_characters)
            yield held[:place]
            held = held[place:]
    while cutting and len(held) > _LATEST * split_characters:
        place = _place(held, split_characters)
        yield held[:place]
        held = held[place:]
    if held:
        yield held


def _small(pieces: Iterable[str], size: int) -> Iterator[str]:
    for piece in pieces:
        for start in range(0, len(piece), size):
            yield piece[start : start + size]


def _place(text: str, split_characters: int) -> int:
    """Return where to cut ``text``: the best kind of break in the window, and of that kind the one nearest the aim."""
    earliest, latest = int(_EARLIEST * split_characters), int(_LATEST * split_characters)
    for pattern in _BREAKS:
        ends = [match.end() for match in pattern.finditer(text, earliest, latest)]
        if ends:
            return min(ends, key=lambda end: abs(end - split_characters))
    return split_characters
