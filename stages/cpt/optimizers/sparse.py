"""Masks of sparse momentum: which weights take part in a cycle, from a hash of their place in the model.

A weight's place is its offset among all weights in the model's own order. So the mask is the same on one rank and on
many, for every ZeRO stage and any parameter groups, and need not be saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

CHUNK = 1 << 22
"""Elements hashed at a time: 100 MB of int64."""


@dataclass(frozen=True)
class Segment:
    """A run of weights that lie side by side in a flat tensor and in the model."""

    start: int
    """First element in the flat tensor."""
    length: int
    offset: int
    """The first element's place among all weights of the model."""


def draw_mask(num_elements: int, segments: Sequence[Segment], density: float, seed: int, cycle: int) -> torch.Tensor:
    """Return a bool tensor ``[num_elements]``, True for about ``density`` of the elements; outside segments False."""
    mask = torch.zeros(num_elements, dtype=torch.bool)
    key = int(_hash(torch.tensor([seed * 0x1000003 + cycle]))[0])
    limit = round(density * 2**32)
    for segment in segments:
        for first in range(0, segment.length, CHUNK):
            length = min(CHUNK, segment.length - first)
            places = torch.arange(segment.offset + first, segment.offset + first + length)
            upper = (_hash(places ^ key) >> 32) & 0xFFFFFFFF
            mask[segment.start + first : segment.start + first + length] = upper < limit
    return mask


def _hash(values: torch.Tensor) -> torch.Tensor:
    """Return the finalizer of SplitMix64 (Steele et al. 2014) of int64 values: every bit depends on every bit."""
    values = values + _signed(0x9E3779B97F4A7C15)
    values = (values ^ _shifted(values, 30)) * _signed(0xBF58476D1CE4E5B9)
    values = (values ^ _shifted(values, 27)) * _signed(0x94D049BB133111EB)
    return values ^ _shifted(values, 31)


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


def _shifted(values: torch.Tensor, bits: int) -> torch.Tensor:
    """Shift right with zeros from the left, which int64 does not do by itself."""
    return (values >> bits) & ((1 << (64 - bits)) - 1)
