"""The training policy that ``pretrain``, ``cpt`` and the ``mixture`` proxies share, and where a training runs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.errors import RecipeError
from pipeline.stage import CheckContext, Resources


class Policy(BaseModel):
    """How weights are updated. Every field changes the result, so every field is part of the artifact's key."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    optimizer: Literal["adamw", "spam", "stable_spam"] = "adamw"
    """``adamw`` (Loshchilov & Hutter, arXiv 1711.05101), ``spam`` (arXiv 2501.06842), or ``stable_spam`` (arXiv
    2502.17055), which needs whole tensors: ``zero_stage: 0``."""
    learning_rate: float = Field(3.0e-4, gt=0)
    """Peak learning rate. 3e-4 is the published value for continued pre-training of models up to 1 B parameters; take
    3e-5 for 3-8 B (arXiv 2406.14833)."""
    schedule: Literal["cosine", "wsd"] = "wsd"
    """``cosine``: re-warmed, re-decayed (arXiv 2403.08763). ``wsd``: warm-up, stable, decay (arXiv 2404.06395)."""
    warmup_share: float = Field(0.01, ge=0, lt=1)
    """Share of the steps (0..1) with a linear warm-up from 0; 1 % in arXiv 2403.08763, whose length hardly matters."""
    decay_share: float = Field(0.1, gt=0, lt=1)
    """wsd only: share of the steps (0..1) in the decay at the end; 10 % in arXiv 2404.06395 (2.5 % is too short)."""
    min_learning_rate_ratio: float = Field(0.1, ge=0, le=1)
    """Final over peak learning rate (0..1); 0.1 in arXiv 2403.08763."""
    beta1: float = Field(0.9, ge=0, lt=1)
    """Decay of the first moment."""
    beta2: float = Field(0.95, ge=0, lt=1)
    """Decay of the second moment; 0.95 is usual for language models, 0.999 in SPAM's paper."""
    epsilon: float = Field(1.0e-8, gt=0)
    """Added to the root of the second moment."""
    weight_decay: float = Field(0.1, ge=0)
    """Decoupled weight decay of matrices; norms, biases and embeddings have none."""
    gradient_clip: float = Field(1.0, ge=0)
    """Largest global norm of the gradient; 0 clips nothing."""
    global_batch_tokens: int = Field(8192, ge=1)
    """Tokens per optimizer step over all workers; a multiple of the packed sequence length."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Type of weights and activations; with bf16, master weights and moments stay fp32."""
    spam_threshold: float = Field(5000.0, gt=0)
    """SPAM's theta: a gradient element whose square exceeds theta times its second moment is cut; 5000 in the paper."""
    spam_interval: int = Field(500, ge=1)
    """SPAM's delta T: steps between momentum resets; 500 in the paper, worse below 100; 1000 in Stable-SPAM's."""
    spam_warmup: int = Field(150, ge=0)
    """SPAM's N: steps of cosine warm-up of the update after a reset; 150 in the paper."""
    spam_grace: int = Field(20, ge=0)
    """Steps after a reset without cutting, while the second moment is young; 20 in the authors' code."""
    spam_restart_bias_correction: bool = True
    """Restart Adam's bias correction at a reset. False is the authors' code: a larger effective learning rate."""
    spam_density: float = Field(1.0, gt=0, le=1)
    """SPAM's sparse momentum: share of the weights (0..1] that take part until the next reset, drawn anew at each."""
    stable_spam_gammas: tuple[float, float, float] = (0.7, 0.9, 0.999)
    """Stable-SPAM: decay of the norm's mean, of its square, and of the largest element's mean; the paper's values."""

    @model_validator(mode="after")
    def _phases_fit(self) -> Policy:
        if self.schedule == "wsd" and self.warmup_share + self.decay_share > 1:
            total = self.warmup_share + self.decay_share
            raise ValueError(f"warmup_share + decay_share must be <= 1 with schedule wsd, got {total:g}")
        return self

    spike_loss: float = Field(8.0, gt=0)
    """An update is skipped whose loss lies so many deviations above the level of the last ones; in 120 undisturbed
    trainings of 0.1 to 1.2 million weights the largest was 6.4."""
    spike_norm: float = Field(30.0, gt=1)
    """An update is skipped whose gradient norm is so many times the median of the last ones; in 21 of those the largest
    was 19."""
    spike_window: int = Field(128, ge=32)
    """How many of the last updates are compared with."""
    spike_patience: int = Field(3, ge=0)
    """More skipped updates than this within the window, and the run goes back to its last good checkpoint and leaves
    out the data that are to blame."""
    max_rollbacks: int = Field(3, ge=0)
    """How often, before the run stops with a diagnosis."""

    @model_validator(mode="after")
    def _gammas_in_range(self) -> Policy:
        if not all(0 <= gamma < 1 for gamma in self.stable_spam_gammas):
            raise ValueError(f"stable_spam_gammas must be >= 0 and < 1, got {list(self.stable_spam_gammas)}")
        return self

    def check_placement(self, context: CheckContext) -> None:
        """Raise RecipeError where the step's resources contradict each other or the optimizer."""
        zero_stage = getattr(context.resources, "zero_stage", 0)
        if getattr(context.resources, "offload", False) and not zero_stage:
            raise RecipeError(
                f"{context.where}: offload moves what ZeRO shards, and zero_stage is 0. Set zero_stage: 1, 2 or 3, or "
                "offload: false"
            )
        if self.optimizer == "stable_spam" and zero_stage:
            raise RecipeError(
                f"{context.where}: optimizer stable_spam needs whole tensors for its norms, and zero_stage "
                f"{zero_stage} cuts them into flat partitions. Take optimizer: spam, or zero_stage: 0 in the step's "
                "resources"
            )

    @classmethod
    def of(cls, stage: BaseModel) -> Policy:
        """Return the policy among a stage's parameters (a stage that inherits from Policy)."""
        return cls(**{name: getattr(stage, name) for name in cls.model_fields})


class TrainingResources(Resources):
    """Where a training runs. Nothing here changes an artifact's key; sums are re-ordered, to rounding."""

    num_workers: int = Field(1, ge=1)
    """Training processes: on GPUs one per GPU, else each with ``num_threads`` CPU threads."""
    micro_batch_size: int = Field(8, ge=1)
    """Sequences per worker in one forward pass; lowered to what ``global_batch_tokens`` leaves each worker."""
    zero_stage: int = Field(0, ge=0, le=3)
    """DeepSpeed ZeRO: 0 replicates, 1 shards optimizer states, 2 gradients too, 3 weights too."""
    offload: bool = False
    """ZeRO 1-3: keep optimizer states in host memory."""
    recompute_activations: bool = False
    """Activation checkpointing: keep one activation per layer and compute the others again in the backward pass; a
    third more computing for a fraction of the memory."""
    checkpoint_every: int = Field(200, ge=1)
    """Optimizer steps between checkpoints."""
    keep_checkpoints: int = Field(2, ge=1)
    """Newest checkpoints to keep; the one with the lowest domain dev loss is kept as well."""
    compile: bool = False
    """Compile the model with torch.compile: slower to start, faster to run."""
    max_failures: int = Field(3, ge=0)
    """How often Ray Train restarts the workers, from the last checkpoint, before the step fails."""
