"""The norm of the weights: a baseline that never runs the network."""

from __future__ import annotations

from typing import ClassVar

from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.probe import Probe


class L2Norm(HandMadeProxy):
    """The Euclidean norms of the weights, summed: sum_l ||W_l||."""

    name: ClassVar[str] = "l2_norm"
    meaning: ClassVar[str] = "sum over weights of their norm"
    source: ClassVar[str] = (
        "M. S. Abdelfattah, A. Mehrotra, Ł. Dudziak, N. D. Lane. Zero-Cost Proxies for Lightweight NAS. ICLR 2021"
    )

    def measure(self, probe: Probe) -> float:
        """Return the sum of norms."""
        return sum(float(weight.detach().norm()) for weight in probe.weights.values())
