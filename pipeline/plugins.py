"""Stages and commands found by name: in ``stages/``, in a recipe's ``plugins:`` folders, or by entry point.

Names are listed without importing anything; a module is imported when it is asked for.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from pipeline.errors import RecipeError
from pipeline.stage import Stage

ENTRY_POINT_GROUP = "strata.stages"
COMMAND_PREFIX = "cli_"
_STAGES = Path(__file__).resolve().parent.parent / "stages"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for a near miss, else the names there are."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f" Did you mean {close[0]!r}?" if close else f" Known: {', '.join(names)}"


class Registry:
    """The stages that a recipe may name."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._folders = [_STAGES, *folders]

    def names(self) -> list[str]:
        """Every stage's name, without importing it."""
        found = {name for folder in self._folders for name in _module_files(folder)}
        return sorted(found | {point.name for point in entry_points(group=ENTRY_POINT_GROUP)})

    def get(self, name: str, where: str) -> type[Stage]:
        """Import the stage ``name``; RecipeError says which names there are."""
        for folder in reversed(self._folders):  # a plugin may replace one of ours by name
            file = _module_files(folder).get(name)
            if file is not None:
                return _stage_of(_import(folder, name, file), where)
        for point in entry_points(group=ENTRY_POINT_GROUP, name=name):
            return _stage_of(sys.modules[point.load().__module__], where)
        raise RecipeError(f"{where}: unknown stage {name!r}.{did_you_mean(name, self.names())}")


def _module_files(folder: Path) -> dict[str, Path]:
    files = {path.stem: path for path in folder.glob("*.py") if not path.stem.startswith(("_", COMMAND_PREFIX))}
    files.update({path.parent.name: path for path in folder.glob("*/stage.py")})
    return files


def _import(folder: Path, name: str, file: Path) -> ModuleType:
    if folder == _STAGES:
        dotted = f"stages.{name}.stage" if file.name == "stage.py" else f"stages.{name}"
        return importlib.import_module(dotted)
    # Ray workers import a plugin's functions by name, so its folder has to be importable there too.
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return importlib.import_module(f"{name}.stage" if file.name == "stage.py" else name)


def _stage_of(module: ModuleType, where: str) -> type[Stage]:
    found = getattr(module, "STAGE", None)
    if not (isinstance(found, type) and issubclass(found, Stage)):
        raise RecipeError(f"{where}: {module.__file__}: must define STAGE = <a Stage subclass>, got {found!r}")
    return found


def source_files(stage: type[Stage]) -> list[Path]:
    """The source files recorded as a stage's code: its module, or every module of its folder."""
    file = Path(sys.modules[stage.__module__].__file__ or "")
    return sorted(file.parent.rglob("*.py")) if file.name == "stage.py" else [file]


def commands() -> dict[str, str]:
    """Commands that stages add to the command line: ``stages/**/cli_<name>.py`` with ``main(argv) -> int``.

    An underscore in the file's name is a hyphen in the command's: ``cli_new_domain.py`` is ``strata new-domain``.
    """
    found = {}
    for file in sorted(_STAGES.rglob(f"{COMMAND_PREFIX}*.py")):
        dotted = ".".join(file.relative_to(_STAGES.parent).with_suffix("").parts)
        found[file.stem.removeprefix(COMMAND_PREFIX).replace("_", "-")] = dotted
    return found


def run_command(name: str, argv: Sequence[str]) -> int:
    """Import and call the command ``name``."""
    return int(importlib.import_module(commands()[name]).main(list(argv)))
