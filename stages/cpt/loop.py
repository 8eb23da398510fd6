"""The training loop: ``deepspeed.initialize`` around a Hugging Face causal model, our data, schedule and checkpoints.

Every worker runs ``train``. What a step does depends on its number alone (data by position, learning rate by formula,
random state seeded by step), so a run that was killed and resumed ends in the same bytes as one that was not.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import math
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from data_tools.packing import read_meta
from pipeline.errors import StepError
from pipeline.output import STOP_FILE, InlineFanout, Output
from pipeline.stage import Resources
from stages.cpt import checkpoints
from stages.cpt.data import DevData, TrainingData
from stages.cpt.engine import build_engine, clip_gradient, num_non_embedding, save_model
from stages.cpt.gate import Gate
from stages.cpt.job import Job
from stages.cpt.measure import dev_losses, measure_if_due
from stages.cpt.place import CHECKPOINTS_FOLDER
from stages.cpt.pulse import Pulse
from stages.cpt.ranks import Ranks, TrainingStopped
from stages.cpt.records import METRICS_FILE, keep_until
from stages.cpt.rollback import RETREAT, roll_back_if_due
from stages.cpt.run import MODEL_FOLDER, Run, Trajectory
from stages.cpt.schedule import first_decay_step, learning_rate
from stages.cpt.speed import Speedometer


def train(job: Job) -> dict[str, Any]:
    """Run ``job`` on this worker, to the end or from the last checkpoint; return its result (same on every worker).

    Raises TrainingStopped where outliers do not end, where a dev loss is no finite number, and where it was asked to.
    """
    rank, world = torch.distributed.get_rank(), torch.distributed.get_world_size()
    with (
        fixed_arithmetic(job),
        checkpoints.held(Path(job.work) / CHECKPOINTS_FOLDER, rank),
        Pulse(Path(job.work), rank, world) as pulse,
    ):
        run = begin(job, rank, world, pulse)
        measure_if_due(run)
        if job.policy.max_rollbacks and run.is_new:
            run.save()  # so that there is something to go back to
        while run.step < run.num_steps:
            anneal_if_due(run)
            asked_to_stop = update(run)
            roll_back_if_due(run)
            measure_if_due(run)
            if asked_to_stop:
                stop(run)
            if run.step % job.placement.checkpoint_every == 0 and run.step < run.num_steps:
                run.save()
        run.saver.finish()
        run.keep_place()
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


def begin(job: Job, rank: int, world: int, pulse: Pulse) -> Run:
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
    folder = Path(job.work) / CHECKPOINTS_FOLDER
    ranks = Ranks.of(engine.device)
    saver = checkpoints.Saver(folder, ranks, job.placement.keep_checkpoints, job.policy.spike_window + RETREAT)
    speed = Speedometer.of(engine, data.sequence_length, world)
    run = Run(job, engine, Gate(engine), data, dev, saver, pulse, speed, out)
    pulse.tell = partial(tell_stall, run)
    found, damaged = checkpoints.latest(folder, ranks)
    if found is not None:
        checkpoints.load(engine, found)
        run.trajectory, run.step, run.is_new = Trajectory.from_json(found.state), found.step, False
    if out is not None:
        (Path(job.work) / STOP_FILE).unlink(missing_ok=True)
        keep_until(out.path / METRICS_FILE, run.step if found else -1)
        out.progress(run.step, run.num_steps, "steps")
    run.keep_place()
    for text in damaged:
        run.note("damaged checkpoint", text=text)
    return run


def update(run: Run) -> bool:
    """Do one update: all micro-batches, the gradient's clip, the optimizer; log it.

    An update whose loss or gradient is an outlier is not applied. Returns whether the run was asked to stop.
    """
    engine, data, policy, watch = run.engine, run.data, run.job.policy, run.trajectory.watch
    started = time.perf_counter()
    torch.manual_seed(hash_seed(run.job.seed, run.step, data.rank))  # dropout, where the model has any
    rate = learning_rate(policy, run.step, run.num_steps, run.trajectory.decay_start)
    for group in engine.optimizer.param_groups:
        group["lr"] = rate
    batch = watch.batch_of(run.step)
    num_targets = data.num_targets(batch)
    # summed over workers: the loss, and whether anyone was asked to stop
    total = torch.zeros(2, device=engine.device)
    total[1] = float(run.out is not None and run.out.asked_to_stop())
    for part in run.pulse.between(run.step, data.micro_batches(batch)):
        loss = engine(*part.to(engine.device))
        total[0] += loss.detach()
        # DeepSpeed averages gradients over workers; the loss is the mean over the tokens of the whole step.
        engine.backward(loss * (data.world / num_targets), scale_wrt_gas=False)
        if not engine.is_gradient_accumulation_boundary():
            engine.step()
    run.pulse.beat(run.step, "waiting")
    torch.distributed.all_reduce(total)
    mean = float(total[0]) / num_targets
    norm = clip_gradient(engine, run.job)
    by_loss = watch.of_loss(mean, policy)
    by_norm = watch.of_norm(norm, policy) if norm is not None else ""
    run.gate.begin(by_loss or by_norm, partial(watch.of_norm, policy=policy))
    engine.step()
    norm = engine.get_global_grad_norm() if norm is None else norm
    norm = None if norm is None else float(norm)
    reason = run.gate.reason or (
        f"the gradient's norm is {norm}" if norm is not None and not math.isfinite(norm) else ""
    )
    if reason:
        watch.skip(run.step, reason, "loss" if by_loss else "norm", policy)
        run.keep_place()
    else:
        watch.accept(mean, norm, policy)
    run.step += 1
    log_update(run, mean, rate, norm, reason, time.perf_counter() - started)
    return bool(total[1] > 0)


def tell_stall(run: Run, text: str) -> None:
    """Note a stalled rank in the metrics; called from the thread that watches."""
    run.note("stalled", text=text)


def stop(run: Run) -> None:
    """Save, and end the run here."""
    run.save()
    run.saver.finish()
    raise TrainingStopped(
        f"step {run.job.step_name}: stopped after update {run.step} of {run.num_steps}, as asked; its checkpoint is "
        "written. The same command goes on from it"
    )


def anneal_if_due(run: Run) -> None:
    """Run the decays of the shorter runs that would begin theirs here, measure their ends, and undo them."""
    policy, known = run.job.policy, [point["step"] for point in run.trajectory.anneals]
    for end in run.job.anneal_at:
        if first_decay_step(policy, end) != run.step or end in known or end == run.num_steps:
            continue
        run.save()
        run.saver.finish()
        stable = checkpoints.Checkpoint(run.saver.path_of(run.step), run.step, {})
        shorter = replace(run.job, num_tokens=end * policy.global_batch_tokens, plateau=None)
        history = Trajectory(watch=copy.deepcopy(run.trajectory.watch))
        branch = replace(run, job=shorter, out=None, trajectory=history)
        while branch.step < end:
            update(branch)
        run.trajectory.anneals.append({"step": end, "tokens": shorter.num_tokens, **dev_losses(branch)})
        run.trajectory.seconds += branch.trajectory.seconds
        checkpoints.load(run.engine, stable)


def hash_seed(*numbers: int) -> int:
    """Return a 63-bit seed that depends on every number; a pure function, unlike ``hash``."""
    digest = hashlib.blake2b(repr(numbers).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def log_update(run: Run, loss: float, rate: float, norm: float | None, skipped: str, seconds: float) -> None:
    """Add the update to the metrics and the progress."""
    run.trajectory.seconds += seconds
    if run.out is None:
        return
    batch_tokens = run.job.policy.global_batch_tokens
    run.out.metrics(
        step=run.step,
        tokens=run.step * batch_tokens,
        loss=finite(loss),
        learning_rate=rate,
        gradient_norm=finite(norm),
        gradient_spikes=run.gate.spikes[0] / max(1, run.gate.spikes[1]),
        **run.speed.figures(batch_tokens, seconds, run.num_steps - run.step, run.trajectory.seconds / run.step),
        **({"skipped": skipped} if skipped else {}),
    )
    run.out.progress(run.step, run.num_steps, "steps")


def finite(value: float | None) -> float | None:
    """Return the value as JSON can hold it: None for what is not finite."""
    return value if value is not None and math.isfinite(value) else None


def result_of(run: Run) -> dict[str, Any]:
    """Return what a training tells its stage, as JSON."""
    tokens = run.step * run.job.policy.global_batch_tokens
    return {
        "points": run.trajectory.points,
        "anneals": run.trajectory.anneals,
        "steps": run.step,
        "tokens": tokens,
        "plateau": run.trajectory.decay_start is not None,
        "skipped": run.trajectory.watch.skipped,
        "left_out": [list(one) for one in run.trajectory.watch.left_out],
        "rollbacks": run.trajectory.watch.rollbacks,
        "epochs": run.data.mixture.epochs(run.step * run.data.batch_sequences),
        "num_parameters": num_non_embedding(run.engine.module.causal),
        "tokens_per_second": tokens / run.trajectory.seconds if run.trajectory.seconds else 0.0,
    }
