"""The training loop: ``deepspeed.initialize`` around a Hugging Face causal model, our data, schedule and checkpoints.

Every worker runs ``train``. What a step does depends on its number alone (data by position, learning rate by formula,
random state seeded by step), so a run that was killed and resumed ends in the same bytes as one that was not.
"""

from __future__ import annotations

import json
import math
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from pipeline.errors import StepError
from pipeline.output import InlineFanout, Output
from pipeline.stage import Resources
from stages.cpt import checkpoints
from stages.cpt.data import DevData, TrainingData
from stages.cpt.engine import build_engine, clip_gradient, num_non_embedding, save_model
from stages.cpt.job import Job
from stages.cpt.schedule import decay_steps, learning_rate

CHECKPOINTS_FOLDER = ".checkpoints"
MODEL_FOLDER = "model"


class TrainingStopped(StepError):
    """The training cannot go on, and every worker has found so at the same step."""


@dataclass
class Trajectory:
    """What the run has seen so far; kept in the checkpoints, so that a resumed run knows it too."""

    points: list[dict[str, Any]] = field(default_factory=list)
    """Dev losses: step, tokens, and per part nats per token and bits per byte."""
    decay_start: int | None = None
    """The step at which a plateau started the decay; None while none has."""
    plateau: bool = False
    seconds: float = 0.0
    """Time spent in updates, over all the run's lives."""


def train(job: Job) -> dict[str, Any]:
    """Run ``job`` on this worker, to the end or from the last checkpoint; return its result (same on every worker).

    Raises TrainingStopped where the loss is no finite number.
    """
    rank, world = torch.distributed.get_rank(), torch.distributed.get_world_size()
    prepare_torch(job)
    work = Path(job.work)
    engine = build_engine(job, world)
    data = TrainingData(
        Path(job.tokens), job.domain_share, job.seed, job.batch_sequences(), job.micro_batch(world), rank, world
    )
    dev = DevData(Path(job.tokens), job.dev_tokens, job.micro_batch(world), rank, world)
    out = Output(work, Resources.model_validate({}), InlineFanout(), job.step_name) if rank == 0 else None

    trajectory, step = Trajectory(), 0
    found = checkpoints.latest(work / CHECKPOINTS_FOLDER)
    if found is not None:
        checkpoints.load(engine, found)
        trajectory, step = Trajectory(**found.state), found.step
    if rank == 0:
        keep_metrics_until(work / "metrics.jsonl", step if found else -1)

    while True:
        num_steps = last_step(job, trajectory)
        if is_due(job, trajectory, step, num_steps):
            measure(engine, dev, job, trajectory, step, out)
            num_steps = last_step(job, trajectory)
        if step >= num_steps:
            break
        rate = learning_rate(job.policy, step, num_steps, trajectory.decay_start)
        update(engine, data, job, trajectory, step, rate, out)
        step += 1
        if out is not None:
            out.progress(step, num_steps, "steps")
        if step % job.placement.checkpoint_every == 0 and step < num_steps:
            checkpoints.save(engine, work / CHECKPOINTS_FOLDER, step, vars(trajectory), rank)
    if job.save_model:
        save_model(engine, job, work / MODEL_FOLDER, rank)
    return result_of(engine, job, data, trajectory, step)


def prepare_torch(job: Job) -> None:
    """Fix what changes the order of sums: threads and algorithms."""
    torch.set_num_threads(job.placement.num_threads)
    if job.placement.use_gpu:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)


def update(
    engine: Any, data: TrainingData, job: Job, trajectory: Trajectory, step: int, rate: float, out: Output | None
) -> None:
    """Do update ``step``: all micro-batches, the gradient's clip, the optimizer; log it."""
    started = time.perf_counter()
    torch.manual_seed(job.seed * 1_000_003 + step * 1009 + data.rank)  # dropout, where the model has any
    for group in engine.optimizer.param_groups:
        group["lr"] = rate
    num_targets = data.num_targets(step)
    total = torch.zeros((), device=engine.device)
    for batch in data.micro_batches(step):
        moved = batch.to(engine.device)
        loss = engine(moved.input_ids_BT, moved.labels_BT, moved.position_ids_BT)
        total += loss.detach()
        # DeepSpeed averages gradients over workers; the loss is a mean over the tokens of the whole step.
        engine.backward(loss * (data.world / num_targets), scale_wrt_gas=False)
        if not engine.is_gradient_accumulation_boundary():
            engine.step()
    norm = clip_gradient(engine, job)
    torch.distributed.all_reduce(total)
    mean = float(total) / num_targets
    if not math.isfinite(mean):
        raise TrainingStopped(
            f"step {job.step_name}: the loss is {mean} at update {step + 1} (learning rate {rate:.3g}). "
            "Lower learning_rate or gradient_clip, lengthen warmup_share, or take optimizer: spam"
        )
    engine.step()
    norm = engine.get_global_grad_norm() if norm is None else norm
    seconds = time.perf_counter() - started
    trajectory.seconds += seconds
    if out is not None:
        out.metrics(
            step=step + 1,
            tokens=(step + 1) * job.policy.global_batch_tokens,
            loss=mean,
            learning_rate=rate,
            gradient_norm=None if norm is None else float(norm),
            tokens_per_second=round(job.policy.global_batch_tokens / seconds, 1),
        )


def measure(engine: Any, dev: DevData, job: Job, trajectory: Trajectory, step: int, out: Output | None) -> None:
    """Measure the dev losses after ``step`` updates; add a point, and start the decay where the loss is flat."""
    engine.eval()
    point: dict[str, Any] = {"step": step, "tokens": step * job.policy.global_batch_tokens}
    for part, packed in dev.parts.items():
        sums = torch.zeros(2, dtype=torch.float64, device=engine.device)
        with torch.no_grad():
            for batch in dev.batches(part):
                moved = batch.to(engine.device)
                sums[0] += engine.module(moved.input_ids_BT, moved.labels_BT, moved.position_ids_BT)
                sums[1] += int((batch.labels_BT >= 0).sum())
        torch.distributed.all_reduce(sums)
        nats = float(sums[0] / sums[1])
        point[f"{part}_loss"] = nats
        point[f"{part}_bits_per_byte"] = nats / math.log(2) * packed.num_targets / packed.num_bytes
    engine.train()
    trajectory.points.append(point)
    if trajectory.decay_start is None and is_flat(job, trajectory.points):
        trajectory.plateau = True
        trajectory.decay_start = step
    if out is not None:
        out.metrics(**{f"dev_{name}" if "_" in name else name: value for name, value in point.items()})


def is_due(job: Job, trajectory: Trajectory, step: int, num_steps: int) -> bool:
    """Return whether the dev losses are to be measured after ``step`` updates and have not been."""
    measured = bool(trajectory.points) and trajectory.points[-1]["step"] == step
    return not measured and (step in job.evaluate_at or step == num_steps)


def is_flat(job: Job, points: list[dict[str, Any]]) -> bool:
    """Return whether the general dev loss improved by less than the tolerance over the last evaluations."""
    rule = job.plateau
    if rule is None or len(points) <= rule.evaluations:
        return False
    part = "general_loss" if "general_loss" in points[-1] else "domain_loss"
    improvement = points[-1 - rule.evaluations][part] - points[-1][part]
    return bool(improvement < rule.tolerance)


def last_step(job: Job, trajectory: Trajectory) -> int:
    """Return the number of updates in all: fewer than the budget's where a plateau started the decay early."""
    if trajectory.decay_start is None:
        return job.num_steps
    return min(job.num_steps, trajectory.decay_start + decay_steps(job.policy, job.num_steps))


def result_of(engine: Any, job: Job, data: TrainingData, trajectory: Trajectory, step: int) -> dict[str, Any]:
    """Return what a training tells its stage, as JSON."""
    tokens = step * job.policy.global_batch_tokens
    return {
        "points": trajectory.points,
        "steps": step,
        "tokens": tokens,
        "plateau": trajectory.plateau,
        "epochs": data.mixture.epochs(step * data.batch_sequences),
        "num_parameters": num_non_embedding(engine.module.causal),
        "tokens_per_second": tokens / trajectory.seconds if trajectory.seconds else 0.0,
    }


def keep_metrics_until(path: Path, step: int) -> None:
    """Drop the lines that a killed run wrote after the checkpoint of ``step``; they will be written again."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text("utf-8").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            break  # the line that the kill cut short
        if record.get("step", 0) <= step:
            kept.append(line + "\n")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text("".join(kept), "utf-8")
    os.replace(temporary, path)
