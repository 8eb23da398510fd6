"""What the mixture step shows in the report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipeline.stage import Block
from stages.mixture.analysis import Analysis, Fitted
from stages.mixture.choose import trade_off
from stages.mixture.goals import general_limit

if TYPE_CHECKING:
    from stages.mixture.points import Point
    from stages.mixture.rounds import Rounds

MAX_GROUPS = 8
"""Curves drawn in one chart; more cannot be told apart."""
SECTION = "Mixture: the D-CPT law"


def blocks_of(analysis: Analysis, cost: dict[str, Any]) -> list[Block]:
    """Return all blocks, in the order they are read."""
    return [
        _answer(analysis),
        *([] if analysis.trusted else [_warning(analysis)]),
        *([_remarks(analysis)] if analysis.remarks else []),
        _curves(analysis, "domain"),
        _curves(analysis, "general"),
        _trade_off(analysis),
        _quality(analysis),
        _residuals(analysis),
        _parameters(analysis),
        _slopes(analysis),
        _cost(cost),
    ]


def _answer(analysis: Analysis) -> Block:
    choice, goal = analysis.choice, analysis.shown
    text = f"Domain share {analysis.domain_share:.3f}"
    if analysis.interval:
        text += f" (the law's choice has the {analysis.confidence:.0%} interval {analysis.interval[0]:.3f} to "
        text += f"{analysis.interval[1]:.3f})"
    text += f", for {goal.num_parameters / 1e6:.3g} M parameters and {goal.num_tokens / 1e6:.3g} M tokens. "
    if choice and analysis.trusted:
        limit = general_limit(goal)
        bound = f" (limit {limit:.4f})" if limit is not None else ""
        text += (
            f"Predicted there: domain loss {choice.domain_loss:.4f}, general loss {choice.general_loss:.4f}{bound}. "
            f"Decided by: {choice.decided_by}. "
        )
    return Block("text", "Chosen mixture", {"text": text.strip(), "severity": "info"}, section=SECTION)


def _remarks(analysis: Analysis) -> Block:
    rows = [[f"{remark[0].upper()}{remark[1:]}."] for remark in analysis.remarks]
    return Block("table", "What else to know", {"columns": ["remark"], "rows": rows}, section=SECTION)


def _warning(analysis: Analysis) -> Block:
    wanted = f"{analysis.choice.domain_share:.3f}" if analysis.choice else "no share at all"
    text = (
        f"The fitted law is not trusted; the default domain share {analysis.domain_share:g} is used instead "
        f"(the law asked for {wanted}). Why: {'; '.join(analysis.reasons)}."
    )
    return Block("text", "The law is not trusted", {"text": text, "severity": "warning"}, section=SECTION)


def _curves(analysis: Analysis, kind: str) -> Block:
    import numpy as np

    fitted: Fitted = getattr(analysis, kind)
    groups: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for point in analysis.points:
        if not point.excluded:
            pair = point.domain_share, getattr(point, f"{kind}_loss")
            groups.setdefault((point.num_parameters, point.num_tokens), []).append(pair)
    shown = sorted(sorted(groups, key=lambda key: (-len(groups[key]), key))[:MAX_GROUPS])
    shares = np.linspace(analysis.goal.low, analysis.goal.high, 41)
    series = []
    for size, tokens in shown:
        name = f"{size / 1e6:.3g} M, {tokens / 1e6:.3g} M tokens"
        own = shares if kind == "domain" else 1 - shares
        drawn = np.array([law.loss(size, tokens, own) for law in fitted.draws])
        low, high = np.percentile(drawn, [50 * (1 - analysis.confidence), 50 * (1 + analysis.confidence)], axis=0)
        line = {"x": shares.tolist(), "y": fitted.law.loss(size, tokens, own).tolist(), "style": "line"}
        series.append({"name": f"{name}: law", **line, "low": low.tolist(), "high": high.tolist()})
        x, y = zip(*sorted(groups[size, tokens]), strict=True)
        series.append({"name": f"{name}: measured", "x": list(x), "y": list(y), "style": "points"})
    left_out = len(groups) - len(shown)
    data = {
        "x_label": "domain share r",
        "y_label": f"{kind} loss (nats per token)",
        "series": series,
        "marks": [{"x": analysis.domain_share, "label": f"chosen {analysis.domain_share:.2f}"}],
    }
    note = (
        "Points are dev losses of proxies, lines the fitted law at the same size and number of tokens, bands those of "
        f"{analysis.confidence:.0%} of the bootstrap draws."
    )
    if left_out:
        note += f" {left_out} further pairs of size and tokens are in points.csv."
    return Block("curves", f"{kind.capitalize()} loss against the mixture", data, note, SECTION)


def _trade_off(analysis: Analysis) -> Block:
    rows = trade_off(analysis.domain.law, analysis.general.law, analysis.shown, 41)
    limit, choice = general_limit(analysis.shown), analysis.choice
    series = [
        {
            "name": f"r = {rows[0]['domain_share']:g} to {rows[-1]['domain_share']:g}",
            "x": [row["general_loss"] for row in rows],
            "y": [row["domain_loss"] for row in rows],
            "style": "line",
        }
    ]
    marks = [] if limit is None else [{"x": limit, "label": "limit"}]
    if choice:
        chosen = {"name": f"r* = {choice.domain_share:.3f}", "x": [choice.general_loss], "y": [choice.domain_loss]}
        series.append({**chosen, "style": "points"})
    if choice and analysis.interval:
        for share in analysis.interval:
            at = replace(analysis.shown, low=share, high=share)
            end = trade_off(analysis.domain.law, analysis.general.law, at, 1)[0]["general_loss"]
            marks.append({"x": end, "label": f"r = {share:.2f}"})
    data = {"x_label": "general loss", "y_label": "domain loss", "series": series, "marks": marks}
    note = (
        "Each place on the line is a mixture at the size and length to be trained; down and left are better. The marks "
        "are the limit and the ends of the share's interval."
    )
    return Block("curves", "What domain text costs in general loss", data, note, SECTION)


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _quality(analysis: Analysis) -> Block:
    rows: list[list[Any]] = []
    for kind, fitted in (("domain", analysis.domain), ("general", analysis.general)):
        quality = fitted.quality
        measured = [("in sample", quality.in_sample), ("held-out runs", quality.held_out_runs)]
        measured.append(("held-out runs, exponential form", getattr(analysis.alternatives, kind)))
        measured += [
            (f"held-out {held.by} {held.value:g}{' (extrapolates)' if held.extrapolates else ''}", held.errors)
            for held in quality.held_out
        ]
        for name, errors in measured:
            r2 = [_number(errors.r2, ".4f"), _number(errors.r2_share, ".4f")]
            sizes = [f"{errors.huber:.2e}", f"{errors.mean_relative:.2%}", f"{errors.max_relative:.2%}"]
            rows.append([kind, name, errors.num_points, *r2, *sizes])
    columns = ["loss", "measured on", "points", "R²", "R² of the share", "Huber", "mean error", "largest error"]
    note = (
        "R² of the share compares points of equal size and length only: what the law knows about the mixture itself. "
        "Huber: mean, of log residuals, delta 1e-3."
    )
    return Block("table", "How good the law is", {"columns": columns, "rows": rows}, note, SECTION)


def _residuals(analysis: Analysis) -> Block:
    """Measured over predicted loss of every point: what the law leaves over must look like noise."""
    series = []
    for kind in ("domain", "general"):
        law = getattr(analysis, kind).law
        used = [point for point in analysis.points if not point.excluded]
        left = [
            100 * (getattr(p, f"{kind}_loss") / float(law.loss(p.num_parameters, p.num_tokens, _own(p, kind))) - 1)
            for p in used
        ]
        series.append({"name": kind, "x": [p.domain_share for p in used], "y": left, "style": "points"})
    data = {"x_label": "domain share r", "y_label": "measured above predicted (%)", "series": series}
    return Block("curves", "What the law leaves over", data, "A bend along r is what its form cannot follow.", SECTION)


def _own(point: Point, kind: str) -> float:
    return point.domain_share if kind == "domain" else 1 - point.domain_share


def _slopes(analysis: Analysis) -> Block:
    rows = [
        [kind, f"{tokens:,.0f}", f"{low:.2f} to {high:.2f}"]
        for kind in ("domain", "general")
        for tokens, low, high in getattr(analysis, kind).quality.slope.regions
    ]
    note = "The paper demands dL/dr < 0 everywhere; its form does not ensure it, so the tried range is checked."
    if not rows:
        text = "Both laws fall with the share of their own text at every length and share that was tried."
        return Block("text", "Signs of the slopes", {"text": text, "severity": "info"}, note, SECTION)
    columns = ["loss", "at D", "rises with its own text at shares"]
    return Block("table", "Signs of the slopes", {"columns": columns, "rows": rows}, note, SECTION)


def _parameters(analysis: Analysis) -> Block:
    rows = []
    for kind, fitted in (("domain", analysis.domain), ("general", analysis.general)):
        violations = f"{fitted.quality.slope.fraction:.0%}"
        rows.append([kind, fitted.form, *(f"{value:.4g}" for value in fitted.law.as_dict().values()), violations])
    columns = ["loss", "form", *analysis.domain.law.as_dict(), "dL/dr ≥ 0"]
    note = (
        "L = E + A/N^alpha + B r^eta/D^beta + C D^delta/(r+epsilon)^gamma; N and D in 1e9. In the paper's form (arXiv "
        "2406.01375) eta >= 1 and delta = 0; a wider one is taken where it foretells held-out runs a tenth better."
    )
    return Block("table", "Fitted parameters", {"columns": columns, "rows": rows}, note, SECTION)


def rounds_block(rounds: Rounds) -> Block:
    """Return how a sequential design came to its trainings."""
    rows: list[list[Any]] = []
    for number, one in enumerate(rounds.rounds, 1):
        share = "–" if one.domain_share is None else f"{one.domain_share:.3f}"
        between = "–" if one.interval is None else "{:.3f} to {:.3f}".format(*one.interval)
        rows.append([number, one.trainings, f"{one.tokens:,}", share, between])
    columns = ["round", "trainings so far", "tokens so far", "chosen share", "interval"]
    note = f"It ended because {rounds.ended_by}."
    return Block("table", "How the proxies were chosen", {"columns": columns, "rows": rows}, note, SECTION)


def _cost(cost: dict[str, Any]) -> Block:
    rows = [
        [name, part["trainings"], f"{part['tokens']:,}", f"{part['flops']:.3g}"]
        for name, part in (("these proxies", cost["design"]), ("the full grid", cost["full_grid"]))
    ]
    rows.append(["share of the full grid", "", f"{cost['share_of_tokens']:.0%}", f"{cost['share_of_flops']:.0%}"])
    columns = ["design", "trainings", "tokens", "FLOP (6 N D)"]
    note = "The full grid is every share and every number of tokens as a finished training at every size."
    return Block("table", "What the proxies cost", {"columns": columns, "rows": rows}, note, SECTION)
