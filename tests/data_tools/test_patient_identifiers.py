"""HIPAA's Safe Harbor identifiers in clinical text: found where a patient is spoken of, and generalised."""

from __future__ import annotations

import pytest

from data_tools.privacy import KINDS, find_personal_data, policy_for, replace_personal_data
from data_tools.privacy.patient_numbers import passes_vin_check
from data_tools.privacy.policy import PATIENT_KINDS

MEDICAL = policy_for("medical")


def replaced(text: str) -> str:
    return replace_personal_data(text, MEDICAL)[0]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("The patient was seen on 3/4/2019 and 2019-05-06.", "The patient was seen on 2019 and 2019."),
        ("44 y/o woman; CT on July 31, 2008, again 3rd of May 2009", "44 y/o woman; CT on 2008, again 2009"),
        ("She underwent TAH in December of 2003, then 10/2005.", "She underwent TAH in 2003, then 2005."),
        ("DOB: 03/04/45. Admitted 7/29/93, well until 9/93.", "DOB: [DATE]. Admitted [DATE], well until [DATE]."),
        ("Born on October 31 to the patient.", "Born on [DATE] to the patient."),
        ("Patient seen 20.3.1999, 20-3-1999, 3/1999.", "Patient seen 1999, 1999, 1999."),
        ("Hysterectomy (3/20/1999).", "Hysterectomy (1999)."),
        ("Node biopsy (9/03).", "Node biopsy ([DATE])."),
    ],
)
def test_dates_of_patients_become_years(text: str, left: str) -> None:
    assert replaced(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "On November 16, 2002, the first case was reported in Guangdong.",
        "Accessed 3/30/2011 by the patient's page; published March 2013.",
        "The patient rates his pain at 6/10, was 4/5 in strength, smokes 1/2 pack; in 3/4 of cases; BP 120/80.",
        "Matrin 3 may also bind; patient-derived lines; the patient took 2.5 mg at 1.10.",
        "The patient was well in 2008 (section 4.2.15, version 1.2.10, 0.5-1-20 mg).",
        "The patient is 89 years old, the tumour aged 95 days, 90 mg, 120 years ago",
        "See https://doi.org/10.1000/1 and https://www.ncbi.nlm.nih.gov/pubmed/1 for the patient.",
        "Surgery and a biopsy may help you: see https://www.who.int/data",
        "Medical record systems; case 12345 of 20000; the group of 1234 people; serial dilution 1:1000; model 12345",
        "ACGTACGTACGTACGTA, p53, IL-6 4500, GenBank AB123456, NCT01234567, CA 19-9, MA (2,139), PA 1-2-3",
    ],
)  # fmt: skip
def test_what_is_no_patients_stays(text: str) -> None:
    assert replaced(text) == text


def test_a_date_far_from_any_word_of_a_patient_stays() -> None:
    filler = "The virus was described in many countries and its spread was slow. " * 60
    text = f"The patient was seen on May 5, 2008. {filler}On May 6, 2009, the law was passed."
    assert replaced(text) == text.replace("May 5, 2008", "2008")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a 93-year-old man", "a 90 or older man"),
        ("Her mother is 101 years old.", "Her mother is 90 or older."),
        ("Father died at age 91 of old age", "Father died at age 90 or older of old age"),
        ("at the age of 91 years old, aged 90.", "at the age of 90 or older, aged 90 or older."),
        ("My dad died at ninety-one years of age, 94 y/o", "My dad died at 90 or older, 90 or older"),
        ("lives in Boston, MA 02139-4307", "lives in Boston, MA 021"),
        ("Keene, NH 03600; zip code: 60601", "Keene, NH 000; zip code: 606"),
    ],
)
def test_ages_and_zip_codes_are_generalised(text: str, left: str) -> None:
    assert replaced(text) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("MRN: 1234567, patient id 009922", "MRN: [RECORD], patient id [RECORD]"),
        ("Medical record number is AB-12345", "Medical record number is [RECORD]"),
        ("account no. 44-5566; chart # 12345", "account no. [RECORD]; chart # [RECORD]"),
        ("Medicare number 1EG4-TE5-MK73, or 1EG4TE5MK72", "Medicare number [HEALTH_PLAN], or [HEALTH_PLAN]"),
        ("policy no. X1234567; Member ID: 99-1234", "policy no. [HEALTH_PLAN]; Member ID: [HEALTH_PLAN]"),
        ("driver's license D123-4567, DEA AB1234567", "driver's license [LICENCE], DEA [LICENCE]"),
        ("certificate number 12345/B", "certificate number [LICENCE]"),
        ("VIN 1HGCM82633A004352; 1HGCM82633A004352", "VIN [VEHICLE]; [VEHICLE]"),
        ("license plate 7ABC123", "license plate [VEHICLE]"),
        ("pacemaker serial number PJN123456, S/N 4455-A", "pacemaker serial number [DEVICE], S/N [DEVICE]"),
        ("fax 212-555-0123, ann@x.org", "fax [PHONE], [EMAIL]"),
        ("The patient portal of the patient: https://clinic.example/p/1.", "The patient portal of the patient: [URL]."),
    ],
)  # fmt: skip
def test_numbers_behind_a_word_for_them(text: str, left: str) -> None:
    assert replaced(text) == left


def test_check_digit_of_a_vehicle() -> None:
    assert passes_vin_check("1HGCM82633A004352")
    assert not passes_vin_check("1HGCM82633A004353")
    assert not passes_vin_check("ACGTACGTACGTACGTA")


def test_every_kind_of_medicine_is_found_and_only_when_asked_for() -> None:
    text = (
        "The patient, aged 93, of Boston, MA 02139, was seen on 3/4/2019. MRN 1234567, member ID 991234, license no. "
        "D1234567, VIN 1HGCM82633A004352, S/N 445566; https://clinic.example/p"
    )
    assert {span.kind for span in find_personal_data(text, KINDS)} == PATIENT_KINDS
    for kind in PATIENT_KINDS:
        assert {span.kind for span in find_personal_data(text, (kind,))} == {kind}
    assert find_personal_data(text) == []
