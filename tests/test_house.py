"""The rules of the house that a reviewer should not have to check by eye."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("pipeline", "stages", "data_tools", "eval")
HEAVY = {
    "torch", "ray", "deepspeed", "datatrove", "transformers", "datasets", "lm_eval", "trl", "peft", "mergekit",
    "scipy", "accelerate", "trafilatura",
}  # fmt: skip
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node


@pytest.mark.parametrize("package", ["pipeline", "data_tools", "eval"])
def test_imports_point_one_way(package: str) -> None:
    foreign = set(PACKAGES) - {package}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(package)
        for name, _ in imports(ast.parse(path.read_text("utf-8")))
        if name.split(".")[0] in foreign
    ]
    assert wrong == []


def test_eval_is_never_imported_by_a_name_that_hides_the_builtin() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources(*PACKAGES, "tests", "benchmarks")
        for name, node in imports(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import) and name.split(".")[0] == "eval"
    ]
    assert wrong == []


def test_heavy_libraries_are_imported_inside_functions_of_stages() -> None:
    wrong = []
    for path in [*sources("pipeline"), *(ROOT / "stages").glob("*.py"), *(ROOT / "stages").glob("*/stage.py")]:
        tree = ast.parse(path.read_text("utf-8"))
        for node in tree.body:
            wrong += [f"{path.relative_to(ROOT)} imports {name}" for name, _ in imports(node) if
                      name.split(".")[0] in HEAVY and isinstance(node, (ast.Import, ast.ImportFrom))]  # fmt: skip
    assert wrong == []


def test_planning_imports_no_heavy_library() -> None:
    code = (
        "import sys; from pipeline.plugins import Registry; registry = Registry();"
        "[registry.get(name, 'here') for name in registry.names()];"
        f"print(sorted(set(sys.modules) & {HEAVY!r}))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_every_stage_says_what_its_parameters_mean() -> None:
    from pipeline.plugins import Registry

    registry = Registry()
    undocumented = [
        f"{name}.{field_name}"
        for name in registry.names()
        for field_name, field in registry.get(name, "here").model_fields.items()
        if not field.description
    ]
    assert undocumented == []


def test_tests_hold_no_package_and_no_name_twice() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


def test_no_module_bears_a_standard_library_name() -> None:
    wrong = [
        str(p.relative_to(ROOT))
        for p in sources(*PACKAGES)
        if p.parent.name in PACKAGES and p.stem in sys.stdlib_module_names
    ]
    assert wrong == []


def test_files_and_functions_stay_readable() -> None:
    wrong = []
    for path in sources(*PACKAGES):
        text = path.read_text("utf-8")
        if text.count("\n") > MAX_FILE_LINES:
            wrong.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno is not None:
                length = node.end_lineno - node.lineno + 1
                if length > MAX_FUNCTION_LINES:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {length} lines")
    assert wrong == []


def test_no_pickle_is_loaded_from_outside() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources(*PACKAGES)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"pickle.load", "pickle.loads", "torch.load", "joblib.load"}
    ]
    assert wrong == []
