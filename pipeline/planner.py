"""What a recipe would do: every step's key, whether its artifact exists, and if not, why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.artifact import Artifact, Store, load
from pipeline.errors import ArtifactError, RecipeError
from pipeline.formatting import byte_size, count, duration, number
from pipeline.identity import HASH_CACHE, Hasher, Json, canonical, key_of
from pipeline.plugins import did_you_mean, source_files
from pipeline.provenance import source_hashes
from pipeline.recipe import Recipe, Step
from pipeline.recipe_file import follow
from pipeline.stage import Estimate

REUSED = "reused"
TO_RUN = "to run"
NEVER_MADE = "never made here"
MAX_DIFFERENCES = 3
"""Shown in a short reason; the rest is counted."""
MAX_VALUE_CHARACTERS = 40


@dataclass(frozen=True)
class PlannedStep:
    """A step with its identity settled."""

    step: Step
    key: str
    identity: Mapping[str, Json]
    artifact: Artifact | None
    reason: str
    """Why it runs, or what a reused artifact differs in (``built by an older stages/split.py``), in a short line."""
    whole_reason: str
    """The same with every difference and its values whole."""
    estimate: Estimate

    @property
    def status(self) -> str:
        return REUSED if self.artifact is not None else TO_RUN

    @property
    def stage_name(self) -> str:
        return type(self.step.stage).name


@dataclass(frozen=True)
class Plan:
    """A recipe's steps in the order they can run."""

    recipe: Recipe
    steps: Mapping[str, PlannedStep]

    @property
    def to_run(self) -> list[PlannedStep]:
        return [planned for planned in self.steps.values() if planned.artifact is None]


class Layout:
    """Where things lie below the runs directory."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self.store = Store(runs / "store")

    def recipe(self, name: str) -> Path:
        return self.runs / name

    def link(self, recipe: str, step: str) -> Path:
        """The link to what the recipe's last run used for ``step``."""
        return self.recipe(recipe) / step

    @property
    def hashes(self) -> Path:
        return self.store.root / HASH_CACHE


def runs_folder(text: str) -> Path:
    """Return the runs directory that ``runs=`` names; it need not exist. A Path is too late: it folds ``://``."""
    if not text:
        raise RecipeError("runs=: is empty. Name a directory, or leave runs= out")
    if "://" in text:
        raise RecipeError(
            f"runs={text}: must be a directory that all nodes share; URLs are not supported. Mount it first"
        )
    try:
        follow(text)
    except ValueError as error:
        raise RecipeError(f"runs={text}: {error}") from None
    return Path(text).expanduser()


def refuse_own_output(recipe: Recipe, runs: Path, given: Mapping[str, str]) -> None:
    """Refuse a runs directory that a step would read as text. ``given`` is what ``data`` and ``general`` name."""
    inside = runs.resolve()
    options = {str(follow(text)): f"{name}={text}" for name, text in given.items()}
    for step in recipe.steps.values():
        path = getattr(step.stage, "path", "") if type(step.stage).name == "ingest" else ""
        if path and inside.is_relative_to(path) and not _hidden(inside.relative_to(path)):
            read = options.get(path, f"{step.name}.path={path}")
            raise RecipeError(
                f"runs={runs}: lies inside {read}: it would read its own output. Set runs= to a place outside"
            )


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)  # readers pass these over


def plan(recipe: Recipe, layout: Layout, hasher: Hasher, start: str = "") -> Plan:
    """Settle every step's key and status. Reads the store, writes nothing.

    ``start`` (``from=``) refuses a plan in which a step that does not follow from ``start`` would have to run.
    """
    planned: dict[str, PlannedStep] = {}
    for step in recipe.steps.values():
        planned[step.name] = _plan_step(step, planned, recipe, layout, hasher)
    if start:
        _refuse_earlier_work(recipe, planned, start)
    return Plan(recipe, planned)


def _plan_step(
    step: Step, planned: Mapping[str, PlannedStep], recipe: Recipe, layout: Layout, hasher: Hasher
) -> PlannedStep:
    kind = type(step.stage)
    identity: dict[str, Json] = {
        "stage": kind.name,
        "version": kind.version,
        "parameters": step.stage.model_dump(mode="json"),
        "inputs": {role: [planned[name].key for name in names] for role, names in step.needs.items()},
        "depends_on": dict(step.stage.depends_on(hasher)),
    }
    key = key_of(identity)
    artifact = layout.store.find(kind.name, key)
    previous = _previous(layout.link(recipe.name, step.name))
    if artifact is not None:
        reason = whole = _age(artifact, kind)
    else:
        reason = _brief(_why(step, identity, previous, planned, _short))
        whole = "; ".join(_why(step, identity, previous, planned, _whole))
    estimate = _actual(artifact) if artifact is not None else _estimate(step, planned)
    return PlannedStep(step, key, identity, artifact, reason, whole, estimate)


def _previous(link: Path) -> Artifact | None:
    """What the recipe's last run used for a step, or None; a damaged one counts as none here."""
    try:
        return load(link)
    except ArtifactError:
        return None


def _why(
    step: Step,
    identity: Mapping[str, Json],
    previous: Artifact | None,
    planned: Mapping[str, PlannedStep],
    write: Callable[[Any], str],
) -> list[str]:
    """Say what makes the step run: another stage, each changed parameter or source, or the inputs."""
    if previous is None:
        return [NEVER_MADE]
    before: Mapping[str, Any] = previous.manifest["identity"]
    changes = []
    if before["stage"] != identity["stage"] or before["version"] != identity["version"]:
        changes.append(f"stage {before['stage']} {before['version']} -> {identity['stage']} {identity['version']}")
    changes += _differences(before["parameters"], identity["parameters"], step.name, write)
    changes += _differences(before["depends_on"], identity["depends_on"], f"{step.name} reads", write)
    if not changes and canonical(before["inputs"]) != canonical(identity["inputs"]):
        changed = [
            name for role, names in step.needs.items() for name in names if _input_changed(before, role, planned[name])
        ]
        changes.append(f"input changed: {', '.join(dict.fromkeys(changed)) or 'another list of inputs'}")
    return changes or ["its artifact was deleted"]


def _input_changed(before: Mapping[str, Any], role: str, needed: PlannedStep) -> bool:
    return needed.key not in before["inputs"].get(role, [])


def _differences(old: Any, new: Any, where: str, write: Callable[[Any], str]) -> list[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        names = list(dict.fromkeys([*old, *new]))
        return [text for name in names for text in _differences(old.get(name), new.get(name), f"{where}.{name}", write)]
    return [] if old == new else [f"{where}: {write(old)} -> {write(new)}"]


def _brief(changes: Sequence[str]) -> str:
    more = len(changes) - MAX_DIFFERENCES
    return "; ".join([*changes[:MAX_DIFFERENCES], *([f"and {more} more"] if more > 0 else [])])


def _whole(value: Any) -> str:
    return "unset" if value is None else str(value)


def _short(value: Any) -> str:
    text = _whole(value)
    return text if len(text) <= MAX_VALUE_CHARACTERS else f"{text[: MAX_VALUE_CHARACTERS - 3]}..."


def _age(artifact: Artifact, kind: type) -> str:
    """Name the source files that have changed since the artifact was built."""
    built: Mapping[str, str] = artifact.manifest.get("sources", {})
    now = source_hashes(source_files(kind))
    changed = sorted(name for name, digest in now.items() if built.get(name) != digest)
    return (
        f"built by an older {changed[0]}" + (f" and {len(changed) - 1} more" if changed[1:] else "") if changed else ""
    )


def _actual(artifact: Artifact) -> Estimate:
    metrics = artifact.metrics
    size = sum(entry[0] for entry in artifact.manifest["files"].values())
    return Estimate(
        text_bytes=metrics.get("bytes_out"),
        num_documents=metrics.get("documents_out"),
        num_tokens=metrics.get("num_tokens"),
        num_parameters=metrics.get("num_parameters"),
        disk_bytes=size,
        seconds=artifact.manifest.get("seconds"),
        basis="measured",
        sequence_length=artifact.parameters.get("sequence_length"),
    )


def _estimate(step: Step, planned: Mapping[str, PlannedStep]) -> Estimate:
    inputs = {role: [planned[name].estimate for name in names] for role, names in step.needs.items()}
    return step.stage.estimate(inputs, step.resources)


def _refuse_earlier_work(recipe: Recipe, planned: Mapping[str, PlannedStep], start: str) -> None:
    if start not in planned:
        raise RecipeError(f"from={start}: unknown step.{did_you_mean(start, planned)}")
    later = {start}
    for name, one in planned.items():
        if later & set(one.step.inputs):
            later.add(name)
    early = [name for name, one in planned.items() if name not in later and one.artifact is None]
    if early:
        raise RecipeError(
            f"from={start}: {early[0]} is not finished ({planned[early[0]].reason}). Run until={early[0]} first"
        )


def format_plan(plan: Plan) -> str:
    """Return the plan as a table of text: status, reason, expected size, time and disk of every step."""
    fresh = _is_fresh(plan)
    rows = [
        (
            "step",
            "stage",
            "status",
            "documents",
            "tokens",
            "time",
            "GPU-hours",
            "memory",
            "disk",
            "" if fresh else "why",
        )
    ]
    for planned in plan.steps.values():
        estimate = planned.estimate
        rows.append(
            (
                planned.step.name,
                planned.stage_name,
                planned.status,
                _cell(estimate.num_documents, count),
                _cell(estimate.num_tokens, count),
                "" if planned.artifact is not None else _cell(estimate.seconds, duration),
                "" if planned.artifact is not None else _cell(estimate.gpu_hours, number),
                "" if planned.artifact is not None else _cell(estimate.memory_bytes, byte_size),
                _cell(estimate.disk_bytes, byte_size),
                "" if fresh else planned.reason,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, "", _totals(plan)])


def _is_fresh(plan: Plan) -> bool:
    """Whether no step was ever made here: said once, below the table, instead of in every row."""
    return all(one.reason == NEVER_MADE for one in plan.steps.values())


def _totals(plan: Plan) -> str:
    steps = plan.to_run
    seconds = [one.estimate.seconds for one in steps if one.estimate.seconds is not None]
    gpu_hours = [one.estimate.gpu_hours for one in steps if one.estimate.gpu_hours is not None]
    disk = [one.estimate.disk_bytes for one in steps if one.estimate.disk_bytes is not None]
    unknown = [one.step.name for one in steps if one.estimate.seconds is None]
    parts = [f"{len(plan.steps) - len(steps)} steps reused, {len(steps)} to run"]
    if _is_fresh(plan):
        parts[0] += f" ({NEVER_MADE})"
    if seconds:
        parts.append(f"about {duration(sum(seconds))} of steps one after another")
    if gpu_hours:
        parts.append(f"{number(sum(gpu_hours))} GPU-hours")
    if disk:
        parts.append(f"{byte_size(sum(disk))} of disk")
    if unknown:
        parts.append(f"no time estimate for {', '.join(unknown)}")
    return f"{plan.recipe.name}, profile {plan.recipe.profile}: {'; '.join(parts)}"


def _cell(value: float | None, write: Callable[[float], str]) -> str:
    return "" if value is None else write(value)


def estimates(plan: Plan) -> Sequence[Mapping[str, Json]]:
    """The plan as JSON rows, for ``strata plan --json``."""
    return [
        {
            "step": one.step.name,
            "stage": one.stage_name,
            "key": one.key,
            "status": one.status,
            "why": one.whole_reason,
            **vars(one.estimate),
        }
        for one in plan.steps.values()
    ]
