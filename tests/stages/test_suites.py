"""The suites stage: files as the contract says, whole groups, own files, and what it tells the user."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from eval.suite import load_split, read_tasks
from pipeline.errors import RecipeError, StepError
from pipeline.identity import Hasher
from pipeline.output import InlineFanout, Output
from pipeline.stage import CheckContext, Inputs, Resources
from stages.suites import Suites

CONTEXT = CheckContext("recipes/geo.yaml: step suites", "geo", ("CC0-1.0",), "laptop")


def output(path: Path) -> Output:
    return Output(path, Resources(), InlineFanout(), "suites")


def own_file(path: Path, count: int = 40, task: str = "exam") -> Path:
    rows = [
        {"id": f"e{i}", "task": task, "suite": "own", "kind": "choice", "question": f"What is {i} and {i}?",
         "choices": [str(2 * i), "none", "all"], "answer": 0} for i in range(count)
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    path = tmp_path_factory.mktemp("suites")
    return path, Suites(worlds=("geo", "medical"), max_questions=160).run(Inputs(), output(path))


def test_tasks_of_all_worlds(written: tuple[Path, Any]) -> None:
    path, metrics = written
    tasks = read_tasks(path)
    assert set(metrics["tasks"]) == set(tasks)
    assert {"geo_choice", "geo_cloze", "geo_choice_control", "geo_cloze_control", "medical_choice"} <= set(tasks)
    for name, task in tasks.items():
        assert task.control == name.endswith("_control")
        assert task.chance == 0.25
        assert name.startswith(task.domain)
    assert tasks["geo_choice"].num == {"train": 160, "dev": 160, "test": 160}


def test_files_match_the_description(written: tuple[Path, Any]) -> None:
    path, _ = written
    facts: dict[str, set[str]] = {}
    for split in ("train", "dev", "test"):
        for name, questions in load_split(path, split).items():
            assert len(questions) == read_tasks(path)[name].num[split]
            facts.setdefault(split, set()).update(question.fact for question in questions)
    assert not facts["train"] & facts["test"]
    assert not facts["dev"] & facts["test"]


def test_groups_stay_whole_under_the_limit(written: tuple[Path, Any]) -> None:
    """In every four questions each of the shared choices is keyed once, so that chance stays exactly 25 %."""
    questions = load_split(written[0], "test")["geo_choice"]
    for start in range(0, len(questions), 4):
        group = questions[start : start + 4]
        assert sorted(one.choices[one.answer] for one in group) == sorted(group[0].choices)
    assert len({tuple(sorted(question.choices)) for question in questions}) > 20


def test_zero_takes_all_and_the_table_is_drawn(tmp_path: Path) -> None:
    metrics: Any = Suites(worlds=("geo",), max_questions=0).run(Inputs(), output(tmp_path))
    assert metrics["tasks"]["geo_choice"]["test"] > 400
    block = json.loads((tmp_path / "blocks" / "000.json").read_text())
    assert block["data"]["columns"][0] == "task"
    assert len(block["data"]["rows"]) == 4


def test_deterministic(written: tuple[Path, Any], tmp_path: Path) -> None:
    Suites(worlds=("geo", "medical"), max_questions=160).run(Inputs(), output(tmp_path))
    for file in sorted((written[0] / "questions").rglob("*.jsonl")):
        assert file.read_bytes() == (tmp_path / file.relative_to(written[0])).read_bytes()


def test_own_files_are_split_by_hash(tmp_path: Path) -> None:
    stage = Suites(files=(str(own_file(tmp_path / "own.jsonl")),), files_domain="geo", max_questions=0)
    stage.check(CONTEXT)
    stage.run(Inputs(), output(tmp_path / "out"))
    task = read_tasks(tmp_path / "out")["exam"]
    assert task.domain == "geo"
    assert task.chance == pytest.approx(1 / 3, abs=1e-5)
    assert task.num["train"] == 0
    assert task.num["dev"] + task.num["test"] == 40
    assert 4 <= task.num["dev"] <= 20


def test_own_file_is_part_of_the_identity(tmp_path: Path) -> None:
    path = own_file(tmp_path / "own.jsonl")
    stage = Suites(files=(str(path),), files_domain="geo")
    before = stage.depends_on(Hasher())
    own_file(path, 41)
    assert stage.depends_on(Hasher()) != before


def test_two_sources_of_one_task(tmp_path: Path) -> None:
    path = own_file(tmp_path / "own.jsonl", task="geo_choice")
    stage = Suites(worlds=("geo",), files=(str(path),), files_domain="general")
    with pytest.raises(StepError, match="task 'geo_choice' comes from two sources"):
        stage.run(Inputs(), output(tmp_path / "out"))


def test_broken_file(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text("{no json}\n")
    with pytest.raises(StepError, match=r"step suites: .*own\.jsonl:1: is not valid JSON"):
        Suites(files=(str(path),), files_domain="geo").run(Inputs(), output(tmp_path / "out"))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "no questions. Name 'worlds', 'public' suites or 'files'"),
        ({"worlds": ("atlantis",)}, "there is no such world. Known are"),
        ({"worlds": ("geo", "geo")}, "worlds: 'geo' is named twice"),
        ({"public": {"nothing": "/nowhere"}}, "suite: must be one of"),
        ({"files": ("/nowhere.jsonl",)}, "there is no /nowhere.jsonl"),
    ],
)
def test_parameters_are_checked(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        Suites(**parameters).check(CONTEXT)


def test_files_need_a_domain(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"files_domain: is missing\. Set it to 'general' or to 'geo'"):
        Suites(files=(str(own_file(tmp_path / "own.jsonl")),)).check(CONTEXT)


def test_no_world_gives_too_few(written: tuple[Path, Any]) -> None:
    counts = Counter(task.num["test"] >= 150 for task in read_tasks(written[0]).values() if task.domain == "geo")
    assert counts == {True: 4}
