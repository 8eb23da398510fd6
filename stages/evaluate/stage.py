"""`evaluate`: the base beside every adapted model on test text and test questions. The only stage that opens test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import ClassVar, Literal

from pydantic import Field

from eval.errors import EvalError
from pipeline.artifact import Artifact, write_json
from pipeline.errors import StepError
from pipeline.identity import Json
from pipeline.output import Output
from pipeline.stage import Estimate, Inputs, Need, Resources, Stage, need
from stages.evaluate.scoring import Reading, require_text_or_questions, score_model

DETAILS_FOLDER = "details"
SCORES_FILE = "scores.json"
ROLES = ("base", "cpt", "instruct", "sft", "merged")


class EvaluateResources(Resources):
    """Where models are read; nothing here changes what is measured."""

    batch_tokens: int = Field(1024, ge=128)
    """Positions of one forward pass. A CPU is fastest at about 1,000 (measured at a vocabulary of 4,096), a GPU at
    16,000 or more. The logits take 4 bytes times the vocabulary for each position."""


class Evaluate(Stage):
    """Compare the base with the models made of it.

    Layout: ``scores.json`` (see ``stages/evaluate/compare.py``), ``details/<model>/<split>/`` (one row per document and
    question, see ``stages/evaluate/scoring.py``), so that any other comparison can be made later.
    """

    name: ClassVar[str] = "evaluate"
    gives: ClassVar[str] = "scores"
    needs: ClassVar[Mapping[str, Need]] = {
        "base": need("model"),
        "cpt": need("model", optional=True),
        "instruct": need("model", optional=True),
        "sft": need("model", optional=True),
        "merged": need("model", optional=True),
        "controls": need("model", many=True, optional=True),
        "tokens": need("tokens", optional=True),
        "questions": need("questions", optional=True),
    }
    resources_type: ClassVar[type[Resources]] = EvaluateResources

    rule: Literal["acc", "acc_norm", "acc_bytes"] = "acc"
    """How a choice is picked: highest log-likelihood (``acc``), per character (``acc_norm``), per UTF-8 byte
    (``acc_bytes``). The default suits choices that are whole, short values of one kind, as the worlds' are: it is the
    model's own probability. All three are in ``scores.json``; this one is the headline."""
    prompt: Literal["plain", "chat", "dev_best"] = "dev_best"
    """How questions are put. ``dev_best`` asks dev both ways and test in the way that was best on dev, for every model
    and kind of question: a base must be compared at its own best prompt (Jeong et al., arXiv 2411.04118)."""
    max_test_documents: int = Field(2000, ge=0)
    """Test documents per part, evenly spread over the split; 0 reads all. 2,000 give intervals below 1 %."""
    max_dev_documents: int = Field(200, ge=0)
    """Dev documents per part, for the choice of what to publish; 0 reads all."""
    max_questions: int = Field(0, ge=0)
    """Questions per task and split; 0 asks all."""
    context_length: int = Field(0, ge=0)
    """Context in tokens for text; 0 takes the packed sequences' length. Never beyond the model's."""
    overlap_fraction: float = Field(0.25, ge=0, lt=1)
    """Share of a window that only gives context to the next, for documents longer than the context."""
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    """Number format of weights and activations."""
    num_resamples: int = Field(2000, ge=100)
    """Bootstrap draws. 2,000 fix a 95 % limit to about 0.1 standard errors."""
    seed: int = Field(0, ge=0)
    """Seed of the bootstrap."""

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        """Return the cost of reading: 2 N FLOP per token and model, at 10 GFLOP/s per thread or 200 TFLOP/s per GPU."""
        models = [one for role in (*ROLES, "controls") for one in inputs.get(role, ())]
        sizes = [one.num_parameters for one in models]
        tokens = next((one.num_tokens for one in inputs.get("tokens", ())), None)
        if not sizes or tokens is None or any(size is None for size in sizes):
            return Estimate(basis="unknown: needs the models' sizes and the number of tokens")
        read = min(0.02 * tokens, 2 * (self.max_test_documents + self.max_dev_documents) * 1000.0)
        flop = sum(2.0 * (size or 0.0) * read for size in sizes)
        if resources.num_gpus > 0:
            hours = flop / 2e14 / 3600
            return Estimate(seconds=hours * 3600, gpu_hours=hours, basis="2 N per token read, at 200 TFLOP/s")
        seconds = flop / (1e10 * resources.num_threads)
        return Estimate(seconds=seconds, basis="2 N per token read, at 10 GFLOP/s per thread")

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        """Read and question every model, one shard each; compare each with the base; write scores and blocks."""
        from stages.evaluate.compare import compare_models, headline_metrics
        from stages.evaluate.report import write_blocks

        tokens, questions = inputs.maybe("tokens"), inputs.maybe("questions")
        require_text_or_questions(tokens, questions, f"step {out.step}")
        models = named_models(inputs)
        resources = out.resources
        reading = Reading(
            tokens=str(tokens.path) if tokens else "",
            questions=str(questions.path) if questions else "",
            prompt=self.prompt,
            rule=self.rule,
            precision=self.precision,
            context_length=self.context_length,
            overlap_fraction=self.overlap_fraction,
            max_documents={"dev": self.max_dev_documents, "test": self.max_test_documents},
            max_questions=self.max_questions,
            batch_tokens=resources.batch_tokens if isinstance(resources, EvaluateResources) else 1024,
            num_threads=resources.num_threads,
            device="cuda" if resources.num_gpus > 0 else "cpu",
        )
        details = out.path / DETAILS_FOLDER
        shards = {
            name: {
                "model": str(model.path / "model"),
                "folder": str(details / name),
                "reading": {**asdict(reading), "splits": ["dev", "test"]},
            }
            for name, model in models.items()
        }
        summaries = out.map(score_model, shards, name="models")
        try:
            scores = compare_models(self, details, models, summaries, questions.path if questions else None)
        except EvalError as error:
            raise StepError(f"step {out.step}: {error}") from None
        write_json(out.path / SCORES_FILE, scores)
        write_blocks(out, scores)
        return headline_metrics(scores)


def named_models(inputs: Inputs) -> dict[str, Artifact]:
    """Return the models by role, and the controls by their step's name; the base first."""
    found = {role: inputs.one(role) for role in ROLES if inputs.maybe(role) is not None}
    for control in inputs.get("controls", []):
        name = str(control.manifest["step"])
        if name in found or name in ROLES:
            name = f"{name}-{control.key[:6]}"
        found[name] = control
    return found


STAGE = Evaluate
