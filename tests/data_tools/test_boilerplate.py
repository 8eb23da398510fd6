"""Boilerplate across documents: what counts as one paragraph, which copy stays, and that shards do not matter."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from data_tools.arrays import save_array
from data_tools.boilerplate import (
    Stripped,
    Table,
    count,
    find,
    id_number,
    keys,
    merge,
    merge_range,
    needed_documents,
    read_counts,
    strip,
)
from data_tools.errors import DataError
from tests.stages.curation_inputs import prose

if TYPE_CHECKING:
    from data_tools.boilerplate import Paragraphs

HARBOR = "These statements involve risks and uncertainties that may cause actual results to differ from what is said."
NOTICE = "Copying of this text is allowed by the licence, which is printed at the end of the report."


def corpus(num: int = 40) -> list[tuple[str, str]]:
    """Documents with ids in no order; every second holds HARBOR, every fifth NOTICE, the first twelve both twice."""
    documents = []
    for number in range(num):
        paragraphs = [prose(number, 4), prose(1000 + number, 4)]
        if number % 2 == 0:
            paragraphs.insert(1, HARBOR)
        if number % 5 == 0:
            paragraphs.append(NOTICE)
        if number < 12:
            paragraphs += [HARBOR, NOTICE]
        documents.append((f"{(number * 0x9E3779B97F4A7C15) % 2**64:016x}", "\n\n".join(paragraphs)))
    return documents


def found(documents: list[tuple[str, str]]) -> Iterator[tuple[str, Paragraphs]]:
    return ((id, find(text)) for id, text in documents)


def table_of(documents: list[tuple[str, str]], folder: Path, num_shards: int, needed: int = 5, **more: int) -> Table:
    paths = [folder / f"{shard}.npy" for shard in range(num_shards)]
    for shard, path in enumerate(paths):
        save_array(path, count(found(documents[shard::num_shards])))
    return Table.of(merge(paths, needed, **more))


def key_of(line: str) -> int | None:
    rows = list(keys(line))
    return rows[0][1] if rows else None


@pytest.mark.parametrize("num_shards", [1, 3, 40])
@pytest.mark.parametrize("memory_bytes", [2**30, 2000])
def test_one_copy_stays_whatever_the_shards(tmp_path: Path, num_shards: int, memory_bytes: int) -> None:
    documents = corpus()
    random.Random(num_shards).shuffle(documents)
    table = table_of(documents, tmp_path, num_shards, memory_bytes=memory_bytes)
    assert len(table.hashes) == 2
    stripped = {id: strip(text, id, table) for id, text in documents}
    for paragraph in (HARBOR, NOTICE):
        holders = [id for id, text in documents if paragraph in text]
        assert [id for id in stripped if paragraph in stripped[id].text] == [min(holders)]
        assert stripped[min(holders)].text.count(paragraph) == 1
    for id, text in documents:
        own = [part for part in text.split("\n\n") if part not in (HARBOR, NOTICE)]
        assert [part for part in stripped[id].text.split("\n\n") if part not in (HARBOR, NOTICE)] == own
        assert "\n\n\n" not in stripped[id].text


def test_counts_are_of_documents_not_of_copies(tmp_path: Path) -> None:
    documents = corpus()
    save_array(tmp_path / "a.npy", count(found(documents)))
    rows = {int(row["hash"]): int(row["documents"]) for row in read_counts(tmp_path / "a.npy")}
    for paragraph in (HARBOR, NOTICE):
        assert rows[key_of(paragraph) or 0] == sum(paragraph in text for _, text in documents)


def test_too_few_documents_make_no_boilerplate(tmp_path: Path) -> None:
    holders = sum(NOTICE in text for _, text in corpus())
    assert len(table_of(corpus(), tmp_path, 3, needed=holders).hashes) == 2
    assert len(table_of(corpus(), tmp_path, 3, needed=holders + 1).hashes) == 1


def test_ranges_together_are_the_whole(tmp_path: Path) -> None:
    paths = [tmp_path / "a.npy", tmp_path / "b.npy"]
    save_array(paths[0], count(found(corpus()[:20])))
    save_array(paths[1], count(found(corpus()[20:])))
    parts = [merge_range(paths, 1, number, 7) for number in range(7)]
    whole = merge(paths, 1)
    assert np.array_equal(np.concatenate(parts), whole)
    assert min(map(len, parts)) > 0
    assert (np.diff(whole["hash"].astype(object)) > 0).all()


def test_the_limit_is_a_number_and_a_share() -> None:
    assert needed_documents(1000) == 5
    assert needed_documents(20_000_000) == 20
    assert needed_documents(100, min_documents=3, min_share=0.1) == 10


YEAR = "In the fiscal year that ended on {}, the company did not change the way in which it states risks (page {})."
SALES = (
    "Net sales were {} million dollars in the year, which is four percent more than they were in the year before that."
)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("- These  statements INVOLVE risks of very many kinds.", "These statements involve risks of very many kinds."),
        (YEAR.format("December 31, 2022", 12), YEAR.format("December 30, 2023", 9)),
        (YEAR.format("12/31/2022", 12), YEAR.format("12/30/2023", 12)),
    ],
)  # fmt: skip
def test_case_spaces_dates_and_pages_make_no_difference(left: str, right: str) -> None:
    assert key_of(left) == key_of(right) is not None


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("We have been the auditor of the company since 2013.", "We have been the auditor of the company since 2014."),
        (SALES.format("812"), SALES.format("813")),
        (SALES.format("1,812"), SALES.format("2,012")),
        ("The rock holds 13.2 percent of quartz in the north.", "The rock holds 13.3 percent of quartz in the north."),
    ],
)
def test_figures_make_a_difference(left: str, right: str) -> None:
    assert None not in (key_of(left), key_of(right))
    assert key_of(left) != key_of(right)


@pytest.mark.parametrize(
    "line",
    [
        "Only seven words are in this one.",
        "Management's Discussion and Analysis of Financial Condition and Results of Operations",
        "# What is known of the rocks in the north of the land and of their age",
        "| the rock | of the north | is hard | and old | as well as deep |",
        "the rock\tof the\tnorth is\thard and\told as well",
        "12 13.5 14 15 per ton 17 18 19 20 21 of it",
        "--- --- --- --- --- --- --- --- ---",
    ],
)
def test_headings_table_rows_and_short_lines_do_not_count(line: str) -> None:
    assert key_of(line) is None


def test_turns_of_a_dialogue_do_not_count() -> None:
    turns = ["Doctor: What do you do for a living, if I may ask?", "Patient: I am a miner, and I was one for long."]
    assert list(keys("\n".join(turns * 3))) == []
    assert key_of(turns[0].partition(": ")[2]) is not None


def test_a_document_of_boilerplate_is_reported(tmp_path: Path) -> None:
    documents = corpus()
    table = table_of(documents, tmp_path, 2)
    last = "f" * 16
    (paragraph,) = keys(HARBOR)
    assert strip(f"Rocks\n\n{HARBOR}", last, table) == Stripped(
        "Rocks", ((paragraph[1], HARBOR),), len(HARBOR) / (len(HARBOR) + 5), True
    )
    assert paragraph[1] in table.most_shared
    assert strip(f"{prose(5, 2)}\n\n{HARBOR}", last, table).only_boilerplate is False
    assert strip(f"{prose(5, 2)}\n\n{HARBOR}", last, table, max_lost_share=0.1).only_boilerplate is True
    assert strip("Rocks are old.", last, table) == Stripped("Rocks are old.")
    assert strip(HARBOR, documents[0][0], Table.of(count([]))) == Stripped(HARBOR)


def test_ids_give_the_same_order_everywhere() -> None:
    assert id_number("00000000000000ff") == 255
    assert id_number("PMC123") == id_number("PMC123") != id_number("PMC124")


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_text("no counts")
    with pytest.raises(DataError, match=r"a\.npy: is no file of paragraph counts: .*\. Count this shard again"):
        read_counts(path)
    np.save(path, np.zeros(3))
    with pytest.raises(DataError, match=r"a\.npy: holds float64, not paragraph counts\. Count this shard again"):
        read_counts(path)


def test_nothing_is_left_of_a_write_that_fails(tmp_path: Path) -> None:
    (tmp_path / "a.npy").mkdir()
    with pytest.raises(OSError):
        save_array(tmp_path / "a.npy", count(found(corpus(2))))
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]
