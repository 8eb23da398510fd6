"""Quality rules: the verdict of datatrove's filters, the value measured, and what domain profiles spare."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from data_tools.errors import DataError
from data_tools.quality import MAX_BOILERPLATE_WORDS, QualityRules, plain_words, split_words, strip_boilerplate
from data_tools.rules import PROFILES, get_rules
from tests.stages.curation_inputs import prose

WEB = get_rules("web")


def judge(text: str, profile: str = "web") -> tuple[str, float | None]:
    verdict = QualityRules(get_rules(profile)).judge(text)
    return verdict.rule, verdict.value


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_prose_passes_every_profile_unchanged(profile: str) -> None:
    text = "\n".join(prose(seed, 3) for seed in range(4))
    verdict = QualityRules(get_rules(profile)).judge(text)
    assert (verdict.rule, verdict.text) == ("", text)


def test_words_are_split_as_the_filters_expect() -> None:
    words = split_words("Don't use 3.14 or 1,000 well-known 'SiO2' ... ===== (see §2).")
    assert words == [
        "Don't", "use", "3.14", "or", "1,000", "well", "-", "known", "'", "SiO2", "'", "...", "=====",
        "(", "see", "§", "2", ")", ".",
    ]  # fmt: skip
    assert split_words("") == []


def test_sentence_spans_cover_the_text() -> None:
    spans = plain_words().span_tokenize('One ends. "Two ends!" Three has 3.5 of it')
    assert [end for _, end in spans] == [9, 21, 41]
    assert plain_words().sent_tokenize("No end") == ["No end"]
    assert plain_words().span_tokenize("") == [] or plain_words().sent_tokenize("") == [""]


BROKEN: list[tuple[str, str, float]] = [
    ("", "empty", 0.0),
    ("  \n ", "empty", 0.0),
    # Lines of 16 characters, four times; the text has 4 * 16 + 8 * 12 characters and 11 line ends.
    ("\n".join(["one line of text"] * 4 + [f"{c} is another" for c in "abcdefgh"]), "dup_line_char_frac", 48 / 171),
    ("\n\n".join([prose(1, 6)] * 4), "gopher_repetition.dup_para_frac", 0.75),
    ("The river covers the old granite.", "gopher_quality.gopher_short_doc", 6.0),
]


@pytest.mark.parametrize(("text", "rule", "value"), BROKEN)
def test_a_broken_text_goes_by_its_rule_with_the_value_counted_by_hand(text: str, rule: str, value: float) -> None:
    verdict = QualityRules(replace(WEB, gopher_repetition={"top_n_grams": (), "dup_n_grams": ()})).judge(text)
    assert verdict.rule.endswith(rule)
    assert verdict.value == pytest.approx(value)


def drop_cases() -> list[tuple[str, str]]:
    """Return (rule, text) for every rule of the four filters, each text made to be dropped by its filter for it."""
    lines = [prose(i, 1) for i in range(30)]
    long_words = " ".join(f"the {'abcdefghij' * 3}{i} and" for i in range(60))
    repeated = " ".join(f"{prose(9, 1)} {prose(i, 1)}" for i in range(20, 29))
    return [
        ("gopher_repetition.dup_para_frac", "\n\n".join(["Ore."] * 4 + lines[1:6])),
        ("gopher_repetition.dup_para_char_frac", "\n\n".join([prose(1, 9)] * 2 + lines[:8])),
        ("gopher_repetition.dup_line_frac", "\n".join(["Ore."] * 9 + lines[:12])),
        ("gopher_repetition.dup_line_char_frac", "\n".join([prose(1, 6)] * 2 + lines[:9])),
        ("gopher_repetition.top_2_gram", " ".join(f"granite {word}" for word in ["magma"] * 40 + lines[:3])),
        ("gopher_repetition.duplicated_5_n_grams", repeated),
        ("gopher_quality.gopher_short_doc", lines[0]),
        ("gopher_quality.gopher_long_doc", "the rock and " * 40_000),
        ("gopher_quality.gopher_below_avg_threshold", "a b of the " * 60),
        ("gopher_quality.gopher_above_avg_threshold", long_words),
        ("gopher_quality.gopher_too_many_hashes", " ".join(f"# {word}" for word in prose(4).split())),
        ("gopher_quality.gopher_too_many_ellipsis", " ".join(f"{word} ..." for word in prose(5).split())),
        ("gopher_quality.gopher_too_many_bullets", "\n".join(f"- {line}" for line in lines)),
        ("gopher_quality.gopher_too_many_end_ellipsis", "\n".join(f"{line[:-1]}..." for line in lines)),
        ("gopher_quality.gopher_below_alpha_threshold", prose(3) + " 12,345" * 60),
        ("gopher_quality.gopher_enough_stop_words", " ".join(f"granite{i}" for i in range(120))),
        ("c4.lorem_ipsum", prose(6) + " Lorem ipsum dolor sit amet."),
        ("c4.curly_bracket", prose(7) + " \\frac{a}{b}."),
        ("c4.too_few_sentences", prose(8, 3)),
        ("fineweb.line_punct_ratio", "\n".join([*(line[:-1] for line in lines), lines[0]])),
        ("fineweb.short_line_ratio", "\n".join([*lines[:6], *(f"The rock {i} lies." for i in range(60))])),
        ("fineweb.char_dup_ratio", "\n".join([*lines, lines[0], lines[1]])),
        ("fineweb.list_ratio", ("\n" * 9).join(lines)),
    ]


@pytest.mark.parametrize(("rule", "text"), drop_cases(), ids=[rule for rule, _ in drop_cases()])
def test_each_measured_value_is_beyond_its_threshold_by_exactly_that(rule: str, text: str) -> None:
    """A limit moved to the very value reported lets the text pass, one a little stricter does not."""
    name, _, reason = rule.partition(".")
    rules = QualityRules(WEB)
    rules._filters = [(own, each) for own, each in rules._filters if own == name]
    verdict = rules.judge(text)
    assert verdict.rule == rule
    assert verdict.value is not None
    only = rules._filters[0][1]
    if reason in ("lorem_ipsum", "curly_bracket"):
        assert verdict.value == text.lower().count("lorem ipsum") + text.count("{")
        return
    before = _limit(only, reason)
    _set_limit(only, reason, verdict.value)
    assert rules.judge(text).rule != rule
    _set_limit(only, reason, verdict.value + 0.01 * (before - verdict.value))
    assert rules.judge(text).rule == rule


_LIMITS = {
    "dup_para_frac": "dup_para_frac",
    "dup_para_char_frac": "dup_para_char_frac",
    "dup_line_frac": "dup_line_frac",
    "dup_line_char_frac": "dup_line_char_frac",
    "gopher_short_doc": "min_doc_words",
    "gopher_long_doc": "max_doc_words",
    "gopher_below_avg_threshold": "min_avg_word_length",
    "gopher_above_avg_threshold": "max_avg_word_length",
    "gopher_too_many_hashes": "max_symbol_word_ratio",
    "gopher_too_many_ellipsis": "max_symbol_word_ratio",
    "gopher_too_many_bullets": "max_bullet_lines_ratio",
    "gopher_too_many_end_ellipsis": "max_ellipsis_lines_ratio",
    "gopher_below_alpha_threshold": "max_non_alpha_words_ratio",
    "gopher_enough_stop_words": "min_stop_words",
    "too_few_sentences": "min_num_sentences",
    "line_punct_ratio": "line_punct_thr",
    "short_line_ratio": "short_line_threshold",
    "char_dup_ratio": "char_duplicates_ratio",
    "list_ratio": "new_line_ratio",
}


def _limit(rule: Any, reason: str) -> float:
    if reason in _LIMITS:
        return float(getattr(rule, _LIMITS[reason]))
    n = int(reason.split("_")[1])
    return float(dict(rule.top_n_grams if reason.startswith("top") else rule.dup_n_grams)[n])


def _set_limit(rule: Any, reason: str, value: float) -> None:
    if reason in _LIMITS:
        setattr(rule, _LIMITS[reason], value)
        return
    name = "top_n_grams" if reason.startswith("top") else "dup_n_grams"
    n = int(reason.split("_")[1])
    setattr(rule, name, tuple((m, value if m == n else limit) for m, limit in getattr(rule, name)))


def test_domain_profiles_spare_formulae_tables_and_short_definitions() -> None:
    formula = prose(11, 6) + " \\frac{\\partial \\mathbf{d}}{\\partial t} + \\nabla \\times \\mathbf{h} = 0."
    rows = "\n".join(f"Sandstone {i} | 2.{i} - 2.{i + 3} | {i * 7}" for i in range(12))
    table = f"{prose(12, 4)}\n{rows}"
    definition = (
        "Gneiss is a rock of the highest grade that has bands of light and dark minerals, and it formed in the crust."
    )
    for text in (formula, table, definition):
        assert judge(text, "web")[0] != ""
        for profile in ("geo", "finance", "medical"):
            assert judge(text, profile)[0] == "", (text, profile)


def test_boilerplate_lines_go_and_long_paragraphs_stay() -> None:
    text = "We use cookies here.\nGranite is hard.\nAll rights reserved by Rocks."
    assert strip_boilerplate(text) == ("Granite is hard.", 2)
    paragraph = "The bank describes its privacy policy " + "and more " * MAX_BOILERPLATE_WORDS
    assert strip_boilerplate(paragraph) == (paragraph, 0)
    assert strip_boilerplate("Minerals that share this structure are rare.")[1] == 0


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(DataError, match=r"rules: no profile of that name, got 'gneo'\. Use one of web, general, geo"):
        get_rules("gneo")
