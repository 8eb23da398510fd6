"""From the rows of public files to questions: ids and facts from the text, repeated questions only once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from eval.errors import EvalError
from eval.suite import Question, json_lines, parse_json, read_text


def fact_of(suite: str, question: str) -> str:
    """Return the name of what is asked: a hash of the question's words, so that a repetition has the same one."""
    words = " ".join(question.lower().split())
    return f"{suite}:{hashlib.blake2b(words.encode('utf-8'), digest_size=8).hexdigest()}"


def usable(questions: Iterable[Question]) -> Iterator[Question]:
    """Yield each fact's first question; none where its repetitions key different answers.

    Questions with an empty or a repeated choice are left out: public sets hold some, and they have no one answer.
    """
    by_fact: dict[tuple[str, str], list[Question]] = {}
    for question in questions:
        if all(question.choices) and len(set(question.choices)) == len(question.choices):
            by_fact.setdefault((question.task, question.fact), []).append(question)
    for same in by_fact.values():
        if len({one.choices[one.answer] for one in same}) == 1:
            yield same[0]


def question(suite: str, task: str, kind: str, asked: str, choices: Sequence[str], answer: int) -> Question:
    """Return a question with its id and fact."""
    fact = fact_of(task, asked)
    return Question(fact, task, suite, kind, asked, tuple(choice.strip() for choice in choices), answer, fact)


def gauntlet(suite: str, name: str) -> Callable[[Path], Iterator[Question]]:
    """Return the reader of a JSONL file with rows of query, choices and gold (LLM Foundry's Eval Gauntlet)."""

    def read(folder: Path) -> Iterator[Question]:
        yield from usable(_gauntlet_rows(folder / name, suite))

    return read


def _gauntlet_rows(path: Path, suite: str) -> Iterator[Question]:
    for number, row in json_lines(path):
        try:
            query, choices, gold = str(row["query"]).strip(), list(row["choices"]), int(row["gold"])
        except (KeyError, TypeError, ValueError) as error:
            raise EvalError(f"{path}:{number}: must have query, choices and gold ({error!r})") from None
        if query.startswith("Question:"):
            yield question(suite, suite, "choice", query.removeprefix("Question:").strip(), choices, gold)
        elif "Question:" in query:
            yield question(suite, suite, "cloze", f"{query}\nAnswer:", choices, gold)  # a passage comes first
        else:
            yield question(suite, suite, "cloze", query, choices, gold)


def json_object(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; EvalError where there is none."""
    value = parse_json(read_text(path), str(path))
    if not isinstance(value, dict):
        raise EvalError(f"{path}: must hold an object, got {type(value).__name__}")
    return value
