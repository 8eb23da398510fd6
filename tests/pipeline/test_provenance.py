"""What is recorded of the checkout, the libraries and the machine."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from pipeline.provenance import ROOT, provenance, source_hashes


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_commit_and_changes_of_a_checkout(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "work")
    assert provenance(tmp_path)["commit"] == ""
    (tmp_path / "a.py").write_text("1")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-qm", "one")
    found = provenance(tmp_path)
    assert (found["commit"], found["branch"], found["dirty"]) == (git(tmp_path, "rev-parse", "HEAD"), "work", False)
    (tmp_path / "new.txt").write_text("git does not know it")
    assert provenance(tmp_path)["dirty"] is False
    (tmp_path / "a.py").write_text("2")
    assert provenance(tmp_path)["dirty"] is True


def test_no_repository_and_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = {"commit": "", "branch": "", "dirty": None}
    assert provenance(tmp_path).items() >= nothing.items()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance(ROOT).items() >= nothing.items()


def test_a_git_that_fails_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "git"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance(ROOT)["dirty"] is None


def test_graphics_cards_are_counted_by_kind(tmp_path: Path) -> None:
    tool = tmp_path / "nvidia-smi"
    card = "NVIDIA H100 80GB HBM3, 81559 MiB, 550.54.15"
    tool.write_text(f"#!/bin/sh\necho '{card}'\necho '{card}'\n")
    tool.chmod(0o755)
    code = "from pipeline.provenance import provenance, ROOT; print(provenance(ROOT)['machine']['gpus'])"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PATH": str(tmp_path)}, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "2 x NVIDIA H100 80GB HBM3, 81559 MiB, driver 550.54.15"


def test_versions_and_machine_are_those_of_here() -> None:
    found = provenance(ROOT)
    assert found["versions"]["pydantic"] == version("pydantic")
    assert found["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["machine"]["cpu_cores"] >= 1
    assert found["machine"]["memory_gib"] > 0


def test_sources_are_named_from_the_checkout_or_by_their_folder(tmp_path: Path) -> None:
    plugin = tmp_path / "mine" / "stage.py"
    plugin.parent.mkdir()
    plugin.write_text("x = 1\n")
    here = ROOT / "pipeline" / "provenance.py"
    hashes = source_hashes([plugin, here])
    assert list(hashes) == ["mine/stage.py", "pipeline/provenance.py"]
    assert hashes["mine/stage.py"] == hashlib.sha256(b"x = 1\n").hexdigest()
    plugin.write_text("x = 2\n")
    assert source_hashes([plugin])["mine/stage.py"] != hashes["mine/stage.py"]
