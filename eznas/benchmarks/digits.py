"""The embedded benchmarks `digits`, `digits-darts` and so on: small, trained by eznas itself, and always at hand."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from eznas.benchmarks.base import Benchmark
from eznas.benchmarks.recorded_table import load_recorded_table


def load(name: str, split: str | None = None) -> Benchmark:
    """Return the embedded benchmark called `name`.

    Raises:
        EznasError: another split than the one that it has is asked for.
    """
    table = Path(str(resources.files("eznas.benchmarks") / "embedded" / f"{name}.csv"))
    return load_recorded_table(table, name, split, remark="A toy benchmark that comes with eznas: ")
