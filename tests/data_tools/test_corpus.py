"""Corpora: the built-in ones, plug-ins, YAML beside a folder, and licences."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_tools.corpus import COMMIT, Corpus, FolderSource, HubSource, WorldSource, corpus_names, get_corpus
from data_tools.errors import DataError
from data_tools.licenses import parse_license

WORLDS = {"geo_world", "finance_world", "medical_world", "general_world"}
BUILT_IN = {*WORLDS, "edgar_corpus", "fineweb_edu_10bt", "pes2o_geology", "pubmed_open", "us_regulations"}
"""Beside them may lie a user's own."""


def test_every_built_in_corpus_loads_and_is_complete() -> None:
    assert set(corpus_names()) >= BUILT_IN
    for name in sorted(BUILT_IN):
        corpus = get_corpus(name)
        assert corpus.name == name
        assert parse_license(corpus.license, name).identifiers()
        if isinstance(corpus.source, HubSource):
            assert corpus.source.pinned, f"{name}: pin its commit"
            assert corpus.size.num_tokens, f"{name}: say its size"
            assert corpus.homepage.endswith(corpus.source.repo)
            assert corpus.citation
            assert corpus.revision == corpus.source.revision


@pytest.mark.parametrize(
    ("name", "domain", "num_tokens"),
    [("geo_world", "geo", 400_000), ("general_world", "general", 1_000_000)],
)
def test_worlds_have_the_promised_size(name: str, domain: str, num_tokens: int) -> None:
    corpus = get_corpus(name)
    assert (corpus.domain, corpus.license, corpus.revision) == (domain, "CC0-1.0", "")
    assert isinstance(corpus.source, WorldSource)
    assert corpus.source.num_tokens >= num_tokens


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(DataError, match=r"corpus 'geo_wrld': there is no such corpus\. Did you mean geo_world\?"):
        get_corpus("geo_wrld")
    with pytest.raises(DataError, match=r"there is no such corpus\. Known: edgar_corpus"):
        get_corpus("zzzzz")
    for name in ("Not A Name", "geo.world", "geo-world", "__init__"):
        with pytest.raises(DataError, match=f"corpus '{name}': there is no such corpus"):
            get_corpus(name)


PLUGIN = """
from data_tools.corpus import Corpus, FolderSource
CORPUS = Corpus(name="{name}", domain="geo", license="{license}", source=FolderSource(path="/texts"))
"""


def test_a_plug_in_folder_adds_a_corpus_and_may_stand_in_for_a_built_in_one(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN.format(name="mine", license="MIT"))
    (tmp_path / "geo_world.py").write_text(PLUGIN.format(name="geo_world", license="MIT"))
    assert get_corpus("mine", [tmp_path]).license == "MIT"
    assert isinstance(get_corpus("geo_world", [tmp_path]).source, FolderSource)
    assert isinstance(get_corpus("geo_world").source, WorldSource)
    assert "mine" in corpus_names([tmp_path])


def test_a_wrong_plug_in_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(PLUGIN.format(name="b", license="MIT"))
    (tmp_path / "c.py").write_text("CORPUS = 3")
    (tmp_path / "d.py").write_text(PLUGIN.format(name="d", license="public domain"))
    with pytest.raises(DataError, match=r"a\.py: CORPUS\.name must be the file's name 'a', got 'b'"):
        get_corpus("a", [tmp_path])
    with pytest.raises(DataError, match=r"c\.py: must set CORPUS to a Corpus, got int"):
        get_corpus("c", [tmp_path])
    with pytest.raises(DataError, match=r"d\.py: license: .*Did you mean LicenseRef-PublicDomain\?"):
        get_corpus("d", [tmp_path])


def test_a_yaml_file_beside_a_folder_is_a_corpus(tmp_path: Path) -> None:
    (tmp_path / "corpus.yaml").write_text(
        "name: survey\ndomain: geo\nlicense: CC-BY-4.0\nfields: {text: [title, body], date: year}\n"
    )
    corpus = get_corpus(f"{tmp_path}/corpus.yaml")
    assert corpus.source == FolderSource(path=str(tmp_path))
    assert corpus.fields.text == ("title", "body")
    assert get_corpus(f"{tmp_path}/") == corpus
    (tmp_path / "corpus.yaml").write_text(
        "name: survey\ndomain: geo\nlicense: MIT\nsource: {kind: folder, path: reports}\n"
    )
    assert get_corpus(f"{tmp_path}/").source == FolderSource(path=str(tmp_path / "reports"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\ndomain: geo\n", r"corpus\.yaml: license: Field required"),
        ("name: x\ndomain: geo\nlicense: MIT\nlicence: MIT\n", r"licence: Extra inputs are not permitted"),
        ("name: My Texts\ndomain: geo\nlicense: MIT\n", r"yaml: name: must be lower-case letters, .*got 'My Texts'"),
        ("- a\n", r"must be a mapping, got list"),
        ("name: [", r"is not readable YAML"),
        (
            "name: x\nsource: {kind: folder, path: loop}\n",
            r"source\.path: is no path that can be followed \(Symlink loop .*\), got 'loop'\. Name a folder",
        ),
    ],
)
def test_a_wrong_yaml_file_says_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "corpus.yaml").write_text(text)
    with pytest.raises(DataError, match=message):
        get_corpus(f"{tmp_path}/corpus.yaml")


def test_a_missing_yaml_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        get_corpus(f"{tmp_path}/none.yaml")
    (tmp_path / "round.yaml").symlink_to("round.yaml")
    with pytest.raises(DataError, match=r"round\.yaml: cannot be read \(Too many levels of symbolic links\)\. Give a"):
        get_corpus(f"{tmp_path}/round.yaml")


def test_a_branch_is_not_a_pin() -> None:
    source = HubSource(repo="org/name", revision="main", files=("*",))
    assert not source.pinned
    assert source.model_copy(update={"revision": "0" * 40}).pinned
    assert COMMIT.fullmatch("0" * 39) is None


@pytest.mark.parametrize(
    ("expression", "allowed", "missing"),
    [
        ("MIT", ["MIT"], ()),
        ("mit", ["MIT"], ()),
        ("CC-BY-4.0 AND CC0-1.0", ["CC-BY-4.0"], ("CC0-1.0",)),
        ("CC-BY-4.0 OR CC0-1.0", ["CC0-1.0"], ()),
        ("CC-BY-4.0 OR MIT AND CC0-1.0", ["MIT"], ("CC-BY-4.0", "CC0-1.0")),
        ("(CC-BY-4.0 OR MIT) AND CC0-1.0", ["MIT", "CC0-1.0"], ()),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ["GPL-2.0-only"], ()),
        ("LicenseRef-Internal", ["MIT"], ("LicenseRef-Internal",)),
        ("DocumentRef-a:LicenseRef-b", [], ("DocumentRef-a:LicenseRef-b",)),
    ],
)
def test_a_licence_is_covered_by_what_is_allowed(expression: str, allowed: list[str], missing: tuple[str, ...]) -> None:
    assert parse_license(expression, "here").missing_from(allowed) == missing


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "here: a licence is missing"),
        ("public domain", "Did you mean LicenseRef-PublicDomain"),
        ("CC BY 4.0", "Did you mean CC-BY-4.0"),
        ("MIT AND", "it ends where an identifier should stand"),
        ("(MIT", "a closing parenthesis is missing"),
        ("MIT, Apache", "is not an SPDX licence expression .*'MIT,' is no identifier"),
    ],
)
def test_what_is_no_spdx_expression_is_refused(expression: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_license(expression, "here")


def test_a_corpus_refuses_a_wrong_licence_and_field() -> None:
    good = {"name": "x", "domain": "geo", "license": "MIT", "source": {"kind": "folder", "path": "/x"}}
    assert Corpus.model_validate(good).license == "MIT"
    with pytest.raises(ValueError, match="Did you mean MIT"):
        Corpus.model_validate({**good, "license": "M I T"})
    with pytest.raises(ValueError, match="does not match any of the expected tags"):
        Corpus.model_validate({**good, "source": {"kind": "ftp"}})
