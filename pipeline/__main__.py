"""The command line: ``strata run|plan|status|report|show|gc|doctor``, and the commands that stages add."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.planner import Layout, Plan

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143
USER_HEADLINE = (
    "strata adapts a language model to a domain: curation, mixture law, continued pre-training, fine-tuning, merging"
)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; imports nothing heavy, so that ``--help`` is instant."""
    parser = argparse.ArgumentParser(prog="strata", description=USER_HEADLINE)
    verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", required=True)
    for verb, text in (
        ("run", "run a recipe; finished steps are reused"),
        ("plan", "show what a run would do, why, and what it would cost; writes nothing"),
    ):
        one = verbs.add_parser(verb, help=text, description=text)
        _add_recipe_arguments(one)
        if verb == "plan":
            one.add_argument("--json", action="store_true", help="print the plan as JSON")
        else:
            one.add_argument(
                "--executor", choices=("ray", "inline"), default="ray", help="where steps run (default: ray)"
            )
    one = verbs.add_parser("status", help="what runs now, in every recipe")
    _add_runs(one)
    one = verbs.add_parser("report", help="write a recipe's report from what is there, and print its path")
    _add_recipe_arguments(one)
    one = verbs.add_parser("show", help="a step's manifest: parameters, inputs, metrics, versions")
    one.add_argument("recipe")
    one.add_argument("step")
    _add_runs(one)
    one = verbs.add_parser("gc", help="delete artifacts that no recipe's last run uses")
    one.add_argument("--yes", action="store_true", help="delete; without it, only list")
    _add_runs(one)
    one = verbs.add_parser("doctor", help="what this machine has and lacks")
    _add_runs(one)
    from pipeline.plugins import commands

    for name in commands():
        verbs.add_parser(name, help=f"a stage's own command; see strata {name} --help", add_help=False)
    return parser


def _add_runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", default="runs", help="directory of all artifacts (default: runs)")


def _add_recipe_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", help="a recipe's name (geo, finance, medical) or a YAML file")
    parser.add_argument("--profile", help="laptop, node, cluster; laptop by itself only on a bare machine")
    parser.add_argument("--data", help="your domain text: a folder or a file")
    parser.add_argument("--general", help="your general text: a folder or a file")
    parser.add_argument("--license", help="SPDX licence of --data and --general")
    parser.add_argument("--general-license", help="SPDX licence of --general, where it is another")
    parser.add_argument(
        "--set",
        dest="overrides",
        nargs="+",
        action="extend",
        default=[],
        metavar="STEP.PARAMETER=VALUE",
        help="override",
    )
    parser.add_argument("--until", help="stop after this step")
    parser.add_argument("--from", help="refuse to run steps that do not follow from this one")
    _add_runs(parser)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code. Expected errors are printed without a traceback."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    terminations: list[int] = []
    try:
        with _termination_interrupts(terminations):
            return _dispatch(arguments)
    except KeyboardInterrupt:
        print(
            "\ninterrupted; finished steps, shards and checkpoints are kept: the same command goes on", file=sys.stderr
        )
        return EXIT_TERMINATED if terminations else EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_USER_ERROR
    except Exception as error:
        code = getattr(error, "exit_code", None)
        if code is None and not isinstance(error, OSError):
            raise
        print(f"strata: {_message(error)}", file=sys.stderr)
        return code or EXIT_USER_ERROR


@contextlib.contextmanager
def _termination_interrupts(terminations: list[int]) -> Iterator[None]:
    """While a command runs, take SIGTERM, a scheduler's Ctrl-C, for an interrupt; note it in ``terminations``."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(number: int, frame: object) -> None:
        terminations.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _message(error: Exception) -> str:
    from pipeline.errors import is_no_space, no_space

    if not is_no_space(error):
        return str(error)
    name = getattr(error, "filename", None)
    place = Path(os.fsdecode(name)).absolute() if name else Path.cwd() / "any"
    return no_space(next(parent for parent in place.parents if parent.exists()))  # a work directory may be gone by now


def _dispatch(arguments: Sequence[str]) -> int:
    from pipeline.plugins import commands, run_command

    if arguments and arguments[0] in commands():
        return run_command(arguments[0], arguments[1:])
    options = build_parser().parse_args(arguments)
    handler = {
        "run": _run,
        "plan": _plan,
        "report": _report,
        "status": _status,
        "show": _show,
        "gc": _gc,
        "doctor": _doctor,
    }[options.verb]
    return handler(options)


def _make_plan(options: argparse.Namespace, save_hashes: bool) -> tuple[Plan, Layout]:
    from pipeline.identity import Hasher
    from pipeline.machine import choose_profile, make_writable
    from pipeline.planner import Layout, plan, refuse_own_output, runs_folder
    from pipeline.recipe import Request, load

    layout = Layout(runs_folder(options.runs))
    given = _given(options)
    start = given.pop("from", "")
    request = Request(options.recipe, overrides=_rejoined(options.overrides), **given)
    recipe = load(request, machine_profile="" if request.profile else choose_profile(request))
    refuse_own_output(recipe, layout.runs, {name: given[name] for name in ("data", "general") if name in given})
    if save_hashes:
        make_writable(layout.runs, layout.runs, layout.store.root)
    hasher = Hasher(layout.hashes)
    made = plan(recipe, layout, hasher, start)
    if save_hashes:
        hasher.save()
    return made, layout


def _rejoined(pieces: Sequence[str]) -> list[str]:
    """Put together again what a shell split at a value's spaces: ``{a:`` and ``30}`` behind ``STEP.PARAMETER=``."""
    overrides: list[str] = []
    for piece in pieces:
        if overrides and overrides[-1].count("{") + overrides[-1].count("[") > sum(map(overrides[-1].count, "}]")):
            overrides[-1] += f" {piece}"
        else:
            overrides.append(piece)
    return overrides


def _given(options: argparse.Namespace) -> dict[str, str]:
    """Return the recipe's options that were given. An empty one is a variable that was not set, not a choice."""
    from pipeline.errors import RecipeError

    given = {}
    for name in ("profile", "data", "general", "license", "general_license", "until", "from"):
        value = getattr(options, name)
        if value == "":
            raise RecipeError(f"{name}=: is empty. Give it a value, or leave {name}= out")
        if value is not None:
            given[name] = value
    return given


def _plan(options: argparse.Namespace) -> int:
    from pipeline.planner import estimates, format_plan

    made, _ = _make_plan(options, save_hashes=False)
    print(json.dumps(estimates(made), indent=1) if options.json else format_plan(made))
    return 0


def _run(options: argparse.Namespace) -> int:
    from pipeline.executors import Executor
    from pipeline.progress import Display
    from pipeline.runner import last_lines, run

    made, layout = _make_plan(options, save_hashes=True)
    recipe = made.recipe
    print(
        f"recipe {recipe.name}, profile {recipe.profile}: {len(made.steps)} steps, {len(made.to_run)} to run",
        flush=True,
    )
    executor: Executor
    if options.executor == "inline":
        from pipeline.executors.inline import InlineExecutor

        executor = InlineExecutor()
    else:
        from pipeline.executors.ray import RayExecutor

        executor = RayExecutor(recipe.plugins)
    display = Display(total_steps=len(made.to_run))
    try:
        asked = {name: getattr(options, name) for name in _ASKED}
        for name in ("data", "general"):
            if asked[name]:
                asked[name] = str(Path(asked[name]).expanduser().absolute())  # for a report from another folder
        state = run(made, layout, executor, display, _command_line(), asked)
    finally:
        display.close()
    print("\n".join(last_lines(state, layout)))
    return 0


_ASKED = ("profile", "data", "general", "license", "general_license", "overrides", "until")
"""The options that make steps what they are; ``report`` takes those of the last run where none is given."""


def _command_line() -> str:
    return " ".join(["strata", *sys.argv[1:]])


def _report(options: argparse.Namespace) -> int:
    import time

    from pipeline.machine import make_writable
    from pipeline.report import write_report
    from pipeline.runner import REPORT_FILE, LastRun, RunState, report_input

    made, layout = _make_plan(options, save_hashes=False)
    path = layout.recipe(made.recipe.name) / REPORT_FILE
    last = LastRun.read(path.parent)
    if last is not None and not any(getattr(options, name) for name in _ASKED):
        # the run's own variables: with others, its steps would be other steps, and the report empty
        for name, value in last.options.items():
            setattr(options, name, value)
        made, layout = _make_plan(options, save_hashes=False)
    else:
        last = None
    artifacts = {name: one.artifact for name, one in made.steps.items() if one.artifact is not None}
    state = RunState(made, artifacts)
    if last is not None:
        state.failed = {name: reason for name, reason in last.failed.items() if name not in artifacts}
        state.made = set(last.made)
    if not path.parent.exists():
        from pipeline.errors import StrataError

        raise StrataError(
            f"{path.parent}: there is no run of recipe {made.recipe.name} here. Start one with strata run"
        )
    make_writable(layout.runs, path.parent)
    now = time.time()
    write_report(path, report_input(state, layout, last or LastRun(_command_line(), {}, now, now)))
    print(path)
    return 0


def _status(options: argparse.Namespace) -> int:
    from pipeline.maintenance import running_steps
    from pipeline.planner import runs_folder

    lines = running_steps(runs_folder(options.runs))
    print("\n".join(lines) if lines else "nothing is running")
    return 0


def _show(options: argparse.Namespace) -> int:
    from pipeline.artifact import load
    from pipeline.errors import StrataError
    from pipeline.planner import Layout, runs_folder
    from pipeline.plugins import did_you_mean

    folder = Layout(runs_folder(options.runs)).recipe(options.recipe)
    artifact = load(folder / options.step)
    if artifact is None:
        steps = [path.name for path in folder.glob("*") if path.is_symlink()]
        raise StrataError(f"{folder / options.step}: no finished step of that name.{did_you_mean(options.step, steps)}")
    files = artifact.manifest["files"]
    shown = {**artifact.manifest, "files": f"{len(files)} files, {sum(entry[0] for entry in files.values())} bytes"}
    print(json.dumps({"path": str(artifact.path.resolve()), **shown}, indent=1, ensure_ascii=False))
    return 0


def _gc(options: argparse.Namespace) -> int:
    from pipeline.machine import make_writable
    from pipeline.maintenance import collect
    from pipeline.planner import Layout, runs_folder

    layout = Layout(runs_folder(options.runs))
    if options.yes and layout.runs.exists():
        make_writable(layout.runs, layout.store.root)
    for line in collect(layout.runs, delete=options.yes):
        print(line)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from pipeline.machine import examine
    from pipeline.planner import runs_folder

    findings = examine(runs_folder(options.runs))
    for ok, what, remedy in findings:
        print(f"{'ok     ' if ok else 'lacking'}  {what}" + (f". {remedy}" if remedy and not ok else ""))
    return 0 if all(ok for ok, _, _ in findings) else EXIT_USER_ERROR


if __name__ == "__main__":
    sys.exit(main())
