"""The training loop, measured: optimizers, speed, saving, rollback, change of topology, tracing, planted spikes, kills.

``make bench only=loop`` runs every part (an hour on two cores); ``python -m benchmarks.loop speed`` runs one. Real text
is curated once by ``benchmarks.law_points``; models are made on the spot.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.law_points import PLACE, artifact, curate, tokens_of
from benchmarks.loop_kills import kills
from benchmarks.loop_rivals import NUM_STEPS, WARM_STEPS
from benchmarks.loop_spikes import spikes
from benchmarks.record import ROOT, run_parts
from data_tools.packing import PackedTokens, read_meta
from stages.cpt.job import Job, Placement
from stages.cpt.launch import run_alone
from stages.cpt.optimizers.spam import Spam
from stages.cpt.optimizers.stable_spam import StableSpam
from stages.cpt.place import documents_of_step, steps_of_document
from stages.cpt.policy import Policy
from stages.pretrain import Pretrain

FOLDER = PLACE.parent / "loop_benchmark"
ELEMENTS, ROUNDS = 30_000_000, 15
CONTENDERS = ("bare", "trainer", "ours")
REPEATS = 3
POISONED = range(150, 162)
POLICY = Policy(learning_rate=2e-3, global_batch_tokens=2048, warmup_share=0.02)


def start(width: int, layers: int) -> Path:
    """An untrained model for the packed tokens."""
    folder = FOLDER / f"start-{width}x{layers}"
    if not folder.exists():
        shape = {"hidden_size": width, "num_layers": layers, "num_heads": width // 16}
        stage = Pretrain.model_validate({**shape, "intermediate_size": 8 * round(width / 3)})
        stage.write_start(artifact("tokenizer") / "tokenizer", tokens_of(""), folder)
    return folder


def job_of(name: str, width: int, layers: int, num_steps: int, **changes: Any) -> Job:
    plain = Job(
        work=str(fresh(name)),
        model=str(start(width, layers)),
        tokens=str(tokens_of("geo")),
        domain_share=0.5,
        num_tokens=num_steps * POLICY.global_batch_tokens,
        policy=POLICY,
        seed=0,
        evaluate_at=(),
        dev_tokens=16384,
        placement=Placement(micro_batch_size=8, checkpoint_every=10**6),
        step_name=name,
        save_model=False,
    )
    return replace(plain, **changes)


def fresh(name: str) -> Path:
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def optimizer() -> dict[str, Any]:
    """One step of each optimizer over 30 million weights on one core, beside torch's fused AdamW."""
    torch.set_num_threads(1)
    makers: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
        "adamw": lambda p: torch.optim.AdamW(p, fused=True),
        "spam": Spam,
        "spam_density_0.5": lambda p: Spam(p, density=0.5),
        "spam_plain": lambda p: Spam(p, compile_from=10**12),
        "stable_spam": StableSpam,
    }
    made = {}
    for name, maker in makers.items():
        weight = torch.nn.Parameter(torch.randn(ELEMENTS))
        weight.grad = torch.randn(ELEMENTS)
        made[name] = maker([weight])
        for _ in range(25):  # past the grace, so that spikes are looked for
            made[name].step()
    seconds: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(ROUNDS):
        for name, one in made.items():
            began = time.perf_counter()
            one.step()
            seconds[name].append(time.perf_counter() - began)
    figures: dict[str, Any] = {"optimizer_elements": ELEMENTS}
    for name, spent in seconds.items():
        ratios = [own / other for own, other in zip(spent, seconds["adamw"], strict=True)]
        figures[f"optimizer_{name}_ms"] = round(1000 * statistics.median(spent), 1)
        figures[f"optimizer_{name}_to_adamw"] = round(statistics.median(ratios), 2)
    return figures


def speed() -> dict[str, Any]:
    """Tokens per second of our loop, a bare loop and the Trainer; one worker and two, in turn, medians."""
    figures: dict[str, Any] = {}
    for world in (1, 2):
        found: dict[str, list[float]] = {name: [] for name in CONTENDERS}
        for _ in range(REPEATS):
            for name in CONTENDERS:
                found[name].append(_speed_of(name, world))
        for name, speeds in found.items():
            figures[f"speed_{name}_{world}_tokens_per_second"] = round(statistics.median(speeds))
        for other in ("bare", "trainer"):
            ratios = [own / rival for own, rival in zip(found["ours"], found[other], strict=True)]
            figures[f"speed_ours_to_{other}_{world}"] = round(statistics.median(ratios), 3)
    return figures


def _speed_of(contender: str, world: int) -> float:
    name = "speed"
    policy = POLICY.model_copy(update={"global_batch_tokens": world * 2048})
    tokens = NUM_STEPS * policy.global_batch_tokens
    job = job_of(name, 128, 4, NUM_STEPS, domain_share=0.0, policy=policy, num_tokens=tokens)
    folder = Path(job.work)
    (folder / "job.json").write_text(json.dumps(job.as_json()), "utf-8")
    start_ranks("benchmarks.loop_rivals", contender, world, folder)
    times = [json.loads((folder / f"{contender}-{rank}.json").read_text("utf-8")) for rank in range(world)]
    slowest = [max(step) for step in zip(*times, strict=True)][WARM_STEPS:]
    return policy.global_batch_tokens / statistics.median(slowest)


def start_ranks(module: str, what: str, world: int, folder: Path) -> None:
    """Run ``python -m module what RANK WORLD FOLDER`` for every rank, to the end."""
    environment = {**_environment(), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29511"}
    processes = []
    for rank in range(world):
        with (folder / f"{what}-{rank}.log").open("wb") as log:
            command = [sys.executable, "-m", module, what, str(rank), str(world), str(folder)]
            processes.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log))
    for rank, process in enumerate(processes):
        if process.wait():
            raise SystemExit(f"loop: {what} failed:\n{(folder / f'{what}-{rank}.log').read_text('utf-8')[-3000:]}")


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def saving() -> dict[str, Any]:
    """What one checkpoint per 20 updates adds to the time of a training, in turn with one that writes none."""
    ratios, sizes = [], []
    for _ in range(REPEATS):
        seconds = {}
        for every in (10**6, 20):
            placement = Placement(micro_batch_size=8, checkpoint_every=every)
            job = job_of("saving", 128, 4, 101, placement=placement)
            run_alone(job)
            lines = (Path(job.work) / "metrics.jsonl").read_text("utf-8").splitlines()
            stamps = [json.loads(line)["time"] for line in lines if '"loss"' in line]
            seconds[every] = stamps[-1] - stamps[19]  # from update 20, whose checkpoint is the first, to update 101
            sizes = [file.stat().st_size for file in Path(job.work).glob(".checkpoints/step-00000100/*.bin")]
        ratios.append(seconds[20] / seconds[10**6])
    return {
        "saving_added_share_of_step_time": round(statistics.median(ratios) - 1, 4),
        "saving_added_share_each": [round(ratio - 1, 4) for ratio in ratios],
        "saving_checkpoint_mb": round(sum(sizes) / 1e6, 1),
    }


def rollback() -> dict[str, Any]:
    """Twelve batches of random tokens: what is left out, and the end beside runs without them, in seed noise."""
    clean = [run_alone(job_of(f"clean-{seed}", 64, 2, 300, seed=seed))["points"][-1] for seed in range(3)]
    job = job_of("poisoned", 64, 2, 300)
    tokens = poisoned(job)
    placement = replace(job.placement, checkpoint_every=50)
    result = run_alone(replace(job, tokens=str(tokens), placement=placement))
    unguarded = POLICY.model_copy(update={"spike_loss": 1e9, "spike_norm": 1e9})
    harmed = run_alone(job_of("unguarded", 64, 2, 300, tokens=str(tokens), policy=unguarded))["points"][-1]
    noise = float(np.std([one["domain_loss"] for one in clean], ddof=1))
    end, wanted = result["points"][-1]["domain_loss"], clean[0]["domain_loss"]
    return {
        "rollback_poisoned_batches": [POISONED[0], POISONED[-1]],
        "rollback_left_out": result["left_out"],
        "rollback_end_minus_clean_in_seed_noise": round((end - wanted) / noise, 2),
        "rollback_unguarded_minus_clean_in_seed_noise": round((harmed["domain_loss"] - wanted) / noise, 2),
        "rollback_seed_noise_nats": round(noise, 4),
    }


def poisoned(job: Job) -> Path:
    """A copy of the tokens in which all sequences of some batches are random."""
    from stages.cpt.data import TrainingData

    folder = fresh("poisoned_tokens")
    shutil.rmtree(folder)
    shutil.copytree(job.tokens, folder, ignore=shutil.ignore_patterns("manifest.json"))
    data = TrainingData(folder, job.domain_share, job.seed, job.batch_sequences(), 1, 0, 1)
    meta, random = read_meta(folder), np.random.default_rng(0)
    length = meta["sequence_length"]
    for batch in POISONED:
        for position in range(batch * job.batch_sequences(), (batch + 1) * job.batch_sequences()):
            draw = data.mixture.draw(position)
            path = PackedTokens(folder, draw.part, "train").path
            path.chmod(0o644)
            stored = np.memmap(path, dtype=np.dtype(meta["dtype"]).newbyteorder("<"), mode="r+")
            place = slice(draw.sequence * length, (draw.sequence + 1) * length)
            stored[place] = random.integers(3, meta["vocab_size"], len(stored[place]))
            stored.flush()
    return folder


def topology() -> dict[str, Any]:
    """2 ranks under ZeRO 2, 1 under ZeRO 3, 2 under ZeRO 3: every update's loss beside the undisturbed run's."""
    straight = job_of("straight", 64, 2, 120, placement=Placement(micro_batch_size=4, zero_stage=2))
    _ranks(straight, 2)
    moved = job_of("moved", 64, 2, 120)
    for last, world, stage in ((40, 2, 2), (80, 1, 3), (120, 2, 3)):
        placement = Placement(micro_batch_size=4, zero_stage=stage, checkpoint_every=40)
        _ranks(replace(moved, placement=placement), world)
        for path in Path(moved.work).glob(".checkpoints/step-*"):
            if int(path.name[5:]) > last:
                shutil.rmtree(path)  # as if the ranks had died right after the one before
    losses = [_losses(Path(job.work)) for job in (straight, moved)]
    apart = [abs(one - other) for one, other in zip(*losses, strict=True)]
    return {"topology_updates": len(apart), "topology_largest_difference_of_losses": float(f"{max(apart):.2g}")}


def _ranks(job: Job, world: int) -> None:
    folder = Path(job.work)
    (folder / "job.json").write_text(json.dumps(job.as_json()), "utf-8")
    (folder / "store").unlink(missing_ok=True)
    start_ranks("benchmarks.loop_kills", "train", world, folder)


def _losses(work: Path) -> list[float]:
    lines = [json.loads(line) for line in (work / "metrics.jsonl").read_text("utf-8").splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


def trace() -> dict[str, Any]:
    """100 random documents: whether the updates named are those whose batches hold them."""
    job = job_of("trace", 64, 2, 200)
    run_alone(job)
    work = Path(job.work)
    read = {step: {name for _, _, name in documents_of_step(work, step)} for step in range(1, 201)}
    random, right = np.random.default_rng(0), 0
    names: Sequence[str] = sorted(set().union(*read.values()))
    chosen = random.choice(names, 100, replace=False).tolist()
    for name in chosen:
        right += steps_of_document(work, name) == [step for step, held in read.items() if name in held]
    return {"trace_documents": len(chosen), "trace_right": right}


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "optimizer": optimizer,
    "speed": speed,
    "saving": saving,
    "topology": topology,
    "rollback": rollback,
    "trace": trace,
    "spikes": spikes,
    "kills": kills,
}


def main() -> None:
    """Run the parts named on the command line, or all; keep the figures of each as it ends."""
    curate()
    run_parts("loop", PARTS)


if __name__ == "__main__":
    main()
