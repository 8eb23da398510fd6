"""What a line of text is, as far as it can be told from the line alone: prose, or structure that must stay as it is."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

_NUMERAL = r"(?:\d{1,3}|[a-zA-Z]|i{1,3}|iv|vi{0,3}|ix|xi{0,3})"
_ITEM_SIGN = rf"(?:[-*+•·‣▪◦–—]|\(?{_NUMERAL}[.)]|\[[\w*]{{1,4}}\])"
"""What a list item begins with: "-", "(a)", "iv.", "[3]"."""
_ITEM = re.compile(rf" {{0,3}}{_ITEM_SIGN} +(?=\S)")
_STRUCTURE = re.compile(
    rf"""
    [ ]{{4,}} | \t                                                   # indented
    | [ ]{{0,3}} (?:
        [\#>|%] | <[/!a-zA-Z] | \.\.[ ] | :\w[\w\ -]*:(?:\s|$) | ``` | ~~~ | \$\$ | \\[a-zA-Z\[\]]
        | {_ITEM_SIGN}[ \t] | [•‣▪◦]
        | -{{3}} | ={{3}} | \*{{3}} | _{{3}}                         # a rule, or the line under a heading
        | \d{{1,2}} (?: \.\d{{1,2}} ){{1,3}} \.? [ ]+ [A-Z]          # a numbered heading
        | import[ ][\w.]+ (?: [ ]as[ ]\w+ )? $ | from[ ][\w.]+[ ]import[ ] | def[ ]\w+\( | class[ ]\w+[(:]
        | \w+ (?: \.\w+ )* [ ]? [-+*/]? =[ ] | @\w+                  # code
      )
    """,
    re.VERBOSE,
)
# Cells apart: tabs, bars on both sides of something, or gaps that do not follow a sentence's end.
_CELLS = re.compile(r"\S\t+\S|\|[^|]*\||[^\s.!?:;\"')”’] {3,}\S|[^\s.!?:;\"')”’] {2}\S.*[^\s.!?:;\"')”’] {2}\S")
_TIGHT_COMMA = re.compile(r",(?=[^\s,'\"”’])")
_LEADERS = re.compile(r"\.{5}|(?:\. ){4}")
MIN_TIGHT_COMMAS = 3
"""Commas without a space after them in a row of comma-separated values, at least."""
MIN_UNBROKEN = 30
"""A line of so many characters without a space is an address, a sequence or a hash."""
_ENDING = re.compile(r"[.!?:;…][\"'”’)\]*_]*$")
_FENCES = ("```", "~~~", "$$", "\\begin{")


def is_table_row(line: str) -> bool:
    """Is this a row of cells: Markdown's, tabs, aligned columns, or comma-separated values?"""
    if ("  " in line or "\t" in line or "|" in line) and _CELLS.search(line):
        return True
    return line.count(",") >= MIN_TIGHT_COMMAS and len(_TIGHT_COMMA.findall(line)) >= MIN_TIGHT_COMMAS


def is_structure(line: str) -> bool:
    """Is this a heading, list item, table row, quotation, formula, directive, code, or indented?

    So is a line of a table of contents, with dots up to the page number; a line without any letter; one long string.
    """
    if _STRUCTURE.match(line) or is_table_row(line) or line.endswith(("{", "}", ");")):
        return True
    if (". . ." in line or "....." in line) and _LEADERS.search(line):
        return True
    return (len(line) >= MIN_UNBROKEN and " " not in line) or line.upper() == line.lower()


def runs_over(line: str, following: str) -> bool:
    """Does a sentence run over from ``line`` to the line ``following``, as far as punctuation and case say?"""
    return following.lstrip()[:1].islower() and not _ENDING.search(line)


def item_indent(line: str) -> int:
    """Return how far the text of a list item is indented, 0 where the line begins no item."""
    item = _ITEM.match(line)
    return item.end() if item else 0


def has_blocks(text: str) -> bool:
    """May ``text`` hold a block that ``inside_blocks`` finds?"""
    return any(map(text.__contains__, _FENCES))


def inside_blocks(lines: Sequence[str]) -> bytearray:
    """Return 1 for every line of a fenced block of code, a displayed formula or a LaTeX environment, else 0.

    A block without an end goes on to the end of the text.
    """
    inside = bytearray(len(lines))
    end = ""
    for number, line in enumerate(lines):
        stripped = line.strip()
        if end:
            inside[number] = 1
            if stripped.startswith(end) or (end == "$$" and stripped.endswith(end)):
                end = ""
        elif stripped.startswith(_FENCES):
            inside[number] = 1
            end = _end_of_block(stripped)
    return inside


def _end_of_block(first: str) -> str:
    """Return what ends the block that the line ``first`` begins; empty where the line ends it itself."""
    if first.startswith("\\begin{"):
        end = f"\\end{{{first[7 : first.find('}')]}}}"
        return "" if end in first else end
    if first.startswith("$$"):
        return "" if len(first) > 3 and first.endswith("$$") else "$$"
    return first[:3]


def drop_lines(lines: Sequence[str], gone: Collection[int]) -> str:
    """Return the text without the lines of these numbers, and without blank lines that then stand next to others."""
    kept: list[str] = []
    dropped = False
    for number, line in enumerate(lines):
        if number in gone:
            dropped = True
        elif line.strip() or not dropped or (kept and kept[-1].strip()):
            kept.append(line)
            dropped = dropped and not line.strip()
    return "\n".join(kept).strip("\n")
