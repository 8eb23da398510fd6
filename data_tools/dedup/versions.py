"""Versions of an index: which segments it has, what was withdrawn, how documents are judged, and their fates.

``segments/`` holds what was signed (segment.py), ``fates/<version>/`` a row for each document, ``versions/<n>.json``
what a version is made of; ``CURRENT`` names the version that counts, and is replaced last. So a writer that is killed
leaves the index as it was.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_tools.dedup.collection import Collection, Order, Withdrawal
from data_tools.dedup.comparing import Limits
from data_tools.dedup.scheme import Scheme
from data_tools.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from data_tools.dedup.fates import Fates

SEGMENTS_FOLDER, FATES_FOLDER, VERSIONS_FOLDER, CURRENT_FILE = "segments", "fates", "versions", "CURRENT"


@dataclass(frozen=True)
class Settings:
    """How documents are signed, ordered and judged: the same for all of an index, for ever."""

    scheme: Scheme
    order: Order = field(default_factory=Order)
    limits: Limits = field(default_factory=Limits)

    def to_json(self) -> dict[str, Any]:
        return {"scheme": self.scheme.header(), "order": asdict(self.order), "limits": asdict(self.limits)}

    @classmethod
    def from_json(cls, values: dict[str, Any], where: str) -> Settings:
        given = values["order"]
        order = Order(tuple(given["corpora"]), tuple(given["licenses"]), tuple(given["by"]), given["score"])
        return cls(Scheme.read(values["scheme"], where), order, Limits(**values["limits"]))

    def check_same(self, other: Settings, where: str) -> None:
        """Raise DataError, naming every difference, where ``other`` was asked of the index at ``where``."""
        mine, theirs = (json.loads(json.dumps(one.to_json())) for one in (self, other))
        unlike = [
            f"{part}.{name} {theirs[part][name]!r} instead of {own!r}"
            for part, values in mine.items()
            for name, own in values.items()
            if own != theirs[part][name]
        ]
        if unlike:
            raise DataError(
                f"{where}: the index was made with other parameters: asked for {', '.join(unlike)}. Leave them out, or "
                "make an index of its own"
            )


@dataclass(frozen=True)
class Version:
    """One state of an index."""

    number: int
    settings: Settings
    segments: tuple[str, ...] = ()
    """Names of folders in ``segments/``, in the order they came."""
    withdrawn: tuple[Withdrawal, ...] = ()

    def collection(self, root: Path) -> Collection:
        """Open the version's segments; DataError where one cannot be compared with the others."""
        folders = [root / SEGMENTS_FOLDER / name for name in self.segments]
        found = Collection.open(folders, self.withdrawn)
        for segment in found.segments:
            self.settings.scheme.check_same(segment.scheme, str(segment.folder))
        return found


def fates_file(root: Path, number: int, segment: str) -> Path:
    """Return where the fates of a segment's documents in one version lie."""
    return root / FATES_FOLDER / str(number) / f"{segment}.parquet"


def named_segments(root: Path, number: int) -> set[str]:
    """Return the segments of a version by its number; none where it is not there."""
    try:
        return set(json.loads((root / VERSIONS_FOLDER / f"{number}.json").read_text("utf-8"))["segments"])
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def read_fates(root: Path, version: Version) -> pa.Table:
    """Return the fates of all documents of a version, in order of document."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from data_tools.dedup.fates import fates_schema

    try:
        tables = [pq.read_table(fates_file(root, version.number, name)) for name in version.segments]
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{root / FATES_FOLDER}: cannot be read: {error}. Run strata dedup add again") from None
    return pa.concat_tables(tables) if tables else fates_schema().empty_table()


def write_version(root: Path, version: Version, fates: Fates) -> None:
    """Make ``version`` the current one."""
    fates.write(root / FATES_FOLDER / str(version.number))
    record = {
        "version": version.number,
        "settings": version.settings.to_json(),
        "segments": list(version.segments),
        "withdrawn": [list(one) for one in version.withdrawn],
    }
    _write_whole(root / VERSIONS_FOLDER / f"{version.number}.json", json.dumps(record, indent=1))
    _write_whole(root / CURRENT_FILE, f"{version.number}\n")


def read_version(root: Path) -> Version:
    """Return the current version; DataError where ``root`` holds no index, or a damaged one."""
    if not (root / CURRENT_FILE).exists():
        raise DataError(f"{root}: holds no index. Make one with strata dedup add, or give a dedup step's output")
    try:
        number = int((root / CURRENT_FILE).read_text("utf-8"))
        path = root / VERSIONS_FOLDER / f"{number}.json"
        values = json.loads(path.read_text("utf-8"))
        settings = Settings.from_json(values["settings"], str(path))
        withdrawn = tuple(Withdrawal(*one) for one in values["withdrawn"])
        return Version(number, settings, tuple(values["segments"]), withdrawn)
    except DataError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{root}: the index's current version cannot be read ({error!r}). Write the number of the version before "
            f"into {CURRENT_FILE}, or add its documents to a new index"
        ) from None


def _write_whole(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)
