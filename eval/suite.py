"""What a model is asked and how answers count: questions, tasks and suites, read from and written to local files.

A task is one JSONL file of questions with the same form; a suite is a set of tasks. On disk, below a folder:
``questions/<split>/<task>.jsonl`` and ``suite.json`` (what is known of every task).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from eval.errors import EvalError

QUESTIONS_FOLDER = "questions"
SUITE_FILE = "suite.json"
SPLITS = ("train", "dev", "test")
KINDS = ("choice", "cloze")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
CONTROL_SUFFIX = "_control"
"""A task ``<x>_control`` asks for permuted facts: who knows the truth scores near chance on it."""


@dataclass(frozen=True)
class Question:
    """One question with its possible answers, exactly one of which is right."""

    id: str
    task: str
    suite: str
    kind: str
    """``choice``: asked as ``Question: ... Answer:``; ``cloze``: the choices continue the text."""
    question: str
    choices: tuple[str, ...]
    answer: int
    """Position of the right choice, from 0."""
    fact: str = ""
    """The fact that is asked for. Questions of one fact are never in two splits, and are resampled together."""


@dataclass(frozen=True)
class Task:
    """What is known of one task of a suite."""

    name: str
    suite: str
    domain: str
    kind: str
    chance: float
    """Expected accuracy of a guess, 0..1."""
    control: bool = False
    num: Mapping[str, int] = field(default_factory=dict)
    """Questions per split."""


@dataclass(frozen=True)
class Suite:
    """A public question set: one file under ``eval/suites/`` holds ``SUITE = Suite(...)``."""

    name: str
    domain: str
    license: str
    """SPDX identifier of the questions, or ``unknown``."""
    source: str
    """Where the files come from, for the reader of a report."""
    files: tuple[str, ...]
    """The files below the folder given to ``load``."""
    read: Callable[[Path], Iterator[Question]]
    """Yield the questions of the folder."""

    def load(self, folder: Path) -> list[Question]:
        """Return the checked questions found below ``folder``; EvalError where a file is missing or a row is wrong."""
        for name in self.files:
            if not (folder / name).is_file():
                raise EvalError(f"{folder / name}: suite {self.name} needs this file. Fetch it from {self.source}")
        questions = list(self.read(folder))
        check_questions(questions, str(folder))
        return questions


def get_suite(name: str) -> Suite:
    """Return ``SUITE`` of ``eval/suites/<name>.py``; EvalError names the known ones."""
    import importlib
    import importlib.util

    known = sorted(path.stem for path in (Path(__file__).parent / "suites").glob("[!_]*.py"))
    if name not in known:
        raise EvalError(f"suite: must be one of {', '.join(known)}, got {name!r}")
    suite: Suite = importlib.import_module(f"eval.suites.{name}").SUITE
    return suite


def check_questions(questions: Sequence[Question], where: str) -> None:
    """Raise EvalError for an empty set, a repeated id, a repeated choice, or an answer that is not a choice."""
    if not questions:
        raise EvalError(f"{where}: has no questions. Give a suite with at least one")
    seen: set[str] = set()
    for question in questions:
        here = f"{where}: question {question.id!r}"
        if question.id in seen:
            raise EvalError(f"{here}: the id occurs twice. Give every question an id of its own")
        seen.add(question.id)
        if question.kind not in KINDS:
            raise EvalError(f"{here}: kind must be one of {', '.join(KINDS)}, got {question.kind!r}")
        if not question.question.strip():
            raise EvalError(f"{here}: the question is empty")
        if len(question.choices) < 2:
            raise EvalError(f"{here}: needs at least two choices, got {len(question.choices)}")
        if any(not choice.strip() for choice in question.choices):
            raise EvalError(f"{here}: a choice is empty, got {list(question.choices)!r}")
        if len(set(question.choices)) < len(question.choices):
            raise EvalError(f"{here}: two choices are the same, got {list(question.choices)!r}")
        if not 0 <= question.answer < len(question.choices):
            raise EvalError(
                f"{here}: answer must be a position from 0 to {len(question.choices) - 1}, got {question.answer}"
            )


_FIELDS: Mapping[str, type] = {
    "id": str,
    "task": str,
    "suite": str,
    "kind": str,
    "question": str,
    "choices": list,
    "answer": int,
    "fact": str,
}


def _parse(row: Any, where: str) -> Question:
    if not isinstance(row, dict):
        raise EvalError(f"{where}: must be a JSON object, got {type(row).__name__}")
    unknown = sorted(set(row) - set(_FIELDS))
    missing = sorted(set(_FIELDS) - set(row) - {"fact"})
    if unknown or missing:
        raise EvalError(f"{where}: fields must be {', '.join(_FIELDS)}, got unknown {unknown}, missing {missing}")
    for name, kind in _FIELDS.items():
        if name in row and (not isinstance(row[name], kind) or isinstance(row[name], bool)):
            raise EvalError(f"{where}: {name} must be {kind.__name__}, got {row[name]!r}")
    if not all(isinstance(choice, str) for choice in row["choices"]):
        raise EvalError(f"{where}: choices must be texts, got {row['choices']!r}")
    return Question(**{**row, "choices": tuple(row["choices"])})


def read_text(path: Path) -> str:
    """Return the text of a file, without a byte-order mark; EvalError where it is not UTF-8."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EvalError(f"{path}: is not UTF-8 ({error.reason} at byte {error.start}). Convert the file") from None


def parse_json(text: str, where: str) -> Any:
    """Return the value; EvalError where the text is not JSON, or escapes half a character, which no file can hold."""
    try:
        value = json.loads(text)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise EvalError(
            f"{where}: holds {half!r}, one half of a surrogate pair, which is no character. Write both halves or none"
        ) from None
    except ValueError as error:
        raise EvalError(f"{where}: is not valid JSON ({error})") from None
    return value


def json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield (line number, value) of a JSONL file, empty lines passed over; EvalError names the line that is wrong.

    Lines end at line feeds alone: ``str.splitlines`` also splits at U+2028, U+2029 and U+0085, which texts may hold.
    """
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            yield number, parse_json(line, f"{path}:{number}")


def read_questions(path: Path) -> list[Question]:
    """Return the checked questions of one JSONL file, in order."""
    if not path.is_file():
        raise EvalError(f"{path}: there is no such question file")
    questions = [_parse(row, f"{path}:{number}") for number, row in json_lines(path)]
    check_questions(questions, str(path))
    return questions


def write_questions(path: Path, questions: Iterable[Question]) -> int:
    """Write questions as JSONL, whole or not at all; return how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    num_questions = 0
    with temporary.open("w", encoding="utf-8") as stream:
        for question in questions:
            stream.write(json.dumps(asdict(question), ensure_ascii=False) + "\n")
            num_questions += 1
    os.replace(temporary, path)
    return num_questions


def read_tasks(folder: Path) -> dict[str, Task]:
    """Return the tasks that ``<folder>/suite.json`` describes, in its order."""
    path = folder / SUITE_FILE
    try:
        described = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise EvalError(f"{path}: there is no such file. Give a folder that the suites step wrote") from None
    except ValueError as error:
        raise EvalError(f"{path}: is not valid JSON ({error})") from None
    if isinstance(described, dict) and isinstance(described.get("tasks"), dict):
        described = described["tasks"]
    if not isinstance(described, dict) or not described:
        raise EvalError(f"{path}: must describe at least one task, got {described!r}")
    tasks = {}
    for name, entry in described.items():
        try:
            tasks[name] = Task(
                name=name,
                suite=str(entry["suite"]),
                domain=str(entry["domain"]),
                kind=str(entry["kind"]),
                chance=float(entry["chance"]),
                control=bool(entry.get("control", False)),
                num={split: int(count) for split, count in entry.get("num", {}).items()},
            )
        except (KeyError, TypeError, ValueError) as error:
            raise EvalError(f"{path}: task {name!r}: lacks or has a wrong {error}, got {entry!r}") from None
    return tasks


def write_tasks(folder: Path, tasks: Iterable[Task]) -> None:
    """Write ``<folder>/suite.json``: ``{"tasks": {name: {suite, domain, kind, chance, control, num}}}``."""
    described = {}
    for task in tasks:
        entry = asdict(task)
        described[entry.pop("name")] = entry
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{SUITE_FILE}.{os.getpid()}.tmp"
    temporary.write_text(json.dumps({"tasks": described}, indent=1, ensure_ascii=False), "utf-8")
    os.replace(temporary, folder / SUITE_FILE)


def task_path(folder: Path, split: str, task: str) -> Path:
    """Return where the questions of one task and split lie."""
    if split not in SPLITS:
        raise EvalError(f"split: must be one of {', '.join(SPLITS)}, got {split!r}")
    return folder / QUESTIONS_FOLDER / split / f"{task}.jsonl"


def load_split(folder: Path, split: str) -> dict[str, list[Question]]:
    """Return the questions of one split by task, for every task of ``suite.json`` that has any in it."""
    found = {}
    for name, task in read_tasks(folder).items():
        path = task_path(folder, split, name)
        if not path.is_file() and task.num.get(split, 0) == 0:
            continue
        questions = read_questions(path)
        for question in questions:
            if question.task != name:
                raise EvalError(f"{path}: question {question.id!r}: task must be {name!r}, got {question.task!r}")
        found[name] = questions
    return found


def chance_of(questions: Sequence[Question]) -> float:
    """Return the expected accuracy of a uniform guess, 0..1."""
    return sum(1.0 / len(question.choices) for question in questions) / len(questions)
