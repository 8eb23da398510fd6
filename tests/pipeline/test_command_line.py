"""What the command line and the Makefile refuse, and how a plan reads: texts, exit codes, nothing written."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.__main__ import _rejoined, main

ROOT = Path(__file__).resolve().parent.parent.parent
EMPTY = ("profile", "data", "general", "license", "general_license", "until", "from")


def plan(recipe: Path, runs: Path | str, *extra: str) -> int:
    return main(["plan", str(recipe), "--profile", "laptop", "--runs", str(runs), *extra])


def run(recipe: Path, runs: Path | str, *extra: str) -> int:
    return main(["run", str(recipe), "--profile", "laptop", "--executor", "inline", "--runs", str(runs), *extra])


@pytest.mark.parametrize("option", EMPTY)
def test_an_empty_option_is_a_variable_that_was_not_set(
    toy: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert plan(toy(), tmp_path / "runs", f"--{option.replace('_', '-')}", "") == 2
    assert capsys.readouterr().err == f"strata: {option}=: is empty. Give it a value, or leave {option}= out\n"


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ("s3://bucket/runs", "runs=s3://bucket/runs: must be a directory that all nodes share; URLs are not supported"),
        ("", "runs=: is empty. Name a directory, or leave runs= out"),
        ("~nosuchuser/runs", "runs=~nosuchuser/runs: is no path that can be followed (Could not determine home dir"),
    ],
)
def test_runs_must_be_a_directory_for_every_command(
    toy: Callable[..., Path], capsys: pytest.CaptureFixture[str], runs: str, message: str
) -> None:
    recipe = str(toy())
    for command in (["run", recipe], ["plan", recipe], ["report", recipe], ["show", "toy", "x"], ["status"], ["gc"]):
        assert main([*command, "--runs", runs]) == 2
        assert message in capsys.readouterr().err
    assert main(["doctor", "--runs", runs]) == 2
    assert message in capsys.readouterr().err


def test_from_an_unknown_step(toy: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan(toy(), tmp_path / "runs", "--from", "joind") == 2
    assert capsys.readouterr().err == "strata: from=joind: unknown step. Did you mean 'joined'?\n"


def test_a_run_never_reads_its_own_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "text"
    text.mkdir()
    (text / "a.txt").write_text("Granite is an igneous rock.\n")
    (tmp_path / "other_name").symlink_to(text)
    own = ("--license", "MIT")
    for runs in (text, text / "runs", tmp_path / "other_name" / "runs"):
        for option in ("data", "general"):
            arguments = ["--profile", "laptop", f"--{option}", str(text), *own]
            assert main(["plan", "geo", "--runs", str(runs), *arguments]) == 2
            assert capsys.readouterr().err == (
                f"strata: runs={runs}: lies inside {option}={text}: it would read its own output. "
                "Set runs= to a place outside\n"
            )
    given = ["--profile", "laptop", "--set", f"domain_text.path={text}", "domain_text.license=MIT"]
    assert main(["plan", "geo", "--runs", str(text / "runs"), *given]) == 2
    assert f"lies inside domain_text.path={text}: it would read" in capsys.readouterr().err
    assert (
        main(["plan", "geo", "--runs", str(tmp_path / "runs"), "--profile", "laptop", "--data", str(text), *own]) == 0
    )


def test_a_runs_directory_that_cannot_be_written_is_told_before_any_work(
    toy: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, file = toy(), tmp_path / "file"
    file.write_text("precious")
    for runs, reason in ((file, "is no directory"), (file / "x", "is no directory"), (Path("/proc/x"), "No such file")):
        assert run(recipe, runs) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"strata: runs={runs}: cannot be written ({runs}: {reason}")
        assert error.endswith("Choose another with runs=\n")
    assert main(["gc", "--yes", "--runs", str(file)]) == 2
    assert f"runs={file}: cannot be written" in capsys.readouterr().err
    assert file.read_text() == "precious"


def test_doctor_says_whether_runs_can_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert main(["doctor", "--runs", str(file)]) == 2
    assert f"lacking  {file} is no directory. Choose another place with runs=" in capsys.readouterr().out
    main(["doctor", "--runs", str(tmp_path / "runs")])
    assert f"ok       {tmp_path} is writable\n" in capsys.readouterr().out


def test_a_plan_says_once_that_nothing_was_ever_made(
    toy: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, runs = toy(), tmp_path / "runs"
    assert plan(recipe, runs) == 0
    table = capsys.readouterr().out
    assert table.count("never made here") == 1
    assert "0 steps reused, 3 to run (never made here)" in table
    assert "why" not in table
    assert run(recipe, runs, "--until", "trees") == 0
    capsys.readouterr()
    assert plan(recipe, runs) == 0
    assert capsys.readouterr().out.count("never made here") == 2  # rocks and joined, each in its row


def test_a_plan_shows_three_differences_and_its_json_all_of_them(
    toy: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "plugins: [plugins]\nprofiles: {{laptop: {{}}}}\nsteps: {{rocks: {{stage: toy_{0}}}}}"
    runs = tmp_path / "runs"
    values = {"word": "rock" * 20, "count": 3}
    overrides = [f"rocks.{name}={value}" for name, value in values.items()]
    assert run(toy(text.format("words")), runs) == 0
    (tmp_path / "plugins" / "toy_many.py").write_text(
        (tmp_path / "plugins" / "toy_words.py")
        .read_text()
        .replace('"toy_words"', '"toy_many"')
        .replace('word: str = "rock"', 'word: str = "rock"\n    colour: str = "grey"\n    sheen: str = "none"')
    )
    capsys.readouterr()
    many = toy(text.format("many"))
    assert plan(many, runs, "--set", *overrides) == 0
    row = capsys.readouterr().out.splitlines()[1]
    assert row.endswith(
        f"stage toy_words 1 -> toy_many 1; rocks.word: rock -> {('rock' * 20)[:37]}...; rocks.count: 2 -> 3; and 2 more"
    )
    assert plan(many, runs, "--json", "--set", *overrides) == 0
    (why,) = [step["why"] for step in json.loads(capsys.readouterr().out)]
    assert f"rocks.word: rock -> {'rock' * 20}; " in why
    assert "rocks.colour: unset -> grey; rocks.sheen: unset -> none" in why


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(["make", "-n", *arguments], cwd=ROOT, env=outside, capture_output=True, text=True)


def test_make_refuses_a_variable_it_does_not_know() -> None:
    result = make("recipe=geo", "dta=/x")
    assert result.returncode == 2
    assert "strata: unknown variable dta. Known: recipe profile data" in result.stderr
    for given, said in (
        ("DATA=/x", "strata: unknown variable DATA. Known: recipe"),
        ("data=", "strata: data= is empty. Give it a value, or leave it out"),
    ):
        refused = make("recipe=geo", given)
        assert refused.returncode == 2
        assert said in refused.stderr
    fine = make(
        "plan", "recipe=geo", "data=/x", "https_proxy=http://x", "set=cpt.seed=1", "PYTHON=python3", "RAY_ADDRESS=auto"
    )
    assert fine.returncode == 0, fine.stderr
    assert 'strata plan geo  --data "/x"' in fine.stdout


def test_a_value_that_a_shell_split_at_its_spaces_is_put_together_again() -> None:
    pieces = ["clean.limits={a.b:", "30,", "c.d:", "[1,", "2]}", "merge.method=ties", "cpt.seed=1"]
    assert _rejoined(pieces) == ["clean.limits={a.b: 30, c.d: [1, 2]}", "merge.method=ties", "cpt.seed=1"]
    assert _rejoined([]) == []
    assert _rejoined(["a.b=1", "stray"]) == ["a.b=1", "stray"]
