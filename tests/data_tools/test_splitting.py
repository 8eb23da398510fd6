"""Assignment to splits: whole clusters and sources, fixed documents, targets, and parts that are too small."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Any

import pytest

from data_tools.errors import DataError
from data_tools.splitting import STRADDLES, Assignment, Piece, Targets, assign, part_of

TARGETS = {"dev": Targets(0.1, 10**9, 10**9), "test": Targets(0.1, 10**9, 10**9)}


def pieces(num: int, part: str = "domain", per_source: int = 1, per_group: int = 1, size: int = 100) -> list[Piece]:
    return [
        Piece(f"{part}{i:04}", part, f"{part}{i - i % per_group:04}", f"{part}/file{i // per_source}", size)
        for i in range(num)
    ]


def run(given: list[Piece], fixed: dict[str, str] | None = None, **more: Any) -> Assignment:
    options = {"targets": TARGETS, "unit": "source_or_document", "seed": 0, **more}
    return assign(given, fixed or {}, options["targets"], options["unit"], options["seed"])


def counts(made: Assignment, given: list[Piece], part: str) -> Counter[str]:
    return Counter(made.splits[piece.id] for piece in given if piece.part == part)


def splits_by(made: Assignment, given: list[Piece], name: str) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for piece in given:
        found[getattr(piece, name)].add(made.splits[piece.id])
    return found


def test_clusters_and_sources_stay_whole_and_shares_are_met() -> None:
    given = pieces(1_000, per_source=7, per_group=3) + pieces(500, "general", per_source=2)
    made = run(given)
    assert all(len(splits) == 1 for name in ("group", "source") for splits in splits_by(made, given, name).values())
    assert made.units == {"general": "source", "domain": "source"}
    for part, total in (("domain", 1_000), ("general", 500)):
        assert set(counts(made, given, part)) == {"train", "dev", "test"}
        for split in ("dev", "test"):
            assert 0.1 * total <= counts(made, given, part)[split] <= 0.15 * total


def test_nothing_depends_on_order_and_everything_on_the_seed() -> None:
    given = pieces(300, per_source=3)
    shuffled = given.copy()
    random.Random(1).shuffle(shuffled)
    assert run(given).splits == run(shuffled).splits
    assert run(given).splits != run(given, seed=1).splits


def test_a_part_with_few_sources_is_split_by_document_and_says_so() -> None:
    given = pieces(60, per_source=30) + pieces(200, "general")
    made = run(given)
    assert made.units == {"general": "source", "domain": "document"}
    assert set(counts(made, given, "domain")) == {"train", "dev", "test"}
    with pytest.raises(
        DataError,
        match=r"split: the domain part would have no dev documents: 60 documents in 60 "
        r"near-duplicate groups from 2 sources, whole by source, give train 60, dev 0, test 0\. Use unit=",
    ):
        run(given, unit="source")


def test_a_part_with_too_little_text_is_an_error_with_counts() -> None:
    with pytest.raises(
        DataError,
        match=r"the domain part would have no dev documents: 2 documents in 2 .*"
        r"train 2, dev 0, test 0\. Give more text: at least three documents",
    ):
        run(pieces(2) + pieces(50, "general"))
    with pytest.raises(DataError, match=r"50 documents in 1 near-duplicate groups"):
        run(pieces(50, per_group=50))
    assert set(run(pieces(3)).splits.values()) == {"train", "dev", "test"}


def test_one_huge_unit_goes_to_train() -> None:
    for seed in range(20):
        given = [*pieces(200), Piece("huge", "domain", "huge", "huge", 1_000_000)]
        made = run(given, seed=seed)
        assert made.splits["huge"] == "train"
        assert set(made.splits.values()) == {"train", "dev", "test"}


def test_caps_are_kept() -> None:
    given = pieces(1_000)
    capped = {"dev": Targets(0.1, 10**9, 5), "test": Targets(0.1, 2_000, 10**9)}
    made = counts(run(given, targets=capped), given, "domain")
    assert made["dev"] == 5
    assert 20 <= made["test"] <= 30


def test_fixed_documents_keep_their_split_and_their_near_duplicates_take_it() -> None:
    general = pieces(100, "general")
    fixed = run(general).splits
    group_of = {split: next(piece.group for piece in general if fixed[piece.id] == split) for split in TARGETS}
    tied = [Piece(f"tied_{split}", "domain", group, f"d/{split}", 100) for split, group in group_of.items()]
    given = general + pieces(80) + tied
    made = run(given, fixed)
    assert {piece.id: made.splits[piece.id] for piece in general} == fixed
    assert {split: made.splits[f"tied_{split}"] for split in TARGETS} == {"dev": "dev", "test": "test"}
    assert set(counts(made, given, "domain")) == {"train", "dev", "test"}


def test_a_document_between_fixed_splits_straddles() -> None:
    fixed_pieces = [Piece(f"g{i}", "general", f"g{i}", f"g/{i}", 100) for i in range(30)]
    fixed = {piece.id: ("dev", "test", "train")[i % 3] for i, piece in enumerate(fixed_pieces)}
    joined = [Piece(piece.id, "general", "g0", piece.source, 100) if piece.id in ("g0", "g1") else piece
              for piece in fixed_pieces]  # fmt: skip
    given = [*joined, Piece("between", "domain", "g0", "d/x", 100), *pieces(40)]
    made = run(given, fixed)
    assert made.splits["between"] == STRADDLES
    assert made.splits["g0"] == "dev"
    assert made.splits["g1"] == "test"


def test_parts() -> None:
    assert part_of("general") == "general"
    assert part_of("geo") == part_of("finance") == "domain"
