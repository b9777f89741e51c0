"""Networks inside of PyTorch's wrappers, which share a batch out among devices or compile."""

from __future__ import annotations

from typing import Final

from torch import nn

_WRAPPERS: Final = (nn.DataParallel, nn.parallel.DistributedDataParallel)
_COMPILER: Final = "torch._dynamo.eval_frame"
"""Where the class is from that `torch.compile` returns; its import takes seconds."""


def unwrapped(network: nn.Module) -> nn.Module:
    """Return the network that a `DataParallel` or `torch.compile` is around, or the network itself.

    A score is taken on one device, where a wrapper computes nothing, and hides layers that run in its own threads; to
    compile a network takes minutes, and each of its few passes seconds at most.
    """
    while True:
        if isinstance(network, _WRAPPERS):
            network = network.module
        elif type(network).__module__ == _COMPILER:
            network = network.get_submodule("_orig_mod")
        else:
            return network
