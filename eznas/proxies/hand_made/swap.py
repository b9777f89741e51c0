"""SWAP: how many different patterns a network's activations show over a sample of images."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch

from eznas.errors import EznasError
from eznas.proxies.hand_made.activation_codes import ActivationCodes
from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.probe import Probe


class SWAP(HandMadeProxy):
    """The number of distinct sample-wise activation patterns: of one activation, for which images it is on."""

    name: ClassVar[str] = "swap"
    meaning: ClassVar[str] = "number of distinct sample-wise activation patterns"
    source: ClassVar[str] = (
        "Y. Peng, A. Song, H. M. Fayek, V. Ciesielski, X. Chang. SWAP-NAS: Sample-Wise Activation Patterns for "
        "Ultra-Fast NAS. ICLR 2024"
    )
    images = 32

    def measure(self, probe: Probe) -> float:
        """Return the number of patterns.

        Raises:
            EznasError: the network has no activation.
        """
        watcher = ActivationCodes()
        with torch.no_grad():
            probe.forward(watcher=watcher)
        if not watcher.codes:
            raise EznasError("The network runs no activation such as ReLU, and SWAP counts the patterns of those.")
        patterns = torch.cat(watcher.codes, dim=1).T.cpu().numpy()
        # A pattern of up to 64 images is one number, whose distinct values are quickly counted.
        packed = np.packbits(patterns, axis=1)
        words = np.zeros((len(packed), -(-packed.shape[1] // 8) * 8), np.uint8)
        words[:, : packed.shape[1]] = packed
        return float(len(np.unique(words.view(np.uint64), axis=0 if words.shape[1] > 8 else None)))
