"""Personal data found, and replaced as a policy says, in one pass over the original text.

The finders' patterns take a tenth of a second to compile: they are imported when the first text comes, not by a plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from data_tools.errors import DataError
from data_tools.privacy.policy import GENERAL_KINDS, PATIENT_KINDS, PLACEHOLDERS, RECOGNISED_KINDS, Policy, Recogniser
from data_tools.privacy.spans import Span, without_overlaps

if TYPE_CHECKING:
    from data_tools.privacy.evidence import Run
    from data_tools.privacy.pseudonyms import Pseudonyms

_RANK = {
    kind: rank
    for rank, kind in enumerate((
        "email", "iban", "card", "ssn", "ip", "health_plan_number", "vehicle_id", "device_id", "licence_number",
        "record_number", "zip", "date", "age", "url", "phone", "address", "person",
    ))
}  # fmt: skip
"""Of equally long spans over the same characters, the kind with the narrower form or the plainer label wins."""


class _Finders(NamedTuple):
    """What finds which kinds."""

    emails: Callable[[str], Iterator[Span]]
    runs: Callable[[str], Iterator[Run]]
    in_runs: Mapping[str, Callable[[str, list[Run]], Iterator[Span]]]
    patient: Callable[[str, frozenset[str]], Iterator[Span]]
    generalised: Callable[[str, str], str | None]


@lru_cache(maxsize=1)
def _finders() -> _Finders:
    from data_tools.privacy.account_numbers import find_cards, find_ibans, find_ssns
    from data_tools.privacy.evidence import digit_runs
    from data_tools.privacy.internet_addresses import find_emails, find_ips
    from data_tools.privacy.patient_identifiers import find_patient_identifiers, generalised
    from data_tools.privacy.phones import find_phones

    in_runs = {"iban": find_ibans, "card": find_cards, "ssn": find_ssns, "ip": find_ips, "phone": find_phones}
    return _Finders(find_emails, digit_runs, in_runs, find_patient_identifiers, generalised)


def find_personal_data(
    text: str, kinds: Collection[str] = GENERAL_KINDS, recogniser: Recogniser | None = None
) -> list[Span]:
    """Return the personal data of ``kinds`` in ``text``, in order, without overlaps: the longest span wins.

    ``recogniser`` is asked only if ``kinds`` hold one of ``RECOGNISED_KINDS``.
    """
    finders = _finders()
    found: list[Span] = []
    if "email" in kinds:
        found += finders.emails(text)
    if in_runs := finders.in_runs.keys() & kinds:
        runs = list(finders.runs(text))
        for kind in in_runs:
            found += finders.in_runs[kind](text, runs)
    if patient_kinds := PATIENT_KINDS.intersection(kinds):
        found += finders.patient(text, patient_kinds)
    if recognised := set(RECOGNISED_KINDS) & set(kinds):
        if recogniser is None:
            raise DataError(f"{min(recognised)}: rules cannot find it. Give a recogniser")
        found += (span for span in recogniser(text) if span.kind in recognised)
    return without_overlaps(found, _RANK) if len(found) > 1 else found


def replace_personal_data(text: str, policy: Policy) -> tuple[str, dict[str, int]]:
    """Return ``text`` with personal data replaced as ``policy`` says, and how many spans of each kind it held.

    A kind that was not found is left out of the counts; whether the document must go for them is
    ``policy.refusal(counts)``. A kind to drop is masked in the text that is returned.
    """
    spans = find_personal_data(text, policy.kinds, policy.recogniser)
    if not spans:
        return text, {}
    pieces: list[str] = []
    end = 0
    for span in spans:
        pieces += (text[end : span.begin], _replacement(policy, span.kind, text[span.begin : span.end]))
        end = span.end
    pieces.append(text[end:])
    return "".join(pieces), dict(Counter(span.kind for span in spans))


def _replacement(policy: Policy, kind: str, found: str) -> str:
    action = policy.actions[kind]
    if action == "pseudonymise" and policy.secret is not None:
        return _pseudonyms(policy.secret).of(kind, found)
    if action == "generalise":
        return _finders().generalised(kind, found) or PLACEHOLDERS[kind]
    return PLACEHOLDERS[kind]


@lru_cache(maxsize=4)
def _pseudonyms(secret: str) -> Pseudonyms:
    from data_tools.privacy.pseudonyms import Pseudonyms

    return Pseudonyms(secret)
