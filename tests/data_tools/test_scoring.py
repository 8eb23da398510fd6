"""Scorers: trained on seeds, calibrated on held-out ones, kept without pickle, the same for short and long texts."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from data_tools.documents import Document
from data_tools.errors import DataError
from data_tools.scorer_evidence import area_under_curve, choose_threshold, operating_points, rates
from data_tools.scorer_fitting import Side
from data_tools.scorer_training import NUM_FOLDS, Seed, Trained, TrainingOptions, _choose_folds, train
from data_tools.scoring import (
    NEUTRAL_FEATURES,
    SETTINGS_FILE,
    WEIGHTS_FILE,
    Scorer,
    Settings,
    buckets,
    chunk_edges,
)
from data_tools.shingles import WordHashes, gram_hashes, words_of
from data_tools.worlds.engine import get_world

OPTIONS = TrainingOptions(chunk_words=100, num_buckets=1 << 16)


@cache
def world_documents(world: str) -> list[Document]:
    return list(get_world(world).documents(0, 150_000))


def seeds(world: str, num_documents: int = 80, skip: int = 0, corpus: str = "") -> list[Seed]:
    documents = world_documents(world)[skip : skip + num_documents]
    assert len(documents) == num_documents
    return [Seed(document.text, corpus or world, document.id) for document in documents]


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(seeds("geo"), seeds("finance"), OPTIONS)


def test_two_subjects_are_told_apart(trained: Trained) -> None:
    scorer = trained.scorer
    assert trained.auc > 0.99
    new = {world: [scorer.score(words_of(seed.text)) for seed in seeds(world, 40, 80)] for world in ("geo", "finance")}
    assert np.mean([score >= scorer.threshold for score in new["geo"]]) >= 0.9
    assert np.mean([score >= scorer.threshold for score in new["finance"]]) <= 0.1
    assert trained.counts["positive_documents"] == trained.counts["negative_documents"] == 80
    assert len(trained.positive_scores) == len(trained.negative_scores) == 80
    assert not trained.by_corpus


def test_the_words_that_tell_are_readable(trained: Trained) -> None:
    positive = [feature for feature in trained.telling if feature.contribution > 0]
    negative = [feature for feature in trained.telling if feature.contribution < 0]
    assert len(positive) == len(negative) == 20
    text = {world: " ".join(" ".join(words_of(seed.text)) for seed in seeds(world)) for world in ("geo", "finance")}
    assert all(f" {feature.words} " in f" {text['geo']} " for feature in positive)
    assert all(f" {feature.words} " in f" {text['finance']} " for feature in negative)
    assert positive[0].share_positive > positive[0].share_negative
    assert [feature.contribution for feature in trained.telling] == sorted(
        (feature.contribution for feature in trained.telling), reverse=True
    )


def test_training_is_deterministic(trained: Trained) -> None:
    again = train(seeds("geo"), seeds("finance"), OPTIONS)
    assert again.scorer.settings == trained.scorer.settings
    assert again.scorer.weights.tobytes() == trained.scorer.weights.tobytes()
    assert again.telling == trained.telling
    other = train(seeds("geo"), seeds("finance"), replace(OPTIONS, seed=1))
    assert other.scorer.settings != trained.scorer.settings


def test_a_score_equals_one_computed_word_by_word(trained: Trained) -> None:
    scorer, hashes = trained.scorer, WordHashes()
    for seed in seeds("geo", 5, 90):
        words = words_of(seed.text * 3)
        edges = chunk_edges(len(words), 100).tolist()
        scores = []
        for begin, end in pairwise(edges):
            grams = [words[at : at + n] for n in (1, 2) for at in range(begin, end - n + 1)]
            places = [int(gram_hashes(hashes.array(gram), len(gram))[0]) >> 48 for gram in grams]
            mean = sum(float(scorer.weights[place]) for place in places) / (len(grams) + NEUTRAL_FEATURES)
            logit = scorer.settings.slope * (scorer.settings.bias + mean) + scorer.settings.offset
            scores.append(1 / (1 + math.exp(-logit)))
        assert len(scores) > 1
        assert scorer.score(words) == pytest.approx(sum(scores) / len(scores), abs=1e-6)


def test_chunks_are_of_equal_length() -> None:
    assert chunk_edges(1, 100).tolist() == [0, 1]
    assert chunk_edges(100, 100).tolist() == [0, 100]
    assert chunk_edges(101, 100).tolist() == [0, 50, 101]
    for num_words in (7, 999, 1_000, 1_001, 12_345):
        sizes = np.diff(chunk_edges(num_words, 500))
        assert sizes.sum() == num_words
        assert sizes.max() <= 500
        assert sizes.max() - sizes.min() <= 1


def test_buckets_are_the_first_bits_of_the_hash() -> None:
    array = WordHashes().array(["a", "b", "c"])
    assert (buckets(array, 2, 1 << 12) == (gram_hashes(array, 2) >> np.uint64(52)).astype(np.int64)).all()
    assert len(buckets(array, 2, 1 << 12)) == 2


def test_length_is_no_evidence() -> None:
    """Long and short texts of one world: nothing but their length differs."""
    long = [Seed(" ".join(seed.text for seed in seeds("geo", 6, 6 * k)), "geo", str(k)) for k in range(60)]
    short = [Seed(seed.text[:400], "geo", seed.group) for seed in seeds("geo", 60, 400)]
    assert train(long, short, OPTIONS).auc < 0.75


def test_few_words_prove_little(trained: Trained) -> None:
    scorer = trained.scorer
    words = words_of(" ".join(seed.text for seed in seeds("geo", 10, 100)))
    scores = [scorer.score(words[:size]) for size in (0, 5, 30, 100)]
    assert scores == sorted(scores)
    assert scores[0] < 0.9 < scores[-1]


def test_a_feature_of_one_corpus_among_several_has_no_weight() -> None:
    marked = [Seed(f"Xyzzy page. {seed.text}", "first", seed.group) for seed in seeds("geo", 40)]
    plain = seeds("geo", 40, 40, corpus="second")
    bucket = int(buckets(WordHashes().array(["xyzzy"]), 1, OPTIONS.num_buckets)[0])
    both = train([*marked, *plain], seeds("finance"), OPTIONS)
    assert both.scorer.weights[bucket] == 0
    assert "xyzzy" not in {feature.words for feature in both.telling}
    one = [Seed(seed.text, "first", seed.group) for seed in [*marked, *plain]]
    assert train(one, seeds("finance"), OPTIONS).scorer.weights[bucket] > 0


def test_a_feature_of_two_documents_has_no_weight() -> None:
    positives = seeds("geo")
    rare = [
        Seed(f"{seed.text} Xyzzy." if at < 2 else seed.text, "geo", seed.group) for at, seed in enumerate(positives)
    ]
    bucket = int(buckets(WordHashes().array(["xyzzy"]), 1, OPTIONS.num_buckets)[0])
    assert train(rare, seeds("finance"), OPTIONS).scorer.weights[bucket] == 0


def _folds(groups: list[str], corpora: list[str], seed: int = 0) -> tuple[list[int], bool]:
    side = Side(groups=groups, corpora=corpora)
    folds, by_corpus = _choose_folds([side, side], seed)
    return folds[0].tolist(), by_corpus


def test_parts_of_a_file_are_left_out_together() -> None:
    files = [f"file{number // 5}" for number in range(150)]
    folds, by_corpus = _folds(files, ["one"] * 150)
    assert not by_corpus
    assert len(set(zip(files, folds, strict=True))) == 30
    assert np.bincount(folds).tolist() == [50, 50, 50]
    assert _folds(files, ["one"] * 150, seed=1)[0] != folds


def test_a_corpus_is_left_out_as_a_whole_where_enough_is_left() -> None:
    files = [str(number) for number in range(150)]
    five = [f"corpus{number % 5}" for number in range(150)]
    folds, by_corpus = _folds(files, five)
    assert by_corpus
    assert len(set(zip(five, folds, strict=True))) == 5
    assert set(folds) == set(range(NUM_FOLDS))
    assert _folds(files, ["big"] * 101 + ["small"] * 49)[1] is False
    folds, by_corpus = _folds(files, ["big"] * 100 + ["small"] * 50)
    assert (by_corpus, folds) == (True, [0] * 100 + [1] * 50)


def test_a_corpus_is_scored_by_what_has_not_seen_it() -> None:
    """The second corpus is of the negatives' world: only weights that have seen it take it for positive."""
    odd = seeds("finance", 60, 100, corpus="odd")
    together = train([*seeds("geo", 80), *seeds("geo", 80, 80, corpus="two"), *odd], seeds("finance"), OPTIONS)
    scores = {corpus: [] for corpus in ("geo", "two", "odd")}
    for corpus, score in zip(together.corpora[0], together.positive_scores.tolist(), strict=True):
        scores[corpus].append(score)
    assert together.by_corpus
    assert np.mean(scores["odd"]) < 0.5 < np.mean(scores["geo"])
    assert np.mean([together.scorer.score(words_of(seed.text)) for seed in odd]) > np.mean(scores["odd"])


def test_every_seed_is_scored() -> None:
    two = train([*seeds("geo"), *seeds("geo", 80, 80, corpus="two")], seeds("finance"), OPTIONS)
    assert two.by_corpus
    assert two.positive_scores.min() > 0.5 > two.negative_scores.max()


def test_seeds_without_a_common_word_are_told() -> None:
    sides = [
        [Seed(" ".join(f"w{side}x{at}x{n}" for n in range(30)), "c", str(at)) for at in range(60)] for side in "pn"
    ]
    with pytest.raises(DataError, match=r"no word is met in 3 seed documents and in two corpora of a side\. Give more"):
        train(sides[0], sides[1], replace(OPTIONS, num_buckets=1 << 20))


def test_repeats_and_short_texts_are_left_out() -> None:
    positives = [*seeds("geo"), *seeds("geo", 10), Seed("Too short.", "geo", "s")]
    negatives = [*seeds("finance"), *seeds("geo", 5)]
    counts = train(positives, negatives, OPTIONS).counts
    assert (counts["positive_documents"], counts["positive_skipped"]) == (80, 11)
    assert (counts["negative_documents"], counts["negative_skipped"]) == (80, 5)


def test_a_book_gives_no_more_than_eight_chunks() -> None:
    book = Seed(" ".join(seed.text for seed in seeds("geo", 50, 100)), "geo", "book")
    counts = train([*seeds("geo"), book], seeds("finance"), OPTIONS).counts
    assert counts["positive_chunks"] == train(seeds("geo"), seeds("finance"), OPTIONS).counts["positive_chunks"] + 8


def test_a_saved_scorer_is_the_same(trained: Trained, tmp_path: Path) -> None:
    trained.scorer.save(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [SETTINGS_FILE, WEIGHTS_FILE]
    loaded = Scorer.load(tmp_path)
    assert loaded.settings == trained.scorer.settings
    words = words_of(seeds("geo", 1, 90)[0].text)
    assert loaded.score(words) == trained.scorer.score(words)
    assert json.loads((tmp_path / SETTINGS_FILE).read_text())["format"] == 1


def _weights(shape: tuple[int, ...], dtype: str = "float32") -> dict[str, np.ndarray]:
    return {"weights": np.zeros(shape, dtype=dtype)}


@pytest.mark.parametrize(
    ("settings", "weights", "message"),
    [
        (None, None, r"scorer\.json: there is no scorer: No such file.*Name the output of a scorer step"),
        ("{", None, r"scorer\.json: holds no settings of a scorer: Expecting property"),
        ("[]", None, r"holds no settings of a scorer"),
        ({"format": 2}, None, r"scorer\.json: format must be 1\. Train the scorer again with this version"),
        ({"format": 1, "name": "x"}, None, r"holds no settings of a scorer: .*missing 5 required"),
        ({}, None, r"scorer\.safetensors: holds no weights: .*Train the scorer again"),
        ({}, b"no safetensors", r"scorer\.safetensors: holds no weights: "),
        ({}, _weights((5,)), r"as many as a power of two, got float32 of shape \(5,\)"),
        ({}, _weights((4, 4)), r"got float32 of shape \(4, 4\)"),
        ({}, _weights((4,), "float64"), r"weights must be float32, as many as a power of two, got float64"),
        ({}, {"other": np.zeros(4, dtype="float32")}, r"holds no weights: 'weights'"),
    ],
)
def test_what_is_no_scorer_is_told(settings: object, weights: object, message: str, tmp_path: Path) -> None:
    good = {"format": 1, **vars(Settings("x", 100, 0.0, 1.0, 0.0, 0.5))}
    if settings is not None:
        (tmp_path / SETTINGS_FILE).write_text(settings if isinstance(settings, str) else json.dumps(settings or good))
    if isinstance(weights, bytes):
        (tmp_path / WEIGHTS_FILE).write_bytes(weights)
    elif isinstance(weights, dict):
        save_file(weights, tmp_path / WEIGHTS_FILE)
    with pytest.raises(DataError, match=message):
        Scorer.load(tmp_path)


def _one_file(world: str) -> Iterator[Seed]:
    return (replace(seed, group="one") for seed in seeds(world))


@pytest.mark.parametrize(
    ("positives", "negatives", "changes", "message"),
    [
        (seeds("geo", 49), seeds("finance"), {}, r"too few seed documents: 49 positive and 80 negative.*at least 50"),
        ([], [], {}, r"too few seed documents: 0 positive and 0 negative"),
        (_one_file("geo"), seeds("finance"), {}, r"come from 1 positive and 80 negative files.*at least 3 files"),
        (
            seeds("geo"),
            seeds("finance"),
            {"wanted_precision": 0.9},
            r"exactly one of .* must be given, got 0\.95 and 0\.9",
        ),
        (
            seeds("geo"),
            seeds("finance"),
            {"wanted_recall": None},
            r"exactly one of .* must be given, got None and None",
        ),
    ],
)
def test_wrong_seeds_are_told(positives: object, negatives: object, changes: dict[str, float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        train(positives, negatives, replace(OPTIONS, **changes))


def test_sides_that_are_not_told_apart_are_told() -> None:
    """Positives of two worlds, negatives of both: a corpus that is left out is like the negatives."""
    positives = [*seeds("geo"), *seeds("finance")]
    with pytest.raises(DataError, match=r"left-out positive seeds do not score higher than negative ones \(slope -"):
        train(positives, [*seeds("geo", 80, 80), *seeds("finance", 80, 80)], OPTIONS)


def test_rates_by_hand() -> None:
    positive, negative = np.array([0.9, 0.8, 0.6, 0.2]), np.array([0.7, 0.3, 0.1, 0.1, 0.0])
    assert area_under_curve(positive, negative) == pytest.approx(17 / 20)
    assert rates(positive, negative, 0.6) == {
        "threshold": 0.6,
        "recall": 0.75,
        "false_positive_rate": 0.2,
        "precision": pytest.approx(0.75 / 0.95),
    }
    assert rates(positive, negative, 2.0)["precision"] == 1.0
    points = operating_points(positive, negative)
    assert [point["threshold"] for point in points] == [0.8, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]


def test_thresholds_by_hand() -> None:
    positive, negative = np.array([0.9, 0.8, 0.6, 0.2]), np.array([0.7, 0.3, 0.1, 0.1, 0.0])
    # Half of the positives lie above the highest negative; the gap below them ends at 0.7.
    assert choose_threshold(positive, negative, 0.5, None) == pytest.approx(0.75)
    # Three quarters let one negative pass, and so does all above 0.3.
    assert choose_threshold(positive, negative, 0.75, None) == pytest.approx(0.45)
    assert choose_threshold(positive, negative, 1.0, None) == pytest.approx(0.15)
    assert choose_threshold(positive, negative, None, 0.75) == 0.6
    assert choose_threshold(positive, negative, None, 1.0) == 0.8
    with pytest.raises(
        DataError, match=r"no threshold reaches wanted_precision 1\.0 .* the best is 0\.500\. Ask for less"
    ):
        choose_threshold(np.array([0.5, 0.4]), np.array([0.6, 0.5]), None, 1.0)
