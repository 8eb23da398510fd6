"""Numbers that identify a patient, by the word before them or by their form: HIPAA's identifiers 2 and 8 to 13."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from data_tools.privacy.patient_context import PatientText
from data_tools.privacy.spans import Span


class _Labels(NamedTuple):
    """Words before the numbers of one kind, in small letters."""

    alone: tuple[str, ...]
    """Enough by themselves: "MRN 123456"."""
    with_number: tuple[str, ...]
    """Followed by "number", "no.", "ID" or "#": "policy no. 123456"."""


_LABELS: Mapping[str, _Labels] = MappingProxyType({
    "record_number": _Labels(
        ("mrn", "mr#"),
        ("medical record", "patient", "chart", "case", "hospital", "encounter", "visit", "account", "acct", "acct.",
         "unit", "record", "nhs", "chi"),
    ),
    "health_plan_number": _Labels(
        ("hicn", "mbi"),
        ("medicare", "medicaid", "health plan", "insurance", "policy", "member", "subscriber", "beneficiary",
         "group", "plan"),
    ),
    "licence_number": _Labels(
        ("driver's license", "driver’s license", "drivers license", "driving licence", "dea", "npi"),
        ("license", "licence", "certificate", "certification", "passport", "registration"),
    ),
    "vehicle_id": _Labels(
        ("vin", "license plate", "licence plate", "number plate"),
        ("vehicle", "vehicle identification", "plate", "registration plate"),
    ),
    "device_id": _Labels(
        ("s/n", "imei", "udi"),
        ("serial", "device", "device serial", "implant", "implant serial", "pacemaker", "pump"),
    ),
})  # fmt: skip
_NUMBER_WORD = r"(?:numbers?|no\.?|num\.?|id(?:entifier|entification)?s?|#)(?!\w)"
_VALUE = r"(?P<value>(?=[A-Z-]{0,5}[0-9])[A-Z0-9](?:[A-Z0-9]|[-/.](?=[A-Z0-9])){3,19}+)(?!\w)"


def _pattern(labels: _Labels) -> re.Pattern[str]:
    alone, with_number = ("|".join(map(re.escape, words)) for words in labels)
    label = rf"(?:(?:{alone})(?:\s?{_NUMBER_WORD})?|(?:{with_number})\s?{_NUMBER_WORD}(?:\s{_NUMBER_WORD})?)"
    return re.compile(rf"(?<!\w)(?i:{label}\s{{0,2}}(?:(?:is|was)\s|[:=-]){{0,2}}\s{{0,3}}){_VALUE}")


_PATTERNS = {kind: _pattern(labels) for kind, labels in _LABELS.items()}
LABELLED_KINDS = frozenset(_LABELS)
_LETTER = "[AC-HJKMNP-RT-Y]"
_EITHER = "[AC-HJKMNP-RT-Y0-9]"
_MEDICARE = re.compile(
    rf"(?<![\w-])[1-9]{_LETTER}{_EITHER}[0-9]-?{_LETTER}{_EITHER}[0-9]-?{_LETTER}{{2}}[0-9]{{2}}(?![\w-])"
)
"""A Medicare Beneficiary Identifier: eleven places, each a digit or a letter but S, L, O, I, B and Z (CMS)."""
_VIN = re.compile(r"(?<!\w)[A-HJ-NPR-Z0-9]{17}(?!\w)")
_VIN_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)

_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR"
    "|PA|PR|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY"
)
_ZIP = re.compile(
    rf"(?:(?<=[,\s])(?:{_STATES})\.?,?\s{{1,2}}|(?i:\bzip(?:\s?codes?)?)(?:\sis)?\s?:?\s{{0,2}})"
    r"(?P<value>[0-9]{5}(?:-[0-9]{4})?)(?![\w-]|[.,][0-9])"
)
SMALL_ZIP_AREAS = frozenset({
    "036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878", "879", "884", "890",
    "893",
})  # fmt: skip
"""ZIP areas of three digits with at most 20,000 people (census of 2000, guidance of the Office for Civil Rights)."""


def find_labelled_numbers(patient: PatientText, kind: str) -> Iterator[Span]:
    """Yield the numbers of ``kind`` (one of ``LABELLED_KINDS``) that stand behind a word for them."""
    alone, with_number = _LABELS[kind]
    if patient.holds_any(alone) or patient.holds_any(with_number):
        for match in patient.matches_near_digits(_PATTERNS[kind]):
            yield Span(*match.span("value"), kind)


def find_zips(patient: PatientText) -> Iterator[Span]:
    """Yield US ZIP codes behind a state's letters or the word."""
    for match in patient.matches_near_digits(_ZIP):
        yield Span(*match.span("value"), "zip")


def find_medicare_numbers(patient: PatientText) -> Iterator[Span]:
    """Yield Medicare Beneficiary Identifiers, which no word need announce."""
    for match in patient.matches_near_digits(_MEDICARE):
        yield Span(*match.span(), "health_plan_number")


def find_vehicle_numbers(patient: PatientText) -> Iterator[Span]:
    """Yield vehicle identification numbers with a right check digit."""
    for match in patient.matches_near_digits(_VIN):
        if passes_vin_check(match.group()):
            yield Span(*match.span(), "vehicle_id")


def passes_vin_check(vin: str) -> bool:
    """Whether the ninth of 17 places is the check digit of the others (49 CFR 565.15); letters alone are a sequence."""
    if not 5 <= sum(map(str.isdigit, vin)) <= 14:
        return False
    values = (_VIN_VALUES.get(character) or int(character) for character in vin)
    return "0123456789X"[sum(value * weight for value, weight in zip(values, _VIN_WEIGHTS, strict=True)) % 11] == vin[8]
