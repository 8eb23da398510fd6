"""Shingles, signatures and the index, against slow and obvious references."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from data_tools.errors import DataError
from data_tools.index import Components, find_duplicates, shared_buckets
from data_tools.shingles import (
    BATCH_CHARACTERS,
    WordHashes,
    exact_digest,
    gram_hashes,
    hash_words,
    jaccard,
    shingle_set,
    shingle_texts,
    words_of,
)
from data_tools.signatures import EMPTY, Signer, catch_probability
from tests.stages.curation_inputs import prose

WORDS = 5


def plain_shingles(text: str) -> set[tuple[str, ...]]:
    words = words_of(text)
    length = min(WORDS, len(words))
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)} if words else set()


def plain_jaccard(left: str, right: str) -> float:
    a, b = plain_shingles(left), plain_shingles(right)
    return len(a & b) / len(a | b) if a | b else 0.0


def changed(text: str, rate: float, seed: int) -> str:
    """Replace ``rate`` of the words by words that occur nowhere else."""
    rng = random.Random(seed)
    return " ".join(f"new{rng.random()}".replace(".", "") if rng.random() < rate else word for word in text.split())


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
    hashes, first = hash_words(texts)
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
        shingles, first = shingle_texts(texts, length)
        assert first[-1] == len(shingles)
        for text, begin, end in zip(texts, first[:-1].tolist(), first[1:].tolist(), strict=True):
            words, _ = hash_words([text])
            alone = gram_hashes(words, min(length, len(words))) if len(words) else []
            assert shingles[begin:end].tolist() == list(alone)


def test_a_long_text_is_cut_into_the_same_words() -> None:
    text = " ".join(prose(seed, 30) for seed in range(200))
    assert len(text) > 2 * BATCH_CHARACTERS
    whole, _ = hash_words([text])
    parts = [hash_words([sentence])[0].tolist() for sentence in text.split(". ")]
    assert whole.tolist() == [number for part in parts for number in part]


def test_exact_digest_sees_through_case_space_and_unicode_form_alone() -> None:
    assert exact_digest("The  Rock\n is old. ") == exact_digest("the rock is OLD.")
    assert exact_digest("Cafe\u0301") == exact_digest("Café")
    assert exact_digest("5 m") != exact_digest("-5 m")
    assert exact_digest("net 4.2") != exact_digest("net 4.3")


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


@pytest.mark.parametrize(("similarity", "caught"), [(0.5, 0.873), (0.6, 0.988), (0.85, 1.0)])
def test_the_index_catches_pairs_as_often_as_the_formula_says(similarity: float, caught: float) -> None:
    assert catch_probability(similarity, 32, 4) == pytest.approx(caught, abs=1e-3)
    rng = np.random.default_rng(7)
    signer = Signer(128, 1)
    hits, tries = 0, 200
    for _ in range(tries):
        size = round(100 * (1 - similarity) / (1 + similarity) * 2)
        shared, left, right = (
            rng.integers(0, 2**64, n, dtype=np.uint64) for n in (100 - size // 2, size // 2, size // 2)
        )
        pair = np.stack([signer.sign(np.concatenate([shared, own])) for own in (left, right)])
        hits += bool((shared_buckets(pair, 32, 4) >= 0).any())
    assert hits / tries == pytest.approx(caught, abs=0.08)


def test_buckets_are_shared_exactly_where_a_band_agrees() -> None:
    signatures = np.random.default_rng(3).integers(0, 3, (60, 12), dtype=np.uint32)
    buckets = shared_buckets(signatures, 4, 3)
    for left, right in itertools.combinations(range(60), 2):
        for band in range(4):
            agree = bool(
                (signatures[left, band * 3 : band * 3 + 3] == signatures[right, band * 3 : band * 3 + 3]).all()
            )
            assert (buckets[left, band] == buckets[right, band] >= 0) == agree
    with pytest.raises(DataError, match=r"bands x rows: must be at most the 12 hashes of a signature, got 5 x 3"):
        shared_buckets(signatures, 5, 3)


def brute_force(texts: list[str], threshold: float, group_threshold: float) -> tuple[list[int], Components]:
    """The definition: a text goes iff a kept one before it reaches the threshold; it names the most similar."""
    kept_copy: list[int] = []
    components = Components.of(len(texts))
    for text in range(len(texts)):
        best = (0.0, 1)
        for other in range(text):
            if kept_copy[other] >= 0:
                continue
            similarity = plain_jaccard(texts[text], texts[other])
            if similarity >= group_threshold:
                components.join(text, other)
            if similarity >= threshold:
                best = max(best, (similarity, -other))
        kept_copy.append(-best[1])
    return kept_copy, components


def test_decisions_equal_brute_force() -> None:
    rng = random.Random(5)
    texts = []
    for family in range(25):
        original = prose(family, 8)
        texts += [changed(original, rate, family) for rate in (0, 0.01, 0.02, 0.03, 0.05, 0.08)]
    rng.shuffle(texts)
    table, signer = WordHashes(), Signer(256, 1)
    sets = [shingle_set(table.array(words_of(text)), WORDS) for text in texts]
    found = find_duplicates(
        np.stack([signer.sign(each) for each in sets]),
        sets.__getitem__,
        bands=64,
        rows=4,
        threshold=0.8,
        group_threshold=0.5,
    )
    kept_copy, components = brute_force(texts, 0.8, 0.5)
    assert found.kept_copy == kept_copy
    assert [found.components.find(text) for text in range(len(texts))] == [
        components.find(text) for text in range(len(texts))
    ]
    assert 25 < sum(copy < 0 for copy in kept_copy) < 125
    for text, copy in enumerate(kept_copy):
        if copy >= 0:
            assert found.similarity[text] == pytest.approx(plain_jaccard(texts[text], texts[copy]))


def test_there_is_no_chaining() -> None:
    """B resembles A, C resembles B but not A: B goes, C stays."""
    a = prose(1, 20).split()
    b = a[26:] + prose(2, 2).split()
    c = b[26:] + prose(3, 2).split()
    texts = [" ".join(words) for words in (a, b, c)]
    assert plain_jaccard(texts[0], texts[1]) >= 0.8 > plain_jaccard(texts[0], texts[2])
    assert plain_jaccard(texts[1], texts[2]) >= 0.8
    table, signer = WordHashes(), Signer(128, 1)
    sets = [shingle_set(table.array(words_of(text)), WORDS) for text in texts]
    signatures = np.stack([signer.sign(each) for each in sets])
    found = find_duplicates(signatures, sets.__getitem__, bands=32, rows=4, threshold=0.8, group_threshold=0.5)
    assert found.kept_copy == [-1, 0, -1]
    assert found.components.find(2) == 0


def test_many_variants_of_one_text_take_as_many_comparisons_as_there_are_variants() -> None:
    original = prose(4, 10)
    table, signer = WordHashes(), Signer(128, 1)
    sets = [shingle_set(table.array(words_of(f"{original} copy {i}")), WORDS) for i in range(2_000)]
    signatures = np.stack([signer.sign(each) for each in sets])
    found = find_duplicates(signatures, sets.__getitem__, bands=32, rows=4, threshold=0.8, group_threshold=0.5)
    assert found.kept_copy == [-1] + [0] * 1_999
    assert found.num_verified == 1_999
