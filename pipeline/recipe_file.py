"""A recipe's file: YAML with 1.2's scalars, and the shape of its fields, checked before they are laid over another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import RecipeError
from pipeline.plugins import did_you_mean

RECIPES = Path(__file__).resolve().parent.parent / "recipes"
_MAPPING, _LIST, _NAME, _FLAG = "a mapping", "a list of names", "a name", "true or false"
_SHAPES = {
    "extends": (_NAME, "extends: adapt"),
    "domain": (_NAME, "domain: geo"),
    "licenses": (_LIST, "licenses: [CC0-1.0, MIT]"),
    "inputs": (_MAPPING, "inputs: {data: STEP, general: STEP}"),
    "targets": (_LIST, "targets: [STEP]"),
    "publish": (_NAME, "publish: STEP"),
    "plugins": (_LIST, "plugins: [FOLDER]"),
    "own_text": (_FLAG, "own_text: true"),
    "steps": (_MAPPING, "steps: {NAME: {stage: STAGE}}"),
    "profiles": (_MAPPING, "profiles: {laptop: {STEP: {PARAMETER: VALUE}}}"),
}
"""Every field of a recipe: what it must be, and how it is written."""


class _Loader(yaml.SafeLoader):
    """YAML 1.2's scalars where 1.1 surprises: ``1e-5`` is a number, ``no`` and ``off`` are words; no duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            line = f"{key_node.start_mark.name}:{key_node.start_mark.line + 1}"
            if isinstance(key, (list, dict, set)):
                raise RecipeError(f"{line}: a field's name must be a word, got {key!r}. Write NAME: VALUE")
            if key in seen:
                raise RecipeError(f"{line}: {key!r} is given twice. Keep one of them")
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern) for tag, pattern in resolvers if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:float")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|false|False)$"), list("tTfF"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d[\d_]*\.[\d_]*(?:[eE][-+]?\d+)?|\d[\d_]*[eE][-+]?\d+|\.\d[\d_]*(?:[eE][-+]?\d+)?)$"),
    list("-+.0123456789"),
)


def parse_yaml(text: str, where: str) -> Any:
    """Parse YAML with 1.2's scalars; RecipeError names the line."""
    try:
        loader = _Loader(text)  # reads ahead: a forbidden character is found here
        loader.name = where
        return loader.get_single_data()
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date such as 2020-13-45
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise RecipeError(
            f"{where}{line}: is not valid YAML: {problem}. Check brackets, quotes, indentation and the space after ':'"
        ) from None


def read_file(path: Path) -> dict[str, Any]:
    """Return a recipe file's fields, each of the right shape."""
    where = label_of(path)
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise RecipeError(f"{where}: is not UTF-8 ({error.reason} at byte {error.start}). Convert the file") from None
    except OSError as error:
        raise RecipeError(f"{where}: cannot be read ({error.strerror}). Name a recipe's YAML file") from None
    values = parse_yaml(text, where)
    if not isinstance(values, dict):
        raise RecipeError(f"{where}: must be a mapping with a 'steps' field, got {values!r}")
    for name, value in values.items():
        if name not in _SHAPES:
            raise RecipeError(f"{where}: unknown field {name!r}.{did_you_mean(str(name), _SHAPES)}")
        _check_shape(value, *_SHAPES[name], f"{where}: {name}")
    for name, value in (values.get("profiles") or {}).items():
        _check_shape(name, _NAME, _SHAPES["profiles"][1], f"{where}: profiles: a profile's name")
        _check_shape(value, _MAPPING, _SHAPES["profiles"][1], f"{where}: profiles.{name}")
    for name, value in (values.get("inputs") or {}).items():
        _check_shape(value, _NAME, _SHAPES["inputs"][1], f"{where}: inputs.{name}")
    return values


def _check_shape(value: Any, shape: str, example: str, where: str) -> None:
    fits = {
        _MAPPING: isinstance(value, dict),
        _LIST: isinstance(value, list) and all(isinstance(one, str) for one in value),
        _NAME: isinstance(value, str),
        _FLAG: isinstance(value, bool),
    }[shape]
    if value is not None and not fits:
        raise RecipeError(f"{where}: must be {shape}, got {value!r}. Write {example}")


def label_of(path: Path) -> str:
    """A recipe file's name in messages: relative to the checkout where it lies inside."""
    try:
        return path.resolve().relative_to(RECIPES.parent).as_posix()
    except ValueError:
        return str(path)


def follow(text: str) -> Path:
    """Return a path that a recipe or option names, absolute, ``~`` and links followed; ValueError where it cannot be.

    A validator may call it: ValueError is what pydantic turns into a message that names the parameter.
    """
    try:
        return Path(text).expanduser().resolve()
    except (RuntimeError, ValueError) as error:
        reason = str(error).rstrip(".")
        raise ValueError(
            f"is no path that can be followed ({reason}). Name a folder or file by its full path"
        ) from None
