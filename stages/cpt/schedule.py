"""Learning rates, and the steps at which dev losses are measured, as pure functions of the step."""

from __future__ import annotations

import math

from stages.cpt.policy import Policy


def learning_rate(policy: Policy, step: int, num_steps: int, decay_start: int | None = None) -> float:
    """Return the learning rate of update ``step`` (0 is the first, ``num_steps - 1`` the last).

    ``decay_start`` moves the first step of wsd's decay (``pretrain`` decays early once the loss is flat).

    Linear warm-up over W = warmup_share * num_steps steps, from peak/W to peak; then

    - cosine (arXiv 2403.08763, section 4.1): min + (peak - min) * (1 + cos(pi * t)) / 2, t from 0 to 1;
    - wsd (MiniCPM, arXiv 2404.06395): the peak, then over the decay's D steps the exponential
      peak * (min/peak)^t, t = 1/D .. 1, which ends on min exactly. MiniCPM writes it 0.5^((s-S)/T) and leaves the end
      point open. Where min is 0 the decay is linear.
    """
    peak = policy.learning_rate
    ratio = policy.min_learning_rate_ratio
    num_warmup = round(policy.warmup_share * num_steps)
    if step < num_warmup:
        return peak * (step + 1) / num_warmup
    if policy.schedule == "cosine":
        progress = (step - num_warmup) / max(1, num_steps - 1 - num_warmup)
        return peak * (ratio + (1 - ratio) * (1 + math.cos(math.pi * min(1.0, progress))) / 2)
    start = first_decay_step(policy, num_steps) if decay_start is None else decay_start
    if step < start:
        return peak
    progress = min(1.0, (step + 1 - start) / max(1, num_steps - start))
    return float(peak * (ratio**progress if ratio > 0 else 1 - progress))


def first_decay_step(policy: Policy, num_steps: int) -> int:
    """Return the first step of wsd's decay where nothing starts it earlier."""
    return num_steps - max(1, round(policy.decay_share * num_steps))


def steps_after_plateau(policy: Policy, decay_start: int) -> int:
    """Return the length of a run whose decay begins early: the decay has the same share of it as of any run."""
    return decay_start + max(1, round(decay_start * policy.decay_share / (1 - policy.decay_share)))


def sparsening_steps(num_steps: int, num_evaluations: int) -> list[int]:
    """Return steps at which to measure: dense first, sparse later, 0 and ``num_steps`` among them.

    Quadratic spacing, num_steps * (i/n)^2: the loss moves most at the start of continued pre-training, where the
    stability gap is (arXiv 2406.14833), and the D-CPT law's sampling study prefers it too (arXiv 2406.01375, M4).
    """
    spaced = {round(num_steps * (number / num_evaluations) ** 2) for number in range(num_evaluations + 1)}
    return sorted(spaced | {0, num_steps})


def uniform_steps(num_steps: int, every: int) -> list[int]:
    """Return every ``every``-th step, 0 and ``num_steps`` among them."""
    return sorted({*range(0, num_steps, every), num_steps})
