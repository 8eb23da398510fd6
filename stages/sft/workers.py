"""Fine-tuning in several processes: Ray Train starts them, DeepSpeed (through the Trainer) shares the work."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import StepError
from pipeline.output import Output
from stages.cpt.launch import controller_lost
from stages.sft.training import fine_tune

if TYPE_CHECKING:
    from stages.sft.stage import SftResources

RAY_TRAIN_FOLDER = ".ray_train"


def fine_tune_on_workers(arguments: Mapping[str, Any], resources: SftResources, out: Output) -> dict[str, Any]:
    """Run ``fine_tune`` in ``num_workers`` processes; StepError with the failed worker's message.

    A worker that dies fails the step; the same command then goes on from the last checkpoint.
    """
    if out.executor != "ray":
        raise StepError(
            f"step {out.step}: num_workers {resources.num_workers} needs the ray executor, got {out.executor}"
        )
    os.environ.setdefault("RAY_TRAIN_METRICS_ENABLED", "0")
    import ray
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer
    from ray.train.v2.api.exceptions import TrainingFailedError

    use_gpu = resources.num_gpus > 0
    wanted = {"CPU": max(resources.num_cpus, float(resources.num_threads))}
    if use_gpu:
        wanted["GPU"] = resources.num_gpus
    trainer: Any = TorchTrainer(
        _worker,  # type: ignore[arg-type]
        train_loop_config=dict(arguments),
        torch_config=TorchConfig(backend="nccl" if use_gpu else "gloo"),
        scaling_config=ScalingConfig(num_workers=resources.num_workers, use_gpu=use_gpu, resources_per_worker=wanted),
        run_config=RunConfig(name="run", storage_path=str((Path(out.path) / RAY_TRAIN_FOLDER).resolve())),
    )
    try:
        result: dict[str, Any] = trainer.fit().return_value
    except TrainingFailedError as error:
        raise StepError(f"step {out.step}: a training worker failed: {_own_message(error)}") from None
    except ray.exceptions.RayActorError as error:
        raise StepError(f"step {out.step}: {controller_lost(error)}") from None
    return result


def _worker(config: dict[str, Any]) -> dict[str, Any]:
    return fine_tune(**config)


def _own_message(error: Exception) -> str:
    """Return what the first failed worker said."""
    failures: dict[int, Exception] = getattr(error, "worker_failures", {})
    for rank, failure in sorted(failures.items()):
        cause = getattr(failure, "_base_exc", failure)
        return str(cause) if hasattr(cause, "exit_code") else f"worker {rank}: {type(cause).__name__}: {cause}"
    return str(error).strip()
