"""A training under way on one worker, and what of it is kept in its checkpoints."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipeline.output import Output
from stages.cpt.checkpoints import Saver
from stages.cpt.data import DevData, TrainingData
from stages.cpt.gate import Gate
from stages.cpt.guard import Watch
from stages.cpt.job import Job
from stages.cpt.place import Place, relative_tokens
from stages.cpt.pulse import Pulse
from stages.cpt.schedule import steps_after_plateau
from stages.cpt.speed import Speedometer

MODEL_FOLDER = "model"


@dataclass
class Trajectory:
    """What the run has seen so far; kept in the checkpoints, so that a resumed run knows it too."""

    points: list[dict[str, Any]] = field(default_factory=list)
    """Dev losses: step, tokens, and per part nats per token and bits per byte."""
    anneals: list[dict[str, Any]] = field(default_factory=list)
    """Dev losses at the ends of the shorter runs in ``Job.anneal_at``, as in ``points``."""
    decay_start: int | None = None
    """The step at which a plateau started the decay; None while none has."""
    seconds: float = 0.0
    """Time spent in updates, over all the run's lives."""
    watch: Watch = field(default_factory=Watch)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Trajectory:
        return cls(**{**value, "watch": Watch(**value["watch"])})


@dataclass
class Run:
    """A training under way on this worker."""

    job: Job
    engine: Any
    gate: Gate
    data: TrainingData
    dev: DevData
    saver: Saver
    pulse: Pulse
    speed: Speedometer
    out: Output | None
    """Where metrics and progress go; None but on the first worker."""
    trajectory: Trajectory = field(default_factory=Trajectory)
    step: int = 0
    """Updates done, those skipped included."""
    is_new: bool = True
    """Whether it has begun from nothing, with no checkpoint."""

    @property
    def num_steps(self) -> int:
        """Updates in all: fewer than the budget's where a plateau started the decay early."""
        if self.trajectory.decay_start is None:
            return self.job.num_steps
        return min(self.job.num_steps, steps_after_plateau(self.job.policy, self.trajectory.decay_start))

    def save(self) -> None:
        """Begin to write a checkpoint of where the run stands."""
        self.saver.save(self.engine, self.step, self.trajectory.as_json())

    def keep_place(self) -> None:
        """Keep what decides the text that is read when, for ``strata trace``."""
        if self.out is not None:
            job, work = self.job, Path(self.job.work)
            Place(
                relative_tokens(work, Path(job.tokens)),
                job.domain_share,
                job.seed,
                self.data.batch_sequences,
                job.text_share,
                self.num_steps,
                self.trajectory.watch.left_out,
                [one["step"] + 1 for one in self.trajectory.watch.skipped],
            ).write(work)

    def note(self, event: str, **what: Any) -> None:
        """Write an event into the metrics."""
        if self.out is not None:
            self.out.metrics(step=self.step, event=event, **what)
