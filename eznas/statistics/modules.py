"""The modules of a network, and the tensors that they hold, without the names that PyTorch makes for them on its way.

A network of hundreds of modules is walked through a few times for a score, and of the time that takes names are most.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from torch import Tensor, nn


def modules_of(network: nn.Module) -> list[nn.Module]:
    """Return what `network.modules()` yields, in its order."""
    waiting = [network]
    found: dict[nn.Module, None] = {}
    while waiting:
        module = waiting.pop()
        if module not in found:
            found[module] = None
            waiting.extend(part for part in reversed(module._modules.values()) if part is not None)
    return list(found)


def parameters_in(modules: Iterable[nn.Module]) -> Iterator[Tensor]:
    """Yield the parameters that modules hold themselves; one that several hold comes up for each."""
    for module in modules:
        for parameter in module._parameters.values():
            if parameter is not None:
                yield parameter


def tensors_in(modules: Iterable[nn.Module]) -> Iterator[Tensor]:
    """Yield the parameters and buffers that modules hold themselves."""
    for module in modules:
        for tensor in (*module._parameters.values(), *module._buffers.values()):
            if tensor is not None:
                yield tensor
