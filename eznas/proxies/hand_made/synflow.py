"""SynFlow: how much flows through a network, whatever the data."""

from __future__ import annotations

import math
from typing import ClassVar

import torch

from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.layers import LayerKind, LayerWatcher
from eznas.proxies.hand_made.probe import Probe


class SynFlow(HandMadeProxy):
    """The synaptic saliencies of all weights, summed: sum dR/dw * w, R the summed output of the network on ones.

    All parameters are their absolute values, and normalisations are left out, so that nothing is lost between layers.
    Computed in double precision, and given as its logarithm, which ranks alike and does not overflow.
    """

    name: ClassVar[str] = "synflow"
    meaning: ClassVar[str] = "logarithm of the sum over weights of their synaptic saliency"
    source: ClassVar[str] = (
        "H. Tanaka, D. Kunin, D. L. K. Yamins, S. Ganguli. Pruning Neural Networks without Any Data by Iteratively "
        "Conserving Synaptic Flow. NeurIPS 2020; as a proxy M. S. Abdelfattah et al., ICLR 2021"
    )

    def measure(self, probe: Probe) -> float:
        """Return the logarithm of the sum; minus infinity where nothing flows."""
        ones = torch.ones_like(probe.images()[:1], dtype=torch.float64)
        positive = {
            name: parameter.detach().abs().to(torch.float64).requires_grad_()
            for name, parameter in probe.parameters.items()
        }
        output = probe.forward(ones, parameters=positive, training=False, watcher=_WithoutNormalisation())
        weights = [positive[name] for name in probe.weights]
        gradients = torch.autograd.grad(output.sum(), weights, allow_unused=True) if output.requires_grad else ()
        flow = sum(
            float((weight.detach() * gradient).sum())
            for weight, gradient in zip(weights, gradients, strict=False)
            if gradient is not None
        )
        return math.log(flow) if flow > 0 else -math.inf


class _WithoutNormalisation(LayerWatcher):
    def skips(self, kind: LayerKind) -> bool:
        return kind is LayerKind.NORMALISATION
