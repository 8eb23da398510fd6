"""Several corpora in one mixture: a log-linear law of each loss, and the convex choice of the shares (Olmix).

For each target i, at one size and length (Olmix, arXiv 2602.12237; Data Mixing Laws, arXiv 2403.16952, equation 6):

    L_i(x) = exp(c_i) + exp(t_i . x),   x: the shares of K corpora, which sum to 1

exp(t . x) is convex in x, so a weighted sum of losses has one minimum, which stays one with the penalty KL(x || prior)
that draws towards what is at hand, and with a cap on what may be repeated.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import StrataError
from stages.mixture.solve import Batch, solve

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

SHARE, LOSS = "share:", "loss:"
HUBER_DELTA = 0.02
"""Of residuals of the logarithm of the loss, as in Olmix."""
NUM_STARTS, MAX_SLOPE = 32, 20.0
_SMALLEST_SHARE = 1e-9


@dataclass(frozen=True)
class MixRuns:
    """R measured runs over K corpora and T targets."""

    corpora: tuple[str, ...]
    targets: tuple[str, ...]
    shares_RK: Array
    losses_RT: Array


@dataclass(frozen=True)
class LogLinearLaw:
    """One target's loss as a function of the shares."""

    floor: float
    """c: logarithm of what no mixture removes."""
    slopes_K: Array
    """t: of each corpus."""

    def loss(self, shares: Array) -> Array:
        """Return the loss of mixtures, shape (..., K) -> (...)."""
        import numpy as np

        value: Array = np.exp(self.floor) + np.exp(shares @ self.slopes_K)
        return value


@dataclass(frozen=True)
class Proposal:
    """The mixture to train."""

    shares: dict[str, float]
    losses: dict[str, float]
    """Predicted, by target."""
    at_cap: tuple[str, ...]
    """Corpora of which more was wanted than may be repeated."""


def read_runs(path: Path) -> MixRuns:
    """Read a CSV with a row for each run: columns ``share:<corpus>``, which sum to 1, and ``loss:<target>``."""
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StrataError(f"{path}: cannot be read as UTF-8 text ({error}). Give a CSV file") from None
    names = list(rows[0]) if rows else []
    corpora, targets = ([n for n in names if n and n.startswith(kind)] for kind in (SHARE, LOSS))
    if len(corpora) < 2 or not targets:
        raise StrataError(
            f"{path}: needs columns {SHARE}<corpus> for two corpora or more and {LOSS}<target> for one target or more, "
            f"got {', '.join(map(str, names)) or 'no rows'}"
        )
    table: dict[str, list[list[float]]] = {SHARE: [], LOSS: []}
    for number, row in enumerate(rows, 1):
        for kind, columns in ((SHARE, corpora), (LOSS, targets)):
            table[kind].append([_number(row[name], name, f"{path}: row {number}") for name in columns])
        total = sum(table[SHARE][-1])
        if not math.isclose(total, 1.0, abs_tol=1e-3) or min(table[SHARE][-1]) < 0:
            raise StrataError(f"{path}: row {number}: shares must be 0 or more and sum to 1, got {total:g}. Correct it")
        if min(table[LOSS][-1]) <= 0:
            raise StrataError(f"{path}: row {number}: losses must be above 0, got {min(table[LOSS][-1]):g}")
    return mix_runs(
        [name.removeprefix(SHARE) for name in corpora],
        [name.removeprefix(LOSS) for name in targets],
        table[SHARE],
        table[LOSS],
    )


def _number(value: Any, name: str, where: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise StrataError(f"{where}: {name} must be a finite number, got {value!r}. Correct it, or leave the run out")
    return number


def mix_runs(
    corpora: Sequence[str], targets: Sequence[str], shares: Sequence[Sequence[float]], losses: Sequence[Sequence[float]]
) -> MixRuns:
    """Return runs as arrays; StrataError where they are fewer than corpora and one."""
    import numpy as np

    if len({tuple(row) for row in shares}) < len(corpora) + 1:
        raise StrataError(
            f"log-linear law: {len(corpora)} corpora need at least {len(corpora) + 1} runs of different mixtures, got "
            f"{len({tuple(row) for row in shares})}. Train more"
        )
    return MixRuns(tuple(corpora), tuple(targets), np.array(shares, float), np.array(losses, float))


def fit_log_linear(shares_RK: Array, losses_R: Array, *, num_starts: int = NUM_STARTS, seed: int = 0) -> LogLinearLaw:
    """Fit one target's law to a Huber loss of log residuals, from seeded starts."""
    import numpy as np

    def predict(theta_B: Array) -> tuple[Array, Array]:
        floor, varying = np.exp(theta_B[:, :1]), np.exp(theta_B[:, 1:] @ shares_RK.T)
        columns = [np.broadcast_to(floor, varying.shape)[..., None], varying[..., None] * shares_RK]
        return floor + varying, np.concatenate(columns, axis=-1)

    random, low, num_corpora = np.random.default_rng(seed), float(losses_R.min()), shares_RK.shape[1]
    starts = np.empty((num_starts, 1 + num_corpora))
    for start in starts:
        start[0] = math.log(low * random.uniform(0.2, 0.98))
        start[1:] = math.log(float(np.median(losses_R)) - math.exp(start[0])) + random.normal(0, 0.3, num_corpora)
    lowest = np.array([math.log(1e-6 * low), *[-MAX_SLOPE] * num_corpora])
    highest = np.array([math.log(low), *[MAX_SLOPE] * num_corpora])
    shape = (num_starts, len(losses_R))
    batch = Batch(predict, np.broadcast_to(np.log(losses_R), shape), np.ones(shape), lowest, highest, HUBER_DELTA)
    ends, values = solve(starts, batch)
    best = ends[int(np.argmin(values))]
    return LogLinearLaw(float(best[0]), best[1:])


def held_out_error(runs: MixRuns, target: int) -> float:
    """Return the mean relative error of each run's loss, predicted by a law fitted to the others."""
    import numpy as np

    errors = []
    for left_out in range(len(runs.shares_RK)):
        rest = np.arange(len(runs.shares_RK)) != left_out
        law = fit_log_linear(runs.shares_RK[rest], runs.losses_RT[rest, target], num_starts=4)
        measured = runs.losses_RT[left_out, target]
        errors.append(abs(float(law.loss(runs.shares_RK[left_out])) - measured) / measured)
    return float(np.mean(errors))


def propose(
    runs: MixRuns,
    laws: Mapping[str, LogLinearLaw],
    *,
    weights: Mapping[str, float] | None = None,
    prior: Mapping[str, float] | None = None,
    kl_weight: float = 0.05,
    caps: Mapping[str, float] | None = None,
) -> Proposal:
    """Return the shares with the smallest weighted sum of predicted losses plus ``kl_weight`` * KL(x || prior).

    ``prior`` is what is at hand (default: all alike); ``caps`` the largest share of a corpus, for one:
    tokens * max_epochs / tokens to train. StrataError where the caps leave no mixture.
    """
    import numpy as np
    from scipy.optimize import minimize

    names = runs.corpora
    limits = np.array([(caps or {}).get(name, 1.0) for name in names])
    if limits.sum() < 1:
        raise StrataError(
            f"mixture of corpora: the caps sum to {limits.sum():.3g}, so no mixture keeps all of them. Train on fewer "
            "tokens, or raise max_epochs"
        )
    wanted = np.array([(prior or {}).get(name, 1.0) for name in names], float)
    if not wanted.sum() > 0 or kl_weight < 0:
        raise StrataError(
            f"mixture of corpora: the prior must have a number above 0, and kl_weight be 0 or more, got a prior of sum "
            f"{wanted.sum():g} and kl_weight {kl_weight:g}"
        )
    wanted = np.maximum(wanted / wanted.sum(), _SMALLEST_SHARE)
    weighted = [((weights or {}).get(name, 1.0), law) for name, law in laws.items()]

    def objective(x: Array) -> tuple[float, Array]:
        x = np.maximum(x, _SMALLEST_SHARE)
        value, gradient = kl_weight * float(x @ np.log(x / wanted)), kl_weight * (np.log(x / wanted) + 1)
        for weight, law in weighted:
            value += weight * float(law.loss(x))
            gradient = gradient + weight * math.exp(float(x @ law.slopes_K)) * law.slopes_K
        return value, gradient

    start = np.minimum(wanted, limits)
    start = start + (limits - start) * (1 - start.sum()) / max(1e-12, float((limits - start).sum()))
    total = {"type": "eq", "fun": lambda x: x.sum() - 1, "jac": lambda x: np.ones(len(x))}
    found = minimize(
        objective, start, jac=True, method="SLSQP", bounds=[(0.0, float(limit)) for limit in limits],
        constraints=[total], options={"maxiter": 500, "ftol": 1e-12},
    )  # fmt: skip
    if not found.success:
        raise StrataError(f"mixture of corpora: no optimum was found ({found.message}). Look at the runs for outliers")
    x = found.x / found.x.sum()
    return Proposal(
        {name: round(float(share), 4) for name, share in zip(names, x, strict=True)},
        {name: float(law.loss(x)) for name, law in laws.items()},
        tuple(name for name, share, limit in zip(names, x, limits, strict=True) if limit < 1 and share > limit - 1e-4),
    )
