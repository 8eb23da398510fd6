"""Going back: to a checkpoint from before the first outlier, almost up to it again, and past what is bad.

A rollback loads a checkpoint, repeats the updates up to some before the first that was skipped, and there looks, with
weights from before the trouble, which of the batches ahead are outliers. Repeating makes the outcome independent of
which checkpoints happened to be there.
"""

from __future__ import annotations

import math
import shutil
from typing import Any

import torch

from stages.cpt import checkpoints
from stages.cpt.guard import ranges
from stages.cpt.ranks import TrainingStopped
from stages.cpt.records import METRICS_FILE, keep_until
from stages.cpt.run import Run, Trajectory

RETREAT = 8
"""The search begins so many updates before the first that was skipped: one of those may have done the harm."""
CALM_BATCHES = 8
"""So many batches in a row without an outlier end the search."""
MAX_PROBED = 2000
"""Batches that one search may read."""
NAMED_DOCUMENTS = 20


def roll_back_if_due(run: Run) -> None:
    """Where too many updates were skipped, go back; where the way forward has come to the first of them, search."""
    policy, watch = run.job.policy, run.trajectory.watch
    recent = watch.recent(run.step, policy)
    if watch.search is None and len(recent) > policy.spike_patience:
        if watch.rollbacks >= policy.max_rollbacks:
            raise TrainingStopped(_diagnosis(run, recent))
        _go_back(run, recent)
    search = run.trajectory.watch.search
    if search is not None and search["step"] == run.step:
        _leave_out(run, search)


def _go_back(run: Run, recent: list[dict[str, Any]]) -> None:
    """Load the newest checkpoint from before the first skipped update; drop those after it."""
    run.saver.finish()
    folder, ranks, first = run.saver.folder, run.saver.ranks, max(0, recent[0]["step"] - RETREAT)
    found, damaged = checkpoints.latest(folder, ranks, at_most=first)
    if found is None:
        raise TrainingStopped(
            f"step {run.job.step_name}: {recent[-1]['reason']} at update {recent[-1]['step'] + 1}, and no checkpoint "
            f"from before update {first + 1} to go back to. {'; '.join(damaged) or 'Train again'}"
        )
    checkpoints.load(run.engine, found)
    before, after = run.trajectory, Trajectory.from_json(found.state)
    after.seconds = before.seconds  # the time was spent
    after.watch.left_out, after.watch.rollbacks = before.watch.left_out, before.watch.rollbacks + 1
    after.watch.search = {"step": first, "reached": run.step, "skipped": recent}
    run.trajectory, run.step = after, found.step

    def tidy() -> None:
        for path in folder.glob("step-*"):
            if checkpoints.step_of(path) > found.step:
                shutil.rmtree(path)
        keep_until(folder.parent / METRICS_FILE, found.step)

    ranks.on_first(tidy)


def _leave_out(run: Run, search: dict[str, Any]) -> None:
    """Find the bad batches ahead and leave them out; where there are none, those that were skipped."""
    watch, skipped = run.trajectory.watch, search["skipped"]
    here, last_skipped = watch.batch_of(run.step), skipped[-1]["batch"]
    bad = {*_probe(run, here, last_skipped, skipped[0]["limit"])}
    bad |= {one["batch"] for one in skipped if one["by"] == "norm"}
    blamed = sorted(bad) or [batch for batch in range(here, last_skipped + 1) if not watch.is_left_out(batch)]
    for first, last in ranges(blamed):
        watch.leave_out(first, last)
    watch.search = None
    run.keep_place()
    run.note(
        "rollback",
        reached=search["reached"],
        left_out=ranges(blamed),
        blamed="data" if bad else "weights",
        skipped=skipped,
        documents=documents_of(run, blamed),
    )


def _probe(run: Run, first: int, last: int, limit: float | None) -> list[int]:
    """Return which batches from ``first`` on have a loss above the limit, or none, under the weights as they are.

    Looks past ``last`` until some in a row are none. Without a limit only what is no number is bad.
    """
    watch, bad = run.trajectory.watch, list[int]()
    batch, calm = first, 0
    run.engine.eval()
    while batch <= last or calm < CALM_BATCHES:
        if batch - first >= MAX_PROBED:
            raise TrainingStopped(
                f"step {run.job.step_name}: batches {first} to {batch} of the data are outliers ({len(bad)} of "
                f"{MAX_PROBED}), more than can be left out. Look at the documents that `strata trace` names for them"
            )
        run.pulse.beat(run.step, "computing")
        is_bad = not watch.is_left_out(batch) and is_outlier(batch_loss(run, batch), limit)
        bad += [batch] if is_bad else []
        calm = 0 if is_bad else calm + 1
        batch += 1
    run.engine.train()
    return bad


def is_outlier(loss: float, limit: float | None) -> bool:
    """Return whether a loss is no number, or above the limit where there is one."""
    return not math.isfinite(loss) or (limit is not None and loss > limit)


def batch_loss(run: Run, batch: int) -> float:
    """Return the mean loss of one batch of the data over all workers, without a gradient."""
    total = torch.zeros((), device=run.engine.device)
    with torch.no_grad():
        for part in run.data.micro_batches(batch):
            total += run.engine.module(*part.to(run.engine.device))
    torch.distributed.all_reduce(total)
    return float(total) / run.data.num_targets(batch)


def documents_of(run: Run, batches: list[int]) -> list[str]:
    """Return the names of the first documents in batches of the data."""
    found: dict[str, None] = {}
    for batch in batches:
        found |= dict.fromkeys(name for _, _, name in run.data.documents(batch))
        if len(found) >= NAMED_DOCUMENTS:
            break
    return list(found)[:NAMED_DOCUMENTS]


def _diagnosis(run: Run, recent: list[dict[str, Any]]) -> str:
    watch, policy = run.trajectory.watch, run.job.policy
    left = ", ".join(f"{first}-{last}" for first, last in watch.left_out)
    return (
        f"step {run.job.step_name}: {recent[-1]['reason']} at update {recent[-1]['step'] + 1}, and {watch.rollbacks} "
        f"rollbacks did not help; batches left out: {left or 'none'}. Lower learning_rate ({policy.learning_rate:.3g}) "
        "or gradient_clip, lengthen warmup_share, or take optimizer: spam; or raise spike_loss and spike_norm, where "
        "such updates are normal for this text"
    )
