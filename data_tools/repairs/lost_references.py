"""What is left of cross-references and citations whose number or title a conversion has lost: "(see )", "shown in .".

Only what is evidently a stump is touched: an empty bracket goes with its "see"; ", as shown in ," goes; "are shown in
." becomes "are shown here."; "Table  lists" becomes "The table lists"; a sentence that is nothing but "See ." goes.
Stumps outside brackets count only in a text that does not set its punctuation apart throughout (" , ", as tokenised
corpora do); doubtful ones ("the value in .") only where the text holds others; and "()" only where no code is spoken of
("main()"). Tables, code and formulas are left alone. A sentence that has lost its subject ("... the umbra. illustrates
the shadow") stays as it is: no rule tells it from other lower-case beginnings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from data_tools.repairs.line_kinds import drop_lines, has_blocks, inside_blocks
from data_tools.repairs.rounds import until_done

MIN_STUMPS = 2
"""Evident stumps that make the doubtful ones believable."""
MAX_APART = 3
"""Punctuation set apart in other places than after a stump, for each stump; more is how the text is set."""

# What a line must hold for a rule to be tried: looking for these is a hundred times as fast.
_EMPTY_SIGNS = ("()", "( )")
_BRACKET_SIGNS = (" )", "see)", "see .)", "see ,", "ig.)", "q.)")
_CITATION_SIGNS = ("[,", "[;", "[ ", "[]")
_NOUN_SIGNS = (*_EMPTY_SIGNS, "igure  ", "igures  ", "ig.  ", "able  ", "ables  ", "quation  ", "q.  ", "ection  ")
_CELL_SIGNS = ("\t", "|", "   ")
_MAX_ROW = 300
_APART_SIGNS = (" .", " ,", " ;", " :", " )")
_GAP = r"(?:[\s,;&]|\band\b|\bor\b){0,20}"
_NOUN = r"(?:[Ff]ig(?:ures?\b|s?\.)|[Tt]ables?\b|[Ee]q(?:uations?\b|s?\.)|[Ss]ec(?:tions?\b|t?s?\.)|[Cc]hapters?\b)"
_DONE = (
    r"(?:shown|illustrated|seen|listed|given|described|summari[sz]ed|depicted|discussed|presented|explained|found|"
    r"displayed|plotted|indicated|outlined|provided|demonstrated|noted|reported|defined|pictured|detailed|drawn|"
    r"sketched|label+ed|recorded|introduced|included|derived|visible|reproduced)"
)
_VERB = (
    r"(?:is|are|was|were|has|have|shows?|lists?|gives?|presents?|illustrates?|depicts?|compares?|summari[sz]es?|"
    r"contains?|displays?|provides?|describes?|plots?|reports?|demonstrates?|includes?|explains?|indicates?)\b"
)
_SEE = (
    rf"(?:[Ss]ee(?: also)?|(?:as )?(?:{_DONE} )in|(?:adapted|modified|reproduced|redrawn|taken) from|[Rr]efer to|cf\.)"
)
_STOP = r"(?=[.,;:!?)](?:[\s)”\"’]|$))"
_NAMES = {"f": "figure", "t": "table", "e": "equation", "s": "section", "c": "chapter"}

_BRACKET = re.compile(
    rf"(?P<comma>,?)(?P<space>^|\s{{1,3}})\((?:{_SEE}(?:{_GAP}{_NOUN})?{_GAP}(?:for (?:example|instance|details))?|"
    rf"(?:{_NOUN}(?:\s|(?<=\.)){_GAP}){{1,3}}|(?:[,;&]|and|or)\s{_GAP}|\s(?:and|or)\s{_GAP})(?P<dot>\.?)\s*\)(?P<after>\s?)"
)
_CITATION = re.compile(r"\s?\[\s*[,;][\s,;]*\]|(?<=[\w)”\"’])\s+\[ ?\](?=[.,;:)])")
_EMPTY_SPACE = re.compile(r"(?<=[\w)\]”\"’%°])\s+\( \)(?=[.,;:!?]| [a-z])")
_EMPTY = re.compile(r"(?<=[\w)\]”\"’%°])\s+(?:\(\)(?=[\s—–]|[.,;:!?](?:[\s)”\"’]|$)|$))")
_NOUN_LOST = re.compile(rf"\b{_NOUN}(?:\s*\( ?\)| {{2,}}(?:and +)?(?={_VERB}))")
_NOUN_APART = re.compile(rf"\b{_NOUN} (?:and )?{_STOP}")
_CLAUSE = re.compile(rf",\s+(?:as|also)\s+{_DONE}\s+in\b{_GAP}{_STOP}|[,;]\s+see(?: also)?\b{_GAP}(?=[.;)])")
_OPENING = re.compile(rf"(?P<before>^|[.!?]\s+)(?:As {_DONE} in|In)\s{_GAP},\s+(?P<next>\w)")
_EXAMPLE = re.compile(rf"(?P<example>\bfor (?:example|instance)), in\s{_GAP}(?=,)", re.IGNORECASE)
_ORDER = re.compile(
    rf"(?:^|(?<=[.!?])\s+)(?:See(?: also)?|Refer to|Look (?:again )?at|Consult)\s{_GAP}\.(?P<after>\s|$)"
)
_DONE_IN = re.compile(rf"\b(?P<done>{_DONE}) in\s{_GAP}{_STOP}")
_DOUBTFUL = re.compile(rf"\bin\s{_GAP}{_STOP}")
_TAKES_ARTICLE = re.compile(r"\b(?:in|see|from|to|of|by|and|or|with|using|as|at|per|on|than|while|where|that|both)$")
_APART = re.compile(r"\w [.,;:](?=\s|$)")
_CODE = re.compile(r"\w\(\)")

Rule = tuple[tuple[str, ...], re.Pattern[str], Callable[[re.Match[str]], str]]


@until_done
def smooth_lost_references(text: str) -> tuple[str, int]:
    """Remove or smooth the stumps of lost references; return the text and how many there were."""
    signs = {sign for sign in (*_EMPTY_SIGNS, *_BRACKET_SIGNS, *_APART_SIGNS) if sign in text}
    signs |= {sign for sign in _CITATION_SIGNS if sign in text} if "[" in text else set()
    signs |= {sign for sign in _NOUN_SIGNS if sign in text} if "  " in text else set()
    if not signs:
        return text, 0
    lines = text.split("\n")
    inside = inside_blocks(lines) if has_blocks(text) else bytearray(len(lines))
    chosen = [
        number
        for number, line in enumerate(lines)
        if any(map(line.__contains__, signs)) and not inside[number] and not _is_row(line)
    ]
    rules = [rule for rule in _SURE if rule[1] is not _EMPTY or not _CODE.search(text)]
    num_stumps = _apply(rules, lines, chosen)
    apart = [number for number in chosen if any(map(lines[number].__contains__, _APART_SIGNS))]
    num_apart = sum(len(_APART.findall(lines[number])) for number in apart)
    num_loose = sum(len(rule.findall(lines[number])) for _, rule, _ in [*_LOOSE, _DOUBTFUL_RULE] for number in apart)
    if num_loose and num_apart <= MAX_APART * num_loose:
        num_stumps += _apply(_LOOSE, lines, apart)
        num_stumps += _apply([_DOUBTFUL_RULE], lines, apart) if num_stumps >= MIN_STUMPS else 0
    if not num_stumps:
        return text, 0
    return drop_lines(lines, {number for number in chosen if not lines[number].strip()}), num_stumps


def _is_row(line: str) -> bool:
    """Is this a row of a table? Cells apart by three spaces or more count only in a line that is no paragraph."""
    return line.startswith("|") or (len(line) <= _MAX_ROW and any(map(line.strip().__contains__, _CELL_SIGNS)))


def _apply(rules: Sequence[Rule], lines: list[str], chosen: Sequence[int]) -> int:
    """Rewrite the chosen lines by the rules in turn; return how many places changed."""
    num_places = 0
    for number in chosen:
        for signs, pattern, replacement in rules:
            if any(map(lines[number].__contains__, signs)):
                lines[number], num = pattern.subn(replacement, lines[number])
                num_places += num
    return num_places


def _without_bracket(match: re.Match[str]) -> str:
    """Keep the full stop of "(see .)" where the sentence has no other, and a comma where the sentence goes on."""
    if not match["space"]:
        return ""
    dot = "" if match.string[: match.start()].endswith((".", "!", "?")) else match["dot"]
    stops = dot or match.string[match.end() :].startswith((".", ";", ":", "!", "?"))
    return ("" if stops else match["comma"]) + dot + match["after"]


def _with_article(match: re.Match[str]) -> str:
    """Return "the table" for a noun that has lost its number, but the noun alone after a name ("Ohm equation ()")."""
    noun = match[0].split()[0].rstrip("(")
    before = match.string[: match.start()].rstrip()
    starts = not before or before[-1] in ".!?:"
    name = _NAMES[noun[0].lower()] + "s" * noun.rstrip(".").endswith("s")
    if starts or _TAKES_ARTICLE.search(before):
        name = f"the {name}"
    following = match.string[match.end() : match.end() + 1]
    return (name.capitalize() if starts else name) + " " * following.isalpha()


def _opened(match: re.Match[str]) -> str:
    return match["before"] + match["next"].upper()


_SURE: tuple[Rule, ...] = (
    (_BRACKET_SIGNS, _BRACKET, _without_bracket),
    (_CITATION_SIGNS, _CITATION, lambda match: ""),
    (_NOUN_SIGNS, _NOUN_LOST, _with_article),
    (_EMPTY_SIGNS, _EMPTY_SPACE, lambda match: ""),
    (_EMPTY_SIGNS, _EMPTY, lambda match: ""),
)
_LOOSE: tuple[Rule, ...] = (
    (_APART_SIGNS, _CLAUSE, lambda match: ""),
    (_APART_SIGNS, _OPENING, _opened),
    (_APART_SIGNS, _EXAMPLE, lambda match: match["example"]),
    (_APART_SIGNS, _ORDER, lambda match: match["after"] if match.start() else ""),
    (_APART_SIGNS, _NOUN_APART, _with_article),
    (_APART_SIGNS, _DONE_IN, lambda match: f"{match['done']} here"),
)
_DOUBTFUL_RULE: Rule = (_APART_SIGNS, _DOUBTFUL, lambda match: "here")
