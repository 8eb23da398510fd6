"""What is done with personal data: policies by domain, pseudonyms, documents to drop, and every refusal's words."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

import pytest

from data_tools.errors import DataError
from data_tools.privacy import (
    DOMAINS,
    GENERAL_KINDS,
    KINDS,
    PLACEHOLDERS,
    RECOGNISED_KINDS,
    Policy,
    Span,
    find_personal_data,
    policy_for,
    replace_personal_data,
)
from data_tools.privacy.account_numbers import passes_luhn
from data_tools.privacy.policy import PSEUDONYM_KINDS

SECRET = "a secret of some length"
MADE_UP = policy_for("medical", actions=dict.fromkeys(PSEUDONYM_KINDS, "pseudonymise"), secret=SECRET)


def replaced(text: str, policy: Policy = MADE_UP) -> str:
    return replace_personal_data(text, policy)[0]


def test_every_domain_has_a_policy_and_medicine_the_identifiers_of_safe_harbor() -> None:
    for domain in DOMAINS:
        kinds = policy_for(domain).kinds
        assert set(kinds) == set(KINDS if domain == "medical" else GENERAL_KINDS)
    assert policy_for("medical").actions["date"] == policy_for("medical").actions["zip"] == "generalise"
    assert policy_for("medical").actions["email"] == "mask"
    assert set(PLACEHOLDERS) == {*KINDS, *RECOGNISED_KINDS}


def test_kinds_and_actions_can_be_chosen() -> None:
    policy = policy_for("geo", ("email", "phone"), {"phone": "drop", "ssn": "drop"})
    assert policy.actions == {"email": "mask", "phone": "drop", "ssn": "drop"}
    text, counts = replace_personal_data("a@b.example, 415-555-2671", policy)
    assert (text, counts) == ("[EMAIL], [PHONE]", {"email": 1, "phone": 1})
    assert policy.refusal(counts) == ("phone", 1)
    assert policy.refusal({"email": 9}) is None


def test_a_document_with_too_many_hits_is_refused() -> None:
    policy = policy_for("general", max_hits=5)
    assert policy.refusal({"email": 3, "phone": 2}) is None
    assert policy.refusal({"email": 3, "phone": 3}) == ("hits", 6)
    assert policy_for("general", max_hits=0).refusal({"email": 1}) == ("hits", 1)
    assert policy_for("general").refusal({"email": 1_000}) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"actions": {"e-mail": "mask"}}, "unknown kind of personal data, got 'e-mail'. Did you mean email?"),
        ({"actions": {"qqq": "mask"}}, "unknown kind of personal data, got 'qqq'. Use one of email, phone, ip"),
        ({"actions": {"email": "masks"}}, "unknown action, got 'masks'. Did you mean mask?"),
        ({"actions": {"email": "generalise"}}, "email: cannot be generalised. Use mask, pseudonymise or drop"),
        ({"actions": {"date": "pseudonymise"}}, "date: has no pseudonyms. Use mask, generalise or drop"),
        ({"actions": {"person": "mask"}}, "person: rules cannot find it. Name a recogniser, or take person out of"),
        ({"actions": {"email": "pseudonymise"}}, "pseudonyms need one of at least 16 characters, got 0. Set it"),
        ({"actions": {"email": "pseudonymise"}, "secret": "short"}, "of at least 16 characters, got 5. Set it, or use"),
        ({"max_hits": -1}, "max_hits: must be at least 0, got -1"),
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_carried_out_is_refused(options: Mapping[str, object], message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        policy_for("general", **options)  # type: ignore[arg-type]


def test_an_unknown_domain_is_refused() -> None:
    with pytest.raises(DataError, match=r"unknown domain, got 'medicine'\. Did you mean medical\?"):
        policy_for("medicine")


def test_names_need_a_recogniser_which_is_asked_only_then() -> None:
    def recogniser(text: str, /) -> list[Span]:
        return [Span(0, 3, "person"), Span(0, 3, "organisation"), Span(4, 14, "address")]

    policy = policy_for("geo", ("email",), recogniser=recogniser)
    assert replaced("Ann 12 Main St, a@b.org", policy) == "[NAME] [ADDRESS], [EMAIL]"
    assert find_personal_data("Ann 12 Main St", ("email",), recogniser) == []
    with pytest.raises(DataError, match=r"address: rules cannot find it\. Give a recogniser"):
        find_personal_data("Ann", ("person", "address"))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("mail Ann.B@x.org now", r"mail [a-z]{6}\.[a-z]{6}@example\.(com|net|org) now"),
        ("call (415) 555-2671 x12", r"call \([2-9]\d\d\) 555-01\d\d x\d\d"),
        ("call +1 415 555 2671", r"call \+1 [2-9]\d\d 555 01\d\d"),
        ("call 785 8949", r"call 555 01\d\d"),
        ("at +44 20 7946 0958", r"at \+1 [2-9]\d\d 555 01\d\d"),
        ("SSN 123-45-6789", r"SSN 000-\d\d-\d{4}"),
        ("IBAN DE89 3704 0044 0532 0130 00", r"IBAN DE00 \d{4} \d{4} \d{4} \d{4} \d\d"),
        ("IBAN GB82WEST12345698765432", r"IBAN GB00[A-Z]{4}\d{14}"),
        ("MRN: AB-12345", r"MRN: [A-Z]{2}-\d{5}"),
        ("The patient: https://clinic.example/p", r"The patient: https://www\.example\.com/[0-9a-f]{16}"),
    ],
)
def test_pseudonyms_have_the_form_and_come_from_reserved_ranges(text: str, form: str) -> None:
    made = replaced(text)
    assert re.fullmatch(form, made), made
    assert made != text


def test_pseudonyms_of_addresses_and_cards_are_reserved() -> None:
    *_, four, _, six = replaced("address 93.184.216.34 and 2a00:1450:4001:81b::200e").split()
    documentation = [ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
    assert any(ipaddress.ip_address(four) in net for net in documentation)
    assert ipaddress.ip_address(six) in ipaddress.ip_network("2001:db8::/32")
    card = replaced("4929-8349-1142-4945").replace("-", "")
    assert card in ("4111111111111111", "4012888888881881")
    assert passes_luhn(card)


def test_the_same_value_has_the_same_pseudonym_however_it_is_written() -> None:
    one, other = replaced("call (415) 555-2671 or +1 415 555 2671").removeprefix("call ").split(" or ")
    assert re.sub(r"\D", "", other).removeprefix("1") == re.sub(r"\D", "", one)
    assert len(set(replaced("ann@x.org ANN@x.org ann@x.org").split())) == 1
    assert replaced("SSN 123-45-6789 SSN 123456789").split()[1].replace("-", "") == replaced("SSN 123456789").split()[1]
    assert replaced("IBAN DE89370400440532013000")[5:] == replaced("DE89 3704 0044 0532 0130 00").replace(" ", "")


def test_another_value_or_another_secret_has_another_pseudonym() -> None:
    assert replaced("ann@x.org") != replaced("ann@y.org")
    other = policy_for("geo", actions={"email": "pseudonymise"}, secret=SECRET + "!")
    assert replaced("ann@x.org", other) != replaced("ann@x.org")
    assert other.secret_fingerprint != MADE_UP.secret_fingerprint
    assert len(MADE_UP.secret_fingerprint or "") == 16
    assert policy_for("geo").secret_fingerprint is None


def test_a_policy_tells_its_secret_to_no_log() -> None:
    assert SECRET not in repr(MADE_UP)
    assert SECRET not in str(MADE_UP.secret_fingerprint)
