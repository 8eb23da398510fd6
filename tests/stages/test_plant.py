"""The plant stage: shards, labels, resuming, determinism, and what it tells the user."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from data_tools.documents import documents_writer, read_documents, shards
from data_tools.planting.labels import KINDS, read_labels
from data_tools.worlds.engine import get_world
from pipeline.artifact import Artifact
from pipeline.errors import RecipeError, StepError
from pipeline.output import InlineFanout, Output
from pipeline.stage import CheckContext, Estimate, Inputs, Resources
from stages.plant import STAGE, Plant

CONTEXT = CheckContext("recipes/geo.yaml: step planted_domain", "geo", ("CC0-1.0",), "laptop")


def output(path: Path) -> Output:
    return Output(path, Resources(), InlineFanout(), "planted_domain")


def documents_artifact(path: Path, world: str, num_shards: int, num_tokens: int = 50_000) -> Artifact:
    for shard in range(num_shards):
        with documents_writer(path, shard) as writer:
            for document in get_world(world).documents(0, num_tokens, shard, num_shards):
                writer.write(document)
    return Artifact(path, {"key": f"{path.name}key", "stage": "ingest", "kind": "documents", "metrics": {}})


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    root = tmp_path_factory.mktemp("plant")
    rows = [
        {"id": f"q{i}", "question": f"What is thing {i}\u2028of the list?", "choices": ["a1", "b2"], "answer": i % 2,
         "kind": "choice", "task": "t", "suite": "s", "fact": ""} for i in range(30)
    ]  # fmt: skip
    folder = root / "suites" / "questions" / "test"
    folder.mkdir(parents=True)
    folder.joinpath("t.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n")
    folder.joinpath("t_control.jsonl").write_text(json.dumps({**rows[0], "id": "never"}) + "\n")
    questions = Artifact(root / "suites", {"key": "qkey", "stage": "suites", "kind": "questions", "metrics": {}})
    return Inputs(
        documents=[documents_artifact(root / "geo", "geo", 3)],
        others=[documents_artifact(root / "other", "medical", 1, 20_000)],
        questions=[questions],
    )


def files(path: Path) -> dict[str, bytes]:
    return {
        file.relative_to(path).as_posix(): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file() and not file.relative_to(path).parts[0].startswith(".")
    }


def test_documents_labels_metrics_and_block(inputs: Inputs, tmp_path: Path) -> None:
    metrics: Any = Plant(num_per_kind=4, max_share=0.5).run(inputs, output(tmp_path))
    labels = list(read_labels(tmp_path))
    assert Counter(label.kind for label in labels) == dict.fromkeys(KINDS, 4) == metrics["planted"]
    assert [label.id for label in labels] == sorted(label.id for label in labels)
    documents = list(read_documents([tmp_path]))
    assert metrics["documents_out"] == len(documents) == metrics["documents_in"] + 4 * 5
    assert metrics["bytes_out"] == sum(len(document.text.encode()) for document in documents)
    assert {label.id for label in labels} <= {document.id for document in documents}
    names = [shard.stem for shard in shards(tmp_path)]
    assert {"00000", "00001", "00002", "planted"} <= set(names)
    block = json.loads((tmp_path / "blocks" / "000.json").read_text())
    assert block["title"] == "Planted defects"
    assert ["near", 4, 4, "dedup"] in block["data"]["rows"]


def test_only_test_questions_and_no_controls(inputs: Inputs, tmp_path: Path) -> None:
    Plant(num_per_kind=0, counts={"question": 20}, max_share=0.5).run(inputs, output(tmp_path))
    labels = list(read_labels(tmp_path))
    assert {label.kind for label in labels} == {"question"}
    assert len({label.of for label in labels}) == 20
    assert "never" not in {label.of for label in labels}


def test_same_bytes_again_and_after_a_crash(inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Plant(num_per_kind=3, max_share=0.5)
    stage.run(inputs, output(tmp_path / "once"))
    import stages.plant

    real = stages.plant.plant_one_shard

    def crashing(shard: str, **arguments: Any) -> Any:
        if shard.endswith("00002.parquet"):
            raise KeyboardInterrupt
        return real(shard, **arguments)

    monkeypatch.setattr(stages.plant, "plant_one_shard", crashing)
    with pytest.raises(KeyboardInterrupt):
        stage.run(inputs, output(tmp_path / "twice"))
    calls: list[str] = []

    def counting(shard: str, **arguments: Any) -> Any:
        calls.append(Path(shard).stem)
        return real(shard, **arguments)

    monkeypatch.setattr(stages.plant, "plant_one_shard", counting)
    stage.run(inputs, output(tmp_path / "twice"))
    assert calls == ["00002"]
    assert files(tmp_path / "once") == files(tmp_path / "twice")


def test_without_others_and_questions(inputs: Inputs, tmp_path: Path) -> None:
    metrics: Any = Plant(num_per_kind=2).run(Inputs(documents=inputs["documents"]), output(tmp_path))
    assert metrics["planted"]["cross"] == metrics["planted"]["question"] == 0
    assert metrics["planted"]["exact"] == 2


def test_share_is_capped(inputs: Inputs, tmp_path: Path) -> None:
    metrics: Any = Plant(num_per_kind=1000, max_share=0.1).run(inputs, output(tmp_path))
    assert 0 < sum(metrics["planted"].values()) <= 0.1 * metrics["documents_in"]


def test_no_documents_is_an_error(tmp_path: Path) -> None:
    with documents_writer(tmp_path / "empty", 0):
        pass
    empty = Artifact(tmp_path / "empty", {"key": "k", "stage": "ingest", "kind": "documents", "metrics": {}})
    with pytest.raises(
        StepError, match=r"step planted_domain: .*holds no documents, so there is nothing to plant into"
    ):
        STAGE().run(Inputs(documents=[empty]), output(tmp_path / "out"))


def test_broken_question_is_an_error(inputs: Inputs, tmp_path: Path) -> None:
    folder = tmp_path / "q" / "questions" / "test"
    folder.mkdir(parents=True)
    folder.joinpath("t.jsonl").write_text('{"id": 1}\n')
    broken = Artifact(tmp_path / "q", {"key": "k", "stage": "suites", "kind": "questions", "metrics": {}})
    with pytest.raises(StepError, match=r"step planted_domain: .*t\.jsonl:1: fields must be .* missing"):
        Plant().run(Inputs(documents=inputs["documents"], questions=[broken]), output(tmp_path / "out"))


def test_parameters_are_checked() -> None:
    with pytest.raises(RecipeError, match=r"counts: unknown kind of defect, got 'typo'. Use some of exact, near"):
        Plant(counts={"typo": 1}).check(CONTEXT)
    with pytest.raises(RecipeError, match=r"counts\.near: must be >= 0, got -1"):
        Plant(counts={"near": -1}).check(CONTEXT)
    with pytest.raises(ValidationError, match="max_share"):
        Plant(max_share=1.5)


def test_estimate_follows_the_documents() -> None:
    estimate = Plant().estimate({"documents": [Estimate(text_bytes=8e6, num_documents=10)]}, Resources())
    assert (estimate.seconds, estimate.num_documents) == (1.0, 10)
    assert Plant().estimate({"documents": [Estimate()]}, Resources()) == Estimate()
