"""PubMedQA, the expert-labelled 1,000: yes, no or maybe, from an abstract (Jin et al., arXiv 1909.06146)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from eval.errors import EvalError
from eval.suite import Question, Suite
from eval.suites._rows import json_object, question, usable

_FILE = "ori_pqal.json"
CHOICES = ("yes", "no", "maybe")


def read(folder: Path) -> Iterator[Question]:
    """Yield every labelled question, its abstract without the conclusion before it."""
    asked = []
    for name, row in json_object(folder / _FILE).items():
        if row["final_decision"] not in CHOICES:
            raise EvalError(
                f"{folder / _FILE}: {name}: final_decision must be one of {CHOICES}, got {row['final_decision']!r}"
            )
        text = f"Abstract: {' '.join(row['CONTEXTS'])}\nQuestion: {row['QUESTION']}\nAnswer:"
        asked.append(question("pubmedqa", "pubmedqa", "cloze", text, CHOICES, CHOICES.index(row["final_decision"])))
    yield from usable(asked)


SUITE = Suite(
    name="pubmedqa",
    domain="medical",
    license="MIT",
    source="https://github.com/pubmedqa/pubmedqa",
    files=(_FILE,),
    read=read,
)
