"""Personal data of all domains: what is found, and the numbers of science and finance that must survive."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

import pytest

from data_tools.privacy import GENERAL_KINDS, KINDS, Span, find_personal_data, policy_for, replace_personal_data
from data_tools.privacy.account_numbers import iban_remainder, passes_luhn
from data_tools.privacy.evidence import digit_runs

GENERAL = policy_for("general")


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("Write to j.doe+x@uni-leipzig.example, please.", "Write to [EMAIL], please."),
        ("<anna@x.org>, b@y.co.uk/c@z.io; to=d@q.de", "<[EMAIL]>, [EMAIL]/[EMAIL]; to=[EMAIL]"),
        ("müller@bücher.de; o'brien@x.ie", "[EMAIL]; [EMAIL]"),
        ("anna (at) host (dot) org, b.c [at] host.de", "[EMAIL], [EMAIL]"),
        ("联系abc@qq.com。", "联系[EMAIL]。"),
    ],
)
def test_email_addresses(text: str, replaced: str) -> None:
    assert replace_personal_data(text, GENERAL)[0] == replaced


@pytest.mark.parametrize(
    "number",
    [
        "(415) 555-2671", "415-555-2671", "415.555.2671", "1-800-555-0123", "1 (800) 555-0123", "+1 (555) 234-5678",
        "001-800-555-0199x123", "212‑555‑1234", "(703)\t876-3000", "062-085-9260x155",
        "+44 20 7946 0958", "+44(0)20 7946 0958", "(+44) 20 7946 0958", "+33 1 23 45 67 89", "+447700900123",
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", ["{}", "Reach Ann, 94304 {}, or write.", "| Ann | {} |"])
def test_telephone_numbers_with_a_form_of_their_own(text: str, number: str) -> None:
    assert replace_personal_data(text.format(number), GENERAL) == (text.format("[PHONE]"), {"phone": 1})


@pytest.mark.parametrize(
    "text",
    [
        "Call me on {}.", "They're not answering at {}", "You can call {}", "Stop sending messages to {}!",
        "The telephone number of Ann is {}", "fax: {}", "Tel.: {}", "Tél. {}", "Telefon {}, Büro", "Phone:\n{}\n",
        "Ann\n{} office\nLeeds", "12 Main St\n{}-Fax", "Her cell is {}", "M: Mobile: {}", "Telephone (inquiries): {}",
        "my number is {}", "my registered number {} is old", "reach Dr. Ann Smith at {}", "Desk: {}\nHome: 1",
        "phone no. {}", "Phone 07700 900321 or {}",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "number", ["2125551234", "020 7946 0958", "02-10446904", "01 23 45 67 89", "785 8949", "(07) 5331 0577"]
)
def test_telephone_numbers_after_a_word(text: str, number: str) -> None:
    found = find_personal_data(text.format(number), ("phone",))
    begin = text.index("{}")
    assert Span(begin, begin + len(number), "phone") in found


def test_a_number_that_begins_as_dialled_needs_no_more_than_a_letter() -> None:
    assert replace_personal_data("T: (02) 9876 5432 | M: 0412 345 678", GENERAL)[0] == "T: [PHONE] | M: [PHONE]"
    assert replace_personal_data("T: 2412 345 678", GENERAL)[1] == {}


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("Her SSN is 123-45-6789.", "Her SSN is [SSN]."),
        ("123-45-6789; social security number 123456789;", "[SSN]; social security number [SSN];"),
        ("ssn: 123 45 6789, ITIN: 912 70 1234", "ssn: [SSN], ITIN: [SSN]"),
        ("The server at 93.184.216.34 and host 8.8.8.8 answer.", "The server at [IP] and host [IP] answer."),
        ("2019 93.184.216.34:8080", "2019 [IP]:8080"),
        ("address 2a00:1450:4001:81b::200e: and d80:e4b5:79da:6cf6:71f3:51f7:9161:c319", "address [IP]: and [IP]"),
        ("4111-1111-1111-1111, 5555555555554444 or 378282246310005", "[CARD], [CARD] or [CARD]"),
        ("my card 4111 1111 1111 1111; credit card 060426070011", "my card [CARD]; credit card [CARD]"),
        ("Charge it to 4111 1111 1111 1111, wrote Ann.", "Charge it to [CARD], wrote Ann."),
        ("IBAN GB82 WEST 1234 5698 7654 32 please", "IBAN [IBAN] please"),
        ("to DE89370400440532013000 or nl91abna0417164300", "to [IBAN] or [IBAN]"),
    ],
)  # fmt: skip
def test_accounts_and_addresses(text: str, replaced: str) -> None:
    found, counts = replace_personal_data(text, GENERAL)
    assert found == replaced
    assert sum(counts.values()) == replaced.count("[")


@pytest.mark.parametrize(
    "text",
    [
        "37.7749, -122.4194; 40°26'46\" N 79°58'36\" W; 122-40-1234W; UTM 345678 4567890, zone 11",
        "RA 05 34 31.94, Dec +22 00 52.2; +49 12 34.56; SDSS J0529-4351; GRB 080319B",
        "doi:10.1016/0012-821X(75)90088-6 and https://doi.org/10.1000/182.415-555-2671 and www.x.org/415-555-2671",
        "ISBN 978-3-16-148410-0, ISBN 9783161484100, ISSN 0012-821X, arXiv:2107.01234v2, barcode 4006381333931",
        "IGSN 415-555-2671, IGSN: IEXYZ0001, U1456A-12H-3W, 45-47 cm, sample 123-45-6789, well 7324/8-1",
        "CIK 0000320193, 0000320193-20-000096, CUSIP 037833100, ISIN US0378331005, EIN 77-0059951, zip 95134-1706",
        "file no. 333-249922; the registered 25 000 000 shares; grant EAR-1234567, award 1234567890, 800-171",
        "Revenue 212 555 1234, 1,234,567 and (212) thousand; up +3 400 000 t; 2010-2012; +12 345 678 900",
        "| 2019 | 2020 | 4123 4242 4532 4311 |\n4111 1111 1111 1111 4222\n2 000 4 000 12 345 678",
        "Total sales 4111 1111 1111 1111\nCosts 5555 5555 5555 4444",
        "the contact at 345678 4567890 was mapped; reached at 1300-1400 m; contact at 2750 - 2900 m",
        "phone sales of 345 678 901, fax revenue 123 456 789, telephone lines fell to 12 345 678",
        "office 400 000 mobile phones; 12 000 500 mobile subscribers; 1 234 567 home loans; call of 212 555 1234",
        "Mobile 2019 2020 2021; messages to 2019 2020; called on 12/03/2019, reached on 2019-03-12; T cell 12 345 678",
        "See section 4.2.1.3, version 1.2.3.140, Chrome/91.0.4472.124, 192.168.1.1, 127.0.0.1, 192.0.2.7, 224.0.0.1",
        "::1, fe80::1, 2001:db8::17, 12:34:56, std::vector, ace::bad, a::b",
        "000-12-3456, 666-12-3456, 912-12-3456 and 123-00-4567 are no numbers of persons; CAS 7732-18-5",
        "4111111111111112; GB82 WEST 1234 5698 7654 33; rs299284 were identified; 1111111111111111",
        "at me@localhost, 5 @ 3, a@b; at a pressure (at) depth. The rock",
        "SiO2 2.65 g/cm3, 66.0 Ma, δ18O −5 ‰, 100-200-300; 0.123456 0.234567; page 322 1868",
        "",
    ],
)
def test_figures_coordinates_and_identifiers_survive(text: str) -> None:
    for domain in ("general", "geo", "finance", "web"):
        assert replace_personal_data(text, policy_for(domain)) == (text, {})


def test_only_the_kinds_asked_for() -> None:
    text = "a@b.example 415-555-2671 MRN: 1234567"
    assert replace_personal_data(text, policy_for("geo", ("email",))) == (
        "[EMAIL] 415-555-2671 MRN: 1234567",
        {"email": 1},
    )
    assert replace_personal_data(text, policy_for("geo", ())) == (text, {})
    assert [span.kind for span in find_personal_data(text, KINDS)] == ["email", "phone", "record_number"]


def test_the_longest_reading_of_the_same_characters_wins() -> None:
    assert find_personal_data("Phone, IBAN: DE89 3704 0044 0532 0130 00") == [Span(13, 40, "iban")]
    assert find_personal_data("card no. 4111 1111 1111 1111, call 4111 1111 1111 1111")[0].kind == "card"
    assert find_personal_data("The patient: https://clinic.example/?m=ann@x.org", KINDS) == [Span(13, 48, "url")]


def test_placeholders_are_left_alone_by_a_second_pass() -> None:
    text = (
        "Write a@b.example, call 415-555-2671, from 8.8.8.8 host 93.184.216.34, SSN 123-45-6789, card 4111111111111111"
    )
    once, _ = replace_personal_data(text, GENERAL)
    assert replace_personal_data(once, GENERAL) == (once, {})


def test_check_digits() -> None:
    assert [passes_luhn(digits) for digits in ("4111111111111111", "79927398713", "79927398714")] == [True, True, False]
    assert [iban_remainder(iban) for iban in ("GB82WEST12345698765432", "GB82WEST12345698765433")] == [1, 28]


@pytest.mark.parametrize(
    "piece",
    [
        "1", "1 ", "1-", "1.", "(1) ", "+1 ", "00 ", "1.1.1.1 ", "212-555-1234 ", "tel 123 456 ", "@", "a@", "a@b.",
        "a", ":", "a:", "::1 ", "GB82 WEST ", "4111 ", "123-45-", "(at) a", "www.", "3/4/", "patient 3/4/2019 ",
        "MRN ", "age 9",
    ],
)  # fmt: skip
def test_work_grows_with_the_text_and_no_faster(piece: str) -> None:
    """Counted in calls, so that a slow machine changes nothing; a pattern that goes back takes hours over the last."""
    policy = policy_for("medical")
    texts = [piece * (size // len(piece)) for size in (4_000, 8_000)]
    counts = [_num_calls(partial(replace_personal_data, text, policy)) for text in texts]
    assert counts[1] <= 2.1 * counts[0] + 100
    assert len(replace_personal_data(piece * (100_000 // len(piece)), GENERAL)[0]) > 0


def _num_calls(work: Callable[[], object]) -> int:
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def test_runs_of_digits_do_not_touch_and_signs_without_hosts_are_no_candidates() -> None:
    text = "12 345 678, 1,234.5; 93.184.216.34 and 1 2 3 4 5 6 7\n8"
    assert [text[begin:end] for begin, end in digit_runs(text)] == ["12 345 678", "93.184.216.34", "1 2 3 4 5 6 7"]
    assert len(list(digit_runs("1 " * 50_000))) == 1
    assert _num_calls(lambda: find_personal_data("@" * 50_000, GENERAL_KINDS)) < 100
