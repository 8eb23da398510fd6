"""Project Gutenberg's header, small print and licence around a book, of every age from 1991 on.

A long book comes cut into parts, so that a part may hold the header's or the licence's beginning or end alone. Only
Gutenberg's own marker lines count, and texts that are nothing but its licence; prose that speaks of the project stays.
"""

from __future__ import annotations

import re

_HEADER_END = re.compile(
    r"^[ \t]{0,20}(?:\*{3} ?START OF (?:THE|THIS) PROJECT GUTENBERG[^\n]*|\*END\*? ?THE SMALL PRINT![^\n]*)\n?",
    re.MULTILINE,
)
_FOOTER = re.compile(
    r"^[ \t]{0,20}(?:\*{3} ?END OF (?:THE|THIS) PROJECT GUTENBERG|"
    r"End of (?:[Tt]he |[Tt]his )?Project Gutenberg\b[^\n]{0,100}$|"
    r"\*{3} ?START: FULL LICENSE|THE FULL PROJECT GUTENBERG LICENSE|"
    r"Section 1\. +General Terms of Use and Redistributing Project)",
    re.MULTILINE,
)
_SMALL_PRINT = re.compile(r"^[ \t]{0,20}\*{3} ?START\*{2} ?THE SMALL PRINT!", re.MULTILINE)
_CREDITS = re.compile(
    r"\s*\[?(?:Produced|Prepared|Transcribed|Scanned|Digiti[sz]ed|E-?text prepared|This e-?(?:text|book) was \w+)"
    r"(?: and \w+)? (?:by|from)\b(?:[^\n]|\n(?!\s*\n)){0,600}(?:\n\s*\n|$)",
    re.IGNORECASE,
)
NAME = "Project Gutenberg"
MIN_MENTIONS, MAX_GAP = 5, 600
"""A text that names the project five times, and once in 600 characters, is a part of its licence."""


def remove_gutenberg_licence(text: str) -> tuple[str, int]:
    """Remove what Project Gutenberg put before and after a book; return the text and how many pieces went."""
    if NAME not in text and "SMALL PRINT!" not in text and "PROJECT GUTENBERG" not in text:
        return text, 0
    num_pieces = 0
    ends = list(_HEADER_END.finditer(text))
    if ends:
        text, num_pieces = text[ends[-1].end() :], 1
    elif _SMALL_PRINT.search(text):
        return "", 1
    footer = _FOOTER.search(text)
    if footer:
        text, num_pieces = text[: footer.start()], num_pieces + 1
    num_mentions = text.count(NAME)
    if num_mentions >= MIN_MENTIONS and num_mentions * MAX_GAP > len(text):
        return "", num_pieces + 1
    credits = _CREDITS.match(text) if num_pieces else None
    if credits:
        text, num_pieces = text[credits.end() :], num_pieces + 1
    return (text.strip("\n"), num_pieces) if num_pieces else (text, 0)
