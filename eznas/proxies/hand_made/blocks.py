"""The primary blocks of a network, and the features that they pass on: what AZ-NAS measures."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final, Self

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, get_gradient_edge

from eznas.errors import EznasError
from eznas.proxies.hand_made.layers import LayerKind, LayerWatcher
from eznas.proxies.hand_made.probe import Probe
from eznas.statistics.outputs import tensors_of

_CONTAINERS: Final = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


@dataclass(frozen=True)
class Features:
    """What a block passes on.

    Attributes:
        values: a copy, because a later layer may work in place; gradients flow back from it.
        edge: where the gradient of the features themselves will be; None where they have none.
    """

    values: Tensor
    edge: GradientEdge | None

    @classmethod
    def of(cls, tensor: Tensor) -> Self:
        """Keep what a block has just given."""
        return cls(tensor.clone(), get_gradient_edge(tensor) if tensor.requires_grad else None)


def block_features(probe: Probe) -> list[Features]:
    """Return what each primary block gives for normal noise in place of the images, in execution order.

    A block is an outermost module that has modules of its own and is no plain container: a cell, a residual block, a
    transformer layer. A network that is one such module is opened; one that has none passes features on from one
    linear map to the next.

    Raises:
        EznasError: there are not two blocks that follow each other.
    """
    blocks = _blocks(probe.network)
    found: list[Features] = []

    def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
        if (tensor := next(tensors_of(output), None)) is not None and tensor.dim() > 1:
            found.append(Features.of(tensor))

    watcher = LayerWatcher() if len(blocks) > 1 else _LinearMaps(found)
    with ExitStack() as hooks:
        for block in blocks if len(blocks) > 1 else ():
            hooks.callback(block.register_forward_hook(keep).remove)
        probe.forward(probe.normal(probe.images()), watcher=watcher)
    if len(found) < 2:
        raise EznasError("AZ-NAS compares the features of a network's blocks, and this one has fewer than two.")
    return found


def rows_of(features: Tensor) -> Tensor:
    """Return features as (places, channels): of images (batch, channels, places...), else with the channels last."""
    channels_last = features.movedim(1, -1) if features.dim() > 3 else features
    return channels_last.reshape(-1, channels_last.shape[-1])


def entropies(probe: Probe) -> list[float]:
    """Return for each block the entropy of its features' principal components: how evenly they use their channels."""
    with torch.no_grad():
        return [_entropy(rows_of(features.values)) for features in block_features(probe)]


def _entropy(rows: Tensor) -> float:
    centred = (rows - rows.mean(0)).double()
    values = torch.linalg.eigvalsh(centred.T @ centred / len(centred)).clamp(min=0)
    shares = values / values.sum().clamp(min=torch.finfo(torch.float64).tiny)
    return -float((shares * (shares + 1e-8).log()).sum())


def _blocks(network: nn.Module) -> list[nn.Module]:
    found = _outermost(network)
    while len(found) == 1:
        found = _outermost(found[0])
    return list(dict.fromkeys(found))


def _outermost(module: nn.Module) -> list[nn.Module]:
    blocks: list[nn.Module] = []
    for child in module.children():
        if isinstance(child, _CONTAINERS):
            blocks.extend(_outermost(child))
        elif next(child.children(), None) is not None:
            blocks.append(child)
    return blocks


class _LinearMaps(LayerWatcher):
    def __init__(self, found: list[Features]) -> None:
        super().__init__()
        self._found = found

    def after(self, kind: LayerKind, function: object, output: Tensor) -> None:  # noqa: ARG002
        if kind is LayerKind.LINEAR_MAP:
            self._found.append(Features.of(output))
