"""What signatures and buckets depend on: two sets of documents can be compared only where all of it is the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from data_tools import shingles
from data_tools.errors import DataError
from data_tools.signatures import SCHEME, catch_probability

FORMAT = 1
"""Raised when the files of a segment change."""


@dataclass(frozen=True)
class Scheme:
    """How documents are signed and put into buckets."""

    shingle_words: int = 5
    num_hashes: int = 256
    seed: int = 1
    bands: int = 64
    rows: int = 4

    @classmethod
    def of(cls, shingle_words: int, num_hashes: int, seed: int, similarity: float, catch: float) -> Scheme:
        """Return the scheme whose buckets catch a pair of Jaccard ``similarity`` with a chance of at least ``catch``.

        It has as many rows as that allows: each more halves and halves again the chance pairs that must be compared.
        DataError where ``num_hashes`` are too few.
        """
        for rows in range(num_hashes, 0, -1):
            if catch_probability(similarity, num_hashes // rows, rows) >= catch:
                return cls(shingle_words, num_hashes, seed, num_hashes // rows, rows)
        best = catch_probability(similarity, num_hashes, 1)
        raise DataError(
            f"num_hashes: {num_hashes} hashes catch a pair of similarity {similarity:g} with a chance of at most "
            f"{best:.4f}, less than {catch:g}. Take more hashes, or ask for less"
        )

    def header(self) -> dict[str, Any]:
        """Return all that must agree, by name."""
        return {"format": FORMAT, "hashing": SCHEME, "shingles": shingles.VERSION, **asdict(self)}

    @classmethod
    def read(cls, header: Mapping[str, Any], where: str) -> Scheme:
        """Return the scheme of a header; DataError where this version cannot read it."""
        for name, own in (("format", FORMAT), ("hashing", SCHEME), ("shingles", shingles.VERSION)):
            if header.get(name) != own:
                raise DataError(
                    f"{where}: was made with {name} {header.get(name)!r}, and this version of strata has {own!r}. "
                    "Make it anew"
                )
        return cls(**{name: header[name] for name in cls.__dataclass_fields__})

    def check_same(self, other: Scheme, where: str) -> None:
        """Raise DataError, naming every difference, where ``other`` found at ``where`` cannot be compared with this."""
        mine, theirs = asdict(self), asdict(other)
        unlike = [f"{name} {theirs[name]} instead of {mine[name]}" for name in mine if mine[name] != theirs[name]]
        if unlike:
            raise DataError(f"{where}: was made with {', '.join(unlike)}. Use the same parameters, or make it anew")

    def catch(self, similarity: float) -> float:
        """Return the chance (0..1) that the buckets catch a pair of this Jaccard similarity."""
        return catch_probability(similarity, self.bands, self.rows)
