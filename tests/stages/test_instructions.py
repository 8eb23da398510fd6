"""The instructions stage: worlds and own files, splits that share no fact, and what it tells the user."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import RecipeError, StepError
from pipeline.output import InlineFanout, Output
from pipeline.stage import CheckContext, Inputs, Resources
from stages.instructions import Instructions
from stages.sft.conversations import read_conversations

CONTEXT = CheckContext("recipes/geo.yaml: step instructions", "geo", ("CC0-1.0",), "laptop")
TALK = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Good day."}]


def run(path: Path, **parameters: Any) -> tuple[Any, dict[str, list[Any]]]:
    stage = Instructions(**parameters)
    stage.check(CONTEXT)
    metrics = stage.run(Inputs(), Output(path, Resources(), InlineFanout(), "instructions"))
    rows = {
        split: [json.loads(line) for line in (path / "instructions" / f"{split}.jsonl").read_text().splitlines()]
        for split in ("train", "dev")
    }
    return metrics, rows


def test_worlds(tmp_path: Path) -> None:
    metrics, rows = run(tmp_path, worlds=("geo",), max_conversations=1000)
    assert len(rows["train"]) + len(rows["dev"]) == 1000
    assert metrics["conversations"]["geo"] == {"dev": len(rows["dev"]), "train": len(rows["train"])}
    assert 10 <= len(rows["dev"]) <= 120
    for row in rows["train"] + rows["dev"]:
        assert set(row) == {"id", "source", "messages"}
        assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
    assert not {row["id"] for row in rows["train"]} & {row["id"] for row in rows["dev"]}


def test_all_of_a_world_and_the_same_again(tmp_path: Path) -> None:
    _, rows = run(tmp_path / "a", worlds=("geo",), max_conversations=0)
    assert len(rows["train"]) >= 1500
    run(tmp_path / "b", worlds=("geo",), max_conversations=0)
    for split in ("train", "dev"):
        name = f"instructions/{split}.jsonl"
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_own_file(tmp_path: Path) -> None:
    path = tmp_path / "talks.jsonl"
    path.write_text("\n".join(json.dumps({"messages": TALK * (1 + i % 2)}) for i in range(60)) + "\n\n")
    metrics, rows = run(tmp_path / "out", files=(str(path),), dev_share=0.3)
    assert len(rows["train"]) + len(rows["dev"]) == 60
    assert rows["dev"]
    assert rows["train"][0]["messages"][:2] == TALK
    assert rows["train"][0]["source"] == "talks.jsonl"
    assert "talks.jsonl" in metrics["conversations"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"talks\.jsonl:1: is not valid JSON"),
        ('{"text": 1}', "must be an object with a list 'messages'"),
        (json.dumps({"messages": TALK[1:]}), "message 1: role must be 'user', got 'assistant'"),
        (json.dumps({"messages": TALK[:1]}), "the last message must be the assistant's, got a user's. Add the answer"),
        (json.dumps({"messages": [{"role": "user", "content": " "}]}), "message 1: content must be a text, got ' '"),
        (
            json.dumps({"messages": [{"role": "user", "content": "a\ud800"}]}),
            r"jsonl:1: holds '\\ud800', one half of a",
        ),
    ],
)
def test_bad_lines(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "talks.jsonl"
    path.write_text(line)
    with pytest.raises(StepError, match=message):
        run(tmp_path / "out", files=(str(path),))


@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_separators_inside_texts_survive_up_to_fine_tuning(tmp_path: Path, ensure_ascii: bool) -> None:
    """U+2028, U+2029 and U+0085 end a line for ``str.splitlines``, but not in JSON; nor do other marks of editors."""
    talk = [{"role": "user", "content": "a\u2028b\u2029c\u0085d"}, {"role": "assistant", "content": "\U0001f600\ufeff"}]
    lines = [json.dumps({"id": f"t{i}", "messages": talk}, ensure_ascii=ensure_ascii) for i in range(3)]
    path = tmp_path / "talks.jsonl"
    path.write_bytes(("\ufeff" + "\r\n".join(lines) + "\r\n").encode())
    Instructions(files=(str(path),), dev_share=0.0).run(
        Inputs(), Output(tmp_path / "out", Resources(), InlineFanout(), "instructions")
    )
    found = list(read_conversations(tmp_path / "out" / "instructions" / "train.jsonl"))
    assert found == [(f"t{i}", talk) for i in range(3)]


def test_other_bad_files(tmp_path: Path) -> None:
    path = tmp_path / "talks.jsonl"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(StepError, match="is not UTF-8"):
        run(tmp_path / "a", files=(str(path),))
    path.write_text("\n".join(json.dumps({"id": "same", "messages": TALK}) for _ in range(2)))
    with pytest.raises(StepError, match="conversation id 'same' occurs twice"):
        run(tmp_path / "b", files=(str(path),))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "no instructions. Name 'worlds' or 'files'"),
        ({"worlds": ("atlantis",)}, "there is no such world"),
        ({"files": ("/nowhere.jsonl",)}, "files: there is no file /nowhere.jsonl"),
    ],
)
def test_parameters_are_checked(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        Instructions(**parameters).check(CONTEXT)
