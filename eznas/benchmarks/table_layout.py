"""Which columns of a table are what: the architectures, and the accuracies of one or more tasks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks.record import Record
from eznas.data.tables import Table, is_number
from eznas.errors import EznasError
from eznas.spaces.base import Space, canonical_text

ARCHITECTURE: Final = "architecture"
ACCURACY: Final = "accuracy"

_SEED: Final = re.compile(r"(.+)_seed_\d+")


@dataclass(frozen=True)
class AccuracySplit:
    """The accuracies of one task.

    Attributes:
        name: as `--accuracy-split` takes it.
        columns: of the table; of several, one for each seed, an accuracy is the mean.
        lower_is_better: for errors, latencies and the like.
    """

    name: str
    columns: tuple[str, ...]
    lower_is_better: bool = False


@dataclass(frozen=True)
class Measurements:
    """What a table says about one task.

    Attributes:
        architectures: canonical texts, each once, in the order of the table.
        values: float64 (architectures,), as the table has them.
        repeated: architectures that stand on several lines; their values are averaged.
        without_value: architectures that are left out, because all their cells are empty.
    """

    architectures: tuple[str, ...]
    values: NDArray[np.float64]
    repeated: int
    without_value: int


@dataclass(frozen=True)
class TableLayout:
    """The columns of a table.

    Attributes:
        architecture: the column with the texts of the networks.
        splits: the tasks, at least one; the first is taken if nobody says otherwise.
    """

    architecture: str
    splits: tuple[AccuracySplit, ...]

    @classmethod
    def of(
        cls,
        table: Table,
        architecture: str | None = None,
        accuracies: Sequence[str] = (),
        lower_is_better: Sequence[str] = (),
    ) -> Self:
        """Return the layout of a table, as far as possible from the table itself.

        Columns `NAME_seed_0`, `NAME_seed_1` and so on are one task, NAME.

        Args:
            table: the table.
            architecture: its column of architectures; None for `architecture`, or else the only one that is not all
                numbers.
            accuracies: columns in which higher is better.
            lower_is_better: columns in which lower is better; with neither, `accuracy`, or else the only column of
                numbers.

        Raises:
            EznasError: a column is not there, or is named twice, or what is not named cannot be told.
        """
        architecture = _architecture_column(table, architecture)
        groups = _groups(name for name in table.header if name != architecture)
        chosen = dict.fromkeys(accuracies, False) | dict.fromkeys(lower_is_better, True)
        if len(chosen) < len(accuracies) + len(lower_is_better):
            raise EznasError(f"{table.path}: a column of accuracies was named twice: name each once.")
        for name in chosen:
            if name not in groups:
                raise EznasError(
                    f"{table.path} has no column {name!r} for accuracies: choose of {', '.join(map(repr, groups))}."
                )
        chosen = chosen or {_only_accuracy(table, groups): False}
        return cls(architecture, tuple(AccuracySplit(name, groups[name], lower) for name, lower in chosen.items()))

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Return the layout that a record states.

        Raises:
            EznasError: it states none.
        """
        splits = record.nested("splits")
        if not splits.content:
            raise EznasError(f"{record.path} has no split in splits: write the file again.")
        return cls(
            record.text("architecture_column"),
            tuple(
                AccuracySplit(name, splits.nested(name).texts("columns"), splits.nested(name).flag("lower_is_better"))
                for name in splits.content
            ),
        )

    def to_record(self) -> dict[str, Any]:
        """Return the entries of a record that `from_record` reads."""
        return {
            "architecture_column": self.architecture,
            "splits": {
                one.name: {"columns": list(one.columns), "lower_is_better": one.lower_is_better} for one in self.splits
            },
        }

    def split(self, name: str | None, called: str) -> AccuracySplit:
        """Return the split called `name`, or the first for None.

        Raises:
            EznasError: the benchmark, which the sentence calls `called`, has none of this name.
        """
        if name is None:
            return self.splits[0]
        for one in self.splits:
            if one.name == name:
                return one
        names = [one.name for one in self.splits]
        has = f"choose {' or '.join(names)}" if len(names) > 1 else f"its accuracies are of the {names[0]} split"
        raise EznasError(f"{called} has no split {name!r}: {has}.")

    def measurements(self, table: Table, split: AccuracySplit, space: Space) -> Measurements:
        """Return the networks of a task and their values; a value is the mean over the cells of a network.

        Raises:
            EznasError: a cell is no architecture of `space` or no finite number, or no network has a value.
        """
        position_of: dict[str, int] = {}
        position = np.empty(len(table.rows), np.int64)
        for row, (cell, line) in enumerate(zip(table.column(self.architecture), table.lines, strict=True)):
            try:
                text = canonical_text(space, cell)
            except EznasError as error:
                raise EznasError(f"{table.path}, line {line}, {self.architecture}: {error}") from error
            if not text:
                raise EznasError(
                    f"{table.path}, line {line}, {self.architecture}: the cell is empty; write the architecture there, "
                    "or remove the line."
                )
            position[row] = position_of.setdefault(text, len(position_of))
        cells = np.stack([table.numbers(column) for column in split.columns], axis=1)
        measured = ~np.isnan(cells)
        sums = np.bincount(position, np.where(measured, cells, 0.0).sum(axis=1), len(position_of))
        counts = np.bincount(position, measured.sum(axis=1), len(position_of))
        if not counts.any():
            raise EznasError(f"{table.path} has no value in {', '.join(split.columns)}: name another column.")
        kept = counts > 0
        return Measurements(
            architectures=tuple(text for text, keep in zip(position_of, kept, strict=True) if keep),
            values=sums[kept] / counts[kept],
            repeated=int((np.bincount(position) > 1).sum()),
            without_value=int((~kept).sum()),
        )


def _architecture_column(table: Table, name: str | None) -> str:
    if name is not None:
        if name not in table.header:
            raise EznasError(f"{table.path} has no column {name!r}: choose of {', '.join(map(repr, table.header))}.")
        return name
    if ARCHITECTURE in table.header:
        return ARCHITECTURE
    texts = [column for column in table.header if column and not _is_numeric(table, column)]
    if len(texts) == 1:
        return texts[0]
    found = f"several columns of texts, {', '.join(map(repr, texts))}" if texts else "no column of texts"
    raise EznasError(
        f"{table.path} has {found}: name the one with the architectures (`--architecture-column NAME`, "
        "`architecture_column`)."
    )


def _only_accuracy(table: Table, groups: dict[str, tuple[str, ...]]) -> str:
    if ACCURACY in groups:
        return ACCURACY
    numeric = [name for name, columns in groups.items() if all(_is_numeric(table, column) for column in columns)]
    if len(numeric) == 1:
        return numeric[0]
    found = f"several columns of numbers, {', '.join(map(repr, numeric))}" if numeric else "no column of numbers"
    raise EznasError(
        f"{table.path} has {found}: name those with accuracies (`--accuracy-column NAME`, `accuracy_column`), or with "
        "what else was measured if lower is better (`--lower-is-better NAME`, `lower_is_better`)."
    )


def _groups(columns: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the columns by task: those of the seeds of one task together, every other one alone."""
    groups: dict[str, tuple[str, ...]] = {}
    for column in columns:
        seed = _SEED.fullmatch(column)
        name = seed[1] if seed else column
        groups[name] = (*groups.get(name, ()), column)
    return groups


def _is_numeric(table: Table, column: str) -> bool:
    """Return whether a column with a name is meant to hold numbers: most cells that are not empty do."""
    cells = [cell for cell in table.column(column) if cell.strip()]
    return bool(column) and sum(map(is_number, cells)) > len(cells) / 2
