"""The dedup stage: one copy of every text stays, the best one, whatever the sharding."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from data_tools.documents import Document
from data_tools.errors import DataError
from pipeline.artifact import Artifact
from pipeline.errors import RecipeError
from pipeline.stage import Estimate, Resources
from stages.decontaminate import Decontaminate
from stages.dedup.stage import STAGE, Dedup
from stages.grade import plain_similarity
from stages.split import Split
from tests.stages.curation_inputs import (
    CONTEXT,
    blocks,
    document,
    documents_artifact,
    dropped,
    kept,
    prose,
    published_files,
    questions_artifact,
    run,
)


def changed(text: str, rate: float, seed: int) -> str:
    rng = random.Random(seed)
    return " ".join(f"new{rng.randrange(10**9)}" if rng.random() < rate else word for word in text.split())


def corpora(tmp_path: Path, num_shards: int = 1, seed: int | None = None) -> list[Artifact]:
    """Two corpora with exact and near duplicates within and across, odd documents, and a huge one."""
    geo = [document(f"geo{i:02}", prose(i, 10)) for i in range(20)]
    geo += [document(f"copy{i}", prose(i, 10).upper().replace(" ", "\n")) for i in range(5)]
    geo += [document(f"near{i}", prose(i, 10).replace(" of ", " in ", 1)) for i in range(10, 15)]
    geo += [document("empty1", ""), document("empty2", ""), document("dots", "..."), document("word1", "Rock"),
            document("word2", "rock"), document("huge", prose(999, 20_000))]  # fmt: skip
    general = [document(f"gen{i:02}", prose(100 + i, 10), "web", "general") for i in range(10)]
    general += [document(f"cross{i}", prose(i, 10) + " The end.", "web", "general") for i in range(15, 18)]
    for documents in (geo, general) if seed is not None else ():
        random.Random(seed).shuffle(documents)
    return [
        documents_artifact(tmp_path / f"{name}{num_shards}{seed}", documents, num_shards)
        for name, documents in (("geo", geo), ("general", general))
    ]


def test_one_copy_of_each_is_kept_and_the_dropped_name_it(tmp_path: Path) -> None:
    given = corpora(tmp_path)
    made = run(Dedup(priority=("geo",)), tmp_path / "made", documents=given)
    gone = dropped(made)
    expected = {f"geo{i:02}": ("exact_duplicate", f"copy{i}") for i in range(5)}
    expected |= {f"near{i}": ("near_duplicate", f"geo{i}") for i in range(10, 15)}  # equally long: the smaller id stays
    expected |= {f"cross{i}": ("near_duplicate", f"geo{i}") for i in range(15, 18)}
    expected |= {"empty2": ("exact_duplicate", "empty1"), "word2": ("exact_duplicate", "word1")}
    assert {id: (row["rule"], row["detail"]) for id, row in gone.items()} == expected
    assert not set(kept(made)) & set(gone)
    assert made.metrics["documents_in"] == 49
    assert made.metrics["documents_out"] == len(kept(made)) == 49 - len(gone)
    assert made.metrics["dropped_by_rule"] == {"exact_duplicate": 7, "near_duplicate": 8}


def test_values_are_the_exact_similarity_and_groups_the_smallest_id(tmp_path: Path) -> None:
    given = corpora(tmp_path)
    made = run(Dedup(), tmp_path / "made", documents=given)
    texts = {row.id: row.text for artifact in given for row in _rows(artifact)}
    for id, row in dropped(made).items():
        assert row["value"] == pytest.approx(plain_similarity(texts[id], texts[row["detail"]], 5)) or texts[id] == ""
    groups = {id: group for id, (group, _) in kept(made).items()}
    assert groups["geo19"] == "geo19"
    for id, row in dropped(made).items():
        assert groups[row["detail"]] == min(id, row["detail"])


def _rows(artifact: Artifact) -> list[Document]:
    from data_tools.documents import read_documents

    return list(read_documents([artifact.path]))


def test_priority_decides_which_corpus_keeps_its_copy(tmp_path: Path) -> None:
    given = corpora(tmp_path)
    by_domain = run(Dedup(priority=("general", "geo")), tmp_path / "a", documents=given)
    assert {"cross15", "cross16", "cross17"} <= set(kept(by_domain))
    assert {"geo15", "geo16", "geo17"} <= set(dropped(by_domain))
    by_corpus = run(Dedup(priority=("rocks",)), tmp_path / "b", documents=given)
    assert {"cross15", "cross16", "cross17"} <= set(dropped(by_corpus))
    table = blocks(by_corpus)[0]["data"]
    assert table["columns"] == ["dropped from \\ kept in", "rocks", "web"]
    assert table["rows"][1] == ["web", 3, 0]
    assert table["rows"][0][0] == "rocks"
    assert table["rows"][0][2] == 0


def test_nothing_depends_on_shards_or_their_order(tmp_path: Path) -> None:
    results = []
    for num_shards, seed in ((1, None), (3, 1), (5, 2)):
        given = corpora(tmp_path, num_shards, seed)
        for order in (given, given[::-1]):
            made = run(Dedup(), tmp_path / f"made{num_shards}{seed}{order is given}", documents=order)
            decisions = {id: (row["rule"], row["detail"], row["value"]) for id, row in dropped(made).items()}
            results.append((kept(made), decisions))
    assert all(result == results[0] for result in results)


def test_two_runs_are_equal_to_the_byte_and_leave_nothing_else(tmp_path: Path) -> None:
    given = corpora(tmp_path, 2)
    one, two = (run(Dedup(), tmp_path / name, documents=given) for name in ("one", "two"))
    assert published_files(one) == published_files(two)
    assert {name.partition("/")[0] for name in published_files(one)} == {
        "keep", "dropped", "blocks", "segments", "fates", "versions", "CURRENT",
    }  # fmt: skip


def test_recall_and_precision_against_brute_force_on_near_duplicates(tmp_path: Path) -> None:
    rates = (0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05)
    documents = [document(f"d{i:03}", prose(i, 15)) for i in range(60)]
    documents += [document(f"n{i:03}", changed(prose(i, 15), rates[i % len(rates)], i)) for i in range(60)]
    given = documents_artifact(tmp_path / "given", documents, 4)
    gone = dropped(run(Dedup(), tmp_path / "made", documents=given))
    texts = {each.id: each.text for each in documents}
    found = missed = 0
    for left, right in itertools.combinations(sorted(texts), 2):
        if left[1:] == right[1:]:
            similarity = plain_similarity(texts[left], texts[right], 5)
            assert (similarity >= 0.8) == (left in gone or right in gone)
            found += similarity >= 0.8
            missed += similarity < 0.8
    assert found >= 25
    assert missed >= 8
    assert len(gone) == found


def test_ten_thousand_copies_of_one_text(tmp_path: Path) -> None:
    text = prose(1, 4)
    documents = [document(f"c{i:05}", text) for i in range(10_000)]
    made = run(Dedup(), tmp_path / "made", documents=documents_artifact(tmp_path / "given", documents, 2))
    assert list(kept(made)) == ["c00000"]
    assert made.metrics["dropped_by_rule"] == {"exact_duplicate": 9_999}
    assert made.metrics["candidate_pairs"] == 0


def test_copies_of_a_dropped_text_follow_it(tmp_path: Path) -> None:
    """B resembles A, B2 is B again: both go, and both name A."""
    text = prose(3, 12)
    documents = [document("a", text + " The end."), document("b", text), document("b2", text)]
    gone = dropped(run(Dedup(), tmp_path / "made", documents=documents_artifact(tmp_path / "given", documents)))
    assert {id: (row["rule"], row["detail"]) for id, row in gone.items()} == {
        "b": ("near_duplicate", "a"),
        "b2": ("near_duplicate", "a"),
    }


def test_texts_that_differ_in_their_figures_alone_are_told_apart(tmp_path: Path) -> None:
    report = "Net sales were {} million, up {} percent, and the margin was {} percent of {} million in all. "
    documents = [
        document(f"r{n}", "".join(report.format(n * 7 + i, i + n, n * 3 + i, n * 11 + i) for i in range(9)))
        for n in range(1, 6)
    ]
    made = run(Dedup(), tmp_path / "made", documents=documents_artifact(tmp_path / "given", documents))
    assert len(kept(made)) == 5


def test_no_documents_at_all(tmp_path: Path) -> None:
    made = run(Dedup(), tmp_path / "made", documents=documents_artifact(tmp_path / "given", []))
    assert made.metrics["documents_in"] == made.metrics["documents_out"] == 0


def test_finished_shards_are_not_signed_again(tmp_path: Path) -> None:
    given = corpora(tmp_path, 2)
    first = run(Dedup(), tmp_path / "made", documents=given)
    signed = tmp_path / "made" / ".signed"
    before = {file.name: file.stat().st_mtime_ns for file in signed.iterdir()}
    again = run(Dedup(), tmp_path / "made", documents=given)
    assert {file.name: file.stat().st_mtime_ns for file in signed.iterdir()} == before
    assert kept(first) == kept(again)


def test_an_id_that_occurs_twice_is_told(tmp_path: Path) -> None:
    given = [documents_artifact(tmp_path / name, [document("same", prose(i))]) for i, name in enumerate("ab")]
    with pytest.raises(DataError, match=r"document ids must be unique over all corpora, got 'same' twice\. Check that"):
        run(Dedup(), tmp_path / "made", documents=given)


def test_tasks_decide_as_the_steps_own_process_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = corpora(tmp_path, 3)
    here = run(Dedup(), tmp_path / "here", documents=given)
    monkeypatch.setattr("stages.dedup.stage.DOCUMENTS_IN_ONE_PROCESS", 0)
    spread = run(Dedup(), tmp_path / "spread", documents=given)
    assert published_files(here) == published_files(spread)
    assert list((tmp_path / "spread" / ".map").glob("pair0/*.json"))
    again = run(Dedup(), tmp_path / "spread", documents=given)
    assert published_files(here) == published_files(again)


def test_a_long_document_is_found_among_its_copies(tmp_path: Path) -> None:
    """Longer than any batch: 3 MB, its copy with an end of its own, and short texts around them."""
    text = " ".join(prose(seed, 400) for seed in range(100))
    assert len(text) > 2_000_000
    documents = [document("long", text), document("longer", text + " The end.")]
    documents += [document(f"d{n}", prose(900 + n)) for n in range(5)]
    gone = dropped(run(Dedup(), tmp_path / "made", documents=documents_artifact(tmp_path / "given", documents)))
    assert {id: (row["rule"], row["detail"]) for id, row in gone.items()} == {"long": ("near_duplicate", "longer")}
    assert 0.9999 < gone["long"]["value"] < 1


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        (Dedup(prefer=("size",)), r"prefer: there is no 'size'\. Use some of corpus, license, score, length"),
        (Dedup(prefer=("score",)), r"score: must be named, and stand in prefer, or neither"),
        (Dedup(score="quality"), r"score: must be named, and stand in prefer, or neither"),
        (Dedup(num_hashes=2), r"num_hashes: 2 hashes catch a pair of similarity 0\.5 with a chance of at most 0\.7500"),
    ],
)
def test_wrong_parameters_are_told_before_anything_runs(stage: Dedup, message: str) -> None:
    with pytest.raises(RecipeError, match=rf"step curate: {message}"):
        stage.check(CONTEXT)


def test_the_report_shows_what_was_lost_and_the_largest_clusters(tmp_path: Path) -> None:
    made = run(Dedup(priority=("geo",)), tmp_path / "made", documents=corpora(tmp_path))
    tables = {block["title"]: block["data"] for block in blocks(made)}
    rates = tables["What each corpus loses, together and alone"]["rows"]
    assert [row[:3] for row in rates] == [["rocks", 36, 12], ["web", 13, 3]]
    assert [row[4] for row in rates] == [12, 0]  # alone, web has no duplicates
    assert tables["Copies of each kept text"]["rows"] == [["1", 19, 19], ["2", 15, 30]]
    assert len(tables["The largest clusters"]["rows"]) == 10
    kept_id, corpus, copies, begins = tables["The largest clusters"]["rows"][0]
    assert (corpus, copies) == ("rocks", 2)
    assert begins
    assert kept_id in kept(made)


def test_parameters_estimate_and_blocks(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"curate: group_threshold: must be at most threshold \(0\.4\), got 0\.5"):
        Dedup(threshold=0.4).check(CONTEXT)
    STAGE().check(CONTEXT)
    sizes = [Estimate(text_bytes=3e6, num_documents=10), Estimate(text_bytes=1e6, num_documents=5)]
    estimate = Dedup().estimate({"documents": sizes}, Resources())
    assert (estimate.text_bytes, estimate.num_documents, estimate.seconds) == (4e6, 15, 4 / 12)
    assert Dedup().estimate({"documents": [Estimate()]}, Resources()) == Estimate()
    made = run(Dedup(), tmp_path / "made", documents=corpora(tmp_path))
    titles = [block["title"] for block in blocks(made)]
    assert titles == [
        "Duplicates across corpora", "What each corpus loses, together and alone", "Copies of each kept text",
        "The largest clusters", "Chance that the buckets catch a pair",
    ]  # fmt: skip
    curve = blocks(made)[4]["data"]["series"][0]
    assert curve["y"][85] > 0.9999
    assert curve["y"][50] == pytest.approx(0.984, abs=1e-3)


PARAGRAPH = (
    "These words stand in many reports of the survey, and they are the same in each of them, word for word, for they "
    "were written once and copied ever after by those who came later."
)


def reports(tmp_path: Path) -> Artifact:
    documents = [document(f"r{n}", f"{prose(n, 9)}\n\n{PARAGRAPH}\n\n{prose(50 + n, 9 - n)}") for n in range(4)]
    documents += [document("only", PARAGRAPH), document("whole", prose(90, 5))]
    return documents_artifact(tmp_path / "reports", documents, 2)


def test_paragraphs_that_stand_in_a_better_document_are_cut_out_down_the_line(tmp_path: Path) -> None:
    given = reports(tmp_path)
    made = run(Dedup(inside="paragraphs"), tmp_path / "made", documents=given)
    assert {id: row["rule"] for id, row in dropped(made).items()} == {"only": "repeated_parts"}
    assert made.metrics["cut_documents"] == 3
    assert made.metrics["cut_bytes"] == 4 * len(PARAGRAPH) + 3 * 2  # a paragraph's empty line goes with it
    assert made.metrics["documents_out"] == len(kept(made)) == 5
    texts = {each.id: text for each, text in _left(given, made)}
    assert [PARAGRAPH in texts[f"r{n}"] for n in range(4)] == [True, False, False, False]
    assert texts["r1"] == f"{prose(1, 9)}\n\n{prose(51, 8)}"
    asked = [
        {"id": "q", "task": "t", "question": "What is the deepest lake of all?", "choices": ["a", "b"], "answer": 0}
    ]
    questions = questions_artifact(tmp_path / "suites", asked)
    clean = run(Decontaminate(), tmp_path / "clean", documents=given, keep=made, questions=questions)
    split = run(Split(), tmp_path / "split", documents=given, keep=clean)
    assert {each.id: text for each, text in _left(given, split)} == texts
    assert clean.metrics["bytes_out"] == sum(len(text.encode()) for text in texts.values())
    assert split.metrics["bytes_out"] == clean.metrics["bytes_out"]
    (table,) = [block["data"] for block in blocks(made) if block["title"] == "Parts that repeat across documents"]
    assert [row[1] for row in table["rows"]] == [3, 1, made.metrics["cut_bytes"]]


def _left(given: Artifact, keep: Artifact) -> list[tuple[Document, str]]:
    from data_tools.keep import read_kept

    return [(each, each.text) for each, _, _ in read_kept({given.key: given.path}, keep.path)]


def test_nothing_is_cut_unless_it_is_asked_for(tmp_path: Path) -> None:
    made = run(Dedup(), tmp_path / "made", documents=reports(tmp_path))
    assert not dropped(made)
    assert made.metrics["cut_bytes"] == 0


@pytest.mark.parametrize(
    ("meta", "reason"),
    [
        ('{"doi":', r"Expecting value: line 1 column 8 \(char 7\)"),
        ("[1]", "no object"),
        (f'{{"quality": 1{"0" * 400}}}', "int too large to convert to float"),
    ],
)
def test_meta_that_cannot_be_used_names_its_document(tmp_path: Path, meta: str, reason: str) -> None:
    given = documents_artifact(tmp_path / "given", [document("fine", prose(1)), document("odd", prose(2), meta=meta)])
    with pytest.raises(DataError, match=rf"parquet: document 'odd': its meta cannot be used \({reason}\), got '"):
        run(Dedup(prefer=("score",), score="quality"), tmp_path / "made", documents=[given])
