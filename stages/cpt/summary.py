"""What a training tells the report and the manifest."""

from __future__ import annotations

from collections.abc import Mapping
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
    updates = [record for record in read(out.path / METRICS_FILE) if "loss" in record]
    if updates:
        curve = {"name": "training", "x": [u["tokens"] for u in updates], "y": [u["loss"] for u in updates]}
        data = {"x_label": "tokens", "y_label": "nats per token", "series": [curve]}
        out.block(Block("curves", f"{title}: training loss", data, "The mixture's loss, update by update."))
    return {
        "domain_share": job.domain_share,
        "num_steps": result["steps"],
        "num_tokens": result["tokens"],
        "num_parameters": result["num_parameters"],
        "epochs": result["epochs"],
        "first": points[0],
        "last": points[-1],
        "points": points,
    }
