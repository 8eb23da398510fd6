"""Repairs that lose no word: wrongly decoded text, Unicode form, control characters, line ends, white space.

Each repair says whether it changed the text, so that a step can count it. Nothing here folds characters together
(NFKC would turn the superscripts of isotopes and exponents into plain digits), and quotation marks stay as they are.
"""

from __future__ import annotations

import re
import unicodedata

REPAIRS = ("mojibake", "line_ends", "unicode_form", "control_characters", "white_space")

_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# C0 and C1 controls but tab and newline, zero-width characters, the byte-order mark, the soft hyphen, bidirectional
# marks.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff\u00ad]")
_TRAILING_SPACE = re.compile("[ \t\u00a0]+\n")
_BLANK_LINES = re.compile("\n{3,}")


def repair(text: str) -> tuple[str, dict[str, int]]:
    """Return the repaired text, and 1 for every name in ``REPAIRS`` whose repair changed it (others are left out)."""
    changed: dict[str, int] = {}
    for name, function in (
        ("mojibake", _repair_mojibake),  # first: a wrongly decoded letter can hold U+0085, which is a line end too
        ("line_ends", _repair_line_ends),
        ("unicode_form", _repair_unicode_form),
        ("control_characters", _repair_control_characters),
        ("white_space", _repair_white_space),
    ):
        repaired = function(text)
        if repaired != text:
            changed[name] = 1
            text = repaired
    return text, changed


def _repair_line_ends(text: str) -> str:
    return _LINE_ENDS.sub("\n", text)


def _repair_mojibake(text: str) -> str:
    """Undo wrong decodings with ftfy, line by line: parts of one text may have gone wrong in different ways."""
    if text.isascii():
        return text
    from ftfy import fix_encoding

    return "\n".join(line if line.isascii() else fix_encoding(line) for line in text.split("\n"))


def _repair_unicode_form(text: str) -> str:
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def _repair_control_characters(text: str) -> str:
    return _CONTROL.sub("", text)


def _repair_white_space(text: str) -> str:
    text = _TRAILING_SPACE.sub("\n", text.replace("\u00a0", " "))
    return _BLANK_LINES.sub("\n\n", text).strip()
