"""Training proxies as tasks, and turning what they measured into points of the law."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.errors import StepError
from stages.mixture.design import Proxy
from stages.mixture.points import Point


def train_proxy(content: dict[str, Any], job: dict[str, Any]) -> dict[str, Any]:
    """Train one proxy, a ``Job`` as JSON, in this process, and say which one it was (``content``).

    A training whose loss is no finite number ends as a result with ``stopped`` and its reason: one diverged proxy is
    left out of the law, it does not fail the step.
    """
    from stages.cpt.launch import run_task
    from stages.cpt.ranks import TrainingStopped

    try:
        return {**content, **run_task(job)}
    except TrainingStopped as error:
        return {**content, "stopped": str(error)}


def points_of(proxies: Sequence[Proxy], results: Iterable[Mapping[str, Any]]) -> tuple[list[Point], dict[str, int]]:
    """Return the points of all proxies and N by base, joined to the plan by content (base, share, tokens).

    Of each training only the planned counts are taken, and its base loss at 0 tokens once per size. Raises StepError
    where a result is missing, unplanned or contradictory.
    """
    found = {(r["base"], r["domain_share"], r["num_tokens"]): r for r in results}
    planned = {proxy.content: proxy for proxy in proxies}
    for content in planned.keys() ^ found.keys():
        state = "has no result" if content in planned else "was not planned"
        raise StepError(f"mixture: proxy of base {content[0]} at share {content[1]:g}, D = {content[2]} {state}")
    sizes = _sizes(planned, found)
    first_points: dict[int, Point] = {}
    measured: list[Point] = []
    for content, proxy in planned.items():
        result, size = found[content], sizes[proxy.base.key]
        if "stopped" in result:
            measured.append(_stopped(proxy, size, str(result["stopped"])))
            continue
        first_points.setdefault(size, _point(result["points"][0], f"base-n{size}", size, 0.0, 0.0))
        measured.extend(_measured(proxy, size, result))
    return [*(first_points[size] for size in sorted(first_points)), *sorted(measured, key=_order)], sizes


def _sizes(
    planned: Mapping[tuple[str, float, int], Proxy], found: Mapping[tuple[str, float, int], Mapping[str, Any]]
) -> dict[str, int]:
    """Return N by base, as the training counts it; by the files' headers where all of a base's trainings stopped."""
    sizes: dict[str, int] = {}
    for content, proxy in planned.items():
        if "stopped" not in found[content]:
            size = int(found[content]["num_parameters"])
            if sizes.setdefault(proxy.base.key, size) != size:
                raise StepError(
                    f"mixture: base {proxy.base.key} has {sizes[proxy.base.key]} parameters, and then {size}"
                )
    for proxy in planned.values():
        sizes.setdefault(proxy.base.key, proxy.base.num_parameters)
    if len(set(sizes.values())) < len(sizes):
        raise StepError(
            f"mixture: bases must differ in size, got {sorted(sizes.values())} non-embedding parameters. "
            "Leave one of the equal ones out"
        )
    return sizes


def _order(point: Point) -> tuple[int, float, int]:
    return point.num_parameters, point.domain_share, point.num_tokens


def _measured(proxy: Proxy, size: int, result: Mapping[str, Any]) -> list[Point]:
    ends = [*result["points"][1:], *result.get("anneals", ())]
    by_tokens = {int(point["tokens"]): point for point in ends}
    points = []
    for wanted in proxy.measure_at:
        if wanted not in by_tokens:
            raise StepError(f"mixture: proxy {proxy.name} measured at {sorted(by_tokens)} tokens, not at {wanted}")
        epochs = float(result["epochs"]["domain"]) * wanted / max(1, int(result["tokens"]))
        name = f"n{size}-r{proxy.domain_share:g}-d{proxy.num_tokens}"
        points.append(_point(by_tokens[wanted], name, size, proxy.domain_share, epochs))
    return points


def _point(measured: Mapping[str, Any], run: str, size: int, share: float, epochs: float) -> Point:
    for part in ("domain", "general"):
        if f"{part}_loss" not in measured:
            raise StepError(
                f"mixture: the tokens have no dev split of {part} text, so its loss is unknown. Split more text"
            )
    return Point(
        run,
        size,
        int(measured["tokens"]),
        share,
        float(measured["domain_loss"]),
        float(measured["general_loss"]),
        domain_bits_per_byte=float(measured["domain_bits_per_byte"]),
        general_bits_per_byte=float(measured["general_bits_per_byte"]),
        domain_epochs=epochs,
    )


def _stopped(proxy: Proxy, size: int, why: str) -> Point:
    name = f"n{size}-r{proxy.domain_share:g}-d{proxy.num_tokens}"
    return Point(name, size, proxy.num_tokens, proxy.domain_share, math.nan, math.nan, excluded=f"diverged: {why}")
