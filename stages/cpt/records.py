"""The lines of ``metrics.jsonl``: cut back to a checkpoint when a run resumes, read for the report."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

METRICS_FILE = "metrics.jsonl"


def read(path: Path) -> list[dict[str, Any]]:
    """Return the records of a metrics file, up to a line that a kill cut short."""
    records: list[dict[str, Any]] = []
    if path.exists():
        for line in filter(None, path.read_text("utf-8", errors="replace").split("\n")):
            try:
                records.append(json.loads(line))
            except ValueError:
                break
    return records


def keep_until(path: Path, step: int) -> None:
    """Drop what a killed run wrote after the checkpoint of ``step``: it will be written again."""
    if not path.exists():
        return
    lines = [json.dumps(record, ensure_ascii=False) for record in read(path) if record.get("step", 0) <= step]
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    os.replace(temporary, path)
