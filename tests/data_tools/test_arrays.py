"""Arrays on disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from data_tools.arrays import save_array


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=np.uint64).reshape(3, 4),
        np.arange(12, dtype=np.uint64).reshape(3, 4).T,
        np.empty((0, 5), dtype=np.uint32),
        np.array([(1, 0.5)], dtype=[("a", "<u4"), ("b", "<f8")]),
        np.array([True, False]),
    ],
)
def test_arrays_are_read_as_they_were(tmp_path: Path, array: np.ndarray) -> None:  # type: ignore[type-arg]
    save_array(tmp_path / "new" / "a.npy", array)
    found = np.load(tmp_path / "new" / "a.npy", mmap_mode="r" if array.size else None)
    assert found.dtype == array.dtype
    assert found.tolist() == array.tolist()
    assert os.listdir(tmp_path / "new") == ["a.npy"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told_as_one_with_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npy"
    full = Path("/dev/full")
    monkeypatch.setattr(Path, "with_name", lambda self, name: full)
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok=False: None)
    with pytest.raises(OSError, match=r"No space left on device: '.*a\.npy'") as told:
        save_array(path, np.arange(10**6))
    assert told.value.errno == errno.ENOSPC
    assert not path.exists()
