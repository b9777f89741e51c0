"""The global random states of Python and NumPy, which a network may draw from, put back afterwards."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

_LOCK = threading.Lock()
_inside = 0
_saved: list[Any] = []


@contextmanager
def kept_random_states() -> Iterator[None]:
    """Put both states back when the last thread leaves; may be nested. PyTorch's is `PrivateRandomness`'s."""
    global _inside  # noqa: PLW0603 (the states are global, too)
    with _LOCK:
        if _inside == 0:
            _saved[:] = [random.getstate(), np.random.get_state()]  # noqa: NPY002 (it is what must not change)
        _inside += 1
    try:
        yield
    finally:
        with _LOCK:
            _inside -= 1
            if _inside == 0:
                random.setstate(_saved[0])
                np.random.set_state(_saved[1])  # noqa: NPY002


def seed_random_states(seed: int) -> None:
    """Let what Python and NumPy draw next follow from `seed`; inside of `kept_random_states`."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 (a network may draw from it)
