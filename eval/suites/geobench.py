"""GeoBench NPEE: Chinese postgraduate entrance questions on geology, in English (Deng et al., arXiv 2306.05064).

Taken: multiple choice with one keyed letter, and true/false. Left out: questions to be answered in words, choices whose
options or key cannot be read, and questions that occur with different keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from eval.suite import Question, Suite
from eval.suites._rows import json_object, question, usable

_FILE = "geobench_npee.json"
_OPTION = re.compile(r"^\s*([A-H])\s*[.、:)]\s*(.+?)\s*$")
TRUTH = ("True", "False")


def read(folder: Path) -> Iterator[Question]:
    """Yield the questions of the file that the K2 repository holds."""
    content = json_object(folder / _FILE)
    choice, truth = content["choice"], content["tf"]
    asked = [
        parsed for text, key in zip(choice["question"], choice["answer"], strict=True) if (parsed := _choice(text, key))
    ]
    for text, key in zip(truth["question"], truth["answer"], strict=True):
        if key.strip() in TRUTH and text.strip():
            answer = TRUTH.index(key.strip())
            asked.append(
                question("geobench", "geobench_true_false", "choice", f"True or false: {text.strip()}", TRUTH, answer)
            )
    yield from usable(asked)


def _choice(text: str, key: str) -> Question | None:
    """Return a multiple-choice question, or None where its options or its key cannot be read."""
    stem, _, listed = text.partition("Choose from:")
    options = [found for line in listed.splitlines() if (found := _OPTION.match(line))]
    letters = [found.group(1) for found in options]
    choices = [found.group(2) for found in options]
    if not stem.strip() or key.strip() not in letters or len(set(choices)) < max(2, len(choices)):
        return None
    if letters != [chr(ord("A") + position) for position in range(len(letters))]:
        return None
    return question("geobench", "geobench_choice", "choice", stem.strip(), choices, letters.index(key.strip()))


SUITE = Suite(
    name="geobench",
    domain="geo",
    license="Apache-2.0",
    source="https://github.com/davendw49/k2 (the exam questions are a third party's)",
    files=(_FILE,),
    read=read,
)
