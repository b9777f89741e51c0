"""How much memory this machine has."""

from __future__ import annotations

import os
from typing import Final

_USUAL: Final = 16 * 2**30


def physical_memory_bytes() -> int:
    """Return the bytes of this machine's memory; those of a usual one where the system does not tell (Windows)."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return _USUAL
