"""The Ray executor on a real local Ray; few tests, for each start takes seconds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

SLOW_STAGE = """
from pathlib import Path
from typing import ClassVar
import os, time
from pipeline.stage import Stage

def shard(folder, number, seconds):
    with (Path(folder) / "calls.txt").open("a") as stream:
        stream.write(f"{number}\\n")
    time.sleep(seconds)
    if number == 9:
        os.kill(os.getpid(), 9)
    return number

class Slow(Stage):
    name: ClassVar[str] = "slow"
    gives: ClassVar[str] = "words"
    count: int = 4
    seconds: float = 1.0
    folder: str = ""
    alone: bool = False

    def run(self, inputs, out):
        if self.alone:
            (Path(self.folder) / "pid.txt").write_text(str(os.getpid()))
            time.sleep(self.seconds)
            return {}
        calls = {str(n): {"folder": self.folder, "number": n, "seconds": self.seconds} for n in range(self.count)}
        out.map(shard, calls)
        (out.path / "done.txt").write_text("done")
        return {}

STAGE = Slow
"""
WITH_WORKERS = SLOW_STAGE.replace(
    "STAGE =", "    @classmethod\n    def starts_workers(cls, resources):\n        return True\n\nSTAGE ="
)


SAVING_STAGE = SLOW_STAGE.replace("    gives: ", "    saves_when_stopped: ClassVar[bool] = True\n    gives: ").replace(
    "            time.sleep(self.seconds)\n            return {}\n",
    "            while not out.asked_to_stop():\n                time.sleep(0.05)\n"
    "            time.sleep(1)  # saving takes its time\n"
    "            (Path(self.folder) / 'saved.txt').write_text('asked')\n            raise ValueError('stopped')\n",
)


def command(recipe: Path, runs: Path, *extra: str) -> list[str]:
    return [sys.executable, "-m", "pipeline", "run", str(recipe), "--profile", "laptop", "--runs", str(runs), *extra]


def digests_below(folder: Path) -> dict[str, str]:
    found = sorted(folder.glob("*/manifest.json"))
    return {path.parent.name: json.loads(path.read_text("utf-8"))["digest"] for path in found}


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}


def test_a_run_on_ray_equals_the_inline_run_and_a_failure_has_its_own_message(
    toy: Callable[..., Path], tmp_path: Path
) -> None:
    recipe = toy()
    on_ray = subprocess.run(
        command(recipe, tmp_path / "ray"), cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    assert on_ray.returncode == 0, on_ray.stderr
    inline = subprocess.run(
        command(recipe, tmp_path / "inline", "--executor", "inline"), cwd=ROOT, capture_output=True, text=True
    )
    assert inline.returncode == 0, inline.stderr
    digests = [digests_below(tmp_path / kind / "toy") for kind in ("ray", "inline")]
    assert digests[0] == digests[1]
    assert set(digests[0]) == {"rocks", "trees", "joined"}
    failed = subprocess.run(
        command(recipe, tmp_path / "ray", "--set", "rocks.word=poison"),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert failed.returncode == 2
    assert "shard 1 is poisoned" in failed.stderr


def slow_recipe(tmp_path: Path, source: str, parameters: str) -> Path:
    """Write a recipe of the one step ``slow``, whose stage is ``source``, and return it."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "slow.py").write_text(source)
    recipe = tmp_path / "slow.yaml"
    recipe.write_text(
        "plugins: [plugins]\nprofiles: {laptop: {}}\n"
        f"steps: {{slow: {{stage: slow, folder: {tmp_path}, {parameters}}}}}\n"
    )
    return recipe


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killing_the_driver_keeps_finished_shards_and_the_same_command_goes_on(tmp_path: Path) -> None:
    recipe = slow_recipe(tmp_path, SLOW_STAGE, "resources: {num_cpus: 1}")
    runs = tmp_path / "runs"
    first = subprocess.Popen(
        command(recipe, runs), cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    memory = runs / "store" / "slow"
    deadline = time.monotonic() + 60
    while not list(memory.glob(".*.work/.map/shards/*.json")):
        assert time.monotonic() < deadline, "no shard finished in a minute"
        time.sleep(0.05)
    first.kill()
    first.wait()
    finished = {path.stem for path in memory.glob(".*.work/.map/shards/*.json")}
    again = subprocess.run(command(recipe, runs), cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    calls = (tmp_path / "calls.txt").read_text().split()
    assert all(calls.count(shard) == 1 for shard in finished)
    assert (runs / "slow" / "slow" / "done.txt").exists()


def test_a_worker_that_always_dies_fails_the_step_with_a_reason(tmp_path: Path) -> None:
    recipe = slow_recipe(tmp_path, SLOW_STAGE, "count: 10, seconds: 0")
    result = subprocess.run(
        command(recipe, tmp_path / "runs"), cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    assert result.returncode == 2
    assert "shard 9: its worker was lost" in result.stderr


def started(tmp_path: Path, source: str, seconds: float) -> tuple[subprocess.Popen[str], int]:
    """Start a run whose one step sleeps in its worker; return the driver, and the worker's pid once it runs."""
    recipe = slow_recipe(tmp_path, source, f"alone: true, seconds: {seconds}")
    driver = subprocess.Popen(
        command(recipe, tmp_path / "runs"),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "pid.txt").exists() or not (tmp_path / "pid.txt").read_text():
        assert time.monotonic() < deadline, "the step did not start in a minute"
        time.sleep(0.05)
    return driver, int((tmp_path / "pid.txt").read_text())


def wait_for_death(pids: list[int]) -> None:
    deadline = time.monotonic() + 30
    while any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pids):
        assert time.monotonic() < deadline, f"of {pids} some still live"
        time.sleep(0.1)


@pytest.mark.parametrize("service", ["gcs_server", "raylet"])
def test_a_lost_ray_service_ends_the_run_with_a_reason_and_leaves_no_process(tmp_path: Path, service: str) -> None:
    driver, _ = started(tmp_path, SLOW_STAGE, 600)
    below = psutil.Process(driver.pid).children(recursive=True)
    next(process for process in below if service in process.name()).kill()
    _, error = driver.communicate(timeout=60)
    assert driver.returncode == 2
    assert f"step slow: Ray's {service} has died, and every worker with it. Run the same command: it goes on" in error
    assert (tmp_path / "runs" / "slow" / "report.html").exists()
    wait_for_death([process.pid for process in below])


def test_the_lost_worker_of_a_step_with_workers_of_its_own_fails_it(tmp_path: Path) -> None:
    """Its actors' places in the cluster outlive it: tried again beside them, it would wait for ever."""
    driver, worker = started(tmp_path, WITH_WORKERS, 600)
    os.kill(worker, signal.SIGKILL)
    _, error = driver.communicate(timeout=60)
    assert driver.returncode == 2
    assert "step slow: its worker was lost" in error
    assert "Run the same command" in error


def test_a_step_that_can_save_is_let_to_when_the_run_is_stopped(tmp_path: Path) -> None:
    driver, _ = started(tmp_path, SAVING_STAGE, 600)
    driver.terminate()
    out, error = driver.communicate(timeout=60)
    assert driver.returncode == 143, error
    assert "stopping: slow saves a checkpoint (interrupt again: at once)" in out + error
    assert (tmp_path / "saved.txt").read_text() == "asked"


def test_sigterm_is_an_orderly_stop(tmp_path: Path) -> None:
    driver, _ = started(tmp_path, SLOW_STAGE, 600)
    below = [process.pid for process in psutil.Process(driver.pid).children(recursive=True)]
    driver.terminate()
    _, error = driver.communicate(timeout=60)
    assert driver.returncode == 143
    assert "interrupted; finished steps, shards and checkpoints are kept: the same command goes on" in error
    wait_for_death(below)
