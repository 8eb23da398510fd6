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


_FIELDS: Mapping[str, type] = {
    "key": str,
    "stage": str,
    "kind": str,
    "metrics": dict,
    "identity": dict,
    "files": dict,
    "digest": str,
}
_REMEDY = "Delete the artifact's directory and run the same command: the step is made again"


def load(path: Path) -> Artifact | None:
    """Return the artifact at ``path``, or None where there is no finished one."""
    try:
        manifest = json.loads((path / MANIFEST).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise ArtifactError(
            f"{path / MANIFEST}: is not UTF-8 ({error.reason} at byte {error.start}). {_REMEDY}"
        ) from None
    except ValueError as error:
        raise ArtifactError(f"{path / MANIFEST}: is not valid JSON ({error}). {_REMEDY}") from None
    _check(manifest, path / MANIFEST)
    return Artifact(path, manifest)


def _check(manifest: Any, path: Path) -> None:
    """Raise ArtifactError unless a manifest has what every reader of artifacts relies on."""
    if not isinstance(manifest, dict):
        raise ArtifactError(f"{path}: must hold an object, got {type(manifest).__name__}. {_REMEDY}")
    if manifest.get("schema") != MANIFEST_SCHEMA:
        raise ArtifactError(f"{path}: schema must be {MANIFEST_SCHEMA}, got {manifest.get('schema')!r}. {_REMEDY}")
    for name, kind in _FIELDS.items():
        if name not in manifest:
            raise ArtifactError(f"{path}: lacks {name!r}. {_REMEDY}")
        if not isinstance(manifest[name], kind):
            raise ArtifactError(f"{path}: {name} must be {kind.__name__}, got {manifest[name]!r}. {_REMEDY}")


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
        """Turn the finished work directory of ``key`` into an artifact: manifest, scratch away, rename."""
        work = self.work_path(stage, key)
        complete = {"schema": MANIFEST_SCHEMA, "key": key, "stage": stage, **manifest, **describe_files(work)}
        write_json(work / MANIFEST, complete)
        return self._move_in(stage, key, complete)

    def finish(self, stage: str, key: str) -> Artifact | None:
        """Publish what a killed process had finished up to its manifest; None where there is no such work directory.

        The manifest comes before the scratch is deleted: a kill between the two costs neither checkpoints nor time.
        """
        work = self.work_path(stage, key)
        try:
            found = load(work)
            if found is None:
                return None
            found.verify()
        except ArtifactError:
            (work / MANIFEST).unlink()  # not what it describes: the step is run again
            return None
        return self._move_in(stage, key, found.manifest)

    def _move_in(self, stage: str, key: str, manifest: Mapping[str, Any]) -> Artifact:
        work, final = self.work_path(stage, key), self.path(stage, key)
        drop_hidden(work)
        if final.exists():
            shutil.rmtree(final)  # a directory without a readable manifest: a damaged artifact being made again
        os.replace(work, final)
        sync_directory(final.parent)
        return Artifact(final, manifest)


def drop_hidden(work: Path) -> None:
    """Delete scratch: every name that begins with a dot, at any depth (a killed writer's temporary files too)."""
    for folder, names, files in os.walk(work):
        for name in [name for name in names if name.startswith(".")]:
            shutil.rmtree(Path(folder) / name)
            names.remove(name)
        for name in files:
            if name.startswith("."):
                (Path(folder) / name).unlink()
    sync_directory(work)


def describe_files(path: Path) -> dict[str, Json]:
    """Return ``{"files": {relative name: [bytes, mtime_ns, sha256]}, "digest": sha256 over names and hashes}``.

    Scratch, whose names begin with a dot, is left out.
    """
    files: dict[str, Json] = {}
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = Path(folder) / name
            relative = file.relative_to(path).as_posix()
            if relative != MANIFEST and not name.startswith(".") and file.is_file():
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
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            json.dump(value, stream, indent=1, ensure_ascii=False, allow_nan=False)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


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
