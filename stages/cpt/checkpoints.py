"""Checkpoints of a training run: written aside, checked by digest, renamed; a torn one is passed over.

``<folder>/step-00000200/`` holds what DeepSpeed saved and ``state.json``: the step, the losses so far, and the xxh3
digest of every file. A directory without a readable ``state.json``, or whose files do not match it, is none.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.artifact import lease, sync_directory, write_json
from pipeline.errors import BusyError

STATE_FILE = "state.json"
ENGINE_TAG = "engine"
KEPT = 2
HOLD_SECONDS = 60


@dataclass(frozen=True)
class Checkpoint:
    """A complete checkpoint on disk."""

    path: Path
    step: int
    """Updates done."""
    state: dict[str, Any]
    """What the loop wants back: see ``save``."""


def save(engine: Any, folder: Path, step: int, state: dict[str, Any], rank: int) -> Checkpoint:
    """Write the checkpoint of ``step`` from all workers, then drop all but the last two; return it, on every worker.

    DeepSpeed's own files are pickles that this run writes and nobody else's code reads.
    """
    from deepspeed import comm

    final = folder / f"step-{step:08d}"
    temporary = folder / f".{final.name}.tmp"
    if rank == 0:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
    comm.barrier()
    engine.save_checkpoint(str(temporary), tag=ENGINE_TAG, save_latest=False)
    if rank == 0:
        digests = {}
        for file in sorted(file for file in temporary.rglob("*") if file.is_file()):
            _sync_file(file)
            digests[file.relative_to(temporary).as_posix()] = _digest(file)
        write_json(temporary / STATE_FILE, {"step": step, "state": state, "files": digests})
        for parent in (temporary / ENGINE_TAG, temporary):
            sync_directory(parent)
        if final.exists():
            shutil.rmtree(final)  # a damaged one that the resume passed over
        os.replace(temporary, final)
        sync_directory(folder)
        for old in sorted(folder.glob("step-*"))[:-KEPT]:
            shutil.rmtree(old)
    comm.barrier()
    return Checkpoint(final, step, state)


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


def latest(folder: Path) -> Checkpoint | None:
    """Return the newest complete checkpoint, or None."""
    for path in sorted(folder.glob("step-*"), reverse=True):
        record = _read(path)
        if record is not None:
            return Checkpoint(path, int(record["step"]), record["state"])
    return None


def load(engine: Any, checkpoint: Checkpoint) -> None:
    """Put weights, optimizer state and counters back into ``engine``, on every worker."""
    engine.load_checkpoint(str(checkpoint.path), tag=ENGINE_TAG)


def _read(path: Path) -> dict[str, Any] | None:
    """Return the state of a complete checkpoint; None where a file is missing, torn or changed."""
    try:
        record: dict[str, Any] = json.loads((path / STATE_FILE).read_text("utf-8"))
        complete = all(_digest(path / name) == digest for name, digest in record["files"].items())
    except (FileNotFoundError, ValueError, KeyError):
        return None
    return record if complete else None


def _digest(path: Path) -> str:
    import xxhash

    digest = xxhash.xxh3_128()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 22):
            digest.update(chunk)
    return digest.hexdigest()


def _sync_file(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
