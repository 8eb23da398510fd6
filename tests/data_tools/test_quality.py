"""Quality rules: datatrove's verdicts on the same words, the value measured, and what domain profiles spare."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from data_tools.errors import DataError
from data_tools.exempt import EXEMPT, without_exempt
from data_tools.measures import Measured
from data_tools.quality import QualityRules, measure
from data_tools.rules import LIMITS, PROFILES, Rules, get_rules
from tests.data_tools.datatrove_reference import judge as judge_by_datatrove
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


def drop_cases() -> list[tuple[str, str]]:
    """Return (rule, text) for every rule of the four filters, each text made to be dropped by its filter for it."""
    lines = [prose(i, 1) for i in range(30)]
    long_words = " ".join(f"the {'abcdefghij' * 3}{i} and" for i in range(60))
    repeated = " ".join(f"{prose(9, 1)} {prose(i, 1)}" for i in range(20, 29))
    return [
        ("gopher_repetition.max_duplicate_paragraph_share", "\n\n".join(["Ore."] * 4 + lines[1:6])),
        ("gopher_repetition.max_duplicate_paragraph_character_share", "\n\n".join([prose(1, 9)] * 2 + lines[:8])),
        ("gopher_repetition.max_duplicate_line_share", "\n".join(["Ore."] * 9 + lines[:12])),
        ("gopher_repetition.max_duplicate_line_character_share", "\n".join([prose(1, 6)] * 2 + lines[:9])),
        ("gopher_repetition.max_top_2_gram_character_share",
         " ".join(f"granite {word}" for word in ["magma"] * 40 + lines[:3])),
        ("gopher_repetition.max_duplicate_5_gram_character_share", repeated),
        ("gopher_quality.min_words", lines[0]),
        ("gopher_quality.max_words", "the rock and " * 40_000),
        ("gopher_quality.min_mean_word_length", "a b of the " * 60),
        ("gopher_quality.max_mean_word_length", long_words),
        ("gopher_quality.max_hashes_per_word", " ".join(f"# {word}" for word in prose(4).split())),
        ("gopher_quality.max_ellipses_per_word", " ".join(f"{word} ..." for word in prose(5).split())),
        ("gopher_quality.max_bullet_line_share", "\n".join(f"- {line}" for line in lines)),
        ("gopher_quality.max_ellipsis_line_share", "\n".join(f"{line[:-1]}..." for line in lines)),
        ("gopher_quality.min_alphabetic_word_share", prose(3) + " 12,345" * 60),
        ("gopher_quality.min_stop_words", " ".join(f"granite{i}" for i in range(120))),
        ("c4.max_lorem_ipsum", prose(6) + " Lorem ipsum dolor sit amet."),
        ("c4.max_curly_brackets", prose(7) + " \\frac{a}{b}."),
        ("c4.min_sentences", prose(8, 3)),
        ("fineweb.min_line_punctuation_share", "\n".join([*(line[:-1] for line in lines), lines[0]])),
        ("fineweb.max_short_line_share", "\n".join([*lines[:6], *(f"The rock {i} lies." for i in range(60))])),
        ("fineweb.max_repeated_line_character_share", "\n".join([*lines, lines[0], lines[1]])),
        ("fineweb.max_newlines_per_word", ("\n" * 9).join(lines)),
    ]  # fmt: skip


def only(filter_name: str, limits: dict[str, float | None] | None = None) -> QualityRules:
    """Return the rules of one filter alone."""
    others = {rule.name: None for rule in LIMITS if rule.filter != filter_name}
    lines = WEB.lines if filter_name == "c4" else None
    return QualityRules(Rules(limits={**others, **(limits or {})}, lines=lines))


@pytest.mark.parametrize(("rule", "text"), drop_cases(), ids=[rule for rule, _ in drop_cases()])
def test_each_measured_value_is_beyond_its_limit_by_exactly_that(rule: str, text: str) -> None:
    """A limit moved to the very value reported lets the text pass, one a little stricter does not."""
    filter_name = rule.partition(".")[0]
    verdict = only(filter_name).judge(text)
    assert verdict.rule == rule
    (limit,) = [each for each in LIMITS if each.name == rule]
    assert verdict.value is not None
    assert verdict.detail == f"limit {limit.published:g}"
    assert only(filter_name, {rule: verdict.value}).judge(text).rule != rule
    stricter = verdict.value + 0.01 * (limit.published - verdict.value)
    assert only(filter_name, {rule: stricter}).judge(text).rule == rule
    assert only(filter_name, {rule: None}).judge(text).rule != rule


def test_every_limit_has_a_case_or_shares_its_measure_with_one() -> None:
    tried = {rule for rule, _ in drop_cases()}
    untried = {rule.name for rule in LIMITS} - tried
    assert {name.split("_gram")[0][:-2].rstrip("_1") for name in untried} == {
        "gopher_repetition.max_top", "gopher_repetition.max_duplicate",
    }  # fmt: skip


def mixed_texts(num: int) -> list[str]:
    """Return texts in which prose, tables, lists, repeats, brackets and odd characters are mixed at random."""
    rng = random.Random(11)
    pieces = [
        *(prose(seed, rng.randint(1, 4)) for seed in range(40)),
        "Ore.", "- an item", "• another", "and so on...", "More…", "| 1 | 2 |", "12,345 67.8", "# # #", "Contents",
        "Uses cookies on this page.", "javascript is needed.", "as shown [12] and [edit].", "{", "lorem ipsum", "a b c",
        "Überschrift für Größen", "δ18O is 3.1 ‰", "don't it's U.S. Dr. Who", "x" * 1_001, "\x0b", "\u2028", "\u00a0",
        "''", "\\alpha_{i} = \\frac{a}{b}", "_so_ **bold**", "第一 です。", "a-b 10-K 2010-2011", "e.g. i.e. a.m.",
        "?!", "“Yes.”",
    ]  # fmt: skip
    texts = []
    for _ in range(num):
        few = rng.sample(pieces, rng.randint(1, 12))
        rows = [rng.choice(few) for _ in range(rng.randint(1, 60))]
        texts.append("".join(row + rng.choice(("\n", "\n", " ", "\n\n", "\n\n\n")) for row in rows))
    return texts


def test_verdict_and_text_are_datatroves_where_words_are_the_same() -> None:
    texts = [*(text for _, text in drop_cases()), *mixed_texts(1_500)]
    found = QualityRules(WEB).judge_all(texts)
    assert len({verdict.rule for verdict in found}) > 20
    for text, verdict in zip(texts, found, strict=True):
        if text.strip():
            assert (verdict.rule, verdict.text if not verdict.rule else "") == (
                (expected := judge_by_datatrove(text))[0],
                expected[1] if not expected[0] else "",
            )


def test_texts_are_judged_together_as_alone() -> None:
    texts = ["", " \n", *mixed_texts(60)]
    for profile in PROFILES:
        rules = QualityRules(get_rules(profile))
        assert rules.judge_all(texts) == [rules.judge(text) for text in texts]
    assert QualityRules(WEB).judge_all([]) == []


def test_an_empty_text_goes_as_empty() -> None:
    assert judge("") == judge(" \n ") == ("empty", 0.0)


def test_every_measure_can_be_asked_for() -> None:
    measured = Measured(["One line. And {another}.", ""])
    assert measure(measured, "sentences").tolist() == [2.0, 0.0]
    assert measure(measured, "curly_brackets").tolist() == [1.0, 0.0]
    for limit in LIMITS:
        assert measure(measured, limit.measure).shape == (2,)


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


def test_a_text_is_judged_again_without_its_tables_and_kept_whole() -> None:
    table = "\n".join(f"{i} | {i * 7}.5 | {i * 13} | {i * i} | 0.{i}" for i in range(80))
    text = f"{prose(3, 6)}\n{table}"
    bare = QualityRules(replace(get_rules("geo"), exempt=()))
    assert bare.judge(text).rule == "gopher_quality.min_alphabetic_word_share"
    verdict = QualityRules(get_rules("geo")).judge(text)
    assert (verdict.rule, verdict.text) == ("", text)
    junk = f"{'12 ' * 400}x\n{prose(3, 1)} {'zz ' * 200}"
    assert QualityRules(get_rules("geo")).judge(junk).rule != ""


@pytest.mark.parametrize(
    ("kinds", "text", "left"),
    [
        (("tables",), "Ore | 2 | 3\n| a | b |\nIt is 5 | or so.", "It is 5 | or so."),
        (
            ("tables",),
            "Net sales $ 260,174 $ 265,595 (2)%\nTotal\t3,795\t2,800\nWe sold 12 units.",
            "We sold 12 units.",
        ),
        (("code",), "See:\n```python\nx = {}\n```\nDone.", "See:\n\nDone."),
        (("formulas",), "We have $x^2$ and\n$$\ny = {1}\n$$\nhere; it cost $5.", "We have  and\n\nhere; it cost $5."),
        (("formulas",), "So\n\\begin{align}a &= b\\end{align}\nholds.", "So\n\nholds."),
        (("coordinates",), "at 45°12'30\" N, 7° E and 61.2345, -149.9003 today", "at ,  and  today"),
        (("quantities",), "a density of 2.67 g/cm3 at 10–20 km, 5 mg/kg daily", "a density of  at ,  daily"),
        (("chemistry",), "SiO2 and 87Sr/86Sr with δ18O in Water", " and  with  in Water"),
        (("abbreviations",), "HPI: BP and SOFR rose", " and  rose"),
        (("genes",), "mutations of pTEN and BRCA1 are", "mutations of  and  are"),
        ((), "a | b | c\n$x$", "a | b | c\n$x$"),
    ],
)
def test_what_is_exempt(kinds: tuple[str, ...], text: str, left: str) -> None:
    assert without_exempt(text, kinds).split() == left.split()
    if kinds:
        assert without_exempt(text, kinds) != text


def test_prose_holds_nothing_exempt_but_its_numbers() -> None:
    text = "\n\n".join(prose(seed, 3) for seed in range(9))
    numbers = [word for word in text.split() if word.isdigit()]
    assert without_exempt(text, EXEMPT).split() == [word for word in text.split() if word not in numbers]


def test_an_unknown_profile_or_rule_names_the_known_ones() -> None:
    with pytest.raises(DataError, match=r"rules: no profile of that name, got 'gneo'\. Use one of web, general, geo"):
        get_rules("gneo")
    with pytest.raises(
        DataError,
        match=r"limits: there is no such rule, got 'gopher.min_words'\. Did you mean gopher_quality\.min_words",
    ):
        get_rules("geo", {"gopher.min_words": 3})
    assert get_rules("geo", {"gopher_quality.min_words": 3}).limits["gopher_quality.min_words"] == 3


def test_a_drop_names_the_limit_of_the_whole_text_and_what_broke_beside_its_exempt_parts() -> None:
    rocks = ("fine sandstone of the fan", "mudstone", "coal", "coarse sand", "tuff", "clay")
    log = "Core description of the well. Depths are in metres.\n\n" + "\n".join(
        f"{1.5 * n:.1f}-{1.5 * n + 1.5:.1f}  {rocks[n % len(rocks)]}" for n in range(60)
    )
    verdict = QualityRules(get_rules("geo")).judge_all([log])[0]
    assert verdict.rule == "gopher_quality.min_alphabetic_word_share"
    assert verdict.text == log
    assert verdict.detail.startswith("limit 0.5; without exempt parts: gopher_repetition.max_duplicate_line_share 0.8")
    kept = QualityRules(get_rules("geo", {"gopher_quality.min_alphabetic_word_share": 0.2})).judge_all([log])[0]
    assert kept.rule == ""
