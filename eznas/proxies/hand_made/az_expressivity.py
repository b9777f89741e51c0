"""AZ-NAS, expressivity: how evenly the features of blocks use their channels."""

from __future__ import annotations

from typing import ClassVar

from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.blocks import entropies
from eznas.proxies.hand_made.probe import Probe


class AZExpressivity(HandMadeProxy):
    """The entropies of the principal components of the blocks' features, summed."""

    name: ClassVar[str] = "az_expressivity"
    meaning: ClassVar[str] = "sum over blocks of the entropy of their features' principal components"
    source: ClassVar[str] = (
        "J. Lee, B. Ham. AZ-NAS: Assembling Zero-Cost Proxies for Network Architecture Search. CVPR 2024"
    )
    images = 64

    def measure(self, probe: Probe) -> float:
        """Return the sum of entropies."""
        return sum(entropies(probe))
