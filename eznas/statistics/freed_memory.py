"""Memory that was let go of and that the C library holds on to."""

from __future__ import annotations

import ctypes
import sys


def return_freed_memory() -> None:
    """Give it back to the system, where the C library is glibc; elsewhere do nothing.

    glibc keeps what lies below any block still in use: after a few thousand arrays of some megabytes, nearly all of
    them. The next store of statistics has other sizes and would come on top.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(ctypes.c_size_t(0))
