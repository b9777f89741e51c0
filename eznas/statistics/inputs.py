"""What goes into the three passes: the images, and the network's fresh weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from eznas.errors import EznasError

PERTURBATION = 0.01 * 0.5
"""Standard deviation of what the third pass adds to the images. Source: EZNAS, reference code."""

_INPUTS_STREAM, _WEIGHTS_STREAM = 0, 1


class Inputs(NamedTuple):
    """The images of the three passes, float32[batch, 3, height, width] each."""

    data: Tensor
    noise: Tensor
    perturbed: Tensor


def make_inputs(images: Tensor, seed: int) -> Inputs:
    """Return the inputs of the three passes: the images, normal noise of their shape, the images plus a little noise.

    Args:
        images: float32[batch, channels, height, width], normalised as for training.
        seed: decides both kinds of noise; the global random state is neither read nor changed.

    Raises:
        EznasError: the images have another type or number of axes.
    """
    if images.dim() != 4 or images.dtype != torch.float32 or images.numel() == 0:
        raise EznasError(
            f"The images are a {images.dtype} tensor of shape {tuple(images.shape)}: "
            "give torch.float32 of shape (batch, channels, height, width) with at least one element."
        )
    data = images.detach().cpu()
    generator = _generator(seed, _INPUTS_STREAM)
    noise = torch.empty_like(data, memory_format=torch.contiguous_format).normal_(generator=generator)
    perturbation = torch.empty_like(noise).normal_(generator=generator)
    return Inputs(data, noise, data + PERTURBATION * perturbation)


@torch.no_grad()
def initialise(network: nn.Module, seed: int) -> None:
    """Give the network fresh weights in place, from `seed` alone.

    Conv2d: Kaiming normal (fan out, ReLU), zero bias. BatchNorm: weight 1, bias 0, fresh running statistics.
    Linear: normal(0, 0.01), zero bias. Parameters of other modules keep the values that they have.

    Args:
        network: its modules are visited in the order of `network.modules()`; it may be on any device.
        seed: the only source of randomness; the global random state is neither read nor changed.
    """
    generator = _generator(seed, _WEIGHTS_STREAM)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            weight = _float32_like(module.weight)
            nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu", generator=generator)
        elif isinstance(module, nn.Linear):
            weight = _float32_like(module.weight).normal_(0.0, 0.01, generator=generator)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.reset_parameters()
            continue
        else:
            continue
        module.weight.copy_(weight)
        if module.bias is not None:
            module.bias.zero_()


def _float32_like(weight: Tensor) -> Tensor:
    # Drawn on the CPU in this form, so that neither the device nor the memory format of a weight changes its numbers.
    return torch.empty(weight.shape, dtype=torch.float32, device="cpu")


def _generator(seed: int, stream: int) -> torch.Generator:
    # Separate streams: one seed for weights and images must not make the noise repeat the first weights.
    (state,) = np.random.SeedSequence([seed, stream]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state))
