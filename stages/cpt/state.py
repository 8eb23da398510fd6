"""What a training must keep to go on: fp32 weights and moments, by their place in the model and not by rank.

ZeRO cuts the same numbers differently on every number of ranks and at every stage. Here they are read from, and written
to, the tensors that the optimizer updates, piece by piece (``optimizers.partitions``), so that a checkpoint of one
topology fits any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from stages.cpt.optimizers.partitions import Piece, offsets_of, pieces_of, size_of

WEIGHTS = "weights"
MOMENTS = ("exp_avg", "exp_avg_sq")
BYTES_PER_WEIGHT = 12
"""fp32 weight and two moments."""

Read = Callable[[str, int, int], torch.Tensor]
"""``read(name, offset, length)`` gives elements of the weights or of a moment, by their place in the model."""


@dataclass
class Snapshot:
    """One rank's share, in host memory; taken again and again into the same memory."""

    layout: list[tuple[int, int]] = field(default_factory=list)
    """(offset, length) of each piece, in the order in which they lie in the arrays."""
    numbers: list[dict[str, tuple[float, str]]] = field(default_factory=list)
    """The other figures of each piece's state: value and dtype, ``int`` for a Python integer."""
    arrays: dict[str, torch.Tensor] = field(default_factory=dict)

    def take(self, engine: Any, causal: Any, rank: int, world: int) -> None:
        """Copy this rank's share. Replicated weights (ZeRO 0) are shared out by parameter."""
        pieces = _own(engine, causal, rank, world)
        states = engine.basic_optimizer.state
        names = (WEIGHTS, *(MOMENTS if all(states.get(piece.tensor) for piece in pieces) else ()))
        total = sum(piece.segment.length for piece in pieces)
        self.layout = [(piece.segment.offset, piece.segment.length) for piece in pieces]
        self.numbers = [_numbers(states.get(piece.tensor, {})) for piece in pieces]
        if self.arrays.keys() != set(names) or any(len(array) != total for array in self.arrays.values()):
            self.arrays = {name: torch.empty(total, dtype=torch.float32) for name in names}
        with torch.no_grad():
            for name, array in self.arrays.items():
                start = 0
                for piece in pieces:
                    source = piece.tensor if name == WEIGHTS else states[piece.tensor][name]
                    array[start : start + piece.segment.length].copy_(piece.of(source))
                    start += piece.segment.length


def _own(engine: Any, causal: Any, rank: int, world: int) -> list[Piece]:
    pieces = pieces_of(engine, causal, rank)
    return pieces if engine.zero_optimization_stage() else pieces[rank::world]


def _numbers(state: Mapping[str, Any]) -> dict[str, tuple[float, str]]:
    found = {}
    for name, value in state.items():
        if name not in MOMENTS:
            is_tensor = isinstance(value, torch.Tensor)
            found[name] = (float(value), str(value.dtype).removeprefix("torch.") if is_tensor else "int")
    return found


def restore(
    engine: Any, causal: Any, rank: int, read: Read, numbers: Callable[[int], Mapping[str, Sequence[Any]]]
) -> None:
    """Put weights and moments back into the optimizer's tensors, and the weights into the model.

    ``numbers(offset)`` gives the other figures of the state that holds the weight at ``offset``.
    """
    optimizer = engine.basic_optimizer
    with torch.no_grad():
        if engine.zero_optimization_stage() == 3:
            # what a forward pass has left gathered would keep its old values
            engine.optimizer.parameter_offload.partition_all_parameters()
        for piece in pieces_of(engine, causal, rank):
            segment = piece.segment
            piece.of(piece.tensor).copy_(read(WEIGHTS, segment.offset, segment.length))
            others = numbers(segment.offset)
            if not others:
                optimizer.state.pop(piece.tensor, None)
                continue
            state = optimizer.state[piece.tensor]
            for name in MOMENTS:
                if name not in state:
                    state[name] = torch.zeros_like(piece.tensor)
                piece.of(state[name]).copy_(read(name, segment.offset, segment.length))
            for name, (value, kind) in others.items():
                state[name] = (
                    int(value)
                    if kind == "int"
                    else torch.tensor(value, dtype=getattr(torch, kind), device=piece.tensor.device)
                )
        _refresh_model(engine, causal, rank, read)


def _refresh_model(engine: Any, causal: Any, rank: int, read: Read) -> None:
    """Give the model's own weights, of which the optimizer updates a copy, the values read."""
    stage, offsets = engine.zero_optimization_stage(), offsets_of(causal)
    for parameter in causal.parameters():
        if not parameter.requires_grad:
            continue
        offset, size = offsets[id(parameter)], size_of(parameter)
        if stage < 3:
            parameter.view(-1).copy_(read(WEIGHTS, offset, size))
            continue
        shard = parameter.ds_tensor
        inside = rank * shard.ds_numel
        length = min(shard.ds_numel, size - inside)
        if length > 0:
            shard.data.view(-1)[:length].copy_(read(WEIGHTS, offset + inside, length))
    whole = engine.optimizer.persistent_parameters if stage == 3 else []
    if whole:  # small parameters that ZeRO 3 keeps gathered
        whole[0].all_gather(whole)
