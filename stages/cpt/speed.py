"""How fast a training is, and how much memory it takes: figures of every update."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from typing import Any

import torch

from stages.cpt.engine import num_non_embedding

PEAK_FLOPS = {
    "B200": 2250e12, "H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "A10": 125e12, "V100": 125e12,
}  # fmt: skip
"""Dense bf16 (V100: fp16) operations per second by name of the device, from NVIDIA's data sheets."""


def peak_flops(name: str) -> float | None:
    """Return what a device of that name can do at most; None where it is not known."""
    return next((flops for known, flops in PEAK_FLOPS.items() if known in name), None)


def flops_per_token(causal: Any, sequence_length: int) -> float:
    """Return the operations that one token of training costs: 6 (N + V D) + 12 L D T.

    N weights outside the embeddings, V D the output layer, L layers of width D, T positions (Chowdhery et al., arXiv
    2204.02311, appendix B). Masks between documents and recomputed activations are not counted.
    """
    config = causal.config
    width, layers = getattr(config, "hidden_size", 0), getattr(config, "num_hidden_layers", 0)
    weights = num_non_embedding(causal) + int(config.vocab_size) * int(width)
    return 6.0 * weights + 12.0 * int(layers) * int(width) * sequence_length


@dataclass(frozen=True)
class Speedometer:
    """What an update's time is measured by."""

    flops_per_token: float
    peak: float | None
    """Of all workers' devices together; None on a CPU and on devices that are not known."""
    device: torch.device

    @classmethod
    def of(cls, engine: Any, sequence_length: int, world: int) -> Speedometer:
        device = engine.device
        peak = peak_flops(torch.cuda.get_device_name(device)) if device.type == "cuda" else None
        return cls(flops_per_token(engine.module.causal, sequence_length), peak and peak * world, device)

    def figures(self, num_tokens: int, seconds: float, updates_left: int, mean_seconds: float) -> dict[str, float]:
        """Return tokens per second, the share of the device's peak where known (MFU), memory and time left."""
        speed = num_tokens / seconds
        found = {
            "tokens_per_second": round(speed, 1),
            "memory_gib": round(self.memory_gib(), 3),
            "seconds_left": round(updates_left * mean_seconds, 1),
        }
        if self.peak:
            found["mfu"] = round(speed * self.flops_per_token / self.peak, 4)
        return found

    def memory_gib(self) -> float:
        """Return the largest memory that this process has held: of its GPU, else of the host."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) / 2**30
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
