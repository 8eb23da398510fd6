"""The batches of a training run, by position: the same on any number of workers, before and after a restart.

Shapes: B sequences, T positions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data_tools.mixing import Draw, Mixture, permuted, unpermuted
from data_tools.packing import IGNORED_LABEL, PackedTokens
from pipeline.errors import StepError

SUBSET_KEY = 0x5EED
"""Names the random order of a part's sequences whose beginning a run with less text reads."""


@dataclass(frozen=True)
class Batch:
    """Sequences of one forward pass, int64 ``[B, T]`` each; see ``PackedTokens.sequence``."""

    input_ids_BT: torch.Tensor
    labels_BT: torch.Tensor
    position_ids_BT: torch.Tensor

    def to(self, device: torch.device) -> tuple[torch.Tensor, ...]:
        """Return the three tensors on ``device``, in the order of the loss's arguments."""
        return tuple(tensor.to(device, non_blocking=True) for tensor in vars(self).values())

    @property
    def num_targets(self) -> int:
        return int((self.labels_BT != IGNORED_LABEL).sum())


def stack(sequences: Sequence[tuple[Any, Any, Any]]) -> Batch:
    """Return the batch of several sequences."""
    return Batch(*(torch.from_numpy(np.stack(columns)) for columns in zip(*sequences, strict=True)))


class TrainingData:
    """Training sequences of both parts, mixed by position, cut into steps and micro-batches.

    Step s covers the mixture's positions s*B .. s*B+B-1 whatever the number of workers; micro-batch m of worker w takes
    ``micro_batch`` of them from s*B + (m*workers + w)*micro_batch on.

    With a ``text_share`` below 1 each part is as if it had only so many of its sequences: the first ones of a fixed
    random order, so that what a smaller share reads is part of what a larger one does.
    """

    def __init__(
        self,
        tokens: Path,
        domain_share: float,
        seed: int,
        batch_sequences: int,
        micro_batch: int,
        rank: int,
        world: int,
        text_share: float = 1.0,
    ) -> None:
        self.parts = {part: PackedTokens(tokens, part, "train") for part in ("general", "domain")}
        self.sizes = {part: math.ceil(packed.num_sequences * text_share) for part, packed in self.parts.items()}
        self.sequence_length = self.parts["general"].sequence_length
        self.is_whole = text_share >= 1
        self.mixture = Mixture(domain_share, self.sizes["domain"], self.sizes["general"], seed)
        self.batch_sequences = batch_sequences
        self.micro_batch = micro_batch
        self.rank = rank
        self.world = world

    def num_targets(self, step: int) -> int:
        """Return how many tokens the whole step predicts, over all workers."""
        positions = range(step * self.batch_sequences, (step + 1) * self.batch_sequences)
        draws = (self.mixture.draw(position) for position in positions)
        return sum(self.parts[draw.part].num_targets_of(self._sequence(draw)) for draw in draws)

    def documents(self, step: int) -> list[tuple[str, str, str]]:
        """Return (part, corpus, id) of the documents that the step's sequences hold, in the order read, each once."""
        found: dict[tuple[str, str, str], None] = {}
        for position in range(step * self.batch_sequences, (step + 1) * self.batch_sequences):
            draw = self.mixture.draw(position)
            for corpus, name in self.parts[draw.part].documents_of(self._sequence(draw)):
                found[draw.part, corpus, name] = None
        return list(found)

    def _sequence(self, draw: Draw) -> int:
        if self.is_whole:
            return draw.sequence
        return permuted(draw.sequence, self.parts[draw.part].num_sequences, SUBSET_KEY)

    def positions_of(self, part: str, sequence: int, num_positions: int) -> list[int]:
        """Return which of the first positions read a sequence of a part: the inverse of what ``micro_batches`` does."""
        if not self.is_whole:
            sequence = unpermuted(sequence, self.parts[part].num_sequences, SUBSET_KEY)
        if sequence >= self.sizes[part]:
            return []
        return self.mixture.positions(part, sequence, num_positions)

    def micro_batches(self, step: int) -> Iterator[Batch]:
        """Yield this worker's micro-batches of one step."""
        first = step * self.batch_sequences + self.rank * self.micro_batch
        stride = self.world * self.micro_batch
        for start in range(first, (step + 1) * self.batch_sequences, stride):
            draws = (self.mixture.draw(position) for position in range(start, start + self.micro_batch))
            yield stack([self.parts[draw.part].sequence(self._sequence(draw)) for draw in draws])


class DevData:
    """Evenly spaced sequences of each part's dev split, shared out among the workers."""

    def __init__(self, tokens: Path, max_tokens: int, micro_batch: int, rank: int, world: int) -> None:
        """Read at most ``max_tokens`` per part (0 reads all)."""
        self.parts: dict[str, PackedTokens] = {}
        self.chosen: dict[str, list[int]] = {}
        self.num_batches: dict[str, int] = {}
        self.micro_batch = micro_batch
        for part in ("general", "domain"):
            packed = PackedTokens(tokens, part, "dev")
            if packed.num_sequences == 0:
                continue
            wanted = packed.num_sequences if max_tokens == 0 else max(1, max_tokens // packed.sequence_length)
            wanted = min(wanted, packed.num_sequences)
            spaced = [number * packed.num_sequences // wanted for number in range(wanted)]
            self.parts[part] = packed
            self.chosen[part] = spaced[rank::world]
            self.num_batches[part] = -(-len(spaced[::world]) // micro_batch)
        if not self.parts:
            raise StepError(f"{tokens}: neither part has a dev split, so no dev loss can be measured. Split more text")

    def batches(self, part: str) -> Iterator[Batch]:
        """Yield this worker's share of one part: as many batches as any worker, for ZeRO 3 computes them together.

        What a worker has none left for is a sequence without targets.
        """
        chosen, packed = self.chosen[part], self.parts[part]
        for number in range(self.num_batches[part]):
            own = chosen[number * self.micro_batch : (number + 1) * self.micro_batch]
            if own:
                yield stack([packed.sequence(one) for one in own])
            else:
                inputs, labels, positions = packed.sequence(0)
                yield stack([(inputs, np.full_like(labels, IGNORED_LABEL), positions)])
