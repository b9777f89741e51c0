"""The global random states of a process, which a user's own code may draw from and must find as it left them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from eznas.statistics.isolation import PrivateRandomness

_NUMPY_SEEDS = 2**32


@contextmanager
def untouched_random_states() -> Iterator[None]:
    """Put the global random states of Python, NumPy and PyTorch (every device in use) back at the end of the block."""
    python, numpy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        torch.set_rng_state(cpu)
        if devices:
            torch.cuda.set_rng_state_all(devices)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let the user's code inside the block draw what follows from `seed`, one thread at a time.

    PyTorch's state is put back at the end. Python's and NumPy's go on from the seed, so that a network's own draws in
    its forward pass follow from it, too, where one thread works alone; `untouched_random_states` stands around all.
    """
    with PrivateRandomness(seed, torch.device("cpu")) as randomness:
        randomness.begin()
        random.seed(seed)
        np.random.seed(seed % _NUMPY_SEEDS)  # noqa: NPY002  what a user's code draws from
        yield
