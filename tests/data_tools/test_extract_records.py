"""Reading JSON Lines, JSON, Parquet and CSV: good records stay, bad ones are told one by one."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from data_tools.corpus import Fields
from data_tools.extract.dispatch import read_file
from data_tools.extract.records import Bad, Found, NotSelected, ReadOptions, Record


def read(path: Path, data: bytes | str = b"", fields: Fields | None = None, **limits: int) -> list[Found]:
    if data:
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(read_file(path, ReadOptions(fields=fields or Fields(), **limits)))  # type: ignore[arg-type]


def texts(found: list[Found]) -> list[str]:
    return [one.text for one in found if isinstance(one, Record)]


def rules(found: list[Found]) -> list[tuple[str, str]]:
    return [(one.rule, one.position) for one in found if isinstance(one, Bad)]


LINES = [
    b'{"text": "one"}',
    b'{"text": "two"',
    b'{"text": "three"}',
    b"",
    b'{"other": "four", "title": "x"}',
    b'{"text": ""}',
    b'{"text": "six\xff"}',
    b'{"text": "half a pair \\ud800"}',
    b'["a", "list"]',
    b'{"text": null}',
    b'{"text": "nine"}',
]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_each_bad_line_is_told_and_the_good_ones_stay(tmp_path: Path, suffix: str) -> None:
    data = b"\xef\xbb\xbf" + b"\r\n".join(LINES)
    packed = {"": data, ".gz": gzip.compress(data), ".zst": zstandard.compress(data)}[suffix]
    found = read(tmp_path / f"a.jsonl{suffix}", packed)
    assert texts(found) == ["one", "three", "nine"]
    assert rules(found) == [
        ("invalid_json", "2"),
        ("missing_text_field", "5"),
        ("empty", "6"),
        ("invalid_utf8", "7"),
        ("invalid_unicode", "8"),
        ("invalid_record", "9"),
        ("missing_text_field", "10"),
    ]
    by_rule = {one.rule: one for one in found if isinstance(one, Bad)}
    assert by_rule["invalid_json"].detail.startswith("line 2: is not JSON: Expecting")
    assert by_rule["invalid_json"].head == '{"text": "two"'
    assert by_rule["empty"].detail == "holds no text"
    assert by_rule["invalid_utf8"].detail == "line 7: is not UTF-8 at byte 13"
    assert by_rule["invalid_unicode"].detail == "holds half a surrogate pair at character 12"
    assert by_rule["invalid_record"].detail == "must be an object with fields, got list"
    first = next(one for one in found if isinstance(one, Bad) and one.position == "5")
    assert first.detail == "field 'text' must hold text, got nothing; it has other, title"


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_truncated_file_keeps_every_whole_line_before_the_break(tmp_path: Path, suffix: str) -> None:
    data = b"".join(json.dumps({"text": f"record {n} " + str(n * 7919 % 10007)}).encode() + b"\n" for n in range(500))
    packed = gzip.compress(data) if suffix == ".gz" else zstandard.compress(data) + zstandard.compress(data)
    cut = packed[: int(len(packed) * 0.8)]
    found = read(tmp_path / f"a.jsonl{suffix}", cut)
    problem = found[-1]
    assert isinstance(problem, Bad)
    assert problem.rule == "truncated"
    name = {".gz": "gzip", ".zst": "zstd"}[suffix]
    assert problem.detail.startswith(f"its {name} data cannot be read to the end: Truncated compressed stream")
    kept = texts(found)
    assert len(kept) > 300
    assert kept[:2] == ["record 0 0", "record 1 7919"]


def test_a_line_of_fifty_megabytes_is_passed_over_in_bounded_memory(tmp_path: Path) -> None:
    good = b'{"text": "short"}\n'
    packed = gzip.compress(good + b'{"text": "' + b"a" * 50_000_000 + b'"}\n' + good, compresslevel=1)
    found = read(tmp_path / "a.jsonl.gz", packed, max_document_bytes=1_000_000)
    assert texts(found) == ["short", "short"]
    assert found[1] == Bad("too_large", "the line is larger than 1,000,000 bytes", "2")


def test_a_long_record_is_cut_into_parts(tmp_path: Path) -> None:
    text = "A paragraph about rocks and stones.\n\n" * 400
    fields = Fields(id="key", keep=("n",))
    found = read(
        tmp_path / "a.jsonl",
        json.dumps({"text": text, "key": "k1", "n": 3}),
        fields,
        max_document_characters=5000,
        split_characters=2000,
    )
    assert [one.position for one in found[:2] if isinstance(one, Record)] == ["1#1", "1#2"]
    assert isinstance(found[0], Record)
    assert found[0].meta == {"n": 3, "id": "k1", "part": 1, "parts": len(found)}


def test_fields_dates_ids_and_selection(tmp_path: Path) -> None:
    fields = Fields(
        text=("title", "body"),
        id="id",
        date="meta.created",
        keep=("meta.license", "meta.score", "meta.none"),
        where={"meta.fields": ("Geology",)},
    )
    rows = [
        {"title": "T", "body": "B", "id": 7, "meta": {"created": "2020-03-01T10:00:00", "license": "CCBY",
         "fields": ["Geology", "Physics"], "score": float("nan")}},
        {"title": "T2", "body": None, "meta": {"fields": ["Geology"], "created": "unknown"}},
        {"title": None, "body": "B3", "meta": {"fields": ["Geology"]}},
        {"title": "T4", "meta": {"fields": ["Art"]}},
        {"title": "T5"},
    ]  # fmt: skip
    found = read(tmp_path / "a.jsonl", "\n".join(json.dumps(row) for row in rows), fields)
    records = [one for one in found if isinstance(one, Record)]
    assert [one.text for one in records] == ["T\n\nB", "T2", "B3"]
    assert (records[0].date, records[0].meta) == ("2020-03-01", {"meta.license": "CCBY", "id": "7"})
    assert records[1].date == ""
    assert sum(isinstance(one, NotSelected) for one in found) == 2


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ('{"text": "one"}\n{"text": "two"}\n', ["one", "two"]),
        ('[{"text": "one"},\n {"text": "two"}]', ["one", "two"]),
        ('{\n "text": "one"\n}', ["one"]),
        ('{"text": "' + "long " * 20_000 + '"}\n{"text": "two"}', ["long " * 20_000, "two"]),
    ],
)
def test_a_json_file_is_lines_an_array_or_one_record(tmp_path: Path, data: str, expected: list[str]) -> None:
    assert [text.strip() for text in texts(read(tmp_path / "a.json", data, max_document_characters=10**6))] == [
        text.strip() for text in expected
    ]


def test_a_broken_json_file_is_told(tmp_path: Path) -> None:
    assert rules(read(tmp_path / "a.json", '[{"text": "one"},')) == [("invalid_json", "")]
    assert rules(read(tmp_path / "b.json", "[" * 100_000)) == [("invalid_json", "")]
    assert rules(read(tmp_path / "c.jsonl", '{"text": ' + "[" * 100_000)) == [("invalid_json", "1")]
    assert read(tmp_path / "d.jsonl", b"\x00\x01\x02PK") == [Bad("binary", "holds binary data, not text")]


def write_parquet(path: Path, columns: dict[str, Any]) -> None:
    pq.write_table(pa.table(columns), path, row_group_size=100)


def test_parquet_rows_are_read_with_nested_fields(tmp_path: Path) -> None:
    write_parquet(
        tmp_path / "a.parquet",
        {
            "text": ["one", None, "three", "  "],
            "id": ["a", "b", "c", "d"],
            "metadata": [{"license": "CC0", "year": 2001}] * 4,
            "unused": [b"\xff"] * 4,
        },
    )
    fields = Fields(id="id", date="metadata.year", keep=("metadata.license",))
    found = read(tmp_path / "a.parquet", fields=fields)
    assert texts(found) == ["one", "three"]
    assert rules(found) == [("missing_text_field", "2"), ("empty", "4")]
    assert isinstance(found[0], Record)
    assert (found[0].position, found[0].date, found[0].meta) == ("1", "2001", {"metadata.license": "CC0", "id": "a"})


def test_parquet_without_the_text_column_or_not_parquet_is_told(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", {"content": ["x"], "n": [1]})
    (problem,) = read(tmp_path / "a.parquet")
    assert isinstance(problem, Bad)
    assert (problem.rule, problem.detail) == ("missing_text_field", "has no column 'text'; it has content, n")
    (problem,) = read(tmp_path / "b.parquet", b"PAR1 but not really")
    assert isinstance(problem, Bad)
    assert problem.rule == "broken_parquet"
    assert problem.detail.startswith("cannot be read as Parquet: Parquet magic bytes not found in footer")


def test_parquet_with_damage_inside_keeps_the_rows_before_it(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = [f"row {n} " + "abc" * (n % 50) for n in range(2000)]
    pq.write_table(pa.table({"text": rows}), path, row_group_size=500, compression="zstd")
    data = bytearray(path.read_bytes())
    start = pq.ParquetFile(path).metadata.row_group(2).column(0).dictionary_page_offset
    data[start + 20 : start + 60] = b"\xff" * 40
    found = read(path, bytes(data))
    assert len(texts(found)) >= 768
    problem = found[-1]
    assert isinstance(problem, Bad)
    assert problem.rule == "broken_parquet"
    assert problem.detail.startswith(f"cannot be read as Parquet after row {len(texts(found)):,}: ")


def test_csv_and_tsv_rows(tmp_path: Path) -> None:
    fields = Fields(text=("dialogue",), keep=("section",))
    data = 'section,dialogue\nHPI,"Doctor: Hi.\r\nPatient: Hello, doctor."\nROS,"Fine"\nEXAM,\n'
    found = read(tmp_path / "a.csv", data, fields)
    assert texts(found) == ["Doctor: Hi.\nPatient: Hello, doctor.", "Fine"]
    assert rules(found) == [("empty", "3")]
    assert texts(read(tmp_path / "a.tsv", "section\tdialogue\nHPI\tHi there, you\n", fields)) == ["Hi there, you"]
    assert rules(read(tmp_path / "b.csv", "a,b\n1,2\n", fields)) == [("missing_text_field", "")]
    assert texts(read(tmp_path / "c.csv", data, fields, max_document_bytes=60))[1:] == ["Fine"]


@pytest.mark.parametrize(
    ("data", "kept", "problem"),
    [
        ('"open quote\nnever closed\n', [],
         Bad("invalid_csv", "line 3: is not CSV: unexpected end of data; the rest is left out")),
        ('"said "so", and\nmore"\nlater\n', [],
         Bad("invalid_csv", "line 3: is not CSV: ',' expected after '\"'; the rest is left out")),
        ('"said" so\n\nlater\n', ["later"],
         Bad("invalid_csv", "line 3: is not CSV: ',' expected after '\"'", "2", '"said" so\n')),
        ("x" * 101 + "\nlater\n", ["later"],
         Bad("invalid_csv", "line 3: is not CSV: field larger than field limit (100)", "2", "x" * 101 + "\n")),
        ('"' + "x" * 60 + "\n" + "y" * 60 + '"\nlater\n', [],
         Bad("invalid_csv", "line 3: is not CSV: field larger than field limit (100); the rest is left out")),
    ],
)  # fmt: skip
def test_a_row_that_is_not_csv_costs_itself_or_says_that_the_rest_goes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: str, kept: list[str], problem: Bad
) -> None:
    monkeypatch.setattr("data_tools.extract.csv_rows.FIELD_CHARACTERS", 100)
    before = csv.field_size_limit()
    found = read(tmp_path / "a.csv", "text\nfirst\n" + data)
    csv.field_size_limit(before)  # it holds for the whole process
    assert texts(found) == ["first", *kept]
    assert [one for one in found if isinstance(one, Bad)] == [problem]


def test_a_table_whose_header_is_not_csv_or_that_breaks_off_is_told(tmp_path: Path) -> None:
    header = "line 1: the header is not CSV: ',' expected after '\"'; the rest is left out"
    assert read(tmp_path / "a.csv", '"text" x\nfirst\n') == [Bad("invalid_csv", header)]
    large = "line 3 is larger than 20 bytes; the rest is left out"
    found = read(tmp_path / "b.csv", "text\nfirst\n" + "x" * 30 + "\nlater\n", max_document_bytes=20)
    assert (texts(found), found[-1]) == (["first"], Bad("too_large", large))
    damaged = "line 3: is not UTF-8 at byte 1; the rest is left out"
    found = read(tmp_path / "c.csv", b"text\nfirst\nx\xff\nlater\nmore\n", max_document_bytes=20)
    assert (texts(found), found[-1]) == (["first"], Bad("invalid_utf8", damaged))
