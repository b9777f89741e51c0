"""AZ-NAS, trainability: whether gradients keep their size on their way through each block."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import Tensor

from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.blocks import Features, block_features, rows_of
from eznas.proxies.hand_made.probe import Probe


class AZTrainability(HandMadeProxy):
    """The mean over blocks of 2 - s - 1/s, where s is the spectral norm of a block's Jacobian; it is best at s = 1.

    The Jacobian between channels is estimated from random signs sent backwards: the mean of the products of the
    gradients at both ends. A block that halves the resolution folds the places of its input into channels.
    """

    name: ClassVar[str] = "az_trainability"
    meaning: ClassVar[str] = "how close the spectral norms of the blocks' Jacobians are to one"
    source: ClassVar[str] = (
        "J. Lee, B. Ham. AZ-NAS: Assembling Zero-Cost Proxies for Network Architecture Search. CVPR 2024"
    )
    images = 64

    def measure(self, probe: Probe) -> float:
        """Return the mean; minus infinity where a block does nothing."""
        features = block_features(probe)
        # From the last block backwards, as gradients flow.
        scores = [self._score(probe, before, after) for before, after in reversed(list(pairwise(features)))]
        kept = [score for score in scores if score is not None]
        return sum(kept) / len(kept) if kept else math.nan

    @staticmethod
    def _score(probe: Probe, before: Features, after: Features) -> float | None:
        if before.edge is None or not after.values.requires_grad:
            return -math.inf
        signs = probe.normal(after.values.detach()).sign()
        (gradient,) = torch.autograd.grad(after.values, before.edge, signs, retain_graph=True, allow_unused=True)
        if gradient is None:
            return None  # not one after the other
        if gradient.shape == signs.shape and torch.equal(gradient, signs):
            return -math.inf  # it passes on what it gets
        if _is_reduced(gradient, signs):
            gradient = F.pixel_unshuffle(gradient, gradient.shape[-1] // signs.shape[-1])
        at_input, at_output = rows_of(gradient), rows_of(signs)
        if len(at_input) != len(at_output):
            return None
        largest = float(torch.linalg.matrix_norm((at_input.T @ at_output).double() / len(at_output), ord=2))
        return 2 - largest - 1 / (largest + 1e-6)


def _is_reduced(before: Tensor, after: Tensor) -> bool:
    """Return whether a block made images smaller by a whole number; a head, or one that made them larger, did not."""
    if not before.dim() == after.dim() == 4 or before.shape[2:] == after.shape[2:]:
        return False
    factor = before.shape[-1] // after.shape[-1]
    return tuple(before.shape[2:]) == tuple(factor * size for size in after.shape[2:])
