"""What laws of earlier domains lend a new one: the exponents that its own points cannot tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from stages.mixture.fit import LossKind, fit_law, observe, pose
from stages.mixture.points import check_enough, mark_unusable, read_points

LENT = ("alpha", "beta")
NUM_STARTS = 32


def known_exponents(files: Sequence[str], kind: LossKind) -> dict[str, float]:
    """Return the geometric means of alpha and beta over the laws of earlier points, where those points tell them.

    ``files`` are ``points.csv`` of other domains. StrataError where one cannot be read or fitted.
    """
    found: dict[str, list[float]] = {name: [] for name in LENT}
    for file in files:
        points = mark_unusable(read_points(Path(file)))
        check_enough(points, file)
        observed = observe(points, kind)
        problem = pose(observed)
        fit = fit_law(observed, problem, num_starts=NUM_STARTS, seed=0)
        for name in LENT:
            if name not in problem.priors and name not in fit.at_bound:
                found[name].append(math.log(getattr(fit.law, name)))
    return {name: math.exp(sum(logs) / len(logs)) for name, logs in found.items() if logs}
