"""`export`: the published model as one complete Hugging Face directory, with a card that says what is known of it."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from data_tools.errors import DataError
from data_tools.model_files import PATTERNS, check_model_folder
from eval.forgetting import Candidate, choose
from pipeline.artifact import Artifact
from pipeline.errors import StepError
from pipeline.identity import Json
from pipeline.output import Output
from pipeline.stage import Block, Inputs, Need, Stage, need
from stages.export.card import card, write_card
from stages.export.headline import headline

PUBLISHABLE = ("merged", "sft", "cpt")
"""In the order that decides ties of ``best``."""


class Export(Stage):
    """Publish one of the adapted models. Layout: ``model/``, the weights of the published step byte for byte."""

    name: ClassVar[str] = "export"
    gives: ClassVar[str] = "export"
    needs: ClassVar[Mapping[str, Need]] = {
        "scores": need("scores"),
        "merged": need("model", optional=True),
        "sft": need("model", optional=True),
        "cpt": need("model", optional=True),
        "mixture": need("mixture", optional=True),
        "documents": need("documents", many=True, optional=True),
    }

    publish: Literal["merged", "sft", "cpt", "best"] = "merged"
    """Which model. ``best``: highest accuracy on the domain's dev questions (lowest domain dev bits per byte without
    questions) among those that keep general dev text within ``tolerance``. Test has no part in it."""
    tolerance: float = Field(0.03, ge=0)
    """For ``best``: how much worse general dev text may be than the base's, relative; as in the mixture step."""

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        """Choose, link or copy the model, write its card; the metrics hold the run's last three lines."""
        scored_by = inputs.one("scores")
        scores = json.loads((scored_by.path / "scores.json").read_text("utf-8"))
        models = {role: inputs.one(role) for role in PUBLISHABLE if inputs.maybe(role) is not None}
        published, reason = self._choose(scores, models, out.step)
        made_by = models[published]
        try:
            check_model_folder(made_by.path / "model", f"step {out.step}")
        except DataError as error:
            raise StepError(str(error)) from None
        place_model(made_by.path / "model", out.path / "model")
        lines = headline(scores, published)
        text = card(
            scores,
            published,
            reason,
            lines,
            made_by=made_by,
            scored_by=scored_by,
            documents=inputs.get("documents", []),
            mixture=inputs.maybe("mixture"),
        )
        write_card(out.path / "model", text)
        best = scores["best"]
        warn = best["name"] not in (None, published)
        verdict = f"Published: {published} (step {made_by.manifest['step']}). {reason}"
        if warn:
            verdict += f" On test {best['name']} is best by {best['by']}."
        data = {"text": verdict, "severity": "warning" if warn else "info"}
        out.block(Block("text", "Published model", data))
        return {"headline": lines, "published": published, "step": str(made_by.manifest["step"]), "reason": reason}

    def _choose(self, scores: Mapping[str, Any], models: Mapping[str, Artifact], step: str) -> tuple[str, str]:
        """Return the role to publish and why; StepError where it is missing or was not what was scored."""
        if not models:
            raise StepError(f"step {step}: needs at least one of {', '.join(PUBLISHABLE)} to publish, got none")
        for role, artifact in models.items():
            scored = scores["models"].get(role, {}).get("key")
            if scored != artifact.key:
                raise StepError(
                    f"step {step}: {role} is artifact {artifact.key}, but the scores are of {scored}. "
                    "Name the same steps under evaluate's needs and export's"
                )
        if self.publish != "best":
            if self.publish not in models:
                raise StepError(
                    f"step {step}: publish: {self.publish} needs a step of that role, got {', '.join(models)}. "
                    "Name it under needs:"
                )
            return self.publish, "The recipe asks for it."
        base = scores["dev"][scores["base"]]["bits_per_byte"]
        if "general" not in base or "domain" not in base:
            raise StepError(
                f"step {step}: publish: best compares dev text, and evaluate read none of it. "
                "Give evaluate the tokens, or name the model to publish"
            )
        choice = choose([_candidate(role, scores["dev"][role]) for role in models], base["general"], self.tolerance)
        return choice.name, f"Chosen on dev: {choice.reason}."


def _candidate(role: str, dev: Mapping[str, Any]) -> Candidate:
    text = dev["bits_per_byte"]
    return Candidate(role, text["general"], text["domain"], dev["domain_accuracy"])


def place_model(source: Path, target: Path) -> None:
    """Put a model directory's files at ``target``: weights as hard links where the file system can, else as copies.

    Only what a Hugging Face directory needs is taken: no pickle, no code.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    for folder in (temporary, target):
        shutil.rmtree(folder, ignore_errors=True)
    temporary.mkdir(parents=True)
    for file in sorted({file for pattern in PATTERNS for file in source.glob(pattern)}):
        if file.suffix == ".safetensors":
            link_or_copy(file, temporary / file.name)
        else:
            shutil.copyfile(file, temporary / file.name)
    if not (temporary / "generation_config.json").exists():
        config = json.loads((source / "config.json").read_text("utf-8"))
        tokens = {name: config[name] for name in ("bos_token_id", "eos_token_id", "pad_token_id") if name in config}
        (temporary / "generation_config.json").write_text(json.dumps(tokens, indent=2) + "\n", "utf-8")
    os.replace(temporary, target)


def link_or_copy(source: Path, target: Path) -> None:
    """Hard-link a file; copy it where links cannot be made (another file system, or one without links)."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.EACCES):
            raise
        shutil.copyfile(source, target)


STAGE = Export
