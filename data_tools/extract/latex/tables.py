r"""Floats and tables: captions once, tables to Markdown, drawings left out.

A cell over several columns stands in the first of them. Of a long table's repeated heads and feet the first head stays.
"""

from __future__ import annotations

import re

from data_tools.extract.latex.labels import Target
from data_tools.extract.latex.names import (
    ALGORITHMS,
    ENVIRONMENT_ARGUMENTS,
    FIGURES,
    INNER_FLOATS,
    LONG_TABLES,
    TABLES,
    TABULARS,
    each,
)
from data_tools.extract.latex.reader import Float, Grid, Handler, Reader, Sink
from data_tools.extract.latex.source import NEW_LINE
from data_tools.extract.markup import one_line

MAX_COLUMNS = 200
"""What stands further right goes into the last one, as short rows are filled up to the longest."""
_MAX_OPEN_GROUPS = 20
_MAX_COLUMNS_CHARACTERS = 1000
_COLUMN = re.compile(
    r"[@!]\{((?:[^{}]|\{[^{}]*\})*)\}|[><*]\{(?:[^{}]|\{[^{}]*\})*\}|\{(?:[^{}]|\{[^{}]*\})*\}|.", re.DOTALL
)
_AFTER_ROW = re.compile(r"\*?(?:\s*\[\s*-?(?:[\d.]+|\\[A-Za-z]+)[^\]\[{}]{0,40}\])?")
_KEPT_IN_FIGURES = ("```", "$$", "[START_FORMULA]")


def begin_float(reader: Reader, name: str) -> None:
    """A figure, table or algorithm."""
    reader.sink.flush()
    reader.drop(ENVIRONMENT_ARGUMENTS.get(name, "o"))
    kind = "figure" if name in FIGURES else "table" if name in TABLES else "algorithm"
    outer, reader.float = reader.float, Float(kind)
    reader.open("environment", name, lambda sink: _end_float(reader, sink, outer), collect=reader.may_collect())
    reader.labels.current = Target(kind, reader.labels.number(kind, ahead=1))


def _end_float(reader: Reader, sink: Sink, outer: Float | None) -> None:
    sink.flush()
    ended, reader.float = reader.float, outer
    if ended is None or sink is reader.sink:
        return
    markup = reader.markup
    captions = list(ended.captions)
    blocks = sink.blocks
    if ended.kind == "figure":
        if captions and not reader.recovering:
            blocks = [block for block in blocks if block.startswith(_KEPT_IN_FIGURES)]
        written = [*map(markup.figure, captions), *(markup.table(rows) for rows in ended.tables), *blocks]
    elif ended.tables:
        first, *others = ended.tables
        written = [markup.table(first, " ".join(captions)), *map(markup.table, others), *blocks]
    else:
        written = [" ".join(captions), *blocks]
    for block in written:
        reader.block(block)


def begin_part(reader: Reader, name: str) -> None:
    """A figure within a figure."""
    reader.drop(ENVIRONMENT_ARGUMENTS.get(name, "om"))
    holder = reader.float
    if holder is None:
        begin_float(reader, "figure")
        reader.scopes[-1].name = name
        reader.opened["figure"] -= 1
        reader.opened[name] = reader.opened.get(name, 0) + 1
        return
    holder.part_depth += 1

    def close(sink: Sink) -> None:
        holder.part_depth -= 1

    reader.open("environment", name, close)
    _next_part(reader, holder)


def _next_part(reader: Reader, holder: Float) -> None:
    letter = chr(ord("a") + min(holder.num_parts, 25))
    holder.num_parts += 1
    number = reader.labels.number(holder.kind, ahead=0 if holder.num_captions else 1)
    reader.labels.current = Target(holder.kind, f"{number}{letter}")


def _subfloat(reader: Reader, name: str) -> None:
    caption = reader.argument() if name == "subcaptionbox" else reader.option()
    reader.option()
    if reader.float is not None:
        held = reader.labels.current
        _next_part(reader, reader.float)
        if caption and (text := reader.fragment(caption)):
            reader.float.captions.append(text)
        if reader.take("{"):
            reader.open("argument").label = held


def _caption(reader: Reader, name: str) -> None:
    kind = reader.argument().strip() if name in ("captionof", "subcaptionbox_of") else ""
    star = reader.take("*")
    reader.option()
    holder = reader.float
    if holder is not None and not holder.part_depth and not star and name != "subcaption":
        holder.num_captions += 1
        holder.num_parts = 0
        reader.labels.current = Target(holder.kind, reader.labels.step(holder.kind))
    elif kind:
        reader.labels.current = Target(kind, reader.labels.step(kind))

    def close(text: str) -> None:
        if holder is not None:
            holder.captions.append(text)
        else:
            reader.block(reader.markup.figure(text))

    reader.collect_argument(close)


def begin_table(reader: Reader, name: str) -> None:
    """A table, or what is only laid out as one."""
    reader.drop(TABULARS[name].removesuffix("m"))
    columns = reader.argument()
    if not reader.may_collect():
        reader.open("environment", name)
        return
    if name in LONG_TABLES:
        reader.sink.flush()
    outer_grid, outer_float = reader.grid, reader.float
    grid = reader.grid = Grid(name, _joints(reader, columns))
    if name in LONG_TABLES and outer_float is None:
        reader.float = Float("table")
    holder = reader.float

    def close(sink: Sink) -> None:
        _end_cell(reader, sink)
        _end_row(grid)
        if grid.joints:
            grid.rows = [_joined(row, grid.joints) for row in grid.rows]
        reader.grid, reader.float = outer_grid, outer_float
        _write_table(reader, grid, holder if outer_float is None else None)

    reader.open("environment", name, close, collect=True)
    if name in LONG_TABLES and holder is not None:
        reader.labels.current = Target("table", reader.labels.number("table", ahead=1))


def _joints(reader: Reader, columns: str) -> dict[int, str]:
    r"""Return what stands between two columns, by the number of the first: the point in ``r@{.}l``."""
    joints: dict[int, str] = {}
    if "@" not in columns or len(columns) > _MAX_COLUMNS_CHARACTERS:
        return joints
    number = 0
    for match in _COLUMN.finditer(columns):
        if match[1] is None:
            number += match[0].isalpha()
        elif number and (text := reader.fragment(match[1])):
            joints[number - 1] = text
    return joints


def _joined(row: list[str], joints: dict[int, str]) -> list[str]:
    cells: list[str] = []
    for number, cell in enumerate(row):
        if cell and number - 1 in joints and cells and cells[-1]:
            cells[-1] += joints[number - 1] + cell
            cells.append("")
        else:
            cells.append(cell)
    return cells


def _write_table(reader: Reader, grid: Grid, own: Float | None) -> None:
    rows = [row for row in grid.rows if any(row)]
    caption = " ".join(own.captions) if own else ""
    if max(map(len, rows), default=0) < 2 and not caption:
        separator = NEW_LINE if reader.grid is None else " "
        reader.sink.line.append(separator.join(row[0] for row in rows))
    elif reader.grid is not None:
        reader.sink.line.append(" ".join(cell for row in rows for cell in row if cell))
    elif own is None and reader.float is not None:
        reader.float.tables.append(rows)
    else:
        reader.block(reader.markup.table(rows, caption))


def _end_cell(reader: Reader, sink: Sink) -> None:
    grid = reader.grid
    if grid is None:
        return
    text = sink.text()
    sink.blocks.clear()
    if len(grid.row) >= MAX_COLUMNS:
        grid.row[-1] = one_line(f"{grid.row[-1]} {text}")
    else:
        grid.row.append(text)
        grid.row += [""] * min(grid.span - 1, MAX_COLUMNS - len(grid.row))
    grid.span = 1


def _end_row(grid: Grid) -> None:
    grid.rows.append(grid.row)
    grid.row = []


def _in_grid(reader: Reader) -> bool:
    """Whether what comes next stands directly in a cell."""
    grid, scopes = reader.grid, reader.scopes
    return grid is not None and bool(scopes) and scopes[-1].kind == "environment" and scopes[-1].name == grid.name


def _ampersand(reader: Reader, name: str) -> None:
    scopes = reader.scopes
    if reader.grid is not None and not _in_grid(reader):
        open_groups = next(
            (number for number, scope in enumerate(reversed(scopes[-_MAX_OPEN_GROUPS:])) if scope.kind != "group"), 0
        )
        if open_groups and scopes[-1 - open_groups].name == reader.grid.name:
            reader.files.note("unbalanced braces")
            del scopes[-open_groups:]
    if _in_grid(reader):
        _end_cell(reader, reader.sink)
    else:
        reader.sink.line.append(" ")


def _row(reader: Reader, name: str) -> None:
    r"""``\\`` in text: the end of a row or of a line."""
    frame = reader.frames[-1]
    if name == "\\" and (after := _AFTER_ROW.match(frame.text, frame.pos)):
        frame.pos = after.end()
    if _in_grid(reader) and reader.grid is not None:
        _end_cell(reader, reader.sink)
        _end_row(reader.grid)
    else:
        reader.sink.line.append(NEW_LINE)


def _multicolumn(reader: Reader, name: str) -> None:
    count = reader.argument().strip()
    reader.argument()
    if reader.grid is not None and count.isdecimal():
        reader.grid.span = max(1, min(int(count[:4]), MAX_COLUMNS))


def _multirow(reader: Reader, name: str) -> None:
    reader.drop("omomo")


def _table_part(reader: Reader, name: str) -> None:
    r"""What stands before ``\endfirsthead`` stays; a second head and the feet go."""
    grid = reader.grid
    if grid is None:
        return
    if "foot" in name or (name == "endhead" and grid.has_first_head):
        del grid.rows[grid.num_kept :]
    grid.has_first_head = grid.has_first_head or name == "endfirsthead"
    grid.num_kept = len(grid.rows)


ENVIRONMENTS: dict[str, Handler] = {
    **dict.fromkeys([*FIGURES, *TABLES, *ALGORITHMS], begin_float),
    **dict.fromkeys(INNER_FLOATS, begin_part),
    **dict.fromkeys(TABULARS, begin_table),
}
HANDLERS: dict[str, Handler] = {
    "char &": _ampersand,
    **dict.fromkeys(("\\", "tabularnewline", "newline", "cr"), _row),
    "multicolumn": _multicolumn,
    "multirow": _multirow,
    "multirowcell": _multirow,
    **each("caption captionof subcaption tablecaption", _caption),
    **each("subfloat subfigure subtable subcaptionbox", _subfloat),
    **each("endfirsthead endhead endfoot endlastfoot", _table_part),
}
