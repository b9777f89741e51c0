"""Plain: the loss's gradient times the weight, signs kept."""

from __future__ import annotations

from typing import ClassVar

from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.probe import Probe


class Plain(HandMadeProxy):
    """The gradient of the loss times the weight, summed with its sign: sum dL/dw * w."""

    name: ClassVar[str] = "plain"
    meaning: ClassVar[str] = "sum over weights of gradient of the loss times weight"
    source: ClassVar[str] = (
        "M. C. Mozer, P. Smolensky. Skeletonization: A Technique for Trimming the Fat from a Network via Relevance "
        "Assessment. NIPS 1988; as a proxy M. S. Abdelfattah et al., ICLR 2021"
    )
    images = 64

    def measure(self, probe: Probe) -> float:
        """Return the sum of products."""
        weights = probe.weights
        return sum(
            float((gradient * weights[name].detach()).sum()) for name, gradient in probe.loss_gradients().items()
        )
