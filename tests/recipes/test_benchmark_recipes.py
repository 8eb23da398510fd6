"""The benchmark's recipes measure what they say they measure."""

from __future__ import annotations

from pathlib import Path

from pipeline.identity import Hasher
from pipeline.planner import Layout, plan
from pipeline.recipe import Request, load

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "benchmarks"


def test_controls_differ_from_cpt_in_their_share_alone(tmp_path: Path) -> None:
    recipe = load(Request(str(BENCHMARKS / "chain_controls.yaml"), "laptop"), machine_profile="laptop")
    made = plan(recipe, Layout(tmp_path), Hasher())
    chosen = dict(made.steps["cpt"].identity["parameters"])
    for name, share in (("cpt_general", 0.0), ("cpt_half", 0.5)):
        assert made.steps[name].identity["parameters"] == {**chosen, "domain_share": share}
    assert made.steps["evaluate"].step.needs["controls"] == ("cpt_general", "cpt_half")


def test_the_planted_recipe_plants_three_hundred_of_each_kind(tmp_path: Path) -> None:
    recipe = load(Request(str(BENCHMARKS / "chain_planted.yaml"), "laptop", until="grade"), machine_profile="laptop")
    for step in ("planted_domain", "planted_general"):
        assert recipe.steps[step].stage.model_dump()["num_per_kind"] == 300
