"""Limits from a corpus's own distributions: what every quality rule measures, and where mean +- 3 sigma lies.

The way of Data-Juicer's recipes for arXiv and PubMed Central: measure per corpus, cut at three standard deviations,
look at what each limit takes. Counts of words are taken as logarithms, for they spread over orders of magnitude. Texts
are measured repaired and with personal data replaced, every measure over the whole text: with the profile ``web``,
C4 takes lines out before FineWeb's rules measure, and here it does not. Documents are read twice; held in memory are
27 numbers a document.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from data_tools.batching import batched_by_size
from data_tools.measures import Measured
from data_tools.quality import measure
from data_tools.rules import LIMITS, Limit, Rules

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from data_tools.documents import Document

NUM_SIGMA = 3.0
NUM_BINS = 40
NUM_NEAR = 4
"""Documents shown on either side of a limit."""
HEAD_CHARACTERS = 700


@dataclass(frozen=True)
class Near:
    """A document just inside or outside a limit."""

    id: str
    source: str
    value: float
    is_inside: bool
    head: str = ""


@dataclass
class RuleCalibration:
    """One rule on one corpus."""

    rule: Limit
    limit: float | None
    """What the profile sets; None where the rule does not hold there."""
    proposed: float
    """Mean + 3 sigma for a maximum, mean - 3 sigma for a minimum, within what the measure can be."""
    mean: float
    deviation: float
    histogram: tuple[list[int], list[float]]
    """Documents per bin, and the bins' edges (one more)."""
    num_documents: int
    """Documents measured: those with any text that are not too long."""
    beyond: dict[str, float]
    """Share of documents beyond the ``published``, ``profile`` and ``proposed`` limit (0..1)."""
    near: dict[str, list[Near]] = field(default_factory=dict)
    """Documents around the ``profile`` and the ``proposed`` limit, nearest first, outside before inside."""


def calibrate(
    documents: Callable[[], Iterable[Document]],
    prepare: Callable[[Document], str],
    rules: Rules,
    max_documents: int = 100_000,
) -> dict[str, list[RuleCalibration]]:
    """Return, by corpus, every rule's distribution and proposal over the first ``max_documents`` documents.

    ``documents`` gives the same documents each time it is called; ``prepare`` gives the text to measure, empty where a
    document is none to measure.
    """
    ids: dict[str, list[str]] = defaultdict(list)
    values: dict[str, list[dict[str, NDArray[np.float64]]]] = defaultdict(list)
    for batch in _batches(islice(documents(), max_documents), prepare):
        by_corpus: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for document, text in batch:
            by_corpus[document.corpus].append((document.id, text))
        for corpus, pairs in by_corpus.items():
            ids[corpus] += [id for id, _ in pairs]
            measured = Measured([text for _, text in pairs], dict.fromkeys((rule.measure for rule in LIMITS), -1.0))
            values[corpus].append({rule.measure: measure(measured, rule.measure) for rule in LIMITS})
    found = {corpus: _calibrate_corpus(values[corpus], ids[corpus], rules) for corpus in sorted(values)}
    _add_heads(found, islice(documents(), max_documents), prepare)
    return found


def _batches(documents: Iterable[Document], prepare: Callable[[Document], str]) -> Iterator[list[tuple[Document, str]]]:
    prepared = ((document, prepare(document)) for document in documents)
    filled = ((document, text) for document, text in prepared if text.strip())
    return batched_by_size(filled, lambda pair: len(pair[1]))


def _calibrate_corpus(
    batches: Sequence[dict[str, NDArray[np.float64]]], ids: Sequence[str], rules: Rules
) -> list[RuleCalibration]:
    import numpy as np

    columns = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    return [_calibrate_rule(rule, rules.limit(rule), columns[rule.measure], ids) for rule in LIMITS]


def _calibrate_rule(
    rule: Limit, limit: float | None, values: NDArray[np.float64], ids: Sequence[str]
) -> RuleCalibration:
    import numpy as np

    scaled = np.log10(values.clip(1)) if rule.measure == "words" else values
    mean, deviation = float(scaled.mean()), float(scaled.std())
    proposed = mean + (-NUM_SIGMA if rule.is_minimum else NUM_SIGMA) * deviation
    proposed = max(10**proposed if rule.measure == "words" else proposed, 0.0)
    if rule.measure.endswith("_share"):
        proposed = min(proposed, 1.0)
    proposed = _rounded(proposed, up=not rule.is_minimum)
    counts, edges = np.histogram(scaled, bins=NUM_BINS)
    made = RuleCalibration(
        rule, limit, proposed, mean, deviation, (counts.tolist(), edges.tolist()), len(values),
        {
            name: float(_is_beyond(rule, values, each).mean()) if each is not None else 0.0
            for name, each in (("published", rule.published), ("profile", limit), ("proposed", proposed))
        },
    )  # fmt: skip
    for name, each in (("profile", limit), ("proposed", proposed)):
        if each is not None:
            made.near[name] = _nearest(rule, values, each, ids)
    return made


def _rounded(value: float, up: bool) -> float:
    """Return ``value`` with three digits, rounded away from the documents: never a limit that takes more than it."""
    if not value:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(value)) - 2)
    return float(f"{(math.ceil if up else math.floor)(value / unit - (1e-9 if up else -1e-9)) * unit:.6g}")


def _is_beyond(rule: Limit, values: NDArray[np.float64], limit: float) -> NDArray[np.bool_]:
    return values < limit if rule.is_minimum else values > limit


def _nearest(rule: Limit, values: NDArray[np.float64], limit: float, ids: Sequence[str]) -> list[Near]:
    import numpy as np

    is_beyond = _is_beyond(rule, values, limit)
    chosen: list[Near] = []
    for is_inside in (False, True):
        places = np.flatnonzero(is_beyond != is_inside)
        order = places[np.argsort(np.abs(values[places] - limit), kind="stable")][:NUM_NEAR]
        chosen += [Near(ids[place], "", float(values[place]), is_inside) for place in order.tolist()]
    return chosen


def _add_heads(
    found: dict[str, list[RuleCalibration]], documents: Iterable[Document], prepare: Callable[[Document], str]
) -> None:
    lists = [(corpus, near) for corpus, rules in found.items() for rule in rules for near in rule.near.values()]
    wanted = {(corpus, one.id) for corpus, near in lists for one in near}
    heads = {
        (document.corpus, document.id): (document.source, prepare(document)[:HEAD_CHARACTERS])
        for document in documents
        if (document.corpus, document.id) in wanted
    }
    for corpus, near in lists:
        near[:] = [
            Near(one.id, source, one.value, one.is_inside, head)
            for one in near
            for source, head in (heads[(corpus, one.id)],)
        ]


def limits_yaml(found: dict[str, list[RuleCalibration]]) -> str:
    """Return the proposals as ``limits:`` of a clean step, each with what it would take; a document per corpus."""
    lines: list[str] = []
    for number, (corpus, rules) in enumerate(found.items()):
        lines += ["---"] * (number > 0)
        lines += [f"# corpus {corpus}: mean +- {NUM_SIGMA:g} sigma", "limits:"]
        for one in rules:
            lost = f"{one.beyond['proposed']:.2%} beyond, {one.beyond['published']:.2%} beyond the published limit"
            lines.append(f"  {one.rule.name}: {one.proposed:g}  # {lost} {one.rule.published:g}")
    return "\n".join(lines) + "\n"
