"""Every recipe plans in every profile; the laptop's runs once, small, from text to a published model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.identity import Hasher
from pipeline.planner import Layout, Plan, plan
from pipeline.recipe import Request, load, recipe_names

ROOT = Path(__file__).resolve().parent.parent.parent
DOMAINS = ["finance", "geo", "medical"]
"""The domains that come with the project; a user's own stand beside them."""


def planned(recipe: str, profile: str, runs: Path, **options: object) -> Plan:
    request = Request(recipe, profile, **options)  # type: ignore[arg-type]
    return plan(load(request, machine_profile="laptop"), Layout(runs), Hasher())


def test_there_is_a_recipe_for_each_domain() -> None:
    assert {"adapt", *DOMAINS} <= set(recipe_names())


@pytest.mark.parametrize("recipe", DOMAINS)
@pytest.mark.parametrize("profile", ["laptop", "node", "cluster"])
def test_every_recipe_plans_in_every_profile_and_writes_nothing(recipe: str, profile: str, tmp_path: Path) -> None:
    made = planned(recipe, profile, tmp_path / "runs")
    assert made.recipe.publish in made.steps
    assert len({one.key for one in made.steps.values()}) == len(made.steps)
    assert made.steps["cpt"].estimate.seconds is not None
    if profile != "laptop":
        assert (made.steps["cpt"].estimate.gpu_hours or 0) > 1
        assert (made.steps["base"].estimate.disk_bytes or 0) > 1e9
    assert not (tmp_path / "runs").exists()


def test_recipes_share_the_general_text_and_the_base(tmp_path: Path) -> None:
    plans = [planned(recipe, "laptop", tmp_path) for recipe in DOMAINS]
    for step in ("general_text", "clean_general", "split_general", "tokenizer", "pack_base", "base", "base_small"):
        assert len({one.steps[step].key for one in plans}) == 1, step
    for step in ("domain_text", "dedup", "pack", "cpt", "merge"):
        assert len({one.steps[step].key for one in plans}) == len(plans), step


def test_a_users_folder_replaces_the_world_and_nothing_is_planted_into_it(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text("Granite is an igneous rock.\n")
    made = planned("geo", "laptop", tmp_path / "runs", data=str(tmp_path / "text"), license="CC-BY-4.0")
    assert not {"planted_domain", "planted_general", "grade"} & set(made.steps)
    assert made.steps["clean_domain"].step.needs == {"documents": ("domain_text",)}
    read = made.steps["domain_text"].identity["parameters"]
    assert read["corpora"] == []
    assert read["license"] == "CC-BY-4.0"


def test_general_text_may_have_a_licence_of_its_own(tmp_path: Path) -> None:
    for name in ("papers", "books"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text("Granite is an igneous rock.\n")
    folders = {"data": str(tmp_path / "papers"), "general": str(tmp_path / "books")}
    made = planned("geo", "laptop", tmp_path / "runs", **folders, license="CC-BY-4.0", general_license="CC0-1.0")
    licenses = [made.steps[name].identity["parameters"]["license"] for name in ("domain_text", "general_text")]
    assert licenses == ["CC-BY-4.0", "CC0-1.0"]
    assert made.steps["tokenizer"].step.needs == {"documents": ("clean_domain", "clean_general"), "keep": ("split",)}


def test_a_users_folder_spares_the_download(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Granite is an igneous rock.\n")
    made = planned("geo", "cluster", tmp_path / "runs", data=str(tmp_path / "a.txt"), license="CC-BY-4.0")
    assert "domain_raw" not in made.steps
    assert "general_raw" in made.steps
    assert made.steps["domain_text"].step.needs == {}


def test_resources_change_no_key(tmp_path: Path) -> None:
    one = planned("geo", "laptop", tmp_path)
    other = planned(
        "geo", "laptop", tmp_path, overrides=["cpt.resources.num_workers=7", "clean_domain.resources.num_cpus=2"]
    )
    assert {name: step.key for name, step in one.steps.items()} == {
        name: step.key for name, step in other.steps.items()
    }


def test_one_parameter_of_merge_touches_only_what_follows(tmp_path: Path) -> None:
    one, other = (
        planned("geo", "laptop", tmp_path),
        planned("geo", "laptop", tmp_path, overrides=["merge.coefficients=[0.4]"]),
    )
    changed = [name for name in one.steps if one.steps[name].key != other.steps[name].key]
    assert changed == ["merge", "evaluate", "export"]


def test_a_forbidden_licence_stops_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    result = subprocess.run(
        [
            sys.executable, "-m", "pipeline", "run", "geo", "--profile", "laptop", "--runs", str(tmp_path / "runs"),
            "--data", str(tmp_path / "a.txt"), "--license", "GPL-3.0-only",
        ],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 2
    assert "GPL-3.0-only" in result.stderr
    assert "licenses" in result.stderr
    assert not (tmp_path / "runs").exists()


def test_plan_as_json(tmp_path: Path) -> None:
    command = ["plan", "medical", "--profile", "cluster", "--json", "--runs", str(tmp_path)]
    result = subprocess.run(
        [sys.executable, "-m", "pipeline", *command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    rows = {row["step"]: row for row in json.loads(result.stdout)}
    assert rows["cpt"]["basis"]
    assert rows["cpt"]["why"] == "never made here"
