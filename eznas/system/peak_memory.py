"""The most memory that this process has used so far."""

from __future__ import annotations

import sys
from typing import Any

_resource: Any
try:
    import resource as _resource
except ImportError:
    _resource = None


def peak_memory_bytes() -> int | None:
    """Return the peak of the resident memory in bytes; None where the system does not tell (Windows without psutil)."""
    if _resource is not None:
        peak: int = _resource.getrusage(_resource.RUSAGE_SELF).ru_maxrss
        # Bytes on macOS, kibibytes on Linux.
        return peak if sys.platform == "darwin" else peak * 1024
    try:
        import psutil
    except ImportError:
        return None
    peak_working_set: int | None = getattr(psutil.Process().memory_info(), "peak_wset", None)
    return peak_working_set
