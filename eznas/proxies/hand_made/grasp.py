"""GraSP: how much the flow of gradients would lose without each single weight."""

from __future__ import annotations

from typing import ClassVar

import torch

from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.probe import Probe


class GraSP(HandMadeProxy):
    """Minus weight times Hessian times gradient, summed over weights: sum -w * (H g), with H g by a second backward."""

    name: ClassVar[str] = "grasp"
    meaning: ClassVar[str] = "sum over weights of -weight * (Hessian of the loss times its gradient)"
    source: ClassVar[str] = (
        "C. Wang, G. Zhang, R. Grosse. Picking Winning Tickets Before Training by Preserving Gradient Flow. ICLR 2020; "
        "as a proxy M. S. Abdelfattah et al., ICLR 2021"
    )
    images = 64

    def measure(self, probe: Probe) -> float:
        """Return the sum of products."""
        gradients = probe.loss_gradients(create_graph=True)
        # The gradient of g . c with respect to w is H c: c is the gradient's own value, held constant.
        flow = torch.stack([(gradient * gradient.detach()).sum() for gradient in gradients.values()]).sum()
        weights = probe.weights
        products = probe.gradients_of(flow)
        return -sum(float((weights[name].detach() * product).sum()) for name, product in products.items())
