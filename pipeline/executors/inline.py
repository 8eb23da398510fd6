"""Steps and their shards one after another in this process."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.output import InlineFanout
from pipeline.worker import Job, Outcome, run_job


class InlineExecutor:
    """For tests and small work: no Ray, no parallelism, the same files."""

    works_aside = False

    def __init__(self) -> None:
        self._queue: list[Job] = []

    def start(self) -> None:
        """Nothing to get ready."""

    def submit(self, job: Job) -> None:
        self._queue.append(job)

    def wait(self, timeout_seconds: float) -> Sequence[Outcome]:
        return [run_job(self._queue.pop(0), InlineFanout())] if self._queue else []

    def stop(self) -> None:
        self._queue.clear()
