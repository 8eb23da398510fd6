"""py3langid's language model over many short texts at once: the same probabilities, several times as fast.

The model counts byte n-grams with an automaton, one Python step per byte. Here all texts take each step together, as
arrays, and one sparse product scores them. A text's probabilities do not depend on the texts beside it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class LanguageModel:
    """The tables of a py3langid model, for the labels that are kept."""

    labels: tuple[str, ...]
    next_row: NDArray[np.int32]
    """By state and byte, the next state."""
    first_of_row: NDArray[np.int32]
    """By state, where its 256 entries begin in ``next_row``."""
    feature_of: NDArray[np.int32]
    """By state, the n-gram that ends there, or -1."""
    weights: NDArray[np.float32]
    """(n-grams, columns): log probability of each n-gram."""
    priors: NDArray[np.float32]
    column_labels: NDArray[np.int64]
    """By column, the place of its label: a language may have several columns, one for each script."""

    @classmethod
    def load(cls, left_out: Sequence[str], renamed: Mapping[str, str]) -> LanguageModel:
        """Read the model in the package without the labels ``left_out``; 0.4 s, about 150 MB."""
        import numpy as np
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        whole = LanguageIdentifier.from_model_file(MODEL_FILE)
        kept = [place for place, code in enumerate(whole.nb_classes) if code not in left_out]
        codes = [renamed.get(whole.nb_classes[place], whole.nb_classes[place]) for place in kept]
        labels = tuple(dict.fromkeys(codes))
        return cls(
            labels,
            np.asarray(whole.tk_nextmove).astype(np.int32),
            np.asarray(whole.tk_row).astype(np.int32) << 8,
            np.asarray(whole.tk_output, dtype=np.int32),
            np.ascontiguousarray(whole.nb_ptc[:, kept], dtype=np.float32),
            np.asarray(whole.nb_pc[kept], dtype=np.float32),
            np.array([labels.index(code) for code in codes]),
        )

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (texts, labels): the probability of each label, rows summing to 1; even where nothing tells."""
        import numpy as np
        from scipy.sparse import coo_array

        encoded = [_encoded(text) for text in texts]
        places, features = self._features(encoded)
        ones = np.ones(len(places), dtype=np.float32)
        counts = coo_array((ones, (places, features)), shape=(len(texts), len(self.weights))).tocsr()
        counts.data = np.log1p(counts.data)
        scores = counts @ self.weights + self.priors
        # The model's temperature: the square root of the number of bytes, so that long texts are not all certain.
        scores /= np.sqrt([[max(len(each), 1)] for each in encoded]).astype(np.float32)
        scores[np.diff(counts.indptr) == 0] = 0.0
        likely = np.exp(scores - scores.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        by_label = np.zeros((len(self.labels), len(texts)), dtype=np.float32)
        np.add.at(by_label, self.column_labels, likely.T)
        return by_label.T

    def _features(self, encoded: Sequence[bytes]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return (text, n-gram) for each n-gram found."""
        import numpy as np

        order = sorted(range(len(encoded)), key=lambda place: -len(encoded[place]))
        longest = len(encoded[order[0]]) if order else 0
        steps = np.zeros((len(encoded), longest), dtype=np.uint8)
        for row, place in enumerate(order):
            steps[row, : len(encoded[place])] = np.frombuffer(encoded[place], dtype=np.uint8)
        lengths = np.array([len(each) for each in encoded])
        num_active = len(encoded) - np.cumsum(np.bincount(lengths, minlength=longest + 1))[:longest]
        found = np.full((longest, len(encoded)), -1, dtype=np.int32)
        states = np.zeros(len(encoded), dtype=np.int32)
        for step, (column, active) in enumerate(zip(steps.T.copy(), num_active.tolist(), strict=True)):
            states = self.next_row[self.first_of_row[states[:active]] + column[:active]]
            found[step, :active] = self.feature_of[states]
        at, rows = np.nonzero(found >= 0)
        return np.array(order, dtype=np.int64)[rows], found[at, rows]


def _encoded(text: str) -> bytes:
    """Return the bytes that the model was trained on: NFC, and what is all capitals in lower case."""
    plain = text.lower() if text.isupper() else text
    return unicodedata.normalize("NFC", plain).encode("utf-8", "surrogatepass")
