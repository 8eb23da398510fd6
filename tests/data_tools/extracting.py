"""What the tests of the readers share: a file written and read, and the one thing found in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data_tools.extract.dispatch import read_file
from data_tools.extract.records import Bad, Found, ReadOptions, Record


def read(path: Path, data: bytes | str | None = None, **options: Any) -> list[Found]:
    """Return what is found in ``path``; ``data``, where there is any, is written to it first."""
    if data is not None:
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(read_file(path, ReadOptions(**options)))


def only(found: list[Found]) -> Record:
    (record,) = found
    assert isinstance(record, Record), record
    return record


def bad(found: list[Found]) -> Bad:
    (problem,) = found
    assert isinstance(problem, Bad), problem
    return problem
