"""What the report is made from: plain records, filled by the driver, and the readers of what steps left behind."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pipeline.errors import ArtifactError

if TYPE_CHECKING:  # pipeline.stage imports pydantic, which a report does not need
    from pipeline.stage import Block

Status = Literal["done", "reused", "failed", "pending", "running"]


@dataclass(frozen=True)
class StepRecord:
    """One step of a recipe, as it stands when the report is written."""

    name: str
    stage: str
    needs: Mapping[str, Sequence[str]]
    """Role -> names of the steps that fill it."""
    status: Status
    key: str
    seconds: float | None
    """How long the run that made the artifact took; None where it has not been made."""
    metrics: Mapping[str, Any]
    blocks: Sequence[Block]
    warnings: Sequence[str]
    error: str = ""
    resources: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    started: float | None = None
    """When this run of the recipe started the step, in Unix seconds; None for a reused or pending step."""


@dataclass(frozen=True)
class ReportInput:
    """Everything on the page."""

    recipe: str
    domain: str
    profile: str
    command: str
    started: str
    seconds: float
    headline: Sequence[str]
    """Lines such as ``domain gain: 2.41 -> 1.87 bits per byte (-22.3 %)``: label, base -> adapted, the rest."""
    checkpoint: str
    steps: Sequence[StepRecord]
    """In topological order."""
    versions: Mapping[str, str]
    commit: str
    machine: Mapping[str, str]
    overrides: Sequence[str] = ()
    licenses: Sequence[str] = ()
    """SPDX identifiers that the recipe allows."""


def load_blocks(artifact_path: Path) -> list[Block]:
    """Return the blocks below ``artifact_path`` (an artifact or a work directory), in the order they were written."""
    from pipeline.stage import Block

    blocks: list[Block] = []
    for path in sorted((artifact_path / "blocks").glob("*.json")):
        try:
            blocks.append(Block(**json.loads(path.read_text("utf-8"))))
        except (ValueError, TypeError) as error:
            raise ArtifactError(
                f"{path}: is not a block of the report ({error}). Delete the artifact's directory and run again"
            ) from None
    return blocks


def metrics_rows(artifact_path: Path) -> list[dict[str, Any]]:
    """Return the lines of ``metrics.jsonl`` below ``artifact_path``; a last line cut off by a kill is left out."""
    try:
        text = (artifact_path / "metrics.jsonl").read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return []
    rows: list[dict[str, Any]] = []
    lines = text.removesuffix("\n").split("\n") if text else []
    for position, line in enumerate(lines):
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            if position == len(lines) - 1:
                break
            raise ArtifactError(
                f"{artifact_path / 'metrics.jsonl'}: line {position + 1} is not valid JSON ({error}). "
                "Delete the artifact's directory and run again"
            ) from None
    return rows
