"""Where steps run: ``inline`` in this process, for tests; ``ray`` for everything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pipeline.worker import Job, Outcome


class Executor(Protocol):
    """Runs jobs, some at a time."""

    works_aside: bool
    """Whether jobs run beside this process, so that they outlive an interrupt of it."""

    def start(self) -> None:
        """Get ready; called once, and only when there is something to run."""

    def submit(self, job: Job) -> None:
        """Begin a job whose inputs exist."""

    def wait(self, timeout_seconds: float) -> Sequence[Outcome]:
        """Return the jobs that have ended, waiting at most that long for the first."""

    def stop(self) -> None:
        """End what still runs; finished shards and checkpoints stay in the work directories."""
