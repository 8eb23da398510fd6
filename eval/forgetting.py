"""What adaptation cost: how much worse general text became, for which corpora, and which candidate stays in bounds.

Forgetting here is the relative rise of bits per byte on text that the base knew (the negative of the backward transfer
of Lopez-Paz and Ranzato 2017, relative instead of absolute, so that it means the same at every loss level).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from eval.errors import EvalError
from eval.likelihood import DocumentLoss
from eval.significance import Comparison, compare


def compare_losses(
    base: Sequence[DocumentLoss], other: Sequence[DocumentLoss], *, num_resamples: int = 2000, seed: int = 0
) -> Comparison:
    """Return bits per byte of both models on the same documents, with paired intervals over documents."""
    if [loss.id for loss in base] != [loss.id for loss in other]:
        raise EvalError("forgetting: both models must have read the same documents in the same order")
    return compare(
        [loss.nats / math.log(2) for loss in base],
        [loss.nats / math.log(2) for loss in other],
        [float(loss.num_bytes) for loss in base],
        num_resamples=num_resamples,
        seed=seed,
    )


def by_corpus(base: Sequence[DocumentLoss], other: Sequence[DocumentLoss], *, seed: int = 0) -> dict[str, Comparison]:
    """Return the comparison for every corpus by itself: an average may hide one that was forgotten."""
    positions: dict[str, list[int]] = {}
    for position, loss in enumerate(base):
        positions.setdefault(loss.corpus, []).append(position)
    return {
        corpus: compare_losses([base[i] for i in found], [other[i] for i in found], seed=seed)
        for corpus, found in sorted(positions.items())
    }


def share_worse(base: Sequence[DocumentLoss], other: Sequence[DocumentLoss]) -> float:
    """Return the share of documents (0..1) that the other model predicts worse than the base."""
    if not base or len(base) != len(other):
        raise EvalError(f"forgetting: needs the same documents of both models, got {len(base)} and {len(other)}")
    return sum(1 for a, b in zip(base, other, strict=True) if b.nats > a.nats) / len(base)


@dataclass(frozen=True)
class Candidate:
    """What decides between models, measured on dev text and dev questions."""

    name: str
    general_bits_per_byte: float
    domain_bits_per_byte: float
    domain_accuracy: float | None = None
    """0..1; None where there are no domain questions."""


@dataclass(frozen=True)
class Choice:
    """The candidate taken, and why."""

    name: str
    within: tuple[str, ...]
    """Candidates that forgot no more than allowed."""
    limit: float
    """The general bits per byte that was allowed."""
    reason: str


def choose(candidates: Sequence[Candidate], base_general: float, tolerance: float) -> Choice:
    """Return the best candidate whose general bits per byte is at most ``(1 + tolerance)`` times the base's.

    Best: highest domain accuracy, ties by lower domain bits per byte, then by lower general bits per byte, then by the
    order given; without questions, lowest domain bits per byte. Where none is within the limit, the one that forgot
    least is taken and the reason says so.
    """
    if not candidates:
        raise EvalError("choice: needs at least one candidate, got 0")
    limit = (1 + tolerance) * base_general
    within = [candidate for candidate in candidates if candidate.general_bits_per_byte <= limit]
    if not within:
        least = min(candidates, key=lambda candidate: candidate.general_bits_per_byte)
        return Choice(
            least.name,
            (),
            limit,
            f"no candidate keeps general text within {limit:.4f} bits per byte; {least.name} forgot least, "
            f"at {least.general_bits_per_byte:.4f}",
        )
    best = min(within, key=_rank)
    by = (
        f"domain dev accuracy {best.domain_accuracy:.1%}"
        if best.domain_accuracy is not None
        else f"domain dev bits per byte {best.domain_bits_per_byte:.4f}"
    )
    return Choice(
        best.name,
        tuple(candidate.name for candidate in within),
        limit,
        f"{best.name} has the best {by} among {len(within)} of {len(candidates)} candidates that keep general text "
        f"within {limit:.4f} bits per byte",
    )


def _rank(candidate: Candidate) -> tuple[float, float, float]:
    accuracy = 0.0 if candidate.domain_accuracy is None else candidate.domain_accuracy
    return (-accuracy, candidate.domain_bits_per_byte, candidate.general_bits_per_byte)
