"""What a training tells the report and the manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.output import Output
from pipeline.stage import Block
from stages.cpt.job import Job
from stages.cpt.records import METRICS_FILE, read


def describe(result: Mapping[str, Any], job: Job, out: Output, title: str) -> dict[str, Any]:
    """Write the loss curves to the report; return the step's metrics.

    The metrics hold no times, which differ from run to run.
    """
    points = result["points"]
    series = [
        {"name": f"{part} dev", "x": [p["tokens"] for p in points], "y": [p[f"{part}_bits_per_byte"] for p in points]}
        for part in ("domain", "general")
        if f"{part}_bits_per_byte" in points[-1]
    ]
    out.block(
        Block(
            "curves",
            f"{title}: dev loss",
            {"x_label": "tokens", "y_label": "bits per byte", "series": series},
            f"{result['tokens']:,} tokens with a domain share of {job.domain_share:.3g}; "
            f"{result['tokens_per_second']:,.0f} tokens per second.",
        )
    )
    records = read(out.path / METRICS_FILE)
    updates = [record for record in records if record.get("loss") is not None]
    if updates:
        curve = {"name": "training", "x": [u["tokens"] for u in updates], "y": [u["loss"] for u in updates]}
        data = {"x_label": "tokens", "y_label": "nats per token", "series": [curve]}
        out.block(Block("curves", f"{title}: training loss", data, "The mixture's loss, update by update."))
    _tell_outliers(result, records, out, title)
    return {
        "domain_share": job.domain_share,
        "num_steps": result["steps"],
        "num_tokens": result["tokens"],
        "num_parameters": result["num_parameters"],
        "epochs": result["epochs"],
        "first": points[0],
        "last": points[-1],
        "points": points,
        "skipped": len(result["skipped"]),
        "left_out": result["left_out"],
    }


def _tell_outliers(result: Mapping[str, Any], records: Sequence[Mapping[str, Any]], out: Output, title: str) -> None:
    """Say which updates were not applied, which text was left out and why, and which checkpoints were damaged."""
    events = [record for record in records if "event" in record]
    rows = [
        [
            f"{event['reached']} back to {event['step']}",
            _ranges(event["left_out"]),
            event["blamed"],
            event["skipped"][0]["reason"],
            ", ".join(event["documents"][:5]),
        ]
        for event in events
        if event["event"] == "rollback"
    ]
    if rows:
        columns = ["updates", "batches left out", "to blame", "first sign", "documents, at most five"]
        out.block(Block("table", f"{title}: rollbacks", {"columns": columns, "rows": rows}))
    texts = [event["text"] for event in events if "text" in event]
    if result["skipped"]:
        first = result["skipped"][0]
        texts.append(
            f"{len(result['skipped'])} updates were not applied; the first is update {first['step'] + 1}: "
            f"{first['reason']}."
        )
    if texts:
        data = {"text": " ".join(texts), "severity": "warning"}
        out.block(Block("text", f"{title}: outliers", data))


def _ranges(pairs: Sequence[Sequence[int]]) -> str:
    return ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in pairs)
