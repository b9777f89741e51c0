"""Settings that every test shares."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import HealthCheck, settings

# The same examples every time, however slowly a loaded machine draws them.
settings.register_profile("eznas", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("eznas")


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Let Ctrl-C have its effect on this process and its children, also where a shell started the tests with `&`.

    A shell without job control ignores it for such a command, and children inherit that; a handler they do not.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def one_command_line() -> Iterator[None]:
    """Make the tree of commands once: many tests call `main`, and a process of the program calls it once anyway."""
    import typer

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_together() -> None:
    """Let the processes that share the tests share what is to be compiled, too, where it is not in numba's cache."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        from eznas.discovery.evolution_loading import make_all

        make_all()


@pytest.fixture(scope="session", autouse=True)
def one_torch_thread() -> None:
    """Keep PyTorch to one thread: the networks of tests are small, and several test processes share the machine."""
    import torch

    torch.set_num_threads(1)
