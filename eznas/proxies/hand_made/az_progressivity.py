"""AZ-NAS, progressivity: whether every block widens what the features can express."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.blocks import entropies
from eznas.proxies.hand_made.probe import Probe


class AZProgressivity(HandMadeProxy):
    """The least gain in the entropy of the features' principal components from one block to the next."""

    name: ClassVar[str] = "az_progressivity"
    meaning: ClassVar[str] = "least gain in the entropy of features from block to block"
    source: ClassVar[str] = (
        "J. Lee, B. Ham. AZ-NAS: Assembling Zero-Cost Proxies for Network Architecture Search. CVPR 2024"
    )
    images = 64

    def measure(self, probe: Probe) -> float:
        """Return the least gain."""
        return min(after - before for before, after in pairwise(entropies(probe)))
