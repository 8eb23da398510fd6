"""Batches of about one size."""

from __future__ import annotations

from data_tools.batching import batched_by_size


def test_batches_end_where_the_sizes_add_up_and_keep_the_order() -> None:
    batches = list(batched_by_size(["aaaa", "b", "", "cc", "ddddddddd", "e"], len, 6))
    assert batches == [["aaaa", "b"], ["", "cc", "ddddddddd"], ["e"]]
    assert list(batched_by_size([], len, 6)) == []


def test_a_batch_of_empty_items_ends() -> None:
    assert [len(batch) for batch in batched_by_size([""] * 25, len, 10)] == [10, 10, 5]
