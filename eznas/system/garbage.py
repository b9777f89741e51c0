"""Garbage collection that passes over what a process keeps to its end anyway."""

from __future__ import annotations

import gc
from functools import cache


@cache
def pass_over_what_is_there() -> None:
    """Let collections of garbage look at nothing that there is now; the first time in a process, and then no more.

    The libraries are hundreds of thousands of objects, and a network is thousands that come and go: of the time that it
    takes to score one, collections take a twentieth if they look at the libraries again and again.
    """
    gc.freeze()
