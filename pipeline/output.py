"""What a running step writes to: its directory, shards that are remembered, metrics, report blocks, progress."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from pipeline.artifact import write_json
from pipeline.errors import StepError
from pipeline.identity import Json
from pipeline.stage import Block, Resources

MAP_FOLDER = ".map"
PROGRESS_FILE = ".progress.json"
BLOCKS_FOLDER = "blocks"
STOP_FILE = ".stop"
"""Asks a running step to save and end; written into its work directory by whoever started it."""

Task = Callable[..., Json]


@dataclass(frozen=True)
class Call:
    """One shard's work: ``function(**arguments)``, its result kept in the file ``memory``."""

    shard: str
    function: Task
    arguments: Mapping[str, Any]
    memory: Path

    def run(self) -> Json:
        """Do it and note the result where it ran: whoever dies next, a shard that is whole is not done again."""
        result = self.function(**self.arguments)
        write_json(self.memory, result)
        return result


class Fanout(Protocol):
    """How shards run: one after another in this process, or as Ray tasks."""

    name: str

    def map(self, calls: Sequence[Call], done: Callable[[str, Json], None], resources: Resources) -> None:
        """Run every call; report each shard's result with ``done``."""


class Output:
    """A step's only way to leave something behind. ``path`` becomes the artifact once ``run`` has returned."""

    def __init__(self, path: Path, resources: Resources, fanout: Fanout, step: str = "") -> None:
        self.path = path
        self.resources = resources
        self.step = step
        self._fanout = fanout
        self._num_blocks = 0
        self._mapped: set[str] = set()
        self._progress_written = 0.0
        path.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Forget the report blocks of an attempt that was cut short; its finished shards stay."""
        shutil.rmtree(self.path / BLOCKS_FOLDER, ignore_errors=True)

    @property
    def executor(self) -> str:
        """``inline`` or ``ray``: a stage that launches distributed training must know."""
        return self._fanout.name

    def map(self, function: Task, shards: Mapping[str, Mapping[str, Any]], *, name: str = "shards") -> dict[str, Json]:
        """Call ``function(**arguments)`` once per shard and return its JSON results by shard name, in the order given.

        Finished shards are remembered in the work directory: after a crash only the others run. ``function`` must be
        importable by name (not a lambda, not from ``__main__``), write its files atomically (``atomic_path``) below a
        path passed in its arguments, and return JSON. The first shard that fails fails the step with its own message.
        A second call of the same step needs a ``name`` of its own: results are remembered under it.
        """
        if name in self._mapped:
            raise StepError(f"step {self.step}: map is called twice with the name {name!r}. Give each call its own")
        self._mapped.add(name)
        folder = self.path / MAP_FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        results: dict[str, Json] = {}
        calls: list[Call] = []
        for shard, arguments in shards.items():
            if "/" in shard or shard.startswith("."):
                raise StepError(f"step {self.step}: a shard's name must be a plain file name, got {shard!r}")
            memory = folder / f"{shard}.json"
            if memory.exists():
                results[shard] = json.loads(memory.read_text("utf-8"))
            else:
                calls.append(Call(shard, function, arguments, memory))

        def done(shard: str, result: Json) -> None:
            results[shard] = result
            self.progress(len(results), len(shards), name)

        self.progress(len(results), len(shards), name)
        self._fanout.map(calls, done, self.resources)
        return {shard: results[shard] for shard in shards}

    def metrics(self, **values: Json) -> None:
        """Append one line to ``metrics.jsonl``, with the time it was written."""
        line = json.dumps({"time": round(time.time(), 3), **values}, ensure_ascii=False, allow_nan=False)
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def block(self, block: Block) -> None:
        """Hand the report a table, curves, bars or a text."""
        folder = self.path / BLOCKS_FOLDER
        folder.mkdir(exist_ok=True)
        write_json(folder / f"{self._num_blocks:03d}.json", asdict(block))
        self._num_blocks += 1

    def asked_to_stop(self) -> bool:
        """Whether the step should save and end; only stages with ``saves_when_stopped`` need look."""
        return (self.path / STOP_FILE).exists()

    def progress(self, done: float, total: float, unit: str) -> None:
        """Say how far the step is; written at most five times a second, and always when it is complete."""
        now = time.monotonic()
        if done < total and now - self._progress_written < 0.2:
            return
        self._progress_written = now
        record = {
            "step": self.step,
            "done": done,
            "total": total,
            "unit": unit,
            "time": time.time(),
            "pid": os.getpid(),
        }
        temporary = self.path / f"{PROGRESS_FILE}.{os.getpid()}"
        temporary.write_text(json.dumps(record), "utf-8")
        os.replace(temporary, self.path / PROGRESS_FILE)


class InlineFanout:
    """Shards one after another in this process."""

    name = "inline"

    def map(self, calls: Sequence[Call], done: Callable[[str, Json], None], resources: Resources) -> None:
        for call in calls:
            done(call.shard, call.run())
