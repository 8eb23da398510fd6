"""A Hugging Face causal model inside a DeepSpeed engine: built, clipped, counted, saved."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch

from stages.cpt.job import Job
from stages.cpt.losses import NextTokenLoss
from stages.cpt.optimizers.partitions import pieces_of, segments_of, size_of
from stages.cpt.optimizers.spam import Spam
from stages.cpt.optimizers.stable_spam import StableSpam

MAX_BUCKET_ELEMENTS = 500_000_000
"""DeepSpeed's own default; smaller models get buckets of their own size instead of 2 GB of buffers."""


def build_engine(job: Job, world: int) -> Any:
    """Load the model and hand it, with its loss and optimizer, to DeepSpeed."""
    import deepspeed
    from transformers import AutoModelForCausalLM
    from transformers.integrations.deepspeed import HfDeepSpeedConfig

    placement = job.placement
    config = deepspeed_config(job, world)
    # While this object lives, from_pretrained under ZeRO 3 shards weights as it reads them.
    sharded_loading = HfDeepSpeedConfig(config) if placement.zero_stage == 3 else None
    if not placement.use_gpu:
        # DeepSpeed would compile a shared-memory kernel (C++, tens of seconds) that only inference uses.
        deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    dtype = torch.bfloat16 if job.policy.precision == "bf16" else torch.float32
    causal = AutoModelForCausalLM.from_pretrained(
        job.model, dtype=dtype, attn_implementation="sdpa", local_files_only=True
    )
    del sharded_loading
    if placement.recompute_activations:
        causal.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model = NextTokenLoss(causal, keep_logits=placement.zero_stage == 3)
    model.train()
    if placement.zero_stage:
        size = sum(size_of(parameter) for parameter in model.parameters())
        zero = config["zero_optimization"]
        zero["reduce_bucket_size"] = zero["allgather_bucket_size"] = min(size, MAX_BUCKET_ELEMENTS)
    optimizer = build_optimizer(causal, job)
    # under bf16 and ZeRO 0 DeepSpeed would begin with an update of its own, on gradients of zeros
    optimizer.step = lambda closure=None: None  # type: ignore[assignment,method-assign]
    engine, *_ = deepspeed.initialize(model=model, optimizer=optimizer, config=config)
    del optimizer.step
    if isinstance(optimizer, Spam):
        optimizer.segments = segments_of(pieces_of(engine, causal, torch.distributed.get_rank()))
    if placement.compile:
        causal.base_model.compile()
    return engine


def deepspeed_config(job: Job, world: int) -> dict[str, Any]:
    """Return DeepSpeed's configuration, but for the bucket sizes, which need the model."""
    placement, policy = job.placement, job.policy
    micro = job.micro_batch(world)
    zero: dict[str, Any] = {"stage": placement.zero_stage}
    if placement.offload:
        zero["offload_optimizer"] = {"device": "cpu"}
    return {
        "train_micro_batch_size_per_gpu": micro,
        "gradient_accumulation_steps": job.batch_sequences() // (micro * world),
        "gradient_clipping": policy.gradient_clip if placement.zero_stage else 0.0,
        "zero_optimization": zero,
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,
        "bf16": {"enabled": policy.precision == "bf16"},
        "steps_per_print": 1 << 60,
    }


def build_optimizer(causal: Any, job: Job) -> torch.optim.Optimizer:
    """Return the optimizer over two groups: matrices with weight decay; norms, biases and embeddings without."""
    policy = job.policy
    embeddings = embedding_ids(causal)
    parameters = [parameter for parameter in causal.parameters() if parameter.requires_grad]
    shapes = {id(parameter): getattr(parameter, "ds_shape", parameter.shape) for parameter in parameters}
    decayed = [p for p in parameters if len(shapes[id(p)]) >= 2 and id(p) not in embeddings]
    others = [p for p in parameters if len(shapes[id(p)]) < 2 or id(p) in embeddings]
    groups = [{"params": decayed, "weight_decay": policy.weight_decay}, {"params": others, "weight_decay": 0.0}]
    groups = [group for group in groups if group["params"]]
    common: dict[str, Any] = {"lr": policy.learning_rate, "betas": (policy.beta1, policy.beta2), "eps": policy.epsilon}
    if policy.optimizer == "adamw":
        return torch.optim.AdamW(groups, **common, fused=True)
    common |= {"interval": policy.spam_interval, "restart_bias_correction": policy.spam_restart_bias_correction}
    if policy.optimizer == "stable_spam":
        return StableSpam(groups, **common, gammas=policy.stable_spam_gammas)
    return Spam(
        groups,
        **common,
        threshold=policy.spam_threshold,
        warmup=policy.spam_warmup,
        grace=policy.spam_grace,
        density=policy.spam_density,
        seed=job.seed,
    )


def clip_gradient(engine: Any, job: Job) -> float | None:
    """Clip where DeepSpeed does not (ZeRO 0); return the norm, or None where DeepSpeed's step will know it."""
    if job.placement.zero_stage:
        return None
    limit = job.policy.gradient_clip or math.inf
    return float(torch.nn.utils.clip_grad_norm_(engine.module.parameters(), limit))


def embedding_ids(causal: Any) -> set[int]:
    """Return the identities of the input and output embeddings (one and the same where they are tied)."""
    modules = (causal.get_input_embeddings(), causal.get_output_embeddings())
    return {id(module.weight) for module in modules if module is not None}


def num_non_embedding(causal: Any) -> int:
    """Return the number of weights outside the input and output embeddings (N of the scaling laws)."""
    embeddings = embedding_ids(causal)
    return sum(size_of(parameter) for parameter in causal.parameters() if id(parameter) not in embeddings)


def save_model(engine: Any, job: Job, path: Path, rank: int) -> None:
    """Write the Hugging Face directory: weights in safetensors, configuration, and the base's tokenizer."""
    import deepspeed
    from transformers import AutoTokenizer

    causal = engine.module.causal
    state: dict[str, torch.Tensor] = {}
    if job.placement.zero_stage == 3:
        for name, parameter in causal.named_parameters():
            with deepspeed.zero.GatheredParameters([parameter]):
                if rank == 0:
                    state[name] = parameter.detach().cpu().clone()
    if rank == 0:
        causal.save_pretrained(path, state_dict=state or None)
        AutoTokenizer.from_pretrained(job.model, local_files_only=True).save_pretrained(path)
    torch.distributed.barrier()
