"""SPAM on the flat partitions of two ranks: what the formulas give, whatever the ZeRO stage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.stages.optimizer_references import SIZES, prescribed_gradients, slow_spam
from tests.stages.spam_under_zero import NUM_STEPS, SETTINGS, SPARSE, Planted

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[float]]:
    out = tmp_path_factory.mktemp("ranks")
    ranks = []
    for rank in ("0", "1"):
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1", "LOCAL_RANK": rank}
        command = [sys.executable, "-m", "tests.stages.spam_under_zero", rank, str(out / "store"), str(out)]
        with (out / f"{rank}.log").open("wb") as log:  # a pipe would fill while the other rank is waited for
            ranks.append(subprocess.Popen(command, env=environment, cwd=CHECKOUT, stderr=log))
    for rank, process in enumerate(ranks):
        process.wait(timeout=240)
        assert process.returncode == 0, (out / f"{rank}.log").read_text()
    result: dict[str, list[float]] = json.loads((out / "weights.json").read_text())
    return result


def expected(settings: dict[str, Any]) -> Any:
    ends, gradients = [], prescribed_gradients(NUM_STEPS)
    for number, weight in enumerate(Planted().weights):
        start = weight.detach().double().flatten().numpy()
        slow = {"restart_bias_correction": True, **settings}
        told = gradients[number].astype(np.float32).astype(np.float64)
        ends.append(slow_spam(start, told, sum(SIZES[:number]), slow))
    return np.concatenate(ends)


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_every_zero_stage_gives_what_the_formulas_say(found: dict[str, list[float]], kind: str, stage: int) -> None:
    wanted = expected(SETTINGS if kind == "dense" else {**SETTINGS, **SPARSE})
    for how in ("1", "2", "resumed"):
        weights = np.array(found[f"{kind} {stage} {how}"])
        assert np.linalg.norm(weights - wanted) <= 1e-5 * np.linalg.norm(wanted), how
        assert np.abs(weights - found[f"{kind} 0 1"]).max() < 1e-6, how
