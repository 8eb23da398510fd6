"""Which sequence stands at each position of a training run: a pure function of seed and position.

Nothing is stored: the same position gives the same sequence on any number of workers, before and after a restart.

- The part is chosen by a low-discrepancy interleave (Bresenham's line): among the first p positions, the domain's share
  is exact to within one sequence, for every p.
- The sequence is the next one of the part's permutation for the current epoch: a bijective hash (a Feistel network with
  cycle walking) of its rank, so an epoch visits every sequence once and needs no memory that grows with the corpus.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from data_tools.errors import DataError

_SHARE_BITS = 40
_NUM_ROUNDS = 6
_MASK64 = (1 << 64) - 1


@dataclass(frozen=True)
class Draw:
    """What stands at one position of the run."""

    part: str
    """``domain`` or ``general``."""
    sequence: int
    """Index into the part's sequences."""
    epoch: int
    """How often the part had been read through before."""


@dataclass(frozen=True)
class Mixture:
    """``domain_share`` (0..1, rounded to 2^-40) of the positions read the domain part, the others the general part."""

    domain_share: float
    num_domain: int
    """Sequences in the domain part."""
    num_general: int
    """Sequences in the general part."""
    seed: int

    def __post_init__(self) -> None:
        if not 0.0 <= self.domain_share <= 1.0:
            raise DataError(f"mixture: domain_share must be in 0..1, got {self.domain_share}")
        for part, share, size in (
            ("domain", self.domain_share, self.num_domain),
            ("general", 1.0 - self.domain_share, self.num_general),
        ):
            if share > 0 and size <= 0:
                raise DataError(
                    f"mixture: the {part} part has no training sequence, but its share is {share:g}. "
                    f"Add {part} text, or set domain_share to {0 if part == 'domain' else 1}"
                )

    def num_domain_before(self, position: int) -> int:
        """Return how many of the first ``position`` draws read the domain part: within 1/2 of the exact share."""
        return (position * round(self.domain_share * (1 << _SHARE_BITS)) + (1 << (_SHARE_BITS - 1))) >> _SHARE_BITS

    def draw(self, position: int) -> Draw:
        """Return what stands at ``position`` (0 or more)."""
        before = self.num_domain_before(position)
        if self.num_domain_before(position + 1) > before:
            part, rank, size = "domain", before, self.num_domain
        else:
            part, rank, size = "general", position - before, self.num_general
        epoch, place = divmod(rank, size)
        return Draw(part, permuted(place, size, _key(self.seed, part, epoch)), epoch)

    def positions(self, part: str, sequence: int, num_positions: int) -> list[int]:
        """Return which of the first ``num_positions`` draws read a sequence, rising: the inverse of ``draw``."""
        num_domain = self.num_domain_before(num_positions)
        size, num_draws = (
            (self.num_domain, num_domain) if part == "domain" else (self.num_general, num_positions - num_domain)
        )
        found = []
        for epoch in range(-(-num_draws // size) if size else 0):
            rank = epoch * size + unpermuted(sequence, size, _key(self.seed, part, epoch))
            if rank < num_draws:
                found.append(self._position_of(part, rank, num_positions))
        return found

    def _position_of(self, part: str, rank: int, num_positions: int) -> int:
        """Return where the part is drawn for the ``rank``-th time (from 0)."""

        def num_drawn(end: int) -> int:
            domain = self.num_domain_before(end)
            return domain if part == "domain" else end - domain

        return bisect_left(range(num_positions + 1), rank + 1, key=num_drawn) - 1

    def epochs(self, num_positions: int) -> dict[str, float]:
        """Return how often each part is read through in a run of ``num_positions``."""
        domain = self.num_domain_before(num_positions)
        return {
            "domain": domain / self.num_domain if self.num_domain else 0.0,
            "general": (num_positions - domain) / self.num_general if self.num_general else 0.0,
        }


def permuted(place: int, size: int, key: int) -> int:
    """Return where ``place`` (0..size-1) goes under the permutation of ``size`` places that ``key`` names.

    A balanced Feistel network is a bijection on 2^(2h) values whatever its round function; values outside 0..size-1 are
    encrypted again (cycle walking) until they fall inside, on average fewer than four times.
    """
    half_bits, mask = _halves(size)
    value = place
    while True:
        left, right = value >> half_bits, value & mask
        for number in range(_NUM_ROUNDS):
            left, right = right, left ^ (_mix(right ^ _mix(key + number)) & mask)
        value = left << half_bits | right
        if value < size:
            return value


def unpermuted(value: int, size: int, key: int) -> int:
    """Return the place that ``permuted`` sends to ``value``: the rounds in reverse, the same cycle walked back."""
    half_bits, mask = _halves(size)
    place = value
    while True:
        left, right = place >> half_bits, place & mask
        for number in reversed(range(_NUM_ROUNDS)):
            left, right = right ^ (_mix(left ^ _mix(key + number)) & mask), left
        place = left << half_bits | right
        if place < size:
            return place


def _halves(size: int) -> tuple[int, int]:
    half_bits = max(1, (max(size - 1, 1).bit_length() + 1) // 2)
    return half_bits, (1 << half_bits) - 1


def _key(seed: int, part: str, epoch: int) -> int:
    return _mix(_mix(_mix(seed) ^ (1 if part == "domain" else 2)) + epoch)


def _mix(value: int) -> int:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): a bijection on 64-bit integers."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK64
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK64
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK64
    return value ^ (value >> 31)
