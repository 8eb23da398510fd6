"""Planted gradient spikes: the end loss of four ways to bear them, at matched effective learning rates.

The design: a model of 0.1 million weights from scratch on classic books, 600 updates of 1,024 tokens, WSD. In 1 % of
the updates the gradient of one random tensor is multiplied by 1,000. SPAM's warm-ups after its resets lower its mean
rate, so its learning rate is raised by their mean. Five seeds order the text and place the spikes, the same for all.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.law_points import tokens_of
from data_tools.packing import PackedTokens
from stages.cpt.optimizers.spam import Spam, warmup_factor
from stages.cpt.optimizers.stable_spam import StableSpam
from stages.cpt.policy import Policy
from stages.cpt.schedule import learning_rate

NUM_STEPS, BATCH, NUM_SEEDS, SPIKE_SHARE, SPIKE = 600, 4, 5, 0.01, 1000.0
INTERVAL, WARMUP = 150, 45
"""SPAM's 500 and 150 at three tenths of their length: the training is short."""
RATE = 3e-3
POLICY = Policy(learning_rate=RATE, warmup_share=0.05, decay_share=0.2)
STUDENT = 2.776
"""Student's t for 95 % and four degrees of freedom."""


def spam_rate() -> float:
    """The learning rate at which SPAM's mean over a cycle with a warm-up is that of the others."""
    later = np.mean([warmup_factor(step, WARMUP) for step in range(INTERVAL)])
    cycles = NUM_STEPS / INTERVAL
    return float(RATE / ((1 + (cycles - 1) * later) / cycles))


WAYS: dict[str, tuple[Callable[[Any], torch.optim.Optimizer], float, float]] = {
    "adamw": (lambda p: torch.optim.AdamW(p, fused=True), RATE, float("inf")),
    "adamw_clipped": (lambda p: torch.optim.AdamW(p, fused=True), RATE, 1.0),
    "spam": (lambda p: Spam(p, interval=INTERVAL, warmup=WARMUP, grace=10), spam_rate(), float("inf")),
    "spam_clipped": (lambda p: Spam(p, interval=INTERVAL, warmup=WARMUP, grace=10), spam_rate(), 1.0),
    "stable_spam": (lambda p: StableSpam(p, interval=INTERVAL), RATE, float("inf")),
}


def one(way: str, seed: int, has_spikes: bool, start: str) -> float:
    """Train once; return the dev loss in nats per token, infinite where it is no number."""
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)
    maker, rate, limit = WAYS[way]
    model: Any = AutoModelForCausalLM.from_pretrained(start, dtype=torch.float32)
    model.train()
    optimizer = maker(model.parameters())
    packed = PackedTokens(tokens_of(""), "general", "train")
    order = np.random.default_rng(seed).permutation(packed.num_sequences)
    random = np.random.default_rng([seed, 1])
    weights = list(model.parameters())
    for step in range(NUM_STEPS):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(POLICY, step, NUM_STEPS) * rate / RATE
        chosen = [packed.sequence(int(order[(step * BATCH + n) % len(order)]))[0] for n in range(BATCH)]
        rows = torch.from_numpy(np.stack(chosen))
        model(input_ids=rows, labels=rows).loss.backward()
        if random.random() < SPIKE_SHARE and step >= 0.05 * NUM_STEPS and has_spikes:
            weights[int(random.integers(len(weights)))].grad.mul_(SPIKE)
        if np.isfinite(limit):
            torch.nn.utils.clip_grad_norm_(weights, limit)
        optimizer.step()
        optimizer.zero_grad()
    return _dev_loss(model)


@torch.no_grad()
def _dev_loss(model: Any) -> float:
    packed = PackedTokens(tokens_of(""), "general", "dev")
    model.eval()
    losses = []
    for number in range(0, min(packed.num_sequences, 64), BATCH):
        rows = torch.from_numpy(np.stack([packed.sequence(number + n)[0] for n in range(BATCH)]))
        losses.append(float(model(input_ids=rows, labels=rows).loss))
    mean = float(np.mean(losses))
    return mean if np.isfinite(mean) else float("inf")


def spikes() -> dict[str, Any]:
    """Every way, with and without spikes, five seeds: mean end loss and its 95 % interval."""
    from benchmarks.loop import start as model_of

    start: Path = model_of(64, 2)
    wanted = [(way, seed, has) for way in WAYS for has in (False, True) for seed in range(NUM_SEEDS)]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        found = list(pool.map(one, *zip(*wanted, strict=True), [str(start)] * len(wanted)))
    figures: dict[str, Any] = {"spikes_spam_learning_rate": round(spam_rate(), 6), "spikes_learning_rate": RATE}
    for way in WAYS:
        for has, name in ((False, "without"), (True, "with")):
            ends = [loss for what, loss in zip(wanted, found, strict=True) if what[0] == way and what[2] == has]
            half = STUDENT * float(np.std(ends, ddof=1)) / np.sqrt(NUM_SEEDS)
            figures[f"spikes_{way}_{name}"] = [round(float(np.mean(ends)), 4), round(float(half), 4)]
    return figures
