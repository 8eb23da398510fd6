"""Which texts hold questions that a model will be examined on.

A text is contaminated by a question where the two share a run of 13 words (GPT-3, Brown et al. 2020, appendix C,
which lm-eval follows), or, for a question shorter than that, where the text contains the whole question. Words are
compared in lower case and without punctuation. Differs from GPT-3: the whole document goes instead of the 200
characters around the match, and a run that many documents share is not excused. Left out: paraphrases and
translations, which no exact match finds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
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


@dataclass
class _Runs:
    """Runs of one length: their hashes, sorted, and which questions hold each."""

    hashes: NDArray[np.uint64]
    owners: list[list[int]]


class QuestionIndex:
    """Every question's runs of words, ready to be looked up in texts."""

    def __init__(self, questions: Iterable[Examined], num_words: int, min_question_words: int) -> None:
        """Index runs of ``num_words`` words, and whole questions of ``min_question_words`` to ``num_words`` - 1
        words."""
        self._num_words = num_words
        self._table = WordHashes()
        self.ids: list[str] = []
        self.num_stems = 0
        """Short questions left out because they are asked of several facts."""
        self._num_runs: list[int] = []
        owners: defaultdict[int, defaultdict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        questions = list(questions)
        wholes = [words_of(question.whole) for question in questions]
        stems = _stems(questions, wholes)
        for number, (question, whole) in enumerate(zip(questions, wholes, strict=True)):
            runs = set(gram_hashes(self._table.array(words_of(question.full)), num_words).tolist())
            self.ids.append(question.id)
            self._num_runs.append(len(runs))
            for run in runs:
                owners[num_words][run].append(number)
            if not min_question_words <= len(whole) < num_words:
                continue
            if tuple(whole) in stems:
                self.num_stems += 1
                continue
            (run,) = gram_hashes(self._table.array(whole), len(whole)).tolist()
            owners[len(whole)][run].append(number)
        self._runs = {length: _sorted_runs(found) for length, found in sorted(owners.items())}

    def find(self, text: str) -> Match | None:
        """Return the question that ``text`` overlaps with most (the first of equals), or None."""
        import numpy as np

        hashes = self._table.array(words_of(text))
        best: tuple[float, int, str] | None = None
        for length, runs in self._runs.items():
            found = np.unique(gram_hashes(hashes, length))
            places = np.searchsorted(runs.hashes, found)
            places[places == len(runs.hashes)] = 0
            hits = places[runs.hashes[places] == found] if len(found) else places
            counts = Counter(number for place in hits.tolist() for number in runs.owners[place])
            for number, count in counts.items():
                is_run = length == self._num_words
                share = count / self._num_runs[number] if is_run else 1.0
                candidate = (share, -number, f"ngram{length}" if is_run else "whole_question")
                best = candidate if best is None else max(best, candidate)
        return Match(self.ids[-best[1]], best[2], best[0]) if best else None


def _stems(questions: list[Examined], wholes: list[list[str]]) -> set[tuple[str, ...]]:
    """Return the word sequences that are asked of more than ``MAX_FACTS_PER_QUESTION`` facts."""
    facts: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for question, whole in zip(questions, wholes, strict=True):
        facts[tuple(whole)].add(question.fact or question.id)
    return {whole for whole, found in facts.items() if len(found) > MAX_FACTS_PER_QUESTION}


def _sorted_runs(owners: Mapping[int, list[int]]) -> _Runs:
    import numpy as np

    hashes = np.array(sorted(owners), dtype=np.uint64)
    return _Runs(hashes, [owners[run] for run in hashes.tolist()])
