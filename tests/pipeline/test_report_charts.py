"""The parts of the report's pictures: numbers, scales, labels, the layout of a graph."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from pipeline.formatting import byte_size, column_decimals, count, duration, number, percent, tick_labels
from pipeline.report import StepRecord
from pipeline.report.bars import read_bars
from pipeline.report.curves import MOST_POINTS, read_curves
from pipeline.report.documents import flows_of, ranked_rules
from pipeline.report.graph import edges_of
from pipeline.report.layout import Sizes, arrange
from pipeline.report.markup import Markup, escape, shorten, tag, text_width
from pipeline.report.scales import Scale, extent, spread, widen
from pipeline.report.timeline import spans_of


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "–"), (True, "yes"), (0, "0"), (0.0, "0"), (-12_345, "−12,345"), (0.25, "0.25"), (2.41234, "2.412"),
     (1234.56, "1,235"), (0.00012346, "0.0001235"), (1e-9, "1.00e−9"), (1e20, "1.00e20"), (math.inf, "∞"),
     (math.nan, "not a number"), ("text", "text")],
)  # fmt: skip
def test_numbers_in_four_digits(value: object, said: str) -> None:
    assert number(value) == said


@pytest.mark.parametrize(
    ("values", "decimals"),
    [([0.5, 0.25], 2), ([2.4123, 1.8], 3), ([0.05, 0.1], 2), ([1, 2], None), ([None, 0.123456], 4), ([], None),
     ([3.1e6, 1.873], None), ([0.9, 0.000371234], None), ([45.25, 3.5], 2)],
)  # fmt: skip
def test_a_column_shares_decimals_unless_that_hides_a_small_number(values: list[object], decimals: int | None) -> None:
    assert column_decimals(values) == decimals


@pytest.mark.parametrize(
    ("values", "step", "said"),
    [([0, 5000, 10_000], 5000, ["0", "5,000", "10k"]), ([0, 5e5, 1e6, 1.5e6], 5e5, ["0", "500k", "1.0M", "1.5M"]),
     ([0, 1e-4, 2e-4], 1e-4, ["0", "1e−4", "2e−4"]), ([-0.5, 0, 0.5], 0.5, ["−0.5", "0.0", "0.5"]),
     ([0.1, 1, 10, 1000], 0, ["0.1", "1", "10", "1,000"])],
)  # fmt: skip
def test_an_axis_is_labelled_in_one_form(values: list[float], step: float, said: list[str]) -> None:
    assert tick_labels(values, step) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (9.4, "9.4 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (125, "2 min 05 s"),
     (3599.7, "1 h 00 min"), (3840, "1 h 04 min"), (86_399, "1 d 00 h"), (183_600, "2 d 03 h")],
)  # fmt: skip
def test_durations_carry_over(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_sizes_and_shares_never_round_something_to_nothing() -> None:
    assert [byte_size(n) for n in (812, 3_400_000, 2e9)] == ["812 B", "3.4 MB", "2.0 GB"]
    numbers = (0, 0.2, 641.0, 999.5, 1600, 999_999, 1.5e7)
    assert [count(n) for n in numbers] == ["0", "1", "641", "1 k", "1.6 k", "1 M", "15 M"]
    assert percent(1, 100_000) == "< 0.1 %"
    assert percent(99_999, 100_000) == "> 99.9 %"
    assert percent(0, 0) == "–"
    assert percent(1, 8) == "12.5 %"


def test_markup_escapes_all_but_markup() -> None:
    assert tag("p", "<b>", Markup("<i></i>"), title='"&') == '<p title="&quot;&amp;">&lt;b&gt;<i></i></p>'
    assert tag("br") == "<br>"
    assert tag("p", hidden=True, id=None) == "<p hidden></p>"
    assert escape("a\rb") == "a�b"


def test_shortened_text_fits_and_keeps_both_ends() -> None:
    name = "evaluate_on_the_held_out_test_questions"
    short = shorten(name, 12, 120)
    assert text_width(short, 12) <= 120
    assert (short[:5], short[-5:]) == (name[:5], name[-5:])
    assert shorten("short", 12, 120) == "short"
    assert shorten(name, 12, 3) == "…"


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-3.2, 7.7), (1e-5, 3e-4), (1e6, 9.8e9), (2.1, 2.1000001)])
def test_linear_ticks_are_few_round_and_inside(bounds: tuple[float, float]) -> None:
    low, high = bounds
    ticks = Scale(low, high, 0, 100).ticks(6)
    assert 1 <= len(ticks) <= 7
    assert all(low - 1e-9 * abs(low) <= value <= high + 1e-9 * abs(high) for value, _ in ticks)
    assert len({label for _, label in ticks}) == len(ticks) or high - low < 1e-5
    wide_low, wide_high = widen(low, high, 6)
    assert wide_low <= low + 1e-12
    assert wide_high >= high - 1e-12


@pytest.mark.parametrize("bounds", [(1.0, 1000.0), (3.0, 40.0), (1e-6, 1e9), (50.0, 80.0)])
def test_logarithmic_ticks_are_few_and_inside(bounds: tuple[float, float]) -> None:
    low, high = bounds
    ticks = Scale(low, high, 0, 100, log=True).ticks(6)
    assert 1 <= len(ticks) <= 7
    assert all(low * 0.999 <= value <= high * 1.001 for value, _ in ticks)


def test_scales_map_ends_to_ends() -> None:
    assert Scale(2, 4, 10, 30)(3) == 20
    assert Scale(1, 100, 0, 10, log=True)(10) == pytest.approx(5)
    assert extent([3.0, 3.0]) == (2.7, pytest.approx(3.3))
    assert extent([]) == (0.0, 1.0)


def test_labels_are_spread_in_order_without_leaving_the_plot() -> None:
    chance = random.Random(5)
    for _ in range(200):
        wanted = [chance.uniform(0, 200) for _ in range(chance.randint(1, 8))]
        placed = spread(wanted, 15, 0, 200)
        ordered = sorted(placed)
        assert all(b - a >= 15 - 1e-9 for a, b in itertools.pairwise(ordered))
        assert ordered[0] >= -1e-9
        assert ordered[-1] <= 200 + 1e-9
        by_wish = sorted(range(len(wanted)), key=lambda i: wanted[i])
        assert [placed[i] for i in by_wish] == ordered
    assert spread([10, 100], 15, 0, 200) == [10, 100]


def test_long_series_keep_their_spikes() -> None:
    ys = [1.0] * 5000
    ys[1234], ys[4001] = 9.0, -3.0
    curves = read_curves({"x_label": "x", "y_label": "y", "series": [{"name": "a", "x": list(range(5000)), "y": ys}]})
    (series,) = curves.series
    assert len(series.points) <= MOST_POINTS + 2
    assert {9.0, -3.0} <= {point.y for point in series.points}
    assert (series.points[0].x, series.points[-1].x) == (0, 4999)


def test_a_gap_cuts_the_line_and_a_log_axis_leaves_zero_out() -> None:
    data = {"x_label": "x", "y_label": "y", "x_log": True,
            "series": [{"name": "a", "x": [0, 1, 2, 3, 4], "y": [5, 5, None, 5, 5]}]}  # fmt: skip
    (series,) = read_curves(data).series
    assert [[point.x for point in piece] for piece in series.pieces] == [[1], [3, 4]]
    with pytest.raises(ValueError, match="no series has a finite value above x = 0"):
        read_curves({**data, "series": [{"name": "a", "x": [0], "y": [1]}]})


def test_series_of_one_name_share_a_colour_and_a_legend_entry() -> None:
    series = [{"name": n, "x": [1, 2], "y": [1, 2], "style": s} for n in "ab" for s in ("line", "points")]
    curves = read_curves({"x_label": "x", "y_label": "y", "series": series})
    assert [(entry.name, entry.colour, entry.style) for entry in curves.entries()] == [
        ("a", 0, "both"),
        ("b", 1, "both"),
    ]


def test_bars_of_one_name_have_one_colour_in_all_groups() -> None:
    entries = [{"name": n, "value": 1, "group": g} for g in ("x", "y") for n in ("base", "merged")]
    bars = read_bars({"y_label": "y", "bars": entries})
    assert [bar.colour for bar in bars.all] == [0, 1, 0, 1]
    assert {bar.colour for bar in read_bars({"y_label": "y", "bars": [{"name": n, "value": 1} for n in "ab"]}).all} == {
        0
    }


def record(name: str, needs: list[str], **changes: object) -> StepRecord:
    values: dict[str, object] = {"name": name, "stage": name, "needs": {"in": needs}, "status": "done", "key": name,
                                 "seconds": 1.0, "metrics": {}, "blocks": [], "warnings": []}  # fmt: skip
    return StepRecord(**{**values, **changes})  # type: ignore[arg-type]


def test_the_graph_flows_downwards_and_nothing_overlaps() -> None:
    chance = random.Random(3)
    sizes = Sizes(150, 40, 26)
    for _ in range(40):
        names = [f"n{i}" for i in range(chance.randint(1, 25))]
        edges = [(a, b) for i, b in enumerate(names) for a in names[:i] if chance.random() < 2.2 / len(names)]
        layout = arrange(names, edges, sizes)
        assert set(layout.nodes) == set(names)
        for source, target in edges:
            assert layout.nodes[source][1] + sizes.node_height <= layout.nodes[target][1]
            heights = [y for _, y in layout.edges[source, target]]
            assert heights == sorted(heights)
            assert layout.edges[source, target][0][0] == layout.nodes[source][0]
            assert layout.edges[source, target][-1][0] == layout.nodes[target][0]
        for (xa, ya), (xb, yb) in itertools.combinations(layout.nodes.values(), 2):
            assert abs(ya - yb) >= sizes.node_height or abs(xa - xb) >= sizes.node_width + sizes.node_gap - 1e-6
        for (source, target), points in layout.edges.items():
            for (x, y), name in itertools.product(points[1:-1], set(names) - {source, target}):
                nx, ny = layout.nodes[name]
                assert abs(y - ny) > sizes.node_height / 2 + 1e-6 or abs(x - nx) >= sizes.node_width / 2 + 1e-6
        assert all(x >= sizes.node_width / 2 - 1e-6 and x <= layout.width for x, _ in layout.nodes.values())


def test_a_source_stands_just_above_the_first_that_needs_it() -> None:
    layout = arrange(
        ["a", "late", "b", "c", "d"], [("a", "b"), ("b", "c"), ("c", "d"), ("late", "d")], Sizes(100, 40, 20)
    )
    assert layout.nodes["late"][1] == layout.nodes["c"][1]


def test_edges_are_taken_once_and_only_between_steps_on_the_page() -> None:
    steps = [record("a", ["gone"]), record("b", ["a", "a"])]
    assert edges_of(steps) == [("a", "b")]


def test_the_timeline_leaves_reused_steps_out_and_runs_a_running_one_until_now() -> None:
    steps = [
        record("old", [], status="reused", started=5.0),
        record("b", [], started=103.0, seconds=4.0),
        record("a", [], started=100.0, seconds=2.5),
        record("now", [], status="running", started=104.0, seconds=None),
        record("later", [], status="pending", seconds=None),
    ]
    spans, on_a_clock = spans_of(steps, 110.0)
    assert on_a_clock
    assert [(step.name, begin, end) for step, begin, end in spans] == [("a", 0, 2.5), ("b", 3, 7), ("now", 4, 10)]
    spans, on_a_clock = spans_of([record("a", []), record("b", [], seconds=3.0)], 0.0)
    assert not on_a_clock
    assert [(step.name, begin, end) for step, begin, end in spans] == [("a", 0, 1), ("b", 0, 3)]


def test_document_flows_ignore_what_is_not_a_count() -> None:
    steps = [
        record("a", [], metrics={"documents_in": 10, "documents_out": 6, "dropped_by_rule": {"x": 1, "y": 3, "z": 0}}),
        record("b", [], metrics={"documents_in": "many", "documents_out": 6}),
        record("c", [], metrics={"documents_in": 6, "documents_out": 2, "dropped_by_rule": {"x": 4}, "bytes_out": 12}),
    ]
    flows = flows_of(steps)
    assert [(flow.step, flow.num_in, flow.num_out, dict(flow.dropped), flow.num_bytes) for flow in flows] == [
        ("a", 10, 6, {"y": 3, "x": 1}, None),
        ("c", 6, 2, {"x": 4}, 12),
    ]
    assert ranked_rules(flows) == ["x", "y"]
