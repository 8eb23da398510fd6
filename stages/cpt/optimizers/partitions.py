"""Where the weights of each tensor that DeepSpeed hands to an optimizer lie in the model.

ZeRO joins the parameters of a group into flat tensors and cuts those among ranks (1, 2), or cuts every parameter among
ranks and joins a rank's pieces (3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from stages.cpt.optimizers.sparse import Segment


@dataclass(frozen=True)
class Piece:
    """A run of one parameter's weights inside a tensor that the optimizer updates."""

    tensor: torch.Tensor
    parameter: Any
    inside: int
    """First element in the parameter."""
    segment: Segment

    def of(self, values: torch.Tensor) -> torch.Tensor:
        """Return the piece's elements of a tensor that has the shape of ``tensor``, as a flat view."""
        return values.view(-1)[self.segment.start : self.segment.start + self.segment.length]


def offsets_of(causal: Any) -> dict[int, int]:
    """Return by identity how many weights of the model lie before each parameter, in the model's own order."""
    offsets, total = {}, 0
    for parameter in causal.parameters():
        offsets[id(parameter)] = total
        total += size_of(parameter)
    return offsets


def size_of(parameter: Any) -> int:
    """Return how many weights a parameter has, also where ZeRO 3 has sharded it."""
    return int(getattr(parameter, "ds_numel", parameter.numel()))


def pieces_of(engine: Any, causal: Any, rank: int) -> list[Piece]:
    """Return the pieces of all tensors that the optimizer of ``engine`` updates on this rank."""
    offsets = offsets_of(causal)
    return [
        Piece(tensor, parameter, inside, Segment(start, length, offsets[id(parameter)] + inside))
        for tensor, parameter, start, inside, length in _pieces(engine, causal, rank)
    ]


def segments_of(pieces: list[Piece]) -> dict[torch.Tensor, list[Segment]]:
    """Return the segments of each tensor."""
    found: dict[torch.Tensor, list[Segment]] = {}
    for piece in pieces:
        found.setdefault(piece.tensor, []).append(piece.segment)
    return found


def _pieces(engine: Any, causal: Any, rank: int) -> Iterator[tuple[torch.Tensor, Any, int, int, int]]:
    """Yield (tensor, parameter, first element in the tensor, first in the parameter, number of elements)."""
    stage, optimizer = engine.zero_optimization_stage(), engine.optimizer
    trained = [parameter for parameter in causal.parameters() if parameter.requires_grad]
    if stage == 3:
        for parameter in trained:
            group, start, size = optimizer.grad_position[optimizer.get_param_id(parameter)]
            inside = rank * size
            length = min(size, parameter.ds_numel - inside)
            if length > 0:
                yield optimizer.fp32_partitioned_groups_flat[group], parameter, start, inside, length
    elif stage:
        for parameter in trained:
            mapping = parameter._hp_mapping
            if mapping is not None:
                flat = optimizer.single_partition_of_fp32_groups[mapping.param_group_index]
                inside, own = mapping.lp_fragment_address, mapping.hp_fragment_address
                yield flat, parameter, own.start, inside.start, own.numel
    elif hasattr(optimizer, "fp32_groups"):  # bf16: an fp32 copy of each parameter
        for copies, originals in zip(optimizer.fp32_groups, optimizer.fp16_groups, strict=True):
            for copy, parameter in zip(copies, originals, strict=True):
                yield copy, parameter, 0, 0, parameter.numel()
    else:
        for parameter in trained:
            yield parameter, parameter, 0, 0, parameter.numel()
