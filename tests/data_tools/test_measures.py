"""What quality rules measure, against slow counts of the same."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from data_tools.measures import DUPLICATE_RUNS, TOP_RUNS, Measured, count_sentences
from data_tools.word_arrays import split_words


def noisy_texts() -> list[str]:
    """Return texts of a few words over and over, from none to hundreds of them."""
    rng = random.Random(5)
    texts = ["", "a", "a b", "a b a b", "a a a a a a a a a a a a a a"]
    for size in (3, 9, 30, 100, 400):
        for variety in (2, 5, 40):
            words = [f"w{rng.randrange(variety)}" for _ in range(size)]
            texts.append(" ".join(words))
            texts.append(" ".join(words) + ".\n" + " ".join(words[: size // 2]))
    return texts


def top_characters(words: list[str], n: int) -> int:
    runs = [" ".join(words[i : i + n]) for i in range(len(words) - n + 1)]
    counts = {run: runs.count(run) for run in runs}  # in order of first appearance
    best = max(counts, key=lambda run: counts[run], default="")
    return len(best) * counts.get(best, 0)


def duplicate_characters(words: list[str], n: int) -> int:
    seen, place, total = set(), 0, 0
    while place <= len(words) - n:
        run = tuple(words[place : place + n])
        if run in seen:
            total += sum(map(len, run))
            place += n
        else:
            seen.add(run)
            place += 1
    return total


def test_repeated_runs_are_counted_as_the_filters_count_them() -> None:
    texts = noisy_texts()
    measured = Measured(texts)
    for n in TOP_RUNS:
        expected = [top_characters(split_words(text), n) / max(len(text), 1) for text in texts]
        assert measured.top_run_character_share(n).tolist() == pytest.approx(expected)
    exact = Measured(texts, {f"duplicate_{n}_gram_character_share": -1.0 for n in DUPLICATE_RUNS})
    for n in DUPLICATE_RUNS:
        expected = [duplicate_characters(split_words(text), n) / max(len(text), 1) for text in texts]
        assert exact.duplicate_run_character_share(n).tolist() == pytest.approx(expected)


def test_an_upper_bound_spares_work_and_changes_no_verdict() -> None:
    texts = noisy_texts()
    for limit in (0.1, 0.4, 0.8):
        bounded = Measured(texts, {f"duplicate_{n}_gram_character_share": limit for n in DUPLICATE_RUNS})
        exact = replace(bounded, bounds=None)
        for n in DUPLICATE_RUNS:
            found, true = bounded.duplicate_run_character_share(n), exact.duplicate_run_character_share(n)
            assert np.all((found > limit) == (true > limit))
            assert np.all(found[found > limit] == true[found > limit])


@pytest.mark.parametrize(
    ("lines", "sentences"),
    [
        (["One. Two! Three?", "Four"], 4),
        (['He said "yes." She left.'], 2),
        (["Depth 3.5 m ... and more"], 2),
        (["", "Two.", ""], 1),
        ([], 0),
        (["Wait... what?!", "(It ended.)"], 3),
    ],
)
def test_sentences(lines: list[str], sentences: int) -> None:
    assert count_sentences(lines) == sentences


def test_lines_and_paragraphs_are_measured_as_counted_by_hand() -> None:
    text = "- ore\n\n\n- ore\nend...\n\nend...\n\nend...\nIt is a line of more than thirty letters."
    lines = {name: values[0] for name, values in Measured([text]).lines().items()}
    assert lines["duplicate_paragraph_share"] == 0.0 / 4
    assert lines["duplicate_line_share"] == 3 / 6
    assert lines["duplicate_line_character_share"] == (5 + 6 + 6) / len(text)
    assert lines["bullet_line_share"] == 2 / 10
    assert lines["ellipsis_line_share"] == 3 / 10
    assert lines["line_punctuation_share"] == 4 / 6
    assert lines["short_line_share"] == 5 / 6
    assert lines["repeated_line_character_share"] == (5 + 6 + 6) / len(text.replace("\n", ""))


def test_no_text_at_all_measures_nothing() -> None:
    measured = Measured([])
    assert measured.top_run_character_share(2).shape == (0,)
    assert measured.lines()["short_line_share"].shape == (0,)
    assert Measured(["", " "]).alphabetic_word_share().tolist() == [0.0, 0.0]
