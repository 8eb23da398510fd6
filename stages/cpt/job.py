"""What one training run is told: plain values, so that it travels to Ray workers as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from data_tools.packing import read_meta
from pipeline.errors import StepError
from stages.cpt.policy import Policy


@dataclass(frozen=True)
class Plateau:
    """Stop the stable phase once the general dev loss has stopped falling."""

    evaluations: int
    """Compare the last loss with the one this many evaluations before."""
    tolerance: float
    """In nats per token: a smaller improvement is a plateau."""


@dataclass(frozen=True)
class Placement:
    """Where the run's worker stands and how it works; changes no result but by rounding."""

    micro_batch_size: int = 8
    zero_stage: int = 0
    offload: bool = False
    compile: bool = False
    recompute_activations: bool = False
    checkpoint_every: int = 200
    keep_checkpoints: int = 2
    num_threads: int = 1
    use_gpu: bool = False


@dataclass(frozen=True)
class Job:
    """One training run, from a Hugging Face model directory and packed tokens."""

    work: str
    """Directory of the checkpoints, ``metrics.jsonl``, progress and the trained ``model/``."""
    model: str
    """A Hugging Face model directory."""
    tokens: str
    """The directory of a tokens artifact."""
    domain_share: float
    num_tokens: int
    """Tokens to train on, rounded up to whole optimizer steps."""
    policy: Policy
    seed: int
    evaluate_at: tuple[int, ...]
    """Steps (updates done) at which the dev losses are measured."""
    dev_tokens: int = 0
    """Tokens of each part's dev split to measure on; 0 measures on all."""
    plateau: Plateau | None = None
    anneal_at: tuple[int, ...] = ()
    """Steps (updates done) at which a shorter run would have ended, wsd only: its decay is run from this one's stable
    phase and measured, then undone. Shorter runs so cost their decays alone."""
    text_share: float = 1.0
    """Share (0..1] of each part's sequences that the run may read; a shorter run with less text repeats it as often."""
    placement: Placement = field(default_factory=Placement)
    step_name: str = ""
    save_model: bool = True

    @property
    def num_steps(self) -> int:
        return steps_for(self.num_tokens, self.policy)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "policy": self.policy.model_dump()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Job:
        plateau = value["plateau"]
        return cls(
            **{
                **value,
                "policy": Policy(**value["policy"]),
                "evaluate_at": tuple(value["evaluate_at"]),
                "anneal_at": tuple(value["anneal_at"]),
                "plateau": Plateau(**plateau) if plateau else None,
                "placement": Placement(**value["placement"]),
            }
        )

    def batch_sequences(self) -> int:
        """Return the sequences per optimizer step over all workers."""
        length: int = read_meta(Path(self.tokens))["sequence_length"]
        sequences, rest = divmod(self.policy.global_batch_tokens, length)
        if rest or not sequences:
            raise StepError(
                f"global_batch_tokens must be a multiple of the packed sequence length {length}, "
                f"got {self.policy.global_batch_tokens}. Take {max(1, sequences) * length}"
            )
        return sequences

    def micro_batch(self, world: int) -> int:
        """Return the sequences per forward pass of one of ``world`` workers."""
        sequences = self.batch_sequences()
        micro = min(self.placement.micro_batch_size, max(1, sequences // world))
        if sequences % (micro * world):
            raise StepError(
                f"a batch of {sequences} sequences (global_batch_tokens / sequence length) must be a multiple of "
                f"micro_batch_size * num_workers = {micro} * {world}. Change one of the three"
            )
        return micro


def steps_for(num_tokens: int, policy: Policy) -> int:
    """Return the optimizer steps that ``num_tokens`` take, at least one."""
    return max(1, math.ceil(num_tokens / policy.global_batch_tokens))
