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
HASH_CACHE = ".hashes.json"
"""The cache's name inside a runs directory's store, by which a store is known."""


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
            self._cache = _read_cache(cache_path)

    def file(self, path: Path) -> str:
        """Return the SHA-256 of one file, from the cache where size and mtime agree."""
        status = path.stat()
        name = str(path.resolve())
        cached = self._cache.get(name)
        if cached is not None and cached[:2] == [status.st_size, status.st_mtime_ns] and os.access(path, os.R_OK):
            return str(cached[2])
        digest = file_digest(path)
        self._cache[name] = [status.st_size, status.st_mtime_ns, digest]
        self._dirty = True
        return digest

    def folder(self, path: Path) -> dict[str, Json]:
        """Return ``{"files": count, "bytes": size, "sha256": hash of sorted (relative name, file hash)}``.

        Hidden files and folders are left out, as they are by the readers. A file that cannot be read counts by its
        name and the error's number, so that the hash changes once it can.
        """
        digest = hashlib.sha256()
        num_files = num_bytes = 0
        for file in visible_files(path):
            name = "." if file == path else file.relative_to(path).as_posix()
            try:
                content, size = self.file(file), file.stat().st_size
            except OSError as error:
                content, size = f"unreadable {error.errno}", 0
            digest.update(f"{name}\0{content}\n".encode("utf-8", "surrogateescape"))
            num_files += 1
            num_bytes += size
        return {"files": num_files, "bytes": num_bytes, "sha256": digest.hexdigest()}

    def save(self) -> None:
        """Write the cache back, atomically, when it changed and has a path."""
        if self._cache_path is None or not self._dirty:
            return
        self._cache_path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._cache_path.with_name(f".{self._cache_path.name}.{os.getpid()}")
        try:
            temporary.write_text(json.dumps(self._cache), "utf-8")
            os.replace(temporary, self._cache_path)
        finally:
            temporary.unlink(missing_ok=True)
        self._dirty = False


def _read_cache(path: Path) -> dict[str, list[Json]]:
    """Return a cache's entries; whatever is damaged is left out, which costs a re-read, never a wrong hash."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    entries = found.items() if isinstance(found, dict) else ()
    return {name: entry for name, entry in entries if isinstance(entry, list) and len(entry) == 3}


def visible_files(path: Path) -> list[Path]:
    """Return the regular files under ``path`` in sorted order, hidden ones left out; ``path`` itself if a file.

    Links to folders are followed, after the folders that lie here; none is read twice, whatever leads to it. A file
    that cannot be looked at, such as a link to nothing, is among them, so that its reader says so. Raises StrataError
    for a folder that cannot be read.
    """
    if os.path.isfile(path):
        return [path]
    found: list[Path] = []
    seen: set[str] = set()
    waiting = [str(path)]
    for top in waiting:  # it grows while it is gone through
        for folder, names, files in os.walk(top, onerror=_refuse):
            if HASH_CACHE in files:
                raise StrataError(
                    f"{folder}: holds the artifacts of runs, which would be read as text. "
                    "Keep runs= outside of data= and general=, or in a hidden folder"
                )
            names[:] = sorted(name for name in names if not name.startswith("."))
            if (real := os.path.realpath(folder)) in seen:
                names.clear()
                continue
            seen.add(real)
            waiting.extend(os.path.join(folder, name) for name in names if os.path.islink(os.path.join(folder, name)))
            found.extend(Path(folder, name) for name in files if not name.startswith("."))
    return sorted(file for file in found if os.path.isfile(file) or not os.path.exists(file))


def _refuse(error: OSError) -> None:
    raise StrataError(
        f"{error.filename}: the folder cannot be read ({error.strerror}). "
        "Give yourself the right to read it, or move it away"
    ) from None
