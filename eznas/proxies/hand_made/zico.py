"""ZiCo: how large and how steady gradients are from batch to batch."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor

from eznas.errors import EznasError
from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.probe import Probe


class ZiCo(HandMadeProxy):
    """sum_l log sum_w E|g_w| / std g_w: mean and deviation over two batches of the gradient of each weight."""

    name: ClassVar[str] = "zico"
    meaning: ClassVar[str] = "sum over layers of log sum of mean |gradient| over its deviation between two batches"
    source: ClassVar[str] = (
        "G. Li, Y. Yang, K. Bhardwaj, R. Marculescu. ZiCo: Zero-shot NAS via Inverse Coefficient of Variation on "
        "Gradients. ICLR 2023"
    )
    images = 128  # two batches of 64

    def measure(self, probe: Probe) -> float:
        """Return the score; NaN where a gradient is not finite.

        Raises:
            EznasError: there are fewer images than batches.
        """
        images = probe.images()
        half = len(images) // 2
        if half == 0:
            raise EznasError("ZiCo compares the gradients of two batches, and there is one image: give two or more.")
        gradients = [self._gradients(probe, slice(start, start + half)) for start in (0, half)]
        total = 0.0
        for name in gradients[0]:
            values = torch.stack([one[name].flatten() for one in gradients])
            if not values.isfinite().all():
                return math.nan
            deviation = values.std(0, correction=0)
            varying = deviation > 0
            inverse_variation = float((values.abs().mean(0)[varying] / deviation[varying]).sum())
            total += math.log(inverse_variation) if inverse_variation > 0 else 0.0
        return total

    @staticmethod
    def _gradients(probe: Probe, part: slice) -> dict[str, Tensor]:
        output = probe.forward(probe.images()[part])
        targets = probe.given_targets
        return probe.gradients_of(probe.loss(output, None if targets is None else targets[part]))
