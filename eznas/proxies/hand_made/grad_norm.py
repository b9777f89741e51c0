"""The norm of the gradient at initialisation."""

from __future__ import annotations

from typing import ClassVar

from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.probe import Probe


class GradNorm(HandMadeProxy):
    """The Euclidean norms of the loss's gradient, summed over weights: sum_l ||dL/dW_l||."""

    name: ClassVar[str] = "grad_norm"
    meaning: ClassVar[str] = "sum over weights of the norm of the loss's gradient"
    source: ClassVar[str] = (
        "M. S. Abdelfattah, A. Mehrotra, Ł. Dudziak, N. D. Lane. Zero-Cost Proxies for Lightweight NAS. ICLR 2021"
    )
    images = 64

    def measure(self, probe: Probe) -> float:
        """Return the sum of norms."""
        return sum(float(gradient.norm()) for gradient in probe.loss_gradients().values())
