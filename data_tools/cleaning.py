"""Everything that is done to a document to clean it, in order; texts are judged in batches.

Order: repairs; size; boilerplate of the corpus; personal data; language; gibberish; fragments; the published quality
rules; scores. What is learned of a document, its language and its scores, goes into ``meta``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from data_tools.batching import batched_by_size
from data_tools.boilerplate import Stripped, strip
from data_tools.language import Language, common_pair_share, identify_all
from data_tools.privacy import policy_for, replace_personal_data
from data_tools.quality import QualityRules, Verdict
from data_tools.repair import repair
from data_tools.shingles import count_unspaced, words_of

if TYPE_CHECKING:
    from data_tools.boilerplate import Paragraphs, Table
    from data_tools.documents import Document
    from data_tools.privacy import Policy
    from data_tools.rules import Rules
    from data_tools.scoring import Scorer

_ENDING = re.compile(r"[.!?…:;\"'”’»›“)\]*_|$。．！？：；」』）】〕》〉।॥؟؛۔։።፧။។๏\ufe12\uff61]\s*$")
"""What a finished text ends with: a sentence's end in any script, a closing bracket or quotation mark, Markdown, a
table's edge, a formula's."""


@dataclass(frozen=True)
class Repaired:
    """A document with its text repaired, and by name of the repair how many places were changed."""

    document: Document
    changes: Mapping[str, int]
    paragraphs: Paragraphs | None = field(default=None, compare=False)
    """Those of the repaired text that may be boilerplate, where they were looked up before."""


@dataclass(frozen=True)
class Cleaned:
    """A document, what was decided about it, and what was changed in its text."""

    document: Document
    """As it was repaired."""
    verdict: Verdict
    changes: Mapping[str, int] = field(default_factory=dict)
    """By name of the repair or kind of personal data: how many places."""
    learned: Mapping[str, Any] = field(default_factory=dict)
    """What goes into the document's ``meta``."""
    cut: tuple[tuple[int, str], ...] = ()
    """The paragraphs that were cut out as boilerplate, each with its hash."""

    def cleaned_document(self) -> dict[str, str]:
        """Return the row of a kept document: its text as cleaned, its ``meta`` with what was learned."""
        row = {**vars(self.document), "text": self.verdict.text}
        if self.learned:
            row["meta"] = _json({**json.loads(row["meta"]), **self.learned})
        return row


def _json(value: Mapping[str, Any]) -> str:
    """Return ``value`` as JSON that UTF-8 can hold: half a surrogate pair stays an escape."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, sort_keys=True)
    return text


@dataclass(frozen=True)
class Cleaner:
    """Cleans documents by one profile's rules."""

    rules: Rules
    language: str = "en"
    """Declared language of the documents, ISO 639-1; texts in another are dropped."""
    policy: Policy | None = None
    """What is done with personal data; None takes the profile's own policy."""
    max_characters: int = 5_000_000
    """A longer text is dropped, so that work per document is bounded."""
    boilerplate: Mapping[str, Table] = field(default_factory=dict)
    """By corpus, the paragraphs that many of its documents share (data_tools/boilerplate.py)."""
    scorers: Mapping[str, Scorer] = field(default_factory=dict)
    """By name, what scores kept texts (data_tools/scoring.py); each score goes into ``meta`` under that name."""
    min_scores: Mapping[str, float] = field(default_factory=dict)
    """Least score (0..1) by scorer; a text under it is dropped."""

    @cached_property
    def _quality(self) -> QualityRules:
        return QualityRules(self.rules)

    @cached_property
    def _policy(self) -> Policy:
        return self.policy or policy_for(self.rules.name)

    def repair(self, document: Document) -> Repaired:
        """Return the document with its text repaired; one that is too long is left as it is, and dropped later."""
        if len(document.text) > self.max_characters:
            return Repaired(document, {})
        text, changes = repair(document.text, self.rules.without_repairs)
        return Repaired(replace(document, text=text), changes)

    def clean_all(self, documents: Iterable[Document]) -> Iterator[Cleaned]:
        """Yield every document cleaned, in order."""
        yield from self.clean_repaired(map(self.repair, documents))

    def clean_repaired(self, documents: Iterable[Repaired]) -> Iterator[Cleaned]:
        """Yield documents that were repaired before, cleaned, in order; a batch of them is in memory at a time."""
        for batch in batched_by_size(documents, lambda one: len(one.document.text)):
            yield from self._clean_batch(batch)

    def _clean_batch(self, documents: Sequence[Repaired]) -> list[Cleaned]:
        cleaned = [self._clean_alone(one) for one in documents]
        left = [place for place, one in enumerate(cleaned) if not one.verdict.rule]
        languages = identify_all([cleaned[place].verdict.text for place in left])
        for place, language in zip(left, languages, strict=True):
            cleaned[place] = self._judge_language(cleaned[place], language)
        left = [place for place in left if not cleaned[place].verdict.rule]
        verdicts = self._quality.judge_all([cleaned[place].verdict.text for place in left])
        for place, verdict in zip(left, verdicts, strict=True):
            one = replace(cleaned[place], verdict=verdict)
            cleaned[place] = self._scored(one) if self.scorers and not verdict.rule else one
        return cleaned

    def _scored(self, one: Cleaned) -> Cleaned:
        """Add the scores of a text that every rule keeps; a score that is too low costs it."""
        words = words_of(one.verdict.text)
        scores = {name: round(scorer.score(words), 4) for name, scorer in self.scorers.items()}
        verdict = one.verdict
        for name, least in self.min_scores.items():
            if scores[name] < least and not verdict.rule:
                verdict = Verdict(verdict.text, f"score.{name}", scores[name], f"limit {least:g}")
        return replace(one, verdict=verdict, learned={**one.learned, **scores})

    def _clean_alone(self, repaired: Repaired) -> Cleaned:
        """Cut boilerplate and personal data out of one document."""
        document, changes = repaired.document, dict(repaired.changes)
        text = document.text
        if len(text) > self.max_characters:
            return Cleaned(document, Verdict(text, "too_long", float(len(text)), f"limit {self.max_characters}"))
        table = self.boilerplate.get(document.corpus)
        stripped = strip(text, document.id, table, repaired.paragraphs) if table is not None else Stripped(text)
        if stripped.cut:
            changes["boilerplate"] = len(stripped.cut)
        if stripped.only_boilerplate:
            verdict = Verdict(stripped.text, "boilerplate_only", round(stripped.lost_share, 4))
            return Cleaned(document, verdict, changes, cut=stripped.cut)
        text, hits = replace_personal_data(stripped.text, self._policy)
        changes |= hits
        refusal = self._policy.refusal(hits)
        if refusal is not None:
            verdict = Verdict(text, "personal_data", float(refusal[1]), refusal[0])
            return Cleaned(document, verdict, changes, cut=stripped.cut)
        return Cleaned(document, Verdict(text), changes, cut=stripped.cut)

    def prepare(self, document: Document) -> str:
        """Return a document's text repaired, with personal data replaced; empty for one that is dropped as too long."""
        if len(document.text) > self.max_characters:
            return ""
        return replace_personal_data(self.repair(document).document.text, self._policy)[0]

    def _judge_language(self, one: Cleaned, found: Language) -> Cleaned:
        """Refuse what is in another language, in none, or stops in mid-sentence."""
        text = one.verdict.text
        learned = {"language_identified": found.code, "language_confidence": round(found.confidence, 3)}
        if found.is_other_than(self.language):
            verdict = Verdict(text, "language", round(1 - found.share_of(self.language), 4), found.code)
        else:
            verdict = self._judge_letters(text)
        return replace(one, verdict=verdict, learned=learned)

    def _judge_letters(self, text: str) -> Verdict:
        share = common_pair_share(text) if self.language == "en" else 1.0
        if share < self.rules.min_common_pair_share:
            return Verdict(text, "gibberish", share, f"limit {self.rules.min_common_pair_share:g}")
        limit = self.rules.max_unfinished_words
        num_words = len(text.split(None, limit + 1))
        if num_words > limit or _ENDING.search(text):
            return Verdict(text)
        num_words = max(num_words, count_unspaced(text))
        return Verdict(text) if num_words > limit else Verdict(text, "unfinished", float(num_words), f"limit {limit}")
