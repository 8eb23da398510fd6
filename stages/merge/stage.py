"""`merge`: what continued pre-training learnt, added to the model that follows instructions, as much as dev says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Literal

from pydantic import Field

from eval.errors import EvalError
from eval.forgetting import Candidate, Choice, choose
from pipeline.artifact import write_json
from pipeline.errors import RecipeError, StepError
from pipeline.identity import Json
from pipeline.output import Output
from pipeline.stage import Block, CheckContext, Estimate, Inputs, Need, Resources, Stage, need
from stages.evaluate.scoring import Reading, pooled, read_answers, score_model
from stages.evaluate.stage import EvaluateResources
from stages.merge.candidates import FORMULAS, build, build_and_score, check_mergeable, merge_config, task_vectors

MERGE_FILE = "merge.json"
BASE = "base"
_SCORES = ".scores"
_CANDIDATES = ".candidates"


class Merge(Stage):
    """Build a candidate per coefficient with mergekit, measure each on dev, keep the best that forgets little enough.

    Layout: ``model/``; ``merge.json``: method, formula, candidates with their dev figures, the choice and its reason,
    norms and cosines of the task vectors by layer. Test is never read.
    """

    name: ClassVar[str] = "merge"
    gives: ClassVar[str] = "model"
    needs: ClassVar[Mapping[str, Need]] = {
        "base": need("model"),
        "cpt": need("model"),
        "instruct": need("model"),
        "tokens": need("tokens"),
        "questions": need("questions", optional=True),
    }
    resources_type: ClassVar[type[Resources]] = EvaluateResources

    method: Literal["task_arithmetic", "ties", "dare_ties", "linear"] = "task_arithmetic"
    """How the weights are combined; the formulas are in ``merge.json``. mergekit's own defaults hold for each method:
    TIES divides by the sum of the agreeing weights, the others do not."""
    coefficients: tuple[float, ...] = (0.3, 0.5, 0.7, 1.0)
    """Values of lambda to try, 0 or more (``linear``: 0 to 1). The usual grid around the chat vector's 1."""
    density: float = Field(0.5, gt=0, le=1)
    """Share of each task vector that ``ties`` and ``dare_ties`` keep; 0.5 is in the middle of mergekit's examples."""
    tolerance: float = Field(0.03, ge=0)
    """How much worse general dev text may become against the base, relative; as in the mixture step. Where no candidate
    stays within it, the one that forgot least is taken."""
    max_documents: int = Field(200, ge=0)
    """Dev documents read per part; 0 reads all."""
    max_questions: int = Field(0, ge=0)
    """Dev questions asked per domain task; 0 asks all."""
    rule: Literal["acc", "acc_norm", "acc_bytes"] = "acc"
    """How a choice is picked, as in ``evaluate``."""
    prompt: Literal["plain", "chat", "dev_best"] = "dev_best"
    """How questions are put, as in ``evaluate``."""
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    """Number format for reading the candidates; merging itself is done in float32."""
    seed: int = Field(0, ge=0)
    """Seed of DARE's random drops."""

    def check(self, context: CheckContext) -> None:
        """Refuse an empty grid and coefficients outside the method's range."""
        top = 1.0 if self.method == "linear" else float("inf")
        if not self.coefficients or any(not 0 <= one <= top for one in self.coefficients):
            bounds = "from 0 to 1" if self.method == "linear" else "0 or more"
            raise RecipeError(
                f"{context.where}: coefficients: must be at least one number, each {bounds}, "
                f"got {list(self.coefficients)}"
            )
        if len(set(self.coefficients)) < len(self.coefficients):
            raise RecipeError(f"{context.where}: coefficients: must differ, got {list(self.coefficients)}")

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        """Return the model's size, the disk of the result and of one candidate, and the time to read the candidates."""
        size = inputs[BASE][0].num_parameters
        if size is None:
            return Estimate(basis="unknown: needs the model's size")
        read = 2 * (self.max_documents or 2000) * 1000.0 * (1 + len(self.coefficients))
        flop = 2.0 * size * read
        result = Estimate(num_parameters=size, disk_bytes=4 * size)
        if resources.num_gpus > 0:
            hours = flop / 2e14 / 3600
            return result.but(seconds=hours * 3600, gpu_hours=hours, basis="2 N per token read, at 200 TFLOP/s")
        return result.but(seconds=flop / (1e10 * resources.num_threads), basis="2 N per token, 10 GFLOP/s per thread")

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        """Check, measure the base, build and measure candidates, choose on dev, build the chosen one."""
        models = {role: inputs.one(role).path / "model" for role in (BASE, "cpt", "instruct")}
        try:
            check_mergeable(models, f"step {out.step}")
        except EvalError as error:
            raise StepError(str(error)) from None
        paths = {role: str(path) for role, path in models.items()}
        reading = self._reading(inputs, out)
        configs = {
            f"{self.method}_{coefficient:g}": merge_config(paths, self.method, coefficient, self.density)
            for coefficient in self.coefficients
        }
        scores = out.path / _SCORES
        base = out.map(
            score_model, {BASE: {"model": paths[BASE], "folder": str(scores / BASE), "reading": reading}}, name=BASE
        )
        shards = {
            name: {
                "folder": str(out.path / _CANDIDATES / name),
                "models": paths,
                "config": config,
                "seed": self.seed,
                "scores": str(scores / name),
                "reading": reading,
            }
            for name, config in configs.items()
        }
        found = out.map(build_and_score, shards, name="candidates")
        threads = out.resources.num_threads
        vectors = out.map(task_vectors, {"all": {"models": paths, "num_threads": threads}}, name="vectors")["all"]
        measured = {BASE: base[BASE], **found}
        candidates = {name: self._candidate(name, figures, out) for name, figures in measured.items()}
        choice = choose([candidates[name] for name in configs], candidates[BASE].general_bits_per_byte, self.tolerance)
        final = {"folder": str(out.path / "model"), "models": paths, "config": configs[choice.name], "seed": self.seed}
        out.map(build, {"model": {**final, "num_threads": threads}}, name="final")
        return self._report(candidates, choice, vectors, out)

    def _reading(self, inputs: Inputs, out: Output) -> dict[str, Any]:
        questions = inputs.maybe("questions")
        resources = out.resources
        reading = Reading(
            tokens=str(inputs.one("tokens").path),
            questions=str(questions.path) if questions else "",
            prompt=self.prompt,
            rule=self.rule,
            precision=self.precision,
            max_documents={"dev": self.max_documents},
            max_questions=self.max_questions,
            batch_tokens=resources.batch_tokens if isinstance(resources, EvaluateResources) else 1024,
            num_threads=resources.num_threads,
            device="cuda" if resources.num_gpus > 0 else "cpu",
        )
        return {**asdict(reading), "splits": ["dev"]}

    def _candidate(self, name: str, figures: Mapping[str, Any], out: Output) -> Candidate:
        text = figures["bits_per_byte"]["dev"]
        for part in ("general", "domain"):
            if part not in text:
                raise StepError(
                    f"step {out.step}: the dev split of {part} text is empty. Split more documents into dev"
                )
        try:
            answers = read_answers(out.path / _SCORES / name, "dev", figures)
        except EvalError as error:
            raise StepError(f"step {out.step}: {error}") from None
        return Candidate(name, text["general"], text["domain"], pooled(answers, answers, self.rule))

    def _report(
        self, candidates: Mapping[str, Candidate], choice: Choice, vectors: list[dict[str, Any]], out: Output
    ) -> dict[str, Json]:
        """Write ``merge.json`` and the blocks; return the figures for the manifest."""
        coefficients = {f"{self.method}_{value:g}": value for value in self.coefficients}
        described = [
            {**asdict(candidate), "coefficient": coefficients.get(name), "within": name in choice.within}
            for name, candidate in candidates.items()
        ]
        record: dict[str, Json] = {
            "method": self.method,
            "formula": FORMULAS[self.method],
            "chosen": choice.name,
            "coefficient": coefficients[choice.name],
            "reason": choice.reason,
            "tolerance": self.tolerance,
            "general_limit": choice.limit,
            "within_limit": bool(choice.within),
            "candidates": described,
        }
        write_json(out.path / MERGE_FILE, {**record, "task_vectors": vectors})
        _write_blocks(record, vectors, out)
        return record


def _write_blocks(record: Mapping[str, Any], vectors: Sequence[Mapping[str, Any]], out: Output) -> None:
    rows = [
        [
            ("→ " if one["name"] == record["chosen"] else "") + one["name"],
            "" if one["domain_accuracy"] is None else f"{one['domain_accuracy']:.1%}",
            f"{one['domain_bits_per_byte']:.4f}",
            f"{one['general_bits_per_byte']:.4f}",
            "" if one["name"] == BASE else ("yes" if one["within"] else "no"),
        ]
        for one in record["candidates"]
    ]
    columns = ["candidate", "domain accuracy", "domain bits per byte", "general bits per byte", "within the limit"]
    note = f"Dev only. {record['formula']}. Chosen: {record['reason']}."
    align = ["left", "right", "right", "right", "left"]
    out.block(Block("table", "Merge candidates", {"columns": columns, "rows": rows, "align": align}, note))
    tried = sorted((one for one in record["candidates"] if one["name"] != BASE), key=lambda one: one["coefficient"])
    x = [one["coefficient"] for one in tried]
    series = [
        {"name": f"{part} text", "x": x, "y": [one[f"{part}_bits_per_byte"] for one in tried]}
        for part in ("domain", "general")
    ]
    series.append({"name": "general limit", "x": x, "y": [record["general_limit"]] * len(x), "style": "dashed"})
    marks = [{"x": record["coefficient"], "label": "chosen"}]
    data = {"x_label": "lambda", "y_label": "dev bits per byte", "series": series, "marks": marks}
    out.block(Block("curves", "Merge: what lambda costs and gains", data))
    layers = [
        [one["layer"], f"{one['norm_instruct']:.4g}", f"{one['norm_cpt']:.4g}", _signed(one["cosine"])]
        for one in vectors
    ]
    columns = ["layer", "|instruct - base|", "|cpt - base|", "cosine"]
    note = "A cosine near 0 says that both trainings moved the weights in unrelated directions, which adds up well."
    data = {"columns": columns, "rows": layers, "align": ["left", "right", "right", "right"]}
    out.block(Block("table", "Task vectors by layer", data, note))
    if not record["within_limit"]:
        text = f"No candidate stays within the limit for general text: {record['reason']}."
        out.block(Block("text", "Forgetting beyond the limit", {"text": text, "severity": "warning"}))


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.3f}"


STAGE = Merge
