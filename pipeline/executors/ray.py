"""Steps as Ray tasks, and their shards as Ray tasks of those.

One process connects: to ``RAY_ADDRESS``, or to a local Ray that it starts and that dies with it. Failures come back as
values, never as silence; a worker process that dies is retried, a function that fails is not.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import StepError, says_no_space
from pipeline.identity import Json
from pipeline.output import Call
from pipeline.plugins import Registry
from pipeline.stage import Resources
from pipeline.worker import Job, Outcome, call_shard, run_job

CHECKOUT = Path(__file__).resolve().parent.parent.parent
OBJECT_STORE_BYTES = 200 * 2**20  # shards travel as files; only arguments and JSON results pass through the store
SHARDS_IN_FLIGHT = 256
WORKER_DEATHS_FORGIVEN = 3
GCS_PATIENCE_SECONDS = "15"
"""How long processes wait for a lost Ray control service before they end themselves; Ray's default is 60."""
RAY_SERVICES = ("gcs_server", "raylet")

OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
_QUIET = {
    "TOKENIZERS_PARALLELISM": "false",
    "RAY_USAGE_STATS_ENABLED": "0",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "TQDM_DISABLE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}


def worker_environment(plugins: Sequence[Path], online: bool = False) -> dict[str, str]:
    """Return the environment of every worker: offline unless a step fetches, one thread unless a task sets more."""
    paths = [str(CHECKOUT), *(str(folder) for folder in plugins)]
    if os.environ.get("PYTHONPATH"):
        paths.append(os.environ["PYTHONPATH"])
    offline = dict.fromkeys(OFFLINE, "0") if online else OFFLINE
    return {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", **_QUIET, **offline}


class RayFanout:
    """Shards as Ray tasks, submitted by the worker that runs the step."""

    name = "ray"

    def map(self, calls: Sequence[Call], done: Callable[[str, Json], None], resources: Resources) -> None:
        """Run every call; the first failure cancels the rest and is raised with the shard's own message."""
        import ray

        task = ray.remote(call_shard).options(
            num_cpus=resources.num_cpus,
            num_gpus=resources.num_gpus,
            memory=int(resources.memory_gib * 2**30) or None,
            max_retries=WORKER_DEATHS_FORGIVEN,
        )
        waiting = list(reversed(calls))
        running: dict[Any, Call] = {}
        while waiting or running:
            while waiting and len(running) < SHARDS_IN_FLIGHT:
                call = waiting.pop()
                running[task.remote(call)] = call
            ready, _ = ray.wait(list(running), num_returns=1)
            for reference in ready:
                call = running.pop(reference)
                try:
                    result, error, expected = ray.get(reference)
                except ray.exceptions.RayError as lost:
                    error, expected = f"its worker was lost: {str(lost).strip().splitlines()[0]}", True
                if error:
                    for other in running:
                        ray.cancel(other, force=True)
                    if expected and says_no_space(error):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # the step says where
                    raise StepError(f"{call.function.__name__}, shard {call.shard}: {error}" if expected else error)
                done(call.shard, result)


def _run_in_worker(job: Job) -> Outcome:
    return run_job(job, RayFanout())


class RayExecutor:
    """Independent steps side by side on a Ray cluster."""

    works_aside = True

    def __init__(self, plugins: Sequence[Path] = ()) -> None:
        self._plugins = plugins
        self._running: dict[Any, Job] = {}
        self._started = False

    def start(self) -> None:
        """Connect to ``RAY_ADDRESS``, or start a local Ray."""
        import logging

        import ray

        os.environ.update({name: _QUIET[name] for name in ("RAY_USAGE_STATS_ENABLED",)})
        # Without this, Ray hides the accelerators of tasks that ask for none, and warns about changing that.
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        environment: dict[str, Any] = {"env_vars": worker_environment(self._plugins)}
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if os.environ.get("RAY_ADDRESS"):
            environment["working_dir"] = str(CHECKOUT)
            environment["excludes"] = ["runs", ".venv", ".git", "tests", "benchmarks"]
            environment["env_vars"].pop("PYTHONPATH")
        else:
            options.update(
                address="local",
                num_cpus=os.cpu_count(),
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
            )
            os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", GCS_PATIENCE_SECONDS)
        self._started = True
        with own_termination():
            ray.init(runtime_env=environment, **options)

    def submit(self, job: Job) -> None:
        import ray

        kind = Registry([Path(folder) for folder in job.plugins]).get(job.stage, f"step {job.step}")
        resources = kind.resources_type.model_validate(job.resources)
        task = ray.remote(_run_in_worker).options(
            num_cpus=resources.step_cpus,
            max_retries=0 if kind.starts_workers(resources) else WORKER_DEATHS_FORGIVEN,
            name=f"step {job.step}",
            **({"runtime_env": {"env_vars": worker_environment(self._plugins, online=True)}} if kind.online else {}),
        )
        self._running[task.remote(job)] = job

    def wait(self, timeout_seconds: float) -> Sequence[Outcome]:
        import ray

        if not self._running:
            return []
        if lost := lost_service():
            error = f"Ray's {lost} has died, and every worker with it. Run the same command: it goes on"
            return [Outcome(job.step, error=f"step {job.step}: {error}") for job in self._running.values()]
        ready, _ = ray.wait(list(self._running), num_returns=1, timeout=timeout_seconds)
        outcomes = []
        for reference in ready:
            job = self._running.pop(reference)
            try:
                outcomes.append(ray.get(reference))
            except ray.exceptions.RayError as lost:
                reason = str(lost).strip().splitlines()[0]
                outcomes.append(
                    Outcome(job.step, error=f"step {job.step}: its worker was lost: {reason}. Run the same command")
                )
        return outcomes

    def stop(self) -> None:
        if not self._started:
            return  # a run with nothing to do never imports Ray
        import ray

        if lost_service():
            end_local_ray()
            return
        for reference in self._running:
            ray.cancel(reference, force=True)
        self._running.clear()
        ray.shutdown()


def end_local_ray() -> None:
    """Kill what is left of a local Ray that has lost a service; asking it to shut down would wait for the dead."""
    import psutil

    for started in itertools.chain.from_iterable(local_services().values()):
        if started.process.poll() is not None:
            continue  # reaped: its number may be another's by now
        with contextlib.suppress(psutil.NoSuchProcess):
            service = psutil.Process(started.process.pid)
            # workers and agents first found, then killed: orphans would wait for the dead service
            for process in [*service.children(recursive=True), service]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()


@contextlib.contextmanager
def own_termination() -> Iterator[None]:
    """Keep this process's SIGTERM handler: ``ray.init`` installs one that exits without a word."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def lost_service() -> str:
    """Return the service of the local Ray that has died, or nothing; a cluster's services are not ours to watch."""
    services = local_services()
    for name in RAY_SERVICES:
        if any(started.process.poll() is not None for started in services.get(name, [])):
            return name
    return ""


def local_services() -> Mapping[str, Sequence[Any]]:
    """Return the processes of the local Ray by service; none where a cluster's Ray is used."""
    import ray

    # Ray tells no one in public that its own services died: it logs, waits, and ends the process.
    node: Any = ray._private.worker._global_node
    services: Mapping[str, Sequence[Any]] = node.all_processes if node is not None else {}
    return services
