from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import StrataError
from pipeline.identity import HASH_CACHE, Hasher, canonical, key_of, visible_files


def test_key_depends_on_values_and_not_on_order() -> None:
    assert key_of({"a": 1, "b": [1.5, None]}) == key_of({"b": [1.5, None], "a": 1})
    assert key_of({"a": 1}) != key_of({"a": 1.0000001})
    assert key_of({"a": 1}) != key_of({"a": "1"})
    assert len(key_of({})) == 20


def test_key_is_the_same_in_another_process_with_another_hash_seed() -> None:
    code = "from pipeline.identity import key_of; print(key_of({'x': {'b': 2, 'a': [0.1, True]}}))"
    keys = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert keys == {key_of({"x": {"a": [0.1, True], "b": 2}}) + "\n"}


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), {1, 2}, b"x", Path("/x"), {1: 2}, {"a": {"b": object()}}]
)
def test_a_value_without_exact_json_form_is_refused(value: object) -> None:
    with pytest.raises(StrataError, match=r"has no exact JSON form|keys must be strings"):
        canonical(value, "clean.threshold")


def test_folder_hash_follows_content_and_names_and_leaves_hidden_files_out(tmp_path: Path) -> None:
    folder = tmp_path / "text"
    folder.mkdir()
    (folder / "a.txt").write_text("one")
    before = Hasher().folder(folder)
    (folder / ".hidden").write_text("x")
    assert Hasher().folder(folder) == before
    (folder / "a.txt").rename(folder / "b.txt")
    renamed = Hasher().folder(folder)
    assert renamed["sha256"] != before["sha256"]
    (folder / "b.txt").write_text("two")
    assert Hasher().folder(folder)["sha256"] != renamed["sha256"]


def test_cached_hash_is_used_only_while_size_and_time_agree(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("one")
    cache = tmp_path / "cache" / "hashes.json"
    first = Hasher(cache)
    digest = first.file(file)
    first.save()
    status = file.stat()
    file.write_text("two")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert Hasher(cache).file(file) == digest  # same size and time: trusted without a read
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert Hasher(cache).file(file) != digest


@pytest.mark.parametrize(
    "held", [b'{"half', b"[]", b"\xff\xfe{}", b"3", b'{"FILE": 3}', b'{"FILE": []}', b"[" * 100_000]
)
def test_a_damaged_cache_is_read_anew(tmp_path: Path, held: bytes) -> None:
    cache = tmp_path / "hashes.json"
    file = tmp_path / "a.txt"
    file.write_text("one")
    cache.write_bytes(held.replace(b"FILE", str(file).encode()))
    hasher = Hasher(cache)
    assert hasher.file(file) == Hasher().file(file)
    hasher.save()
    assert list(json.loads(cache.read_text())) == [str(file)]


def test_a_cache_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "hashes.json").mkdir()
    hasher = Hasher(tmp_path / "hashes.json")
    hasher.file(tmp_path / "a.txt")
    with pytest.raises(IsADirectoryError):
        hasher.save()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "hashes.json"]


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.txt").write_text("one")
    scandir = os.scandir

    def refuse(path: Any) -> Any:  # as for a folder without rights; root, whom tests may run as, has them all
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(StrataError) as told:
        visible_files(tmp_path)
    assert str(told.value) == (
        f"{tmp_path / 'sub'}: the folder cannot be read (Permission denied). "
        "Give yourself the right to read it, or move it away"
    )


def test_links_are_followed_once_and_to_nothing_are_kept(tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    (data / "real").mkdir(parents=True)
    (other / "deep").mkdir(parents=True)
    for file in (data / "real" / "a.txt", other / "deep" / "b.txt"):
        file.write_text("one")
    os.mkfifo(data / "pipe.txt")
    links = {
        "again": data / "real", "data_itself": data, "first": other, "second": other / "deep",
        "gone.txt": tmp_path / "gone.txt", "round.txt": data / "round.txt", "a.txt": data / "real" / "a.txt",
        "pipe_link.txt": data / "pipe.txt", ".hidden": other,
    }  # fmt: skip
    for name, target in links.items():
        (data / name).symlink_to(target)
    (other / "back").symlink_to(other)
    found = [file.relative_to(data).as_posix() for file in visible_files(data)]
    assert found == ["a.txt", "first/deep/b.txt", "gone.txt", "real/a.txt", "round.txt"]


def test_a_file_that_cannot_be_read_changes_the_hash_once_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "text"
    folder.mkdir()
    (folder / "a.txt").write_text("one")
    (folder / "b.txt").symlink_to(tmp_path / "later.txt")
    hasher = Hasher()
    before = hasher.folder(folder)
    assert (before["files"], before["bytes"]) == (2, 3)
    (tmp_path / "later.txt").write_text("two")
    after = hasher.folder(folder)
    assert after["sha256"] != before["sha256"]
    assert after["bytes"] == 6

    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "b.txt")  # rights leave size and time alone
    monkeypatch.setattr("pipeline.identity.file_digest", refuse)
    assert hasher.folder(folder)["sha256"] not in (before["sha256"], after["sha256"])


def test_a_name_that_is_not_utf_8_is_hashed(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("one")
    cafe = Hasher(tmp_path / "store" / "hashes.json")
    first = cafe.folder(tmp_path)
    cafe.save()
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).rename(tmp_path / os.fsdecode(b"caf\xe8.txt"))
    (tmp_path / "store").rename(tmp_path / ".store")
    assert Hasher(tmp_path / ".store" / "hashes.json").folder(tmp_path)["sha256"] != first["sha256"]


def test_a_store_behind_a_link_is_never_read_as_text(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    (runs / "store").mkdir(parents=True)
    (runs / "store" / HASH_CACHE).write_text("{}")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "results").symlink_to(runs)
    with pytest.raises(StrataError, match=r"results/store: holds the artifacts of runs, which would be read as text"):
        visible_files(tmp_path / "data")
