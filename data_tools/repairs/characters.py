"""Repairs of single characters: wrongly decoded text, line ends, Unicode form, control characters, white space.

Nothing here folds characters together (NFKC would turn the superscripts of isotopes and exponents into plain digits),
and quotation marks stay as they are.
"""

from __future__ import annotations

import operator
import re
import unicodedata

# Whatever ftfy 6.3.1 calls bad (ftfy.badness.BADNESS_RE) holds one of these, which costs a tenth of its search to find.
_SUSPICIOUS = re.compile("[\x80-\x9fŒœÂÃ]|[^\x00-\x7f]{2}")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x85\u2028\u2029]")
# C0 and C1 controls but tab, newline, form feed and U+0002; zero-width characters, the byte-order mark, bidirectional
# marks. Form feeds are page_furniture's, U+0002 and soft hyphens are hyphens'.
_CONTROL = re.compile("[\x00\x01\x03-\x08\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff]")
_BLANK_LINES = re.compile("\n{3,}")


def undo_mojibake(text: str) -> tuple[str, int]:
    """Undo wrong decodings with ftfy, line by line: parts of one text may have gone wrong in different ways."""
    if text.isascii() or not _SUSPICIOUS.search(text):
        return text, 0
    from ftfy import fix_encoding

    lines = text.split("\n")
    num_lines = 0
    for number, line in enumerate(lines):
        if not line.isascii() and _SUSPICIOUS.search(line):
            lines[number] = fix_encoding(line)
            num_lines += lines[number] != line
    return "\n".join(lines), num_lines


def one_kind_of_line_end(text: str) -> tuple[str, int]:
    """Make every line end a newline; form feeds stay, as they end pages."""
    if text.isascii() and "\r" not in text and "\x0b" not in text:
        return text, 0
    return _LINE_ENDS.subn("\n", text)


def compose(text: str) -> tuple[str, int]:
    """Bring the text to Unicode's form NFC; return how many lines were not in it."""
    if unicodedata.is_normalized("NFC", text):
        return text, 0
    num_lines = sum(not unicodedata.is_normalized("NFC", line) for line in text.split("\n"))
    return unicodedata.normalize("NFC", text), num_lines


def remove_controls(text: str) -> tuple[str, int]:
    """Remove control and zero-width characters."""
    return _CONTROL.subn("", text)


def tidy_white_space(text: str) -> tuple[str, int]:
    """Make no-break spaces plain, remove white space at line ends and around the text, and all but one blank line."""
    num_places = text.count("\u00a0")
    if num_places:
        text = text.replace("\u00a0", " ")
    if " \n" in text or "\t\n" in text:
        lines = text.split("\n")
        tidied = [line.rstrip(" \t") for line in lines]
        num_places += sum(map(operator.ne, lines, tidied))
        text = "\n".join(tidied)
    if "\n\n\n" in text:
        text, num = _BLANK_LINES.subn("\n\n", text)
        num_places += num
    stripped = text.strip()
    return stripped, num_places + (stripped != text)
