"""The scorer stage: seeds in, a scorer and its evidence out; the same from any shards, and nothing silently wrong."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from data_tools.documents import Document
from data_tools.scoring import SETTINGS_FILE, WEIGHTS_FILE, Scorer
from data_tools.shingles import words_of
from data_tools.worlds.engine import get_world
from pipeline.artifact import Artifact
from pipeline.errors import RecipeError, StepError
from pipeline.stage import Estimate, Resources
from stages.scorer import NUM_BINS, STAGE, ScorerStage
from tests.stages.curation_inputs import CONTEXT, blocks, document, documents_artifact, published_files, run

SMALL = {"chunk_words": 100, "bucket_bits": 14}


@cache
def world(name: str) -> tuple[Document, ...]:
    return tuple(get_world(name).documents(0, 40_000))


def seeds(path: Path, name: str, num_documents: int = 120, num_shards: int = 1) -> Artifact:
    return documents_artifact(path / name, world(name)[:num_documents], num_shards, stage="ingest")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    path = tmp_path_factory.mktemp("scorer")
    return run(
        ScorerStage(**SMALL),
        path / "made",
        positives=[seeds(path, "geo")],
        negatives=[seeds(path, "finance"), seeds(path, "general")],
    )


def test_a_scorer_is_left_with_its_evidence(made: Artifact) -> None:
    assert made.kind == "scorer"
    assert {WEIGHTS_FILE, SETTINGS_FILE} == {name for name in published_files(made) if not name.startswith("blocks/")}
    scorer = Scorer.load(made.path)
    assert scorer.settings.name == made.metrics["measures"] == "relevance"
    assert scorer.threshold == made.metrics["at_threshold"]["threshold"]
    assert made.metrics["at_threshold"]["recall"] >= 0.95
    assert made.metrics["auc"] > 0.99
    assert made.metrics["counts"]["positive_documents"] == 120
    assert made.metrics["counts"]["negative_documents"] == 240
    new = [scorer.score(words_of(each.text)) for each in world("geo")[120:150]]
    assert np.mean([score >= scorer.threshold for score in new]) > 0.8


def test_the_report_shows_scores_thresholds_and_words(made: Artifact) -> None:
    scores, points, corpora, telling = blocks(made)
    assert [block["kind"] for block in (scores, points, corpora, telling)] == ["curves", "table", "table", "table"]
    assert [series["name"] for series in scores["data"]["series"]] == ["positives", "negatives"]
    for series in scores["data"]["series"]:
        assert len(series["x"]) == len(series["y"]) == NUM_BINS
        assert sum(series["y"]) == pytest.approx(1.0)
    note = (
        r"120 positive and 240 negative documents, the positive ones scored without their file\. Area .*: (0\.99|1\.00)"
    )
    assert re.search(note, scores["note"])
    assert [row[:3] for row in corpora["data"]["rows"]] == [
        ["geo_world", "positive", 120],
        ["finance_world", "negative", 120],
        ["general_world", "negative", 120],
    ]
    assert "too few positive corpora to leave one out" in corpora["note"]
    recalls = [float(row[1].rstrip("%")) for row in points["data"]["rows"]]
    assert recalls == sorted(recalls)
    assert recalls[-1] == 100.0
    assert len(telling["data"]["rows"]) == 40
    assert telling["data"]["rows"][0][1].startswith("+")
    assert telling["data"]["rows"][-1][1].startswith("-")


def test_shards_and_order_change_nothing(tmp_path: Path) -> None:
    results = []
    for num_shards in (1, 3):
        path = tmp_path / str(num_shards)
        given = {"positives": seeds(path, "geo", 90, num_shards), "negatives": seeds(path, "finance", 90, num_shards)}
        files = published_files(run(ScorerStage(**SMALL), path / "made", **given))
        results.append({name: data for name, data in files.items() if not name.startswith("blocks/")})
    assert results[0] == results[1]


def test_every_step_of_a_side_gives_its_share(tmp_path: Path) -> None:
    geo = [document(f"g{at}", each.text, "rocks") for at, each in enumerate(world("geo")[:100])]
    few = [document(f"f{at}", each.text, "fields") for at, each in enumerate(world("geo")[100:130])]
    made = run(
        ScorerStage(**SMALL, max_documents=120),
        tmp_path / "made",
        positives=[documents_artifact(tmp_path / "a", geo), documents_artifact(tmp_path / "b", few)],
        negatives=[seeds(tmp_path, "finance")],
    )
    assert made.metrics["counts"]["positive_documents"] == 60 + 30
    assert made.metrics["counts"]["negative_documents"] == 120


def test_several_corpora_are_left_out_in_turn(tmp_path: Path) -> None:
    sides = [
        [document(f"{name}{at}", each.text, f"c{at % 3}") for at, each in enumerate(world(name)[:150])]
        for name in ("geo", "finance")
    ]
    given = dict(
        zip(
            ("positives", "negatives"),
            [documents_artifact(tmp_path / str(at), side) for at, side in enumerate(sides)],
            strict=True,
        )
    )
    made = run(ScorerStage(**SMALL), tmp_path / "made", **given)
    assert made.metrics["left_out_by_corpus"] is True
    rows = [(row["corpus"], row["side"]) for row in made.metrics["by_corpus"]]
    assert rows == [(f"c{number}", side) for side in ("positive", "negative") for number in range(3)]
    assert all(row["documents"] >= 45 for row in made.metrics["by_corpus"])
    assert all((row["kept"] > 0.8) == (row["side"] == "positive") for row in made.metrics["by_corpus"])
    assert "what a corpus that was never seen may expect" in blocks(made)[2]["note"]


def test_parts_of_one_file_are_left_out_together(tmp_path: Path) -> None:
    parts = [document(f"g{at}", each.text, source=f"book.pdf#{at}") for at, each in enumerate(world("geo")[:60])]
    given = {"positives": documents_artifact(tmp_path / "a", parts), "negatives": seeds(tmp_path, "finance")}
    with pytest.raises(StepError, match=r"the seeds come from 1 positive and 120 negative files"):
        run(ScorerStage(**SMALL), tmp_path / "made", **given)


def test_too_few_seeds_are_told(tmp_path: Path) -> None:
    given = {"positives": seeds(tmp_path, "geo", 12), "negatives": seeds(tmp_path, "finance")}
    with pytest.raises(StepError, match=r"step made: scorer: too few seed documents: 12 positive and 120 negative"):
        run(ScorerStage(**SMALL), tmp_path / "made", **given)


def test_the_same_artifact_on_both_sides_is_refused(tmp_path: Path) -> None:
    geo, finance = seeds(tmp_path, "geo"), seeds(tmp_path, "finance")
    with pytest.raises(
        StepError, match=r"the same artifact is given as positives and as negatives: geokey\. Name diff"
    ):
        run(ScorerStage(**SMALL), tmp_path / "made", positives=[geo], negatives=[finance, geo])


@pytest.mark.parametrize(
    ("parameters", "got"),
    [({"wanted_precision": 0.9}, "0.95 and 0.9"), ({"wanted_recall": None}, "None and None")],
)
def test_one_aim_is_needed(parameters: dict[str, float | None], got: str) -> None:
    with pytest.raises(
        RecipeError, match=rf"step curate: exactly one of wanted_recall and wanted_precision .* got {got}"
    ):
        ScorerStage(**parameters).check(CONTEXT)


def test_estimate_and_contract() -> None:
    STAGE().check(CONTEXT)
    STAGE(measures="quality", wanted_recall=None, wanted_precision=0.9).check(CONTEXT)
    sides = {"positives": [Estimate(text_bytes=50e6)], "negatives": [Estimate(text_bytes=50e6)]}
    estimate = STAGE().estimate(sides, Resources())
    assert estimate.seconds == pytest.approx(22)
    assert estimate.disk_bytes == 4 * 2**20
    assert STAGE().estimate({"positives": [Estimate()], "negatives": [Estimate()]}, Resources()) == Estimate()
