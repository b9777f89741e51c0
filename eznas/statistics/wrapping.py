"""Networks inside of PyTorch's wrappers that share a batch out among devices."""

from __future__ import annotations

from typing import Final

from torch import nn

_WRAPPERS: Final = (nn.DataParallel, nn.parallel.DistributedDataParallel)


def unwrapped(network: nn.Module) -> nn.Module:
    """Return the network that a `DataParallel` is around, or the network itself.

    A score is taken on one device, where the wrapper computes nothing, and hides layers that run in its own threads.
    """
    while isinstance(network, _WRAPPERS):
        network = network.module
    return network
