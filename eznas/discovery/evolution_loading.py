"""The compiled code that a discovery needs beside that of scoring, made ready while features are computed."""

from __future__ import annotations

from typing import Final

from eznas.discovery.island import compiled_parts
from eznas.observer import RunObserver
from eznas.scoring.kernel_loading import are_missing, begin, engine_parts, make
from eznas.statistics.workers import run_in_threads
from eznas.system.compilation import Part

LOADING_EVOLUTION: Final = "loading the compiled search (made once, in a minute)"
"""What the phase is called."""


def begin_loading() -> None:
    """Let another process make what is missing, where that is allowed."""
    begin(_all_parts(), "eznas.discovery.evolution_loading:make_all")


def load_evolution(observer: RunObserver) -> None:
    """Make what is missing, or wait until others have, and tell of it; see `load_kernels` about the thread."""
    if are_missing(_all_parts()):
        observer.phase(LOADING_EVOLUTION)
        run_in_threads(lambda _: make_all(), count=1, threads=1, limit=lambda: 1)


def make_all() -> None:
    """Make what scoring and evolution need."""
    make(_all_parts())


def _all_parts() -> list[Part]:
    return [*engine_parts(), *compiled_parts()]
