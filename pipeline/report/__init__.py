"""One self-contained HTML page per recipe: ``write_report(path, ReportInput(...))``."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.report.record import ReportInput, Status, StepRecord, load_blocks, metrics_rows

__all__ = ["ReportInput", "Status", "StepRecord", "load_blocks", "metrics_rows", "render", "write_report"]


def render(report: ReportInput) -> str:
    """Return the page as one HTML document."""
    from pipeline.report.page import render as render_page

    return render_page(report)


def write_report(path: Path, report: ReportInput) -> None:
    """Write the page to ``path``, whole or not at all."""
    text = render(report)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, "utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
