"""Which texts hold questions that a model will be examined on.

Words are compared in lower case and without punctuation. A question of at least n words is found by its runs of n
words in the text, a shorter one where the text contains it whole. Three published rules are at hand:

- ``gpt3``: one shared run of 13 words (Brown et al. 2020, appendix C, which lm-eval follows). Differs: the whole
  document goes instead of the 200 characters around the match, and a run that many documents share is not excused.
- ``tulu3``: shared runs of 8 words that cover more than half of the question's words (Lambert et al. 2024, arXiv
  2411.15124, section 3.2). Differs: words instead of tokens, and the whole question with its choices, not the prompt.
- ``deepseekmath``: one shared run of 10 words, and questions of 3 to 9 words whole (Shao et al. 2024, arXiv
  2402.03300, section 2.1).

Left out: paraphrases and translations, which no exact match finds.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_tools.shingles import WordHashes, gram_hashes, words_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_FACTS_PER_QUESTION = 2
"""A short question asked of more facts than this ("Which of these is true?") is a stem and identifies nothing."""
_WHOLE = "whole_question"


@dataclass(frozen=True)
class OverlapRule:
    """When a text and a question overlap too much."""

    ngram_words: int
    """Length of the runs of words that are looked for."""
    min_coverage: float
    """Share (0..1) of the question's words that shared runs must exceed; 0: one run will do."""
    min_question_words: int
    """Questions from this many words up to ``ngram_words`` - 1 are matched whole; shorter ones are not looked for."""


OVERLAP_RULES = {
    "gpt3": OverlapRule(13, 0.0, 4),
    "tulu3": OverlapRule(8, 0.5, 4),
    "deepseekmath": OverlapRule(10, 0.0, 3),
}


@dataclass(frozen=True)
class Examined:
    """One question as the contamination check sees it."""

    id: str
    whole: str
    """What must be contained whole where it is short: the question, or for a cloze its statement with the answer."""
    full: str
    """The question with its choices: the runs of words are taken from here."""
    fact: str = ""


@dataclass(frozen=True)
class Match:
    """The question that a text overlaps with most, and by which rule."""

    question: str
    rule: str
    """``ngram13`` (or the run's length) or ``whole_question``."""
    share: float
    """Share (0..1] of the question's words that lie in runs that the text holds; 1.0 for a whole question."""
    overlap: str
    """The longest stretch of words that both hold."""


class QuestionIndex:
    """Every question's runs of words, ready to be looked up in texts. Built once, saved, and read by every worker."""

    def __init__(self, questions: Sequence[Examined], rule: OverlapRule) -> None:
        """Index the runs of long questions, and shorter questions whole."""
        self._questions = list(questions)
        self._rule = rule
        self._table = WordHashes()
        fulls = [words_of(question.full) for question in questions]
        wholes = [words_of(question.whole) for question in questions]
        stems = _stems(questions, wholes)
        is_short = [rule.min_question_words <= len(words) < rule.ngram_words for words in wholes]
        self.num_stems = sum(short and tuple(words) in stems for short, words in zip(is_short, wholes, strict=True))
        """Short questions left out because they are asked of several facts."""
        self._runs = {rule.ngram_words: self._runs_of(fulls, rule.ngram_words)}
        for length in range(rule.min_question_words, rule.ngram_words):
            chosen = [words if len(words) == length and tuple(words) not in stems else [] for words in wholes]
            if any(chosen):
                self._runs[length] = self._runs_of(chosen, length)

    def _runs_of(self, texts: Sequence[list[str]], num_words: int) -> _Runs:
        """Index all runs of all texts; runs that would reach from one text into the next are left out."""
        import numpy as np

        hashes = gram_hashes(self._table.array([word for words in texts for word in words]), num_words)
        owners = np.repeat(np.arange(len(texts), dtype=np.int64), [len(words) for words in texts])
        is_inside = owners[: len(hashes)] == owners[len(owners) - len(hashes) :]
        return _Runs.of(hashes[is_inside], owners[: len(hashes)][is_inside])

    def save(self, path: Path) -> None:
        """Write the index as one .npz file of plain arrays."""
        import numpy as np

        arrays = {f"{name}_{length}": array for length, runs in self._runs.items() for name, array in runs.arrays()}
        head = {
            "rule": asdict(self._rule),
            "questions": [asdict(question) for question in self._questions],
            "num_stems": self.num_stems,
            "lengths": list(self._runs),
        }
        np.savez(path, head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8), **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> QuestionIndex:
        """Read what ``save`` wrote."""
        import numpy as np

        with np.load(path, allow_pickle=False) as arrays:
            head = json.loads(arrays["head"].tobytes())
            index = cls.__new__(cls)
            index._questions = [Examined(**question) for question in head["questions"]]
            index._rule = OverlapRule(**head["rule"])
            index._table = WordHashes()
            index.num_stems = head["num_stems"]
            index._runs = {
                length: _Runs(*(arrays[f"{name}_{length}"] for name in _Runs.NAMES)) for length in head["lengths"]
            }
        return index

    def find(self, text: str) -> Match | None:
        """Return the question that ``text`` overlaps with most (the first of equals), or None."""
        import numpy as np

        hashes = self._table.array(words_of(text))
        best: tuple[float, int, int] | None = None
        texts_runs = {length: np.unique(gram_hashes(hashes, length)) for length in self._runs}
        for length, runs in self._runs.items():
            for number in runs.owners_of(texts_runs[length]):
                share = self._share(number, length, texts_runs[length])
                if length < self._rule.ngram_words or share > self._rule.min_coverage:
                    candidate = (share, -number, length)
                    best = candidate if best is None else max(best, candidate)
        if best is None:
            return None
        share, number, length = best[0], -best[1], best[2]
        question = self._questions[number]
        if length < self._rule.ngram_words:
            return Match(question.id, _WHOLE, share, " ".join(words_of(question.whole)))
        shared = self._shared(number, length, texts_runs[length])
        return Match(question.id, f"ngram{length}", share, self._longest_stretch(question, shared, length))

    def _shared(self, number: int, length: int, runs: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return which of a question's runs, in order, are among a text's."""
        import numpy as np

        return np.isin(self._runs[length].of_question(number), runs)

    def _share(self, number: int, length: int, runs: NDArray[np.uint64]) -> float:
        import numpy as np

        shared = self._shared(number, length, runs)
        covered = np.zeros(len(shared) + length - 1, dtype=bool)
        for place in np.flatnonzero(shared).tolist():
            covered[place : place + length] = True
        return float(covered.mean())

    def _longest_stretch(self, question: Examined, shared: NDArray[np.bool_], length: int) -> str:
        num_runs = first = begin = 0
        for place, is_shared in enumerate([*shared.tolist(), False]):
            if not is_shared:
                if place - begin > num_runs:
                    num_runs, first = place - begin, begin
                begin = place + 1
        return " ".join(words_of(question.full)[first : first + num_runs + length - 1])


class _Runs:
    """Runs of one length of all questions: sorted with their owners, and in the order of each question."""

    NAMES = ("hashes", "owners", "ordered", "first")

    def __init__(
        self,
        hashes: NDArray[np.uint64],
        owners: NDArray[np.int64],
        ordered: NDArray[np.uint64],
        first: NDArray[np.int64],
    ) -> None:
        self._hashes, self._owners, self._ordered, self._first = hashes, owners, ordered, first

    @classmethod
    def of(cls, hashes: NDArray[np.uint64], owners: NDArray[np.int64]) -> _Runs:
        """Index the ``hashes`` of runs, shape (R,), and the questions that own them, rising, shape (R,)."""
        import numpy as np

        order = np.lexsort((owners, hashes))
        last = int(owners[-1]) + 2 if len(owners) else 1
        return cls(hashes[order], owners[order], hashes, np.searchsorted(owners, np.arange(last)))

    def arrays(self) -> list[tuple[str, NDArray[Any]]]:
        return list(zip(self.NAMES, (self._hashes, self._owners, self._ordered, self._first), strict=True))

    def owners_of(self, runs: NDArray[np.uint64]) -> list[int]:
        """Return the questions that hold one of the distinct ``runs``, rising."""
        import numpy as np

        begins, ends = np.searchsorted(self._hashes, runs, "left"), np.searchsorted(self._hashes, runs, "right")
        hits = np.flatnonzero(ends > begins).tolist()
        return sorted({owner for hit in hits for owner in self._owners[begins[hit] : ends[hit]].tolist()})

    def of_question(self, number: int) -> NDArray[np.uint64]:
        """Return the runs of one question in order."""
        return self._ordered[self._first[number] : self._first[number + 1]]


def _stems(questions: Sequence[Examined], wholes: Sequence[list[str]]) -> set[tuple[str, ...]]:
    """Return the word sequences that are asked of more than ``MAX_FACTS_PER_QUESTION`` facts."""
    facts: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for question, whole in zip(questions, wholes, strict=True):
        facts[tuple(whole)].add(question.fact or question.id)
    return {whole for whole, found in facts.items() if len(found) > MAX_FACTS_PER_QUESTION}
