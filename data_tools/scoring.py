"""How much a text is like the seed documents that a scorer was trained on: relevance to a domain, or quality.

A linear classifier over hashed words and pairs of words, in the way of DeepSeekMath (Shao et al. 2024, section 2.1:
fastText with word n-grams up to 3, dimension 256, learning rate 0.1, 3 epochs, n-grams met 3 times or more). What
differs: fastText's two matrices are one vector of weights here, for a mean of vectors followed by a linear layer is
linear in the n-grams; the weights are fitted by logistic regression to its optimum instead of 3 epochs of SGD; n-grams
end at pairs. Left out: parts of words. The weights are kept as safetensors, the settings as JSON; nothing is pickled.

A text is judged in chunks of equal length, and its score is the mean over them: about the share of the text that is
like the seeds, for a note of a hundred words as for a book. ``data_tools/scorer_training.py`` makes scorers.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_tools.errors import DataError
from data_tools.shingles import WordHashes, gram_hashes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WEIGHTS_FILE = "scorer.safetensors"
SETTINGS_FILE = "scorer.json"
FORMAT = 1
MAX_TABLE_WORDS = 500_000
"""Words whose hashes are remembered between texts."""
NEUTRAL_FEATURES = 100
"""Features without weight that every chunk is taken to hold besides its own: a few words prove little. Without them,
notes of 50 words get the scores of certainty (benchmarks/classifiers.py)."""


@dataclass(frozen=True)
class Settings:
    """What a scorer needs besides its weights."""

    name: str
    """What it measures, such as ``relevance`` or ``quality``."""
    chunk_words: int
    """Longest chunk, in words."""
    bias: float
    """Log-odds of a chunk whose features weigh nothing, before calibration."""
    slope: float
    offset: float
    """Platt's calibration: the probability is the logistic function of ``slope * log-odds + offset``."""
    threshold: float
    """Scores from here on reach the recall, or the precision, that was asked for on held-out seeds."""


@dataclass(frozen=True)
class Scorer:
    """A trained scorer. ``score`` is deterministic and needs no other document."""

    settings: Settings
    weights: NDArray[np.float32]
    """Shape (num_buckets,); the number is a power of two."""
    _hashes: WordHashes = field(default_factory=lambda: WordHashes(MAX_TABLE_WORDS), repr=False, compare=False)

    @property
    def threshold(self) -> float:
        return self.settings.threshold

    def score(self, words: list[str]) -> float:
        """Return the probability, 0..1, that the text of these ``shingles.words_of`` is like the positive seeds.

        0.5 means that it could belong to either side, were both as large. A text without words has the score of
        what is not known.
        """
        return float(self.chunk_scores(self._hashes.array(words)).mean())

    def chunk_scores(self, word_hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
        """Return the calibrated probability of each chunk of a text, shape (num_chunks,)."""
        return self.probability(self.log_odds(word_hashes))

    def probability(self, log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the calibrated probabilities of uncalibrated log-odds."""
        import numpy as np

        calibrated = self.settings.slope * log_odds + self.settings.offset
        probabilities: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-np.clip(calibrated, -500, 500)))
        return probabilities

    def log_odds(self, word_hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
        """Return the uncalibrated log-odds of each chunk, shape (num_chunks,)."""
        import numpy as np

        if not len(word_hashes):
            return np.full(1, self.settings.bias)
        edges = chunk_edges(len(word_hashes), self.settings.chunk_words)
        values = self.weights[buckets(word_hashes, 1, len(self.weights))]
        pairs = self.weights[buckets(word_hashes, 2, len(self.weights))]
        pairs[edges[1:-1] - 1] = 0.0  # a pair across two chunks belongs to neither
        values[:-1] += pairs
        sums = np.add.reduceat(values, edges[:-1], dtype=np.float64)
        log_odds: NDArray[np.float64] = self.settings.bias + sums / (num_features(np.diff(edges)) + NEUTRAL_FEATURES)
        return log_odds

    def save(self, folder: Path) -> None:
        """Write the two files of a scorer into ``folder``, which exists."""
        from safetensors.numpy import save_file

        save_file({"weights": self.weights}, folder / WEIGHTS_FILE)
        settings = {"format": FORMAT, **asdict(self.settings)}
        (folder / SETTINGS_FILE).write_text(json.dumps(settings, indent=1) + "\n", "utf-8")

    @classmethod
    def load(cls, folder: Path) -> Scorer:
        """Read a scorer; DataError where ``folder`` holds none that this version can read."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        settings = _read_settings(folder / SETTINGS_FILE)
        try:
            weights = load_file(folder / WEIGHTS_FILE)["weights"]
        except (OSError, KeyError, SafetensorError) as error:
            raise DataError(f"{folder / WEIGHTS_FILE}: holds no weights: {error}. Train the scorer again") from None
        if weights.ndim != 1 or len(weights) & (len(weights) - 1) or str(weights.dtype) != "float32":
            raise DataError(
                f"{folder / WEIGHTS_FILE}: weights must be float32, as many as a power of two, got {weights.dtype} "
                f"of shape {weights.shape}. Train the scorer again"
            )
        return cls(settings, weights)


def _read_settings(path: Path) -> Settings:
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if found.pop("format") != FORMAT:
            raise DataError(f"{path}: format must be {FORMAT}. Train the scorer again with this version")
        return Settings(**found)
    except OSError as error:
        raise DataError(f"{path}: there is no scorer: {error.strerror}. Name the output of a scorer step") from None
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: holds no settings of a scorer: {error}. Train the scorer again") from None


def chunk_edges(num_words: int, chunk_words: int) -> NDArray[np.int64]:
    """Return where the equally long chunks of a text of one word or more begin, and where the last one ends."""
    import numpy as np

    num_chunks = -(-num_words // chunk_words)
    return np.arange(num_chunks + 1) * num_words // num_chunks


def num_features(num_words: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many words and pairs of neighbours chunks of so many words hold."""
    return 2 * num_words - 1


def buckets(word_hashes: NDArray[np.uint64], gram_words: int, num_buckets: int) -> NDArray[np.int64]:
    """Return the bucket of every run of ``gram_words`` words: the first bits of its hash."""
    import numpy as np

    num_bits = num_buckets.bit_length() - 1
    return (gram_hashes(word_hashes, gram_words) >> np.uint64(64 - num_bits)).astype(np.int64)
