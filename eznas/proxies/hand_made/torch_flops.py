"""FLOPs as PyTorch counts them: every matrix product and convolution that runs, whatever calls it."""

from __future__ import annotations

from typing import ClassVar

from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.probe import Probe


class TorchFlops(HandMadeProxy):
    """FLOPs of a forward pass by PyTorch's `FlopCounterMode`: a multiplication with its addition counts as two.

    It sees attention and functional calls, which `flops` does not, and counts neither normalisations nor activations.
    """

    name: ClassVar[str] = "torch_flops"
    meaning: ClassVar[str] = "FLOPs of a forward pass, counted by operation as PyTorch does"
    source: ClassVar[str] = "PyTorch, torch.utils.flop_counter"
    reads_weights: ClassVar[bool] = False

    def measure(self, probe: Probe) -> float:
        """Return the FLOPs of the inputs."""
        # The counter knows the matrix products that attention is made of, but not every fused kernel for it.
        with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            probe.forward(training=False)
        return float(counter.get_total_flops())
