from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import StrataError
from pipeline.identity import Hasher, canonical, key_of


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


def test_a_torn_cache_is_read_anew(tmp_path: Path) -> None:
    cache = tmp_path / "hashes.json"
    cache.write_text('{"half')
    file = tmp_path / "a.txt"
    file.write_text("one")
    assert Hasher(cache).file(file) == Hasher().file(file)
