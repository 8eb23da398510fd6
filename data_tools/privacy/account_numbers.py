"""Payment cards, IBANs and US social security numbers: numbers with check digits, issuers' ranges or fixed lengths.

* Cards (ISO/IEC 7812): 12 to 19 digits that pass the Luhn check. After a word for cards that is enough; alone, a number
  must begin as an issuer's do, have that issuer's length, and stand unbroken, in hyphenated groups, or in spaced ones
  within a sentence: one in ten numbers passes Luhn by chance, and four columns of figures look like a card's groups.
* IBANs (ISO 13616): the country's length, and 98 modulo 97.
* Social security numbers: 3-2-4 with hyphens; other forms, and tax numbers (ITIN, 9xx), only after a word for them.
  Areas 000, 666 and 900 to 999 are never issued.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from data_tools.privacy.evidence import (
    HYPHENS,
    SPACES,
    Run,
    after,
    before,
    is_among_figures,
    is_amount,
    is_in_link,
    line_before,
)
from data_tools.privacy.spans import Span

_CARD = re.compile(
    rf"(?<![\w.,/°+{HYPHENS}])[0-9](?:[{SPACES}{HYPHENS}]?[0-9]){{11,18}}+(?![\w°%]|[.,/{HYPHENS}][0-9])"
)
_CARD_WORD = re.compile(
    r"(?i)\b(?:cards?|cc|visa|master ?card|maestro|amex|american express|diners|jcb|unionpay|karte|kreditkarte"
    r"|carte|tarjeta|carta|cart[ãa]o|kaart)\b"
)
_ISSUERS = (
    (re.compile(r"4"), (16, 19)),  # Visa; its 13 digits are history, and EAN's length
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),  # Mastercard
    (re.compile(r"3[47]"), (15,)),  # American Express
    (re.compile(r"30[0-5]|3095|36|38|39"), (14,)),  # Diners Club
    (re.compile(r"6011|64[4-9]|65"), (16, 19)),  # Discover
    (re.compile(r"35(?:2[89]|[3-8])"), (16,)),  # JCB
    (re.compile(r"62"), (16, 17, 18, 19)),  # UnionPay
)
_GROUPS = re.compile(r"[0-9]{12,19}|(?:[0-9]{4}\D){2,4}[0-9]{1,4}|[0-9]{4}\D[0-9]{6}\D[0-9]{4,5}")
"""Unbroken, in fours, or 4-6-5 and 4-6-4 (American Express, Diners Club)."""
_WORD_BEFORE = re.compile(r"[a-z][,:]? \(?$")
_SENTENCE_AFTER = re.compile(r"\)?(?:[.!?](?![0-9])|[,;:] [^\W\d]| [a-z])")
_CATALOGUE = re.compile(
    r"(?i)\b(?:doi|isbn|issn|igsn|arxiv|ean|upc|barcode|samples?|specimen|catalog(?:ue)?|grant|award|contract|order"
    r"|tracking|serial|accession|lot|patent|part|cusip|isin|cik|asin|imei|id)\b[^.;\n]{0,15}$"
)

_MARK = rf"[{SPACES}{HYPHENS}]"
# On paper in groups of four, capitals; electronically unbroken, and people type small letters.
_IBAN = re.compile(
    rf"(?<!\w)(?P<country>[A-Z]{{2}})[0-9]{{2}}(?:{_MARK}[A-Z0-9]{{4}}){{2,7}}(?:{_MARK}[A-Z0-9]{{1,3}})?+(?!\w)"
    r"|(?<!\w)(?P<unbroken>[A-Za-z]{2})[0-9]{2}[A-Za-z0-9]{11,30}(?!\w)"
)
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
"""Characters of an IBAN by country: SWIFT's registry, release 99."""
MAX_IBAN_CHARACTERS_BEFORE_DIGITS = 14
"""Two letters, two check digits, then at most eight letters of a bank and their spaces before the account's digits."""
MAX_IBAN_CHARACTERS = 42
"""34 places in groups of four."""

# Three groups of a number that was issued, or that a word calls so (9xx is a taxpayer's); the marks tell the grade.
_SSN = re.compile(
    rf"(?<![\w/.,°=+{HYPHENS}])(?!000|666)[0-9]{{3}}(?P<mark>[{SPACES}.{HYPHENS}]?)"
    r"(?!00)[0-9]{2}(?P=mark)(?!0000)[0-9]{4}"
    rf"(?![\w/°%]|[.,{HYPHENS}][0-9])"
)
_SSN_WORD = re.compile(
    r"(?i)\b(?:ssns?|ss#|itin|social[- ]security(?:[- ](?:numbers?|no\.?|nr|#))?|soc\.? ?sec\.?)(?!\w)[^\d\n]{0,25}$"
)


def find_cards(text: str, runs: Iterable[Run]) -> Iterator[Span]:
    """Yield the numbers of payment cards in ``runs`` of digits of ``text``."""
    for run in runs:
        for match in _CARD.finditer(text, run.begin, run.end + 2):
            if _is_card(match):
                yield Span(match.start(), match.end(), "card")


def _is_card(match: re.Match[str]) -> bool:
    text, begin, end = match.string, *match.span()
    digits = re.sub(r"[^0-9]", "", match.group())
    if (
        not (_GROUPS.fullmatch(match.group()) and passes_luhn(digits))
        or len(set(digits)) == 1
        or is_in_link(text, begin)
    ):
        return False
    if _CARD_WORD.search(before(text, begin)) or _CARD_WORD.search(after(text, end)):
        return True
    if is_among_figures(text, begin, end) or is_amount(text, begin, end):
        return False
    if not set(SPACES).isdisjoint(match.group()) and not _is_in_sentence(text, begin, end):
        return False
    is_issued = any(start.match(digits) and len(digits) in lengths for start, lengths in _ISSUERS)
    return is_issued and _CATALOGUE.search(line_before(text, begin)) is None


def _is_in_sentence(text: str, begin: int, end: int) -> bool:
    """Whether words go on before and behind; a row of figures has its label before it and ends its line."""
    return _WORD_BEFORE.search(before(text, begin)) is not None and _SENTENCE_AFTER.match(text, end) is not None


def passes_luhn(digits: str) -> bool:
    """Whether the last of ``digits`` is the check digit of the others (ISO/IEC 7812, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def find_ibans(text: str, runs: Iterable[Run]) -> Iterator[Span]:
    """Yield the IBANs whose account numbers hold one of ``runs`` of digits of ``text``."""
    last_end = 0
    for run in runs:
        begin = max(last_end, run.begin - MAX_IBAN_CHARACTERS_BEFORE_DIGITS)
        for match in _IBAN.finditer(text, begin, run.end + MAX_IBAN_CHARACTERS):
            if (end := _iban_end(match)) and end > run.begin:
                yield Span(match.start(), end, "iban")
                last_end = end


def _iban_end(match: re.Match[str]) -> int | None:
    """Where the IBAN ends; a word in capitals behind the groups may have been read as one more."""
    length = _IBAN_LENGTHS.get((match["country"] or match["unbroken"]).upper())
    places = [place for place, character in enumerate(match.group()) if character.isalnum()]
    if length is None or len(places) < length:
        return None
    end = match.start() + places[length - 1] + 1
    if match.string[end : end + 1].isalnum():
        return None
    return end if iban_remainder(re.sub(r"\W", "", match.string[match.start() : end].upper())) == 1 else None


def iban_remainder(iban: str) -> int:
    """Return ``iban`` modulo 97, its head moved to its end, letters as 10 to 35 (ISO 7064); 1 where it is right."""
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97


def find_ssns(text: str, runs: Iterable[Run]) -> Iterator[Span]:
    """Yield the US social security numbers in ``runs`` of digits of ``text``."""
    for run in runs:
        for match in _SSN.finditer(text, run.begin, run.end + 2):
            head = line_before(text, match.start())
            if _SSN_WORD.search(head) or (_has_form_of_ssn(match) and not _CATALOGUE.search(head)):
                yield Span(match.start(), match.end(), "ssn")


def _has_form_of_ssn(match: re.Match[str]) -> bool:
    is_hyphenated = match["mark"] != "" and match["mark"] not in SPACES + "."
    return is_hyphenated and match.group()[0] != "9" and not is_in_link(match.string, match.start())
