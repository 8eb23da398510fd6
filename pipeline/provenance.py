"""What made an artifact: commit, libraries, machine, source files. Recorded, never hashed into a key."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pipeline.identity import file_digest

LIBRARIES = (
    "strata", "torch", "deepspeed", "ray", "transformers", "tokenizers", "safetensors", "accelerate", "datasets",
    "peft", "trl", "mergekit", "lm-eval", "datatrove", "datasketch", "pyarrow", "numpy", "scipy", "pydantic",
)  # fmt: skip
ROOT = Path(__file__).resolve().parent.parent
_GIT_SECONDS = 5
_NVIDIA_SECONDS = 10


def provenance(root: Path) -> dict[str, Any]:
    """Return ``{"commit", "branch", "dirty", "versions", "machine"}`` of the checkout at ``root`` and this machine.

    ``commit`` and ``branch`` are empty and ``dirty`` is None where there is no git or no repository. ``dirty`` means
    that a tracked file differs; files git does not know are not looked for, which would read the whole tree.
    """
    return {**_git(root), "versions": dict(_versions()), "machine": dict(_machine())}


def _git(root: Path) -> dict[str, Any]:
    command = ["git", "-C", str(root), "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}  # a look must not take the index's lock from the user
    lines = _output(command, _GIT_SECONDS, environment)
    if lines is None:
        return {"commit": "", "branch": "", "dirty": None}
    heads = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# ") and " " in line[2:])
    commit = heads.get("branch.oid", "")
    return {
        "commit": "" if commit == "(initial)" else commit,
        "branch": heads.get("branch.head", ""),
        "dirty": any(not line.startswith("#") for line in lines),
    }


def _output(command: list[str], timeout_seconds: float, environment: dict[str, str] | None = None) -> list[str] | None:
    """Return a command's lines, or None where it is absent, fails or does not answer."""
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout_seconds, env=environment, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").splitlines() if done.returncode == 0 else None


@lru_cache(maxsize=1)
def _versions() -> tuple[tuple[str, str], ...]:
    found = [("python", platform.python_version())]
    for name in LIBRARIES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, "not installed"))
    return tuple(found)


@lru_cache(maxsize=1)
def _machine() -> tuple[tuple[str, Any], ...]:
    facts: list[tuple[str, Any]] = [
        ("platform", platform.platform()),
        ("cpu", _cpu_name()),
        ("cpu_cores", len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0),
        ("memory_gib", round(_memory_bytes() / 2**30, 1)),
    ]
    gpus = _gpus()
    if gpus:
        facts.append(("gpus", gpus))
    return tuple(facts)


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_bytes() -> int:
    """Return the memory that this process may use: the machine's, or less where a control group says so."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(limit).read_text("ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            memory = min(memory, int(text))
    return memory


def _gpus() -> str:
    """Return the NVIDIA GPUs as ``2 x NVIDIA H100 80GB HBM3, 81559 MiB, driver 550.54``; empty where there are none."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    lines = _output(query, _NVIDIA_SECONDS)
    counts: dict[str, int] = {}
    for line in lines or []:
        name, memory, driver = ([part.strip() for part in line.split(",")] + ["", "", ""])[:3]
        described = f"{name}, {memory}, driver {driver}"
        counts[described] = counts.get(described, 0) + 1
    return "; ".join(f"{count} x {described}" for described, count in counts.items())


def source_hashes(files: Iterable[Path]) -> dict[str, str]:
    """Return ``{path relative to the checkout: SHA-256}`` of source files, sorted.

    A plugin's file outside the checkout is named by its folder and file name, so that the checkout may move.
    """
    hashes: dict[str, str] = {}
    for file in files:
        path = file.resolve()
        name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path(path.parent.name) / path.name
        hashes[name.as_posix()] = file_digest(path)
    return dict(sorted(hashes.items()))
