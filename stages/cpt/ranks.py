"""What all ranks of a training must find alike, lest one waits for others that never come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch

from pipeline.errors import StepError, is_no_space

T = TypeVar("T")


class TrainingStopped(StepError):
    """The training cannot go on, and every worker has found so at the same step."""


@dataclass(frozen=True)
class Ranks:
    """This process among those of the training. One alone talks to nobody."""

    rank: int = 0
    world: int = 1
    device: torch.device | None = None
    """Where collectives work; None is the host."""

    @classmethod
    def of(cls, device: torch.device) -> Ranks:
        return cls(torch.distributed.get_rank(), torch.distributed.get_world_size(), device)

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def all_agree(self, is_so: bool) -> bool:
        """Return whether it is so on every rank."""
        if self.world == 1:
            return is_so
        value = torch.tensor(int(is_so), device=self.device)
        torch.distributed.all_reduce(value, op=torch.distributed.ReduceOp.MIN)
        return bool(int(value))

    def told(self, value: T) -> T:
        """Return the first rank's value on every rank."""
        if self.world == 1:
            return value
        values: list[Any] = [value]
        torch.distributed.broadcast_object_list(values, src=0, device=self.device)
        found: T = values[0]
        return found

    def on_first(self, work: Callable[[], T]) -> T:
        """Do it on the first rank, for all: its result, or its error, comes to every rank."""
        result, error = None, ""
        if self.is_first:
            try:
                result = work()
            except OSError as fault:
                if self.world == 1:
                    raise
                error = no_space_or(fault)
        result, error = self.told((result, error))
        if error:
            raise TrainingStopped(error)
        return result  # type: ignore[return-value]


def no_space_or(error: BaseException) -> str:
    """Return an error's text; a full disk by that name."""
    return f"no space left: {error}" if is_no_space(error) else f"{type(error).__name__}: {error}"
