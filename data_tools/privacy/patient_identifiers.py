"""Identifiers of HIPAA's Safe Harbor rule (45 CFR 164.514(b)(2)) that rules can find in English clinical text.

Of the eighteen: dates and ages over 89 (3), ZIP codes (2), numbers of medical records and accounts (8, 10), health
plans (9), certificates and licences (11), vehicles (12), devices (13), and web addresses (14). Telephone, fax, e-mail,
social security and IP numbers (4 to 7, 15) are found in all domains; names and places (1, 2) need a recogniser; prints
and photographs (16, 17) are not text. Left out: dates in words ("July thirty-first"), a year of birth that tells of an
age over 89, months in other languages than English, and postal codes of other countries.

A number is an identifier after the word that says so. A date or a web address is one where a patient is
spoken of: near such words, or anywhere in a text that is full of them; the date of an epidemic or of a law stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from data_tools.privacy.patient_context import PatientText
from data_tools.privacy.patient_dates import find_ages, find_dates, year_of
from data_tools.privacy.patient_numbers import (
    LABELLED_KINDS,
    SMALL_ZIP_AREAS,
    find_labelled_numbers,
    find_medicare_numbers,
    find_vehicle_numbers,
    find_zips,
)
from data_tools.privacy.spans import Span

_URL = re.compile(r"(?:\bhttps?://|\bftp://|\bwww\.)[^\s<>\"'`|{}\\]{3,2000}", re.IGNORECASE)
_LITERATURE = re.compile(
    r"(?i)(?:https?://|www\.){1,2}(?:(?:dx\.)?doi\.org|(?:\w+\.)?ncbi\.nlm\.nih\.gov|(?:www\.)?clinicaltrials\.gov"
    r"|arxiv\.org)(?:/|$)"
)

OLDEST_AGE = "90 or older"


def find_urls(patient: PatientText) -> Iterator[Span]:
    """Yield web addresses beside a patient's story, but for those of articles and trials."""
    for match in _URL.finditer(patient.text):
        if not _LITERATURE.match(match.group()) and patient.is_clearly_about_patient(match.start()):
            yield Span(match.start(), match.start() + len(match.group().rstrip(".,;:!?)]*_")), "url")


_FINDERS: Mapping[str, Callable[[PatientText], Iterator[Span]]] = MappingProxyType({
    "date": find_dates, "age": find_ages, "zip": find_zips, "url": find_urls,
    "health_plan_number": find_medicare_numbers, "vehicle_id": find_vehicle_numbers,
})  # fmt: skip


def find_patient_identifiers(text: str, kinds: frozenset[str]) -> Iterator[Span]:
    """Yield the identifiers of ``kinds`` in ``text``, kind by kind; spans of two kinds may overlap."""
    patient = PatientText(text)
    for kind in kinds:
        if kind in _FINDERS:
            yield from _FINDERS[kind](patient)
        if kind in LABELLED_KINDS:
            yield from find_labelled_numbers(patient, kind)


def generalised(kind: str, found: str) -> str | None:
    """Return what Safe Harbor leaves of a date (its year), an age, or a ZIP code (three digits); None if nothing."""
    if kind == "age":
        return OLDEST_AGE
    if kind == "zip":
        return "000" if found[:3] in SMALL_ZIP_AREAS else found[:3]
    return year_of(found)
