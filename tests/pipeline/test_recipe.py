from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import RecipeError
from pipeline.recipe import Recipe, Request, load
from pipeline.recipe_file import parse_yaml


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


def test_a_recipe_without_profiles_suits_every_machine(toy: Callable[..., Path]) -> None:
    plain = toy("plugins: [plugins]\nsteps: {rocks: {stage: toy_words, word: rock}}", "plain")
    assert list(load_toy(plain).steps) == ["rocks"]
    with pytest.raises(RecipeError, match="unknown profile 'laptop'"):
        load_toy(plain, profile="laptop")


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
    ({"license": "MIT"}, r"license=MIT: goes with data= or general=, and neither was given\. Give one"),
    ({"general_license": "MIT"}, r"general_license=MIT: goes with general=, which was not given"),
    (
        {"overrides": ["joined.needs=3"]},
        r"^set: step joined: needs: must be a mapping of inputs to steps, got 3\. Write needs: \{INPUT: STEP\}",
    ),
    ({"overrides": ["rocks.count=2020-13-45"]}, r"set rocks\.count: is not valid YAML: month must be in 1\.\.12"),
    (
        {"overrides": ["rocks.resources=3"]},
        r"^set: rocks\.resources: must be a mapping such as \{name: value\}, got 3$",
    ),
]


@pytest.mark.parametrize(("options", "message"), MISTAKES)
def test_mistakes_on_the_command_line(toy: Callable[..., Path], options: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_toy(toy(), **options)


BROKEN = [
    ("steps: [", r"broken\.yaml:\d+: is not valid YAML: .*\. Check brackets, quotes, indentation"),
    ("- a", r"broken\.yaml: must be a mapping with a 'steps' field"),
    ("stps: {}", r"unknown field 'stps'\. Did you mean 'steps'\?"),
    ("steps: {}\nsteps: {}", r"broken\.yaml:2: 'steps' is given twice\. Keep one"),
    ("steps: {}", r"broken\.yaml: has no steps\. Add steps: \{NAME: \{stage: STAGE\}\}"),
    ("domain: geo", r"broken\.yaml: has no steps\."),
    (
        "publish: trees\nsteps: {tree: {stage: toy_words}}",
        r"broken\.yaml: publish: unknown step 'trees'\. Did you mean 'tree'\?",
    ),
    ("steps: {1: {stage: toy_words}}", r"a step's name must be .*got 1"),
    ("steps: {w: {stage: toy_words, 1: 2}}", r"broken\.yaml: w\.1: keys should be strings, got 1"),
    (
        "steps: {a: {stage: suites, worlds: geo_world}}",
        r"broken\.yaml: a\.worlds: must be a list such as \[a, b\], got 'geo_world'",
    ),
    (
        "steps: {a: {stage: toy_join, needs: [b]}}",
        r"step a: needs: must be a mapping of inputs to steps, got \['b'\]",
    ),
    ("steps: {a: {stage: toy_join, needs: {1: b}}}", r"step a: needs: must be a mapping of inputs to steps, got \{1:"),
    ("extends: nothing", r"extends: there is no .*nothing\.yaml"),
    ("extends: broken", r"broken\.yaml: extends itself: .*broken\.yaml -> .*broken\.yaml\. Take one 'extends' out"),
    ("extends: plugins/../broken", r"broken\.yaml: extends itself: "),
    ("steps: {a: {word: x}}", r"step a: has no 'stage'"),
    ("steps: {a: 3}", r"step a: must be a mapping, got 3\. Write \{PARAMETER: VALUE\}"),
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
        r"steps need each other in a cycle: a -> b -> a\. Take one of these needs out",
    ),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_mistakes_in_the_file(toy: Callable[..., Path], text: str, message: str) -> None:
    if "extends" not in text and not text.startswith("-") and "steps: [" not in text:
        text = f"plugins: [plugins]\nprofiles: {{laptop: {{}}}}\n{text}"
    message = message.replace(r"yaml:2:", r"yaml:\d:")
    with pytest.raises(RecipeError, match=message):
        load_toy(toy(text, "broken"))


SHAPES = [
    (b"steps: [a, b]", r"steps: must be a mapping, got \['a', 'b'\]\. Write steps: \{NAME: \{stage: STAGE\}\}"),
    (b"profiles: [laptop]", r"profiles: must be a mapping, got \['laptop'\]\. Write profiles: "),
    (b"profiles: {laptop: 3}", r"profiles\.laptop: must be a mapping, got 3\. Write profiles: "),
    (b"profiles: {1: {}}", r"profiles: a profile's name: must be a name, got 1\. Write profiles: "),
    (b"inputs: [data]", r"inputs: must be a mapping, got \['data'\]\. Write inputs: \{data: STEP"),
    (b"inputs: {data: [a]}", r"inputs\.data: must be a name, got \['a'\]\. Write inputs: "),
    (b"licenses: [5]", r"licenses: must be a list of names, got \[5\]\. Write licenses: \[CC0-1\.0, MIT\]"),
    (b"licenses: CC0-1.0", r"licenses: must be a list of names, got 'CC0-1\.0'\. Write licenses: "),
    (b"plugins: foo", r"plugins: must be a list of names, got 'foo'\. Write plugins: \[FOLDER\]"),
    (b"targets: {a: b}", r"targets: must be a list of names, got \{'a': 'b'\}\. Write targets: \[STEP\]"),
    (b"extends: [adapt]", r"extends: must be a name, got \['adapt'\]\. Write extends: adapt"),
    (b"domain: 5", r"domain: must be a name, got 5\. Write domain: geo"),
    (b"publish: [a]", r"publish: must be a name, got \['a'\]\. Write publish: STEP"),
    (b"? [a]\n: 3", r"broken\.yaml:1: a field's name must be a word, got \['a'\]\. Write NAME: VALUE"),
    (b"domain: caf\xe9", r"broken\.yaml: is not UTF-8 \(unexpected end of data at byte 11\)\. Convert the file"),
    (b"domain: a\0", r"broken\.yaml: is not valid YAML: unacceptable character #x0000"),
    (b"domain: " + 5000 * b"[", r"broken\.yaml: is not valid YAML: maximum recursion depth"),
]


@pytest.mark.parametrize(("content", "message"), SHAPES)
def test_a_file_of_another_shape_is_refused_as_it_is_read(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_bytes(content)
    with pytest.raises(RecipeError, match=message):
        load_toy(path)


def test_a_folder_is_no_recipe(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(
        RecipeError, match=r"folder\.yaml: cannot be read \(Is a directory\)\. Name a recipe's YAML file"
    ):
        load_toy(tmp_path / "folder.yaml")


def test_data_goes_to_a_step_that_exists(toy: Callable[..., Path], tmp_path: Path) -> None:
    path = toy(
        "plugins: [plugins]\ninputs: {data: rock}\nsteps: {rocks: {stage: toy_words}}\n"
        "profiles: {laptop: {}, own_text: {}}"
    )
    with pytest.raises(RecipeError, match=r"toy\.yaml: inputs\.data: unknown step 'rock'\. Did you mean 'rocks'\?"):
        load_toy(path, data=str(tmp_path))


def test_a_path_that_cannot_be_followed_is_refused(toy: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    loop = str(tmp_path / "loop")
    for folder in ("~nosuchuser/x", loop):
        with pytest.raises(
            RecipeError, match=r"data=.*: is no path that can be followed \(.*\)\. Name a folder or file"
        ):
            load(Request("geo", data=folder), machine_profile="laptop")
    for model in ("~nosuchuser/x", loop):
        path = toy(f"profiles: {{laptop: {{}}}}\nsteps: {{base: {{stage: fetch_model, model: {model}}}}}")
        with pytest.raises(RecipeError, match=r"base\.model: is no path that can be followed \(.*\)\. .*, got '"):
            load_toy(path)


def test_an_unknown_recipe_names_the_known_ones() -> None:
    with pytest.raises(RecipeError, match=r"recipe 'geoo': there is no .*geoo\.yaml\. Did you mean 'geo'\?"):
        load(Request("geoo"), machine_profile="laptop")
