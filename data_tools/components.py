"""Which members of a set are linked, by way of others or directly."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Components:
    """Union-find; the root of a component is its smallest member."""

    parents: list[int]

    @classmethod
    def of(cls, size: int) -> Components:
        return cls(list(range(size)))

    def find(self, member: int) -> int:
        """Return the smallest member of the component of ``member``."""
        while self.parents[member] != member:
            self.parents[member] = self.parents[self.parents[member]]
            member = self.parents[member]
        return member

    def join(self, left: int, right: int) -> None:
        """Make one component of two."""
        left, right = sorted((self.find(left), self.find(right)))
        self.parents[right] = left
