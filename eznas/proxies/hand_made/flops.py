"""FLOPs by the rules of the published tables: exact for them, and for convolutional networks much like them."""

from __future__ import annotations

from typing import ClassVar

from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.probe import Probe
from eznas.spaces import complexity
from eznas.spaces.base import Size


class Flops(HandMadeProxy):
    """FLOPs of one image, counted as NAS-Bench-Suite-Zero does: by module, so that what functions do is not counted.

    `torch_flops` is the one to take for networks with attention, transposed or functional layers.
    """

    name: ClassVar[str] = "flops"
    meaning: ClassVar[str] = "FLOPs of one image, counted by module as torchstat does"
    source: ClassVar[str] = "common practice"
    is_baseline: ClassVar[bool] = True
    reads_weights: ClassVar[bool] = False

    def measure(self, probe: Probe) -> float:
        """Return the FLOPs of one image of this size."""
        probe.check_layers()
        return float(complexity.flops(probe.network, (1, *probe.images().shape[1:])))

    def of_size(self, size: Size) -> float:
        """Return the FLOPs of one image."""
        return float(size.flops)
