"""`sft`: a model learns to answer: instruction conversations, loss on the answers only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Literal

from pydantic import Field

from pipeline.errors import RecipeError, StepError
from pipeline.identity import Json
from pipeline.output import Output
from pipeline.stage import Block, CheckContext, Estimate, Inputs, Need, Resources, Stage, need
from stages.sft.training import CHECKPOINTS_FOLDER, Training, drop_half_written, fine_tune

CURVE_POINTS = 400


class SftResources(Resources):
    """Where and how wide training runs; nothing here changes what is learnt beyond rounding."""

    micro_batch_size: int = Field(16, ge=1)
    """Conversations per forward pass and worker; batch_size must be a multiple of it times num_workers."""
    checkpoint_every_steps: int = Field(100, ge=1)
    """Optimizer steps between checkpoints: at most this many are lost by a crash."""
    gradient_checkpointing: bool = False
    """Recompute activations instead of keeping them: a third more time for much less memory."""
    num_workers: int = Field(1, ge=1)
    """Training processes. One trains in a task of its own; more need a GPU each and DeepSpeed."""
    zero_stage: int = Field(2, ge=0, le=2)
    """DeepSpeed ZeRO stage with several workers: 0 shares nothing, 1 the optimizer, 2 gradients too."""


class Sft(Stage):
    """Supervised fine-tuning through TRL, with LoRA adapters (merged into the weights at the end) or all weights.

    LoRA: Hu et al., arXiv 2106.09685, on every linear layer but the head. The result is always a full model, with the
    chat template that it was trained with.
    """

    name: ClassVar[str] = "sft"
    gives: ClassVar[str] = "model"
    needs: ClassVar[Mapping[str, Need]] = {"model": need("model"), "instructions": need("instructions")}
    resources_type: ClassVar[type[Resources]] = SftResources

    method: Literal["lora", "full"] = "lora"
    """What is trained: low-rank adapters, or all weights."""
    learning_rate: float = Field(2e-4, gt=0, le=1)
    """Peak learning rate. 2e-4 is PEFT's usual value for LoRA; 2e-5 (trl's default) suits all weights of a large model,
    1e-3 those of a model of a few million."""
    num_epochs: float = Field(2.0, gt=0)
    """Passes over the conversations."""
    batch_size: int = Field(16, ge=1)
    """Conversations per optimizer step, over all workers."""
    warmup_fraction: float = Field(0.03, ge=0, lt=1)
    """Share of the steps over which the rate rises from 0."""
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = "cosine"
    """How the rate falls after the warm-up."""
    weight_decay: float = Field(0.0, ge=0)
    """Decoupled weight decay of AdamW."""
    max_length: int = Field(1024, ge=8)
    """Longest conversation in tokens. Nothing is cut: what is longer is left out and counted, or an error."""
    too_long: Literal["drop", "error"] = "drop"
    """What happens to a longer conversation."""
    chat_template: str = "tokenizer"
    """``tokenizer``: its own; ``plain``: ``User: ... Assistant: ...`` without new tokens, for bases that have none; or
    the Jinja text, with the answers marked by ``{% generation %}``."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Number format of the activations; weights and optimizer are always float32 while training."""
    lora_rank: int = Field(16, ge=1)
    """Rank of the adapters; PEFT's usual range is 8 to 64."""
    lora_alpha: float = Field(32.0, gt=0)
    """Scale of the adapters: they count alpha / rank times."""
    lora_dropout: float = Field(0.0, ge=0, lt=1)
    """Dropout on the adapters' input."""
    seed: int = Field(0, ge=0)
    """Seed of the adapters, the order and the dropout."""

    def check(self, context: CheckContext) -> None:
        """Refuse a chat template that is neither a known name nor Jinja text."""
        if self.chat_template not in ("tokenizer", "plain") and "{%" not in self.chat_template:
            raise RecipeError(
                f"{context.where}: chat_template: must be tokenizer, plain or a Jinja text, got {self.chat_template!r}"
            )

    @classmethod
    def starts_workers(cls, resources: Resources) -> bool:
        return isinstance(resources, SftResources) and resources.num_workers > 1

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        """Return the model's size and disk; the time where the number of conversations' tokens is known."""
        (model,) = inputs["model"]
        tokens = next((one.num_tokens for one in inputs.get("instructions", ())), None)
        disk = None if model.num_parameters is None else 4 * model.num_parameters
        result = Estimate(num_parameters=model.num_parameters, disk_bytes=disk, basis="disk: 4 bytes per parameter")
        if tokens is None or model.num_parameters is None:
            return result
        flop = 6 * model.num_parameters * tokens * self.num_epochs
        if resources.num_gpus > 0:
            hours = flop / 1.5e14 / 3600
            return result.but(seconds=hours * 3600, gpu_hours=hours, basis="6 N per token, at 150 TFLOP/s")
        return result.but(
            seconds=flop / (1e10 * resources.num_threads), basis="6 N per token, at 10 GFLOP/s per thread"
        )

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        """Train in a task of its own, or in one process per worker; write ``model/`` and the loss curves."""
        resources = out.resources
        if not isinstance(resources, SftResources):
            resources = SftResources(**resources.model_dump())
        per_step = resources.micro_batch_size * resources.num_workers
        if self.batch_size % per_step:
            raise StepError(
                f"step {out.step}: batch_size must be a multiple of micro_batch_size x num_workers = {per_step}, "
                f"got {self.batch_size}"
            )
        arguments = {
            "folder": str(out.path),
            "model": str(inputs.one("model").path / "model"),
            "instructions": str(inputs.one("instructions").path),
            "training": asdict(self.training(resources)),
            "step": out.step,
        }
        drop_half_written(out.path / CHECKPOINTS_FOLDER)
        if resources.num_workers > 1:
            from stages.sft.workers import fine_tune_on_workers

            found = fine_tune_on_workers(arguments, resources, out)
        else:
            found = out.map(fine_tune, {"train": arguments}, name="training")["train"]
        return _report(found, out)

    def training(self, resources: SftResources) -> Training:
        """Return the settings of one run."""
        parameters = self.model_dump()
        wider = ("micro_batch_size", "checkpoint_every_steps", "gradient_checkpointing", "num_threads", "num_workers")
        return Training(
            **parameters,
            **{name: getattr(resources, name) for name in (*wider, "zero_stage")},
            on_gpu=resources.num_gpus > 0,
        )


def _report(found: Mapping[str, Any], out: Output) -> dict[str, Json]:
    """Write the loss curves; return the counts and last losses."""
    every = max(1, len(found["train"]) // CURVE_POINTS)
    series = [
        {"name": name, "x": [x for x, _ in points], "y": [y for _, y in points], "style": style}
        for name, points, style in (("train", found["train"][::every], "line"), ("dev", found["dev"], "points"))
        if points
    ]
    train = found["train_conversations"]
    note = f"Mean loss of the answers' tokens, nats. {train['num_used']} conversations"
    note += f", {train['num_too_long']} too long and left out." if train["num_too_long"] else "."
    out.block(
        Block(
            "curves",
            "Fine-tuning loss",
            {"x_label": "optimizer step", "y_label": "loss, nats per answer token", "series": series},
            note,
        )
    )
    last = [loss for _, loss in found["train"][-10:]]
    return {
        "num_steps": found["num_steps"],
        "conversations": train,
        "dev_conversations": found["dev_conversations"],
        "train_loss": sum(last) / len(last),
        "dev_loss": found["dev"][-1][1] if found["dev"] else None,
    }


STAGE = Sft
