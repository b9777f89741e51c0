"""The number of parameters: simple, and hard to beat."""

from __future__ import annotations

from typing import ClassVar

from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.probe import Probe
from eznas.spaces import complexity
from eznas.spaces.base import Size


class Params(HandMadeProxy):
    """Number of trainable parameters."""

    name: ClassVar[str] = "params"
    meaning: ClassVar[str] = "number of trainable parameters"
    source: ClassVar[str] = "common practice"
    is_baseline: ClassVar[bool] = True
    reads_weights: ClassVar[bool] = False

    def measure(self, probe: Probe) -> float:
        """Return the number of parameters."""
        return float(complexity.parameters(probe.network))

    def of_size(self, size: Size) -> float:
        """Return the number of parameters."""
        return float(size.params)
