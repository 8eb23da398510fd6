"""What the machine is: which profile it may choose by itself, and what ``doctor`` finds."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.errors import RecipeError, StrataError
from pipeline.recipe import Request

LIBRARIES = (
    "torch", "ray", "deepspeed", "transformers", "datatrove", "datasketch", "peft", "trl", "mergekit", "lm_eval",
)  # fmt: skip
FREE_DISK_GB = 5.0
OPEN_FILES = 1024


def num_gpus() -> int:
    """Count NVIDIA GPUs by their device files; imports nothing."""
    return len(list(Path("/dev").glob("nvidia[0-9]*")))


def choose_profile(request: Request) -> str:
    """Return the profile of a request that names none.

    ``laptop`` is chosen only on a machine without GPU and RAY_ADDRESS, for the recipe's own text and base: a login
    node must never train a toy on a user's data by accident.
    """
    if os.environ.get("RAY_ADDRESS"):
        return "cluster"
    if num_gpus():
        return "node"
    given = [f"{name}={value}" for name, value in (("data", request.data), ("general", request.general)) if value]
    given += [override for override in request.overrides if override.startswith("base.model")]
    if given:
        raise RecipeError(
            f"recipe {request.recipe}: {given[0]} was given on a machine without GPU and RAY_ADDRESS, and no profile. "
            "Say profile=laptop to train a small demonstration model from scratch here, or profile=node or cluster"
        )
    return "laptop"


def make_writable(runs: Path, *folders: Path) -> None:
    """Make ``folders``, those of the runs directory that are about to be written; StrataError where that is refused."""
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            reason = "is no directory" if isinstance(error, (FileExistsError, NotADirectoryError)) else error.strerror
            raise StrataError(
                f"runs={runs}: cannot be written ({folder}: {reason}). Choose another with runs="
            ) from None


def examine(runs: Path) -> list[tuple[bool, str, str]]:
    """Return (fine or not, what was found, what to do) for everything a run needs of this machine."""
    findings = [
        (
            (3, 11) <= sys.version_info[:2] <= (3, 12),
            f"Python {sys.version.split()[0]}",
            "Strata runs on Python 3.11 and 3.12",
        )
    ]
    for name in LIBRARIES:
        try:
            findings.append((True, f"{name} {version(name)}", ""))
        except PackageNotFoundError:
            findings.append((False, f"{name} is not installed", "Run make recipe=geo: it makes the environment"))
    for tool in ("git", "g++"):
        found = shutil.which(tool)
        findings.append((found is not None, f"{tool}: {found or 'not found'}", f"Install {tool}"))
    place = next(folder for folder in (runs.resolve(), *runs.resolve().parents) if folder.exists())
    free = shutil.disk_usage(place).free / 1e9
    findings.append((free >= FREE_DISK_GB, f"{free:.0f} GB free at {place}", f"Free at least {FREE_DISK_GB:.0f} GB"))
    fault = "is no directory"
    if place.is_dir():
        fault = "" if os.access(place, os.W_OK | os.X_OK) else "is not writable"
    findings.append((not fault, f"{place} {fault or 'is writable'}", "Choose another place with runs="))
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    findings.append((soft >= OPEN_FILES, f"{soft} open files allowed", "Raise it: ulimit -n 65536"))
    findings.append((True, f"{num_gpus()} GPUs, {os.cpu_count()} CPU cores", ""))
    address = os.environ.get("RAY_ADDRESS")
    findings.append(
        (True, f"RAY_ADDRESS {address}" if address else "no RAY_ADDRESS: a local Ray is started per run", "")
    )
    return findings
