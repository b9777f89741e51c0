"""numba's `njit`, told to use the whole vectors of the processor: every file that compiles takes it from here."""

from __future__ import annotations

from typing import Any, Final, cast

from numba import config, njit
from numba.core import codegen

__all__ = ["WHOLE_VECTORS", "njit"]

_VECTORS_OF_512: Final = "+avx512f"
_WIDE: Final = "-prefer-256-bit"


def _use_whole_vectors() -> bool:
    """Let LLVM use vectors of 512 bits where the processor has them: it prefers those of 256 on most that do.

    Every number is the same. It is of no effect where numba compiled something before this file was imported, nor
    where `NUMBA_CPU_FEATURES` says otherwise.

    Returns:
        Whether it will.
    """
    settings: Any = config
    features = cast("Any", codegen).get_host_cpu_features()
    if settings.CPU_FEATURES is None and _VECTORS_OF_512 in features:
        settings.CPU_FEATURES = f"{features},{_WIDE}"
    return settings.CPU_FEATURES is not None and _WIDE in settings.CPU_FEATURES


WHOLE_VECTORS: Final = _use_whole_vectors()
"""Whether compiled code has vectors of 512 bits."""
