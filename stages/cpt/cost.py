"""What a training is expected to cost: 6 * N * D floating point operations (Kaplan et al., arXiv 2001.08361)."""

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
CHECKPOINTS_KEPT = 2


def training_estimate(
    num_parameters: float | None, num_tokens: float, policy: Policy, resources: Resources
) -> Estimate:
    """Return time, GPU-hours and disk of training ``num_parameters`` weights on ``num_tokens`` tokens."""
    if num_parameters is None or not isinstance(resources, TrainingResources):
        return Estimate(num_tokens=num_tokens, basis="the size of the model is not known yet")
    operations = 6 * num_parameters * num_tokens
    bytes_per_weight = 2 if policy.precision == "bf16" else 4
    # weights, and per kept checkpoint weights with fp32 master copy and two moments
    disk = num_parameters * (bytes_per_weight + CHECKPOINTS_KEPT * (bytes_per_weight + 12))
    common = Estimate(num_tokens=num_tokens, num_parameters=num_parameters, disk_bytes=disk)
    if resources.num_gpus:
        seconds = operations / (GPU_FLOPS * GPU_UTILISATION * resources.num_workers)
        gpu_hours = seconds * resources.num_workers * resources.num_gpus / 3600
        basis = f"6ND at {GPU_UTILISATION:.0%} of an H100's {GPU_FLOPS / 1e12:.0f} TFLOP/s"
        return common.but(seconds=seconds, gpu_hours=gpu_hours, basis=basis)
    speed = CPU_FLOPS_PER_THREAD * resources.num_threads * resources.num_workers
    basis = f"6ND at {CPU_FLOPS_PER_THREAD / 1e9:.0f} GFLOP/s per thread"
    return common.but(seconds=operations / speed, basis=basis)
