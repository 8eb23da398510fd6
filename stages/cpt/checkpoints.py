"""Checkpoints of a training run: any number of ranks writes them, any other number reads them.

``<folder>/step-00000200/`` holds for each rank ``rank-00000.bin``, its fp32 weights and moments one array after another
(little-endian), and ``rank-00000.json``, which says where in the model each piece lies; and ``state.json``: the step,
what the loop wants back, and the xxh3 digest of every file. A directory without a readable ``state.json``, or whose
files do not match it, is none.

Saving copies into host memory, 12 bytes a weight shared among the ranks, and writes from there while training goes on.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipeline.artifact import lease, sync_directory, write_json
from pipeline.errors import BusyError, StepError, is_no_space, no_space
from stages.cpt.optimizers.partitions import size_of
from stages.cpt.ranks import Ranks, TrainingStopped
from stages.cpt.state import BYTES_PER_WEIGHT, Snapshot, restore

STATE_FILE = "state.json"
FORMAT = 1
HOLD_SECONDS = 60
WAIT_SECONDS = 3600
"""How long the first rank waits for the others' files."""
CHUNK_BYTES = 1 << 24


@dataclass(frozen=True)
class Checkpoint:
    """A complete checkpoint on disk."""

    path: Path
    step: int
    """Updates done."""
    state: dict[str, Any]
    """What the loop wants back: see ``Saver.save``."""


class Saver:
    """Writes the checkpoints of one run, one at a time, beside the training. Every rank calls every method."""

    def __init__(self, folder: Path, ranks: Ranks, keep: int, window: int) -> None:
        """``keep`` newest checkpoints stay, and one from ``window`` updates before: see ``drop_old``."""
        self.folder, self.ranks, self.keep, self.window = folder, ranks, keep, window
        self.snapshot = Snapshot()
        self.thread: threading.Thread | None = None
        self.error: BaseException | None = None

    def save(self, engine: Any, step: int, state: dict[str, Any]) -> None:
        """Copy weights and moments, and begin to write them, unless the checkpoint of this step is there.

        Waits for the checkpoint before, and raises what went wrong with it. Raises TrainingStopped where the disk is
        too small for this one.
        """
        self.finish()
        causal, temporary = engine.module.causal, self.folder / f".{_name(step)}.tmp"
        needed = BYTES_PER_WEIGHT * sum(size_of(parameter) for parameter in causal.parameters())
        free = self.ranks.on_first(lambda: self._prepare(temporary, step))
        if free is None:
            return
        if free < needed:
            raise TrainingStopped(
                f"{self.folder}: a checkpoint takes {needed / 1e9:.3g} GB, the disk has {free / 1e9:.3g} GB free. Free "
                "some, then run the same command"
            )
        self.snapshot.take(engine, causal, self.ranks.rank, self.ranks.world)
        # the loop goes on changing its state while this is written
        text = json.dumps({"format": FORMAT, "step": step, "state": state})
        self.thread = threading.Thread(target=self._write, args=(temporary, step, text), daemon=True)
        self.thread.start()

    def _prepare(self, temporary: Path, step: int) -> int | None:
        """Make room for the files; return the bytes free, or None where the checkpoint is there already."""
        if self.path_of(step).exists():
            return None
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        return shutil.disk_usage(self.folder).free

    def path_of(self, step: int) -> Path:
        """Return where the checkpoint of a step lies."""
        return self.folder / _name(step)

    def finish(self) -> None:
        """Wait until the last checkpoint is written, by every rank; raise what went wrong, on every rank."""
        if self.thread is not None:
            self.thread.join()
            self.thread = None
        error, self.error = self.error, None
        if self.ranks.all_agree(error is None):
            return
        if error is None:
            raise TrainingStopped(f"{self.folder}: another rank could not write its part of the checkpoint")
        if is_no_space(error):
            raise TrainingStopped(no_space(self.folder)) from error
        raise error

    def _write(self, temporary: Path, step: int, text: str) -> None:
        try:
            name = f"rank-{self.ranks.rank:05d}"
            digest = _write_arrays(temporary / f"{name}.bin", self.snapshot.arrays.values())
            described = {
                "names": list(self.snapshot.arrays),
                "layout": self.snapshot.layout,
                "numbers": self.snapshot.numbers,
                "digest": digest,
            }
            write_json(temporary / f"{name}.json", described)
            if self.ranks.is_first:
                self._publish(temporary, step, json.loads(text))
        except BaseException as error:  # noqa: BLE001 - raised by ``finish``, on the training's own thread
            self.error = error
            with contextlib.suppress(OSError):
                (temporary / f"rank-{self.ranks.rank:05d}.failed").write_text(str(error))

    def _publish(self, temporary: Path, step: int, record: dict[str, Any]) -> None:
        names = [f"rank-{rank:05d}" for rank in range(self.ranks.world)]
        deadline = time.monotonic() + WAIT_SECONDS
        while missing := [name for name in names if not (temporary / f"{name}.json").exists()]:
            failed = next((name for name in names if (temporary / f"{name}.failed").exists()), None)
            if failed or time.monotonic() > deadline:
                what = f"{failed} failed" if failed else f"{missing[0]} is missing after {WAIT_SECONDS} s"
                raise StepError(f"{temporary}: {what}, so the checkpoint of step {step} is not complete")
            time.sleep(0.01)
        for name in names:
            described = temporary / f"{name}.json"
            record.setdefault("files", {})[f"{name}.bin"] = json.loads(described.read_text("utf-8"))["digest"]
            record["files"][described.name] = digest_of(described)
        write_json(temporary / STATE_FILE, record)
        sync_directory(temporary)
        os.replace(temporary, self.path_of(step))
        sync_directory(self.folder)
        drop_old(self.folder, self.keep, step - self.window)


def drop_old(folder: Path, keep: int, before: int) -> None:
    """Keep the newest ``keep`` checkpoints, the newest up to step ``before``, and that with the lowest domain dev loss.

    A rollback goes back behind the first outlier of its window, so one from before the window has to be there.
    """
    paths = sorted(folder.glob("step-*"))
    older = [path for path in paths if step_of(path) <= before] or paths
    best = best_of(paths)
    kept = {*paths[-keep:], (older[-1] if older is not paths else older[0]), *([best] if best else [])}
    for path in paths:
        if path not in kept:
            shutil.rmtree(path)


def step_of(path: Path) -> int:
    """Return the step of a checkpoint's directory."""
    return int(path.name.removeprefix("step-"))


def best_of(paths: Sequence[Path]) -> Path | None:
    """Return the checkpoint measured with the lowest domain dev loss; None where none was measured."""
    found = []
    for path in paths:
        with contextlib.suppress(OSError, ValueError, LookupError):
            points = json.loads((path / STATE_FILE).read_text("utf-8"))["state"]["points"]
            found.append((points[-1]["domain_loss"], -step_of(path), path))
    return min(found)[2] if found else None


def _name(step: int) -> str:
    return f"step-{step:08d}"


def _write_arrays(path: Path, arrays: Any) -> str:
    """Write the arrays one after another; return the digest of the file, made on the way."""
    import xxhash

    digest = xxhash.xxh3_128()
    with path.open("wb") as stream:
        for array in arrays:
            data = memoryview(array.numpy()).cast("B")
            for start in range(0, len(data), CHUNK_BYTES):
                chunk = data[start : start + CHUNK_BYTES]
                digest.update(chunk)
                stream.write(chunk)
        stream.flush()
        os.fsync(stream.fileno())
    return digest.hexdigest()


def digest_of(path: Path) -> str:
    """Return the xxh3 digest of a file."""
    import xxhash

    with path.open("rb") as stream:
        return hashlib.file_digest(stream, xxhash.xxh3_128).hexdigest()


@contextlib.contextmanager
def held(folder: Path, rank: int) -> Iterator[None]:
    """Keep the folder for one training: workers of a killed run may live on for a moment, and must not write beside us.

    Waits up to a minute for them to end, then raises BusyError.
    """
    if rank:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        for seconds_left in range(HOLD_SECONDS, -1, -1):
            try:
                stack.enter_context(lease(folder / ".lock", f"the training in {folder.parent}"))
                break
            except BusyError:
                if not seconds_left:
                    raise
                time.sleep(1)
        yield


def latest(folder: Path, ranks: Ranks | None = None, at_most: int | None = None) -> tuple[Checkpoint | None, list[str]]:
    """Return the newest complete checkpoint, or None, and a sentence for each damaged one that was passed over.

    The ranks share the reading of the files, and agree; a damaged one is put aside under a hidden name. ``at_most``
    leaves out those of later steps.
    """
    ranks = ranks or Ranks()
    damaged: list[str] = []
    steps = ranks.told(sorted(map(step_of, folder.glob("step-*")), reverse=True))
    for step in steps:
        path = folder / _name(step)
        if at_most is not None and step > at_most:
            continue
        record, fault = _read(path, ranks.rank, ranks.world)
        if ranks.all_agree(not fault) and record is not None:
            return Checkpoint(path, int(record["step"]), record["state"]), damaged
        damaged.append(f"checkpoint {path}: {fault or 'another rank found it damaged'}; the one before it is taken")
        ranks.on_first(lambda path=path: put_aside(path))  # type: ignore[misc]
    return None, damaged


def put_aside(path: Path) -> None:
    """Give a damaged checkpoint a hidden name, so that its step can be saved again and nobody takes it for one."""
    aside = path.with_name(f".damaged-{path.name}")
    shutil.rmtree(aside, ignore_errors=True)
    os.replace(path, aside)


def _read(path: Path, rank: int, world: int) -> tuple[dict[str, Any] | None, str]:
    """Return the record of a checkpoint, and what is wrong with this rank's share of its files."""
    try:
        record: dict[str, Any] = json.loads((path / STATE_FILE).read_text("utf-8"))
        files = sorted(record["files"].items())
        if record["format"] != FORMAT:
            return None, f"its format is {record['format']}, not {FORMAT}"
    except (OSError, ValueError, LookupError) as error:
        return None, f"{STATE_FILE} cannot be read ({type(error).__name__})"
    for name, digest in files[rank::world]:
        try:
            if digest_of(path / name) != digest:
                return record, f"{name} is not what was written"
        except OSError as error:
            return record, f"{name} cannot be read ({type(error).__name__})"
    return record, ""


def load(engine: Any, checkpoint: Checkpoint) -> None:
    """Put weights and moments back into ``engine``, on every rank; the topology need not be the one that saved."""
    reader = Reader(checkpoint.path)
    restore(engine, engine.module.causal, torch.distributed.get_rank(), reader.read, reader.numbers)


class Reader:
    """Reads runs of weights or moments by their place in the model, from the files of all ranks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        found = []
        for file in sorted(path.glob("rank-*.json")):
            described = json.loads(file.read_text("utf-8"))
            total, start = sum(length for _, length in described["layout"]), 0
            data = np.memmap(file.with_suffix(".bin"), dtype="<f4", mode="r") if total else np.empty(0, "<f4")
            arrays = {name: data[n * total : (n + 1) * total] for n, name in enumerate(described["names"])}
            for (offset, length), numbers in zip(described["layout"], described["numbers"], strict=True):
                found.append((offset, length, start, arrays, numbers))
                start += length
        self.runs = sorted(found, key=lambda run: run[0])
        self.offsets = [run[0] for run in self.runs]

    def read(self, name: str, offset: int, length: int) -> torch.Tensor:
        """Return ``length`` elements from ``offset`` on, fp32."""
        result, done = torch.empty(length, dtype=torch.float32), 0
        while done < length:
            begin, size, start, arrays, _ = self._run(offset + done)
            inside = offset + done - begin
            count = min(size - inside, length - done)
            part = np.array(arrays[name][start + inside : start + inside + count])
            result[done : done + count] = torch.from_numpy(part)
            done += count
        return result

    def numbers(self, offset: int) -> Mapping[str, Sequence[Any]]:
        """Return the other figures of the state that holds the weight at ``offset``."""
        found: Mapping[str, Sequence[Any]] = self._run(offset)[4]
        return found

    def _run(self, offset: int) -> tuple[int, int, int, dict[str, Any], dict[str, Any]]:
        place = bisect_right(self.offsets, offset) - 1
        if place < 0 or offset >= self.offsets[place] + self.runs[place][1]:
            raise StepError(
                f"{self.path}: the checkpoint has no weight {offset}; its model has another shape. Remove the step's "
                "folder and train again"
            )
        return self.runs[place]
