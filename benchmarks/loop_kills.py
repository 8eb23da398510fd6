"""kill -9 of a worker, the driver or Ray while two workers train: the same bytes, and how much was done twice.

``python -m benchmarks.loop_kills train RANK WORLD FOLDER`` is one rank of the training in ``FOLDER/job.json``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
import yaml

from benchmarks.chain import kill_one
from benchmarks.law_points import PLACE, recipe
from benchmarks.record import ROOT
from stages.cpt.job import Job
from stages.cpt.loop import train

NUM_KILLS, KILL_SEED = 20, 0
CHECKPOINT_EVERY, NUM_STEPS = 50, 4000
LONGEST_WAIT = 10.0
"""Seconds of training, at most, before the next kill."""
START_SECONDS = 120
RUNS = PLACE / "runs"
NAME = "loop_kills"


def write_recipe(model: Path) -> Path:
    """The curation of the real text, and one continued pre-training by two workers under ZeRO 2."""
    whole = recipe()
    whole["steps"]["base"] = {"stage": "fetch_model", "model": str(model)}
    whole["steps"]["cpt"] = {
        "stage": "cpt",
        "domain_share": 0.5,
        "global_batch_tokens": 2048,
        "num_tokens": NUM_STEPS * 2048,
        "optimizer": "spam",
        "learning_rate": 1e-3,
        "needs": {"model": "base", "tokens": "pack_geo"},
        "resources": {
            "num_workers": 2,
            "zero_stage": 2,
            "micro_batch_size": 4,
            "checkpoint_every": CHECKPOINT_EVERY,
            "max_failures": NUM_KILLS,
        },
    }
    whole["targets"] = ["cpt"]
    file = PLACE / f"{NAME}.yaml"
    file.write_text(yaml.safe_dump(whole, sort_keys=False), "utf-8")
    return file


def start(file: Path) -> subprocess.Popen[bytes]:
    with (PLACE / f"{NAME}.log").open("ab") as log:
        command = [sys.executable, "-m", "pipeline", "run", str(file), "--runs", str(RUNS)]
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT)})


def updates_seen() -> list[int]:
    """Return the updates that the first worker's log tells of, over all lives of the training under way."""
    found: list[int] = []
    for file in (RUNS / "store" / "cpt").glob(".*.work/.ranks/rank-00000.jsonl"):
        for line in file.read_text("utf-8").splitlines():
            with contextlib.suppress(ValueError, KeyError):
                found.append(int(json.loads(line)["step"]))
    return found


def done_twice(seen: Sequence[int]) -> list[int]:
    """Return for each life after the first how many updates it did again."""
    return [before - after + 1 for before, after in pairwise(seen) if after <= before]


def wait_until(what: str, is_so: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise SystemExit(f"loop: {what} did not come in {seconds:.0f} s; see {PLACE / NAME}.log")
        time.sleep(0.05)


def digest_of_model() -> str:
    """Return the SHA-256 of the finished training's weights, and drop the training, so that it is made again."""
    link = RUNS / NAME / "cpt"
    digest = hashlib.sha256((link / "model" / "model.safetensors").read_bytes()).hexdigest()
    shutil.rmtree(link.resolve())
    return digest


def kills() -> dict[str, Any]:
    """20 kills at random moments of one training, in turn of a worker, the driver, a Ray service."""
    from benchmarks.loop import start as model_of

    file = write_recipe(model_of(64, 2))
    if start(file).wait():
        raise SystemExit(f"loop: the undisturbed run failed; see {PLACE / NAME}.log")
    undisturbed = digest_of_model()
    rng, log = random.Random(KILL_SEED), list[str]()
    driver, num_seen = start(file), 0
    for number in range(NUM_KILLS):
        if driver.poll() is not None:
            driver = start(file)
        wait_until("the training", partial(at_work, driver, num_seen), START_SECONDS)
        time.sleep(rng.uniform(0, LONGEST_WAIT))
        seen = updates_seen()
        num_seen = len(seen)
        log.append(
            f"update {seen[-1] if seen else 0}: {kill_one(driver, ('worker', 'driver', 'ray')[number % 3], rng)}"
        )
        print(log[-1], flush=True)
    if driver.poll() is not None:
        driver = start(file)
    wait_until("the training", partial(at_work, driver, num_seen), START_SECONDS)
    redone = done_twice(updates_seen())
    if driver.wait() and start(file).wait():
        raise SystemExit(f"loop: the last run failed; see {PLACE / NAME}.log")
    return {
        "kills": log,
        "kills_same_bytes": digest_of_model() == undisturbed,
        "kills_updates_done_twice": redone,
        "kills_most_done_twice": max(redone, default=0),
        "kills_checkpoint_every": CHECKPOINT_EVERY,
    }


def at_work(driver: subprocess.Popen[bytes], num_seen: int) -> bool:
    """Whether the training has done an update in its present life, or has ended."""
    return len(updates_seen()) > num_seen or driver.poll() is not None


def main() -> None:
    rank, world, folder = int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    os.environ["LOCAL_RANK"] = str(rank)
    store = torch.distributed.FileStore(str(folder / "store"), world)
    torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=world)
    train(Job.from_json(json.loads((folder / "job.json").read_text("utf-8"))))
    os._exit(0)  # see loop_rivals


if __name__ == "__main__":
    main()
