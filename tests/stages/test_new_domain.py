"""``strata new-domain``: a recipe and a corpus file that plan at once, or a reason and nothing written."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from data_tools.corpus import FolderSource, HubSource, get_corpus
from pipeline.__main__ import main
from pipeline.errors import RecipeError
from pipeline.identity import Hasher
from pipeline.planner import Layout, plan
from pipeline.recipe import Request, load
from pipeline.recipe_file import RECIPES
from tests.stages.curation_inputs import prose

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder with recipes to extend, an empty folder of corpora, and a folder of texts."""
    shutil.copytree(RECIPES, tmp_path / "recipes")
    (tmp_path / "corpora").mkdir()
    (tmp_path / "law").mkdir()
    (tmp_path / "law" / "statute.txt").write_text(prose(1))
    return tmp_path


def new_domain(place: Path, *more: str) -> int:
    folders = ["--recipes", str(place / "recipes"), "--corpora", str(place / "corpora")]
    return main(["new-domain", "law", *folders, *more])


def data(place: Path) -> list[str]:
    return ["--data", str(place / "law"), "--license", "CC0-1.0"]


def test_a_folder_becomes_a_domain_that_plans_at_once(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new_domain(place, *data(place), "--from", "geo", "--rules", "finance") == 0
    printed = capsys.readouterr().out
    assert "checked laptop, node, cluster\n" in printed
    assert "make plan recipe=law profile=laptop" in printed
    corpus = get_corpus("law_text", [place / "corpora"])
    assert corpus.source == FolderSource(path=str(place / "law"))
    with pytest.raises(
        RecipeError, match=r"law\.yaml: reads text of your own .*, so say where it runs: profile=laptop"
    ):
        load(Request(str(place / "recipes" / "law.yaml")), machine_profile="laptop")
    recipe = load(Request(str(place / "recipes" / "law.yaml"), "laptop"), machine_profile="")
    made = plan(recipe, Layout(place / "runs"), Hasher())
    assert recipe.domain == "law"
    assert made.steps["domain_text"].identity["parameters"]["corpora"] == ["law_text"]
    assert made.steps["clean_domain"].identity["parameters"]["rules"] == "finance"
    assert made.steps["clean_domain"].step.needs == {"documents": ("domain_text",)}
    assert not {"planted_domain", "planted_general", "world_sample", "grade"} & set(made.steps)
    assert set(made.steps["tokenizer"].step.needs["documents"]) == {"clean_domain", "clean_general"}
    assert made.steps["suites"].identity["parameters"]["worlds"] == ["general"]
    for profile in ("node", "cluster"):
        real = load(Request(str(place / "recipes" / "law.yaml"), profile), machine_profile="")
        assert real.steps["domain_text"].needs == {}
        assert "domain_raw" not in real.steps


def test_a_hub_data_set_is_fetched_by_a_step_of_its_own(place: Path) -> None:
    given = ["--hub", "court/opinions", "--revision", COMMIT, "--files", "data/*.parquet", "--license", "CC0-1.0"]
    assert new_domain(place, *given) == 0
    corpus = get_corpus("law_text", [place / "corpora"])
    assert corpus.source == HubSource(repo="court/opinions", revision=COMMIT, files=("data/*.parquet",))
    recipe = load(Request(str(place / "recipes" / "law.yaml"), "node"), machine_profile="")
    assert recipe.steps["domain_text"].needs == {"raw": ("domain_raw",)}
    assert recipe.steps["domain_raw"].stage.model_dump()["corpora"] == ("law_text",)


def test_a_folder_can_describe_itself(place: Path) -> None:
    assert new_domain(place, *data(place), "--yaml") == 0
    assert get_corpus(str(place / "law" / "corpus.yaml")).name == "law_text"
    assert list((place / "corpora").glob("*.py")) == []
    recipe = load(Request(str(place / "recipes" / "law.yaml"), "laptop"), machine_profile="")
    assert recipe.steps["domain_text"].stage.model_dump()["corpora"] == (str(place / "law" / "corpus.yaml"),)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--license", "CC0-1.0"], r"new-domain: give either --data FOLDER or --hub ORGANISATION/NAME"),
        (["--hub", "a/b", "--license", "MIT"], r"new-domain: --hub a/b: needs --revision COMMIT, for a branch moves"),
        (["--hub", "a/b", "--revision", COMMIT, "--yaml", "--license", "MIT"], r"--yaml: describes a folder"),
        (["--data", "/gone/law", "--license", "MIT"], r"--data: /gone/law is no folder\. Give the folder that holds"),
        (["--data", ".", "--license", "free"], r"has the licence free, which the recipe does not"),
        (["--data", ".", "--license", "GPL-3.0-only"], r"profile laptop: .*has the licence GPL-3\.0-only, which the"),
        (["--hub", "nonsense", "--revision", COMMIT, "--license", "MIT"], r"law_text\.py: repo: .*, got 'nonsense'"),
        (["--data", ".", "--license", "MIT", "--from", "goe"], r"recipe 'goe': there is no .* Did you mean 'geo'"),
    ],
)
def test_what_cannot_be_used_is_told_and_nothing_is_written(
    place: Path, given: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place / "law")
    assert new_domain(place, *given) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (place / "recipes" / "law.yaml").exists()
    assert list((place / "corpora").glob("*.py")) == []


def test_nothing_is_overwritten_and_names_are_checked(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "recipes" / "law.yaml").write_text("mine")
    assert new_domain(place, *data(place)) == 2
    assert "law.yaml: exists already. Change it, or take another name" in capsys.readouterr().err
    assert (place / "recipes" / "law.yaml").read_text() == "mine"
    assert main(["new-domain", "My-Law", "--data", str(place), "--license", "MIT"]) == 2
    assert "name: must be lower-case letters, digits and _, got 'My-Law'" in capsys.readouterr().err
