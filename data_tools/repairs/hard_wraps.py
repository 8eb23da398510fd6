"""Hard-wrapped text: lines that were cut to a width are joined to paragraphs.

First the whole text is judged, by the places where a sentence runs over from one line of prose to the next: there must
be many of them, and the lines must be about as long there, counting the next line's first word, which would not have
fitted any more. Verse has few such places; in lists, glossaries, dialogue and code the lengths differ. Then each line
is judged alone, by the length that the certain ones reach. Headings, list items, tables, quotations, formulas, code and
indented blocks are left as they are; the further lines of a list item are joined to it. Nothing is joined across a
blank line. Left out: scripts without capitals, and texts that are indented throughout.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from data_tools.repairs.hyphens import HYPHENS, is_suspended
from data_tools.repairs.line_kinds import has_blocks, inside_blocks, is_structure, item_indent, runs_over

MIN_WIDTH, MAX_WIDTH = 40, 120
MIN_PAIRS = 8
MIN_GOING_ON = 0.15
"""Least share of the pairs of lines of prose in which a sentence runs over; in wrapped books it is 0.5 to 0.9."""
MIN_NEAR, MAX_SHORT = 0.6, 0.3
"""Of these, so many must be near the median length (0.82 to 1.2 of it), and so many may be shorter. The rest may be
longer: a reader that joins broken words itself makes lines of twice the width."""
SHORT, LONG = 0.82, 1.2
LOOSE = 0.6
"""A line of at least this share of the median goes on where it breaks off and the next begins in lower case."""
MIN_LIST_LINES = 3
_NOTHING, _PROSE, _ITEM, _INDENTED = range(4)
"""What a line may be joined as: nothing, prose, the first line of a list item, prose that is indented by 4 or more."""
_DASHES = ("--", "—")


def join_hard_wraps(text: str) -> tuple[str, int]:
    """Join the lines of a hard-wrapped text to paragraphs; return the text and how many line ends went."""
    num_lines = text.count("\n") + 1
    if num_lines <= MIN_PAIRS or len(text) > MAX_WIDTH * num_lines:
        return text, 0
    lines = text.split("\n")
    kinds = bytearray(map(_kind, lines))
    if has_blocks(text):
        kinds = bytearray(0 if inside else kind for kind, inside in zip(kinds, inside_blocks(lines), strict=True))
    limits = _limits([lines[n : n + 2] for n in range(num_lines - 1) if kinds[n] == kinds[n + 1] == _PROSE])
    if limits is None:
        return text, 0
    may_follow = _possible(lines, kinds)
    is_list = _lists(lines, may_follow, *limits)
    joined = [lines[0]]
    for number in range(1, num_lines):
        line, following = lines[number - 1], lines[number].lstrip()
        if may_follow[number] and _is_wrapped(line, following, *limits, is_list[number]):
            joined[-1] += _glue(line, following) + following
        else:
            joined.append(lines[number])
    return "\n".join(joined), num_lines - len(joined)


def _possible(lines: list[str], kinds: bytearray) -> bytearray:
    """Return 1 for every line whose kind and indent allow that it goes on with the one before."""
    possible = bytearray(len(lines))
    hang = 0  # how far the text of the present list item is indented
    for number in range(1, len(lines)):
        line = lines[number - 1]
        hang = item_indent(line) if kinds[number - 1] == _ITEM else hang if line else 0
        possible[number] = _may_follow(lines, kinds, number, hang)
    return possible


def _lists(lines: list[str], possible: bytearray, full: int, loose: float) -> bytearray:
    """Return 1 for every line of a block most of whose lines do not reach the width: contents, verse, an address."""
    is_list = bytearray(len(lines))
    start = 0
    while start < len(lines):
        end = start + 1
        while end < len(lines) and possible[end]:
            end += 1
        num_wrapped = sum(_is_wrapped(lines[n - 1], lines[n].lstrip(), full, loose) for n in range(start + 1, end))
        if end - start > MIN_LIST_LINES and num_wrapped <= (end - start - 1) / 2:
            is_list[start:end] = b"\1" * (end - start)
        start = end
    return is_list


def _kind(line: str) -> int:
    if not line:
        return _NOTHING
    if not is_structure(line):
        return _PROSE
    indent = item_indent(line)
    if indent:
        return _NOTHING if is_structure(line[indent:]) else _ITEM
    return _INDENTED if line.startswith("    ") and not is_structure(line.lstrip()) else _NOTHING


def _limits(pairs: list[list[str]]) -> tuple[int, float] | None:
    """Return (the reach of a full line, the length of a loosely full one), or None where the text is not wrapped."""
    reaches = sorted(_reach(line, following) for line, following in pairs if runs_over(line, following))
    if len(reaches) < max(MIN_PAIRS, MIN_GOING_ON * len(pairs)):
        return None
    width = reaches[len(reaches) // 2]
    num_short = bisect_left(reaches, SHORT * width)
    num_near = bisect_right(reaches, LONG * width) - num_short
    if num_near < MIN_NEAR * len(reaches) or num_short > MAX_SHORT * len(reaches):
        return None
    if not MIN_WIDTH <= width <= MAX_WIDTH:
        return None
    return max(reaches[len(reaches) // 20], int(SHORT * width)), LOOSE * width


def _reach(line: str, following: str) -> int:
    """Return how long ``line`` would be with the first word of ``following``."""
    return len(line) + 1 + len(following.split(None, 1)[0])


def _may_follow(lines: list[str], kinds: bytearray, number: int, hang: int) -> bool:
    """Do kinds and indents allow that line ``number`` goes on with the paragraph or list item before it?"""
    before, kind = kinds[number - 1], kinds[number]
    indents = [len(line) - len(line.lstrip()) for line in lines[number - 1 : number + 1]]
    if not before or kind not in (_PROSE, _INDENTED):
        return False
    if hang and indents[1]:
        return indents[1] == hang
    if kind == _INDENTED:
        return False
    if before == _INDENTED:  # a paragraph's first line, not an indented block's last
        return indents[1] == 0 and (number < 2 or kinds[number - 2] != _INDENTED)
    return indents[1] <= indents[0]


def _is_wrapped(line: str, following: str, full: int, loose: float, in_list: int = 0) -> bool:
    if len(line) >= loose and runs_over(line, following):
        return True
    return not in_list and _reach(line, following) >= full


def _glue(line: str, following: str) -> str:
    """Return what stands between two lines of one paragraph: a space, or nothing after a hyphen or a tight dash."""
    if line.endswith(_DASHES):
        return "" if line.rstrip("-—")[-1:] != " " else " "
    if following.startswith(_DASHES) and following.lstrip("-—")[:1].isalpha():
        return "" if following[0] == "—" or line[-1] in ",;:.!?" else " "  # "--option" is none
    if line[-1] in HYPHENS and line[-2:-1].isalnum():
        return " " if is_suspended(following) else ""
    return " "
