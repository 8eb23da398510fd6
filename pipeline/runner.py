"""A run from plan to published model: steps as their inputs are ready, links, the report, the last lines."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.artifact import Artifact, lease, load, write_json
from pipeline.errors import StepError, is_no_space, no_space
from pipeline.executors import Executor
from pipeline.identity import Json
from pipeline.output import STOP_FILE
from pipeline.planner import Layout, Plan, PlannedStep
from pipeline.progress import Display, RunningStep, read_progress
from pipeline.provenance import provenance
from pipeline.report import ReportInput, Status, StepRecord, load_blocks, write_report
from pipeline.worker import Job, Outcome

POLL_SECONDS = 0.5
SAVE_SECONDS = 25
"""How long an interrupted run waits for checkpoints: less than the 30 s that schedulers give before they kill."""
MODEL_LINK = "model"
REPORT_FILE = "report.html"
LAST_RUN_FILE = ".last_run.json"
"""In a recipe's folder: what its last run was asked for and what became of it, so that the report can be written
again."""
ROOT = Path(__file__).resolve().parent.parent


@dataclass
class RunState:
    """What a run has done so far, by step name."""

    plan: Plan
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    running: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)

    def ready(self) -> list[PlannedStep]:
        """Steps whose inputs are all there and that have not been begun, the longest expected first."""
        found = [
            planned
            for name, planned in self.plan.steps.items()
            if name not in self.artifacts
            and name not in self.running
            and name not in self.failed
            and all(needed in self.artifacts for needed in planned.step.inputs)
        ]
        return sorted(found, key=lambda planned: -(planned.estimate.seconds or 0.0))


@dataclass(frozen=True)
class LastRun:
    """One run of a recipe, for the report."""

    command: str
    options: Mapping[str, Any]
    """The command's options by name."""
    started: float
    """Seconds since 1970."""
    ended: float = 0.0
    failed: Mapping[str, str] = field(default_factory=dict)
    made: Sequence[str] = ()

    def write(self, folder: Path) -> None:
        """Keep it in the recipe's folder."""
        write_json(folder / LAST_RUN_FILE, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> LastRun | None:
        """Return the last run of the recipe, or None where none is known."""
        try:
            return cls(**json.loads((folder / LAST_RUN_FILE).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None  # an older run, or none


def run(
    plan: Plan, layout: Layout, executor: Executor, display: Display, command: str, options: Mapping[str, Any]
) -> RunState:
    """Run what is missing; StepError carries the first failure's message. The report is written either way.

    ``command`` and its ``options`` are kept for the report and for writing it again.
    """
    recipe = plan.recipe
    folder = layout.recipe(recipe.name)
    state = RunState(plan)
    this = LastRun(command, options, time.time())
    with lease(folder / ".lock", f"recipe {recipe.name} (runs in {folder})"):
        for name, planned in plan.steps.items():
            if planned.artifact is not None:
                planned.artifact.verify()
                state.artifacts[name] = planned.artifact
                _link(layout.link(recipe.name, name), planned.artifact.path)
        this.write(folder)
        try:
            if plan.to_run:
                executor.start()
                _drive_or_save(state, layout, executor, display, command)
        finally:
            executor.stop()
            _conclude(state, layout, this)
    if state.failed:
        raise StepError("\n".join(state.failed.values()))
    return state


def _conclude(state: RunState, layout: Layout, this: LastRun) -> None:
    """Link the published model and write the report. A full disk here must not hide why a step has failed."""
    report = layout.recipe(state.plan.recipe.name) / REPORT_FILE
    try:
        _publish(state, layout)
        this = replace(this, ended=time.time(), failed=dict(state.failed), made=sorted(state.made))
        this.write(report.parent)
        write_report(report, report_input(state, layout, this))
    except OSError as error:
        if not state.failed:
            raise
        reason = no_space(report.parent) if is_no_space(error) else str(error)
        state.failed[".report"] = f"{report}: could not be written: {reason}"


def _drive(state: RunState, layout: Layout, executor: Executor, display: Display, command: str) -> None:
    """Submit what is ready and take what has ended, until nothing is left or something has failed."""
    while True:
        if not state.failed:
            for planned in state.ready():
                display.start(planned.step.name, planned.stage_name, planned.reason)
                state.running[planned.step.name] = time.time()
                executor.submit(_job(planned, state, layout, command))
        if not state.running or state.failed:
            return
        for outcome in executor.wait(POLL_SECONDS):
            _take(outcome, state, layout, display)
        display.update([_running_step(name, since, state, layout) for name, since in state.running.items()])


def _drive_or_save(state: RunState, layout: Layout, executor: Executor, display: Display, command: str) -> None:
    """Drive; where that is interrupted, let running trainings save first. A second interrupt ends it at once."""
    try:
        _drive(state, layout, executor, display, command)
    except KeyboardInterrupt:
        if not executor.works_aside:
            raise
        saving = {name for name in state.running if state.plan.steps[name].step.stage.saves_when_stopped}
        for name in saving:
            planned = state.plan.steps[name]
            with contextlib.suppress(FileNotFoundError):  # it has not begun
                (layout.store.work_path(planned.stage_name, planned.key) / STOP_FILE).touch()
        if saving:
            display.message(f"stopping: {', '.join(sorted(saving))} saves a checkpoint (interrupt again: at once)")
        deadline = time.time() + SAVE_SECONDS
        while saving and time.time() < deadline:
            saving -= {outcome.step for outcome in executor.wait(POLL_SECONDS)}
        raise


def _take(outcome: Outcome, state: RunState, layout: Layout, display: Display) -> None:
    since = state.running.pop(outcome.step)
    seconds = time.time() - since
    if outcome.error:
        log = layout.recipe(state.plan.recipe.name) / "logs" / f"{outcome.step}.log"
        message = outcome.error if not log.exists() else f"{outcome.error}\n(its log: {log})"
        state.failed[outcome.step] = message
        display.fail(outcome.step, seconds, outcome.error.splitlines()[0])
        return
    artifact = load(Path(outcome.path))
    if artifact is None:
        state.failed[outcome.step] = f"step {outcome.step}: said it was done, but {outcome.path} has no manifest"
        return
    state.artifacts[outcome.step] = artifact
    state.made.add(outcome.step)
    _link(layout.link(state.plan.recipe.name, outcome.step), artifact.path)
    display.finish(outcome.step, seconds, _note(artifact))


def _note(artifact: Artifact) -> str:
    """The few figures of a finished step that fit on a line."""
    metrics = artifact.metrics
    if isinstance(metrics.get("note"), str):
        return str(metrics["note"])
    if "documents_in" in metrics and "documents_out" in metrics:
        return f"{metrics['documents_in']:,} documents in, {metrics['documents_out']:,} out"
    return ""


def _job(planned: PlannedStep, state: RunState, layout: Layout, command: str) -> Job:
    recipe = state.plan.recipe
    return Job(
        step=planned.step.name,
        stage=planned.stage_name,
        key=planned.key,
        identity=planned.identity,
        resources=planned.step.resources.model_dump(mode="json"),
        store=str(layout.store.root.resolve()),
        inputs={
            role: [str(state.artifacts[name].path.resolve()) for name in names]
            for role, names in planned.step.needs.items()
        },
        log=str(layout.recipe(recipe.name).resolve() / "logs" / f"{planned.step.name}.log"),
        plugins=tuple(str(folder) for folder in recipe.plugins),
        command=command,
        where={"recipe": recipe.name, "profile": recipe.profile},
    )


def _running_step(name: str, since: float, state: RunState, layout: Layout) -> RunningStep:
    planned = state.plan.steps[name]
    record = read_progress(layout.store.work_path(planned.stage_name, planned.key))
    if record is None or record["time"] < since:
        return RunningStep(name, 0.0, 0.0, "", since)
    return RunningStep(name, record["done"], record["total"], record["unit"], since)


def _link(link: Path, target: Path) -> None:
    """Point ``link`` at ``target``, atomically, by a relative path so that the runs directory can be moved."""
    link.parent.mkdir(parents=True, exist_ok=True)
    relative = os.path.relpath(target.resolve(), link.parent.resolve())
    if link.is_symlink() and os.readlink(link) == relative:
        return
    temporary = link.with_name(f".{link.name}.new")  # one name: the recipe's lease keeps others out
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(relative)
    os.replace(temporary, link)


def _publish(state: RunState, layout: Layout) -> None:
    published = state.artifacts.get(state.plan.recipe.publish)
    if published is not None and (published.path / "model").is_dir():
        _link(layout.link(state.plan.recipe.name, MODEL_LINK), published.path / "model")


def last_lines(state: RunState, layout: Layout) -> list[str]:
    """The checkpoint, the report and the three lines of result."""
    recipe = state.plan.recipe
    folder = layout.recipe(recipe.name)
    published = state.artifacts.get(recipe.publish)
    lines = []
    if published is not None:
        lines.append(f"checkpoint  {folder / MODEL_LINK}")
    lines.append(f"report      {folder / REPORT_FILE}")
    if published is not None:
        lines.extend(str(line) for line in published.metrics.get("headline", []))
    return lines


def report_input(state: RunState, layout: Layout, run: LastRun) -> ReportInput:
    """Gather what the report shows of a run from the manifests."""
    recipe = state.plan.recipe
    published = state.artifacts.get(recipe.publish)
    origin: Mapping[str, Any] = provenance(ROOT)
    return ReportInput(
        recipe=recipe.name,
        domain=recipe.domain,
        profile=recipe.profile,
        command=run.command,
        started=time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.started)),
        seconds=max(0.0, (run.ended or time.time()) - run.started),
        headline=[str(line) for line in published.metrics.get("headline", [])] if published is not None else [],
        checkpoint=str(layout.link(recipe.name, MODEL_LINK)) if published is not None else "",
        steps=[_record(name, state) for name in state.plan.steps],
        versions=origin["versions"],
        commit=_commit(origin),
        machine={name: str(value) for name, value in origin["machine"].items()},
        overrides=list(recipe.overrides),
        licenses=_licenses(state),
    )


def _commit(origin: Mapping[str, Any]) -> str:
    if not origin.get("commit"):
        return ""
    return f"{origin['commit']}{' with uncommitted changes' if origin.get('dirty') else ''}"


def _record(name: str, state: RunState) -> StepRecord:
    planned = state.plan.steps[name]
    artifact = state.artifacts.get(name)
    status: Status = "done" if name in state.made else "reused"
    if artifact is None:
        status = "failed" if name in state.failed else "pending"
    blocks = load_blocks(artifact.path) if artifact is not None else []
    parameters: Mapping[str, Json] = planned.step.stage.model_dump(mode="json")
    return StepRecord(
        name=name,
        stage=planned.stage_name,
        needs=planned.step.needs,
        status=status,
        key=planned.key,
        seconds=artifact.manifest.get("seconds") if artifact is not None else None,
        metrics=artifact.metrics if artifact is not None else {},
        blocks=blocks,
        warnings=_warnings(artifact, planned),
        error=state.failed.get(name, ""),
        resources=planned.step.resources.model_dump(mode="json"),
        parameters=parameters,
        started=artifact.manifest.get("started") if artifact is not None else None,
    )


def _warnings(artifact: Artifact | None, planned: PlannedStep) -> Sequence[str]:
    found = [planned.reason] if artifact is not None and planned.reason.startswith("built by") else []
    if artifact is not None:
        found.extend(str(line) for line in artifact.metrics.get("warnings", []))
    return found


def _licenses(state: RunState) -> list[str]:
    """Corpora and their licences, as the steps that read them say in their metrics; else those that are allowed."""
    found: dict[str, str] = {}
    for artifact in state.artifacts.values():
        found.update(artifact.metrics.get("licenses", {}))
    return [f"{corpus}: {license}" for corpus, license in sorted(found.items())] or list(state.plan.recipe.licenses)
