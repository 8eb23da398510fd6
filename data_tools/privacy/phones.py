"""Telephone and fax numbers: by a written form that little else has, or by a word beside them.

A figure has the digits of a telephone number too. So there are three grades of evidence:

* *a form of its own*: ``(212) 555-1234``, ``212.555.1234x5``, ``+44 20 7946 0958`` need no word; a catalogue's word
  before them, a unit or a sum of money speaks against them.
* *a label*: "telephone", "fax:", "mobile:" before the number, "office", "(fax)" behind it. Any grouping will do, but
  for years, dates and decimal fractions.
* *an act*: "call me at", "not answering at", "messages to". Ranges, round figures and rows of figures are out, too.

Numbers with a country's code are checked with phonenumbers (the port of Google's libphonenumber): is there such a
country, and can its numbers have this length. Whether the number is assigned is not asked: new numbers and those of
fiction are no less personal. Left out: numbers spelled in words or letters, and numbers broken over two lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from data_tools.privacy.evidence import (
    HYPHENS,
    SPACES,
    Run,
    before,
    is_among_figures,
    is_amount,
    is_in_link,
    line_before,
)
from data_tools.privacy.spans import Span

MIN_DIGITS = 6
MIN_DIGITS_AFTER_ACT = 7
MIN_DIGITS_WITH_COUNTRY = 9
MAX_DIGITS = 15
"""E.164: a number with its country's code has at most 15 digits."""
EXTENSION_CHARACTERS = 20
"""As far behind a run of digits its extension may end. The next run may begin there; it is not judged with this one."""

_EXTENSION = r"(?P<extension>[ ,;]{0,2}(?:[xX]|[eE]xt(?:ension|\.)?)[ :.]?[0-9]{1,6})?"
_BEFORE = rf"(?<![\w/°+{HYPHENS}])(?<![0-9][.,:])"
_AFTER = rf"(?![\w/°%]|[.,/{HYPHENS}][0-9])"
_GAP = rf"[{SPACES}.{HYPHENS}]"
_GROUPED = rf"(?:[{SPACES}.()/{HYPHENS}]{{0,3}}+[0-9])"
# The North American Numbering Plan's 3-3-4 with the area in brackets or parted by dots or hyphens; area and exchange
# begin with 2 to 9 unless an extension follows. Three groups parted by spaces are as likely a row of figures.
_AMERICAN = re.compile(
    rf"{_BEFORE}(?:(?:\+?1|001){_GAP}?)?"
    rf"(?:\((?P<area>[0-9]{{3}})\)[{SPACES}\t{HYPHENS}]{{0,2}}|(?P<bare_area>[0-9]{{3}})[.{HYPHENS}])"
    rf"(?P<exchange>[0-9]{{3}}){_GAP}[0-9]{{4}}{_EXTENSION}{_AFTER}"
)
_INTERNATIONAL = re.compile(
    rf"{_BEFORE}\(?(?:\+[{SPACES}]?|(?P<zeros>(?<![0-9][{SPACES}])00[{SPACES}]?))\(?"
    rf"(?P<number>[1-9]{_GROUPED}{{6,17}}+){_EXTENSION}{_AFTER}"
)
# Digits with at most one mark between two groups. Nothing here can be read in two ways: each group is possessive.
_LOOSE = re.compile(
    rf"{_BEFORE}(?:\+[{SPACES}]?)?\(?[0-9]{{1,15}}+\)?"
    rf"(?:(?:[{SPACES}]?[.{HYPHENS}/][{SPACES}]?|[{SPACES}]|(?<=\))|(?=\())\(?[0-9]{{1,8}}+\)?){{0,6}}?"
    rf"{_EXTENSION}(?![\w°%]|[{SPACES}]?[.,/({HYPHENS}]?[{SPACES}]?[0-9])"
)

_NUMBER_WORD = r"(?:numbers?|nos?\.?|nr\.?|num\.?|#|n°|nº)(?!\w)"
_LINKS = r"(?:\s{1,2}(?:us|me|him|her|them|toll[- ]free|line|or|and|fax|is|are|was|at|on|under))"
_MARKS = r"\s?[:.=(\[]{0,2}\s{0,3}\(?$"
_LABEL_BEFORE = re.compile(
    r"\b(?:tele?phones?|phones?|fax|facsimile|telefax|hotline|helpline|whatsapp|switchboard|landline|t[ée]l|mob"
    r"|tlf|tfno|t[ée]l[ée]phone|tel[ée]fono|telefone|telefoon|telefon|telefonnummer|rufnummer|telefoonnummer)\b\.?"
    rf"(?:\s?[({HYPHENS}][a-z]{{1,12}}\)?)?(?:\s{{0,2}}{_NUMBER_WORD}[^\d\n]{{0,40}}$|{_LINKS}{{0,3}}{_MARKS})",
    re.IGNORECASE,
)
# Words with other meanings (cell, desk, pH) need more: a colon, "number", "is".
_AMBIGUOUS_LABEL = (
    r"\b(?:mobile|cell|cellular|pager|sms|desk|direct|office|home|work|main|ph|fixe|portable|mobil|handy|fon|m[óo]vil"
    r"|celular|cellulare|telem[óo]vel|mobiel)"
)
_AMBIGUOUS_BEFORE = re.compile(
    rf"(?:{_AMBIGUOUS_LABEL}(?:\s{{0,2}}{_NUMBER_WORD})?(?:\s(?:is|at))?|\bcontact)\s?:\s{{0,3}}\(?$"
    rf"|{_AMBIGUOUS_LABEL}\s{{1,2}}(?:{_NUMBER_WORD}(?:\s(?:is|at))?|is|at)\s{{1,2}}\(?$",
    re.IGNORECASE,
)
# And single letters, as on cards (T: 030 ...), count before a number that begins as one is dialled.
_SHORT_LABEL_BEFORE = re.compile(
    rf"(?:^|[\n|,;•]\s{{0,2}})(?:[tpmfcod]\s?[:.]|{_AMBIGUOUS_LABEL})\s{{0,2}}\(?$", re.IGNORECASE
)
_LABEL_AFTER = re.compile(
    rf"[{SPACES}]?[{HYPHENS},]?[{SPACES}]?[(\[]?\b(?:tele?phone|tel|fax|facsimile|phone"
    rf"|office|mobile|cell|home|work|desk|direct|landline|voice|main|handy|mobil)\b(?=\s*(?:$|[\n,;.)\]|\\]))",
    re.IGNORECASE,
)
_ENTRY_BEGIN = re.compile(r"(?:^|[\n,;|\t\\])\W{0,3}$")
_WORD = rf"[{SPACES}][^\W\d]{{1,20}}\.?"
_ACT_BEFORE = re.compile(
    r"\b(?:(?:call(?:ing|ed)?|dial(?:l?ing|l?ed)?|ring|phon(?:e|ing|ed)|reach(?:ed|ing|able)?"
    rf"|text(?:ing|ed)?|answer(?:ing|ed)?|messag(?:e|es|ing|ed)|sms|contact(?:ed)?(?={_WORD}[{SPACES}][^\W\d]))\b"
    rf"(?:{_WORD}){{0,4}}?[{SPACES}](?:at|on|to|via|under)|call|dial|ring|text"
    rf"|(?:my|your|his|her|our|their|registered)[{SPACES}](?:\w+[{SPACES}])?(?:number|no\.|registered)"
    rf"(?:[{SPACES}](?:is|at|on|to))?)[{SPACES}]?:?[{SPACES}]?\(?$",
    re.IGNORECASE,
)
_NEXT_NUMBER = re.compile(r"\s{0,2}(?:[,;/|]|or|and|und|oder|et|ou|y|o)\s{1,2}\(?")
_CATALOGUE = re.compile(
    r"(?i)\b(?:doi|isbn|issn|igsn|arxiv|samples?|specimen|catalog(?:ue)?|grant|award|contract|lot|patent|serial"
    r"|accession|model|part|cusip|isin|cik|core|hole|well|asc)\b[^.;\n]{0,15}$"
)
_DECLINATION = re.compile(rf"[0-9]{{1,2}}[{SPACES}][0-9]{{1,2}}[{SPACES}][0-9]{{1,2}}\.[0-9]+")
_HYPHEN = re.compile(rf"[{HYPHENS}]")
_SPACED_HYPHEN = re.compile(rf"[{SPACES}][{HYPHENS}][{SPACES}]")
_GROUP = re.compile(r"[0-9]+")
_YEAR = re.compile(r"1[5-9][0-9]{2}|20[0-9]{2}")
_DATE = re.compile(
    r"\(?(?:1[5-9]|20)[0-9]{2}([-./])[01]?[0-9]\1[0-3]?[0-9](?![0-9]).*"
    r"|\(?[0-3]?[0-9]([-./])[0-3]?[0-9]\2(?:1[5-9]|20)[0-9]{2}(?![0-9]).*"
)
_FRACTION = re.compile(r"[0-9]{1,4}\.[0-9]+(?:\D+[0-9]{1,4}\.[0-9]+)*")
_FILE_NUMBER = re.compile(rf"(?:00[0-9]|0[23][0-9]|33|333|8[0-9]{{2}}|[01])[{HYPHENS}][0-9]{{5,6}}")
"""A Commission file number: 001-39940, 333-174175."""


def find_phones(text: str, runs: Iterable[Run]) -> Iterator[Span]:
    """Yield the telephone numbers in ``runs`` of digits of ``text``, each with its brackets and extension, in order."""
    last_end = 0
    for run in runs:
        for begin, end in _numbers(text, run, last_end):
            yield Span(begin, end, "phone")
            last_end = end


def _numbers(text: str, run: Run, last_end: int) -> Iterator[tuple[int, int]]:
    """Numbers with a form of their own first, then what a word makes a number in the gaps between them."""
    begin = max(last_end, run.begin - 3)
    for formed in _formed_numbers(text, begin, run.end):
        if formed[0] >= begin:
            yield from _loose_numbers(text, begin, formed[0], formed[0], last_end)
            yield formed
            begin = last_end = formed[1]
    yield from _loose_numbers(text, begin, run.end, run.end + EXTENSION_CHARACTERS, last_end)


def _formed_numbers(text: str, begin: int, end: int) -> list[tuple[int, int]]:
    """Numbers that start in ``[begin, end)``; of two from the same place the longer first."""
    found = [
        _without_outer_bracket(text, match.start(), stop)
        for pattern, end_of in ((_INTERNATIONAL, _international_end), (_AMERICAN, _american_end))
        for match in pattern.finditer(text, begin, end + EXTENSION_CHARACTERS)
        if match.start() < end and (stop := end_of(match)) and _is_unopposed(text, match.start(), stop)
    ]
    return sorted(found, key=lambda span: (span[0], -span[1]))


def _american_end(match: re.Match[str]) -> int | None:
    area = match["area"] or match["bare_area"]
    is_dialled = min(area[0], match["exchange"][0]) >= "2"
    return match.end() if is_dialled or match["extension"] else None


def _international_end(match: re.Match[str]) -> int | None:
    """Where the number ends that a country with this code can have; a year or a postal code may stand behind it."""
    import phonenumbers

    number = match["number"]
    first = re.split(r"[^0-9]", number, maxsplit=1)[0]
    if _DECLINATION.fullmatch(number):
        return None
    if len(first) <= 3 and int(first) not in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        return None
    is_number = phonenumbers.is_valid_number if match["zeros"] else phonenumbers.is_possible_number
    ends = [group.end() for group in _GROUP.finditer(number)]
    for end in reversed(ends):
        digits = re.sub(r"[^0-9]", "", number[:end].replace("(0)", ""))
        if len(digits) < MIN_DIGITS_WITH_COUNTRY:
            return None
        if len(digits) <= MAX_DIGITS and is_number(phonenumbers.parse("+" + digits)):
            return match.end() if end == len(number) else match.start("number") + end
    return None


def _loose_numbers(text: str, begin: int, end: int, stop: int, last_end: int) -> Iterator[tuple[int, int]]:
    """Numbers that start in ``[begin, end)`` and end by ``stop``, with a word beside them."""
    for match in _LOOSE.finditer(text, begin, stop):
        if match.start() < end and _has_word(match, last_end):
            last_end = match.end()
            yield _without_outer_bracket(text, *match.span())


def _has_word(match: re.Match[str], last_end: int) -> bool:
    """Whether a word beside the loose number, or a number before it, says that one can call it."""
    text, begin, end = match.string, *match.span()
    number = text[begin : match.start("extension")] if match["extension"] else match.group()
    num_digits = sum(map(str.isdigit, number))
    if not MIN_DIGITS <= num_digits <= MAX_DIGITS or _is_date_or_fraction(number) or is_in_link(text, begin):
        return False
    head = before(text, begin)
    is_dialled = number.startswith(("0", "(0")) and _SHORT_LABEL_BEFORE.search(head) is not None
    if is_dialled or _LABEL_BEFORE.search(head) or _AMBIGUOUS_BEFORE.search(head):
        return not is_amount(text, begin, end)
    if _LABEL_AFTER.match(text, end) and _ENTRY_BEGIN.search(head):
        return not is_among_figures(text, begin, end)
    is_next = last_end > 0 and _NEXT_NUMBER.fullmatch(text, last_end, begin) is not None
    return (
        (is_next or _ACT_BEFORE.search(head) is not None)
        and num_digits >= MIN_DIGITS_AFTER_ACT
        and not _is_range_or_round(number)
        and not is_among_figures(text, begin, end)
        and _is_unopposed(text, begin, end)
    )


def _is_unopposed(text: str, begin: int, end: int) -> bool:
    return not (
        is_in_link(text, begin)
        or is_amount(text, begin, end)
        or _CATALOGUE.search(line_before(text, begin)) is not None
    )


def _is_date_or_fraction(number: str) -> bool:
    """Years, a date, decimal fractions, or the Commission's number of a filing."""
    if all(_YEAR.fullmatch(group) for group in _GROUP.findall(number)):
        return True
    return any(pattern.fullmatch(number) for pattern in (_DATE, _FRACTION, _FILE_NUMBER))


def _is_range_or_round(number: str) -> bool:
    """1300-1400 and 2 750 – 2 900 are ranges, 25 000 000 is a round figure."""
    groups = _GROUP.findall(number)
    is_round = len(groups) > 1 and set("".join(groups[1:])) == {"0"}
    rises = len(groups) == 2 and len(groups[0]) == len(groups[1]) and groups[0] < groups[1]
    return is_round or (rises and _HYPHEN.search(number) is not None) or _SPACED_HYPHEN.search(number) is not None


def _without_outer_bracket(text: str, begin: int, end: int) -> tuple[int, int]:
    """A bracket that the number's own do not match is the sentence's, as in (+1 212 555 1234)."""
    number = text[begin:end]
    if number.count("(") > number.count(")"):
        begin += number.startswith("(")
    elif number.count(")") > number.count("("):
        end -= number.endswith(")")
    return begin, end
