"""JSON Lines (.jsonl, .ndjson) and JSON (.json): one record per line, or an array of records, or one record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from data_tools.extract.fields import head_of, record_of
from data_tools.extract.records import Bad, Found, ReadOptions, Unreadable
from data_tools.extract.streams import blocks, checked, lines, whole

_MARK = b"\xef\xbb\xbf"


def read_json_lines(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield the records of a file with one JSON object per line; empty lines are passed over."""
    source = checked(blocks(path, options.max_file_bytes))
    for number, line in lines(source, options.max_document_bytes):
        if line is None:
            yield Bad("too_large", f"the line is larger than {options.max_document_bytes:,} bytes", str(number))
            continue
        line = (line.removeprefix(_MARK) if number == 1 else line).rstrip(b"\r")
        if line.strip():
            yield _one_line(line, number, options)


def _one_line(line: bytes, number: int, options: ReadOptions) -> Found:
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        return Bad("invalid_utf8", f"line {number}: is not UTF-8 at byte {error.start:,}", str(number), head_of(line))
    except ValueError as error:
        return Bad("invalid_json", f"line {number}: is not JSON: {error}", str(number), head_of(line))
    except RecursionError:
        return Bad("invalid_json", f"line {number}: is nested too deeply", str(number), head_of(line))
    return record_of(row, str(number), options.fields)


def read_json(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield the records of a .json file: JSON Lines under another name, an array of objects, or one object."""
    source = checked(blocks(path, options.max_file_bytes))
    first = next(source, b"")
    if _is_lines(first):
        yield from read_json_lines(path, options)
        return
    data = whole(chain([first], source), options.max_document_bytes).removeprefix(_MARK)
    if not data.strip():
        raise Unreadable("empty", "is empty")
    try:
        value: Any = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Unreadable("invalid_json", f"is not JSON: {error}") from None
    rows = value if isinstance(value, list) else [value]
    for number, row in enumerate(rows, start=1):
        yield record_of(row, str(number) if isinstance(value, list) else "", options.fields)


def _is_lines(first: bytes) -> bool:
    """Whether the first line is a whole JSON object, or an object too long for the first block to tell."""
    head, newline, _ = first.removeprefix(_MARK).lstrip().partition(b"\n")
    if not head.startswith(b"{"):
        return False
    if not newline:
        return len(first) >= 1 << 15
    try:
        json.loads(head)
    except ValueError:
        return False
    return True
