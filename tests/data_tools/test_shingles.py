"""Words, shingles and signatures, against slow and obvious references."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from data_tools.shingles import (
    BATCH_CHARACTERS,
    WordHashes,
    exact_digest,
    gram_hashes,
    jaccard,
    lower,
    shingle_set,
    shingle_texts,
    split_texts,
    words_of,
)
from data_tools.signatures import EMPTY, Signer
from tests.stages.curation_inputs import prose

WORDS = 5


def hashed(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    words = split_texts(map(lower, texts))
    return words.hashes, words.first


def plain_shingles(text: str) -> set[tuple[str, ...]]:
    words = words_of(text)
    length = min(WORDS, len(words))
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)} if words else set()


def plain_jaccard(left: str, right: str) -> float:
    a, b = plain_shingles(left), plain_shingles(right)
    return len(a & b) / len(a | b) if a | b else 0.0


def test_words_keep_numbers_and_lose_case_and_punctuation() -> None:
    assert words_of("The SiO2-rich  layer: 13.2 m, 1,000 and (5).") == [
        "the", "sio2", "rich", "layer", "13.2", "m", "1,000", "and", "5",
    ]  # fmt: skip
    assert words_of("13.2") != words_of("13 2")
    assert words_of("Cafe\u0301") == words_of("CAFÉ")
    assert words_of(" ...\n") == []


def test_scripts_without_spaces_have_a_word_per_letter() -> None:
    assert words_of("地质学 is 3.5个岩石, カタカナ。") == [
        "地", "质", "学", "is", "3.5", "个", "岩", "石", "カ", "タ", "カ", "ナ",
    ]  # fmt: skip
    assert words_of("한국어 지질학") == ["한국어", "지질학"]


ODD_TEXTS = [
    "", " ", "\n\n", "...", "one", "one two", "a b c d e", "A.b 3.5, 3.5.1 .5 5. 1,000,000 3,5a 3.x",
    "x_1 _ __ 5\u0662.\u0663", "地质3.5学", "5岩5", "ก็ ไทย", "Cafe\u0301 NAÏVE İstanbul ΣΑΣ", "\ud800 lone \x00 nul",
    "😀 rock😀rock", "e\u0301" * 20, "a" * 200_000, "岩" * 150_000, "one two " * 40_000, ("x" * 900 + " ") * 300,
]  # fmt: skip


def test_words_of_many_texts_are_those_of_each() -> None:
    texts = ODD_TEXTS + [prose(seed, 3) for seed in range(40)] + ODD_TEXTS[::-1]
    hashes, first = hashed(texts)
    names: dict[int, str] = {}
    numbers: dict[str, int] = {}
    for text, begin, end in zip(texts, first[:-1].tolist(), first[1:].tolist(), strict=True):
        if len(text) >= 200_000 and " " not in text:
            continue  # a longer word than is held at once is cut
        words = words_of(text)
        assert len(words) == end - begin, text[:50]
        for word, number in zip(words, hashes[begin:end].tolist(), strict=True):
            assert names.setdefault(number, word) == word
            assert numbers.setdefault(word, number) == number


def test_shingles_of_many_texts_are_those_of_each() -> None:
    texts = [text for text in ODD_TEXTS if len(text) < 1000] + [prose(seed, 2) for seed in range(20)] + ["", "end"]
    for length in (1, 5):
        shingles, first = shingle_texts(map(lower, texts), length)
        assert first[-1] == len(shingles)
        for text, begin, end in zip(texts, first[:-1].tolist(), first[1:].tolist(), strict=True):
            words, _ = hashed([text])
            alone = gram_hashes(words, min(length, len(words))) if len(words) else []
            assert shingles[begin:end].tolist() == list(alone)


def test_a_long_text_is_cut_into_the_same_words() -> None:
    text = " ".join(prose(seed, 30) for seed in range(200))
    assert len(text) > 2 * BATCH_CHARACTERS
    whole, _ = hashed([text])
    parts = [hashed([sentence])[0].tolist() for sentence in text.split(". ")]
    assert whole.tolist() == [number for part in parts for number in part]


def test_exact_digest_sees_through_case_space_and_unicode_form_alone() -> None:
    assert exact_digest("The  Rock\n is old. ") == exact_digest("the rock is OLD.")
    assert exact_digest("Cafe\u0301") == exact_digest("Café")
    assert exact_digest("5 m") != exact_digest("-5 m")
    assert exact_digest("net 4.2") != exact_digest("net 4.3")


def test_texts_have_one_digest_exactly_where_words_and_marks_agree() -> None:
    spaces = [chr(code) for code in range(0x110000) if chr(code).isspace()]
    texts = [
        *ODD_TEXTS, *(f"Rock{space}{space} salt" for space in spaces), "rock salt", "rocksalt", "rock, salt",
        "rock ,salt", "rock salt,", ",rock salt", "rock,, salt", "rock., salt", "rock,. salt", "salt rock",
        "rock rock salt", "3.5", "3 .5", "3. 5", "3.5.", "-5 m", "5 m", "5 -m", "岩石", "岩 石",
        *(prose(seed, 2) for seed in range(30)),
    ]  # fmt: skip
    found = [tuple(one) for one in split_texts(map(lower, texts)).digests().tolist()]

    def parts(text: str) -> tuple[str, ...]:
        """Words and marks, one by one: what two texts must agree in."""
        words, place, made = words_of(text), 0, []
        whole = lower(text)
        for word in words:
            at = whole.index(word, place)
            made += [mark for mark in whole[place:at] if not mark.isspace()] + [word]
            place = at + len(word)
        return (*made, *(mark for mark in whole[place:] if not mark.isspace()))

    by_parts: dict[tuple[str, ...], tuple[int, ...]] = {}
    for text, digest in zip(texts, found, strict=True):
        if len(text) < 100_000:
            assert by_parts.setdefault(parts(text), digest) == digest, text[:50]
        assert exact_digest(text) == np.array(digest, dtype=np.uint64).tobytes().hex()
    assert len(set(by_parts.values())) == len(by_parts)


@pytest.mark.parametrize("length", [1, 2, 5, 13])
def test_grams_are_equal_exactly_where_the_words_are(length: int) -> None:
    rng = random.Random(length)
    words = [rng.choice("abc") for _ in range(300)]
    grams = gram_hashes(WordHashes().array(words), length).tolist()
    runs = [tuple(words[start : start + length]) for start in range(len(words) - length + 1)]
    assert len(grams) == len(runs)
    assert len(set(zip(grams, runs, strict=True))) == len(set(grams)) == len(set(runs))


def test_grams_of_other_lengths_and_orders_differ() -> None:
    hashes = WordHashes().array(["a", "b", "a"])
    everything = [gram_hashes(hashes, length).tolist() for length in (1, 2, 3)]
    flat = [gram for grams in everything for gram in grams]
    assert len(set(flat)) == 5
    assert gram_hashes(hashes, 4).tolist() == []


def test_a_small_word_table_gives_the_same_hashes() -> None:
    words = prose(1).split()
    small = WordHashes(max_words=3)
    assert [small.array([word])[0] for word in words] == WordHashes().array(words).tolist()


def test_jaccard_equals_that_of_plain_sets() -> None:
    table = WordHashes()
    texts = ["", "one", "one two three", prose(1, 3), prose(1, 3) + " more words follow here", prose(2, 3), "!!!"]
    for left, right in itertools.product(texts, texts):
        sets = [shingle_set(table.array(words_of(text)), WORDS) for text in (left, right)]
        assert jaccard(*sets) == pytest.approx(plain_jaccard(left, right))


def test_signatures_equal_datasketch() -> None:
    from datasketch import MinHash

    for size, seed in ((1, 1), (7, 3), (20_000, 1)):
        shingles = np.unique(np.random.default_rng(size).integers(0, 2**64, size, dtype=np.uint64))
        theirs = MinHash(num_perm=64, seed=seed, scheme="affine32", hashfunc=int)
        theirs.update_batch((shingles & np.uint64(0xFFFFFFFF)).tolist())
        assert Signer(64, seed).sign(shingles).tolist() == theirs.hashvalues.tolist()


def test_the_signature_of_nothing() -> None:
    assert Signer(8, 1).sign(np.empty(0, dtype=np.uint64)).tolist() == [EMPTY] * 8


def test_signatures_estimate_jaccard_without_bias() -> None:
    rng = np.random.default_rng(0)
    signer = Signer(512, 1)
    errors = []
    for _ in range(40):
        shared, left, right = (rng.integers(0, 2**64, size, dtype=np.uint64) for size in (150, 50, 50))
        a, b = signer.sign(np.concatenate([shared, left])), signer.sign(np.concatenate([shared, right]))
        errors.append((a == b).mean() - 150 / 250)
    assert abs(np.mean(errors)) < 0.01  # standard error of the mean: 0.0034
    assert np.std(errors) < 0.04
