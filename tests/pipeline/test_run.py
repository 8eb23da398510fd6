from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.artifact import lease, load
from pipeline.errors import is_no_space

ROOT = Path(__file__).resolve().parent.parent.parent


def strata(*arguments: str) -> int:
    return main([*arguments])


def run_toy(recipe: Path, runs: Path, *extra: str) -> int:
    return strata("run", str(recipe), "--profile", "laptop", "--executor", "inline", "--runs", str(runs), *extra)


def calls(runs: Path) -> list[str]:
    return [line for log in runs.glob("store/toy_words/.*.work/.calls") for line in log.read_text().split()]


def test_a_run_publishes_links_report_and_last_lines(
    toy: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path / "runs"
    assert run_toy(toy(), runs) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[-5:-3] == [f"checkpoint  {runs}/toy/model", f"report      {runs}/toy/report.html"]
    assert lines[-3:] == ["domain gain 1 -> 2", "general loss 2 -> 2", "final score 3 -> 4"]
    assert (runs / "toy" / "model" / "joined.txt").read_text() == "rock 0 rock 1 tree 0 tree 1 tree 2"
    joined = load(runs / "toy" / "joined")
    assert joined is not None
    assert not list(joined.path.rglob(".*"))
    assert joined.manifest["identity"]["parameters"] == {"separator": " "}
    assert {"provenance", "sources", "seconds", "digest"} <= set(joined.manifest)
    assert "<html" in (runs / "toy" / "report.html").read_text()


def test_the_report_is_written_again_of_the_last_run_with_its_own_variables(
    toy: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, runs = toy(), tmp_path / "runs"
    assert run_toy(recipe, runs, "--set", "trees.word=leaf", "--until", "trees") == 0
    report = runs / "toy" / "report.html"
    first = report.read_text()
    report.unlink()
    assert strata("report", str(recipe), "--runs", str(runs)) == 0
    assert report.read_text() == first
    assert "trees.word=leaf" in first
    assert run_toy(recipe, runs, "--set", "rocks.word=poison") == 2
    capsys.readouterr()
    failed = report.read_text()
    assert "is poisoned" in failed
    report.unlink()
    assert strata("report", str(recipe), "--runs", str(runs)) == 0
    assert report.read_text() == failed
    assert strata("report", str(recipe), "--runs", str(runs), "--set", "trees.word=leaf") == 0
    assert "is poisoned" not in report.read_text()  # what is asked for is shown


def test_the_same_again_runs_nothing_and_a_changed_parameter_only_what_follows(
    toy: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, runs = toy(), tmp_path / "runs"
    assert run_toy(recipe, runs) == 0
    before = {path: path.stat().st_mtime_ns for path in runs.glob("store/*/*/manifest.json")}
    assert run_toy(recipe, runs) == 0
    assert {path: path.stat().st_mtime_ns for path in runs.glob("store/*/*/manifest.json")} == before
    capsys.readouterr()
    assert strata("plan", str(recipe), "--profile", "laptop", "--runs", str(runs), "--set", "trees.word=leaf") == 0
    plan = capsys.readouterr().out
    assert "trees.word: tree -> leaf" in plan
    assert "input changed: trees" in plan
    assert "1 steps reused, 2 to run" in plan
    assert {path: path.stat().st_mtime_ns for path in runs.glob("store/*/*/manifest.json")} == before
    assert run_toy(recipe, runs, "--set", "trees.word=leaf") == 0
    after = {path: path.stat().st_mtime_ns for path in runs.glob("store/*/*/manifest.json")}
    assert len(after) == len(before) + 2


def test_a_run_with_nothing_to_do_starts_neither_ray_nor_torch(toy: Callable[..., Path], tmp_path: Path) -> None:
    recipe, runs = toy(), tmp_path / "runs"
    assert run_toy(recipe, runs) == 0
    code = (
        "import sys; from pipeline.__main__ import main; assert main(sys.argv[1:]) == 0;"
        "print(sorted({'ray', 'torch'} & set(sys.modules)))"
    )
    again = ["run", str(recipe), "--profile", "laptop", "--runs", str(runs)]
    result = subprocess.run([sys.executable, "-c", code, *again], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_a_failed_shard_fails_its_step_with_its_own_message_and_finished_shards_stay(
    toy: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, runs = toy(), tmp_path / "runs"
    assert run_toy(recipe, runs, "--set", "rocks.word=poison") == 2
    assert "shard 1 is poisoned" in capsys.readouterr().err
    assert not list((runs / "toy").glob("joined"))
    assert calls(runs) == ["0", "1"]
    assert run_toy(recipe, runs, "--set", "rocks.word=poison") == 2
    assert calls(runs) == ["0", "1", "1"]  # shard 0 is remembered


def test_a_full_disk_says_so(toy: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_toy(toy(), tmp_path / "runs", "--set", 'joined.separator="full disk"') == 2
    error = capsys.readouterr().err
    assert "step joined: no space left on the disk of" in error
    assert "Free some, then run the same command" in error
    assert "Traceback" not in error


def test_a_full_disk_under_the_report_does_not_hide_why_a_step_failed(
    toy: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("pipeline.runner.write_report", full)
    assert run_toy(toy(), tmp_path / "runs", "--set", "rocks.word=poison") == 2
    error = capsys.readouterr().err
    assert "shard 1 is poisoned" in error
    assert "report.html: could not be written: no space left on the disk of" in error
    assert run_toy(toy(), tmp_path / "runs") == 2
    assert "strata: no space left on the disk of" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EDQUOT, "quota"), RuntimeError("I/O error: No space left on device (os error 28)")],
    ids=["quota", "a native writer's text"],
)
def test_what_means_a_full_disk(error: Exception) -> None:
    assert is_no_space(error)
    assert not is_no_space(RuntimeError("a bug"))


def test_two_runs_of_one_recipe_at_once_are_refused(
    toy: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path / "runs"
    with lease(runs / "toy" / ".lock", "the test"):
        assert run_toy(toy(), runs) == 2
    assert f"is being worked on by process {os.getpid()}" in capsys.readouterr().err


def test_a_damaged_artifact_is_refused_and_says_what_to_do(
    toy: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, runs = toy(), tmp_path / "runs"
    assert run_toy(recipe, runs) == 0
    (runs / "toy" / "rocks" / "0.txt").write_text("rubble")
    assert run_toy(recipe, runs, "--set", "joined.separator=_") == 2
    error = capsys.readouterr().err
    assert "its content is no longer what manifest.json recorded" in error
    assert "Delete the artifact's directory" in error


def test_from_refuses_earlier_work_and_until_stops(
    toy: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, runs = toy(), tmp_path / "runs"
    assert run_toy(recipe, runs, "--from", "joined") == 2
    assert "from=joined: rocks is not finished (never made here). Run until=rocks first" in capsys.readouterr().err
    assert run_toy(recipe, runs, "--until", "trees") == 0
    assert sorted(path.name for path in (runs / "toy").iterdir() if path.is_symlink()) == ["trees"]


def test_show_status_gc(toy: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe, runs = toy(), tmp_path / "runs"
    assert run_toy(recipe, runs) == 0
    assert run_toy(recipe, runs, "--set", "trees.word=leaf") == 0
    capsys.readouterr()
    assert strata("show", "toy", "trees", "--runs", str(runs)) == 0
    assert json.loads(capsys.readouterr().out)["identity"]["parameters"]["word"] == "leaf"
    assert strata("show", "toy", "tree", "--runs", str(runs)) == 2
    assert "Did you mean 'trees'?" in capsys.readouterr().err
    assert strata("status", "--runs", str(runs)) == 0
    assert capsys.readouterr().out == "nothing is running\n"
    assert strata("gc", "--runs", str(runs)) == 0
    assert "2 artifacts" in capsys.readouterr().out
    assert strata("gc", "--yes", "--runs", str(runs)) == 0
    assert len(list(runs.glob("store/*/*/manifest.json"))) == 3


def test_data_without_a_profile_is_refused_on_a_bare_machine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if list(Path("/dev").glob("nvidia[0-9]*")):
        pytest.skip("this machine has a GPU, so the node profile is chosen")
    assert strata("plan", "geo", "--data", str(tmp_path)) == 2
    assert "Say profile=laptop to train a small demonstration model" in capsys.readouterr().err
