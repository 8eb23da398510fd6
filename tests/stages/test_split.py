"""The split stage: keep-lists with splits, fixed documents, and what the report says of small parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_tools.documents import Document
from pipeline.artifact import Artifact
from pipeline.errors import RecipeError, StepError
from pipeline.stage import Estimate, Resources
from stages.dedup.stage import Dedup
from stages.split import STAGE, Split, source_of
from tests.stages.curation_inputs import (
    CONTEXT,
    blocks,
    document,
    documents_artifact,
    dropped,
    kept,
    prose,
    published_files,
    run,
)


def book_parts(num_books: int, num_parts: int, start: int = 0, **more: str) -> list[Document]:
    return [
        document(
            f"{more.get('corpus', 'rocks')}{book:02}_{part}", prose(start + 100 * book + part, 6),
            **{**more, "source": f"book{book}.txt#{part}", "meta": f'{{"part": {part}}}'},
        )
        for book in range(num_books) for part in range(num_parts)
    ]  # fmt: skip


def pipeline(folder: Path, *groups: list[Document], num_shards: int = 2) -> dict[str, list[Artifact] | Artifact]:
    documents = [documents_artifact(folder / f"documents{n}", group, num_shards) for n, group in enumerate(groups)]
    return {"documents": documents, "keep": run(Dedup(), folder / "dedup", documents=documents)}


def test_parts_of_a_book_share_a_split(tmp_path: Path) -> None:
    given = pipeline(tmp_path, book_parts(40, 3), book_parts(30, 2, 9_000, corpus="web", domain="general"))
    made = run(Split(), tmp_path / "made", **given)
    splits: dict[str, set[str]] = {}
    for id, (_, split) in kept(made).items():
        splits.setdefault(id.partition("_")[0], set()).add(split)
    assert all(len(found) == 1 for found in splits.values())
    assert {split for _, split in kept(made).values()} == {"train", "dev", "test"}
    assert set(made.metrics["documents"]) == {"domain", "general"}
    assert sum(made.metrics["documents"]["domain"].values()) == 120
    assert made.metrics["unit"] == {"general": "source", "domain": "source"}
    assert made.metrics["documents_in"] == made.metrics["documents_out"] == 180
    assert made.metrics["sources_in_several_splits"] == 0
    assert len(blocks(made)) == 1


def test_two_books_are_split_by_document_with_a_warning(tmp_path: Path) -> None:
    given = pipeline(tmp_path, book_parts(2, 30))
    made = run(Split(), tmp_path / "made", **given)
    assert made.metrics["unit"] == {"domain": "document"}
    assert set(made.metrics["documents"]["domain"]) == {"train", "dev", "test"}
    warning = blocks(made)[1]["data"]
    assert warning["severity"] == "warning"
    assert warning["text"].startswith("Sources were not kept whole in the domain part")
    with pytest.raises(StepError, match=r"split: the domain part would have no dev documents: 60 documents"):
        run(Split(unit="source"), tmp_path / "other", **given)


def test_sharding_changes_no_split_and_runs_are_equal_to_the_byte(tmp_path: Path) -> None:
    made = {
        num: run(Split(), tmp_path / f"made{num}", **pipeline(tmp_path / str(num), book_parts(40, 3), num_shards=num))
        for num in (1, 4)
    }
    assert kept(made[1]) == kept(made[4])
    again = run(Split(), tmp_path / "again", **pipeline(tmp_path / "4again" / "4", book_parts(40, 3), num_shards=4))
    assert kept(again) == kept(made[4])
    assert kept(run(Split(seed=1), tmp_path / "s", **pipeline(tmp_path / "x", book_parts(40, 3)))) != kept(made[1])
    given = pipeline(tmp_path / "y", book_parts(40, 3))
    one, two = (run(Split(), tmp_path / name, **given) for name in ("one", "two"))
    assert published_files(one) == published_files(two)


def test_fixed_documents_keep_their_split_and_straddlers_go(tmp_path: Path) -> None:
    general = book_parts(60, 1, 9_000, corpus="web", domain="general")
    first = run(Split(), tmp_path / "general", **pipeline(tmp_path / "g", general))
    before = {id: split for id, (_, split) in kept(first).items()}
    texts = {each.id: each.text for each in general}
    dev, test = (next(id for id in sorted(before) if before[id] == split) for split in ("dev", "test"))
    between = document("between", f"{texts[dev]} {texts[test]}")  # similarity to each: just below a half
    documents = [
        documents_artifact(tmp_path / "domain", [*book_parts(40, 1), between]),
        documents_artifact(tmp_path / "web", general),
    ]
    keep = run(Dedup(group_threshold=0.4), tmp_path / "dedup", documents=documents)
    assert kept(keep)[dev][0] == kept(keep)[test][0] == kept(keep)["between"][0]
    made = run(Split(), tmp_path / "made", documents=documents, keep=keep, fixed=first)
    after = {id: split for id, (_, split) in kept(made).items()}
    assert {id: after[id] for id in before} == before
    gone = dropped(made)
    assert {id: row["rule"] for id, row in gone.items()} == {"between": "split_straddles"}
    assert gone["between"]["detail"] == "group between"
    assert made.metrics["dropped_by_rule"] == {"split_straddles": 1}
    assert made.metrics["documents_out"] == 100
    assert made.metrics["already_split"] == 60


def test_near_duplicates_of_fixed_documents_take_their_split(tmp_path: Path) -> None:
    general = book_parts(60, 1, 9_000, corpus="web", domain="general")
    first = run(Split(), tmp_path / "general", **pipeline(tmp_path / "g", general))
    before = {id: split for id, (_, split) in kept(first).items()}
    texts = {each.id: each.text for each in general}
    of = {split: next(id for id in sorted(before) if before[id] == split) for split in ("dev", "test", "train")}
    tied = [document(f"tied_{split}", texts[id] + " " + prose(7 + i, 3)) for i, (split, id) in enumerate(of.items())]
    made = run(
        Split(), tmp_path / "made", fixed=first, **pipeline(tmp_path / "all", [*book_parts(40, 1), *tied], general)
    )
    after = {id: split for id, (_, split) in kept(made).items()}
    assert {split: after[f"tied_{split}"] for split in of} == {split: split for split in of}
    assert made.metrics["dropped_by_rule"] == {}


@pytest.mark.parametrize(
    ("source", "meta", "expected"),
    [
        ("book.txt#3", '{"part": 3}', "book.txt"),
        ("rows.jsonl#12#3", '{"part": 3}', "rows.jsonl#12"),
        ("rows.jsonl#12", "{}", "rows.jsonl#12"),
        ("book.txt", '{"part": 0}', "book.txt"),
        ("geo_world/seed0/7", '{"world": "geo"}', "geo_world/seed0/7"),
    ],
)
def test_the_source_of_a_part_is_its_whole(source: str, meta: str, expected: str) -> None:
    assert source_of(source, meta) == expected


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"curate: dev_share \+ test_share: must be at most 0\.5, got 0\.3 \+ 0\.4"):
        Split(dev_share=0.3, test_share=0.4).check(CONTEXT)
    given = pipeline(tmp_path, [])
    with pytest.raises(StepError, match=r"split: the keep-list .* keeps no document\. Look at what the steps before"):
        run(Split(), tmp_path / "made", **given)
    full = pipeline(tmp_path / "full", book_parts(40, 1))
    with pytest.raises(StepError, match=r"has no split\. Give a split step as 'fixed'"):
        run(Split(), tmp_path / "made2", fixed=full["keep"], **full)


def test_estimate() -> None:
    STAGE().check(CONTEXT)
    assert STAGE().estimate({"keep": [Estimate(text_bytes=50e6)]}, Resources()).seconds == 2.0
    assert STAGE().estimate({"keep": [Estimate()]}, Resources()) == Estimate()
