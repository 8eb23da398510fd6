"""Parts of documents that repeat in others: paragraphs and spans of sentences, one copy of each stays."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from data_tools.arrays import save_array
from data_tools.boilerplate import Table, merge
from data_tools.dedup.inside import Kind, count_parts, cut_parts, parts_of
from data_tools.keep import Kept
from tests.stages.curation_inputs import prose

LONG = "These words stand in many reports of the survey, and they are the same in each of them, word for word, always."
OTHER = "Another paragraph that is set into several reports, long enough to count, with nothing in it of the first one."


def deduplicated(texts: list[str], tmp_path: Path, kind: Kind = "paragraphs", min_words: int = 12) -> list[str]:
    """Cut the parts of texts, the best first, in two shards."""
    parts = [parts_of(text, kind, min_words) for text in texts]
    for shard in range(2):
        numbered = [(rank, part) for rank, part in enumerate(parts) if rank % 2 == shard]
        save_array(tmp_path / f"{shard}.npy", count_parts(numbered))
    table = Table.of(merge([tmp_path / f"{shard}.npy" for shard in range(2)], 2))
    cuts = [cut_parts(part, rank, table).spans for rank, part in enumerate(parts)]
    return [
        Kept("", "", json.dumps(spans) if spans else "").text_of(text) for text, spans in zip(texts, cuts, strict=True)
    ]


def test_one_copy_of_a_paragraph_stays_in_the_best_document(tmp_path: Path) -> None:
    texts = [
        f"{prose(1)}\n\n{prose(2)}",
        f"{prose(3)}\n\n{LONG}\n\n{prose(4)}",
        f"{LONG}\n\n{OTHER}\n\n{prose(5)}",
        f"{prose(6)}\n\n{OTHER.upper()}\n\n{LONG}",
        f"Short line.\n\n{prose(7)}\n\nShort line.",
        f"Short line.\n\n{prose(8)}",
    ]
    left = deduplicated(texts, tmp_path)
    assert left[:2] == texts[:2]
    assert left[2] == f"{OTHER}\n\n{prose(5)}"
    assert left[3] == prose(6)
    assert left[4:] == texts[4:]  # too short to count


def test_a_paragraph_twice_in_its_best_document_stays_once_and_alone_in_one_document_always(tmp_path: Path) -> None:
    texts = [f"{LONG}\n\n{prose(1)}\n\n{LONG}", f"{prose(2)}\n\n{LONG}", f"{OTHER}\n\n{prose(3)}\n\n{OTHER}"]
    left = deduplicated(texts, tmp_path)
    assert left == [f"{LONG}\n\n{prose(1)}", prose(2), texts[2]]


def test_spans_of_three_sentences(tmp_path: Path) -> None:
    a, b, c, d, e, f = (prose(seed, 1) for seed in range(6))
    texts = [f"{a} {b} {c} {d}", f"{e} {b} {c} {d} {f}", f"{e} {a} {b} {f}", f"{d} {e} {f}"]
    left = deduplicated(texts, tmp_path, "spans")
    assert left == [texts[0], f"{e}  {f}", texts[2], texts[3]]


def test_a_span_whose_copy_stays_is_not_cut_by_one_that_overlaps_it(tmp_path: Path) -> None:
    a, b, c, d = (prose(seed, 1) for seed in range(4))
    texts = [f"{a} {b} {c}", f"{a} {b} {c} {d}", f"{b} {c} {d}"]
    left = deduplicated(texts, tmp_path, "spans")
    assert left == [texts[0], f"{b} {c} {d}", ""]


@pytest.mark.parametrize("kind", ["paragraphs", "spans"])
def test_no_part_is_lost(tmp_path: Path, kind: Kind) -> None:
    """Of random texts made of a few sentences, every shared part and every sentence is still in some document."""
    rng = random.Random(4)
    pool = [prose(seed, 1) for seed in range(12)]
    join = "\n\n" if kind == "paragraphs" else " "
    for trial in range(30):
        texts = [join.join(rng.choices(pool, k=rng.randint(1, 7))) for _ in range(8)]
        left = deduplicated(texts, tmp_path / str(trial), kind, 5)
        held_by = Counter(one for text in texts for one in set(parts_of(text, kind, 5).hashes.tolist()))
        after = {one for text in left for one in parts_of(text, kind, 5).hashes.tolist()}
        assert {one for one, number in held_by.items() if number > 1} <= after  # what is shared stays whole, once
        assert all(any(sentence in text for text in left) for sentence in pool if any(sentence in one for one in texts))
        if kind == "paragraphs":
            held = [one for text in left for one in set(parts_of(text, kind, 5).hashes.tolist())]
            assert len(held) == len(set(held))
        assert sum(map(len, left)) <= sum(map(len, texts))


def test_what_is_cut_leaves_no_gap_of_empty_lines() -> None:
    text = "One.\n\nTwo.\n\nThree."
    assert Kept("", "", "[[6, 10]]").text_of(text) == "One.\n\nThree."
    assert Kept("", "", "[[0, 4]]").text_of(text) == "Two.\n\nThree."
    assert Kept("", "").text_of(text) == text


def test_long_runs_of_blanks_cost_no_time() -> None:
    text = "a b c." + " " * 300_000 + "\nx" + " " * 300_000
    assert parts_of(text, "paragraphs", 1).spans == [(0, 6), (300_007, 300_008)]
