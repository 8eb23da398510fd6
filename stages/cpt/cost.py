"""What a training is expected to cost: 6 N D operations (Kaplan et al., arXiv 2001.08361), and memory by its parts."""

from __future__ import annotations

from pipeline.stage import Estimate, Resources
from stages.cpt.policy import Policy, TrainingResources

GPU_FLOPS = 989e12
"""Dense bf16 operations per second of an NVIDIA H100 SXM, from its data sheet."""
GPU_UTILISATION = 0.40
"""Share of that reached (MFU): what well-tuned training of dense models of 1-70 B reports; less on slow links."""
CPU_FLOPS_PER_THREAD = 30e9
"""fp32 operations per second of one laptop core, counted as 6ND: 23-43e9 were measured in this loop with models of
0.4-2.7 million weights and a vocabulary of 4096, whose output layer is not in N."""
ASPECT = 128
"""Width over layers of usual dense models (Kaplan et al., section 3.1: losses hardly depend on it from 30 to 200)."""
BYTES_PER_ACTIVATION = 34
"""Of bf16 activations per token, layer and unit of width, attention maps not kept (Korthikanti et al., arXiv
2205.05198, equation 2 without its last term)."""
LOGIT_BYTES = 1.5e9
"""A GPU's chunk of logits, their softmax and its gradient (``losses.GPU_CHUNK_ELEMENTS``)."""


def worker_memory(num_parameters: float, precision: str, resources: TrainingResources, sequence_length: int) -> float:
    """Return the bytes that one worker's device holds at most.

    Weights and gradients in the training's precision, 12 bytes a weight of fp32 copy and moments (8 in fp32 under ZeRO
    0, where the weights are their own copy), each shared among the workers from its ZeRO stage on; activations of one
    micro-batch; a chunk of logits. The width is that of a usual model of N weights: N = 12 L D^2 with D = 128 L. The
    libraries' buffers come on top, some GB on a GPU.
    """
    value, share = (2 if precision == "bf16" else 4), 1 / resources.num_workers
    stage = resources.zero_stage
    weights = value * num_parameters * (share if stage >= 3 else 1)
    gradients = value * num_parameters * (share if stage >= 2 else 1)
    states = (8 if precision == "fp32" and stage == 0 else 12) * num_parameters * (share if stage else 1)
    width = float((ASPECT * num_parameters / 12) ** (1 / 3))
    layers = width / ASPECT
    tokens = resources.micro_batch_size * sequence_length
    per_layer = BYTES_PER_ACTIVATION * tokens * width * value / 2
    kept = value * tokens * width * layers + per_layer if resources.recompute_activations else per_layer * layers
    logits = LOGIT_BYTES if resources.num_gpus else 0.0
    return weights + gradients + (0.0 if resources.offload else states) + kept + logits


def training_estimate(
    num_parameters: float | None,
    num_tokens: float,
    policy: Policy,
    resources: Resources,
    sequence_length: int | None = None,
) -> Estimate:
    """Return time, GPU-hours, disk and memory of training ``num_parameters`` weights on ``num_tokens`` tokens."""
    if num_parameters is None or not isinstance(resources, TrainingResources):
        return Estimate(num_tokens=num_tokens, basis="the size of the model is not known yet")
    operations = 6 * num_parameters * num_tokens
    bytes_per_weight = 2 if policy.precision == "bf16" else 4
    # the model, and fp32 weights with two moments for every checkpoint: those kept, the best, and one being written
    disk = num_parameters * (bytes_per_weight + 12 * (resources.keep_checkpoints + 2))
    memory = sequence_length and worker_memory(num_parameters, policy.precision, resources, sequence_length)
    common = Estimate(
        num_tokens=num_tokens, num_parameters=num_parameters, disk_bytes=disk, memory_bytes=memory or None
    )
    if resources.num_gpus:
        seconds = operations / (GPU_FLOPS * GPU_UTILISATION * resources.num_workers)
        gpu_hours = seconds * resources.num_workers * resources.num_gpus / 3600
        basis = f"6ND at {GPU_UTILISATION:.0%} of an H100's {GPU_FLOPS / 1e12:.0f} TFLOP/s"
        return common.but(seconds=seconds, gpu_hours=gpu_hours, basis=basis)
    speed = CPU_FLOPS_PER_THREAD * resources.num_threads * resources.num_workers
    basis = f"6ND at {CPU_FLOPS_PER_THREAD / 1e9:.0f} GFLOP/s per thread"
    return common.but(seconds=operations / speed, basis=basis)
