"""A small base from scratch, for machines without one: a Llama-type model on packed general text, to its plateau."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.errors import RecipeError
from pipeline.stage import Block, CheckContext, Estimate, Inputs, Need, Resources, Stage, need
from stages.cpt.cost import training_estimate
from stages.cpt.policy import Policy, TrainingResources

if TYPE_CHECKING:
    from pipeline.identity import Json
    from pipeline.output import Output

START_FOLDER = ".start"


class Pretrain(Policy, Stage):
    """Train a new model until its general dev loss is flat, or the budget is spent."""

    name = "pretrain"
    gives = "model"
    needs: ClassVar[Mapping[str, Need]] = {"tokens": need("tokens"), "tokenizer": need("tokenizer")}
    resources_type = TrainingResources
    saves_when_stopped = True

    hidden_size: int = Field(128, ge=16)
    """Width of the model."""
    num_layers: int = Field(4, ge=1)
    """Transformer blocks."""
    num_heads: int = Field(4, ge=1)
    """Attention heads; hidden_size / num_heads must be a multiple of 2 (rotary positions turn pairs)."""
    intermediate_size: int = Field(344, ge=16)
    """Width inside the gated MLP; about 8/3 of hidden_size (arXiv 2302.13971)."""
    learning_rate: float = Field(3.0e-3, gt=0)
    """Peak learning rate; 3e-3 suits a few million weights."""
    global_batch_tokens: int = Field(1024, ge=1)
    """Tokens per optimizer step; a multiple of the packed sequence length. A short run wants many small steps: with
    0.44 million weights and 160,000 tokens, 2048 per step ended at 4.31 nats per token, 1024 at 3.74."""
    warmup_share: float = Field(0.02, ge=0, lt=1)
    """Share of the steps (0..1) with a linear warm-up from 0."""
    decay_share: float = Field(0.2, gt=0, lt=1)
    """wsd only: share of the steps (0..1) in the decay; longer than for continued pre-training, as runs are short."""
    domain_share: float = Field(0.0, ge=0, lt=1)
    """Share of the training (0..1) from the tokens' domain part: what a base reads of special fields before it is
    adapted to one. The plateau is the general part's."""
    max_tokens: int = Field(1_500_000, ge=1)
    """Budget in tokens, decay included. The default is the laptop's 150 seconds."""
    evaluate_every_tokens: int = Field(131_072, ge=1)
    """Tokens between measurements of the dev loss."""
    plateau_evaluations: int = Field(3, ge=1)
    """The loss is flat when over this many measurements ..."""
    plateau_tolerance: float = Field(0.01, ge=0)
    """... it fell by less than this, in nats per token. 0 lets only a rise count."""
    dev_tokens: int = Field(16384, ge=0)
    """Tokens of each part's dev split that a measurement reads; 0 reads all."""
    seed: int = Field(0, ge=0)
    """Decides the first weights and the order of the sequences."""

    def check(self, context: CheckContext) -> None:
        self.check_placement(context)
        head, rest = divmod(self.hidden_size, self.num_heads)
        if rest or head % 2:
            raise RecipeError(
                f"{context.where}: hidden_size / num_heads must be an even whole number, got "
                f"{self.hidden_size} / {self.num_heads}. Change one of them"
            )

    def num_parameters(self) -> int:
        """Return the weights outside the embedding: attention, gated MLP and norms."""
        block = 4 * self.hidden_size**2 + 3 * self.hidden_size * self.intermediate_size + 2 * self.hidden_size
        return self.num_layers * block + self.hidden_size

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        return training_estimate(self.num_parameters(), self.max_tokens, self, resources)

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        from stages.cpt.job import Job, Plateau, steps_for
        from stages.cpt.launch import launch_as_task
        from stages.cpt.schedule import uniform_steps
        from stages.cpt.summary import describe

        start = out.path / START_FOLDER
        self.write_start(inputs.one("tokenizer").path / "tokenizer", inputs.one("tokens").path, start)
        policy = Policy.of(self)
        every = steps_for(self.evaluate_every_tokens, policy)
        job = Job(
            work=str(out.path),
            model=str(start),
            tokens=str(inputs.one("tokens").path),
            domain_share=self.domain_share,
            num_tokens=self.max_tokens,
            policy=policy,
            seed=self.seed,
            evaluate_at=tuple(uniform_steps(steps_for(self.max_tokens, policy), every)),
            dev_tokens=self.dev_tokens,
            plateau=Plateau(self.plateau_evaluations, self.plateau_tolerance),
        )
        result = launch_as_task(job, out)
        stopped_by = "plateau" if result["plateau"] else "budget"
        reason = (
            "its general dev loss was flat, so the learning rate was decayed and the training ended"
            if result["plateau"]
            else f"the budget of {self.max_tokens:,} tokens was spent while the loss still fell"
        )
        out.block(
            Block("text", "Why the pre-training ended", {"text": f"It ended because {reason}.", "severity": "info"})
        )
        return {**describe(result, job, out, "Pre-training"), "stopped_by": stopped_by}

    def write_start(self, tokenizer: Path, tokens: Path, folder: Path) -> None:
        """Write the untrained model and its tokenizer; the same seed gives the same bytes."""
        import torch
        from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

        from data_tools.packing import read_meta
        from data_tools.tokenizers import boundary_ids, load_tokenizer

        loaded = load_tokenizer(tokenizer)
        bos, eos, pad = boundary_ids(loaded)
        length = read_meta(tokens)["sequence_length"]
        config = LlamaConfig(
            vocab_size=len(loaded),
            hidden_size=self.hidden_size,
            num_hidden_layers=self.num_layers,
            num_attention_heads=self.num_heads,
            num_key_value_heads=self.num_heads,
            intermediate_size=self.intermediate_size,
            max_position_embeddings=length,
            tie_word_embeddings=True,
            bos_token_id=bos,
            eos_token_id=eos,
            pad_token_id=pad,
        )
        torch.manual_seed(self.seed)
        model = LlamaForCausalLM(config)
        model.generation_config = GenerationConfig(bos_token_id=bos, eos_token_id=eos, pad_token_id=pad)
        model.save_pretrained(folder)
        loaded.save_pretrained(folder)


STAGE = Pretrain
