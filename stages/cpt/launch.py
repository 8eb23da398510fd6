"""Start a training: Ray Train workers for the ``ray`` executor, this process for ``inline`` and for proxies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.errors import StepError
from stages.cpt.job import Job, Placement
from stages.cpt.policy import Policy
from stages.cpt.schedule import sparsening_steps

SINGLE_MICRO_BATCH = 8
SINGLE_CHECKPOINT_STEPS = 100


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

    ``policy`` holds the fields of ``stages.cpt.policy.Policy``. ``eval_at_tokens`` are rounded to whole optimizer steps;
    without them the dev losses are measured at the end only. The point at 0 tokens (the base itself) always comes first.

    Returns ``{"points": [{"step", "tokens", "domain_loss", "general_loss" (nats per token), "domain_bits_per_byte",
    "general_bits_per_byte"}], "num_parameters" (non-embedding), "tokens_per_second", "epochs", "steps", "tokens"}``.
    """
    checked = Policy(**policy)
    batch = checked.global_batch_tokens
    wanted = [round(count / batch) for count in eval_at_tokens or []]
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
        save_model=save_model,
    )
    return run_alone(job)


def run_alone(job: Job) -> dict[str, Any]:
    """Run ``job`` as the only worker, in this process."""
    import os

    import torch

    from stages.cpt.loop import train

    os.environ.setdefault("LOCAL_RANK", "0")  # DeepSpeed asserts that a launcher has set it
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    return train(job)
