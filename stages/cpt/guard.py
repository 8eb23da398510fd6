"""Outliers among updates: what is skipped, when to go back, what is left out.

An update whose loss or gradient norm lies far outside those of the last updates is not applied. Where too many are
skipped, the run goes back to its last good checkpoint, looks with those weights which of the batches ahead are
outliers, and leaves exactly them out. A limit on that, then the run stops and says what it found.

Everything here is a pure function of figures that all ranks share, so all ranks decide alike, and a resumed run decides
as the undisturbed one did.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from stages.cpt.policy import Policy

MIN_UPDATES = 32
"""Distances (norms) that must be known before one is judged."""
LEVEL_UPDATES = 16
"""The median of so many last losses is the level that a loss is measured from: it falls with the training."""
MIN_DEVIATION = 0.01
"""Smallest deviation of the loss that is reckoned with, relative to its level."""
NORMAL_DEVIATION = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


@dataclass
class Watch:
    """The last updates that were applied, and what was not; kept in the checkpoint."""

    losses: list[float] = field(default_factory=list)
    distances: list[float] = field(default_factory=list)
    """Of each loss from the level before it."""
    norms: list[float] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    """Updates not applied: ``step`` (from 0), ``batch`` (its place in the data), ``reason``, ``by`` loss or norm, and
    the ``limit`` of the loss then, None while too little was known."""
    search: dict[str, Any] | None = None
    """What a rollback is on its way to: the ``step`` from which to look for bad batches, and the updates skipped."""
    left_out: list[tuple[int, int]] = field(default_factory=list)
    """Batches left out, as (first, last) of each range, rising."""
    rollbacks: int = 0

    def batch_of(self, step: int) -> int:
        """Return which batch of the data update ``step`` reads: the step itself, ranges left out not counted."""
        batch = step
        for first, last in self.left_out:
            if first <= batch:
                batch += last - first + 1
        return batch

    def step_of(self, batch: int) -> int | None:
        """Return which update reads a batch of the data: the inverse of ``batch_of``; None where it is left out."""
        if self.is_left_out(batch):
            return None
        return batch - sum(last - first + 1 for first, last in self.left_out if last < batch)

    def accept(self, loss: float, norm: float | None, policy: Policy) -> None:
        """Remember an update that was applied."""
        if len(self.losses) >= LEVEL_UPDATES // 2:
            self.distances = [*self.distances, loss - statistics.median(self.losses)][-policy.spike_window :]
        self.losses = [*self.losses, loss][-LEVEL_UPDATES:]
        if norm is not None:
            self.norms = [*self.norms, norm][-policy.spike_window :]

    def skip(self, step: int, reason: str, by: str, policy: Policy) -> None:
        """Remember an update that was not applied."""
        limit = self.loss_limit(policy)
        told = {"reason": reason, "by": by, "limit": limit if math.isfinite(limit) else None}
        self.skipped.append({"step": step, "batch": self.batch_of(step), **told})

    def recent(self, step: int, policy: Policy) -> list[dict[str, Any]]:
        """Return the updates skipped within the last window."""
        return [one for one in self.skipped if step - policy.spike_window < one["step"] < step]

    def is_left_out(self, batch: int) -> bool:
        return any(first <= batch <= last for first, last in self.left_out)

    def leave_out(self, first: int, last: int) -> None:
        """Leave a range of batches out from now on; ranges that touch become one."""
        merged: list[tuple[int, int]] = []
        for one in sorted([*((a, b) for a, b in self.left_out), (first, last)]):
            if merged and one[0] <= merged[-1][1] + 1:
                merged[-1] = merged[-1][0], max(merged[-1][1], one[1])
            else:
                merged.append(one)
        self.left_out = merged

    def of_loss(self, loss: float, policy: Policy) -> str:
        """Return why a loss is an outlier, or nothing."""
        if not math.isfinite(loss):
            return f"the loss is {loss}"
        limit = self.loss_limit(policy)
        if loss <= limit:
            return ""
        return f"the loss is {loss:.4g}, its level {statistics.median(self.losses):.4g} and its limit {limit:.4g}"

    def loss_limit(self, policy: Policy) -> float:
        """Return the loss above which an update is an outlier; infinite while too little is known."""
        if len(self.distances) < MIN_UPDATES:
            return math.inf
        level = statistics.median(self.losses)
        drift = statistics.median(self.distances)  # a falling loss lies below the level, always by much the same
        deviation = NORMAL_DEVIATION * statistics.median(abs(one - drift) for one in self.distances)
        return level + policy.spike_loss * max(deviation, MIN_DEVIATION * level)

    def of_norm(self, norm: float, policy: Policy) -> str:
        """Return why a gradient norm is an outlier, or nothing."""
        if not math.isfinite(norm):
            return f"the gradient's norm is {norm}"
        if len(self.norms) < MIN_UPDATES:
            return ""
        median = statistics.median(self.norms)
        limit = policy.spike_norm * median
        return f"the gradient's norm is {norm:.4g}, its median {median:.4g}" if norm > limit > 0 else ""


def ranges(batches: Sequence[int]) -> list[tuple[int, int]]:
    """Return the runs of consecutive numbers as (first, last)."""
    found: list[tuple[int, int]] = []
    for batch in sorted(batches):
        if found and batch == found[-1][1] + 1:
            found[-1] = found[-1][0], batch
        else:
            found.append((batch, batch))
    return found
