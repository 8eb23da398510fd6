"""One rank of SPAM under ZeRO: prescribed gradients, every stage, one and two groups, a resume in mid-cycle."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import deepspeed
import torch

from stages.cpt.optimizers.partitions import pieces_of, segments_of
from stages.cpt.optimizers.spam import Spam
from tests.stages.optimizer_references import SHAPES, prescribed_gradients

NUM_STEPS, RESUME_AT = 40, 21
SETTINGS = {"lr": 0.01, "weight_decay": 0.1, "threshold": 50.0, "interval": 9, "warmup": 3, "grace": 2}
SPARSE = {"density": 0.5, "seed": 5}


class Planted(torch.nn.Module):
    """Parameters whose gradients are what they are multiplied with."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weights = torch.nn.ParameterList([torch.randn(shape, generator=generator) for shape in SHAPES])

    def forward(self, *gradients: torch.Tensor) -> torch.Tensor:
        terms = [(weight * gradient).sum() for weight, gradient in zip(self.weights, gradients, strict=True)]
        return torch.stack(terms).sum()


def build(stage: int, groups: int, settings: dict[str, Any]) -> Any:
    config = {
        "train_micro_batch_size_per_gpu": 1,
        "gradient_clipping": 0.0,
        "zero_optimization": {"stage": stage, "reduce_bucket_size": 100, "stage3_param_persistence_threshold": 0},
        "zero_allow_untested_optimizer": True,
        "steps_per_print": 1 << 60,
    }
    with deepspeed.zero.Init(config_dict_or_path=config, enabled=stage == 3):
        model = Planted()
    weights = list(model.weights)
    cut = [weights] if groups == 1 else [weights[1:], weights[:1]]
    optimizer = Spam([{"params": part} for part in cut], **settings)
    engine, *_ = deepspeed.initialize(model=model, optimizer=optimizer, config=config)
    optimizer.segments = segments_of(pieces_of(engine, model, torch.distributed.get_rank()))
    return engine


def train(engine: Any, steps: range) -> None:
    gradients = prescribed_gradients(NUM_STEPS)
    for step in steps:
        rows = [torch.tensor(g[step], dtype=torch.float32).reshape(s) for g, s in zip(gradients, SHAPES, strict=True)]
        engine.backward(engine(*rows))
        engine.step()


def weights_of(engine: Any) -> list[float]:
    parameters = list(engine.module.parameters())
    with deepspeed.zero.GatheredParameters(parameters, enabled=engine.zero_optimization_stage() == 3):
        return torch.cat([parameter.detach().flatten() for parameter in parameters]).tolist()


def main() -> None:
    rank, store, out = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False  # a kernel for inference, long to compile
    world = torch.distributed.FileStore(store, 2)
    torch.distributed.init_process_group("gloo", store=world, rank=rank, world_size=2)
    found = {}
    for kind, settings in (("dense", SETTINGS), ("sparse", {**SETTINGS, **SPARSE})):
        for stage in (0, 1, 2, 3):
            for groups in (1, 2):
                engine = build(stage, groups, settings)
                train(engine, range(NUM_STEPS))
                found[f"{kind} {stage} {groups}"] = weights_of(engine)
            first, folder = build(stage, 2, settings), str(out / f"{kind}{stage}")
            train(first, range(RESUME_AT))
            first.save_checkpoint(folder, tag="mid")
            second = build(stage, 2, settings)
            second.load_checkpoint(folder, tag="mid")
            train(second, range(RESUME_AT, NUM_STEPS))
            found[f"{kind} {stage} resumed"] = weights_of(second)
    if rank == 0:
        (out / "weights.json").write_text(json.dumps(found))
    sys.stderr.flush()
    os._exit(0)  # torch at times aborts while the interpreter ends after gloo


if __name__ == "__main__":
    main()
