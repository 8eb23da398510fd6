"""Start a training: Ray Train workers for the ``ray`` executor; this process alone for ``inline`` and for proxies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.errors import StepError
from pipeline.output import Output
from stages.cpt.job import Job, Placement
from stages.cpt.policy import Policy, TrainingResources

SINGLE_MICRO_BATCH = 8
SINGLE_CHECKPOINT_STEPS = 100
RAY_TRAIN_FOLDER = ".ray_train"
POLL_SECONDS = 0.25
"""Ray Train asks its workers this often whether they have ended; its default of 2 s would be lost at every launch."""


def launch(job: Job, out: Output) -> dict[str, Any]:
    """Run ``job`` where the step's executor and resources say, and return the loop's result.

    Raises StepError with the failed worker's own message. A worker that dies is started again, from the last
    checkpoint, as often as ``max_failures`` says.
    """
    resources = out.resources
    if not isinstance(resources, TrainingResources):
        raise StepError(f"step {out.step}: resources must be TrainingResources, got {type(resources).__name__}")
    placed = replace(job, step_name=out.step, placement=placement_of(resources))
    if out.executor == "ray":
        placed.micro_batch(resources.num_workers)  # refuses a batch that does not divide, before workers start
        return run_in_ray(placed, resources)
    placed.micro_batch(1)
    return run_alone(placed)


def launch_as_task(job: Job, out: Output) -> dict[str, Any]:
    """Run ``job`` as one task of the step: a single worker without Ray Train, whose actors take 10 s to start.

    A laptop's base and its proxies are trained so. Raises StepError where the resources ask for more than that.
    """
    resources = out.resources
    if not isinstance(resources, TrainingResources) or resources.num_workers != 1:
        raise StepError(
            f"step {out.step}: trains in one process, so num_workers must be 1. Remove it from its resources"
        )
    placed = replace(job, step_name=out.step, placement=placement_of(resources))
    result: dict[str, Any] = out.map(run_task, {"run": {"job": placed.as_json()}}, name="training")["run"]
    return result


def run_task(job: dict[str, Any]) -> dict[str, Any]:
    """Run a job given as JSON as the only worker, in this process."""
    return run_alone(Job.from_json(job))


def placement_of(resources: TrainingResources) -> Placement:
    """Return how a worker is to stand, from a step's resources."""
    return Placement(
        micro_batch_size=resources.micro_batch_size,
        zero_stage=resources.zero_stage,
        offload=resources.offload,
        compile=resources.compile,
        recompute_activations=resources.recompute_activations,
        checkpoint_every=resources.checkpoint_every,
        keep_checkpoints=resources.keep_checkpoints,
        num_threads=resources.num_threads,
        use_gpu=resources.num_gpus > 0,
    )


def train_single(
    work: str,
    model: str,
    tokens: str,
    domain_share: float,
    num_tokens: int,
    policy: dict[str, Any],
    seed: int,
    num_threads: int = 1,
    eval_at_tokens: list[int] | None = None,
    save_model: bool = False,
    dev_tokens: int = 0,
) -> dict[str, Any]:
    """Train in this process alone; a task function for ``Output.map``. Resumes from its own checkpoint in ``work``.

    ``policy`` holds the fields of ``Policy``. ``eval_at_tokens`` are rounded to whole optimizer steps; without them the
    dev losses are measured at the end only. The point at 0 tokens (the base itself) always comes first.

    Returns ``{"points": [{"step", "tokens", "domain_loss", "general_loss" (nats per token), "domain_bits_per_byte",
    "general_bits_per_byte"}], "num_parameters" (non-embedding), "tokens_per_second", "epochs", "steps", "tokens",
    "plateau"}``.
    """
    checked = Policy(**policy)
    wanted = (round(count / checked.global_batch_tokens) for count in eval_at_tokens or [])
    job = Job(
        work=work,
        model=model,
        tokens=tokens,
        domain_share=domain_share,
        num_tokens=num_tokens,
        policy=checked,
        seed=seed,
        evaluate_at=tuple(sorted({0, *wanted})),
        dev_tokens=dev_tokens,
        placement=Placement(
            micro_batch_size=SINGLE_MICRO_BATCH, checkpoint_every=SINGLE_CHECKPOINT_STEPS, num_threads=num_threads
        ),
        step_name=Path(work).name,
        save_model=save_model,
    )
    return run_alone(job)


def run_alone(job: Job) -> dict[str, Any]:
    """Run ``job`` as the only worker, in this process. The process group has one member and opens no port."""
    import torch

    from stages.cpt.loop import train

    if not torch.distributed.is_initialized():
        store = torch.distributed.HashStore()  # type: ignore[attr-defined]
        torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    with local_rank():
        return train(job)


@contextmanager
def local_rank() -> Iterator[None]:
    """Set LOCAL_RANK for the block: DeepSpeed asserts that a launcher has.

    It must not stay: the next task in this worker process, a fine-tuning, would take itself for one of several.
    """
    given = os.environ.get("LOCAL_RANK")
    os.environ["LOCAL_RANK"] = given or "0"
    try:
        yield
    finally:
        if given is None:
            del os.environ["LOCAL_RANK"]


def run_in_ray(job: Job, resources: TrainingResources) -> dict[str, Any]:
    """Run ``job`` in a Ray Train worker group; call it inside a connected Ray process, a step's task for one."""
    os.environ.setdefault("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", str(POLL_SECONDS))
    os.environ.setdefault("RAY_TRAIN_METRICS_ENABLED", "0")
    import ray
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer
    from ray.train.v2.api.exceptions import TrainingFailedError

    wanted = {"CPU": max(resources.num_cpus, float(resources.num_threads))}
    if resources.num_gpus:
        wanted["GPU"] = resources.num_gpus
    total = ray.cluster_resources()
    for kind, amount in wanted.items():
        if amount * resources.num_workers > total.get(kind, 0):
            raise StepError(
                f"step {job.step_name}: {resources.num_workers} workers with {amount:g} {kind} each need "
                f"{amount * resources.num_workers:g} {kind}, the cluster has {total.get(kind, 0):g}. "
                "Lower num_workers or num_threads in the step's resources, or add machines"
            )
    trainer = TorchTrainer(
        _worker,  # type: ignore[arg-type]
        train_loop_config=job.as_json(),
        torch_config=TorchConfig(backend="nccl" if job.placement.use_gpu else "gloo"),
        scaling_config=ScalingConfig(
            num_workers=resources.num_workers, use_gpu=job.placement.use_gpu, resources_per_worker=wanted
        ),
        run_config=RunConfig(
            name="run",
            storage_path=str(Path(job.work).resolve() / RAY_TRAIN_FOLDER),
            failure_config=FailureConfig(max_failures=resources.max_failures),
        ),
    )
    try:
        result: dict[str, Any] = trainer.fit().return_value  # type: ignore[attr-defined]
    except TrainingFailedError as error:
        raise StepError(f"step {job.step_name}: {_own_message(error)}") from None
    except ray.exceptions.RayActorError as error:
        raise StepError(f"step {job.step_name}: {controller_lost(error)}") from None
    if "stopped" in result:
        raise StepError(result["stopped"])
    return result


def _worker(config: dict[str, Any]) -> dict[str, Any]:
    """What a Ray Train worker runs. A stop that all workers agree on is a result: a restart would only repeat it."""
    from stages.cpt.loop import train
    from stages.cpt.ranks import TrainingStopped

    try:
        return train(Job.from_json(config))
    except TrainingStopped as stopped:
        return {"stopped": str(stopped)}


def controller_lost(error: Exception) -> str:
    """Return what the death of Ray Train's controller is told as."""
    return (
        f"the controller of its workers was lost: {str(error).strip().splitlines()[0]} Run the same command: it goes on"
    )


def _own_message(error: Exception) -> str:
    """Return what the first failed worker said: a message for the user as it is, anything else with its last frame."""
    failures: dict[int, Exception] = getattr(error, "worker_failures", {})
    for rank, failure in sorted(failures.items()):
        cause = getattr(failure, "_base_exc", failure)
        if getattr(cause, "exit_code", None):
            return str(cause)
        return f"training worker {rank}: {type(cause).__name__}: {cause}"
    return str(error).strip()
