"""Dates and ages of patients in English text: HIPAA's identifier 3."""

from __future__ import annotations

import re
from collections.abc import Iterator

from data_tools.privacy.patient_context import PatientText
from data_tools.privacy.spans import Span

_MONTH_NAMES = (
    "january", "jan", "february", "feb", "march", "mar", "april", "apr", "may", "june", "jun", "july", "jul", "august",
    "aug", "september", "sept", "sep", "october", "oct", "november", "nov", "december", "dec",
)  # fmt: skip
_WORDS_TOO = ("march", "mar", "may")  # "type 1 may also bind": these need a capital
_ANY_MONTH = [form for name in _MONTH_NAMES for form in (name.title(), name.upper(), name) if form not in _WORDS_TOO]
_MONTH = rf"(?:{'|'.join(_ANY_MONTH)})(?![a-z])\.?"
_DAY = r"(?:0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?"
_YEAR = r"(?:1[89]|20)[0-9]{2}"
_NUMBER = r"(?:0?[1-9]|[12][0-9]|3[01])"
_DATE = re.compile(
    rf"(?<![\w/.-])(?:{_YEAR}([-/.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12][0-9]|3[01])"
    r"(?:[T ][0-2][0-9]:[0-5][0-9](?::[0-5][0-9])?)?"
    rf"|(?P<in_figures>{_NUMBER}/{_NUMBER}/(?:{_YEAR}|[0-9]{{2}}))|{_NUMBER}([-.]){_NUMBER}\3{_YEAR}"
    rf"|(?:0?[1-9]|1[0-2])[-/]{_YEAR}"
    rf"|{_MONTH}\s{{1,2}}{_DAY}(?:,?\s{{1,2}}(?:of\s)?{_YEAR})?|{_MONTH},?\s{{1,2}}(?:of\s)?{_YEAR}"
    rf"|{_DAY}[\s-]{{1,2}}(?:of\s)?{_MONTH}(?:,?[\s-]{{1,2}}{_YEAR})?)(?![\w/]|[-.][0-9])"
)
_PUBLICATION = re.compile(
    r"(?i)\b(?:accessed|retrieved|published|updated|received|accepted|revised|released|version)\b[^.\n]{0,12}$"
)
# 6/10 is a rating of pain as well: a month and a day, or a month and a year, need a word of time before them.
_SHORT_DATE = re.compile(
    r"(?:(?i:\b(?:on|in|since|until|till|from|through|dated?|DOS|before|after))\s?:?\s?|\((?=[0-9]{1,2}/[09][0-9]\)))"
    r"(?P<value>(?:0?[1-9]|1[0-2])/(?:[0-3]?[0-9]|[0-9]{2}))(?![\w/%]|\.[0-9]| of | (?:strength|pain|scale))"
)
_AGE_NUMBER = r"(?:9[0-9]|1[01][0-9]|12[0-5])"
_AGE_WORD = (
    r"(?:ninety(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?"
    r"|(?:one|a) hundred(?:\sand)?(?:\s(?:one|two|three|four|five|six|seven|eight|nine|ten))?)"
)
_NO_AGE_AFTER = r"(?![\w%]|[./,-][0-9]|\s?(?:hours?|hrs?|h|days?|d|weeks?|wks?|months?|mos?|min)\b)"
_AGE = re.compile(
    rf"(?<![\w.,/$-])(?:{_AGE_NUMBER}|{_AGE_WORD})[\s-]{{0,2}}(?:years?|yrs?\.?)[\s-]{{1,2}}(?:old|of\sage)\b"
    rf"|(?<![\w.,/$-]){_AGE_NUMBER}\s?-?\s?(?:y/?o|yo)\b"
    rf"|\baged?(?:\s(?:of|is|was))?\s?:?\s?(?P<value>(?:{_AGE_NUMBER}|{_AGE_WORD})"
    rf"(?:\s?years?\b(?:\sold|\sof\sage)?)?){_NO_AGE_AFTER}",
    re.IGNORECASE,
)


def find_dates(patient: PatientText) -> Iterator[Span]:
    """Yield the dates of a patient. One in figures (3/4/2019) counts in any text, but for those of publication."""
    for match in patient.matches_near_digits(_DATE):
        head = patient.text[max(0, match.start() - 40) : match.start()]
        is_patients = match["in_figures"] is not None or patient.is_about_patient(match.start())
        if is_patients and _PUBLICATION.search(head) is None:
            yield Span(*match.span(), "date")
    for match in patient.matches_near_digits(_SHORT_DATE):
        if patient.is_note:
            yield Span(*match.span("value"), "date")


def find_ages(patient: PatientText) -> Iterator[Span]:
    """Yield ages of 90 and more, with the words that belong to them ("93-year-old")."""
    matches = patient.matches_near_digits(_AGE)
    if patient.holds_any(("ninety", "hundred")):
        matches = _AGE.finditer(patient.text)
    for match in matches:
        yield Span(*match.span("value" if match["value"] else 0), "age")


def year_of(date: str) -> str | None:
    """Return the year of four digits in a date; None where there is none. "45" may be a birth or a visit."""
    year = re.search(rf"(?<![0-9]){_YEAR}(?![0-9])", date)
    return year.group() if year else None
