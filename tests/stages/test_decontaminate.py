"""The decontaminate stage: documents that hold an evaluated question leave the keep-list."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_tools.contamination import OVERLAP_RULES
from data_tools.documents import read_rows
from data_tools.errors import DataError
from data_tools.shingles import words_of
from pipeline.artifact import Artifact
from pipeline.errors import StepError
from pipeline.stage import Estimate, Resources
from stages.decontaminate import MATCHES_FOLDER, STAGE, Decontaminate
from stages.dedup.stage import Dedup
from tests.stages.curation_inputs import (
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

LONG = "Which of the listed minerals scratches fluorite but is scratched in turn by common orthoclase feldspar?"
QUESTIONS = [
    {"id": "long", "question": LONG, "choices": ["apatite", "talc"]},
    {"id": "short", "question": "Which mineral scratches orthoclase feldspar?", "choices": ["topaz", "talc"]},
    {"id": "cloze", "kind": "cloze", "question": "Orthoclase is scratched by", "choices": ["topaz", "talc"]},
    {"id": "tiny", "question": "Which mineral?", "choices": ["topaz", "talc"]},
]
DOCUMENTS = [
    document("clean", prose(1)),
    document("runs", prose(2) + " " + LONG),
    document("whole", prose(3) + " which mineral scratches ORTHOCLASE, feldspar: topaz."),
    document("stated", prose(4) + " Orthoclase is scratched by topaz."),
    document("other", prose(5) + " Orthoclase is scratched by corundum. Which mineral?"),
    document("gone", prose(1).lower()),
]


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Artifact]:
    documents = documents_artifact(tmp_path / "documents", DOCUMENTS, 2)
    return {
        "documents": documents,
        "keep": run(Dedup(), tmp_path / "dedup", documents=documents),
        "questions": questions_artifact(tmp_path / "suites", QUESTIONS),
    }


def test_contaminated_documents_go_with_question_and_share(given: dict[str, Artifact], tmp_path: Path) -> None:
    made = run(Decontaminate(), tmp_path / "made", **given)
    gone = {id: (row["rule"], row["detail"]) for id, row in dropped(made).items()}
    assert gone == {
        "runs": ("ngram13", "long"),
        "whole": ("whole_question", "short"),
        "stated": ("whole_question", "cloze"),
    }
    before = kept(given["keep"])
    assert kept(made) == {id: entry for id, entry in before.items() if id not in gone}
    assert len(before) == 5  # "gone" is an exact duplicate, and is not looked at
    assert made.metrics["documents_in"] == 5
    assert made.metrics["documents_out"] == 2
    assert made.metrics["dropped_by_rule"] == {"ngram13": 1, "whole_question": 2}
    assert made.metrics["questions"] == 4
    assert made.metrics["questions_found"] == 3
    assert dropped(made)["runs"]["value"] == pytest.approx(16 / 18)
    assert blocks(made)[0]["data"]["rows"] == [["t", 4, 3, 3]]
    shown = blocks(made)[1]["data"]["rows"]
    assert [row[:3] for row in shown] == [
        ["stated.txt", "cloze", "whole_question"],
        ["whole.txt", "short", "whole_question"],
        ["runs.txt", "long", "ngram13"],
    ]
    found = [row for path in sorted((made.path / MATCHES_FOLDER).iterdir()) for row in read_rows(path)]
    assert {row["id"]: row["overlap"] for row in found} == {
        "runs": " ".join(words_of(LONG)),
        "whole": "which mineral scratches orthoclase feldspar",
        "stated": "orthoclase is scratched by topaz",
    }


def test_lengths_are_parameters(given: dict[str, Artifact], tmp_path: Path) -> None:
    made = run(Decontaminate(ngram_words=17, min_question_words=8), tmp_path / "made", **given)
    assert set(dropped(made)) == {"runs"}  # sixteen words, now matched whole


def test_published_rules_can_be_chosen(given: dict[str, Artifact], tmp_path: Path) -> None:
    assert Decontaminate(rule="tulu3").overlap_rule() == OVERLAP_RULES["tulu3"]
    assert Decontaminate(rule="tulu3", min_coverage=0.9).overlap_rule().min_coverage == 0.9
    assert set(dropped(run(Decontaminate(rule="tulu3"), tmp_path / "tulu", **given))) == {"runs", "whole", "stated"}
    strict = run(Decontaminate(rule="tulu3", min_coverage=0.9), tmp_path / "strict", **given)
    assert set(dropped(strict)) == {"whole", "stated"}


def test_two_runs_are_equal_to_the_byte(given: dict[str, Artifact], tmp_path: Path) -> None:
    one, two = (run(Decontaminate(), tmp_path / name, **given) for name in ("one", "two"))
    assert published_files(one) == published_files(two)


def test_a_keep_list_of_other_documents_is_refused(given: dict[str, Artifact], tmp_path: Path) -> None:
    other = documents_artifact(tmp_path / "other", DOCUMENTS)
    with pytest.raises(DataError, match=r"no keep-list for this shard\. Use the keep-list that was made from these"):
        run(Decontaminate(), tmp_path / "made", **{**given, "documents": other})


def test_no_questions_is_an_error(given: dict[str, Artifact], tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    empty = Artifact(tmp_path / "none", {"key": "none", "kind": "questions", "metrics": {}})
    with pytest.raises(StepError, match=r"decontaminate: there is no question below .*none\. Give a suites step"):
        run(Decontaminate(), tmp_path / "made", **{**given, "questions": empty})


def test_estimate() -> None:
    roles = {"keep": [Estimate(text_bytes=4e6)], "documents": [Estimate()], "questions": [Estimate()]}
    assert STAGE().estimate(roles, Resources()).seconds == 2.0
    assert STAGE().estimate({**roles, "keep": [Estimate()]}, Resources()) == Estimate()
