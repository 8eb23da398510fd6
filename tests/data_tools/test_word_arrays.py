"""Words as arrays: how texts are split, and that a batch gives what its texts give alone."""

from __future__ import annotations

import numpy as np
import pytest

from data_tools.word_arrays import split_texts, split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't use 3.14 or 1,000 well-known 'SiO2' ...", "Don|'t|use|3.14|or|1,000|well|-|known|'|SiO2|'|..."),
        ("===== (see §2).", "=====|(|see|§|2|)|."),
        ("# # ## _so_ ** a_b", "#|#|#|#|_|so|_|*|*|a_b"),
        ("The U.S. Army, e.g. Dr. King Inc. ended.", "The|U.S.|Army|,|e.g.|Dr.|King|Inc.|ended|."),
        ("It's John's. The 1980's dog's", "It|'s|John|'s|.|The|1980|'s|dog|'s"),
        ("3/4 km/h 2010-2011 79-year L-2", "3/4|km|/|h|2010|-|2011|79|-|year|L-2"),
        (r"by \sigma and \frac{a}{b}", r"by|\sigma|and|\frac{a|}|{|b|}"),
        ("a@b.org 5% $4", "a@b.org|5|%|$|4"),
        ("Grüße, δ¹⁸O", "Grüße|,|δ¹⁸O"),
        ("", ""),
        (" \n\t ", ""),
        ("x", "x"),
        (".", "."),
    ],
)
def test_words(text: str, words: str) -> None:
    assert split_words(text) == (words.split("|") if words else [])


def test_a_batch_gives_what_its_texts_give_alone() -> None:
    texts = ["", "One. Two?", "-", "it's", "One", "", "a.b c's", "Mr", ". x"]
    batch = split_texts(texts)
    joined = "\n".join(texts)
    found = [joined[begin:end] for begin, end in zip(batch.starts, batch.ends, strict=True)]
    for place, text in enumerate(texts):
        own = slice(batch.first[place], batch.first[place + 1])
        alone = split_texts([text])
        assert found[own] == split_words(text)
        assert batch.hashes[own].tolist() == alone.hashes.tolist()
        assert batch.is_symbol[own].tolist() == alone.is_symbol.tolist()
        assert batch.is_alphabetic[own].tolist() == alone.is_alphabetic.tolist()
    assert batch.num_words.tolist() == [len(split_words(text)) for text in texts]


def test_words_are_equal_where_their_hashes_are() -> None:
    words = [f"{stem}{number}" for stem in ("a", "ab", "b", "ore", "Ore", "é") for number in range(500)]
    arrays = split_texts([" ".join(words), " ".join(reversed(words))])
    half = len(words)
    assert len(np.unique(arrays.hashes)) == half
    assert arrays.hashes[:half].tolist() == arrays.hashes[half:][::-1].tolist()


def test_what_a_word_is_made_of() -> None:
    arrays = split_texts(["a1 12 ... é £ — _"])
    assert arrays.is_alphabetic.tolist() == [True, False, False, True, False, False, False]
    assert arrays.is_symbol.tolist() == [False, False, True, False, False, True, True]
    assert arrays.lengths.tolist() == [2, 2, 3, 1, 1, 1, 1]
