"""NASWOT: how differently a network's activations switch for different images."""

from __future__ import annotations

from typing import ClassVar

import torch

from eznas.errors import EznasError
from eznas.proxies.hand_made.activation_codes import ActivationCodes
from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.probe import Probe


class NASWOT(HandMadeProxy):
    """log |K|, where K counts for each pair of images the activations that are both on or both off."""

    name: ClassVar[str] = "naswot"
    meaning: ClassVar[str] = "log determinant of the agreement between the activation codes of images"
    source: ClassVar[str] = (
        "J. Mellor, J. Turner, A. Storkey, E. J. Crowley. Neural Architecture Search without Training. ICML 2021"
    )
    images = 128

    def measure(self, probe: Probe) -> float:
        """Return the log determinant; minus infinity where two images switch all activations alike.

        Raises:
            EznasError: the network has no activation.
        """
        watcher = ActivationCodes()
        with torch.no_grad():
            probe.forward(watcher=watcher)
        if not watcher.codes:
            raise EznasError("The network runs no activation such as ReLU, and NASWOT compares where those are on.")
        # With codes of +1 and -1, c . d is the number of agreements less that of disagreements.
        products = torch.zeros(())
        places = 0
        for code in watcher.codes:
            signs = code.float() * 2 - 1
            products = products.to(signs) + signs @ signs.T
            places += signs.shape[1]
        return float(torch.linalg.slogdet((products.double() + places) / 2)[1])
