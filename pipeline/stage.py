"""The contract between the core and a stage: typed parameters, named inputs, one output kind, ``run``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from pipeline.artifact import Artifact
    from pipeline.identity import Hasher, Json
    from pipeline.output import Output


@dataclass(frozen=True)
class Need:
    """One input role of a stage: the artifact kinds it accepts, and how many."""

    kinds: tuple[str, ...]
    many: bool = False
    optional: bool = False


def need(*kinds: str, many: bool = False, optional: bool = False) -> Need:
    """Declare an input role; ``many`` takes a list of steps, ``optional`` may be left out of a recipe."""
    return Need(kinds, many, optional)


class Resources(BaseModel):
    """Where and how wide a step runs. Nothing here changes an artifact's key.

    A stage that needs more knobs (micro-batch, ZeRO stage) subclasses this and names the subclass in
    ``Stage.resources_type``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    num_cpus: float = Field(1.0, ge=0)
    """CPU cores per task that the step fans out (0 or more)."""
    step_cpus: float = Field(0.0, ge=0)
    """CPU cores held by the step itself while it runs; 0 for a step that only fans tasks out."""
    num_gpus: float = Field(0.0, ge=0)
    """GPUs per training worker."""
    num_threads: int = Field(1, ge=1)
    """Threads that numerical libraries may use inside one task; fixed, so that sums do not depend on the machine."""
    memory_gib: float = Field(0.0, ge=0)
    """Memory that Ray reserves per task, in GiB; 0 reserves none."""


@dataclass(frozen=True)
class Estimate:
    """What a step is expected to produce and cost. Unknown figures are None, never guessed as 0."""

    text_bytes: float | None = None
    num_documents: float | None = None
    num_tokens: float | None = None
    num_parameters: float | None = None
    disk_bytes: float | None = None
    seconds: float | None = None
    gpu_hours: float | None = None
    basis: str = ""
    """How the figures were derived, in a few words for the plan's last column."""
    memory_bytes: float | None = None
    """Of one training worker, on its GPU where it has one."""
    sequence_length: int | None = None
    """Of packed tokens."""

    def but(self, **changes: Any) -> Estimate:
        """Return a copy with some figures replaced."""
        return replace(self, **changes)


@dataclass(frozen=True)
class CheckContext:
    """What a stage may look at while a recipe is checked, before anything runs."""

    where: str
    """``recipes/geo.yaml: step domain_text``, to begin every message with."""
    domain: str
    licenses: tuple[str, ...]
    """SPDX identifiers that the recipe allows."""
    profile: str
    resources: Resources = field(default_factory=lambda: Resources.model_validate({}))
    """Those of the step."""


class Stage(BaseModel):
    """One kind of work. Fields are its parameters: frozen, typed, part of the artifact's key.

    A module ``stages/<name>.py`` or ``stages/<name>/stage.py`` holds one subclass, named by ``STAGE = <Class>``.
    Heavy libraries are imported inside ``run`` or the functions it calls, never at module level.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False, protected_namespaces=()
    )

    name: ClassVar[str]
    version: ClassVar[int] = 1
    """Raise it when the same parameters and inputs must give another output."""
    needs: ClassVar[Mapping[str, Need]] = {}
    gives: ClassVar[str]
    """The kind of artifact: documents, raw, scorer, keep, tokenizer, tokens, model, questions, instructions, mixture,
    scores, grades, export."""
    resources_type: ClassVar[type[Resources]] = Resources
    saves_when_stopped: ClassVar[bool] = False
    """True for a step that looks at ``Output.asked_to_stop``: an interrupted run waits for it to save, for a while."""
    online: ClassVar[bool] = False
    """True for a step that fetches; every other worker is told to stay offline."""

    @classmethod
    def starts_workers(cls, resources: Resources) -> bool:
        """Whether the step starts Ray actors of its own.

        They hold their places in the cluster beyond the death of the step's worker, so such a step is not tried again
        inside the same run: the next run goes on from its checkpoints.
        """
        return False

    def check(self, context: CheckContext) -> None:
        """Raise RecipeError for what is wrong with the parameters in this recipe; called before anything runs."""

    def depends_on(self, hasher: Hasher) -> Mapping[str, Json]:
        """Return what else the output depends on: a corpus's revision, a folder's content hash, a model's commit."""
        return {}

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        """Return the expected output and cost. The default passes the first input's figures on, at unknown cost."""
        for estimates in inputs.values():
            for estimate in estimates:
                return estimate.but(seconds=None, gpu_hours=None, disk_bytes=None, memory_bytes=None, basis="")
        return Estimate()

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        """Do the work: read ``inputs``, write below ``out.path``, return the metrics kept in the manifest."""
        raise NotImplementedError


class Inputs(dict[str, list["Artifact"]]):
    """The artifacts a step reads, by role; every role holds a list, in the recipe's order."""

    def one(self, role: str) -> Artifact:
        """Return the single artifact of ``role``."""
        (artifact,) = self[role]
        return artifact

    def maybe(self, role: str) -> Artifact | None:
        """Return the artifact of an optional role, or None."""
        found = self.get(role, [])
        return found[0] if found else None


Severity = Literal["info", "warning"]


@dataclass(frozen=True)
class Block:
    """A typed piece of the report, written by a step and drawn by ``pipeline.report``.

    ``kind`` is table, curves, bars or text. ``data`` by kind:
    table: ``{"columns": [str], "rows": [[cell]], "align": ["left"|"right"]?}``;
    curves: ``{"x_label", "y_label", "x_log"?: bool, "series": [{"name", "x": [..], "y": [..], "low"?: [..],
    "high"?: [..], "style"?: "line"|"points"|"dashed"}], "marks"?: [{"x": float, "label": str}]}``;
    bars: ``{"y_label", "bars": [{"name", "value", "low"?, "high"?, "group"?}]}``;
    text: ``{"text": str, "severity": "info"|"warning"}``.
    """

    kind: Literal["table", "curves", "bars", "text"]
    title: str
    data: Mapping[str, Any]
    note: str = ""
    """One or two sentences under the block: what it shows and how to read it."""
    section: str = ""
    """The report's section; empty puts the block under its step's own heading."""
    order: int = field(default=0)
