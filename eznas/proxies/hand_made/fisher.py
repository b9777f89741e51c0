"""Fisher: how much the loss would change without each single channel."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from eznas.errors import EznasError
from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.layers import LayerKind, LayerWatcher
from eznas.proxies.hand_made.probe import Probe


class Fisher(HandMadeProxy):
    """The Fisher information of the channels that linear maps give, summed over channels and layers.

    Of a channel with activations a and their gradient g, summed over its places: 1/2N sum_n (sum_places a g)^2.
    """

    name: ClassVar[str] = "fisher"
    meaning: ClassVar[str] = "sum over channels of the Fisher information of their activations"
    source: ClassVar[str] = (
        "J. Turner, E. J. Crowley, M. O'Boyle, A. Storkey, G. Gray. BlockSwap: Fisher-Guided Block Substitution for "
        "Network Compression on a Budget. ICLR 2020; as a proxy M. S. Abdelfattah et al., ICLR 2021"
    )
    images = 64

    def measure(self, probe: Probe) -> float:
        """Return the sum of the information."""
        watcher = _Channels()
        loss = probe.loss(probe.forward(watcher=watcher))
        if not watcher.edges:
            raise EznasError("The network runs no convolution and no linear layer, and Fisher information is of those.")
        gradients = torch.autograd.grad(loss, watcher.edges, allow_unused=True)
        return sum(
            _information(values, gradient)
            for values, gradient in zip(watcher.values, gradients, strict=True)
            if gradient is not None
        )


class _Channels(LayerWatcher):
    """Keeps what linear maps give: the values at that moment, and where their gradient will be."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[Tensor] = []
        self.edges: list[torch.autograd.graph.GradientEdge] = []

    def after(self, kind: LayerKind, function: object, output: Tensor) -> None:  # noqa: ARG002
        if kind is LayerKind.LINEAR_MAP and output.requires_grad:
            # Cloned, because a later layer may work in place.
            self.values.append(output.detach().clone())
            self.edges.append(torch.autograd.graph.get_gradient_edge(output))


def _information(values: Tensor, gradient: Tensor) -> float:
    """Return the information of the channels of (batch, channels, places...); features lie last without places."""
    products = values * gradient
    by_channel = products.flatten(2).sum(2) if products.dim() > 3 else products.reshape(-1, products.shape[-1])
    return float(by_channel.square().mean(0).sum()) / 2
