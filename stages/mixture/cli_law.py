"""``strata law fit|transfer|mix``: laws of mixtures on anybody's points, without a recipe."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages.mixture.goals import GOALS
from stages.mixture.points import COLUMNS, OPTIONAL_COLUMNS, read_points

if TYPE_CHECKING:
    from stages.mixture.analysis import Analysis


def fit_points(
    source: str | Path | Iterable[Mapping[str, Any]],
    *,
    goal: str = "general_within",
    num_parameters: int | None = None,
    num_tokens: int | None = None,
    tolerance: float = 0.03,
    domain_tokens: int | None = None,
    max_epochs: float = 4.0,
    base_loss: float | None = None,
    flops: float | None = None,
    sizes: Sequence[int] = (),
    proxies_repeat: bool = True,
    **demands: Any,
) -> Analysis:
    """Fit both laws to measured points and choose a domain share.

    ``source`` is a CSV file or an iterable of mappings with the columns of ``stages.mixture.points.COLUMNS``. The share
    is for a model of ``num_parameters`` trained on ``num_tokens`` (default: the largest measured). ``base_loss`` is
    that model's general loss before training, where the points do not hold it (a row with num_tokens = 0). The goals
    are those of ``stages.mixture.goals``; ``flop_budget`` spends ``flops`` on one of ``sizes``, or on one of the
    bases. ``proxies_repeat=False`` says that the points' trainings repeated their domain text less than the target
    will. ``demands`` are the fields of ``stages.mixture.analysis.Demands``. Raises StrataError for points that cannot
    be used.
    """
    from stages.mixture.analysis import Demands, analyse, make_goal

    points = read_points(source)
    wanted = make_goal(
        points,
        goal,  # type: ignore[arg-type]
        num_parameters=num_parameters,
        num_tokens=num_tokens,
        tolerance=tolerance,
        domain_tokens=domain_tokens,
        max_epochs=max_epochs,
        base_loss=base_loss,
        flops=flops,
        sizes=sizes,
        proxies_repeat=proxies_repeat,
    )
    return analyse(points, wanted, Demands(**demands))


def main(argv: Sequence[str]) -> int:
    """Run ``strata law``; 0 where the law is trusted, 1 where it is not. Errors raise StrataError."""
    arguments = vars(_parser().parse_args(list(argv)))
    command = arguments.pop("command")
    if command != "fit":
        from stages.mixture.cli_more import mix, transfer

        sys.stdout.writelines(f"{line}\n" for line in (mix if command == "mix" else transfer)(**arguments))
        return 0
    as_json = arguments.pop("json")
    analysis = fit_points(arguments.pop("points"), **arguments)
    if as_json:
        json.dump(analysis.record(), sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        sys.stdout.write("\n".join(describe(analysis)) + "\n")
    return 0 if analysis.trusted else 1


def _parser() -> argparse.ArgumentParser:
    columns = "; ".join(f"{name}: {what}" for name, what in {**COLUMNS, **OPTIONAL_COLUMNS}.items())
    parser = argparse.ArgumentParser(
        prog="strata law", description="Laws of mixtures, the D-CPT law (arXiv 2406.01375) first, on measured points."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    fit = commands.add_parser("fit", help="fit the law and choose a domain share", epilog=f"Columns. {columns}.")
    fit.add_argument("points", help="CSV file of measured losses")
    fit.add_argument("--goal", choices=GOALS, default="general_within")
    fit.add_argument("--tolerance", type=float, default=0.03, help="largest relative rise of the general loss")
    fit.add_argument("--num-parameters", type=int, help="size to choose for (default: the largest measured)")
    fit.add_argument("--num-tokens", type=int, help="tokens to choose for (default: the most measured)")
    fit.add_argument("--domain-tokens", type=int, help="distinct domain tokens at hand")
    fit.add_argument("--max-epochs", type=float, default=4.0, help="largest number of passes over them")
    fit.add_argument("--flops", type=float, help="flop_budget: operations to spend, 6 N D")
    fit.add_argument("--sizes", type=int, nargs="+", default=(), help="flop_budget: values of N to choose from")
    fit.add_argument(
        "--proxies-repeat-less",
        action="store_false",
        dest="proxies_repeat",
        help="the points' trainings repeated their domain text less than the target will: count repetitions for less",
    )
    fit.add_argument("--base-loss", type=float, help="general loss before training, if no row has num_tokens = 0")
    fit.add_argument("--on-weak-fit", choices=("stop", "default_share"), default="default_share")
    fit.add_argument("--default-share", type=float, default=0.3)
    fit.add_argument("--num-bootstrap", type=int, default=200, help="bootstrap draws for the interval")
    fit.add_argument("--confidence", type=float, default=0.9, help="of the interval")
    fit.add_argument("--seed", type=int, default=0)
    fit.add_argument("--paper-only", action="store_true", help="the paper's form alone: eta >= 1, no forgetting")
    fit.add_argument("--earlier", nargs="+", default=(), help="points of other domains, to lend exponents")
    fit.add_argument("--json", action="store_true", help="print everything as JSON")
    _add_more(commands)
    return parser


def _add_more(commands: Any) -> None:
    transfer = commands.add_parser("transfer", help="foretell a new domain's law from other domains and a few points")
    transfer.add_argument("points", help="CSV file of the new domain: a base (num_tokens = 0) and its first points")
    transfer.add_argument("--others", nargs="+", required=True, help="CSV files of other domains, two or more")
    transfer.add_argument("--tolerance", type=float, default=0.03, help="largest relative rise of the general loss")
    transfer.add_argument("--num-parameters", type=int, help="size to choose for (default: the largest of the others)")
    transfer.add_argument("--num-tokens", type=int, help="tokens to choose for (default: the most of the others)")
    mix = commands.add_parser("mix", help="shares of several corpora, from runs over mixtures of them")
    mix.add_argument("runs", help="CSV file: a row for each run, columns share:<corpus> and loss:<target>")
    for name, what in (
        ("weights", "of the targets' losses (default: 1 each)"),
        ("prior", "of the corpora, such as their tokens (default: all alike)"),
        ("caps", "largest share of a corpus: tokens * epochs / tokens to train"),
    ):
        mix.add_argument(f"--{name}", nargs="+", default=(), metavar="NAME=NUMBER", help=what)
    mix.add_argument("--kl-weight", type=float, default=0.05, help="how much leaving the prior costs (default: 0.05)")


def describe(analysis: Analysis) -> list[str]:
    """Return the answer as lines for a terminal."""
    goal, choice = analysis.shown, analysis.choice
    lines = [f"for N = {goal.num_parameters:,} and D = {goal.num_tokens:,}, goal {goal.name}"]
    for kind, fitted in (("domain", analysis.domain), ("general", analysis.general)):
        law = ", ".join(f"{name} {value:.4g}" for name, value in fitted.law.as_dict().items())
        inside, outside = fitted.quality.in_sample, fitted.quality.held_out_runs
        lines.append(f"{kind:8}{fitted.form}: {law}")
        lines.append(
            f"        R2 {_form(inside.r2)} in sample, {_form(outside.r2)} on held-out runs "
            f"(share alone {_form(outside.r2_share)}); held-out error mean {outside.mean_relative:.2%}, "
            f"largest {outside.max_relative:.2%}"
        )
    lines.extend(f"excluded: {p.run} at D = {p.num_tokens}: {p.excluded}" for p in analysis.points if p.excluded)
    lines.extend(f"note: {remark}" for remark in analysis.remarks)
    if choice:
        interval = "{:.3f} to {:.3f}".format(*analysis.interval) if analysis.interval else "unknown"
        lines.append(
            f"law's choice: domain share {choice.domain_share:.3f} ({analysis.confidence:.0%} interval {interval}), "
            f"decided by {choice.decided_by}; N = {choice.num_parameters:,}, D = {choice.num_tokens:,}; "
            f"domain loss {choice.domain_loss:.4f}, general loss {choice.general_loss:.4f}"
        )
    lines.extend(f"NOT TRUSTED: {reason}" for reason in analysis.reasons)
    lines.append(f"domain share {analysis.domain_share:.3f}{'' if analysis.trusted else ' (the default)'}")
    return lines


def _form(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
