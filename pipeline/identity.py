"""What an artifact is: a key computed from everything that determines its bytes, and from nothing else."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import StrataError

Json = Any  # None | bool | int | float | str | list[Json] | dict[str, Json]

KEY_CHARACTERS = 20
_CHUNK_BYTES = 1 << 20


def canonical(value: Json, where: str = "value") -> str:
    """Return the one JSON text of ``value``: sorted keys, shortest exact floats, no white space.

    Raises StrataError where ``value`` has no exact JSON form (NaN, infinity, a set, a path, a non-string key).
    """
    _refuse_inexact(value, where)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _refuse_inexact(value: Json, where: str) -> None:
    if value is None or isinstance(value, (bool, int, str)):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise StrataError(f"{where}: has no exact JSON form, got {value!r}. Use a finite number")
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            if not isinstance(name, str):
                raise StrataError(f"{where}: mapping keys must be strings, got {name!r}")
            _refuse_inexact(item, f"{where}.{name}")
        return
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        for position, item in enumerate(value):
            _refuse_inexact(item, f"{where}[{position}]")
        return
    raise StrataError(f"{where}: has no exact JSON form, got {type(value).__name__} {value!r}")


def key_of(identity: Mapping[str, Json]) -> str:
    """Return the artifact key of ``identity``: 20 hexadecimal characters (80 bits) of SHA-256."""
    text = canonical(dict(identity), "identity")
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:KEY_CHARACTERS]


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


class Hasher:
    """Content hashes of user files, cached by (path, size, mtime_ns) in one JSON file.

    A file whose size and modification time are unchanged is not read again. ``cache_path`` None keeps the cache
    in memory only (``plan`` writes nothing).
    """

    def __init__(self, cache_path: Path | None = None) -> None:
        self._cache_path = cache_path
        self._cache: dict[str, list[Json]] = {}
        self._dirty = False
        if cache_path is not None and cache_path.exists():
            try:
                self._cache = json.loads(cache_path.read_text("utf-8"))
            except ValueError:
                self._cache = {}  # a torn cache costs a re-read, never a wrong hash

    def file(self, path: Path) -> str:
        """Return the SHA-256 of one file, from the cache where size and mtime agree."""
        status = path.stat()
        name = str(path.resolve())
        cached = self._cache.get(name)
        if cached is not None and cached[:2] == [status.st_size, status.st_mtime_ns]:
            return str(cached[2])
        digest = file_digest(path)
        self._cache[name] = [status.st_size, status.st_mtime_ns, digest]
        self._dirty = True
        return digest

    def folder(self, path: Path) -> dict[str, Json]:
        """Return ``{"files": count, "bytes": size, "sha256": hash of sorted (relative name, file hash)}``.

        Hidden files and folders are left out, as they are by the readers. Symbolic links to folders are not followed.
        """
        digest = hashlib.sha256()
        num_files = num_bytes = 0
        for file in visible_files(path):
            name = "." if file == path else file.relative_to(path).as_posix()
            digest.update(f"{name}\0{self.file(file)}\n".encode())
            num_files += 1
            num_bytes += file.stat().st_size
        return {"files": num_files, "bytes": num_bytes, "sha256": digest.hexdigest()}

    def save(self) -> None:
        """Write the cache back, atomically, when it changed and has a path."""
        if self._cache_path is None or not self._dirty:
            return
        self._cache_path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._cache_path.with_name(f".{self._cache_path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(self._cache), "utf-8")
        os.replace(temporary, self._cache_path)
        self._dirty = False


def visible_files(path: Path) -> list[Path]:
    """Return the regular files under ``path`` in sorted order, hidden ones left out; ``path`` itself if a file."""
    if path.is_file():
        return [path]
    found: list[Path] = []
    for folder, names, files in os.walk(path):
        names[:] = sorted(name for name in names if not name.startswith("."))
        found.extend(Path(folder) / name for name in files if not name.startswith("."))
    return sorted(file for file in found if file.is_file())
