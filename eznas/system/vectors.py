"""numba's `njit`, told to use the whole vectors of the processor: every file that compiles takes it from here."""

from __future__ import annotations

from typing import Any, Final, cast

from numba import config, njit
from numba.core import codegen

__all__ = ["njit"]

_WIDE: Final = "-prefer-256-bit"


def _use_whole_vectors() -> None:
    """Let LLVM use vectors of 512 bits where the processor has them: it prefers those of 256 on most that do.

    Every number is the same. It is of no effect where numba compiled something before this file was imported, nor
    where `NUMBA_CPU_FEATURES` says otherwise.
    """
    settings: Any = config
    features = cast("Any", codegen).get_host_cpu_features()
    if settings.CPU_FEATURES is None and "+avx512f" in features:
        settings.CPU_FEATURES = f"{features},{_WIDE}"


_use_whole_vectors()
