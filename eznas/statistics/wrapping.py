"""Networks inside of what PyTorch wraps them in, which shares a batch out among devices, or compiles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import torch
from torch import nn

from eznas.errors import EznasError

_WRAPPERS: Final = (nn.DataParallel, nn.parallel.DistributedDataParallel)
_COMPILER: Final = "torch._dynamo.eval_frame"
"""Where the class is from that `torch.compile` returns; its import takes seconds."""


def check_layers_are_seen(modules: Iterable[nn.Module], called: str) -> None:
    """Raise an `EznasError` if one of a network's modules, or itself, is a TorchScript module.

    Neither fresh weights nor what looks for layers would reach it, and the score would be one of the rest.
    """
    if any(isinstance(module, torch.jit.ScriptModule) for module in modules):
        raise EznasError(
            f"{called} is or has a TorchScript module, whose layers nobody can see: give the module that it was made "
            "from."
        )


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
