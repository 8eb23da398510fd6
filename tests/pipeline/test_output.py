"""Shards that are remembered where they ran."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pipeline.errors import StepError
from pipeline.identity import Json
from pipeline.output import Call, InlineFanout, Output
from pipeline.stage import Resources


def double(number: int) -> int:
    return 2 * number


class LostDriver:
    """Runs every call, as workers do, and dies before it has heard of a result."""

    name = "lost"

    def map(self, calls: Sequence[Call], done: Callable[[str, Json], None], resources: Resources) -> None:
        for call in calls:
            call.run()
        raise KeyboardInterrupt


def test_a_shard_that_is_whole_is_not_done_again_though_nobody_heard_of_it(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        Output(tmp_path, Resources(), LostDriver()).map(double, {"a": {"number": 1}})
    output = Output(tmp_path, Resources(), InlineFanout())
    # another argument would give another result, were the shard done again
    assert output.map(double, {"a": {"number": 5}, "b": {"number": 2}}) == {"a": 2, "b": 4}


def test_two_maps_of_one_name_are_refused(tmp_path: Path) -> None:
    output = Output(tmp_path, Resources(), InlineFanout(), "s")
    output.map(double, {"a": {"number": 1}})
    with pytest.raises(StepError, match=r"step s: map is called twice with the name 'shards'\. Give each call its own"):
        output.map(double, {"a": {"number": 2}})


def test_a_shard_name_that_is_no_file_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StepError, match=r"step s: a shard's name must be a plain file name, got '\.\./a'"):
        Output(tmp_path, Resources(), InlineFanout(), "s").map(double, {"../a": {"number": 1}})
