"""Recipes: YAML files of named steps, with ``extends``, ``profiles`` and dotted overrides, checked as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.errors import RecipeError
from pipeline.plugins import Registry, did_you_mean
from pipeline.recipe_file import RECIPES, follow, label_of, parse_yaml, read_file
from pipeline.stage import CheckContext, Resources, Stage

OWN_TEXT = "own_text"
"""The profile laid over the chosen one when data= or general= is given, or the recipe says ``own_text: true``;
``own_text_laptop`` follows for the laptop."""
RESERVED_STEPS = ("model", "logs")
_STEP_FIELDS = ("stage", "needs", "resources")


@dataclass(frozen=True)
class Step:
    """One checked step of a recipe."""

    name: str
    stage: Stage
    needs: Mapping[str, tuple[str, ...]]
    resources: Resources

    @property
    def inputs(self) -> list[str]:
        """The names of all steps this one reads, each once."""
        return list(dict.fromkeys(name for names in self.needs.values() for name in names))


@dataclass(frozen=True)
class Recipe:
    """A checked recipe: steps in topological order, only those that the targets need."""

    name: str
    path: Path
    domain: str
    licenses: tuple[str, ...]
    profile: str
    steps: Mapping[str, Step]
    targets: tuple[str, ...]
    publish: str
    overrides: tuple[str, ...]
    plugins: tuple[Path, ...]


@dataclass
class Request:
    """What the command line asked for."""

    recipe: str
    profile: str = ""
    data: str = ""
    general: str = ""
    license: str = ""
    general_license: str = ""
    overrides: Sequence[str] = ()
    until: str = ""


@dataclass
class _Draft:
    """A recipe's raw mapping while files, profiles and overrides are laid over one another."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    """Where a step's field was last set: ``cpt.learning_rate`` -> ``recipes/geo.yaml profile laptop``."""

    def where(self, step: str, name: str = "") -> str:
        return self.origins.get(f"{step}.{name}", self.origins.get(step, "recipe"))

    def overlay_step(self, step: Any, new: Any, origin: str) -> None:
        steps = self.values["steps"]
        if not isinstance(step, str) or step in RESERVED_STEPS or not re.fullmatch(r"[a-z][a-z0-9_]*", step):
            raise RecipeError(
                f"{origin}: a step's name must be lower-case letters, digits and _, "
                f"and not {' or '.join(RESERVED_STEPS)}, got {step!r}"
            )
        if new is None:
            steps.pop(step, None)
            return
        if not isinstance(new, dict):
            raise RecipeError(f"{origin}: step {step}: must be a mapping, got {new!r}. Write {{PARAMETER: VALUE}}")
        steps[step] = _lay_over(steps.get(step, {}), new)
        self.origins[step] = origin
        for name in new:
            self.origins[f"{step}.{name}"] = origin


def _lay_over(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Deep-merge mappings; another ``stage`` starts afresh, for the old parameters are not its own."""
    if "stage" in new and new["stage"] != old.get("stage"):
        return dict(new)
    merged = dict(old)
    for name, value in new.items():
        before = merged.get(name)
        merged[name] = _lay_over(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged


def recipe_names() -> list[str]:
    """The recipes beside this one that can be named on the command line."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def find_recipe(name: str) -> Path:
    """Return the file of a recipe named ``geo`` or given by path."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else RECIPES / f"{name}.yaml"
    if not path.exists():
        raise RecipeError(f"recipe {name!r}: there is no {path}.{did_you_mean(name, recipe_names())}")
    return path


def _load_files(path: Path, seen: tuple[Path, ...] = ()) -> list[tuple[Path, dict[str, Any]]]:
    """Return the chain of files that ``path`` extends, the farthest first."""
    if path.resolve() in [one.resolve() for one in seen]:
        chain = " -> ".join(label_of(one) for one in (*seen, path))
        raise RecipeError(f"{label_of(path)}: extends itself: {chain}. Take one 'extends' out")
    values = read_file(path)
    parent = values.get("extends")
    if parent is None:
        return [(path, values)]
    parent_path = path.parent / f"{parent}.yaml"
    if not parent_path.exists():
        known = [one.stem for one in path.parent.glob("*.yaml")]
        raise RecipeError(f"{label_of(path)}: extends: there is no {parent_path}.{did_you_mean(str(parent), known)}")
    return [*_load_files(parent_path, (*seen, path)), (path, values)]


def load(request: Request, *, machine_profile: str) -> Recipe:
    """Load and check a recipe as a whole. ``machine_profile`` is used where the request names no profile."""
    path = find_recipe(request.recipe)
    files = _load_files(path)
    draft = _Draft({"steps": {}})
    for file, values in files:
        for name, value in values.items():
            if name not in ("steps", "profiles", "extends"):
                draft.values[name] = value
        for step, new in (values.get("steps") or {}).items():
            draft.overlay_step(step, new, label_of(file))
    profile = request.profile or machine_profile
    own_text = bool(draft.values.get("own_text"))
    if own_text and not request.profile:
        raise RecipeError(
            f"{label_of(path)}: reads text of your own (own_text: true), so say where it runs: profile=laptop to train "
            "a small model from scratch on this machine, or profile=node or cluster"
        )
    if request.profile or any(values.get("profiles") for _, values in files):  # without any it suits every machine
        _apply_profile(draft, files, profile, path)
    _check_licenses(request)
    if own_text or request.data or request.general:
        _apply_profile(draft, files, OWN_TEXT, path)
        if any(f"{OWN_TEXT}_{profile}" in (values.get("profiles") or {}) for _, values in files):
            _apply_profile(draft, files, f"{OWN_TEXT}_{profile}", path)
    _apply_folders(draft, request, path)
    for override in request.overrides:
        _apply_override(draft, override)
    return _check(draft, path, profile, request)


def _apply_profile(draft: _Draft, files: Sequence[tuple[Path, dict[str, Any]]], profile: str, path: Path) -> None:
    known = sorted({name for _, values in files for name in values.get("profiles") or {}})
    if profile not in known:
        raise RecipeError(f"{label_of(path)}: unknown profile {profile!r}.{did_you_mean(profile, known)}")
    for file, values in files:
        for step, new in ((values.get("profiles") or {}).get(profile) or {}).items():
            draft.overlay_step(step, new, f"{label_of(file)} profile {profile}")


def _check_licenses(request: Request) -> None:
    """A licence belongs to a text that was given; alone it would change nothing."""
    if request.license and not (request.data or request.general):
        raise RecipeError(
            f"license={request.license}: goes with data= or general=, and neither was given. Give one, or leave it out"
        )
    if request.general_license and not request.general:
        raise RecipeError(
            f"general_license={request.general_license}: goes with general=, which was not given. "
            "Give it, or leave the licence out"
        )


def _apply_folders(draft: _Draft, request: Request, path: Path) -> None:
    inputs = draft.values.get("inputs") or {}
    for option in ("data", "general"):
        folder = getattr(request, option)
        if not folder:
            continue
        if option not in inputs:
            raise RecipeError(f"{label_of(path)}: {option}={folder}: the recipe's 'inputs' names no step for {option}")
        if inputs[option] not in draft.values["steps"]:
            known = did_you_mean(str(inputs[option]), draft.values["steps"])
            raise RecipeError(f"{label_of(path)}: inputs.{option}: unknown step {inputs[option]!r}.{known}")
        try:
            overlay: dict[str, Any] = {"path": str(follow(folder)), "corpora": []}
        except ValueError as error:
            raise RecipeError(f"{option}={folder}: {error}") from None
        overlay["needs"] = {"raw": None}
        license = (request.general_license if option == "general" else "") or request.license
        if license:
            overlay["license"] = license
        draft.overlay_step(inputs[option], overlay, f"{option}={folder}")


def _apply_override(draft: _Draft, override: str) -> None:
    name, equals, text = override.partition("=")
    parts = name.split(".")
    if not equals or len(parts) < 2 or not all(parts):
        raise RecipeError(f"set: must be STEP.PARAMETER=VALUE, got {override!r}")
    steps = draft.values["steps"]
    if parts[0] not in steps:
        raise RecipeError(f"set: {override}: unknown step {parts[0]!r}.{did_you_mean(parts[0], steps)}")
    nested: Any = parse_yaml(text, f"set {name}")
    for part in reversed(parts[1:]):
        nested = {part: nested}
    draft.overlay_step(parts[0], nested, "set")


def _check(draft: _Draft, path: Path, profile: str, request: Request) -> Recipe:
    values = draft.values
    label = label_of(path)
    plugins = tuple((path.parent / folder).resolve() for folder in values.get("plugins") or ())
    registry = Registry(plugins)
    steps = {name: _check_step(draft, name, raw, registry) for name, raw in values["steps"].items()}
    if not steps:
        raise RecipeError(f"{label}: has no steps. Add steps: {{NAME: {{stage: STAGE}}}}")
    _check_needs(draft, steps)
    publish = values.get("publish") or ""
    if publish and publish not in steps:
        raise RecipeError(f"{label}: publish: unknown step {publish!r}.{did_you_mean(publish, steps)}")
    targets = tuple(values.get("targets") or _default_targets(steps, publish))
    if request.until:
        if request.until not in steps:
            raise RecipeError(f"until={request.until}: unknown step.{did_you_mean(request.until, steps)}")
        targets = (request.until,)
    for target in targets:
        if target not in steps:
            raise RecipeError(f"{label}: targets: unknown step {target!r}.{did_you_mean(target, steps)}")
    ordered = _order(steps, targets, label)
    licenses = tuple(values.get("licenses") or ())
    domain = values.get("domain") or ""
    for step in ordered.values():
        where = f"{draft.where(step.name)}: step {step.name}"
        step.stage.check(CheckContext(where, domain, licenses, profile, step.resources))
    return Recipe(
        path.stem, path, domain, licenses, profile, ordered, targets, publish, tuple(request.overrides), plugins
    )


def _default_targets(steps: Mapping[str, Step], publish: str) -> list[str]:
    """All steps; where one is published, without sources that nothing reads (a fetch that ``data=`` has replaced)."""
    read = {name for step in steps.values() for name in step.inputs}
    return [name for name, step in steps.items() if not publish or name in read or step.inputs or name == publish]


def _check_step(draft: _Draft, name: str, raw: Mapping[str, Any], registry: Registry) -> Step:
    where = draft.where(name)
    if not raw.get("stage"):
        raise RecipeError(f"{where}: step {name}: has no 'stage'. Add stage: <name>")
    kind = registry.get(str(raw["stage"]), f"{draft.where(name, 'stage')}: step {name}")
    parameters = {field_name: value for field_name, value in raw.items() if field_name not in _STEP_FIELDS}
    stage = _validate(kind, parameters, draft, name)
    resources = _validate(kind.resources_type, raw.get("resources") or {}, draft, name, "resources")
    return Step(name, stage, _read_needs(draft, name, raw.get("needs")), resources)


def _read_needs(draft: _Draft, name: str, raw: Any) -> dict[str, tuple[str, ...]]:
    where = f"{draft.where(name, 'needs')}: step {name}: needs"
    if raw is not None and not (isinstance(raw, dict) and all(isinstance(role, str) for role in raw)):
        raise RecipeError(f"{where}: must be a mapping of inputs to steps, got {raw!r}. Write needs: {{INPUT: STEP}}")
    needs = {}
    for role, given in (raw or {}).items():
        if given is None:
            continue
        names = (given,) if isinstance(given, str) else given
        if not (isinstance(names, (list, tuple)) and names and all(isinstance(one, str) for one in names)):
            raise RecipeError(f"{where}.{role}: must be a step's name or a list of names, got {given!r}")
        needs[role] = tuple(names)
    return needs


def _validate(kind: Any, values: Mapping[str, Any], draft: _Draft, step: str, prefix: str = "") -> Any:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        messages = []
        for problem in error.errors():
            parts = [str(part) for part in problem["loc"]]
            origin = draft.where(step, prefix or (parts[0] if parts else ""))
            name = ".".join(part for part in (step, prefix, *parts) if part)
            messages.append(f"{origin}: {name}: {_explain(problem, kind)}")
        raise RecipeError("\n".join(messages)) from None


_LIMITS = {
    "greater_than": (">", "gt"),
    "greater_than_equal": (">=", "ge"),
    "less_than": ("<", "lt"),
    "less_than_equal": ("<=", "le"),
}
_COLLECTIONS = {
    "tuple_type": "must be a list such as [a, b]",
    "list_type": "must be a list such as [a, b]",
    "dict_type": "must be a mapping such as {name: value}",
    "model_type": "must be a mapping such as {name: value}",
}


def _explain(problem: Any, kind: Any) -> str:
    """Say one pydantic problem in our words."""
    got = f", got {problem['input']!r}"
    if problem["type"] == "extra_forbidden":
        known = [*kind.model_fields, *(_STEP_FIELDS if issubclass(kind, Stage) else ())]
        return f"unknown parameter.{did_you_mean(str(problem['loc'][-1]), known)}"
    if problem["type"] == "missing":
        return "is required. Give it a value"
    if problem["type"] in _LIMITS:
        sign, name = _LIMITS[problem["type"]]
        return f"must be {sign} {problem['ctx'][name]}{got}"
    if problem["type"] in _COLLECTIONS:
        return f"{_COLLECTIONS[problem['type']]}{got}"
    text = str(problem["msg"]).removeprefix("Value error, ")
    return f"{text[0].lower()}{text[1:]}{got}"


def _check_needs(draft: _Draft, steps: Mapping[str, Step]) -> None:
    for step in steps.values():
        where = f"{draft.where(step.name, 'needs')}: step {step.name}"
        declared = step.stage.needs
        for role, names in step.needs.items():
            if role not in declared:
                raise RecipeError(f"{where}: unknown input {role!r}.{did_you_mean(role, declared)}")
            if len(names) > 1 and not declared[role].many:
                raise RecipeError(f"{where}: needs.{role}: takes one step, got {list(names)}")
            for name in names:
                if name not in steps:
                    raise RecipeError(f"{where}: needs.{role}: unknown step {name!r}.{did_you_mean(name, steps)}")
                gives = type(steps[name].stage).gives
                if gives not in declared[role].kinds:
                    kinds = " or ".join(declared[role].kinds)
                    raise RecipeError(f"{where}: needs.{role}: takes {kinds}, but step {name} gives {gives}")
        missing = [role for role, one in declared.items() if not one.optional and not step.needs.get(role)]
        if missing:
            kinds = " or ".join(declared[missing[0]].kinds)
            raise RecipeError(f"{where}: needs.{missing[0]}: is missing. Name the step that gives {kinds}")


def _order(steps: Mapping[str, Step], targets: Sequence[str], label: str) -> dict[str, Step]:
    """Return the steps that ``targets`` need, each after its inputs; RecipeError shows a cycle."""
    ordered: dict[str, Step] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            cycle = " -> ".join((*path[path.index(name) :], name))
            raise RecipeError(f"{label}: steps need each other in a cycle: {cycle}. Take one of these needs out")
        if name not in ordered:
            for needed in steps[name].inputs:
                visit(needed, (*path, name))
            ordered[name] = steps[name]

    for target in targets:
        visit(target, ())
    return ordered
