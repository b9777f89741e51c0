"""The direction in which the processor rounds, for the calling thread.

Everything that runs inside of `rounding_up`, compiled code and LAPACK included, rounds each result up instead of to the
nearest number: every intermediate result is off by a unit of its last place at most, and nothing else changes. What a
computation gives in both ways has digits in common as far as rounding leaves any. Source: discrete stochastic
arithmetic (Vignes, Mathematics and Computers in Simulation 35, 1993), with one direction instead of random ones.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

_UPWARD: Final = {"x86_64": 0x800, "i386": 0x800, "i686": 0x800, "aarch64": 0x400000, "arm64": 0x400000}
_UPWARD_OF_WINDOWS: Final = 0x200


def can_round_up() -> bool:
    """Whether this system can be told to."""
    return _library() is not None and _upward() is not None


@contextmanager
def rounding_up() -> Iterator[None]:
    """Let the calling thread round up inside of the block, on a system that `can_round_up`."""
    library = _library()
    before = library.fegetround()
    library.fesetround(_upward())
    try:
        yield
    finally:
        library.fesetround(before)


@cache
def _library() -> Any:
    try:
        library = ctypes.CDLL("ucrtbase" if platform.system() == "Windows" else None)
    except OSError:
        return None
    return library if hasattr(library, "fesetround") and hasattr(library, "fegetround") else None


def _upward() -> int | None:
    return _UPWARD_OF_WINDOWS if platform.system() == "Windows" else _UPWARD.get(platform.machine())
