"""Where to go on reading a CSV table after a row whose quotes do not close: at a line that is certainly a row.

A line inside a broken cell can look like a row. It is taken for one only if it has every column and if the columns
that were regular in all rows so far go on regularly: numbers that rise, codes of one shape, values from a short list.
Prose does none of that, not least because it has a space after its commas. Where no column is regular, or fewer than
ten rows were read, nothing is taken for a row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import chain, islice

MIN_ROWS = 10
MAX_ROW_LINES = 500
"""A row is looked for over so many lines."""
MAX_LINES_AGAIN = 1_000_000
"""A file's lines that are looked through again; after them what cannot be read ends it."""
MAX_STEP = 1000
"""A rising number may leave out so many."""
MAX_VALUES = 32
MAX_CHARACTERS = 40
_DIGIT, _CAPITAL, _LETTER = re.compile(r"[0-9]"), re.compile(r"[A-Z]+"), re.compile(r"[^\W\d_A]+")


class TableSource:
    """Rows out of lines; the lines of the last row are remembered, so that they can be looked through again."""

    def __init__(self, source: Iterator[str], delimiter: str) -> None:
        self._lines = source
        self._delimiter = delimiter
        self._table = self._reader(self)
        self.taken: list[str] = []
        """The lines of the row that was read last."""
        self._again = 0
        self.number = 0
        """Of the last line that was taken, from 1."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.taken.append(next(self._lines))
        self.number += 1
        return self.taken[-1]

    @property
    def begins(self) -> int:
        """The number of the line that the last row begins with."""
        return self.number - len(self.taken) + 1

    def row(self) -> list[str] | None:
        """Return the next row's cells, none for an empty line; None at the end. Raises csv.Error."""
        self.taken = []
        return next(self._table, None)

    def may_be_row(self, columns: Columns) -> bool:
        """Whether the row that was tried last begins as a row does."""
        return columns.may_begin(self._first_cell(self.taken[0]))

    def resume(self, columns: Columns) -> bool:
        """Go to the first line after the last row's first that is certainly a row; False where there is none."""
        held = self.taken[1:]
        self._again += len(held)
        if self._again > MAX_LINES_AGAIN:
            return False
        self.number -= len(held)
        self._lines = chain(held, self._lines)
        self._table = self._reader(self)
        for line in self._lines:
            if columns.may_begin(self._first_cell(line)):
                looked_at = [line]
                is_row = columns.is_row(self._row_at(looked_at))
                self._lines = chain(looked_at if is_row else looked_at[1:], self._lines)
                if is_row:
                    return True
            self.number += 1
        return False

    def _first_cell(self, line: str) -> str:
        return line.split(self._delimiter, 1)[0].strip('"')

    def _row_at(self, looked_at: list[str]) -> list[str]:
        """Return the row that begins with the line in ``looked_at``, to which the further ones it takes are added."""

        def more() -> Iterator[str]:
            for line in islice(self._lines, MAX_ROW_LINES):
                looked_at.append(line)
                yield line

        try:
            return next(self._reader(chain(looked_at[:1], more())), [])
        except csv.Error:
            return []

    def _reader(self, source: Iterator[str]) -> Iterator[list[str]]:
        return csv.reader(source, delimiter=self._delimiter, strict=True)


class Columns:
    """What is regular about each column of the rows read so far."""

    def __init__(self, num_columns: int) -> None:
        self._columns: list[list[_Rising | _Shaped | _Listed]] = [
            [_Rising(), _Shaped(), _Listed()] for _ in range(num_columns)
        ]
        self._num_rows = 0

    def learn(self, cells: list[str]) -> None:
        """Take a good row into account."""
        if len(cells) == len(self._columns):
            self._num_rows += 1
            for rules, cell in zip(self._columns, cells, strict=True):
                if rules:
                    rules[:] = [rule for rule in rules if rule.learn(cell)]

    def may_begin(self, cell: str) -> bool:
        """Whether a row may have ``cell`` as its first."""
        return all(rule.goes_on(cell) for rule in self._columns[0])

    @property
    def tell(self) -> bool:
        """Whether any column is regular enough to tell a row by."""
        return self._num_rows >= MIN_ROWS and any(rule.tells for rules in self._columns for rule in rules)

    def is_no_row(self, cells: list[str]) -> bool:
        """Whether cells are plainly no row: regular columns do not go on, all of them where the number is right."""
        if not self.tell:
            return False
        told = [all(rule.goes_on(cell) for rule in rules) for rules, cell in self._told(cells)]
        if len(cells) == len(self._columns):
            return len(told) > 1 and not any(told)
        return not all(told)

    def is_row(self, cells: list[str]) -> bool:
        """Whether cells are certainly those of a row."""
        if not self.tell or len(cells) != len(self._columns) or any('"' in cell for cell in cells):
            return False
        return all(rule.goes_on(cell) for rules, cell in self._told(cells) for rule in rules)

    def _told(self, cells: list[str]) -> Iterator[tuple[list[_Rising | _Shaped | _Listed], str]]:
        """Yield the regular columns' rules with a row's cells; an empty one where the row has none."""
        for place, rules in enumerate(self._columns):
            if any(rule.tells for rule in rules):
                yield rules, cells[place] if place < len(cells) else ""


class _Rising:
    """Whole numbers, each larger than the one before."""

    tells = True

    def __init__(self) -> None:
        self._last = -1

    def learn(self, cell: str) -> bool:
        if not cell.isdecimal() or len(cell) > 18 or int(cell) <= self._last:
            return False
        self._last = int(cell)
        return True

    def goes_on(self, cell: str) -> bool:
        return cell.isdecimal() and len(cell) <= 18 and self._last < int(cell) <= self._last + MAX_STEP


class _Shaped:
    """Codes and dates of one shape: ``AB-1234`` is ``A-9999``."""

    def __init__(self) -> None:
        self._shape = ""

    @property
    def tells(self) -> bool:
        return len(self._shape) >= 5

    def learn(self, cell: str) -> bool:
        shape = _shape(cell)
        self._shape = self._shape or shape
        return shape == self._shape != ""

    def goes_on(self, cell: str) -> bool:
        return not self.tells or _shape(cell) == self._shape


class _Listed:
    """Values from a short list: sections, labels, languages."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._num_rows = 0

    @property
    def tells(self) -> bool:
        return len(self._counts) * 2 <= self._num_rows

    def learn(self, cell: str) -> bool:
        self._num_rows += 1
        self._counts[cell] = 1
        return 0 < len(cell) <= MAX_CHARACTERS and len(self._counts) <= MAX_VALUES

    def goes_on(self, cell: str) -> bool:
        return not self.tells or cell in self._counts


def _shape(cell: str) -> str:
    """Return a cell's shape; empty for one that is empty, long, or without a digit."""
    if len(cell) > MAX_CHARACTERS or not _DIGIT.search(cell):
        return ""
    return _LETTER.sub("a", _CAPITAL.sub("A", _DIGIT.sub("9", cell)))
