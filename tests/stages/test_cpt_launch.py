"""Training under Ray Train: called inside a task as a step is, killed and restarted, and its errors brought back."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import StepError
from pipeline.output import Output
from stages.cpt.job import Job
from stages.cpt.launch import launch, run_alone
from stages.cpt.policy import Policy, TrainingResources
from tests.stages.training_inputs import SEQUENCE_LENGTH, write_model, write_packed

CHECKOUT = Path(__file__).resolve().parents[2]
POLICY = Policy(learning_rate=1e-2, global_batch_tokens=8 * SEQUENCE_LENGTH)


class RayName:
    """A fan-out that only says it is Ray: ``launch`` asks for no more."""

    name = "ray"


def step_of(job: dict[str, Any], resources: dict[str, Any]) -> tuple[Any, str]:
    """What a step's Ray task does; returns (result, error message)."""
    out = Output(Path(job["work"]), TrainingResources.model_validate(resources), RayName(), "cpt")  # type: ignore[arg-type]
    try:
        return launch(Job.from_json(job), out), ""
    except StepError as error:
        return None, str(error)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("inputs")
    return write_model(folder), write_packed(folder / "tokens_step")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    import ray

    environment = {"PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        namespace="cpt-launch",
        log_to_driver=False,
        object_store_memory=100 * 2**20,
        runtime_env={"env_vars": environment},
    )
    yield ray
    ray.shutdown()


def job_of(inputs: tuple[Path, Path], work: Path, num_steps: int, policy: Policy = POLICY) -> Job:
    batch = policy.global_batch_tokens
    return Job(str(work), str(inputs[0]), str(inputs[1]), 0.5, num_steps * batch, policy, 0, (0,))


def submit(cluster: Any, job: Job, **resources: Any) -> Any:
    return cluster.remote(step_of).options(num_cpus=0).remote(job.as_json(), resources)


def test_a_worker_killed_under_ray_train_ends_in_the_bytes_of_an_undisturbed_run(
    cluster: Any, inputs: tuple[Path, Path], tmp_path: Path
) -> None:
    job = job_of(inputs, tmp_path / "ray", 200)
    waiting = submit(cluster, job, checkpoint_every=10)
    progress = tmp_path / "ray" / ".progress.json"
    killed = 0
    while not cluster.wait([waiting], timeout=0.05)[0]:
        record = json.loads(progress.read_text()) if progress.exists() else {"done": 0}
        if not killed and 25 <= record["done"] < 180:
            killed = record["pid"]
            os.kill(killed, signal.SIGKILL)
        time.sleep(0.01)
    result, error = cluster.get(waiting)
    assert not error
    assert killed
    assert result["steps"] == 200
    run_alone(job_of(inputs, tmp_path / "alone", 200))
    for path in sorted((tmp_path / "alone" / "model").iterdir()):
        assert path.read_bytes() == (tmp_path / "ray" / "model" / path.name).read_bytes()


def test_two_workers_stop_together_and_say_why(cluster: Any, inputs: tuple[Path, Path], tmp_path: Path) -> None:
    policy = POLICY.model_copy(update={"learning_rate": 1e38})
    job = job_of(inputs, tmp_path, 50, policy)
    _, error = cluster.get(submit(cluster, job, num_workers=2, zero_stage=2, micro_batch_size=4))
    assert error.startswith("step cpt: the loss is nan at update ")


def test_a_workers_own_error_comes_back(cluster: Any, inputs: tuple[Path, Path], tmp_path: Path) -> None:
    job = job_of((tmp_path / "no-model", inputs[1]), tmp_path / "work", 5)
    _, error = cluster.get(submit(cluster, job, max_failures=0))
    assert error.startswith("step cpt: training worker 0: ")
    assert "no-model" in error


def test_a_lost_controller_is_no_defect_of_ours(
    cluster: Any, inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ray.exceptions import ActorDiedError
    from ray.train.torch import TorchTrainer

    def lost(self: object) -> None:
        raise ActorDiedError

    monkeypatch.setattr(TorchTrainer, "fit", lost)
    result, error = step_of(job_of(inputs, tmp_path, 5).as_json(), {"num_workers": 2, "micro_batch_size": 4})
    assert result is None
    assert "step cpt: the controller of its workers was lost: " in error
    assert error.endswith("Run the same command: it goes on")


def test_more_than_the_cluster_has_is_refused_at_once(cluster: Any, inputs: tuple[Path, Path], tmp_path: Path) -> None:
    _, error = cluster.get(submit(cluster, job_of(inputs, tmp_path, 5), num_workers=8))
    assert "step cpt: 8 workers with 1 CPU each need 8 CPU, the cluster has 2. Lower num_workers" in error
    _, error = cluster.get(submit(cluster, job_of(inputs, tmp_path, 5), num_gpus=1))
    assert "need 1 GPU, the cluster has 0" in error
