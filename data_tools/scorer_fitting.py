"""The weights of a scorer: features of seed documents as sparse matrices, and the logistic regression on them.

A feature must be met in 3 documents, and in two corpora on a side that has several: a page header, an author's name,
the markup of one format stay within one. Features are weighted by TF-IDF (Sparck Jones 1972) of mean frequencies, and
both sides weigh the same, whatever their sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from data_tools.errors import DataError
from data_tools.scoring import NEUTRAL_FEATURES, buckets

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIN_FEATURE_DOCUMENTS = 3
MIN_SECOND_CORPUS = 0.02
"""A feature belongs to one corpus where a chunk of any other holds it this much more rarely, or not at all."""
INVERSE_REGULARISATION = 1.0
"""scikit-learn's C, for rows whose mean length is 1. From 1 to 100 AUC on a left-out corpus changes by 0.01 or less,
but for dialogues, which no other corpus is like."""
MAX_ITERATIONS = 300


@dataclass
class Side:
    """The seed documents of one side, as hashes of words."""

    chunks: list[NDArray[np.uint64]] = field(default_factory=list)
    document_of: list[int] = field(default_factory=list)
    """By chunk, the number of its document."""
    corpora: list[str] = field(default_factory=list)
    """By document."""
    groups: list[str] = field(default_factory=list)
    """By document."""
    num_skipped: int = 0
    """Short or repeated ones."""

    def chunks_of(self, documents: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the numbers of the chunks of the documents that are True in ``documents``."""
        import numpy as np

        return np.flatnonzero(documents[np.array(self.document_of)])


@dataclass(frozen=True)
class Fitted:
    """Weights, and what the features are like that bear them."""

    weights: NDArray[np.float32]
    bias: float
    difference: NDArray[np.float64]
    """By bucket: mean share in positive chunks less that in negative ones."""
    shares: tuple[NDArray[np.float64], NDArray[np.float64]]
    """By side and bucket: share of the chunks that hold it."""

    def log_odds(self, counts: Any) -> NDArray[np.float64]:
        """Return the uncalibrated log-odds of chunks by their features' counts, shape (chunks,)."""
        found: NDArray[np.float64] = _frequencies(counts) @ self.weights.astype("float64") + self.bias
        return found


def _frequencies(counts: Any) -> Any:
    """Return a matrix of counts with every row divided by its sum and the neutral features."""
    import numpy as np
    from scipy import sparse

    return sparse.diags(1 / (np.asarray(counts.sum(axis=1)).ravel() + NEUTRAL_FEATURES)) @ counts


def fit(sides: Sequence[Side], rows: Sequence[Any], documents: Sequence[NDArray[np.bool_]]) -> Fitted:
    """Fit the weights on the documents that are True in ``documents``, by side."""
    import numpy as np
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression

    counts, usable, document_counts = [], np.zeros(rows[0].shape[1], dtype=bool), np.zeros(rows[0].shape[1])
    for side, every, mask in zip(sides, rows, documents, strict=True):
        chosen = side.chunks_of(mask)
        document_of = np.array(side.document_of)[chosen]
        counts.append(every[chosen])
        usable |= _is_shared(counts[-1], np.array(side.corpora)[document_of])
        document_counts += _num_documents(counts[-1], document_of)
    usable &= document_counts >= MIN_FEATURE_DOCUMENTS
    num_chunks = sum(each.shape[0] for each in counts)
    holding = sum(each.getnnz(axis=0) for each in counts)
    # Scaling a column by its inverse document frequency changes how strongly regularisation holds its weight down.
    scale = np.where(usable, np.log((1 + num_chunks) / (1 + holding)), 0.0)
    columns = np.flatnonzero(scale)
    if not len(columns):
        raise DataError(
            f"scorer: no word is met in {MIN_FEATURE_DOCUMENTS} seed documents and in two corpora of a side. Give more "
            "seeds, or such as have something in common"
        )
    frequencies = [_frequencies(each) for each in counts]
    features = (sparse.vstack(frequencies).tocsr()[:, columns] @ sparse.diags(scale[columns])).tocsr()
    # One factor for all, so that regularisation and the optimiser's tolerance mean the same for chunks of any length.
    unit = features.shape[0] / float(np.sqrt(features.multiply(features).sum(axis=1)).sum())
    labels = np.repeat([1, 0], [each.shape[0] for each in counts])
    model = LogisticRegression(C=INVERSE_REGULARISATION, class_weight="balanced", max_iter=MAX_ITERATIONS)
    model.fit(unit * features, labels)
    weights = np.zeros(len(scale), dtype=np.float32)
    weights[columns] = unit * model.coef_[0] * scale[columns]
    means = [np.asarray(each.mean(axis=0)).ravel() for each in frequencies]
    shares = [each.getnnz(axis=0) / each.shape[0] for each in counts]
    return Fitted(weights, float(model.intercept_[0]), means[0] - means[1], (shares[0], shares[1]))


def count_features(chunks: Sequence[NDArray[np.uint64]], num_buckets: int) -> Any:
    """Return how often every chunk holds the features of every bucket: a sparse matrix (chunks, buckets)."""
    import numpy as np
    from scipy import sparse

    found = [
        np.unique(np.concatenate([buckets(chunk, n, num_buckets) for n in (1, 2)]), return_counts=True)
        for chunk in chunks
    ]
    edges = np.cumsum([0, *(len(columns) for columns, _ in found)])
    columns = np.concatenate([columns for columns, _ in found])
    values = np.concatenate([values for _, values in found]).astype(np.float32)
    return sparse.csr_matrix((values, columns, edges), shape=(len(chunks), num_buckets))


def _num_documents(rows: Any, document_of: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return by bucket in how many different documents it is met."""
    import numpy as np
    from scipy import sparse

    _, numbers = np.unique(document_of, return_inverse=True)
    members = sparse.csr_matrix((np.ones(len(numbers), dtype=np.float32), (numbers, np.arange(len(numbers)))))
    found: NDArray[np.int64] = (members @ rows).getnnz(axis=0)
    return found


def _is_shared(rows: Any, corpora: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Return by bucket whether it is met in more than one corpus; in a side of one corpus, whether it is met at all."""
    import numpy as np

    names = sorted(set(corpora.tolist()))
    most, second = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
    for name in names:
        share = rows[corpora == name].getnnz(axis=0) / (corpora == name).sum()
        second = np.maximum(second, np.minimum(most, share))
        most = np.maximum(most, share)
    shared: NDArray[np.bool_] = (second if len(names) > 1 else most) > MIN_SECOND_CORPUS * most
    return shared
