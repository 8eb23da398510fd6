"""Which texts hold questions that a model will be examined on.

A text is contaminated by a question where the two share a run of 13 words (GPT-3, Brown et al. 2020, appendix C,
which lm-eval follows), or, for a question shorter than that, where the text contains the whole question. Words are
compared in lower case and without punctuation. Differs from GPT-3: the whole document goes instead of the 200
characters around the match, and a run that many documents share is not excused. Left out: paraphrases and
translations, which no exact match finds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_tools.shingles import WordHashes, gram_hashes, words_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_FACTS_PER_QUESTION = 2
"""A short question asked of more facts than this ("Which of these is true?") is a stem and identifies nothing."""


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
    """Share (0..1] of the question's runs that the text holds; 1.0 for a whole question."""


class _Runs:
    """Runs of one length: their hashes, sorted, and beside each the question that holds it."""

    def __init__(self, hashes: NDArray[np.uint64], owners: NDArray[np.int64]) -> None:
        import numpy as np

        order = np.lexsort((owners, hashes))
        hashes, owners = hashes[order], owners[order]
        is_new = np.ones(len(hashes), dtype=bool)
        is_new[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
        self.hashes, self.owners = hashes[is_new], owners[is_new]

    def count(self, runs: NDArray[np.uint64]) -> Counter[int]:
        """Return how many of the distinct ``runs`` each question holds."""
        import numpy as np

        begins, ends = np.searchsorted(self.hashes, runs, "left"), np.searchsorted(self.hashes, runs, "right")
        hits = np.flatnonzero(ends > begins).tolist()
        return Counter(owner for hit in hits for owner in self.owners[begins[hit] : ends[hit]].tolist())


class QuestionIndex:
    """Every question's runs of words, ready to be looked up in texts."""

    def __init__(self, questions: Sequence[Examined], num_words: int, min_question_words: int) -> None:
        """Index runs of ``num_words`` words, and shorter questions whole, from ``min_question_words`` words on."""
        import numpy as np

        self._num_words = num_words
        self._table = WordHashes()
        self.ids = [question.id for question in questions]
        self._runs = {num_words: self._runs_of([words_of(question.full) for question in questions], num_words)}
        self._num_runs = np.bincount(self._runs[num_words].owners, minlength=len(self.ids)).tolist()
        wholes = [words_of(question.whole) for question in questions]
        stems = _stems(questions, wholes)
        is_short = [min_question_words <= len(words) < num_words for words in wholes]
        self.num_stems = sum(short and tuple(words) in stems for short, words in zip(is_short, wholes, strict=True))
        """Short questions left out because they are asked of several facts."""
        for length in range(min_question_words, num_words):
            chosen = [words if len(words) == length and tuple(words) not in stems else [] for words in wholes]
            if any(chosen):
                self._runs[length] = self._runs_of(chosen, length)

    def _runs_of(self, texts: Sequence[list[str]], num_words: int) -> _Runs:
        """Index all runs of all texts; runs that would reach from one text into the next are left out."""
        import numpy as np

        hashes = gram_hashes(self._table.array([word for words in texts for word in words]), num_words)
        owners = np.repeat(np.arange(len(texts), dtype=np.int64), [len(words) for words in texts])
        is_inside = owners[: len(hashes)] == owners[len(owners) - len(hashes) :]
        return _Runs(hashes[is_inside], owners[: len(hashes)][is_inside])

    def find(self, text: str) -> Match | None:
        """Return the question that ``text`` overlaps with most (the first of equals), or None."""
        import numpy as np

        hashes = self._table.array(words_of(text))
        best: tuple[float, int, str] | None = None
        for length, runs in self._runs.items():
            is_run = length == self._num_words
            for number, count in runs.count(np.unique(gram_hashes(hashes, length))).items():
                share = count / self._num_runs[number] if is_run else 1.0
                candidate = (share, -number, f"ngram{length}" if is_run else "whole_question")
                best = candidate if best is None else max(best, candidate)
        return Match(self.ids[-best[1]], best[2], best[0]) if best else None


def _stems(questions: Sequence[Examined], wholes: Sequence[list[str]]) -> set[tuple[str, ...]]:
    """Return the word sequences that are asked of more than ``MAX_FACTS_PER_QUESTION`` facts."""
    facts: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for question, whole in zip(questions, wholes, strict=True):
        facts[tuple(whole)].add(question.fact or question.id)
    return {whole for whole, found in facts.items() if len(found) > MAX_FACTS_PER_QUESTION}
