"""Running one step, in whatever process: lease, work directory, ``run``, manifest last."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.artifact import Artifact, Store, load
from pipeline.errors import BusyError, StepError, StrataError, is_no_space, no_space
from pipeline.identity import Json
from pipeline.output import Call, Fanout, Output
from pipeline.plugins import Registry, source_files
from pipeline.provenance import provenance, source_hashes
from pipeline.stage import Inputs

LEASE_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Job:
    """Everything a process needs to run one step; plain data, so that it travels to a Ray worker."""

    step: str
    stage: str
    key: str
    identity: Mapping[str, Json]
    resources: Mapping[str, Json]
    store: str
    inputs: Mapping[str, list[str]]
    """Artifact directories by role."""
    log: str = ""
    plugins: tuple[str, ...] = ()
    command: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
    """Recipe, profile: recorded, not hashed."""


@dataclass(frozen=True)
class Outcome:
    """How a job ended. A failure travels as text: a Ray worker's exception may not survive the way back."""

    step: str
    path: str = ""
    error: str = ""
    expected: bool = True
    """True for a failure that is the input's or the machine's; False for a defect, shown with its traceback."""


def run_job(job: Job, fanout: Fanout) -> Outcome:
    """Make the job's artifact, or wait for whoever is making it. Never raises for what a step did."""
    try:
        with _log_to(job.log):
            return Outcome(job.step, path=str(_make(job, fanout).path))
    except Exception as error:  # noqa: BLE001 - the boundary: every failure of a step is told to the driver
        return Outcome(job.step, error=describe(error, job), expected=is_expected(error))


def is_expected(error: BaseException) -> bool:
    """Whether an error is one that the user can act on, told without a traceback."""
    return hasattr(error, "exit_code") or isinstance(error, (OSError, MemoryError)) or is_no_space(error)


def describe(error: BaseException, job: Job) -> str:
    """Return a failure's message: one line for an expected one, the traceback for a defect."""
    if is_no_space(error):
        return f"step {job.step}: {no_space(Path(job.store))}"
    if is_expected(error):
        text = str(error) or type(error).__name__
        return text if text.startswith(("step ", "/")) or f"step {job.step}" in text else f"step {job.step}: {text}"
    return f"step {job.step}: {type(error).__name__}: {error}\n{''.join(traceback.format_exception(error))}"


def _make(job: Job, fanout: Fanout) -> Artifact:
    store = Store(Path(job.store))
    found = store.find(job.stage, job.key)
    said = ""
    while found is None:
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(store.lease(job.stage, job.key))
            except BusyError as busy:
                # Another recipe needs the same artifact and is making it: wait for its lease, which dies with it.
                if str(busy) != said:
                    said = str(busy)
                    print(f"step {job.step}: waits. {said}", flush=True)
                time.sleep(LEASE_POLL_SECONDS)
                found = store.find(job.stage, job.key)
                continue
            found = store.find(job.stage, job.key) or store.finish(job.stage, job.key) or _run(job, store, fanout)
    return found


def _run(job: Job, store: Store, fanout: Fanout) -> Artifact:
    registry = Registry([Path(folder) for folder in job.plugins])
    kind = registry.get(job.stage, f"step {job.step}")
    stage = kind.model_validate(job.identity["parameters"])
    resources = kind.resources_type.model_validate(job.resources)
    inputs = Inputs({role: [_open(Path(path)) for path in paths] for role, paths in job.inputs.items()})
    work = store.work_path(job.stage, job.key)
    output = Output(work, resources, fanout, job.step)
    output.start()
    started = time.time()
    print(f"--- {job.step} ({job.stage} {job.key}) started {time.strftime('%Y-%m-%d %H:%M:%S')}", flush=True)
    metrics = dict(stage.run(inputs, output))
    if not (isinstance(metrics, dict) and all(isinstance(name, str) for name in metrics)):
        raise StepError(
            f"step {job.step}: stage {job.stage}: run must return a mapping of names to JSON, got {metrics!r}"
        )
    manifest = {
        "kind": kind.gives,
        "step": job.step,
        "identity": dict(job.identity),
        "inputs": {
            role: [{"key": one.key, "stage": one.stage, "digest": one.manifest["digest"]} for one in artifacts]
            for role, artifacts in inputs.items()
        },
        "metrics": metrics,
        "resources": dict(job.resources),
        "started": started,
        "seconds": round(time.time() - started, 3),
        "sources": source_hashes(source_files(kind)),
        "provenance": provenance(Path(__file__).resolve().parent.parent),
        "command": job.command,
        **job.where,
    }
    return store.publish(job.stage, job.key, manifest)


def _open(path: Path) -> Artifact:
    artifact = load(path)
    if artifact is None:
        raise StrataError(f"{path}: the input artifact is gone. Run the same command again: it is made anew")
    artifact.verify()
    return artifact


@contextlib.contextmanager
def _log_to(log: str) -> Iterator[None]:
    """Send this process's standard output and error to the step's log while the step runs."""
    if not log:
        yield
        return
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with open(log, "ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    try:
        yield
    except Exception:
        with open(log, "a", encoding="utf-8") as stream:
            stream.write(traceback.format_exc())
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, descriptor in zip((1, 2), saved, strict=True):
            os.dup2(descriptor, number)
            os.close(descriptor)


def call_shard(call: Call) -> tuple[Any, str, bool]:
    """Do a shard's work; return (result, error text, expected) instead of raising."""
    try:
        return call.run(), "", True
    except Exception as error:  # noqa: BLE001 - the boundary between a Ray task and its step
        if is_expected(error):
            return None, str(error) or type(error).__name__, True
        return None, "".join(traceback.format_exception(error)), False
