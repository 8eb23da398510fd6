"""The dev losses of a run: when they are due, what they are, whether they are flat."""

from __future__ import annotations

import math

import torch

from stages.cpt.ranks import TrainingStopped
from stages.cpt.run import Run
from stages.cpt.schedule import first_decay_step


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
        run.keep_place()
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
                run.pulse.beat(run.step, "computing")
                sums[0] += run.engine.module(*batch.to(run.engine.device))
                sums[1] += batch.num_targets
        torch.distributed.all_reduce(sums)
        nats = float(sums[0] / sums[1])
        require_finite(f"the {part} dev loss", nats, run)
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


def require_finite(what: str, value: float, run: Run) -> None:
    """Stop the training where a figure is NaN or infinite: its weights are of no use from here on."""
    if not math.isfinite(value):
        raise TrainingStopped(
            f"step {run.job.step_name}: {what} is {value} after update {run.step}. Lower learning_rate "
            f"({run.job.policy.learning_rate:.3g}) or gradient_clip, lengthen warmup_share, or take optimizer: spam"
        )
