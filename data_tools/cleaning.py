"""Everything that is done to a document to clean it, in order; texts are judged in batches.

Order: size; repairs; web furniture; personal data; language; gibberish; fragments; the published quality rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data_tools.language import common_pair_share, other_language
from data_tools.privacy import replace_personal_data
from data_tools.quality import QualityRules, Verdict, strip_boilerplate
from data_tools.repair import repair
from data_tools.word_arrays import split_words

if TYPE_CHECKING:
    from data_tools.documents import Document
    from data_tools.rules import Rules

BATCH_CHARACTERS = 400_000
"""Texts are judged in batches of this size: large enough for arrays to pay, small enough for a processor's cache."""
_ENDING = re.compile(r"[.!?…:;\"'”’)\]*_|]\s*$")
"""What a finished text ends with: a sentence's end, a closing bracket or quotation mark, Markdown, a table's edge."""


@dataclass(frozen=True)
class Cleaned:
    """A document, what was decided about it, and what was changed in its text."""

    document: Document
    verdict: Verdict
    changes: Mapping[str, int] = field(default_factory=dict)
    """By name of the repair or kind of personal data: how many places."""


class Cleaner:
    """Cleans documents by one profile's rules."""

    def __init__(self, rules: Rules, language: str, personal_data: Sequence[str] | None, max_characters: int) -> None:
        self._rules = rules
        self._language = language
        self._personal_data = rules.personal_data if personal_data is None else tuple(personal_data)
        self._max_characters = max_characters
        self._quality = QualityRules(rules)

    def clean_all(self, documents: Iterable[Document]) -> Iterator[Cleaned]:
        """Yield every document cleaned, in order; a batch of them is in memory at a time."""
        batch: list[Document] = []
        size = 0
        for document in documents:
            batch.append(document)
            size += len(document.text)
            if size >= BATCH_CHARACTERS:
                yield from self._clean_batch(batch)
                batch, size = [], 0
        yield from self._clean_batch(batch)

    def _clean_batch(self, documents: Sequence[Document]) -> list[Cleaned]:
        cleaned = [self._clean_alone(document) for document in documents]
        left = [place for place, one in enumerate(cleaned) if not one.verdict.rule]
        verdicts = self._quality.judge_all([cleaned[place].verdict.text for place in left])
        for place, verdict in zip(left, verdicts, strict=True):
            cleaned[place] = Cleaned(cleaned[place].document, verdict, cleaned[place].changes)
        return cleaned

    def _clean_alone(self, document: Document) -> Cleaned:
        """Do all that needs no other document."""
        text = document.text
        if len(text) > self._max_characters:
            return Cleaned(document, Verdict(text, "too_long", float(len(text))))
        text, changes = self._put_right(text)
        return Cleaned(document, self._judge_language(text), changes)

    def prepare(self, document: Document) -> str:
        """Return a document's text as the rules see it."""
        return self._put_right(document.text[: self._max_characters])[0]

    def _put_right(self, text: str) -> tuple[str, dict[str, int]]:
        """Return the text repaired, without web furniture and personal data, and how often each change was made."""
        text, changes = repair(text)
        if self._rules.strip_boilerplate:
            text, num_lines = strip_boilerplate(text)
            changes |= {"boilerplate_lines": num_lines} if num_lines else {}
        text, replaced = replace_personal_data(text, self._personal_data)
        return text, {**changes, **replaced}

    def _judge_language(self, text: str) -> Verdict:
        words = split_words(text)
        other = other_language(text, words, self._language)
        if other is not None:
            return Verdict(text, "language", other[1], other[0])
        share = common_pair_share(words) if self._language == "en" else 1.0
        if share < self._rules.min_common_pair_share:
            return Verdict(text, "gibberish", share)
        num_words = len(text.split(None, self._rules.max_unfinished_words + 1))
        if num_words <= self._rules.max_unfinished_words and not _ENDING.search(text):
            return Verdict(text, "unfinished", float(num_words))
        return Verdict(text)
