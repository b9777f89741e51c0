"""The Jacobian of a network with respect to its images: one row for each image."""

from __future__ import annotations

import torch
from torch import Tensor

from eznas.errors import EznasError
from eznas.proxies.hand_made.probe import Probe


def jacobian(probe: Probe) -> Tensor:
    """Return the gradient of the summed output with respect to each image, float64 (batch, numbers of an image).

    Raises:
        EznasError: the output does not depend on the images, or there is one image only.
    """
    images = probe.images().detach().clone().requires_grad_()
    if len(images) < 2:
        raise EznasError("Jacobians of several images are compared, and there is one: give two images or more.")
    # A clone, because a network may change its input in place, which a leaf does not allow.
    output = probe.forward(images.clone())
    if not output.requires_grad:
        raise EznasError("The output of the network does not depend on its images: let forward use no detach().")
    (gradient,) = torch.autograd.grad(output.sum(), images)
    return gradient.flatten(1).double()
