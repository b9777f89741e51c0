"""Which benchmarks the table of all spaces against all spaces has, and which space of the paper each stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eznas.experiments import published


@dataclass(frozen=True)
class Entry:
    """A benchmark in its place in the table: a row, and a column.

    Attributes:
        benchmark: as given to `benchmarks.load`.
        label: for headings.
        space: the paper's name of the space, or None where the paper has no such row.
    """

    benchmark: str
    label: str
    space: str | None


@dataclass(frozen=True)
class TableSet:
    """The benchmarks of one table.

    Attributes:
        name: for the command line and the folder.
        title: of the table.
        entries: in the order of the rows and of the columns.
        note: what a reader must know before comparing with the paper.
    """

    name: str
    title: str
    entries: tuple[Entry, ...]
    note: str


def _entries(*rows: tuple[str, str, str | None]) -> tuple[Entry, ...]:
    return tuple(Entry(*row) for row in rows)


REAL: Final = TableSet(
    name="real",
    title="Programs evolved on one space, tested on the others",
    entries=_entries(
        ("nasbench201-cifar10", "NB201 CIFAR-10", "NASBench201 CIFAR10"),
        ("nasbench201-cifar100", "NB201 CIFAR-100", "NASBench201 CIFAR100"),
        ("nasbench201-imagenet16-120", "NB201 ImageNet16-120", "NASBench201 ImageNet16-120"),
        ("nds-amoeba", "Amoeba", "Amoeba CIFAR10"),
        ("nds-darts", "DARTS", "DARTS CIFAR10"),
        ("nds-enas", "ENAS", "ENAS CIFAR10"),
        ("nds-pnas", "PNAS", "PNAS CIFAR10"),
        ("nds-nasnet", "NASNet", "NASNet CIFAR10"),
        ("darts-1000", "DARTS-1000", None),
    ),
    note="DARTS-1000 is a table of the DARTS space that the paper does not have.",
)

EMBEDDED: Final = TableSet(
    name="embedded",
    title="Programs evolved on one embedded space, tested on the others",
    entries=_entries(
        ("digits", "digits (NB201)", "NASBench201 CIFAR10"),
        ("digits-amoeba", "digits Amoeba", "Amoeba CIFAR10"),
        ("digits-darts", "digits DARTS", "DARTS CIFAR10"),
        ("digits-enas", "digits ENAS", "ENAS CIFAR10"),
        ("digits-pnas", "digits PNAS", "PNAS CIFAR10"),
        ("digits-nasnet", "digits NASNet", "NASNet CIFAR10"),
    ),
    note=(
        "The embedded benchmarks are small networks trained by eznas on images of digits: toys. The paper's figures "
        "beside them are of the full-size networks of the same search space on CIFAR-10, for orientation only."
    ),
)

SETS: Final = {one.name: one for one in (REAL, EMBEDDED)}


def chosen(benchmarks: Sequence[str]) -> TableSet:
    """Return a set of these benchmarks; those of the real and the embedded set keep their labels and spaces."""
    known = {entry.benchmark: entry for one in SETS.values() for entry in one.entries}
    return TableSet(
        name="chosen",
        title="Programs evolved on one benchmark, tested on the others",
        entries=tuple(known.get(name, Entry(name, Path(name).stem, None)) for name in dict.fromkeys(benchmarks)),
        note=f"Where a benchmark is of a space of the paper, that space's figures stand beside ({published.SOURCE}).",
    )
