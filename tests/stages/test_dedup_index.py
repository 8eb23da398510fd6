"""The index that lasts: added to in any order, asked, withdrawn from, killed, damaged."""

from __future__ import annotations

import errno
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from data_tools.dedup.collection import Order
from data_tools.dedup.comparing import Limits
from data_tools.dedup.scheme import Scheme
from data_tools.dedup.versions import Settings
from data_tools.documents import Document
from data_tools.errors import DataError
from pipeline.__main__ import main
from pipeline.artifact import lease
from pipeline.errors import BusyError
from stages.dedup.index import Index, add, drop
from stages.dedup.stage import Dedup
from tests.data_tools.dedup_inputs import changed, plain_jaccard
from tests.stages.curation_inputs import document, documents_artifact, prose, run

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("geo", "web", "wiki", "books")


def corpora() -> dict[str, list[Document]]:
    """Four corpora of near and exact copies of one another's texts."""
    rng = random.Random(3)
    made: dict[str, list[Document]] = {name: [] for name in NAMES}
    for number in range(40):
        text = prose(number, 8)
        for place, name in enumerate(rng.sample(NAMES, rng.randint(1, 4))):
            own = changed(text, rng.choice((0, 0.005, 0.01, 0.02, 0.05)), number + place)
            made[name].append(document(f"{name}{number:03}", own + " The end." * rng.randint(0, 1), name))
    return made


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    return {name: documents_artifact(tmp_path / name, rows, 2).path for name, rows in corpora().items()}


def fates(root: Path) -> dict[str, tuple[str, str, float | None, str]]:
    """By id: rule, kept copy, similarity, group."""
    rows = Index.open(root).fates().to_pylist()
    return {row["id"]: (row["rule"], row["kept"], row["similarity"], row["group"]) for row in rows}


def test_corpora_added_one_by_one_in_any_order_keep_what_one_run_keeps(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    add(tmp_path / "whole", list(folders.values()), None)
    expected = fates(tmp_path / "whole")
    assert {rule for rule, *_ in expected.values()} == {"", "exact_duplicate", "near_duplicate"}
    for number, order in enumerate(itertools.islice(itertools.permutations(NAMES), 0, 24, 5)):
        for name in order:
            change = add(tmp_path / f"index{number}", [folders[name]], None)
            assert change.num_added == len(corpora()[name])
        assert fates(tmp_path / f"index{number}") == expected


def test_the_dedup_step_keeps_the_same_and_can_be_asked_the_same(folders: dict[str, Path], tmp_path: Path) -> None:
    add(tmp_path / "index", list(folders.values()), None)
    given = [documents_artifact(tmp_path / "step" / name, rows) for name, rows in corpora().items()]
    made = run(Dedup(), tmp_path / "made", documents=given)
    assert fates(made.path) == fates(tmp_path / "index")


def test_a_withdrawn_corpus_is_as_if_it_had_never_come(folders: dict[str, Path], tmp_path: Path) -> None:
    for gone in NAMES:
        add(tmp_path / f"with_{gone}", list(folders.values()), None)
        before = fates(tmp_path / f"with_{gone}")
        change = drop(tmp_path / f"with_{gone}", [gone])
        add(tmp_path / f"without_{gone}", [folder for name, folder in folders.items() if name != gone], None)
        after = fates(tmp_path / f"without_{gone}")
        assert fates(tmp_path / f"with_{gone}") == after
        assert change.came_back == sorted(id for id, fate in after.items() if not fate[0] and before[id][0])
        assert not change.displaced
        again = add(tmp_path / f"with_{gone}", [folders[gone]], None)
        assert fates(tmp_path / f"with_{gone}") == before
        assert again.displaced == change.came_back


def test_a_withdrawn_document_gives_its_copies_back(folders: dict[str, Path], tmp_path: Path) -> None:
    add(tmp_path / "index", list(folders.values()), None)
    before = fates(tmp_path / "index")
    kept = next(copy for rule, copy, *_ in before.values() if rule)
    change = drop(tmp_path / "index", [kept])
    after = fates(tmp_path / "index")
    assert after[kept][0] == "withdrawn"
    copies = [id for id, fate in before.items() if fate[1] == kept and id != kept]
    assert any(after[id][0] == "" for id in copies)
    assert set(change.came_back) <= set(copies)
    assert all(fate[1] != kept for id, fate in after.items() if id != kept)


def test_an_index_of_which_all_is_withdrawn_can_be_asked_and_added_to(folders: dict[str, Path], tmp_path: Path) -> None:
    root = tmp_path / "index"
    add(root, [folders["geo"]], None)
    before = fates(root)
    drop(root, ["geo"])
    assert Index.open(root).query(corpora()["geo"][0].text) == []
    assert main(["dedup", "stats", str(root)]) == 0
    add(root, [folders["geo"]], None)
    assert fates(root) == before


def test_a_withdrawn_corpus_of_a_shared_segment_can_come_back(tmp_path: Path) -> None:
    root = tmp_path / "index"
    mixed = documents_artifact(tmp_path / "m", [document("g1", prose(1), "geo"), document("w1", prose(2), "web")]).path
    again = documents_artifact(tmp_path / "n", [document("w1", prose(3), "web"), document("w2", prose(4), "web")]).path
    add(root, [mixed], None)
    drop(root, ["web"])
    assert {id: fate[0] for id, fate in fates(root).items()} == {"g1": "", "w1": "withdrawn"}
    add(root, [again], None)
    rows = Index.open(root).fates().to_pylist()
    assert sorted((row["id"], row["rule"]) for row in rows) == [
        ("g1", ""), ("w1", ""), ("w1", "withdrawn"), ("w2", ""),
    ]  # fmt: skip
    index = Index.open(root)
    found = index.find("w1")
    assert found is not None
    assert index.text(found) == prose(3)
    drop(root, ["w1"])
    assert Index.open(root).find("w1") is None
    with pytest.raises(DataError, match=r"there is no corpus and no document 'w1'"):
        drop(root, ["w1"])


def test_a_name_of_a_corpus_and_of_a_document_is_asked_about(tmp_path: Path) -> None:
    root = tmp_path / "index"
    given = documents_artifact(tmp_path / "g", [document("x", prose(1), "a"), document("y", prose(2), "x")]).path
    add(root, [given], None)
    with pytest.raises(DataError, match=r"'x' names a corpus and a document\. Withdraw the corpus's"):
        drop(root, ["x"])


def test_a_reader_can_finish_with_the_version_before(folders: dict[str, Path], tmp_path: Path) -> None:
    root = tmp_path / "index"
    add(root, [folders["geo"], folders["web"]], None)
    reader = Index.open(root)
    drop(root, ["web"])
    text = corpora()["web"][0].text
    assert any(match.corpus == "web" for match in reader.query(text))
    assert not any(match.corpus == "web" for match in Index.open(root).query(text))
    drop(root, [corpora()["geo"][0].id])
    assert len(list((root / "segments").iterdir())) == 1


def test_a_text_is_found_with_its_copies(folders: dict[str, Path], tmp_path: Path) -> None:
    add(tmp_path / "index", list(folders.values()), None)
    index = Index.open(tmp_path / "index")
    texts = {row.id: row.text for rows in corpora().values() for row in rows}
    asked = changed(texts[corpora()["geo"][0].id], 0.02, 9)
    expected = {id: plain_jaccard(asked, text) for id, text in texts.items()}
    found = index.query(asked, 0.6)
    assert {match.id: match.similarity for match in found} == {
        id: pytest.approx(similarity) for id, similarity in expected.items() if similarity >= 0.6
    }
    assert [match.similarity for match in found] == sorted((match.similarity for match in found), reverse=True)
    assert index.query("", 0.5) == []
    assert index.query("a text that nothing resembles in any way at all", 0.5) == []


def works(tmp_path: Path) -> Path:
    """A full text in two parts and its abstract; a page fetched twice; a front page; documents of no work."""

    def one(id: str, text: str, source: str, **meta: str) -> Document:
        return document(id, text, "papers" if "doi" in meta else "web", source=source, meta=json.dumps(meta))

    return documents_artifact(
        tmp_path / "works",
        [
            one("full1", prose(1, 30), "a.xml#1", doi="10.1/X", pmid="7", part="1"),
            one("full2", prose(2, 30), "a.xml#2", doi="10.1/X", pmid="7", part="2"),
            one("abstract", prose(3, 4), "b.xml", doi="https://doi.org/10.1/x"),
            one("citation", prose(4, 3), "c.xml", doi="", pmid="7"),
            one("page", prose(5, 9), "p:1", url="https://www.a.org/rocks/"),
            one("later", prose(6, 12), "p:2", url="http://a.org/rocks#top"),
            one("front1", prose(7, 9), "p:3", url="https://a.org/"),
            one("front2", prose(8, 9), "p:4", url="https://a.org/"),
            one("none1", prose(9, 9), "q:1"),
            one("record1", prose(11, 9), "r.jsonl#1", url="https://a.org/same"),
            one("record2", prose(12, 12), "r.jsonl#2", url="https://a.org/same"),
            one("none2", prose(10, 9), "q:2"),
        ],
    ).path


def test_full_text_beats_its_abstract_and_a_page_is_kept_once(tmp_path: Path) -> None:
    add(tmp_path / "index", [works(tmp_path)], None)
    found = {id: fate[:2] for id, fate in fates(tmp_path / "index").items() if fate[0]}
    assert found == {
        "abstract": ("same_doi", "full1"),
        "citation": ("same_pmid", "full1"),
        "page": ("same_url", "later"),
        "record1": ("same_url", "record2"),
    } or found == {
        "abstract": ("same_doi", "full2"),
        "citation": ("same_pmid", "full2"),
        "page": ("same_url", "later"),
        "record1": ("same_url", "record2"),
    }


def test_copies_of_a_text_share_its_works_name(tmp_path: Path) -> None:
    """The copy of an abstract goes with it, for the work, not as a copy of the full text; a copy lends its name."""

    def one(id: str, text: str, corpus: str, **meta: str) -> Document:
        return document(id, text, corpus, source=f"{id}.xml", meta=json.dumps(meta))

    rows = [
        one("full", prose(1, 30), "a", doi="10.1/x"),
        one("abstract", prose(2, 4), "a", doi="10.1/x"),
        one("copy", prose(2, 4).upper(), "b"),
        one("plain", prose(3, 30), "a"),
        one("plain_named", prose(3, 30).upper(), "b", doi="10.1/y"),
        one("its_abstract", prose(4, 4), "b", doi="10.1/y"),
    ]
    add(tmp_path / "index", [documents_artifact(tmp_path / "given", rows).path], Settings(Scheme(), Order(("a",))))
    found = {id: fate[:3] for id, fate in fates(tmp_path / "index").items() if fate[0]}
    assert found == {
        "abstract": ("same_doi", "full", None),
        "copy": ("same_doi", "full", None),
        "plain_named": ("exact_duplicate", "plain", 1.0),
        "its_abstract": ("same_doi", "plain", None),
    }


@pytest.mark.parametrize(
    ("order", "kept"),
    [
        (Order(("web",), (), ("corpus",)), "b"),
        (Order((), ("CC-BY-4.0",), ("license",)), "c"),
        (Order((), (), ("score",), "quality"), "d"),
        (Order((), (), ("length",)), "e"),
        (Order((), (), ()), "a"),
    ],
)
def test_which_copy_stays_is_the_users_to_say(tmp_path: Path, order: Order, kept: str) -> None:
    text = prose(1, 20)
    rows = [
        document("a", text + " One.", "x"), document("b", text + " Two.", "web"),
        replace(document("c", text + " Six.", "x"), license="CC-BY-4.0"),
        document("d", text + " Ten.", "x", meta='{"quality": 0.9}'), document("e", text + " Eleven.", "x"),
    ]  # fmt: skip
    folder = documents_artifact(tmp_path / "given", rows).path
    add(tmp_path / "index", [folder], Settings(Scheme(), order, Limits()))
    assert [id for id, fate in fates(tmp_path / "index").items() if not fate[0]] == [kept]


def test_other_parameters_are_refused_by_name(folders: dict[str, Path], tmp_path: Path) -> None:
    add(tmp_path / "index", [folders["geo"]], None)
    with pytest.raises(DataError, match=r"asked for scheme\.seed 2 instead of 1\. Leave them out, or make an index of"):
        add(tmp_path / "index", [folders["web"]], Settings(Scheme(seed=2)))
    (segment,) = (tmp_path / "index" / "segments").iterdir()
    header = json.loads((segment / "segment.json").read_text())
    header["header"]["shingles"] = 1
    (segment / "segment.json").write_text(json.dumps(header))
    with pytest.raises(DataError, match=r"was made with shingles 1, and this version of strata has 2\. Make it anew"):
        Index.open(tmp_path / "index").collection()


def test_a_damaged_segment_is_told_and_a_damaged_version_too(folders: dict[str, Path], tmp_path: Path) -> None:
    root = tmp_path / "index"
    add(root, [folders["geo"]], None)
    (segment,) = (root / "segments").iterdir()
    keys = segment / "keys.npy"
    whole = keys.read_bytes()
    keys.write_bytes(whole[:-1000])
    with pytest.raises(DataError, match=r"keys\.npy: cannot be read: .*\. Add its documents again"):
        Index.open(root).query(prose(1), 0.5)
    keys.write_bytes(whole[:-1] + b"x")
    with pytest.raises(
        DataError, match=r"keys\.npy: is damaged or missing: its content is not what was written\. Drop"
    ):
        Index.open(root).collection().segments[0].verify()
    keys.write_bytes(whole)
    (segment / "segment.json").write_text("{")
    with pytest.raises(DataError, match=r"is no segment of an index \(.*\)\. Add its documents again"):
        Index.open(root).collection()
    (root / "CURRENT").write_text("9")
    with pytest.raises(DataError, match=r"the index's current version cannot be read \(FileNotFound.*Write the number"):
        Index.open(root)
    with pytest.raises(DataError, match=r"nothing: holds no index\. Make one with strata dedup add, or give a dedup"):
        Index.open(tmp_path / "nothing")


def test_what_is_there_already_or_unknown_or_empty_is_told(folders: dict[str, Path], tmp_path: Path) -> None:
    root = tmp_path / "index"
    add(root, [folders["geo"]], None)
    with pytest.raises(DataError, match=r"geo: the index .*index has these documents already"):
        add(root, [folders["geo"]], None)
    with pytest.raises(DataError, match=r"there is no corpus and no document 'nope'\. Corpora: geo"):
        drop(root, ["nope"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty: holds no documents\. Give the output of a step that makes documents"):
        add(root, [tmp_path / "empty"], None)
    copy = documents_artifact(tmp_path / "copy", [*corpora()["geo"][:1], document("new", prose(99), "geo")]).path
    with pytest.raises(DataError, match=r"document ids must be unique over all corpora, got 'geo\d+' twice"):
        add(root, [copy], None)
    assert Index.open(root).version.number == 1


def test_texts_that_are_gone_are_told_where_they_are_needed(folders: dict[str, Path], tmp_path: Path) -> None:
    root = tmp_path / "index"
    add(root, [folders["geo"]], None)
    for shard in (folders["geo"] / "documents").iterdir():
        shard.unlink()
    with pytest.raises(DataError, match=r"the texts of indexed documents cannot be read .* drop their corpus from the"):
        Index.open(root).query(corpora()["geo"][0].text, 0.5)


def test_a_second_writer_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    add(tmp_path / "index", [folders["geo"]], None)
    with (
        lease(tmp_path / "index" / ".lock", "x"),
        pytest.raises(BusyError, match=r"the index .*index: is being worked"),
    ):
        add(tmp_path / "index", [folders["web"]], None)
    assert Index.open(tmp_path / "index").version.number == 1


def test_several_processes_decide_the_same(folders: dict[str, Path], tmp_path: Path) -> None:
    add(tmp_path / "one", list(folders.values()), None)
    add(tmp_path / "two", list(folders.values()), None, workers=2)
    assert fates(tmp_path / "one") == fates(tmp_path / "two")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_in_the_middle_it_is_as_it_was_and_the_same_command_goes_on(
    folders: dict[str, Path], tmp_path: Path, workers: int
) -> None:
    root = tmp_path / "index"
    add(root, [folders["geo"]], None)
    before = fates(root)
    command = [sys.executable, "-m", "pipeline", "dedup", "add", str(root), *(str(folders[n]) for n in NAMES[1:])]
    command += ["--workers", str(workers)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    kills = 0
    for moment in (".signed/*/*.parquet", "segments/*/keys.npy", ".work/*/*.npy"):
        writer = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        started = set(root.glob(moment))
        while not set(root.glob(moment)) - started and writer.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        kills += writer.poll() is None
        writer.kill()
        writer.wait()
        if Index.open(root).version.number == 1:
            assert fates(root) == before
    assert kills
    if Index.open(root).version.number == 1:
        assert subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL).returncode == 0
    add(tmp_path / "undisturbed", [folders["geo"]], None)
    add(tmp_path / "undisturbed", [folders[name] for name in NAMES[1:]], None)
    assert fates(root) == fates(tmp_path / "undisturbed")
    assert not (root / ".signed").exists()


def test_the_commands(folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = str(tmp_path / "index")
    assert main(["dedup", "add", root, str(folders["geo"]), "--set", "group_threshold=0.6", "num_hashes=128"]) == 0
    assert capsys.readouterr().out.startswith(
        f"added {len(corpora()['geo'])} documents; the index {root} is at version 1"
    )
    assert main(["dedup", "add", root, str(folders["web"])]) == 0
    assert "displaced: " in capsys.readouterr().out
    assert main(["dedup", "stats", root]) == 0
    printed = capsys.readouterr().out
    assert "128 hashes, 32 bands of 4, seed 1" in printed
    assert "catches  0.5: 0.8732, 0.6: 0.9882" in printed
    assert f"geo {len(corpora()['geo']):>39}" in printed
    id = corpora()["geo"][0].id
    assert main(["dedup", "query", root, "--id", id, "--json"]) == 0
    assert all(match["id"] != id for match in json.loads(capsys.readouterr().out))
    (tmp_path / "text.txt").write_text(corpora()["geo"][0].text)
    assert main(["dedup", "query", root, "--file", str(tmp_path / "text.txt")]) == 0
    assert capsys.readouterr().out.startswith(f"1.0000  {id}  geo  ")
    assert main(["dedup", "review", root, "--num", "3"]) == 0
    assert "above it: one goes" in capsys.readouterr().out
    assert main(["dedup", "drop", root, "web", "--runs", str(tmp_path / "runs")]) == 0
    assert "came back: " in (printed := capsys.readouterr().out)
    assert f"no artifact in {tmp_path / 'runs'} was made from it" in printed


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["query", "INDEX", "--id", "nope"], "there is no document 'nope'"),
        (["query", "INDEX", "--file", "/nowhere.txt"], "/nowhere.txt: cannot be read as UTF-8 text"),
        (["add", "INDEX", "/nowhere"], "/nowhere: does not exist. Give the output of a step that makes documents"),
        (
            ["add", "NEW", "GEO", "--set", "treshold=1"],
            "must be NAME=VALUE with a parameter of dedup, got 'tresh",
        ),
        (
            ["add", "NEW", "GEO", "--set", "threshold=2"],
            "--set threshold: Input should be less than or equal to 1",
        ),
        (["add", "NEW", "GEO", "--set", "num_hashes=2"], "num_hashes: 2 hashes catch a pair of similarity 0.5"),
    ],
)
def test_mistakes_are_told(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str], message: str
) -> None:
    add(tmp_path / "index", [folders["geo"]], None)
    named = {"INDEX": str(tmp_path / "index"), "NEW": str(tmp_path / "new"), "GEO": str(folders["geo"])}
    assert main(["dedup", *(named.get(word, word) for word in command)]) == 2
    assert message in capsys.readouterr().err


def test_artifacts_made_from_what_is_withdrawn_are_named(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(tmp_path / "index", [folders["geo"], folders["web"]], None)
    store = tmp_path / "runs" / "store"
    for stage, key, kind, given in (
        ("pack", "packed", "tokens", "geo"), ("cpt", "trained", "model", "packed"), ("pack", "other", "tokens", "web"),
    ):  # fmt: skip
        (store / stage / key).mkdir(parents=True)
        manifest = {"key": key, "kind": kind, "step": stage, "inputs": {"x": [{"key": given}]}}
        (store / stage / key / "manifest.json").write_text(json.dumps(manifest))
    assert main(["dedup", "drop", str(tmp_path / "index"), "geo", "--runs", str(tmp_path / "runs")]) == 0
    printed = capsys.readouterr().out
    assert "model  store/cpt/trained  (step cpt)" in printed
    assert "tokens  store/pack/packed  (step pack)" in printed
    assert "other" not in printed


def test_a_full_disk_is_told_with_its_place_and_leaves_the_version_before(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "index"
    add(root, [folders["geo"]], None)

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # as Arrow tells it, without a path

    monkeypatch.setattr("stages.dedup.index.build_segment", full)
    assert main(["dedup", "add", str(root), str(folders["web"])]) == 2
    assert f"no space left on the disk of {root} (" in capsys.readouterr().err
    monkeypatch.undo()
    assert Index.open(root).version.number == 1
    assert add(root, [folders["web"]], None).version.number == 2
