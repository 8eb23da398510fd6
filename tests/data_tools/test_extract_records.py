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
from data_tools.extract.fields import record_of
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


def test_compressed_tables_of_columns_are_read_from_memory(tmp_path: Path) -> None:
    rows = [{"text": "one"}, {"text": "two"}]
    for suffix in (".parquet", ".arrow"):
        data = write_rows(tmp_path / f"a{suffix}", rows).read_bytes()
        assert texts(read(tmp_path / f"b{suffix}.gz", gzip.compress(data))) == ["one", "two"]
        large = read(tmp_path / f"b{suffix}.gz", max_document_bytes=100)
        assert large == [Bad("too_large", "is larger than 100 bytes")]


def test_parquet_without_the_text_column_or_not_parquet_is_told(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", {"content": ["x"], "n": [1]})
    (problem,) = read(tmp_path / "a.parquet")
    assert isinstance(problem, Bad)
    assert (problem.rule, problem.detail) == (
        "missing_text_field",
        "has no column 'text'; it has content, n. Say which holds the text with fields.text, or make one of several "
        "with fields.template",
    )
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


def test_a_table_may_be_parted_by_semicolons_or_tabs(tmp_path: Path) -> None:
    """As spreadsheets write it where a comma is the decimal point."""
    fields = Fields(template="{text} at {depth} m")
    for mark in ";\t,":
        rows = f'text{mark}depth\n"Clay{mark} stiff"{mark}"1,5"\nSand{mark}2\n'
        assert texts(read(tmp_path / "a.csv", rows, fields)) == [f"Clay{mark} stiff at 1,5 m", "Sand at 2 m"]
    (problem,) = read(tmp_path / "b.csv", "Text,n\nClay,1\n")
    assert isinstance(problem, Bad)
    assert problem.detail == "has no column 'text'; it has Text, n. Did you mean 'Text'?"


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


def test_title_language_and_licence_come_from_fields(tmp_path: Path) -> None:
    fields = Fields(title="head", language="lang", license="info.license")
    rows = [
        {"text": "one", "head": " On\n quartz ", "lang": "eng", "info": {"license": "CC BY 4.0"}},
        {"text": "two", "lang": "German", "info": {"license": "https://creativecommons.org/licenses/by-sa/3.0/"}},
        {"text": "three", "info": {"license": "CC-BY-4.0 OR MIT"}},
        {"text": "four", "info": {"license": "All rights reserved."}},
        {"text": "five", "head": None, "info": None},
    ]
    found = read(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)), fields)
    assert [(one.title, one.language, one.license) for one in found if isinstance(one, Record)] == [
        ("On quartz", "en", "CC-BY-4.0"),
        ("", "", "CC-BY-SA-3.0"),
        ("", "", "CC-BY-4.0 OR MIT"),
        ("", "", "LicenseRef-All-rights-reserved"),
        ("", "", ""),
    ]


SAMPLES = Fields(template="{name} is a {kind}[[ from {place}]][[, at {depth} m]]. {{sic}}", id="name")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".arrow"])
def test_rows_become_sentences(tmp_path: Path, suffix: str) -> None:
    rows = [
        {"name": "S1", "kind": "granite", "place": "Cornwall", "depth": "12"},
        {"name": "S2", "kind": "slate", "place": "", "depth": "3.5"},
        {"name": "S3", "kind": "marl", "place": "Kent", "depth": None},
        {"name": "S4", "kind": "", "place": "Kent", "depth": "1"},
    ]
    found = read(write_rows(tmp_path / f"a{suffix}", rows), fields=SAMPLES)
    assert texts(found) == [
        "S1 is a granite from Cornwall, at 12 m. {sic}",
        "S2 is a slate, at 3.5 m. {sic}",
        "S3 is a marl from Kent. {sic}",
    ]
    assert found[3] == Bad("missing_value", "field 'kind', which the template needs, has no value", "4")
    lacking = write_rows(tmp_path / f"b{suffix}", [{"name": "S1", "place": "Kent"}])
    if suffix == ".jsonl":
        assert rules(read(lacking, fields=SAMPLES)) == [("missing_value", "1")]
    else:
        detail = "has no column 'kind'; it has name, place. Mend fields.template"
        assert read(lacking, fields=SAMPLES) == [Bad("missing_text_field", detail)]


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".csv":
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, rows)))
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        table = pa.Table.from_pylist(rows)
        with pa.ipc.new_stream(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=100)
    return path


def test_values_of_other_types_in_a_template() -> None:
    row = {"a": [1, None, " x "], "b": {"c": True, "d": {"e": 1}}, "f": float("nan"), "g": 0}
    fields = Fields(template="{a}; {b.c}; {g}[[; {f}]][[; {b.none}]]")
    found = record_of(row, "1", fields)
    assert isinstance(found, Record)
    assert found.text == "1, x; True; 0"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("no field", r"names no field in braces, got 'no field'"),
        ("{} here", r"\{\} at character 1 names no field, got"),
        ("a { b", r"\{ at character 3 names no field, got"),
        ("{a} }", r"\} at character 5 names no field"),
        (
            "{a:>10}",
            r"\{a:>10\} at character 1 is more than a field's name: formats and expressions are not known here",
        ),
        ("{a!r}", "is more than a field's name"),
        ("{a[0]}", "is more than a field's name"),
        ("{a}[[ from {b}", r"\[\[ at character 4 is not closed by \]\]"),
        ("{a}[[ {b}[[ {c}]] ]]", r"\[\[ at character 10 stands inside another"),
        ("{a} ]]", r"\]\] at character 5 closes nothing"),
        ("{a}[[ always ]]", r"\[\[ at character 4 holds no field: it would always stand"),
    ],
)
def test_a_template_of_the_wrong_form_is_refused(template: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Fields(template=template)


def test_text_and_template_exclude_each_other() -> None:
    with pytest.raises(ValueError, match=r"two ways to make a text: give one, got text \['body'\]"):
        Fields(template="{a}", text=("body",))
    again = Fields.model_validate(SAMPLES.model_dump(mode="json"))
    assert again == SAMPLES
    assert again.columns() == ("name", "kind", "place", "depth")


@pytest.mark.parametrize("file_format", [False, True])
def test_arrow_rows_carry_the_licence_of_their_data_set(tmp_path: Path, file_format: bool) -> None:
    table = pa.table({"text": [f"row {n}" for n in range(600)], "n": range(600), "unused": [b"\xff"] * 600})
    path = tmp_path / "data-00000-of-00001.arrow"
    with (pa.ipc.new_file if file_format else pa.ipc.new_stream)(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=300)
    (tmp_path / "dataset_info.json").write_text('{"features": {}, "license": "cc-by-4.0"}')
    (tmp_path / "state.json").write_text('{"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}')
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train"]}')
    found = read(path, fields=Fields(keep=("n",)))
    assert texts(found) == [f"row {n}" for n in range(600)]
    assert isinstance(found[599], Record)
    assert (found[599].position, found[599].meta, found[599].license) == ("600", {"n": 599}, "CC-BY-4.0")
    for name in ("dataset_info.json", "state.json", "dataset_dict.json"):
        assert read(tmp_path / name) == [Bad("excluded", "describes a data set, and is no document", harmless=True)]
    (tmp_path / "dataset_info.json").write_text('{"license": ')
    assert read(path)[0] == Record("row 0", "1")
    assert texts(read(tmp_path / "state.json", '{"text": "The state of things."}')) == ["The state of things."]


def test_arrow_without_the_text_column_cut_off_or_damaged_is_told(tmp_path: Path) -> None:
    table = pa.table({"text": [f"row {n}" for n in range(600)]})
    path = tmp_path / "a.arrow"
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=300)
    data = path.read_bytes()
    assert read(path, fields=Fields(text=("body",))) == [
        Bad(
            "missing_text_field",
            "has no column 'body'; it has text. Say which holds the text with fields.text, or make one of several "
            "with fields.template",
        )
    ]
    found = read(path, data[: len(data) * 2 // 3])
    assert len(texts(found)) == 300
    problem = found[-1]
    assert isinstance(problem, Bad)
    assert problem.rule == "broken_arrow"
    assert problem.detail.startswith("cannot be read as Arrow after row 300: ")
    place = data.index(b"row 0row 1")  # before them lie the offsets of the rows' ends
    damaged = data[: place - 200] + b"\xff" * 8 + data[place - 192 :]
    assert rules(read(path, damaged)) == [("broken_arrow", "")]


def samples(first: int, last: int) -> str:
    sections = ("CORE", "OUTCROP", "WELL")
    return "".join(
        f'{n},{sections[n % 3]},"Sample {n} is grey.\nIt was split, twice, by hand."\n' for n in range(first, last)
    )


TABLE = "number,kind,text\n" + samples(1, 20)


@pytest.mark.parametrize(
    ("broken", "detail"),
    [
        ('20,CORE,"opened and not closed\n', "line 40: is not CSV: ',' expected after '\"'; lines 40 to 40"),
        ('20,CORE,"it is "so", and\n7,8,9\nmore"\n', "line 40: is not CSV: ',' expected after '\"'; lines 40 to 42"),
        ("20,CORE,not opened.\nIt goes on, and on.\nSo\"\n",
         "line 40: its row is followed by lines that are no rows; lines 40 to 42"),
        ("20,CORE,not opened.\nIt goes on,\nand, so, on\n",
         "line 40: its row is followed by lines that are no rows; lines 40 to 42"),
        ("20,CORE,not opened.\n\"So\" she said\n", "line 41: is not CSV: ',' expected after '\"'; lines 40 to 41"),
    ],
)  # fmt: skip
def test_a_table_is_read_on_behind_a_row_whose_quotes_do_not_close(tmp_path: Path, broken: str, detail: str) -> None:
    found = read(tmp_path / "a.csv", TABLE + broken + samples(21, 40), Fields(id="number"))
    numbers = [one.meta["id"] for one in found if isinstance(one, Record)]
    assert numbers == [str(n) for n in range(1, 40) if n != 20]
    assert all(one.text.endswith("by hand.") for one in found if isinstance(one, Record))
    problems = [one for one in found if isinstance(one, Bad)]
    assert [(one.rule, one.detail) for one in problems] == [("invalid_csv", f"{detail} are left out")]


@pytest.mark.parametrize("rows", [9, 30])
def test_nothing_is_taken_for_a_row_where_too_little_is_known(tmp_path: Path, rows: int) -> None:
    """Few rows, or columns of prose alone: a line of the broken cell might be one."""
    text = "".join(f'"words {chr(97 + n)} and more {"x" * n}","others {"y" * n}"\n' for n in range(rows))
    found = read(tmp_path / "a.csv", f'text,more\n{text}"open, and, not\nclosed, ever\n"a","b"\n"c","d"\n')
    assert len(texts(found)) == rows
    problem = found[-1]
    assert isinstance(problem, Bad)
    assert problem.detail == f"line {rows + 2}: is not CSV: ',' expected after '\"'; the rest is left out"


def test_a_row_with_more_cells_than_the_header_is_told(tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", "text,n\none,1,,\ntwo, and more,2\nthree\n")
    assert texts(found) == ["one", "three"]
    assert [one for one in found if isinstance(one, Bad)] == [
        Bad("invalid_csv", "line 3: has 3 cells, and the header names 2", "2", "two, and more,2")
    ]


def test_looking_for_rows_again_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_tools.extract.csv_resumption.MAX_LINES_AGAIN", 1)
    broken = '{0},CORE,"opened and not closed\n'
    found = read(tmp_path / "a.csv", TABLE + broken.format(20) + samples(21, 24) + broken.format(24) + samples(25, 30))
    assert len(texts(found)) == 22
    assert found[-1] == Bad("invalid_csv", "line 47: is not CSV: ',' expected after '\"'; the rest is left out")
