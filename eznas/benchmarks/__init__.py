"""Benchmarks by name: a search space, a dataset, the measured accuracy of its networks, and sample images.

A benchmark is one file here, with a function `load(name, split)`, and one line in `BENCHMARKS`. It is imported when
it is asked for, so that listing the names loads neither torch nor a table.
"""

from __future__ import annotations

import difflib
import importlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from eznas.data.nds_sweeps import SWEEPS
from eznas.errors import EznasError

if TYPE_CHECKING:
    from eznas.benchmarks.base import Benchmark

SAMPLE_IMAGES: Final = 320
"""Images that are kept beside a table: more than any batch needs, and little to carry about."""

BENCHMARKS: Final[dict[str, str]] = {
    "darts-1000": "eznas.benchmarks.darts1000",
    "darts-1000-w16-d20": "eznas.benchmarks.darts1000",
    "darts-1000-w36-d8": "eznas.benchmarks.darts1000",
    "darts-1000-w36-d20": "eznas.benchmarks.darts1000",
    "digits": "eznas.benchmarks.digits",
    "digits-activations": "eznas.benchmarks.digits",
    "digits-amoeba": "eznas.benchmarks.digits",
    "digits-chain": "eznas.benchmarks.digits",
    "digits-darts": "eznas.benchmarks.digits",
    "digits-enas": "eznas.benchmarks.digits",
    "digits-kernels": "eznas.benchmarks.digits",
    "digits-nasnet": "eznas.benchmarks.digits",
    "digits-pnas": "eznas.benchmarks.digits",
    "digits-reductions": "eznas.benchmarks.digits",
    "digits-stages": "eznas.benchmarks.digits",
    "digits-wiring": "eznas.benchmarks.digits",
    "nasbench201-cifar10": "eznas.benchmarks.nasbench201",
    "nasbench201-cifar100": "eznas.benchmarks.nasbench201",
    "nasbench201-imagenet16-120": "eznas.benchmarks.nasbench201",
    "natsbench-size-cifar10": "eznas.benchmarks.nats_size",
    "natsbench-size-cifar100": "eznas.benchmarks.nats_size",
    "natsbench-size-imagenet16-120": "eznas.benchmarks.nats_size",
    **dict.fromkeys(SWEEPS, "eznas.benchmarks.nds"),
}
"""The module of every benchmark that has a name."""


def names() -> tuple[str, ...]:
    """Return the names that `load` knows, in alphabetical order."""
    return tuple(sorted(BENCHMARKS))


def is_table(name: str) -> bool:
    """Return whether a benchmark's name is the path of a table."""
    return name.lower().endswith(".csv")


def canonical_name(name: str) -> str:
    """Return the one name that a benchmark has in every folder: of a table, its absolute path."""
    # Links are not followed: the record lies beside the table as it was named.
    return os.path.normpath(Path(name).expanduser().absolute()) if is_table(name) else name


def distinct_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the canonical names of several benchmarks.

    Raises:
        EznasError: two of them are one benchmark.
    """
    normal = tuple(map(canonical_name, names))
    for position, name in enumerate(normal):
        if name in normal[:position]:
            raise EznasError(f"benchmark names {name!r} twice: give each one once.")
    return normal


def load(name: str, split: str | None = None) -> Benchmark:
    """Return a benchmark.

    Args:
        name: one of `names()`, or the path of a table of one's own (it ends in .csv), see `canonical_name`.
        split: which accuracies to take where a benchmark has several, such as `validation` or `test`; None takes the
            benchmark's own choice.

    Raises:
        EznasError: there is no such benchmark or split, or one of its files is missing or damaged.
    """
    if is_table(name):
        from eznas.benchmarks.recorded_table import load_recorded_table

        return load_recorded_table(Path(canonical_name(name)), split=split)
    if name not in BENCHMARKS:
        near = difflib.get_close_matches(name.lower(), names(), n=3, cutoff=0.5)
        choice = f"did you mean {' or '.join(near)}?" if near else f"choose one of {', '.join(names())}."
        raise EznasError(
            f"There is no benchmark called {name!r}: {choice} "
            "A table of your own is given by its path, which ends in .csv; `eznas benchmark new` makes it a benchmark."
        )
    benchmark: Benchmark = importlib.import_module(BENCHMARKS[name]).load(name, split)
    return benchmark
