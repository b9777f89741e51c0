"""Accuracy tables: comma-separated text with a header, read strictly, so that a damaged table is never used."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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

    def percentages(self, name: str) -> NDArray[np.float64]:
        """Return the numbers of one column, float64 (rows,), each from 0 to 100.

        Raises:
            EznasError: a cell is no number, is not finite, or is not a percentage.
        """
        values = np.empty(len(self.rows))
        for index, cell in enumerate(self.column(name)):
            try:
                # Python's own spelling 1_000 is no number of a table.
                value = math.nan if "_" in cell else float(cell)
            except ValueError:
                value = math.nan
            if not 0.0 <= value <= 100.0:
                raise EznasError(
                    f"{self.path}, line {self.lines[index]}, {name}: {cell!r} is no percentage from 0 to 100; "
                    "correct the line, or fetch the table again."
                )
            values[index] = value
        return values


def read_table(path: Path) -> Table:
    """Read a table with a header and at least one row.

    Raises:
        EznasError: the file cannot be read, is empty, is no UTF-8 text, is cut off in its last line, or a row has
            more or fewer cells than the header.
    """
    text = _read_text(path)
    if not text.strip():
        raise EznasError(f"The table {path} is empty: fetch it again.")
    if not text.endswith("\n"):
        raise EznasError(
            f"The table {path} is cut off: its last line, {text.rsplit(chr(10), 1)[-1][:80]!r}, has no end of line. "
            "Fetch it again, or, if it is complete, add the end of line."
        )
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        header = tuple(next(reader))
        for row in reader:
            if len(row) != len(header):
                raise EznasError(
                    f"{path}, line {reader.line_num}: the row {','.join(row)[:120]!r} has {len(row)} cells where the "
                    f"header has {len(header)}; correct the line, or fetch the table again."
                )
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise EznasError(
            f"{path}, line {reader.line_num}: the row could not be read as comma-separated cells ({error}); "
            "correct the line, or fetch the table again."
        ) from error
    if not rows:
        raise EznasError(f"The table {path} has a header and no rows: fetch it again.")
    _check_header(path, header)
    return Table(path, header, rows, lines)


def _read_text(path: Path) -> str:
    try:
        return read_regular(path, LARGEST_TABLE).decode("utf-8-sig")
    except OSError as error:
        raise EznasError(f"The table {path} could not be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise EznasError(
            f"{path}, line {line}: the bytes {error.object[error.start : error.end].hex(' ')} are no UTF-8 text; "
            "the table is damaged, so fetch it again."
        ) from error


def _check_header(path: Path, header: Sequence[str]) -> None:
    for name in header:
        if header.count(name) > 1:
            raise EznasError(f"The header of {path} has the column {name!r} twice: rename one of the two.")
