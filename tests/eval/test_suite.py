"""Suites: what is read is what was written, and every kind of wrong question is named."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from eval.errors import EvalError
from eval.suite import (
    Question,
    chance_of,
    check_questions,
    get_suite,
    load_split,
    read_questions,
    read_tasks,
    task_path,
    write_questions,
)
from tests.eval.tiny import build_questions, questions_of

REAL = Path(__file__).resolve().parent.parent.parent.parent / "shared" / "data" / "eval"
GOOD = Question("q1", "geo_choice", "geo", "choice", "What colour is talc?", ("white", "blue"), 0, "talc")


def test_a_folder_comes_back_as_written(tmp_path: Path) -> None:
    build_questions(tmp_path, num=6)
    tasks = read_tasks(tmp_path)
    assert tasks["geo_choice_control"].control
    assert tasks["general_cloze"].domain == "general"
    assert tasks["geo_choice"].num == {"dev": 6, "test": 6}
    found = load_split(tmp_path, "test")
    assert found["geo_choice"] == questions_of("geo_choice", "choice", "geo", 6, salt=1)
    assert chance_of(found["geo_choice"]) == 0.25
    assert load_split(tmp_path, "train") == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer": 2}, "question 'q1': answer must be a position from 0 to 1, got 2"),
        ({"answer": -1}, "answer must be a position from 0 to 1, got -1"),
        ({"choices": ("white",)}, "needs at least two choices, got 1"),
        ({"choices": ("white", "white")}, "two choices are the same"),
        ({"choices": ("white", " ")}, "a choice is empty"),
        ({"question": " "}, "the question is empty"),
        ({"kind": "essay"}, "kind must be one of choice, cloze, got 'essay'"),
    ],
)
def test_wrong_questions_are_refused(change: dict, message: str) -> None:
    check_questions([GOOD], "here")
    with pytest.raises(EvalError, match=message):
        check_questions([replace(GOOD, **change)], "here")


def test_empty_set_and_repeated_id() -> None:
    with pytest.raises(EvalError, match="here: has no questions"):
        check_questions([], "here")
    with pytest.raises(EvalError, match="the id occurs twice"):
        check_questions([GOOD, GOOD], "here")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"x.jsonl:1: is not valid JSON"),
        ("[]", "must be a JSON object, got list"),
        (json.dumps({"id": "q"}), "missing .*answer"),
        (json.dumps({**asdict(GOOD), "key": 1}), r"unknown \['key'\]"),
        (json.dumps({**asdict(GOOD), "answer": "0"}), "answer must be int, got '0'"),
        (json.dumps({**asdict(GOOD), "answer": True}), "answer must be int, got True"),
        (json.dumps({**asdict(GOOD), "choices": [1, 2]}), r"choices must be texts, got \[1, 2\]"),
        ("", "has no questions"),
        (
            json.dumps({**asdict(GOOD), "question": "\ud83d?"}),
            r"x.jsonl:1: holds '\\ud83d', one half of a surrogate pair",
        ),
        (
            '"Gr\xfc\xdfe"'.encode("latin-1"),
            r"x.jsonl: is not UTF-8 \(invalid start byte at byte 3\). Convert the file",
        ),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, line: str | bytes, message: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(line if isinstance(line, bytes) else line.encode())
    with pytest.raises(EvalError, match=message):
        read_questions(path)


def test_separators_inside_texts_and_a_byte_order_mark(tmp_path: Path) -> None:
    """U+2028, U+2029 and U+0085 end a line for ``str.splitlines``, but not in JSON."""
    questions = [replace(GOOD, id=f"q{i}", question="a\u2028b\u2029c\u0085d \U0001f600") for i in range(2)]
    path = tmp_path / "x.jsonl"
    write_questions(path, questions)
    assert read_questions(path) == questions
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_questions(path) == questions
    row = {"query": "Question: soft\u2028?", "choices": ["talc", "topaz"], "gold": 0}
    (tmp_path / "arc_easy.jsonl").write_text("\ufeff" + json.dumps(row, ensure_ascii=False) + "\n")
    assert get_suite("arc_easy").load(tmp_path)[0].question == "soft\u2028?"
    (tmp_path / "arc_easy.jsonl").write_bytes('{"query": "H\xe4rte"}'.encode("latin-1"))
    with pytest.raises(EvalError, match=r"arc_easy.jsonl: is not UTF-8 .* Convert the file"):
        get_suite("arc_easy").load(tmp_path)


def test_wrong_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match="there is no such question file"):
        read_questions(tmp_path / "none.jsonl")
    with pytest.raises(EvalError, match=r"suite.json: there is no such file"):
        read_tasks(tmp_path)
    (tmp_path / "suite.json").write_text("{")
    with pytest.raises(EvalError, match=r"suite.json: is not valid JSON"):
        read_tasks(tmp_path)
    (tmp_path / "suite.json").write_text("{}")
    with pytest.raises(EvalError, match="must describe at least one task"):
        read_tasks(tmp_path)
    (tmp_path / "suite.json").write_text('{"tasks": {"a": {"suite": "a"}}}')
    with pytest.raises(EvalError, match="task 'a': lacks or has a wrong 'domain'"):
        read_tasks(tmp_path)
    with pytest.raises(EvalError, match="split: must be one of train, dev, test, got 'eval'"):
        task_path(tmp_path, "eval", "a")


def test_question_in_another_tasks_file(tmp_path: Path) -> None:
    build_questions(tmp_path, num=2)
    write_questions(task_path(tmp_path, "dev", "geo_cloze"), [GOOD])
    with pytest.raises(EvalError, match="question 'q1': task must be 'geo_cloze', got 'geo_choice'"):
        load_split(tmp_path, "dev")


def test_unknown_suite_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match=r"suite: must be one of arc_challenge, arc_easy, .*, got 'mmlu'"):
        get_suite("mmlu")
    with pytest.raises(EvalError, match=r"piqa.jsonl: suite piqa needs this file. Fetch it from https"):
        get_suite("piqa").load(tmp_path)


def test_gauntlet_rows(tmp_path: Path) -> None:
    rows = [
        {"query": "Question: Which is soft?", "choices": ["talc", "topaz"], "gold": 0},
        {"query": "Question:  which is SOFT?", "choices": ["topaz", "talc"], "gold": 1},  # the same, asked again
        {"query": "Question: Which is hard?", "choices": ["talc", "topaz"], "gold": 1},
        {"query": "Question: Which is hard?", "choices": ["talc", "topaz"], "gold": 0},  # another key: neither counts
        {"query": "Question: Same?", "choices": ["talc", "talc "], "gold": 0},
        {"query": "Passage: Talc is soft.\nQuestion: is talc hard?", "choices": ["yes", "no"], "gold": 1},
        {"query": "Oak tree seeds are", "choices": ["planted", "eaten"], "gold": 0},
    ]
    (tmp_path / "arc_easy.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    found = get_suite("arc_easy").load(tmp_path)
    assert [(one.kind, one.question) for one in found] == [
        ("choice", "Which is soft?"),
        ("cloze", "Passage: Talc is soft.\nQuestion: is talc hard?\nAnswer:"),
        ("cloze", "Oak tree seeds are"),
    ]
    (tmp_path / "arc_easy.jsonl").write_text('{"query": "x"}')
    with pytest.raises(EvalError, match=r"arc_easy.jsonl:1: must have query, choices and gold"):
        get_suite("arc_easy").load(tmp_path)


def test_geobench_rows(tmp_path: Path) -> None:
    content = {
        "choice": {
            "question": ["Which?\nChoose from:\n\nA. talc\nB. topaz", "Two?\nChoose from:\nA. a\nB. b", "No options?"],
            "answer": ["B", "AB", "A"],
        },
        "tf": {"question": ["Minerals all have cleavage", "Odd"], "answer": ["False", "perhaps"]},
    }
    (tmp_path / "geobench_npee.json").write_text(json.dumps(content))
    choice, truth = get_suite("geobench").load(tmp_path)
    assert (choice.question, choice.choices, choice.answer) == ("Which?", ("talc", "topaz"), 1)
    assert (truth.task, truth.choices[truth.answer]) == ("geobench_true_false", "False")
    (tmp_path / "geobench_npee.json").write_text("[]")
    with pytest.raises(EvalError, match="must hold an object, got list"):
        get_suite("geobench").load(tmp_path)


def test_pubmedqa_rows(tmp_path: Path) -> None:
    row = {"QUESTION": "Does it?", "CONTEXTS": ["We saw.", "It did."], "final_decision": "yes"}
    (tmp_path / "ori_pqal.json").write_text(json.dumps({"1": row}))
    (found,) = get_suite("pubmedqa").load(tmp_path)
    assert found.question == "Abstract: We saw. It did.\nQuestion: Does it?\nAnswer:"
    (tmp_path / "ori_pqal.json").write_text(json.dumps({"1": {**row, "final_decision": "no idea"}}))
    with pytest.raises(EvalError, match=r"1: final_decision must be one of .*, got 'no idea'"):
        get_suite("pubmedqa").load(tmp_path)


@pytest.mark.skipif(
    not REAL.is_dir(), reason="../shared/data/eval is absent: real question sets are not in the project"
)
@pytest.mark.parametrize(
    ("name", "folder", "at_least"),
    [("arc_easy", "general", 2200), ("openbook_qa", "general", 480), ("piqa", "general", 1700),
     ("boolq", "general", 3000), ("arc_challenge", "general", 1100),
     ("geobench", "geobench", 190), ("pubmedqa", "pubmedqa", 990)],
)  # fmt: skip
def test_real_sets_are_read(name: str, folder: str, at_least: int) -> None:
    questions = get_suite(name).load(REAL / folder)
    assert len(questions) >= at_least
    keys = Counter(question.answer for question in questions)
    assert len(keys) > 1, "a set with one key for all would be read wrongly"
