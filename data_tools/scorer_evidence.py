"""What the scores of held-out seeds say of a scorer: area under the ROC curve, rates at a threshold, thresholds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from data_tools.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OPERATING_RECALLS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)


def area_under_curve(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float:
    """Return the area under the ROC curve: the chance that a positive scores higher, ties counted half."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    labels = np.repeat([1, 0], [len(positive), len(negative)])
    return float(roc_auc_score(labels, np.concatenate([positive, negative])))


def rates(positive: NDArray[np.float64], negative: NDArray[np.float64], threshold: float) -> dict[str, float]:
    """Return recall, false-positive rate and precision at ``threshold``; precision as if both sides were as large."""
    recall = float((positive >= threshold).mean())
    false_rate = float((negative >= threshold).mean())
    precision = recall / (recall + false_rate) if recall + false_rate else 1.0
    return {"threshold": threshold, "recall": recall, "false_positive_rate": false_rate, "precision": precision}


def operating_points(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> list[dict[str, float]]:
    """Return the rates at the highest thresholds that reach ``OPERATING_RECALLS``."""
    return [rates(positive, negative, _threshold_of(positive, recall)) for recall in OPERATING_RECALLS]


def _threshold_of(positive: NDArray[np.float64], recall: float) -> float:
    import numpy as np

    return float(np.sort(positive)[::-1][max(1, math.ceil(recall * len(positive) - 1e-9)) - 1])


def choose_threshold(
    positive: NDArray[np.float64],
    negative: NDArray[np.float64],
    wanted_recall: float | None,
    wanted_precision: float | None,
) -> float:
    """Return a threshold that has the wanted recall or precision, on held-out scores.

    Of those with the recall, one that lets the fewest negatives pass; of these, the one that keeps the most positives,
    in the middle of the gap below them. Of those with the precision, the lowest.
    """
    if wanted_recall is not None:
        highest = _threshold_of(positive, wanted_recall)
        below = float(negative[negative < highest].max(initial=0.0))
        return (below + float(positive[positive > below].min())) / 2
    found = [rates(positive, negative, float(value)) for value in sorted(set(positive.tolist()))]
    good = [point for point in found if point["precision"] >= (wanted_precision or 0.0)]
    if not good:
        raise DataError(
            f"scorer: no threshold reaches wanted_precision {wanted_precision} on held-out seeds; the best is "
            f"{max(point['precision'] for point in found):.3f}. Ask for less, or give more seeds"
        )
    return good[0]["threshold"]
