"""Repairs: what is wrong is mended and counted, what is right is left alone."""

from __future__ import annotations

import pytest

from data_tools.repair import REPAIRS, repair


@pytest.mark.parametrize(
    ("broken", "mended", "name"),
    [
        ("one\r\ntwo\rthree\x0cfour\u2028five", "one\ntwo\nthree\nfour\nfive", "line_ends"),
        ("Zoë Müller".encode().decode("latin-1"), "Zoë Müller", "mojibake"),
        ("Zoë – “Müller”".encode().decode("cp1252", "replace").replace("�", "\x9d"), "Zoë – “Müller”", "mojibake"),
        ("Åsa".encode().decode("latin-1"), "Åsa", "mojibake"),
        ("Cafe\u0301", "Café", "unicode_form"),
        ("a\x00b\u200bc\ufeffd\x1be\u00adf", "abcdef", "control_characters"),
        ("a  \nb\n\n\n\nc\u00a0d ", "a\nb\n\nc d", "white_space"),
    ],
)
def test_each_repair_mends_and_is_counted(broken: str, mended: str, name: str) -> None:
    text, changed = repair(broken)
    assert text == mended
    assert changed[name] == 1
    assert set(changed) <= set(REPAIRS)


@pytest.mark.parametrize(
    "text", ["δ18O = −5 ‰, 10⁻³ m², 40°26′ N; SiO₂", "naïve café – “so” … Ångström", "плохо", "", "a\tb\n\nc"]
)
def test_good_text_is_left_alone(text: str) -> None:
    assert repair(text) == (text, {})


def test_one_wrong_line_among_good_ones() -> None:
    wrong = "Übung".encode().decode("latin-1")
    assert repair(f"Größe\n{wrong}\nπ")[0] == "Größe\nÜbung\nπ"


def test_repairing_twice_changes_nothing_more() -> None:
    text, _ = repair("Zoë\r\n\r\n\r\n a \x00b".encode().decode("latin-1"))
    assert repair(text) == (text, {})
