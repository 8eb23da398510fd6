"""Language and gibberish: running text in another language or in none is told from English."""

from __future__ import annotations

import random

import pytest

from data_tools.language import (
    LANGUAGES,
    common_pair_share,
    foreign_script_share,
    function_word_shares,
    function_words,
    other_language,
)
from data_tools.planting.foreign import foreign_text, gibberish
from data_tools.word_arrays import split_words
from tests.stages.curation_inputs import prose


@pytest.mark.parametrize("language", ["de", "fr", "es", "it", "nl", "pl"])
def test_other_languages_are_named(language: str) -> None:
    for seed in range(20):
        text = foreign_text(language, random.Random(seed))
        found = other_language(text, split_words(text), "en")
        assert found is not None
        assert found[0] == language
        assert other_language(text, split_words(text), language) is None


def test_another_script() -> None:
    text = foreign_text("ru", random.Random(0))
    found = other_language(text, split_words(text), "en")
    assert found is not None
    assert found[0] == "other_script"
    assert found[1] > 0.99
    assert foreign_script_share("α, β and γ are angles; ∂ℓ/∂t") == 0.0
    assert foreign_script_share("") == 0.0


def test_english_stays_english() -> None:
    quoted = prose(1) + " He wrote: der Fluss ist nicht tief, und die Berge sind auch nicht hoch."
    names = "Rio de Janeiro, Los Angeles, La Paz, El Paso, Las Vegas, San Jose, Costa del Sol and Le Havre are " * 5
    for text in (prose(0), quoted, names, "2.7 3.1 4.4 " * 50, ""):
        assert other_language(text, split_words(text), "en") is None


def test_too_few_words_are_not_judged() -> None:
    assert other_language("der und die", ["der", "und", "die"], "en") is None


def test_words_of_the_declared_language_speak_for_it_alone() -> None:
    for declared in LANGUAGES:
        lists = function_words(declared)
        assert set(lists) == set(LANGUAGES)
        assert all(not own & lists[declared] for language, own in lists.items() if language != declared)
        assert all(len(own) >= 25 for own in lists.values())


def test_shares_of_english_prose() -> None:
    shares = function_word_shares(split_words(prose(2)), "en")
    assert shares.pop("en") > 0.2
    assert max(shares.values()) < 0.03


def test_letters_of_words_and_of_nonsense() -> None:
    for seed in range(20):
        rng = random.Random(seed)
        assert common_pair_share(split_words(prose(seed))) > 0.85
        assert common_pair_share(split_words(gibberish("letters", "", rng))) < 0.5
        assert common_pair_share(split_words(gibberish("shuffled", prose(seed), rng))) < 0.7
    minerals = ["plagioclase", "pyroxene", "hornblende", "staurolite", "kyanite", "chalcopyrite", "wollastonite"]
    assert common_pair_share(minerals * 3) > 0.75


def test_too_few_letters_are_not_judged() -> None:
    assert common_pair_share(["xq", "zx"]) == 1.0
    assert common_pair_share([]) == 1.0
