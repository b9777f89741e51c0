"""SNIP: how much the loss would change without each single weight."""

from __future__ import annotations

from typing import ClassVar

from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.probe import Probe


class SNIP(HandMadeProxy):
    """The connection sensitivities of all weights, summed: sum |dL/dw * w|."""

    name: ClassVar[str] = "snip"
    meaning: ClassVar[str] = "sum over weights of |gradient of the loss times weight|"
    source: ClassVar[str] = (
        "N. Lee, T. Ajanthan, P. H. S. Torr. SNIP: Single-Shot Network Pruning Based on Connection Sensitivity. "
        "ICLR 2019; as a proxy M. S. Abdelfattah et al., ICLR 2021"
    )
    images = 64

    def measure(self, probe: Probe) -> float:
        """Return the sum of sensitivities."""
        weights = probe.weights
        return sum(
            float((gradient * weights[name].detach()).abs().sum()) for name, gradient in probe.loss_gradients().items()
        )
