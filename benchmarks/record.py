"""What every benchmark shares: clean copies, measured processes, and results kept with their circumstances."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from pipeline.provenance import provenance

ROOT = Path(__file__).resolve().parent.parent
BY_STEP = "seconds_"
RESULTS = ROOT / "benchmarks" / "results"
SAMPLE_SECONDS = 1.0


@dataclass(frozen=True)
class Measured:
    """A command's end: wall time in seconds, peak of the summed proportional memory of its processes in GB."""

    seconds: float
    peak_gb: float
    code: int
    output: str


def run_measured(
    command: Sequence[str], cwd: Path, log: Path, environment: Mapping[str, str] | None = None
) -> Measured:
    """Run a command to its end; sample the proportional set size (PSS) of its whole process tree once a second."""
    started = time.monotonic()
    with log.open("ab") as stream:
        process = subprocess.Popen(
            list(command), cwd=cwd, stdout=stream, stderr=subprocess.STDOUT, env=dict(environment or os.environ)
        )
        peak = [0.0]
        stop = threading.Event()
        sampler = threading.Thread(target=_sample, args=(process.pid, peak, stop), daemon=True)
        sampler.start()
        code = process.wait()
        seconds = time.monotonic() - started
        stop.set()
        sampler.join()
    return Measured(seconds, peak[0], code, log.read_text("utf-8", errors="replace"))


def _sample(pid: int, peak: list[float], stop: threading.Event) -> None:
    while not stop.wait(SAMPLE_SECONDS):
        peak[0] = max(peak[0], tree_memory_gb(pid))


def tree_memory_gb(pid: int) -> float:
    """Return the summed PSS of a process and its descendants, in GB (shared pages counted once, in shares)."""
    total = 0
    try:
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue  # it ended between two looks
    return total / 1e9


def clone(target: Path) -> Path:
    """Clone the checkout's commit into an empty folder."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(target)], check=True)
    return target


def record(name: str, figures: Mapping[str, Any]) -> None:
    """Print the figures and keep them as ``benchmarks/results/<name>.json`` with machine, versions, commit, command.

    Figures by step (``seconds_<step>``) replace all earlier ones: a step may be gone.
    """
    width = max(len(figure) for figure in figures)
    for figure, value in figures.items():
        print(f"{figure.ljust(width)}  {value}")
    origin = provenance(ROOT)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    old = json.loads(path.read_text("utf-8")) if path.exists() else {}
    by_step = any(figure.startswith(BY_STEP) for figure in figures)

    def kept(section: str) -> dict[str, Any]:
        found = old.get(section, {}).items()
        return {name: value for name, value in found if not (by_step and name.startswith(BY_STEP))}

    result = {
        "figures": {**kept("figures"), **figures},
        "commit_of": {**kept("commit_of"), **dict.fromkeys(figures, origin.get("commit"))},
        "machine": origin["machine"],
        "versions": origin["versions"],
        "command": f"make bench only={name}",
        "date": time.strftime("%Y-%m-%d"),
    }
    path.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


def run_parts(name: str, parts: Mapping[str, Callable[[], Mapping[str, Any]]]) -> None:
    """Run the parts named on the command line, or all; keep the figures of each as it ends."""
    for part in sys.argv[1:] or list(parts):
        if part not in parts:
            raise SystemExit(f"{name}: there is no part {part!r}. Parts: {', '.join(parts)}")
        record(name, parts[part]())
