"""Trainings of tiny models for tests: the job, its end, a death on the way, several ranks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from stages.cpt import loop
from stages.cpt.job import Job, Placement
from stages.cpt.launch import run_alone
from stages.cpt.policy import Policy
from stages.cpt.run import Run
from tests.stages.training_inputs import SEQUENCE_LENGTH

CHECKOUT = Path(__file__).resolve().parents[2]
POLICY = Policy(
    learning_rate=1e-2,
    global_batch_tokens=8 * SEQUENCE_LENGTH,
    spam_interval=6,
    spam_warmup=2,
    spam_grace=1,
    spam_threshold=20,
)
NUM_STEPS = 12


def job_of(inputs: tuple[Path, Path], work: Path, policy: Policy = POLICY, **changes: Any) -> Job:
    placement = Placement(micro_batch_size=4, checkpoint_every=5, **changes.pop("placement", {}))
    plain = Job(
        work=str(work),
        model=str(inputs[0]),
        tokens=str(inputs[1]),
        domain_share=0.5,
        num_tokens=NUM_STEPS * POLICY.global_batch_tokens,
        policy=policy,
        seed=1,
        evaluate_at=(0, 5, 7),
        placement=placement,
        step_name="cpt",
    )
    return replace(plain, **changes)


def weights(work: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    found: dict[str, torch.Tensor] = load_file(work / "model" / "model.safetensors")
    return found


def model_bytes(work: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((work / "model").iterdir())}


class Killed(Exception):
    """Stands for the death of the process at a step."""


def interrupt(job: Job, at_step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run ``job`` until update ``at_step`` would begin."""
    real = loop.update

    def dying(run: Run) -> bool:
        if run.step == at_step:
            raise Killed
        return real(run)

    monkeypatch.setattr(loop, "update", dying)
    with pytest.raises(Killed):
        run_alone(job)
    monkeypatch.setattr(loop, "update", real)


RANK = """
import json, os, sys, torch
from stages.cpt.job import Job
from stages.cpt.loop import train
rank, world = int(sys.argv[2]), int(sys.argv[4])
store = torch.distributed.FileStore(sys.argv[3], world)
torch.distributed.init_process_group('gloo', store=store, rank=rank, world_size=world)
train(Job.from_json(json.load(open(sys.argv[1]))))
sys.stderr.flush()
os._exit(0)  # torch at times aborts while the interpreter ends after gloo, with or without our code
"""


def start_ranks(job: Job, world: int = 2) -> list[subprocess.Popen[bytes]]:
    """Start ``job`` in ``world`` processes; each writes what it says to ``rank-N.log`` beside its work."""
    work = Path(job.work)
    work.mkdir(parents=True, exist_ok=True)
    (work / "job.json").write_text(json.dumps(job.as_json()))
    (work / "store").unlink(missing_ok=True)
    ranks = []
    for rank in range(world):
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1", "LOCAL_RANK": str(rank)}
        command = [sys.executable, "-c", RANK, str(work / "job.json"), str(rank), str(work / "store"), str(world)]
        with (work / f"rank-{rank}.log").open("wb") as log:
            ranks.append(subprocess.Popen(command, env=environment, stderr=log))
    return ranks


def run_ranks(job: Job, world: int = 2) -> None:
    """Run ``job`` in ``world`` processes to its end."""
    for rank, process in enumerate(start_ranks(job, world)):
        process.wait(timeout=240)
        assert process.returncode == 0, (Path(job.work) / f"rank-{rank}.log").read_text()
