"""What lies in the runs directory: steps being worked on, and artifacts that nothing uses."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline.artifact import MANIFEST, lease
from pipeline.errors import BusyError
from pipeline.progress import read_progress


def running_steps(runs: Path) -> list[str]:
    """Return a line for every step whose lease is held, with how far it is."""
    lines = []
    for lock in sorted((runs / "store").glob("*/.*.lock")):
        if not _is_held(lock):
            continue
        key = lock.name[1 : -len(".lock")]
        record = read_progress(lock.parent / f".{key}.work")
        text = f"{lock.parent.name} {key}"
        if record is not None:
            age = time.time() - record["time"]
            text += f"  {record['step']}: {record['done']:g} of {record['total']:g} {record['unit']}, {age:.0f} s ago"
        lines.append(text)
    return lines


def _is_held(lock: Path) -> bool:
    try:
        with lease(lock, "a step"):
            return False
    except BusyError:
        return True


def collect(runs: Path, *, delete: bool) -> list[str]:
    """List, and with ``delete`` remove, finished artifacts that no recipe's last run links to.

    Work directories are left alone: a run may go on from them.
    """
    used = {link.resolve() for link in runs.glob("*/*") if link.is_symlink()}
    lines = []
    freed = 0
    for artifact in _artifacts(runs):
        if artifact.resolve() in used:
            continue
        size = sum(file.stat().st_size for file in artifact.rglob("*") if file.is_file())
        freed += size
        lines.append(f"{artifact}  {size / 1e6:.1f} MB")
        if delete:
            (artifact / MANIFEST).unlink()  # first: a half-deleted artifact must not count as one
            shutil.rmtree(artifact)
    verb = "freed" if delete else "would be freed (add --yes)"
    return [*lines, f"{len(lines)} artifacts, {freed / 1e6:.1f} MB {verb}"]


def _artifacts(runs: Path) -> Iterator[Path]:
    for manifest in sorted((runs / "store").glob(f"*/*/{MANIFEST}")):
        yield manifest.parent
