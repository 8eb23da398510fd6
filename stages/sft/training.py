"""The fine-tuning run: TRL's SFTTrainer on prepared conversations, resumed from its own checkpoints.

A checkpoint counts once its marker is written, which happens after everything else of it. The Trainer restores weights,
optimizer, schedule, random state and the position in the data, so that a run that was killed ends in the same bytes.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import StepError
from pipeline.output import InlineFanout, Output
from pipeline.stage import Resources
from stages.cpt.records import METRICS_FILE, keep_until
from stages.sft.conversations import Conversations, chat_template_of, load

CHECKPOINTS_FOLDER = ".checkpoints"
COMPLETE_MARK = "COMPLETE"


@dataclass(frozen=True)
class Training:
    """One run's settings as plain JSON: parameters of the stage, then where and how it runs."""

    method: str
    learning_rate: float
    num_epochs: float
    batch_size: int
    warmup_fraction: float
    schedule: str
    weight_decay: float
    max_length: int
    too_long: str
    chat_template: str
    precision: str
    lora_rank: int
    lora_alpha: float
    lora_dropout: float
    seed: int
    micro_batch_size: int
    checkpoint_every_steps: int
    gradient_checkpointing: bool
    num_threads: int
    num_workers: int
    zero_stage: int
    on_gpu: bool


def fine_tune(folder: str, model: str, instructions: str, training: Mapping[str, Any], step: str) -> dict[str, Any]:
    """Fine-tune ``model`` on ``instructions``, write ``<folder>/model``; return counts and losses by step."""
    import torch

    plan = Training(**training)
    torch.set_num_threads(plan.num_threads)
    work = Path(folder)
    trainer, tokenizer, counts = _trainer(work, Path(model), Path(instructions), plan, step)
    checkpoint = latest_checkpoint(work / CHECKPOINTS_FOLDER)
    if trainer.is_world_process_zero():
        keep_until(work / METRICS_FILE, _step_of(checkpoint) if checkpoint else -1)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if trainer.is_world_process_zero():
        _save(trainer, tokenizer, Path(model), work, plan)
    history = trainer.state.log_history
    return {
        **counts,
        "num_steps": trainer.state.global_step,
        "train": [[row["step"], row["loss"]] for row in history if "loss" in row],
        "dev": [[row["step"], row["eval_loss"]] for row in history if "eval_loss" in row],
    }


def latest_checkpoint(folder: Path) -> Path | None:
    """Return the newest complete checkpoint; those that a kill left half-written do not count."""
    complete = [path.parent for path in folder.glob(f"checkpoint-*/{COMPLETE_MARK}")]
    return max(complete, key=_step_of, default=None)


def _step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.rsplit("-", 1)[1])


def drop_half_written(folder: Path) -> None:
    """Delete checkpoints without their mark, so that the Trainer never counts one as a good copy to keep."""
    for path in folder.glob("checkpoint-*"):
        if not (path / COMPLETE_MARK).exists():
            shutil.rmtree(path)


def _trainer(work: Path, model: Path, instructions: Path, plan: Training, step: str) -> tuple[Any, Any, dict[str, Any]]:
    """Return the trainer, its tokenizer (with the chat template used) and the counts of conversations."""
    import datasets
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl.trainer.sft_trainer import SFTTrainer

    where = f"step {step}"
    tokenizer: Any = AutoTokenizer.from_pretrained(model, local_files_only=True)
    tokenizer.chat_template = chat_template_of(tokenizer, plan.chat_template, where)
    splits = {
        split: load(
            instructions / "instructions" / f"{split}.jsonl",
            tokenizer,
            tokenizer.chat_template,
            plan.max_length,
            plan.too_long,
        )
        for split in ("train", "dev")
    }
    if not splits["train"].samples:
        raise StepError(
            f"{where}: no conversation is left to train on: {splits['train'].num_read} were read and "
            f"{splits['train'].num_too_long} are longer than max_length {plan.max_length} tokens"
        )
    network: Any = AutoModelForCausalLM.from_pretrained(model, dtype="float32", local_files_only=True)
    network.config.use_cache = False
    data = {split: datasets.Dataset.from_list(found.samples) for split, found in splits.items() if found.samples}
    trainer = SFTTrainer(
        model=network,
        args=_config(work, plan, math.ceil(len(data["train"]) / plan.batch_size), has_dev="dev" in data),
        train_dataset=data["train"],
        eval_dataset=data.get("dev"),
        processing_class=tokenizer,
        peft_config=_lora(plan) if plan.method == "lora" else None,
        callbacks=[_callback(work, step)],
    )
    return trainer, tokenizer, _counts(splits)


def _counts(splits: Mapping[str, Conversations]) -> dict[str, Any]:
    return {
        f"{split}_conversations": {
            "num_read": found.num_read,
            "num_too_long": found.num_too_long,
            "num_used": len(found.samples),
            "num_answer_tokens": found.num_answer_tokens,
        }
        for split, found in splits.items()
    }


def _lora(plan: Training) -> Any:
    from peft import LoraConfig

    return LoraConfig(
        r=plan.lora_rank,
        lora_alpha=plan.lora_alpha,  # type: ignore[arg-type]
        lora_dropout=plan.lora_dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def _config(work: Path, plan: Training, steps_per_epoch: int, has_dev: bool) -> Any:
    from trl.trainer.sft_config import SFTConfig

    per_step = plan.micro_batch_size * plan.num_workers
    return SFTConfig(
        output_dir=str(work / CHECKPOINTS_FOLDER),
        per_device_train_batch_size=plan.micro_batch_size,
        per_device_eval_batch_size=plan.micro_batch_size,
        gradient_accumulation_steps=plan.batch_size // per_step,
        learning_rate=plan.learning_rate,
        num_train_epochs=plan.num_epochs,
        lr_scheduler_type=plan.schedule,
        warmup_steps=plan.warmup_fraction,  # below 1 it is a share of all steps
        weight_decay=plan.weight_decay,
        bf16=plan.precision == "bfloat16",
        use_cpu=not plan.on_gpu,
        gradient_checkpointing=plan.gradient_checkpointing,
        max_length=None,  # trl cuts silently; too long ones were counted and left out before
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        seed=plan.seed,
        data_seed=plan.seed,
        dataloader_num_workers=0,
        dataloader_pin_memory=plan.on_gpu,
        logging_steps=1,  # so that the losses of a resumed run are those of an undisturbed one
        # at each epoch's last step and the very last: "epoch" comes after that step's checkpoint, and a resume skips it
        eval_strategy="steps" if has_dev else "no",
        eval_steps=steps_per_epoch,
        save_strategy="steps",
        save_steps=plan.checkpoint_every_steps,
        save_total_limit=2,
        report_to="none",
        disable_tqdm=True,
        deepspeed=_deepspeed(plan) if plan.num_workers > 1 else None,
    )


def _deepspeed(plan: Training) -> dict[str, Any]:
    return {
        "zero_optimization": {"stage": plan.zero_stage},
        "bf16": {"enabled": plan.precision == "bfloat16"},
        "train_micro_batch_size_per_gpu": "auto",
        "gradient_accumulation_steps": "auto",
        "gradient_clipping": "auto",
    }


def _callback(work: Path, step: str) -> Any:
    """Return the Trainer's callback that reports progress and losses, and marks finished checkpoints."""
    import torch
    from transformers import TrainerCallback

    output = Output(work, Resources.model_validate({}), InlineFanout(), step)

    class Report(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.is_world_process_zero:
                output.progress(state.global_step, state.max_steps, "steps")

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if state.is_world_process_zero:
                wanted = ("loss", "eval_loss", "learning_rate", "grad_norm", "mean_token_accuracy", "num_tokens")
                found = {name: logs[name] for name in wanted if name in logs}
                if found:  # the Trainer's last words are times alone
                    output.metrics(step=state.global_step, **found)

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if args.world_size > 1:
                torch.distributed.barrier()  # every worker has written its share
            if state.is_world_process_zero:
                (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE_MARK).touch()

    return Report()


def _save(trainer: Any, tokenizer: Any, base: Path, work: Path, plan: Training) -> None:
    """Write the model directory: weights in the base's number format, the base's configuration, the template used."""
    import torch
    from transformers import AutoConfig

    trained = trainer.accelerator.unwrap_model(trainer.model)
    if plan.method == "lora":
        trained = trained.merge_and_unload()
    number_format = AutoConfig.from_pretrained(base, local_files_only=True).dtype or torch.float32
    trained.to("cpu").to(number_format)
    temporary, final = work / ".model", work / "model"
    for folder in (temporary, final):
        shutil.rmtree(folder, ignore_errors=True)
    trained.save_pretrained(temporary)
    tokenizer.save_pretrained(temporary)
    for name in ("config.json", "generation_config.json"):  # the trainer changes both in memory
        if (base / name).exists():
            shutil.copyfile(base / name, temporary / name)
    os.replace(temporary, final)
