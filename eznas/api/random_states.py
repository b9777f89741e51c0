"""The global random states of a process, which a user's own code may draw from and must find as it left them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from eznas.statistics.isolation import PrivateRandomness
from eznas.statistics.random_states import kept_random_states, seed_random_states


@contextmanager
def untouched_random_states() -> Iterator[None]:
    """Put the global random states of Python, NumPy and PyTorch (every device in use) back at the end of the block."""
    cpu = torch.get_rng_state()
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    with kept_random_states():
        try:
            yield
        finally:
            torch.set_rng_state(cpu)
            if devices:
                torch.cuda.set_rng_state_all(devices)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let the user's code inside the block draw what follows from `seed`, one thread at a time.

    Only within `untouched_random_states`, which puts Python's and NumPy's states back.
    """
    with PrivateRandomness(seed, torch.device("cpu")) as randomness:
        randomness.begin()
        seed_random_states(seed)
        yield
