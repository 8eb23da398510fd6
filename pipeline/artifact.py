"""Artifacts on disk: a directory is an artifact if and only if it holds a manifest, written last."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from pipeline.errors import ArtifactError, BusyError
from pipeline.identity import Json, canonical, file_digest

MANIFEST = "manifest.json"
MANIFEST_SCHEMA = 1


@dataclass(frozen=True)
class Artifact:
    """A finished step's output."""

    path: Path
    manifest: Mapping[str, Any]

    @property
    def key(self) -> str:
        return str(self.manifest["key"])

    @property
    def stage(self) -> str:
        return str(self.manifest["stage"])

    @property
    def kind(self) -> str:
        return str(self.manifest["kind"])

    @property
    def metrics(self) -> Mapping[str, Any]:
        """What ``Stage.run`` returned."""
        metrics: Mapping[str, Any] = self.manifest["metrics"]
        return metrics

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The stage's parameters, as hashed."""
        parameters: Mapping[str, Any] = self.manifest["identity"]["parameters"]
        return parameters

    def verify(self) -> None:
        """Raise ArtifactError unless every file is as the manifest says.

        A file whose size and mtime are those recorded is not read again; any other is hashed.
        """
        files: Mapping[str, Any] = self.manifest["files"]
        for name, (size, mtime_ns, digest) in files.items():
            path = self.path / name
            try:
                status = path.stat()
            except FileNotFoundError:
                raise ArtifactError(f"{path}: is missing, but {self.path / MANIFEST} lists it. {_REMEDY}") from None
            if status.st_size == size and status.st_mtime_ns == mtime_ns:
                continue
            if status.st_size != size or file_digest(path) != digest:
                raise ArtifactError(f"{path}: its content is no longer what {MANIFEST} recorded. {_REMEDY}")


_REMEDY = "Delete the artifact's directory and run the same command: the step is made again"


def load(path: Path) -> Artifact | None:
    """Return the artifact at ``path``, or None where there is no finished one."""
    try:
        text = (path / MANIFEST).read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        manifest = json.loads(text)
    except ValueError as error:
        raise ArtifactError(f"{path / MANIFEST}: is not valid JSON ({error}). {_REMEDY}") from None
    if manifest.get("schema") != MANIFEST_SCHEMA:
        raise ArtifactError(
            f"{path / MANIFEST}: schema must be {MANIFEST_SCHEMA}, got {manifest.get('schema')!r}. {_REMEDY}"
        )
    return Artifact(path, manifest)


class Store:
    """All artifacts below ``root``: ``<root>/<stage>/<key>/``; work in progress beside them as ``.<key>.work``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, stage: str, key: str) -> Path:
        return self.root / stage / key

    def work_path(self, stage: str, key: str) -> Path:
        return self.root / stage / f".{key}.work"

    def find(self, stage: str, key: str) -> Artifact | None:
        """Return the finished artifact of ``key``, or None."""
        return load(self.path(stage, key))

    def lease(self, stage: str, key: str) -> contextlib.AbstractContextManager[TextIO]:
        """Hold the right to work on ``key``; BusyError says who holds it. The kernel frees it when the holder dies."""
        return lease(self.root / stage / f".{key}.lock", f"the {stage} artifact {key}")

    def publish(self, stage: str, key: str, manifest: Mapping[str, Json]) -> Artifact:
        """Turn the finished work directory of ``key`` into an artifact: manifest, fsync, rename."""
        work = self.work_path(stage, key)
        final = self.path(stage, key)
        complete = {"schema": MANIFEST_SCHEMA, "key": key, "stage": stage, **manifest, **describe_files(work)}
        write_json(work / MANIFEST, complete)
        if final.exists():
            shutil.rmtree(final)  # a directory without a readable manifest: a damaged artifact being made again
        os.replace(work, final)
        sync_directory(final.parent)
        return Artifact(final, complete)


def describe_files(path: Path) -> dict[str, Json]:
    """Return ``{"files": {relative name: [bytes, mtime_ns, sha256]}, "digest": sha256 over names and hashes}``."""
    files: dict[str, Json] = {}
    for folder, _, names in os.walk(path):
        for name in names:
            file = Path(folder) / name
            relative = file.relative_to(path).as_posix()
            if relative != MANIFEST and file.is_file():
                status = file.stat()
                files[relative] = [status.st_size, status.st_mtime_ns, file_digest(file)]
    ordered = dict(sorted(files.items()))
    contents = {name: entry[2] for name, entry in ordered.items() if not _is_record(name)}
    return {"files": ordered, "digest": hashlib.sha256(canonical(contents).encode()).hexdigest()}


def _is_record(name: str) -> bool:
    """Records of how a run went (times, blocks with times) are kept, but are not part of what was made."""
    return name == "metrics.jsonl" or name.startswith("blocks/")


def write_json(path: Path, value: Json) -> None:
    """Write ``value`` to ``path`` whole or not at all, and force it to disk."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as stream:
        json.dump(value, stream, indent=1, ensure_ascii=False, allow_nan=False)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)


def sync_directory(path: Path) -> None:
    """Force a directory's entries to disk, so that a rename survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def lease(path: Path, what: str) -> Iterator[TextIO]:
    """Hold an exclusive flock on ``path`` for the block; raise BusyError where another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            holder = stream.read().strip() or "another process"
            raise BusyError(
                f"{what}: is being worked on by {holder}. Wait for it, or stop it, then run again"
            ) from None
        stream.seek(0)
        stream.truncate()
        stream.write(f"process {os.getpid()}")
        stream.flush()
        yield stream
