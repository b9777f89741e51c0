"""Accuracy tables: text in columns with a header, read strictly, so that a damaged table is never used.

Official tables are comma-separated. A user's own may also be what a spreadsheet writes: see `read_own_table`.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas.errors import EznasError
from eznas.files import LARGEST_TABLE, read_regular
from eznas.spaces.base import Space


@dataclass(frozen=True)
class Table:
    """The text of a table, cut into cells.

    Attributes:
        path: of the file, for messages.
        header: the names of the columns.
        rows: the cells of every row after the header.
        lines: the line of the file on which each row ends, counted from 1, for messages.
    """

    path: Path
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]

    def column(self, name: str) -> list[str]:
        """Return the cells of one column.

        Raises:
            EznasError: there is no such column.
        """
        if name not in self.header:
            raise EznasError(
                f"{self.path} has no column {name!r}, only {', '.join(map(repr, self.header))}: "
                "fetch the table again, or give the column that name."
            )
        position = self.header.index(name)
        return [row[position] for row in self.rows]

    def architectures(self, name: str, space: Space) -> tuple[str, ...]:
        """Return the canonical architectures of one column, each of them once.

        Raises:
            EznasError: a cell is no architecture of `space`, or two cells are the same architecture.
        """
        line_of: dict[str, int] = {}
        for cell, line in zip(self.column(name), self.lines, strict=True):
            try:
                architecture = space.check(cell)
            except EznasError as error:
                raise EznasError(f"{self.path}, line {line}, {name}: {error}") from error
            if architecture in line_of:
                raise EznasError(
                    f"{self.path} has the architecture {architecture} twice, on line {line_of[architecture]} and on "
                    f"line {line}: keep one of the two lines, or fetch the table again."
                )
            line_of[architecture] = line
        return tuple(line_of)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return the numbers of one column, float64 (rows,), NaN where a cell is empty.

        Raises:
            EznasError: a cell is neither empty nor a finite number.
        """
        values = np.empty(len(self.rows))
        for index, cell in enumerate(self.column(name)):
            values[index] = _number(cell) if cell.strip() else math.nan
            if not math.isfinite(values[index]) and cell.strip():
                raise EznasError(
                    f"{self.path}, line {self.lines[index]}, {name}: {cell!r:.80} is no finite number; correct it "
                    "(with a decimal point), or leave the cell empty where a value is missing."
                )
        return values

    def percentages(self, name: str) -> NDArray[np.float64]:
        """Return the numbers of one column, float64 (rows,), each from 0 to 100.

        Raises:
            EznasError: a cell is no number, is not finite, or is not a percentage.
        """
        values = np.empty(len(self.rows))
        for index, cell in enumerate(self.column(name)):
            values[index] = _number(cell)
            if not 0.0 <= values[index] <= 100.0:
                raise EznasError(
                    f"{self.path}, line {self.lines[index]}, {name}: {cell!r} is no percentage from 0 to 100; "
                    "correct the line, or fetch the table again."
                )
        return values


def is_number(cell: str) -> bool:
    """Return whether a cell is written as a number, `nan` and `inf` included."""
    return cell.strip().lstrip("+-").lower() == "nan" or not math.isnan(_number(cell))


def _number(cell: str) -> float:
    try:
        # Python's own spelling 1_000 is no number of a table.
        return math.nan if "_" in cell else float(cell)
    except ValueError:
        return math.nan


def read_table(path: Path) -> Table:
    """Read a comma-separated table with a header and at least one row.

    Raises:
        EznasError: the file cannot be read, is empty, is no UTF-8 text, is cut off in its last line, or a row has
            more or fewer cells than the header.
    """
    text = _read_text(path, "fetch it again")
    if not text.endswith("\n"):
        raise EznasError(
            f"The table {path} is cut off: its last line, {text.rsplit(chr(10), 1)[-1][:80]!r}, has no end of line. "
            "Fetch it again, or, if it is complete, add the end of line."
        )
    return _cells(path, csv.reader(io.StringIO(text, newline=""), strict=True), "fetch the table again")


def read_own_table(path: Path) -> Table:
    """Read a user's own table: commas, semicolons or tabs between its cells, whatever separates most in the header.

    Empty lines are left out, spaces around the names of the columns do not count, and the last line needs no end.

    Raises:
        EznasError: the file cannot be read, is empty, is no UTF-8 text, or a row has more or fewer cells than the
            header.
    """
    text = _read_text(path, "write it again")
    first = text.lstrip().splitlines()[:1]
    separator = max(_SEPARATORS, key=lambda one: len(next(csv.reader(first, delimiter=one))))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator, skipinitialspace=True)
    return _cells(path, reader, f"put quotes around a cell that holds a {_SEPARATORS[separator]}", own=True)


_SEPARATORS: Final = {",": "comma", ";": "semicolon", "\t": "tab"}


def _cells(path: Path, reader: Any, way_out: str, *, own: bool = False) -> Table:
    """Return the table that `reader`, a `csv.reader`, gives; `way_out` ends the sentences about a damaged row."""
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        header = tuple(next(row for row in reader if row or not own))
        if own:
            header = tuple(name.strip() for name in header)
        for row in reader:
            if own and not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                raise EznasError(
                    f"{path}, line {reader.line_num}: the row {','.join(row)[:120]!r} has {len(row)} cells where the "
                    f"header has {len(header)}; correct the line, or {way_out}."
                )
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise EznasError(
            f"{path}, line {reader.line_num}: the row could not be read as separated cells ({error}); "
            f"correct the line, or {way_out}."
        ) from error
    if not rows:
        raise EznasError(f"The table {path} has a header and no rows: write the rows below it.")
    _check_header(path, header)
    return Table(path, header, rows, lines)


def _read_text(path: Path, way_out: str) -> str:
    try:
        text = read_regular(path, LARGEST_TABLE).decode("utf-8-sig")
    except OSError as error:
        raise EznasError(f"The table {path} could not be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise EznasError(
            f"{path}, line {line}: the bytes {error.object[error.start : error.end].hex(' ')} are no UTF-8 text; "
            f"the table is damaged or in another encoding, so {way_out} as UTF-8."
        ) from error
    if not text.strip():
        raise EznasError(f"The table {path} is empty: {way_out}.")
    return text


def _check_header(path: Path, header: Sequence[str]) -> None:
    for name in header:
        if header.count(name) > 1:
            raise EznasError(f"The header of {path} has the column {name!r} twice: rename one of the two.")
