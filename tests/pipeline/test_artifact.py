from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.artifact import Store, lease, load
from pipeline.errors import ArtifactError, BusyError

ROOT = Path(__file__).resolve().parent.parent.parent


def publish(store: Store, text: str = "granite") -> Path:
    work = store.work_path("clean", "k1")
    work.mkdir(parents=True, exist_ok=True)
    (work / "a.txt").write_text(text)
    (work / "metrics.jsonl").write_text("{}")
    manifest = {"kind": "documents", "metrics": {"n": 1}, "identity": {"parameters": {}}}
    return store.publish("clean", "k1", manifest).path


def test_an_artifact_exists_if_and_only_if_its_manifest_does(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.find("clean", "k1") is None
    path = publish(store)
    found = store.find("clean", "k1")
    assert found is not None
    assert found.path == path
    assert found.metrics == {"n": 1}
    assert not store.work_path("clean", "k1").exists()
    (path / "manifest.json").unlink()
    assert store.find("clean", "k1") is None
    assert publish(store, "basalt") == path  # made again over the remains
    assert (path / "a.txt").read_text() == "basalt"


def test_a_kill_between_manifest_and_rename_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that may be killed after the manifest was written is done again by ``finish``; the bytes are there."""
    store = Store(tmp_path)
    work = store.work_path("clean", "k1")
    (work / ".map").mkdir(parents=True)
    (work / ".shards" / "deep").mkdir(parents=True)
    (work / ".a.txt.7.tmp").write_text("torn")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("pipeline.artifact.drop_hidden", "shutil.rmtree"):
        with monkeypatch.context() as patch:
            patch.setattr(name, killed)
            with pytest.raises(KeyboardInterrupt):
                publish(store)
        assert store.find("clean", "k1") is None
        assert (work / ".map").exists()
    found = store.finish("clean", "k1")
    assert found is not None
    assert sorted(path.name for path in found.path.iterdir()) == ["a.txt", "manifest.json", "metrics.jsonl"]
    assert found.manifest["files"].keys() == {"a.txt", "metrics.jsonl"}
    found.verify()
    assert store.finish("clean", "k1") is None


def test_a_work_directory_that_is_not_as_its_manifest_says_is_not_published(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store).rename(store.work_path("clean", "k1"))
    (store.work_path("clean", "k1") / "a.txt").unlink()
    assert store.finish("clean", "k1") is None
    assert not (store.work_path("clean", "k1") / "manifest.json").exists()


def test_the_digest_follows_content_and_leaves_records_out(tmp_path: Path) -> None:
    digests = []
    for name, text in (("one", "granite"), ("two", "granite"), ("three", "basalt")):
        path = publish(Store(tmp_path / name), text)
        artifact = load(path)
        assert artifact is not None
        digests.append(artifact.manifest["digest"])
    assert digests[0] == digests[1] != digests[2]


def test_verify_finds_changed_and_missing_files(tmp_path: Path) -> None:
    artifact = load(publish(Store(tmp_path)))
    assert artifact is not None
    artifact.verify()
    os.utime(artifact.path / "a.txt")
    artifact.verify()  # touched, but the same bytes
    (artifact.path / "a.txt").write_text("gabbro!")
    with pytest.raises(ArtifactError, match=r"a\.txt: its content is no longer what manifest\.json recorded\. Delete"):
        artifact.verify()
    (artifact.path / "a.txt").unlink()
    with pytest.raises(ArtifactError, match=r"a\.txt: is missing, but .*manifest\.json lists it"):
        artifact.verify()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not valid JSON"),
        (b"\xff{}", "is not UTF-8 \\(invalid start byte at byte 0\\)"),
        (b"[]", "must hold an object, got list"),
        (b'{"schema": 99}', "schema must be 1, got 99"),
        (b'{"schema": 1}', "lacks 'key'"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(ArtifactError, match=rf"{tmp_path}/manifest\.json: {message}.*\. Delete the artifact's"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["key", "stage", "kind", "metrics", "identity", "files", "digest"])
def test_a_manifest_without_a_field_is_named(tmp_path: Path, name: str) -> None:
    path = publish(Store(tmp_path)) / "manifest.json"
    whole = json.loads(path.read_text())
    del whole[name]
    path.write_text(json.dumps(whole))
    with pytest.raises(ArtifactError, match=rf"manifest\.json: lacks '{name}'\. Delete"):
        load(path.parent)
    path.write_text(json.dumps({**whole, name: [1]}))
    with pytest.raises(ArtifactError, match=rf"manifest\.json: {name} must be (str|dict), got \[1\]\. Delete"):
        load(path.parent)


def test_a_lease_is_exclusive_and_dies_with_its_holder(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    code = (
        "import sys, time; from pathlib import Path; from pipeline.artifact import lease\n"
        "with lease(Path(sys.argv[1]), 'x'): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(lock)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with (
        pytest.raises(BusyError, match=rf"the clean step: is being worked on by process {holder.pid}"),
        lease(lock, "the clean step"),
    ):
        pass
    holder.kill()
    holder.wait()
    with lease(lock, "the clean step"):
        pass
