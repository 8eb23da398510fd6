"""Each worker's pulse: what it is doing, in a file of its own, so that the one that the others wait for has a name."""

from __future__ import annotations

import json
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

RANKS_FOLDER = ".ranks"
PHASES = ("reading", "computing", "waiting")
"""In the order of an update. A rank that waits has done its part."""
LOOK_SECONDS = 5.0
STALL_SECONDS = 300.0
"""Without any rank's pulse for so long, the run has stalled."""


@dataclass(frozen=True)
class Beat:
    """What a rank was doing last."""

    rank: int
    step: int
    phase: str
    time: float


class Pulse:
    """Writes this rank's log, and on the first rank watches all of them; a context manager around a training."""

    def __init__(self, work: Path, rank: int, world: int, stall_seconds: float = STALL_SECONDS) -> None:
        self.folder, self.rank, self.world, self.stall_seconds = work / RANKS_FOLDER, rank, world, stall_seconds
        self.tell: Callable[[str], None] = lambda text: None
        self.ended = threading.Event()
        self.last: Beat | None = None
        self.seconds: dict[str, float] = {}

    def __enter__(self) -> Pulse:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state = (self.folder / f"rank-{self.rank:05d}.state").open("w", encoding="utf-8")
        self.log = (self.folder / f"rank-{self.rank:05d}.jsonl").open("a", encoding="utf-8")
        if self.rank == 0:
            threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        if error is not None:
            self._write({"error": "".join(traceback.format_exception(error))})
        self.state.close()
        self.log.close()

    def beat(self, step: int, phase: str) -> None:
        """Say what this rank is doing now."""
        now = time.time()
        if self.last is not None:
            self.seconds[self.last.phase] = self.seconds.get(self.last.phase, 0.0) + now - self.last.time
            if step != self.last.step:
                spent = {name: round(seconds, 4) for name, seconds in self.seconds.items()}
                self._write({"step": self.last.step + 1, **spent})
                self.seconds = {}
        self.last = Beat(self.rank, step, phase, now)
        self.state.seek(0)
        self.state.write(f"{json.dumps([self.rank, step, phase, now])}\n{' ' * 16}")
        self.state.flush()

    def between(self, step: int, batches: Iterator[Any]) -> Iterator[Any]:
        """Yield the batches; the time that each takes to come is reading, the rest computing."""
        while True:
            self.beat(step, "reading")
            batch = next(batches, None)
            self.beat(step, "computing")
            if batch is None:
                return
            yield batch

    def _write(self, record: dict[str, object]) -> None:
        self.log.write(f"{json.dumps({'time': round(time.time(), 3), **record})}\n")
        self.log.flush()

    def _watch(self) -> None:
        told = -1
        while not self.ended.wait(min(LOOK_SECONDS, self.stall_seconds / 4)):
            beats = [beat for beat in read_beats(self.folder) if beat.rank < self.world]
            if not self.seconds:
                continue  # the first update has not begun: loading takes as long as it takes
            step = max((beat.step for beat in beats), default=-1)
            text = stalled(beats, time.time(), self.stall_seconds)
            if text and step != told:
                told = step
                print(text, file=sys.stderr, flush=True)
                self.tell(text)


def read_beats(folder: Path) -> list[Beat]:
    """Return the last beat of every rank; one that is being written is left out."""
    found = []
    for path in sorted(folder.glob("rank-*.state")):
        try:
            found.append(Beat(*json.loads(path.read_text("utf-8").split("\n")[0])))
        except (OSError, ValueError, TypeError):
            continue
    return found


def stalled(beats: Sequence[Beat], now: float, limit: float) -> str:
    """Return which rank the others wait for, where none has moved for ``limit`` seconds; nothing where one has."""
    if not beats or now - max(beat.time for beat in beats) < limit:
        return ""
    place = {beat.rank: (beat.step, PHASES.index(beat.phase)) for beat in beats}
    last = min(place.values())
    behind = [beat for beat in beats if place[beat.rank] == last]
    names = ", ".join(str(beat.rank) for beat in behind)
    seconds = now - max(beat.time for beat in behind)
    return (
        f"stalled: rank {names} of {len(beats)} has been {behind[0].phase} update {last[0] + 1} for {seconds:.0f} s"
        + ("; the others wait for it" if len(behind) < len(beats) else "")
    )
