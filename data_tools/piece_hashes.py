"""64-bit hashes of any pieces of a text, and of runs of such hashes, as arrays."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BASE = 0xD6E8FEB86659FD93
"""An odd 64-bit constant: text is hashed as a polynomial in it, modulo 2^64."""
_UNIT = 0x9E3779B97F4A7C15
_MIX = (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53)
"""The odd constants of MurmurHash3's finaliser."""


class PieceHasher:
    """Hashes of any pieces of a text: differences of one running polynomial, shifted back to the piece's start.

    ``codes`` are the text's code points, as any unsigned integers. Equal pieces have equal hashes wherever they stand;
    two different ones collide with a chance of about 2^-64, unless they were made to: Thue-Morse words of some thousand
    letters do.
    """

    def __init__(self, codes: NDArray[np.uint32] | NDArray[np.uint8]) -> None:
        import numpy as np

        powers, self._inverses = _powers(1 << max(16, len(codes).bit_length()))
        self._running = np.zeros(len(codes) + 1, dtype=np.uint64)
        terms = codes.astype(np.uint64)
        terms += np.uint64(_UNIT)
        terms *= powers[: len(codes)]
        np.cumsum(terms, out=self._running[1:])

    def hash(self, begins: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the hashes of the pieces from ``begins`` up to ``ends``, each of shape (P,), shape (P,)."""
        return finish((self._running[ends] - self._running[begins]) * self._inverses[begins])


def finish(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return MurmurHash3's bijection of 64-bit ``values``: every bit depends on every other."""
    import numpy as np

    shift = np.uint64(33)
    for factor in _MIX:
        values = (values ^ (values >> shift)) * np.uint64(factor)
    return values ^ (values >> shift)


@lru_cache(maxsize=4)
def _powers(length: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the first ``length`` powers of the base, and of its inverse modulo 2^64."""
    import numpy as np

    both = []
    for factor in (_BASE, pow(_BASE, -1, 1 << 64)):
        powers = np.ones(length, dtype=np.uint64)
        powers[1:] = factor
        both.append(np.cumprod(powers))
    return both[0], both[1]
