"""Fetching corpora: from a small Hub on this machine, from a local mirror, and what is told when it does not work."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from data_tools.documents import read_documents
from pipeline.artifact import Artifact
from pipeline.errors import RecipeError, StepError
from pipeline.identity import Hasher
from pipeline.output import InlineFanout, Output
from pipeline.stage import CheckContext, Inputs, Resources
from stages.fetch_data import FetchData, FetchResources
from stages.ingest import Ingest

sys.path.insert(0, str(Path(__file__).parent))
from hub_server import COMMIT, go_online, hub  # beside this file; tests are no package

CONTEXT = CheckContext("recipes/geo.yaml: step raw_text", "geo", ("MIT",), "cluster")
CORPUS = """
from data_tools.corpus import Corpus, Fields, HubSource, Size
CORPUS = Corpus(
    name="papers", domain="geo", license="MIT",
    source=HubSource(repo="org/name", revision="{revision}", files=("*.jsonl.zst", "data/*.parquet"), num_files=4),
    fields=Fields(id="id"),
    size=Size(num_documents=400, num_tokens=80_000, num_bytes=352_000, download_bytes=100_000),
)
"""


def shard(*texts: str) -> bytes:
    lines = "".join(json.dumps({"text": text, "id": f"id-{text}"}) + "\n" for text in texts)
    return zstandard.compress(lines.encode())


FILES = {
    "a.jsonl.zst": shard("Schist is foliated.", "Gneiss is banded."),
    "b.jsonl.zst": shard("Marble was limestone."),
    "README.md": b"A data set.",
    "pytorch_model.bin": b"a pickle",
    ".gitattributes": b"",
}


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    folder = tmp_path / "corpora"
    folder.mkdir()
    (folder / "papers.py").write_text(CORPUS.format(revision=COMMIT))
    return folder


def fetch(folder: Path, **more: Any) -> FetchData:
    return FetchData.model_validate({"corpora": ["papers"], "corpus_folders": [str(folder)], **more})


def run(stage: FetchData, out: Path, timeout_seconds: float = 5.0) -> dict[str, Any]:
    resources = FetchResources(timeout_seconds=timeout_seconds, max_workers=2)
    return dict(stage.run(Inputs(), Output(out, resources, InlineFanout(), "raw_text")))


def test_it_fetches_the_matching_files_once_at_the_commit(
    corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_online(monkeypatch)
    stage = fetch(corpora)
    stage.check(CONTEXT)
    with hub(FILES) as (address, requests):
        monkeypatch.setenv("HF_ENDPOINT", address)
        metrics = run(stage, tmp_path / "out")
        assert [request for request in requests if COMMIT not in request] == []
        num_gets = sum(request.startswith("GET /datasets") for request in requests)
        run(stage, tmp_path / "out")
        assert sum(request.startswith("GET /datasets") for request in requests) <= 2 * num_gets
    data = tmp_path / "out" / "data" / "papers"
    assert sorted(file.name for file in data.rglob("*")) == ["a.jsonl.zst", "b.jsonl.zst"]
    assert (data / "a.jsonl.zst").read_bytes() == FILES["a.jsonl.zst"]
    assert metrics == {
        "files": {"papers": 2},
        "bytes": {"papers": len(FILES["a.jsonl.zst"]) + len(FILES["b.jsonl.zst"])},
        "revisions": {"papers": COMMIT},
    }
    listed = json.loads((tmp_path / "out" / "fetched.json").read_text())["papers"]
    assert listed["repo"] == "org/name"
    ingest = Ingest(corpora=("papers",), corpus_folders=(str(corpora),))
    ingest.run(
        Inputs(raw=[Artifact(tmp_path / "out", {})]), Output(tmp_path / "text", Resources(), InlineFanout(), "text")
    )
    documents = list(read_documents([tmp_path / "text"]))
    assert [document.text for document in documents] == [
        "Schist is foliated.",
        "Gneiss is banded.",
        "Marble was limestone.",
    ]
    assert json.loads(documents[0].meta)["id"] == "id-Schist is foliated."


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        ("500", "data set org/name@0123456789abcdef.*: the Hub at http://127.0.0.1:.* did not answer as it should: "
         ".*500.*Check the network, or set HF_ENDPOINT to a mirror, or give 'local'"),
        ("hang", "the Hub at http://127.* did not answer as it should: .*(Timeout|timed out).*Check the network"),
        ("broken", "did not answer as it should.*the same command goes on where this one stopped"),
        ("gated", "is gated. Accept its terms at http://127.*/datasets/org/name, then set the .*variable HF_TOKEN"),
        ("absent", "there is no such repository at http://127.0.0.1:.*, or it is private. .*HF_TOKEN"),
    ],
)  # fmt: skip
def test_a_hub_that_fails_is_told(
    failure: str, message: str, corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_online(monkeypatch)
    with hub(FILES, failure) as (address, _):
        monkeypatch.setenv("HF_ENDPOINT", address)
        with pytest.raises(StepError, match=f"^step raw_text: .*{message}"):
            run(fetch(corpora), tmp_path / "out", timeout_seconds=0.5)
    assert not (tmp_path / "out" / "fetched.json").exists()


def test_nobody_listening_is_told(corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_online(monkeypatch)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(StepError, match="did not answer as it should: ConnectError"):
        run(fetch(corpora), tmp_path / "out")


def test_offline_is_told(corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(StepError, match=r"HF_HUB_OFFLINE is set, so nothing can be fetched. Unset it, or give 'local'"):
        run(fetch(corpora), tmp_path / "out")


def test_no_matching_file_is_told(corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_online(monkeypatch)
    with hub({"README.md": b"x"}) as (address, _):
        monkeypatch.setenv("HF_ENDPOINT", address)
        with pytest.raises(StepError, match=r"no file matches \['\*\.jsonl\.zst', .*; it holds README\.md"):
            run(fetch(corpora), tmp_path / "out")


def test_a_branch_can_be_planned_but_not_fetched(corpora: Path, tmp_path: Path) -> None:
    (corpora / "papers.py").write_text(CORPUS.format(revision="main"))
    stage = fetch(corpora)
    stage.check(CONTEXT)
    assert stage.estimate({}, Resources()).num_tokens == 80_000
    assert stage.depends_on(Hasher())["corpora"]["papers"]["revision"] == "main"
    with pytest.raises(
        StepError,
        match=r"org/name@main: revision must be a commit of 40 hexadecimal characters, got 'main', which moves\. "
        r"Look the commit up at .*/datasets/org/name/commits/main and set it \(set=raw_text\.revision=<commit>\)",
    ):
        run(stage, tmp_path / "out")
    assert fetch(corpora, revision=COMMIT).depends_on(Hasher())["corpora"]["papers"]["revision"] == COMMIT


def mirror(root: Path) -> Path:
    """Write a data set's files as the Hub lays them out."""
    (root / "data").mkdir(parents=True)
    for name, data in FILES.items():
        (root / name).write_bytes(data)
    for name in ("train-0", "train-1"):
        pq.write_table(pa.table({"text": [f"Text of {name}."], "id": [name]}), root / "data" / f"{name}.parquet")
    return root


def cached(root: Path) -> Path:
    """Write the same as a Hugging Face cache: blobs, and links to them by commit."""
    cache = root / "hub" / "datasets--org--name"
    source = mirror(root / "source")
    snapshot = cache / "snapshots" / COMMIT
    (cache / "blobs").mkdir(parents=True)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(COMMIT)
    for number, file in enumerate(sorted(one for one in source.rglob("*") if one.is_file())):
        blob = cache / "blobs" / str(number)
        blob.write_bytes(file.read_bytes())
        link = snapshot / file.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blob)
    return root


@pytest.mark.parametrize("layout", ["repository", "mirror", "cache"])
def test_a_local_directory_laid_out_as_the_hubs_is_copied(layout: str, corpora: Path, tmp_path: Path) -> None:
    if layout == "cache":
        local = cached(tmp_path / "local")
    else:
        mirror(tmp_path / "local" / "org" / "name")
        local = tmp_path / "local" if layout == "mirror" else tmp_path / "local" / "org" / "name"
    stage = fetch(corpora, local=str(local))
    stage.check(CONTEXT)
    metrics = run(stage, tmp_path / "out")
    names = sorted(file.name for file in (tmp_path / "out" / "data" / "papers").rglob("*") if file.is_file())
    assert names == ["a.jsonl.zst", "b.jsonl.zst", "train-0.parquet", "train-1.parquet"]
    assert metrics["files"] == {"papers": 4}
    assert not any(file.is_symlink() for file in (tmp_path / "out").rglob("*"))
    assert stage.depends_on(Hasher())["corpora"]["papers"]["content"]["files"] >= 4
    first = run(fetch(corpora, local=str(local), max_files=1), tmp_path / "first")
    assert first["files"] == {"papers": 1}


def test_a_copy_that_broke_off_goes_on(corpora: Path, tmp_path: Path) -> None:
    local = mirror(tmp_path / "local")
    data = tmp_path / "out" / "data" / "papers"
    data.mkdir(parents=True)
    (data / "a.jsonl.zst").write_bytes(b"half")
    run(fetch(corpora, local=str(local)), tmp_path / "out")
    assert (data / "a.jsonl.zst").read_bytes() == FILES["a.jsonl.zst"]


def test_a_cache_without_the_revision_says_which_it_has(corpora: Path, tmp_path: Path) -> None:
    local = cached(tmp_path / "local")
    with pytest.raises(RecipeError, match=f"does not hold this revision, but {COMMIT}. Set 'revision' to one of them"):
        fetch(corpora, local=str(local), revision="f" * 40).check(CONTEXT)
    fetch(corpora, local=str(local), revision="main").check(CONTEXT)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"corpora": ["geo_world"]}, "corpus 'geo_world' is not on the Hub but a world. Name it in ingest alone"),
        ({"corpora": ["paper"]}, "corpus 'paper': there is no such corpus. Did you mean papers"),
        ({"corpora": ["papers", "papers"], "revision": COMMIT}, "revision: is for a single corpus, got 2 corpora"),
        ({"corpora": ["pubmed_open"]}, "corpus 'pubmed_open' has the licence .* which the recipe does not allow"),
        ({"local": "/nowhere"}, "local: /nowhere is not a directory. Give one that holds the repository's files"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_fetched(more: dict[str, Any], message: str, corpora: Path) -> None:
    with pytest.raises(RecipeError, match=f"^recipes/geo.yaml: step raw_text: .*{message}"):
        fetch(corpora, **more).check(CONTEXT)


def test_estimates_shrink_with_the_number_of_files(corpora: Path) -> None:
    whole = fetch(corpora).estimate({}, Resources())
    half = fetch(corpora, max_files=2).estimate({}, Resources())
    assert (whole.disk_bytes, whole.num_tokens, whole.text_bytes) == (100_000, 80_000, 352_000)
    assert (half.disk_bytes, half.num_tokens, half.text_bytes) == (50_000, 40_000, 176_000)
    assert whole.seconds == pytest.approx(100_000 / 5e7)
