"""Which proxies to train: all shares at the smallest size, few at larger ones; and what that saves.

On synthetic losses this design predicts held-out runs as well as the full grid, because the dependence on the share is
learned where tokens are cheapest and only its level is learned at the larger sizes.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import StepError
from stages.mixture.goals import FLOPS_PER_PARAMETER_TOKEN

EMBEDDING_NAMES = (
    "embed_tokens.weight", "wte.weight", "embed_in.weight", "word_embeddings.weight",
    "lm_head.weight", "embed_out.weight",
)  # fmt: skip


@dataclass(frozen=True)
class Base:
    """A base model that proxies start from."""

    key: str
    """The artifact's key: what results are joined by."""
    model: str
    """The Hugging Face directory."""
    num_parameters: int
    """Non-embedding parameters, from the weight files' headers."""


@dataclass(frozen=True)
class Proxy:
    """One training: this base, this share, this many tokens."""

    base: Base
    domain_share: float
    num_tokens: int
    measure_at: tuple[int, ...]
    """Tokens at which the dev losses are wanted, the last included: the ends of shorter trainings, run as anneals."""
    text_share: float = 1.0
    """Share (0..1] of the text that it may read."""
    decay_share: float = 0.0
    """Share of a training's tokens in its decay: what a shorter one costs beside this."""

    @property
    def content(self) -> tuple[str, float, int]:
        return self.base.key, self.domain_share, self.num_tokens

    @property
    def name(self) -> str:
        return f"{self.base.key[:12]}-r{self.domain_share:g}-d{self.num_tokens}"

    @property
    def tokens_trained(self) -> int:
        """Tokens that it costs, the decays of the shorter trainings included."""
        return self.num_tokens + sum(round(self.decay_share * count) for count in self.measure_at[:-1])

    @property
    def flops(self) -> float:
        return FLOPS_PER_PARAMETER_TOKEN * float(self.base.num_parameters) * self.tokens_trained


@dataclass(frozen=True)
class Grid:
    """What to try at the smallest size, and at larger ones."""

    shares: tuple[float, ...]
    shares_at_larger: tuple[float, ...]
    token_counts: tuple[int, ...]
    """Increasing."""
    token_counts_at_larger: tuple[int, ...]
    decay_share: float | None = None
    """None: every count is a training of its own. Else one training per share gives them all: the shorter ones' decays,
    which take this share of their tokens, start from its stable phase."""
    target_tokens: int | None = None
    """Tokens of the training that the law is for, where proxies read so much less text as they are shorter: then both
    repeat it equally often (Repetition Mismatch, arXiv 2606.07597). None: all of them may read the whole text."""


def plan_proxies(bases: Sequence[Base], grid: Grid) -> list[Proxy]:
    """Return the trainings in a fixed order: sizes descending, so that the longest begin first."""
    ordered = sorted(bases, key=lambda base: (-base.num_parameters, base.key))
    smallest = ordered[-1]
    return [
        proxy
        for base in ordered
        for share in sorted(grid.shares if base is smallest else grid.shares_at_larger)
        for proxy in trainings(base, share, smallest, grid)
    ]


def trainings(base: Base, share: float, smallest: Base, grid: Grid) -> list[Proxy]:
    """Return the trainings that measure one mixture at all lengths that the base is tried at, the longest first."""

    def text_share(count: int) -> float:
        return 1.0 if grid.target_tokens is None else min(1.0, count / grid.target_tokens)

    counts = sorted(grid.token_counts if base == smallest else grid.token_counts_at_larger)
    if grid.decay_share is None:
        return [Proxy(base, share, count, (count,), text_share(count)) for count in reversed(counts)]
    return [Proxy(base, share, counts[-1], tuple(counts), text_share(counts[-1]), grid.decay_share)]


def plan_full_grid(bases: Sequence[Base], grid: Grid) -> list[Proxy]:
    """Return what the full grid would take: every share and every count as a finished training of every base."""
    return [
        Proxy(base, share, count, (count,)) for base in bases for share in grid.shares for count in grid.token_counts
    ]


def cost_of(proxies: Sequence[Proxy]) -> dict[str, Any]:
    """Return trainings, tokens and floating-point operations (6 N D)."""
    return {
        "trainings": len(proxies),
        "tokens": sum(proxy.tokens_trained for proxy in proxies),
        "flops": sum(proxy.flops for proxy in proxies),
    }


def count_parameters(model: Path) -> int:
    """Return the non-embedding parameters of a Hugging Face directory, from the headers of its safetensors files.

    Input and output embeddings are told by their usual names. Reads kilobytes, whatever the model's size.
    """
    files = sorted(model.glob("*.safetensors"))
    if not files:
        raise StepError(f"{model}: holds no safetensors file. Give a Hugging Face model directory")
    total = 0
    for file in files:
        with file.open("rb") as stream:
            head = stream.read(8)
            try:
                (size,) = struct.unpack("<Q", head)
                header = json.loads(stream.read(size))
            except (struct.error, ValueError, OverflowError, MemoryError) as error:
                raise StepError(f"{file}: is not a readable safetensors file ({error}). Make the model again") from None
        total += sum(
            math.prod(tensor["shape"])
            for name, tensor in header.items()
            if name != "__metadata__" and not name.endswith(EMBEDDING_NAMES)
        )
    return total
