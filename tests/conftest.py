"""Settings that every test shares."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_torch_thread() -> None:
    """Keep PyTorch to one thread: the networks of tests are small, and several test processes share the machine."""
    import torch

    torch.set_num_threads(1)
