"""The compiled code that a discovery needs beside that of scoring, made ready while features are computed."""

from __future__ import annotations

from functools import cache

from eznas.discovery.island import compiled_parts
from eznas.scoring.kernel_loading import begin, engine_parts, make
from eznas.statistics.workers import run_in_threads
from eznas.system.parts import Part


def begin_loading() -> None:
    """Let another process make what is missing, where that is allowed."""
    begin(_all_parts, "eznas.discovery.evolution_loading:make_all")


@cache
def load_evolution() -> None:
    """Make what is missing, or wait until others have; the second time in a process there is nothing to do.

    See `load_kernels` about the thread.
    """
    run_in_threads(lambda _: make_all(), count=1, threads=1, limit=lambda: 1)


def make_all() -> None:
    """Make what scoring and evolution need."""
    make(_all_parts())


def _all_parts() -> list[Part]:
    return [*engine_parts(), *compiled_parts()]
