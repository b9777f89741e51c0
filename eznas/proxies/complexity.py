"""The size of a network as a score: simple, and hard to beat."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from eznas.proxies.hand_made import HandMadeProxy
from eznas.spaces import complexity


class Params(HandMadeProxy):
    """Number of trainable parameters."""

    name: ClassVar[str] = "params"
    meaning: ClassVar[str] = "number of trainable parameters"
    source: ClassVar[str] = "common practice"
    changes_network: ClassVar[bool] = False

    def score(self, network: nn.Module, images: Tensor) -> float:  # noqa: ARG002
        """Return the number of parameters."""
        return float(complexity.parameters(network))


class Flops(HandMadeProxy):
    """FLOPs of one image, counted as NAS-Bench-Suite-Zero does."""

    name: ClassVar[str] = "flops"
    meaning: ClassVar[str] = "FLOPs of one image"
    source: ClassVar[str] = "common practice"
    changes_network: ClassVar[bool] = False

    def score(self, network: nn.Module, images: Tensor) -> float:
        """Return the FLOPs of one image of this size."""
        return float(complexity.flops(network, (1, *images.shape[1:])))
