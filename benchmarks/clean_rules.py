"""The quality rules against datatrove's own filters: the same decisions, and how much faster.

Both judge the same documents in the same order of rules. datatrove splits words with spaCy, its default for English
(the ``bench`` extra installs it).
"""

from __future__ import annotations

import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.real_text import FOLDERS, read_folder
from data_tools.batching import batched_by_size
from data_tools.quality import QualityRules, Verdict
from data_tools.rules import get_rules
from tests.data_tools.datatrove_reference import judge as judge_by_datatrove

ROUNDS = 5
TIMED_BYTES = 1_500_000
"""Text that both judge in every timed round: documents of all folders, drawn by a seed."""


def judge_all(texts: Sequence[str], rules: QualityRules) -> list[Verdict]:
    """Judge in batches as the clean step does."""
    return [verdict for batch in batched_by_size(texts, len) for verdict in rules.judge_all(batch)]


def measure_rules() -> dict[str, Any]:
    """Return agreement on every document and the ratio of speeds on a sample of them."""
    texts = [document.text for folder in FOLDERS for document in read_folder(folder)]
    return {**_speed(texts), **_agreement(texts)}


def _speed(texts: Sequence[str]) -> dict[str, Any]:
    drawn = list(texts)
    random.Random(0).shuffle(drawn)
    sample: list[str] = []
    size = 0
    while size < TIMED_BYTES:
        sample.append(drawn.pop())
        size += len(sample[-1].encode())
    rules = QualityRules(get_rules("web"))
    ours: list[float] = []
    theirs: list[float] = []
    _seconds(lambda: judge_by_datatrove(sample[0], "en"))  # loads spaCy
    _seconds(lambda: judge_all(sample[:50], rules))
    for _ in range(ROUNDS):
        theirs.append(_seconds(lambda: [judge_by_datatrove(text, "en") for text in sample]))
        ours.append(_seconds(lambda: judge_all(sample, rules)))
    return {
        "rules_datatrove_mb_per_second": size / 1e6 / statistics.median(theirs),
        "rules_strata_mb_per_second": size / 1e6 / statistics.median(ours),
        "rules_speed_ratio": statistics.median(theirs) / statistics.median(ours),
        "rules_speed_ratios": [round(t / o, 1) for t, o in zip(theirs, ours, strict=True)],
    }


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _agreement(texts: Sequence[str]) -> dict[str, Any]:
    found = judge_all(texts, QualityRules(get_rules("web")))
    kinds: Counter[tuple[str, str]] = Counter()
    differences: list[dict[str, Any]] = []
    same_rule = same_text = both_kept = 0
    for text, verdict in zip(texts, found, strict=True):
        rule, left = judge_by_datatrove(text, "en") if text.strip() else ("empty", text)
        same_rule += rule == verdict.rule
        if not rule and not verdict.rule:
            both_kept += 1
            same_text += left == verdict.text
        if bool(rule) != bool(verdict.rule):
            kinds[(rule or "kept", verdict.rule or "kept")] += 1
            differences.append(_explained(text, rule or verdict.rule, verdict.text))
    return {
        "rules_documents": len(texts),
        "rules_same_decision": 1 - len(differences) / len(texts),
        "rules_same_rule": same_rule / len(texts),
        "rules_same_text_where_both_keep": same_text / max(both_kept, 1),
        "rules_differences": {f"datatrove: {a}; strata: {b}": count for (a, b), count in kinds.most_common()},
        "rules_differences_explained": sum(each["explained"] for each in differences),
        "rules_difference_values": differences,
    }


def _explained(text: str, rule: str, left: str) -> dict[str, Any]:
    """Say what both count: a difference is explained where the two word splits lie on either side of the limit.

    ``left`` is the text without the lines that C4 takes out, in which it counts sentences.
    """
    from datatrove.pipeline.filters.gopher_repetition_filter import find_all_duplicate
    from datatrove.utils.text import split_into_sentences, split_into_words

    from data_tools.measures import Measured
    from data_tools.quality import measure
    from data_tools.rules import LIMITS

    (limit,) = [each for each in LIMITS if each.name == rule]
    if rule.startswith("c4."):
        text = left
    ours = float(measure(Measured([text]), limit.measure)[0])
    theirs: float | None = None
    if limit.measure == "alphabetic_word_share":
        words = split_into_words(text, "en")
        theirs = sum(any(map(str.isalpha, word)) for word in words) / len(words)
    elif limit.measure == "sentences":
        theirs = float(sum(len(split_into_sentences(line, "en")) for line in text.splitlines() if line.strip()))
    elif duplicates := re.fullmatch(r"duplicate_(\d+)_gram_character_share", limit.measure):
        theirs = find_all_duplicate(split_into_words(text, "en"), int(duplicates[1])) / len(text)
    explained = theirs is not None and (ours < limit.published) != (theirs < limit.published)
    return {"rule": rule, "limit": limit.published, "strata": ours, "datatrove": theirs, "explained": explained}
