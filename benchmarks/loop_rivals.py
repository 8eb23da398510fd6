"""One worker of a contender for speed: our loop, the loop that anyone would write, or Hugging Face's Trainer.

``python -m benchmarks.loop_rivals CONTENDER RANK WORLD FOLDER`` trains the model in ``FOLDER/model`` on the packed
tokens that ``FOLDER/job.json`` names and writes the seconds of every update to ``FOLDER/CONTENDER-RANK.json``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from data_tools.packing import PackedTokens
from stages.cpt import loop
from stages.cpt.job import Job

NUM_STEPS = 70
WARM_STEPS = 10


def sequences(job: Job) -> torch.Tensor:
    """All general sequences as one tensor, int64 [S, T]."""
    packed = PackedTokens(Path(job.tokens), "general", "train")
    wanted = min(packed.num_sequences, NUM_STEPS * job.batch_sequences())
    return torch.stack([torch.from_numpy(packed.sequence(number)[0]) for number in range(wanted)])


def bare(job: Job, rank: int, world: int) -> list[float]:
    """Forward, backward, clip, step: nothing else."""
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(job.model, dtype=torch.float32, attn_implementation="sdpa")
    model.train()
    if world > 1:
        model = torch.nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1, fused=True)
    rows, micro, times = sequences(job), job.batch_sequences() // world, []
    for step in range(NUM_STEPS):
        started = time.perf_counter()
        first = (step * job.batch_sequences() + rank * micro) % (len(rows) - micro)
        batch = rows[first : first + micro]
        loss = model(input_ids=batch, labels=batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()
        times.append(time.perf_counter() - started)
    return times


def trainer(job: Job, rank: int, world: int) -> list[float]:
    """The Trainer with logging, saving and evaluation off."""
    from transformers import AutoModelForCausalLM, Trainer, TrainerCallback, TrainingArguments

    times: list[float] = []

    class Clock(TrainerCallback):
        def on_step_begin(self, *_: Any, **__: Any) -> None:
            times.append(time.perf_counter())

        def on_step_end(self, *_: Any, **__: Any) -> None:
            times[-1] = time.perf_counter() - times[-1]

    arguments = TrainingArguments(
        output_dir=str(Path(job.work) / "trainer"),
        per_device_train_batch_size=job.batch_sequences() // world,
        max_steps=NUM_STEPS,
        learning_rate=1e-3,
        weight_decay=0.1,
        max_grad_norm=1.0,
        optim="adamw_torch_fused",
        logging_strategy="no",
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        ddp_backend="gloo",
        disable_tqdm=True,
    )
    data = [{"input_ids": row, "labels": row} for row in sequences(job)]
    model = AutoModelForCausalLM.from_pretrained(job.model, dtype=torch.float32, attn_implementation="sdpa")
    Trainer(model=model, args=arguments, train_dataset=data, callbacks=[Clock()]).train()  # type: ignore[arg-type]
    return times


def ours(job: Job, rank: int, world: int) -> list[float]:
    """``stages.cpt.loop``, whole updates as it runs them: its checks, metrics and logs included."""
    times: list[float] = []
    real = loop.update

    def timed(run: Any) -> bool:
        started = time.perf_counter()
        asked = real(run)
        times.append(time.perf_counter() - started)
        return asked

    loop.update = timed
    loop.train(job)
    return times


CONTENDERS: dict[str, Callable[[Job, int, int], list[float]]] = {"ours": ours, "bare": bare, "trainer": trainer}


def main() -> None:
    contender, rank, world, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(world)}
    if world > 1 or contender == "ours":
        store = torch.distributed.FileStore(str(folder / f"store-{contender}"), world)
        torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=world)
    job = Job.from_json(json.loads((folder / "job.json").read_text("utf-8")))
    job = replace(job, work=str(folder / contender))
    times = CONTENDERS[contender](job, rank, world)
    (folder / f"{contender}-{rank}.json").write_text(json.dumps(times), "utf-8")
    sys.stdout.flush()
    os._exit(0)  # torch at times aborts while the interpreter ends after gloo, the Trainer's processes too


if __name__ == "__main__":
    main()
