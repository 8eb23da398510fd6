"""Dedup against an index whose documents stand: new data loses what it repeats, and nothing that stands goes."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from data_tools.dedup import candidates
from data_tools.documents import Document
from data_tools.errors import DataError
from pipeline.errors import RecipeError
from pipeline.identity import Hasher
from stages.dedup.index import Index, add
from stages.dedup.stage import Dedup
from tests.data_tools.dedup_inputs import changed, plain_jaccard
from tests.stages.curation_inputs import CONTEXT, blocks, document, documents_artifact, dropped, kept, prose, run


def seen() -> list[Document]:
    """Forty texts, some of them near copies of one another."""
    rng = random.Random(7)
    made = [document(f"old{n:02}", prose(n, 8), "books") for n in range(30)]
    return made + [document(f"old{30 + n}", changed(prose(n, 8), rng.choice((0, 0.01, 0.02)), n)) for n in range(10)]


def new() -> list[Document]:
    """Longer and shorter copies of what was seen, copies of one another, texts of their own."""
    rng = random.Random(8)
    made = [document(f"new{n:02}", changed(prose(n, 8), rng.choice((0, 0.005, 0.03)), 50 + n) + " So it is.", "fresh")
            for n in range(0, 30, 2)]  # fmt: skip
    made += [document(f"own{n:02}", changed(prose(200 + n // 2, 8), 0.005 * (n % 2), n), "fresh") for n in range(20)]
    return made


@pytest.fixture
def index(tmp_path: Path) -> Path:
    add(tmp_path / "index", [documents_artifact(tmp_path / "seen", seen(), 2).path], None)
    return tmp_path / "index"


def defined(standing: dict[str, str]) -> dict[str, str]:
    """By the id of each new document that goes: the first kept one before it, those that stand before all."""
    order = sorted(new(), key=lambda one: (-len(one.text), one.id))
    stays, gone = dict(standing), {}
    for one in order:
        copies = [id for id, text in stays.items() if plain_jaccard(text, one.text) >= 0.8]
        if copies:
            gone[one.id] = copies[0]
        else:
            stays[one.id] = one.text
    return gone


@pytest.mark.parametrize("full_size", [17, 1])
def test_what_stands_stays_and_new_copies_of_it_go(
    index: Path, tmp_path: Path, full_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "FULL_SIZE", full_size)
    given = documents_artifact(tmp_path / "new", new(), 3)
    made = run(Dedup(against=str(index), priority=("fresh",)), tmp_path / "made", documents=[given])
    rows = Index.open(index).fates().to_pylist()
    texts = {one.id: one.text for one in seen()}
    stands = sorted((row["id"] for row in rows if not row["rule"]), key=lambda id: (-len(texts[id]), id))
    expected = defined({id: texts[id] for id in stands})
    gone = dropped(made)
    assert {id: row["detail"] for id, row in gone.items()} == expected
    assert 10 < sum(copy.startswith("old") for copy in expected.values()) < len(expected)
    assert set(kept(made)) == {one.id for one in new()} - set(expected)
    assert made.metrics["documents_in"] == 35
    assert made.metrics["documents_out"] == 35 - len(expected)
    overlaps, alone = (blocks(made)[place]["data"] for place in (0, 1))
    assert overlaps["columns"] == ["dropped from \\ kept in", "fresh", "index: books", "index: rocks"]
    assert [row[0] for row in overlaps["rows"]] == [row[0] for row in alone["rows"]] == ["fresh"]
    assert sum(overlaps["rows"][0][1:]) == len(expected)
    assert alone["rows"][0][4] == sum(not copy.startswith("old") for copy in expected.values())


def test_what_was_seen_already_goes_as_a_whole(index: Path, tmp_path: Path) -> None:
    """The same documents, ids and all."""
    again = documents_artifact(tmp_path / "again", seen())
    made = run(Dedup(against=str(index)), tmp_path / "made", documents=[again])
    assert made.metrics["documents_out"] == 0
    assert set(made.metrics["dropped_by_rule"]) == {"exact_duplicate", "near_duplicate"}
    of_new, of_old = (
        {row["id"]: row["kept"] for row in Index.open(one).fates().to_pylist()} for one in (made.path, index)
    )
    assert of_new == of_old


def test_a_full_text_comes_beside_the_abstract_that_stands(tmp_path: Path) -> None:
    meta = json.dumps({"doi": "10.1/x"})
    abstract, full, title = (
        documents_artifact(
            tmp_path / name,
            [document(name, text, source=name, meta=meta), document(f"{name}2", text, source=f"{name}2")],
        )
        for name, text in (("abstract", prose(3, 4)), ("full", prose(4, 30)), ("title", "Rocks."))
    )
    add(tmp_path / "index", [abstract.path], None)
    given = [full, title]
    made = run(Dedup(against=str(tmp_path / "index")), tmp_path / "made", documents=given)
    assert {id: (row["rule"], row["detail"]) for id, row in dropped(made).items()} == {
        "full2": ("exact_duplicate", "full"), "title2": ("same_doi", "full"), "title": ("same_doi", "full"),
    }  # fmt: skip


def test_the_key_follows_what_stands(index: Path, tmp_path: Path) -> None:
    stage = Dedup(against=str(index))
    before = stage.depends_on(Hasher())
    assert before == stage.depends_on(Hasher())
    assert Dedup().depends_on(Hasher()) == {}
    add(index, [documents_artifact(tmp_path / "more", [document("more", prose(77))]).path], None)
    assert stage.depends_on(Hasher()) != before


def test_an_index_that_cannot_be_compared_is_told_before_anything_runs(index: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"step curate: .*none: holds no index\. Make one with strata dedup add"):
        Dedup(against=str(tmp_path / "none")).check(CONTEXT)
    with pytest.raises(RecipeError, match=r"curate: against: .*index: was made with num_hashes 256 instead of 128"):
        Dedup(against=str(index), num_hashes=128).check(CONTEXT)
    (index / "CURRENT").write_text("9\n")
    with pytest.raises(DataError, match=r"index: the index's current version cannot be read"):
        Dedup(against=str(index)).depends_on(Hasher())
