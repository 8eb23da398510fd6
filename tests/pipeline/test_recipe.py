from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import RecipeError
from pipeline.recipe import Recipe, Request, load, parse_yaml


def load_toy(path: Path, **options: object) -> Recipe:
    return load(Request(str(path), **options), machine_profile="laptop")  # type: ignore[arg-type]


def test_only_the_steps_that_targets_need_are_kept_in_order(toy: Callable[..., Path]) -> None:
    recipe = load_toy(toy())
    assert list(recipe.steps) == ["rocks", "trees", "joined"]
    assert recipe.steps["joined"].needs == {"words": ("rocks", "trees")}
    assert recipe.profile == "laptop"


def test_until_stops_the_graph(toy: Callable[..., Path]) -> None:
    assert list(load_toy(toy(), until="trees").steps) == ["trees"]


def test_profile_then_override_are_laid_over(toy: Callable[..., Path]) -> None:
    path = toy()
    assert load_toy(path, profile="wide").steps["rocks"].stage.model_dump() == {"word": "rock", "count": 4}
    recipe = load_toy(path, profile="wide", overrides=["rocks.count=7", "rocks.resources.num_cpus=0.5"])
    assert recipe.steps["rocks"].stage.model_dump()["count"] == 7
    assert recipe.steps["rocks"].resources.num_cpus == 0.5


def test_extends_overlays_the_parent_and_another_stage_starts_afresh(toy: Callable[..., Path]) -> None:
    toy()
    child = toy(
        """
        extends: toy
        steps:
          rocks: {count: 5}
          trees: {stage: toy_words, word: leaf}
        """,
        "child",
    )
    recipe = load_toy(child)
    assert recipe.steps["rocks"].stage.model_dump() == {"word": "rock", "count": 5}
    assert recipe.steps["trees"].stage.model_dump() == {"word": "leaf", "count": 3}
    other = toy(
        "extends: toy\nsteps:\n  trees: {stage: toy_join, needs: {words: rocks}}\n"
        "  joined: {needs: {words: rocks, extra: trees}}",
        "other",
    )
    assert load_toy(other).steps["trees"].stage.model_dump() == {"separator": " "}


def test_numbers_and_words_of_yaml_are_not_surprising() -> None:
    values = parse_yaml("{a: 1e-5, b: 1.0e-5, c: no, d: off, e: true, f: 12, g: -2.5, h: 4_096}", "x")
    assert values == {"a": 1e-5, "b": 1e-5, "c": "no", "d": "off", "e": True, "f": 12, "g": -2.5, "h": 4096}


MISTAKES = [
    ({"overrides": ["rocks.count=-1"]}, r"^set: rocks\.count: must be > 0, got -1$"),
    ({"overrides": ["rocks.count=many"]}, r"set: rocks\.count: .*integer.*, got 'many'"),
    ({"overrides": ["rocks.cuont=1"]}, r"set: rocks\.cuont: unknown parameter\. Did you mean 'count'\?"),
    ({"overrides": ["rock.count=1"]}, r"unknown step 'rock'\. Did you mean 'rocks'\?"),
    ({"overrides": ["count=1"]}, r"set: must be STEP\.PARAMETER=VALUE, got 'count=1'"),
    (
        {"overrides": ["rocks.resources.num_cpu=1"]},
        r"rocks\.resources\.num_cpu: unknown parameter\. Did you mean 'num_cpus'\?",
    ),
    ({"profile": "wid"}, r"unknown profile 'wid'\. Did you mean 'wide'\?"),
    ({"until": "joind"}, r"until=joind: unknown step\. Did you mean 'joined'\?"),
    ({"data": "/x", "profile": "laptop"}, r"unknown profile 'own_text'"),
]


@pytest.mark.parametrize(("options", "message"), MISTAKES)
def test_mistakes_on_the_command_line(toy: Callable[..., Path], options: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_toy(toy(), **options)


BROKEN = [
    ("steps: [", r"broken\.yaml:\d+: is not valid YAML"),
    ("- a", r"broken\.yaml: must be a mapping with a 'steps' field"),
    ("stps: {}", r"unknown field 'stps'\. Did you mean 'steps'\?"),
    ("steps: {}\nsteps: {}", r"broken\.yaml:2: 'steps' is given twice"),
    ("extends: nothing", r"extends: there is no .*nothing\.yaml"),
    ("extends: broken", r"broken\.yaml: extends itself"),
    ("steps: {a: {word: x}}", r"step a: has no 'stage'"),
    ("steps: {a: 3}", r"step a: must be a mapping, got 3"),
    ("steps: {model: {stage: toy_words}}", r"a step's name must be .*got 'model'"),
    ("steps: {a: {stage: toy_word}}", r"broken\.yaml: step a: unknown stage 'toy_word'\. Did you mean 'toy_words'\?"),
    ("steps: {a: {stage: toy_join}}", r"step a: needs\.words: is missing\. Name the step that gives words"),
    ("steps: {a: {stage: toy_join, needs: {words: b}}}", r"needs\.words: unknown step 'b'"),
    ("steps: {a: {stage: toy_join, needs: {wrds: a}}}", r"unknown input 'wrds'\. Did you mean 'words'\?"),
    (
        "steps: {a: {stage: toy_join, needs: {words: 3}}}",
        r"needs\.words: must be a step's name or a list of names, got 3",
    ),
    (
        "steps: {w: {stage: toy_words}, a: {stage: toy_join, needs: {words: w}}, "
        "b: {stage: toy_join, needs: {words: a}}}",
        r"step b: needs\.words: takes words, but step a gives text",
    ),
    (
        "steps: {w: {stage: toy_words}, t: {stage: toy_join, needs: {words: w, extra: [w, w]}}}",
        r"step t: needs\.extra: takes one step, got \['w', 'w'\]",
    ),
    (
        "steps: {w: {stage: toy_words}, a: {stage: toy_join, needs: {words: w, extra: b}}, "
        "b: {stage: toy_join, needs: {words: w, extra: a}}}",
        r"steps need each other in a cycle: a -> b -> a",
    ),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_mistakes_in_the_file(toy: Callable[..., Path], text: str, message: str) -> None:
    if "extends" not in text and not text.startswith("-") and "steps: [" not in text:
        text = f"plugins: [plugins]\nprofiles: {{laptop: {{}}}}\n{text}"
    message = message.replace(r"yaml:2:", r"yaml:\d:")
    with pytest.raises(RecipeError, match=message):
        load_toy(toy(text, "broken"))


def test_an_unknown_recipe_names_the_known_ones() -> None:
    with pytest.raises(RecipeError, match=r"recipe 'geoo': there is no .*geoo\.yaml\. Did you mean 'geo'\?"):
        load(Request("geoo"), machine_profile="laptop")
