"""MinHash signatures of shingle sets, equal to datasketch 2.0's scheme affine32, computed for whole batches.

The permutations are datasketch's own (``MinHash(num_perm, seed, scheme="affine32").permutations``); applying
them is a multiplication and an addition modulo 2^32, done here for blocks of shingles instead of one Python call per
shingle. A signature can therefore be compared with, or given to, any datasketch 2.x sketch of the same seed and hash
function (the low 32 bits of the 64-bit shingle).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCHEME = "affine32"
_BLOCK = 2048
EMPTY = 0xFFFFFFFF
"""The value in every place of the signature of an empty set."""


class Signer:
    """Makes signatures of ``num_hashes`` 32-bit minima, the same for the same ``seed`` everywhere."""

    def __init__(self, num_hashes: int, seed: int) -> None:
        import numpy as np
        from datasketch import MinHash

        factors, offsets = MinHash(num_perm=num_hashes, seed=seed, scheme=SCHEME).permutations
        self._factors_H1: NDArray[np.uint32] = factors.astype(np.uint32).reshape(-1, 1)  # H hashes, 1
        self._offsets_H1: NDArray[np.uint32] = offsets.astype(np.uint32).reshape(-1, 1)
        self._room = np.empty(num_hashes * _BLOCK, dtype=np.uint32)  # fresh memory would cost more than the arithmetic

    def sign(self, shingles: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """Return the signature of one set, shape (num_hashes,)."""
        import numpy as np

        return self._sign_mixed(_premix(shingles.astype(np.uint32)))

    def sign_all(self, shingles: NDArray[np.uint64], first: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Return the signatures of T sets that lie one behind the other, from ``first[t]`` to ``first[t + 1]``.

        Shape (T, num_hashes). Elements may be repeated.
        """
        import numpy as np

        mixed, bounds = _premix(shingles.astype(np.uint32)), first.tolist()
        signatures = np.empty((len(bounds) - 1, len(self._factors_H1)), dtype=np.uint32)
        for number in range(len(signatures)):
            signatures[number] = self._sign_mixed(mixed[bounds[number] : bounds[number + 1]])
        return signatures

    def _sign_mixed(self, mixed: NDArray[np.uint32]) -> NDArray[np.uint32]:
        import numpy as np

        num_hashes = len(self._factors_H1)
        signature = np.full(num_hashes, EMPTY, dtype=np.uint32)
        for start in range(0, len(mixed), _BLOCK):
            block = mixed[start : start + _BLOCK]
            permuted = self._room[: num_hashes * len(block)].reshape(num_hashes, len(block))
            np.multiply(self._factors_H1, block, out=permuted)
            np.add(permuted, self._offsets_H1, out=permuted)
            np.minimum(signature, permuted.min(axis=1), out=signature)
        return signature


def _premix(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Apply MurmurHash3's 32-bit finaliser, as datasketch does before it permutes."""
    import numpy as np

    values = (values ^ (values >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    values = (values ^ (values >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    mixed: NDArray[np.uint32] = values ^ (values >> np.uint32(16))
    return mixed


def catch_probability(similarity: float, bands: int, rows: int) -> float:
    """Return the chance that two sets of this Jaccard similarity share a band: 1 - (1 - s^rows)^bands."""
    return float(1.0 - (1.0 - similarity**rows) ** bands)
