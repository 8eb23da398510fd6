"""Reading points, what is left out and why, and the command line on anybody's CSV."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import StrataError
from stages.mixture.analysis import Demands, analyse, make_goal
from stages.mixture.cli_law import describe, fit_points, main
from stages.mixture.law import Law
from stages.mixture.points import (
    Point,
    base_losses,
    check_enough,
    mark_unusable,
    read_points,
    refuse_swapped,
    write_points,
)

DOMAIN = Law(E=1.6, A=0.05, B=0.02, C=0.2, alpha=0.339, beta=0.3, eta=1.2, gamma=0.4, epsilon=0.1)
GENERAL = Law(E=1.9, A=0.05, B=0.02, C=0.25, alpha=0.339, beta=0.25, eta=1.3, gamma=0.35, epsilon=0.08)
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)


def rows(base_loss: float | None = None) -> list[dict[str, Any]]:
    """Noiseless rows of two sizes, three lengths and five shares."""
    found: list[dict[str, Any]] = []
    for size in (100_000_000, 400_000_000):
        for share in SHARES:
            for tokens in (500_000_000, 1_000_000_000, 2_000_000_000):
                losses = DOMAIN.loss(size, tokens, share), GENERAL.loss(size, tokens, 1 - share)
                names = "run", "num_parameters", "num_tokens", "domain_share", "domain_loss", "general_loss"
                values = f"{size}-{share}-{tokens}", size, tokens, share, *map(float, losses)
                found.append(dict(zip(names, values, strict=True)))
    if base_loss is not None:
        base = {"run": "base", "num_parameters": 400_000_000, "num_tokens": 0, "domain_share": 0}
        found.append({**base, "domain_loss": 3.0, "general_loss": base_loss})
    return found


def spoil(**changes: Any) -> list[dict[str, Any]]:
    return [{**row, **changes} if position == 4 else row for position, row in enumerate(rows())]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_parameters": 0.5}, r"row 5: num_parameters must be a count of parameters, got 0\.5\. Write 500000000"),
        ({"num_parameters": float("nan")}, r"row 5: num_parameters must be a finite number, got nan"),
        ({"num_tokens": 2}, r"row 5: num_tokens must be a count of tokens, or 0 for the base model, got 2"),
        ({"domain_share": 67}, r"row 5: domain_share must be between 0 and 1, got 67\. Write 0\.67, not 67"),
        ({"domain_share": "half"}, r"row 5: domain_share must be a number, got 'half'"),
        ({"general_loss": ""}, r"row 5: has no general_loss\. Needed columns: run, num_parameters"),
    ],
)
def test_wrong_rows_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(StrataError, match=message):
        read_points(spoil(**changes))


def test_unreadable_sources(tmp_path: Path) -> None:
    with pytest.raises(StrataError, match=r"missing\.csv: no such file\. Give a CSV with the columns run, "):
        read_points(tmp_path / "missing.csv")
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StrataError, match=r"binary\.csv: cannot be read as UTF-8 text"):
        read_points(binary)
    with pytest.raises(StrataError, match=r"points: no points\. Give at least one row"):
        read_points([])


def test_points_written_read_back_exactly(tmp_path: Path) -> None:
    points = [
        Point("a", 1234, 5000, 1 / 3, math.pi, math.e, seed=3, domain_bits_per_byte=1.1, domain_epochs=0.5),
        Point("b", 1234, 5000, 0.5, math.nan, math.nan, excluded="diverged: loss is nan, at update 3"),
    ]
    write_points(tmp_path / "points.csv", points)
    first, second = read_points(tmp_path / "points.csv")
    assert first == points[0]
    assert math.isnan(second.domain_loss)
    assert second.excluded == points[1].excluded
    assert [file.name for file in tmp_path.iterdir()] == ["points.csv"]


def test_unusable_points_are_marked_with_their_reason() -> None:
    points = read_points([*rows(base_loss=2.4), rows()[3]])
    points[0] = replace(points[0], domain_loss=math.nan)
    points[7] = replace(points[7], general_loss=99.0)
    marked = mark_unusable(points)
    reasons = [point.excluded for point in marked]
    assert reasons[0] == "run has a loss that is not finite at D = 500000000"
    assert reasons[7] == "run diverged at D = 1000000000: > 2 x median loss"
    assert reasons[30] == "base model (D = 0), outside the law"
    assert reasons[31] == "repeats an earlier point"
    assert sum(bool(reason) for reason in reasons) == 4
    assert base_losses(marked) == {400_000_000: 2.4}


def test_later_points_of_a_broken_run_are_left_out_too() -> None:
    points = [Point("x", 10**6, 10**6, 0.5, 3.0, 3.0), Point("x", 10**6, 2 * 10**6, 0.5, math.inf, 3.0)]
    assert all("not finite" in point.excluded for point in mark_unusable(points))


def test_contradictions_stop() -> None:
    doubled = [*read_points(rows()), replace(read_points(rows())[3], domain_loss=2.0)]
    with pytest.raises(StrataError, match=r"run .* has two different losses at D = 500000000.*delete one row"):
        mark_unusable(doubled)
    with pytest.raises(StrataError, match="no finite loss at all"):
        mark_unusable([Point("x", 10**6, 10**6, 0.5, math.nan, math.nan)])
    swapped = [
        replace(point, domain_loss=point.general_loss, general_loss=point.domain_loss) for point in read_points(rows())
    ]
    with pytest.raises(StrataError, match="domain_loss rises and general_loss falls as domain_share grows"):
        refuse_swapped(swapped)
    refuse_swapped(read_points(rows()))


def test_too_few_points_stop() -> None:
    points = read_points(rows())
    one_share = [point for point in points if point.domain_share == 0.5]
    with pytest.raises(
        StrataError, match=r"at least 3 different domain shares, got 1 \(0\.5\) after leaving 0 points out"
    ):
        check_enough(one_share)
    with pytest.raises(StrataError, match="at least 8 points from 4 runs, got 5 from 5"):
        check_enough([point for point in points if point.num_tokens == 500_000_000][:5])


def test_goal_questions_without_an_answer() -> None:
    points = read_points(rows())
    with pytest.raises(StrataError, match=r"base model with 400000000 parameters is not among the points\. Add a row"):
        analyse(points, make_goal(points, "general_within"), Demands(num_bootstrap=20))
    with pytest.raises(StrataError, match="needs the number of distinct domain tokens, got none"):
        analyse(points, make_goal(points, "limited_domain"), Demands(num_starts=2, num_bootstrap=20))
    one_size = [point for point in points if point.num_parameters == 100_000_000]
    with pytest.raises(StrataError, match="asks for 400000000 parameters, but all points have 100000000"):
        analyse(
            one_size,
            make_goal(one_size, "general_within", num_parameters=400_000_000, base_loss=2.4),
            Demands(num_bootstrap=20),
        )


def test_a_domain_loss_that_rises_with_the_share_is_not_trusted() -> None:
    points = [replace(p, domain_loss=2.0 + 0.1 * p.domain_share) for p in read_points(rows(base_loss=2.4))]
    analysis = analyse(points, make_goal(points, "general_within"), Demands(num_starts=8, num_bootstrap=20))
    assert "the measured domain loss rises with the domain share" in analysis.reasons
    flat = [replace(p, general_loss=2.4 - 0.1 * p.domain_share) for p in read_points(rows(base_loss=2.4))]
    analysis = analyse(flat, make_goal(flat, "general_within"), Demands(num_starts=8, num_bootstrap=20))
    assert "the measured general loss falls as the domain share rises" in analysis.reasons


def test_command_line_fits_a_csv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "points.csv"
    base = float(GENERAL.loss(400_000_000, 2_000_000_000, 0.45)) / 1.03
    write_points(path, read_points(rows(base_loss=base)))
    assert main(["fit", str(path), "--json", "--tolerance", "0.03", "--num-bootstrap", "20"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["trusted"] is True
    assert record["domain_share"] == pytest.approx(0.55, abs=0.01)
    analysis = fit_points(path, num_starts=8, num_bootstrap=20, seed=1)
    assert analysis.domain_share == pytest.approx(record["domain_share"], abs=0.003)
    text = "\n".join(describe(analysis))
    assert "law's choice: domain share 0.5" in text
    assert "decided by general loss limit" in text
    assert "excluded: base at D = 0: base model (D = 0), outside the law" in text


def test_command_line_says_when_the_law_is_not_trusted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "points.csv"
    write_points(path, read_points(rows()))
    assert main(["fit", str(path), "--num-bootstrap", "20", "--base-loss", "1.0"]) == 1
    text = capsys.readouterr().out
    assert "NOT TRUSTED: no tried share reaches the goal" in text
    assert text.rstrip().endswith("domain share 0.300 (the default)")
    with pytest.raises(StrataError, match="law: not good enough"):
        main(["fit", str(path), "--num-bootstrap", "20", "--base-loss", "1.0", "--on-weak-fit", "stop"])


def test_remarks_name_repetition_and_bases_out_of_order() -> None:
    other = {**rows(base_loss=2.4)[-1], "run": "other", "num_parameters": 100_000_000, "general_loss": 2.3}
    epochs = [
        row | {"domain_epochs": 2 * row["domain_share"]} if row["num_tokens"] else row for row in rows(base_loss=2.4)
    ]
    points = read_points([*epochs, other])

    def remarks(domain_tokens: int) -> str:
        goal = make_goal(points, "general_within", domain_tokens=domain_tokens)
        return "; ".join(analyse(points, goal, Demands(num_starts=4, num_bootstrap=20)).remarks)

    assert "the base with 400000000 parameters has no lower general loss than the next smaller one" in remarks(10**10)
    assert "the target reads the domain text 0.18 times" in remarks(10**10)
    assert "the target reads the domain text 3.6 times; at that share the proxies read theirs 1.8 to 1.8 times" in (
        remarks(5 * 10**8)
    )


def test_the_law_is_checked_against_the_measured_points() -> None:
    base = float(GENERAL.loss(100_000_000, 2_000_000_000, 0.45)) / 1.03
    small = {**rows(base_loss=base)[-1], "run": "small", "num_parameters": 100_000_000}
    points = read_points([*rows(base_loss=base), small])
    demands = Demands(num_starts=8, num_bootstrap=20)
    analysis = analyse(points, make_goal(points, "general_within"), demands)
    check = analysis.cross_check
    assert check is not None
    assert (check.num_parameters, check.num_tokens) == (100_000_000, 2_000_000_000)
    assert check.measured_share == pytest.approx(0.55, abs=0.02)
    assert check.law_share == pytest.approx(0.55, abs=0.02)
    assert any("straight lines between the measured points" in remark for remark in analysis.remarks)
    assert not any("forgetting" in remark for remark in analysis.remarks)
    forgetful = [
        replace(p, general_loss=p.general_loss * 1.05) if p.num_tokens == 2_000_000_000 and p.domain_share > 0.2 else p
        for p in points
    ]
    goal = make_goal(forgetful, "general_within")
    follows = analyse(forgetful, goal, demands)
    assert follows.general.form == "D-CPT with forgetting"
    assert any(remark.endswith("(forgetting), which the law follows") for remark in follows.remarks)
    analysis = analyse(forgetful, goal, replace(demands, paper_only=True))
    assert analysis.cross_check is not None
    assert analysis.cross_check.disagrees
    assert analysis.cross_check.describe() in analysis.reasons
    assert any("the general loss rises with D at the domain shares 0.3, 0.5, 0.7, 0.9" in r for r in analysis.remarks)


def test_a_base_far_above_its_trained_losses_is_no_divergence_and_repeated_bases_are_one(tmp_path: Path) -> None:
    """A base that has learned nothing of the domain, given once for every run, in a file as Excel writes it."""
    file = tmp_path / "points.csv"
    given = [row for row in rows(base_loss=2.4) if row["num_tokens"]]
    bases = [{**row, "num_tokens": 0, "domain_loss": 9.0, "general_loss": 2.3 - row["num_parameters"] / 1e10}
             for row in given]  # fmt: skip
    write_points(file, read_points([*bases, *given]))
    file.write_text("\ufeff" + file.read_text("utf-8"), "utf-8")
    points = mark_unusable(read_points(file))
    assert sum(not point.excluded for point in points) == len(given)
    assert {point.run for point in points} == {point.run for point in read_points([*bases, *given])}
    analysis = analyse(points, make_goal(points, "general_within"), Demands(num_starts=4, num_bootstrap=20))
    assert not any("no lower general loss" in remark for remark in analysis.remarks)


def test_what_is_no_csv_is_told(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    file.write_text(f"run,num_parameters\n{'x' * 200_000},1\n")
    before = csv.field_size_limit(100_000)
    try:
        with pytest.raises(StrataError, match=r"points\.csv: is no CSV \(field larger than field limit"):
            read_points(file)
    finally:
        csv.field_size_limit(before)  # it holds for the whole process
