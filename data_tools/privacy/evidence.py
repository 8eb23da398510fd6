"""What speaks for and against a number: the runs of digits worth judging, and the words and figures beside them.

A document is scanned once for runs of digits; everything slower looks at the surroundings of such a run only. Decimal
commas, thousands separators and table cells end a run, so a filing has about one run in 15,000 characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

BEFORE_CHARACTERS = 60
AFTER_CHARACTERS = 40

HYPHENS = r"\-\u2010-\u2013\u2212"
"""For a class of characters."""
SPACES = " \u00a0\u2007\u2009\u202f"
"""The characters themselves; they stand for themselves in a class, too."""
_SEPARATOR = rf"[{SPACES}.()/{HYPHENS}]"
# The first element is a plain class, so that re's search jumps to digits; the lookbehind after it keeps a search from
# starting inside a run. The quantifiers are possessive: no run is read twice.
_RUN = re.compile(
    r"[0-9](?<![0-9][0-9])(?:"
    r"[0-9]{0,2}(?:\.[0-9]{1,3}){3}(?![0-9]|\.[0-9])"
    rf"|(?:(?:{_SEPARATOR}{{0,3}}+|\)\t)[0-9]){{5,}}+)"
)
_ADDRESS_IN_A_LINK = re.compile(r"(?i)://|\bwww\.|\bdoi\b")
_UNIT_AFTER = re.compile(
    r"\s?(?:[%‰°€×=^]|(?:(?i:percent|per cent|[mb]illion|thousand|shares|dollars|euros?|tonnes?|tons?|barrels?|years?"
    r"|days?|hours?|cells|units|copies|people|acres|subscribers|lines|ppm|ppb|USD|EUR|boe|bbl)"
    r"|[kmcnµ]?m[²³23]?|[kmµn]?g|t|ha|s|m?l|mol|[kMG]?Wh?|[kMG]?Hz|[kMGh]?Pa|psi|[kMG]a|[kMG]?yr"
    r"|mGal|nT|bp|[kMGT]B)(?![\w'@-]))"
)
_MONEY_BEFORE = re.compile(r"(?:[$€£¥]|\b(?:USD|EUR|GBP|CHF|JPY|CNY))\s?$")
_FIGURE_BEFORE = re.compile(r"[0-9%][ \t|]+$")
_FIGURE_AFTER = re.compile(r"[ \t|]+[$€£(]?[0-9]")


class Run(NamedTuple):
    """A run ``[begin, end)``: six digits or more, at most three separators between two, or an IPv4 address."""

    begin: int
    end: int


def digit_runs(text: str) -> Iterator[Run]:
    """Yield the runs of digits of ``text`` in order; none touches another. One pass, linear for any text."""
    for match in _RUN.finditer(text):
        yield Run(*match.span())


def before(text: str, begin: int, characters: int = BEFORE_CHARACTERS) -> str:
    """Return up to ``characters`` of ``text`` before ``begin``."""
    return text[max(0, begin - characters) : begin]


def line_before(text: str, begin: int, characters: int = BEFORE_CHARACTERS) -> str:
    """Return what stands before ``begin`` in its line, at most ``characters``."""
    return before(text, begin, characters).rpartition("\n")[2]


def after(text: str, end: int) -> str:
    """Return up to ``AFTER_CHARACTERS`` of ``text`` from ``end`` on."""
    return text[end : end + AFTER_CHARACTERS]


def is_in_link(text: str, begin: int) -> bool:
    """Whether the characters before ``begin``, back to white space, are those of a web address or a DOI."""
    pieces = line_before(text, begin, 200).split(" ")
    return _ADDRESS_IN_A_LINK.search(pieces[-1]) is not None


def is_amount(text: str, begin: int, end: int) -> bool:
    """Whether a unit or a sign of money says that ``text[begin:end]`` is a quantity."""
    return _UNIT_AFTER.match(text, end) is not None or _MONEY_BEFORE.search(before(text, begin, 6)) is not None


def is_among_figures(text: str, begin: int, end: int) -> bool:
    """Whether another figure stands directly before or after ``text[begin:end]``, as in a row of a table."""
    return (
        _FIGURE_BEFORE.search(line_before(text, begin, 20)) is not None
        or _FIGURE_AFTER.match(after(text, end)) is not None
    )
