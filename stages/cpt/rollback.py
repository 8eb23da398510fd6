"""Going back: the last good checkpoint, what of the data ahead is bad, and an end to it."""

from __future__ import annotations

import shutil
from typing import Any

import torch

from stages.cpt import checkpoints
from stages.cpt.guard import Watch, ranges
from stages.cpt.records import METRICS_FILE, keep_until
from stages.cpt.run import Run, TrainingStopped, Trajectory

CALM_BATCHES = 8
"""So many batches in a row without an outlier end the search."""
MAX_PROBED = 2000
"""Batches that one search may read."""


def roll_back_if_due(run: Run) -> None:
    """Where too many updates were skipped, go back, find what is bad ahead, and leave it out."""
    policy, watch = run.job.policy, run.trajectory.watch
    recent = watch.recent(run.step, policy)
    if len(recent) <= policy.spike_patience:
        return
    if watch.rollbacks >= policy.max_rollbacks:
        raise TrainingStopped(_diagnosis(run, recent))
    run.saver.finish()
    found = _last_good(run, recent[0]["step"])
    checkpoints.load(run.engine, found)
    before = Trajectory.from_json(found.state)
    bad = _probe(run, before.watch, recent[0]["batch"], recent[-1]["batch"])
    blamed = bad or [one["batch"] for one in recent]
    after = before.watch
    for first, last in [*watch.left_out, *ranges(blamed)]:
        after.leave_out(first, last)
    after.skipped, after.rollbacks = watch.skipped, watch.rollbacks + 1
    seconds, reached = run.trajectory.seconds, run.step
    run.trajectory, run.step = before, found.step
    run.trajectory.seconds = seconds  # the time was spent
    if run.out is not None:
        keep_until(run.out.path / METRICS_FILE, found.step)
    run.keep_place()
    run.note(
        "rollback",
        from_step=reached,
        left_out=ranges(blamed),
        blamed="data" if bad else "weights",
        skipped=recent,
        documents=documents_of(run, blamed),
    )


def _last_good(run: Run, first_skipped: int) -> checkpoints.Checkpoint:
    """Return the newest checkpoint from before the first skipped update, else the oldest; drop those after it."""
    folder, data = run.saver.folder, run.data
    found, damaged = checkpoints.latest(folder, data.rank, data.world, at_most=first_skipped)
    if found is None:
        oldest = min(int(path.name.removeprefix("step-")) for path in folder.glob("step-*"))
        found, damaged = checkpoints.latest(folder, data.rank, data.world, at_most=oldest)
    if found is None:
        raise TrainingStopped(f"step {run.job.step_name}: no checkpoint to go back to: {'; '.join(damaged)}")
    torch.distributed.barrier()  # nobody reads any more
    if data.rank == 0:
        for path in folder.glob("step-*"):
            if int(path.name.removeprefix("step-")) > found.step:
                shutil.rmtree(path)
    torch.distributed.barrier()
    return found


def _probe(run: Run, watch: Watch, first: int, last: int) -> list[int]:
    """Return which batches from ``first`` on are outliers under the weights as they are; look past ``last``."""
    bad: list[int] = []
    batch, calm = first, 0
    run.engine.eval()
    while batch <= last or calm < CALM_BATCHES:
        if batch - first >= MAX_PROBED:
            raise TrainingStopped(
                f"step {run.job.step_name}: batches {first} to {batch} of the data are outliers ({len(bad)} of "
                f"{MAX_PROBED}), more than can be left out. Look at the documents that `strata trace` names for them"
            )
        if watch.of_loss(batch_loss(run, batch), run.job.policy):
            bad.append(batch)
            calm = 0
        else:
            calm += 1
        batch += 1
    run.engine.train()
    return bad


def batch_loss(run: Run, batch: int) -> float:
    """Return the mean loss of one batch of the data over all workers, without a gradient."""
    total = torch.zeros((), device=run.engine.device)
    with torch.no_grad():
        for part in run.data.micro_batches(batch):
            total += run.engine.module(*part.to(run.engine.device))
    torch.distributed.all_reduce(total)
    return float(total) / run.data.num_targets(batch)


def documents_of(run: Run, batches: list[int], limit: int = 20) -> list[str]:
    """Return the names of the documents in batches of the data, the first ``limit`` of them."""
    found: dict[str, None] = {}
    for batch in batches:
        for _, _, name in run.data.documents(batch):
            found[name] = None
            if len(found) == limit:
                return list(found)
    return list(found)


def _diagnosis(run: Run, recent: list[dict[str, Any]]) -> str:
    watch, policy = run.trajectory.watch, run.job.policy
    left = ", ".join(f"{first}-{last}" for first, last in watch.left_out)
    return (
        f"step {run.job.step_name}: {recent[-1]['reason']} at update {recent[-1]['step'] + 1}, and {watch.rollbacks} "
        f"rollbacks did not help; batches left out: {left or 'none'}. Lower learning_rate ({policy.learning_rate:.3g}) "
        "or gradient_clip, lengthen warmup_share, or take optimizer: spam; or raise spike_loss and spike_norm, where "
        "such updates are normal for this text"
    )
