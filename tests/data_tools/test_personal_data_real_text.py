"""Personal data in labelled and in real text, where that text lies beside the checkout."""

from __future__ import annotations

import pytest

from benchmarks.personal_data import (
    JUDGED_DOMAINS,
    LABELLED,
    REAL_TEXT,
    agreement,
    labelled_texts,
    masks,
    whole_documents,
)
from data_tools.privacy import policy_for

needs_real_text = pytest.mark.skipif(not LABELLED.is_dir(), reason=f"the real text is absent: {REAL_TEXT}")
MIN_F1 = 0.95


@needs_real_text
@pytest.mark.parametrize("half", ["a", "b"])
def test_labelled_personal_data_is_found(half: str) -> None:
    texts, counts = labelled_texts()
    assert counts["texts"] - counts["repeats"] == len(texts)
    found = agreement([text for text in texts if text.half == half], strict=True)
    assert set(found) == {"email", "phone", "card", "ssn", "ip", "iban"}
    assert {kind: value for kind, value in found.items() if value < MIN_F1} == {}


@needs_real_text
@pytest.mark.parametrize("domain", JUDGED_DOMAINS)
def test_nothing_else_is_replaced_in_real_text(domain: str) -> None:
    num_hits, num_false = masks(whole_documents(domain), policy_for(domain), alone=False)
    assert num_hits > 5
    assert num_false == 0
