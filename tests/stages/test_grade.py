"""The grade stage: planted defects against what the stages did, counted by hand and end to end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data_tools.documents import documents_writer
from data_tools.planting.labels import Label, labels_writer, make_label
from data_tools.worlds.engine import get_world
from pipeline.artifact import Artifact
from pipeline.errors import StepError
from pipeline.stage import Estimate, Resources
from stages.clean.stage import Clean
from stages.decontaminate import Decontaminate
from stages.dedup.stage import Dedup
from stages.grade import BINS, GRADES_FILE, STAGE, Grade, plain_similarity
from stages.plant import Plant
from tests.stages.curation_inputs import artifact, blocks, document, documents_artifact, prose, questions_artifact, run

QUESTION = {"id": "q", "question": "Which mineral scratches orthoclase feldspar?", "choices": ["topaz", "talc"]}


def labelled(path: Path, documents: list, labels: list[Label]) -> Artifact:
    made = documents_artifact(path, documents, stage="plant")
    with labels_writer(path) as writer:
        for label in labels:
            writer.write(label)
    return made


def chain(tmp_path: Path, planted: Artifact, questions: Artifact) -> dict[str, list[Artifact]]:
    clean = run(Clean(rules="geo"), tmp_path / "clean", documents=planted)
    dedup = run(Dedup(), tmp_path / "dedup", documents=clean)
    decontaminate = run(Decontaminate(), tmp_path / "decontaminate", documents=clean, keep=dedup, questions=questions)
    return {"labels": [planted], "clean": [clean], "keep": [dedup, decontaminate]}


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, list[Artifact]]:
    moji = "Zoë said – so."
    documents = [
        *(document(f"good{i}", prose(i)) for i in range(8)),
        document("exact", prose(0)),
        document("near", prose(1).replace(" of ", " in ", 1)),
        document("far", " ".join(w if i % 4 else f"x{i}" for i, w in enumerate(prose(2).split()))),
        document("orphan", prose(99)),
        document("moji", prose(20) + " " + moji.encode().decode("latin-1")),
        document("unrepaired", prose(21)),
        document("mail", prose(22) + " Write to ann@rocks.example now."),
        document("left", prose(23) + " Call 12 34 now."),
        document("noise", "xqz kvw jjq zzx " * 60),
        document("english", prose(24)),
        document("asked", prose(25) + " Which mineral scratches orthoclase feldspar?"),
        document("unasked", prose(26)),
        document("natural", prose(3).replace(" of ", " in ", 1)),
        document("cut", "The river of the site"),
        document("stub", "See the other page for it"),
    ]
    labels = [
        make_label("exact", "exact", 1.0, "good0"),
        make_label("near", "near", 0.9, "good1", rate=0.01, operation="replace"),
        make_label("far", "near", 0.2, "good2", rate=0.5, operation="replace"),
        make_label("orphan", "near", 0.9, "not there"),
        make_label("moji", "mojibake", 0.1, lost=["Zoë", "–"]),
        make_label("unrepaired", "mojibake", 0.1, lost=["Zoë"]),
        make_label("mail", "email", 1.0, planted=["ann@rocks.example"]),
        make_label("left", "phone", 1.0, planted=["12 34"]),
        make_label("noise", "gibberish", 1.0),
        make_label("english", "wrong_language", 1.0, language="de"),
        make_label("asked", "question", 1.0, "q"),
        make_label("unasked", "question", 1.0, "q"),
        make_label("cut", "truncation", 0.1),
    ]
    planted = labelled(tmp_path / "planted", documents, labels)
    return chain(tmp_path, planted, questions_artifact(tmp_path / "suites", [QUESTION]))


def test_grades_equal_a_count_by_hand(inputs: dict[str, list[Artifact]], tmp_path: Path) -> None:
    made = run(Grade(), tmp_path / "grade", **inputs)
    grades = json.loads((made.path / GRADES_FILE).read_text())
    found = {kind: (row["planted"], row["presented"], row["found"]) for kind, row in grades["kinds"].items()}
    assert found == {
        "exact": (1, 1, 1),
        "near": (3, 2, 1),
        "mojibake": (2, 2, 1),
        "gibberish": (1, 1, 1),
        "wrong_language": (1, 1, 0),
        "truncation": (1, 1, 1),
        "email": (1, 1, 1),
        "phone": (1, 1, 0),
        "question": (2, 2, 1),
    }
    assert made.metrics["recall"]["near"] == 0.5
    assert grades["near_recall_at_0.85"] == 1.0
    assert grades["near_presented_at_0.85"] == 1
    assert {row["from"]: (row["presented"], row["found"]) for row in grades["near_by_similarity"]} == {
        0.0: (1, 0),
        0.95: (1, 1),
    }
    drops = grades["drops"]
    # The natural near duplicate is labelled by nobody and is right all the same; the stub is not labelled either.
    assert (drops["dedup"]["dropped"], drops["dedup"]["right"], drops["dedup"]["precision"]) == (3, 3, 1.0)
    assert (drops["clean"]["dropped"], drops["clean"]["right"]) == (3, 2)
    assert drops["clean"]["others_by_rule"] == {"unfinished": 1}
    assert drops["clean"]["others_share_of_good"] == pytest.approx(1 / (23 - 13), abs=1e-6)
    assert drops["decontaminate"]["precision"] == 1.0
    assert len(blocks(made)) == 4


def test_a_false_drop_lowers_precision(inputs: dict[str, list[Artifact]], tmp_path: Path) -> None:
    """The same drops judged against a threshold that they do not reach."""
    dedup, decontaminate = inputs["keep"]
    strict = artifact(dedup.path, "dedup", "keep", {}, {**dedup.parameters, "threshold": 0.999})
    made = run(Grade(), tmp_path / "grade", **{**inputs, "keep": [decontaminate, strict]})
    grades = json.loads((made.path / GRADES_FILE).read_text())
    assert grades["drops"]["dedup"]["right"] == 1
    assert grades["drops"]["dedup"]["others_by_rule"] == {"near_duplicate": 2}


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("a b c d e f", "a b c d e g", 1 / 3),
        ("a b", "A, b!", 1.0),
        ("a b", "a c", 0.0),
        ("", "", 1.0),
        ("!", "?", 0.0),
        ("", "a", 0.0),
    ],
)
def test_plain_similarity(left: str, right: str, expected: float) -> None:
    assert plain_similarity(left, right, 5) == pytest.approx(expected)


def test_missing_labels_and_steps_are_told(inputs: dict[str, list[Artifact]], tmp_path: Path) -> None:
    with pytest.raises(StepError, match=r"labels\.parquet: there are no labels\. Give plant steps under needs\.labels"):
        run(Grade(), tmp_path / "a", **{**inputs, "labels": inputs["clean"]})
    with pytest.raises(StepError, match=r"needs\.keep lacks a decontaminate step, got \['dedup'\]\. Name it there"):
        run(Grade(), tmp_path / "b", **{**inputs, "keep": inputs["keep"][:1]})


def test_estimate() -> None:
    assert STAGE().estimate({"clean": [Estimate(text_bytes=30e6)]}, Resources()).seconds == 2.0
    assert STAGE().estimate({"clean": [Estimate()]}, Resources()) == Estimate()
    assert list(BINS) == sorted(BINS)


def test_the_chain_finds_what_is_planted_into_a_world(tmp_path: Path) -> None:
    with documents_writer(tmp_path / "world", 0) as writer:
        for each in get_world("geo").documents(0, 150_000):
            writer.write(each)
    world = artifact(tmp_path / "world", "ingest", "documents", {}, {})
    asked = [question for question in get_world("geo").questions(0) if question.split == "test"][:300]
    names = ("id", "question", "choices", "answer", "kind", "fact")
    rows = [{name: getattr(question, name) for name in names} for question in asked]
    questions = questions_artifact(tmp_path / "suites", rows)
    planted = run(Plant(num_per_kind=40, max_share=0.9), tmp_path / "plant", documents=world, questions=questions)
    made = run(Grade(), tmp_path / "grade", **chain(tmp_path, planted, questions))
    recall = made.metrics["recall"]
    assert recall["exact"] == 1.0
    assert made.metrics["near_recall_at_0.85"] >= 0.95
    assert made.metrics["precision"]["dedup"] >= 0.99
    assert min(rate for kind, rate in recall.items() if kind != "near") >= 0.95
    grades = json.loads((made.path / GRADES_FILE).read_text())
    assert grades["drops"]["clean"]["others_share_of_good"] < 0.01
    assert grades["drops"]["decontaminate"]["others_by_rule"] == {}
