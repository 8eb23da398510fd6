"""The training loop: ``deepspeed.initialize`` around a Hugging Face causal model, our data, schedule and checkpoints.

Every worker runs ``train``. What a step does depends on its number alone (data by position, learning rate by formula,
random state seeded by step), so a run that was killed and resumed ends in the same bytes as one that was not.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from data_tools.packing import read_meta
from pipeline.errors import StepError
from pipeline.output import InlineFanout, Output
from pipeline.stage import Resources
from stages.cpt import checkpoints
from stages.cpt.data import DevData, TrainingData
from stages.cpt.engine import build_engine, clip_gradient, num_non_embedding, save_model
from stages.cpt.job import Job
from stages.cpt.records import METRICS_FILE, keep_until
from stages.cpt.schedule import first_decay_step, learning_rate, steps_after_plateau

CHECKPOINTS_FOLDER = ".checkpoints"
MODEL_FOLDER = "model"


class TrainingStopped(StepError):
    """The training cannot go on, and every worker has found so at the same step."""


@dataclass
class Trajectory:
    """What the run has seen so far; kept in the checkpoints, so that a resumed run knows it too."""

    points: list[dict[str, Any]] = field(default_factory=list)
    """Dev losses: step, tokens, and per part nats per token and bits per byte."""
    anneals: list[dict[str, Any]] = field(default_factory=list)
    """Dev losses at the ends of the shorter runs in ``Job.anneal_at``, as in ``points``."""
    decay_start: int | None = None
    """The step at which a plateau started the decay; None while none has."""
    seconds: float = 0.0
    """Time spent in updates, over all the run's lives."""


@dataclass
class Run:
    """A training under way on this worker."""

    job: Job
    engine: Any
    data: TrainingData
    dev: DevData
    out: Output | None
    """Where metrics and progress go; None but on the first worker."""
    trajectory: Trajectory = field(default_factory=Trajectory)
    step: int = 0
    """Updates done."""

    @property
    def num_steps(self) -> int:
        """Updates in all: fewer than the budget's where a plateau started the decay early."""
        if self.trajectory.decay_start is None:
            return self.job.num_steps
        return min(self.job.num_steps, steps_after_plateau(self.job.policy, self.trajectory.decay_start))


def train(job: Job) -> dict[str, Any]:
    """Run ``job`` on this worker, to the end or from the last checkpoint; return its result (same on every worker).

    Raises TrainingStopped where the loss is no finite number.
    """
    rank, world = torch.distributed.get_rank(), torch.distributed.get_world_size()
    folder = Path(job.work) / CHECKPOINTS_FOLDER
    with fixed_arithmetic(job), checkpoints.held(folder, rank):
        run = begin(job, rank, world)
        measure_if_due(run)
        while run.step < run.num_steps:
            anneal_if_due(run, folder, rank)
            update(run)
            measure_if_due(run)
            if run.step % job.placement.checkpoint_every == 0 and run.step < run.num_steps:
                checkpoints.save(run.engine, folder, run.step, vars(run.trajectory), rank)
        if job.save_model:
            save_model(run.engine, job, Path(job.work) / MODEL_FOLDER, rank)
        return result_of(run)


@contextlib.contextmanager
def fixed_arithmetic(job: Job) -> Iterator[None]:
    """Fix what changes the order of sums, threads and algorithms, for the block."""
    if job.placement.use_gpu:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with this
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(job.placement.num_threads)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])


def begin(job: Job, rank: int, world: int) -> Run:
    """Build the run, and bring it to where the last complete checkpoint stands."""
    tokens, micro = Path(job.tokens), job.micro_batch(world)
    engine = build_engine(job, world)
    known, used = engine.module.causal.config.vocab_size, read_meta(tokens)["vocab_size"]
    if used > known:
        raise StepError(
            f"step {job.step_name}: the tokens were packed with a vocabulary of {used}, the model in {job.model} knows "
            f"{known}. Pack them with the model's own tokenizer (tokenizer: needs base)"
        )
    data = TrainingData(tokens, job.domain_share, job.seed, job.batch_sequences(), micro, rank, world, job.text_share)
    dev = DevData(tokens, job.dev_tokens, micro, rank, world)
    if job.plateau is not None and "general" not in dev.parts:
        raise StepError(f"{tokens}: the general part has no dev split, so its plateau cannot be seen. Split more text")
    out = Output(Path(job.work), Resources.model_validate({}), InlineFanout(), job.step_name) if rank == 0 else None
    run = Run(job, engine, data, dev, out)
    found = checkpoints.latest(Path(job.work) / CHECKPOINTS_FOLDER)
    if found is not None:
        checkpoints.load(engine, found)
        run.trajectory, run.step = Trajectory(**found.state), found.step
    if out is not None:
        keep_until(out.path / METRICS_FILE, run.step if found else -1)
        out.progress(run.step, run.num_steps, "steps")
    return run


def update(run: Run) -> None:
    """Do one update: all micro-batches, the gradient's clip, the optimizer; log it."""
    engine, data, policy = run.engine, run.data, run.job.policy
    started = time.perf_counter()
    torch.manual_seed(hash_seed(run.job.seed, run.step, data.rank))  # dropout, where the model has any
    rate = learning_rate(policy, run.step, run.num_steps, run.trajectory.decay_start)
    for group in engine.optimizer.param_groups:
        group["lr"] = rate
    num_targets = data.num_targets(run.step)
    total = torch.zeros((), device=engine.device)
    for batch in data.micro_batches(run.step):
        loss = engine(*batch.to(engine.device))
        total += loss.detach()
        # DeepSpeed averages gradients over workers; the loss is the mean over the tokens of the whole step.
        engine.backward(loss * (data.world / num_targets), scale_wrt_gas=False)
        if not engine.is_gradient_accumulation_boundary():
            engine.step()
    torch.distributed.all_reduce(total)
    mean = float(total) / num_targets
    require_finite("the loss", mean, run, rate)
    norm = clip_gradient(engine, run.job)
    engine.step()
    norm = engine.get_global_grad_norm() if norm is None else norm
    if norm is not None:
        require_finite("the gradient's norm", float(norm), run, rate)
    run.step += 1
    log_update(run, mean, rate, norm, time.perf_counter() - started)


def anneal_if_due(run: Run, folder: Path, rank: int) -> None:
    """Run the decays of the shorter runs that would begin theirs here, measure their ends, and undo them."""
    policy, known = run.job.policy, [point["step"] for point in run.trajectory.anneals]
    for end in run.job.anneal_at:
        if first_decay_step(policy, end) != run.step or end in known or end == run.num_steps:
            continue
        stable = checkpoints.save(run.engine, folder, run.step, vars(run.trajectory), rank)
        shorter = replace(run.job, num_tokens=end * policy.global_batch_tokens, plateau=None)
        branch = replace(run, job=shorter, out=None, trajectory=Trajectory())
        while branch.step < end:
            update(branch)
        run.trajectory.anneals.append({"step": end, "tokens": shorter.num_tokens, **dev_losses(branch)})
        run.trajectory.seconds += branch.trajectory.seconds
        checkpoints.load(run.engine, stable)


def require_finite(what: str, value: float, run: Run, rate: float) -> None:
    """Stop the training where a figure is NaN or infinite: its weights are of no use from here on."""
    if not math.isfinite(value):
        raise TrainingStopped(
            f"step {run.job.step_name}: {what} is {value} at update {run.step + 1} (learning rate {rate:.3g}). "
            "Lower learning_rate or gradient_clip, lengthen warmup_share, or take optimizer: spam"
        )


def hash_seed(*numbers: int) -> int:
    """Return a 63-bit seed that depends on every number; a pure function, unlike ``hash``."""
    digest = hashlib.blake2b(repr(numbers).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def log_update(run: Run, loss: float, rate: float, norm: Any, seconds: float) -> None:
    """Add the update to the metrics and the progress."""
    run.trajectory.seconds += seconds
    if run.out is None:
        return
    batch_tokens = run.job.policy.global_batch_tokens
    run.out.metrics(
        step=run.step,
        tokens=run.step * batch_tokens,
        loss=loss,
        learning_rate=rate,
        gradient_norm=None if norm is None else float(norm),
        tokens_per_second=round(batch_tokens / seconds, 1),
    )
    run.out.progress(run.step, run.num_steps, "steps")


def measure_if_due(run: Run) -> None:
    """Measure the dev losses where the schedule says so; start the decay where they are flat."""
    points = run.trajectory.points
    measured = bool(points) and points[-1]["step"] == run.step
    if measured or not (run.step in run.job.evaluate_at or run.step == run.num_steps):
        return
    point = {"step": run.step, "tokens": run.step * run.job.policy.global_batch_tokens, **dev_losses(run)}
    points.append(point)
    if run.trajectory.decay_start is None and is_flat(run):
        run.trajectory.decay_start = run.step
    if run.out is not None:
        run.out.metrics(step=point["step"], tokens=point["tokens"], dev=point)


def dev_losses(run: Run) -> dict[str, float]:
    """Return nats per token and bits per byte of each part's dev sequences, over all workers."""
    found: dict[str, float] = {}
    run.engine.eval()
    for part, packed in run.dev.parts.items():
        sums = torch.zeros(2, dtype=torch.float64, device=run.engine.device)
        with torch.no_grad():
            for batch in run.dev.batches(part):
                sums[0] += run.engine.module(*batch.to(run.engine.device))
                sums[1] += batch.num_targets
        torch.distributed.all_reduce(sums)
        nats = float(sums[0] / sums[1])
        require_finite(f"the {part} dev loss", nats, run, run.engine.optimizer.param_groups[0]["lr"])
        found[f"{part}_loss"] = nats
        # exact where all sequences are read; else with the whole split's tokens per byte
        found[f"{part}_bits_per_byte"] = nats / math.log(2) * packed.num_targets / packed.num_bytes
    run.engine.train()
    return found


def is_flat(run: Run) -> bool:
    """Return whether the general dev loss fell by less than the tolerance over the last evaluations.

    Only wsd's stable phase can end early: cosine's decay is fixed from the start.
    """
    rule, policy, points = run.job.plateau, run.job.policy, run.trajectory.points
    if rule is None or policy.schedule != "wsd" or len(points) <= rule.evaluations:
        return False
    if run.step >= first_decay_step(policy, run.job.num_steps):
        return False
    fell: float = points[-1 - rule.evaluations]["general_loss"] - points[-1]["general_loss"]
    return fell < rule.tolerance


def result_of(run: Run) -> dict[str, Any]:
    """Return what a training tells its stage, as JSON."""
    tokens = run.step * run.job.policy.global_batch_tokens
    return {
        "points": run.trajectory.points,
        "anneals": run.trajectory.anneals,
        "steps": run.step,
        "tokens": tokens,
        "plateau": run.trajectory.decay_start is not None,
        "epochs": run.data.mixture.epochs(run.step * run.data.batch_sequences),
        "num_parameters": num_non_embedding(run.engine.module.causal),
        "tokens_per_second": tokens / run.trajectory.seconds if run.trajectory.seconds else 0.0,
    }
