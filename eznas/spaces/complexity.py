"""Parameters and FLOPs of a network, counted as the tables of NAS-Bench-Suite-Zero count them.

The convention is torchstat's (the counter in Microsoft's tensorwatch, which the suite used), for one image and one
forward pass: a multiplication with its addition is one FLOP.

- Conv2d: kernel_h * kernel_w * channels_in / groups for each output number, and one more with a bias
- Linear: inputs * outputs, its bias not counted
- BatchNorm2d: two for each number if affine, else one
- ReLU and its kind: one for each number
- average and max pooling: kernel_h * kernel_w for each output number
- adaptive pooling: (window_h + 1) * (window_w + 1) for each output number, one row and column more than are read

Sums, reshapes and everything else count nothing. With these rules the `params` and `flops` columns for all 9,445
networks of NAS-Bench-201 (32x32 pixels, 10 classes) come out exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from eznas.spaces.skeleton import ShapesAlone, skeleton

_ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.PReLU, nn.ELU, nn.LeakyReLU)


def parameters(module: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def flops(module: nn.Module, input_shape: tuple[int, ...]) -> int:
    """Return the FLOPs of one forward pass on an input of `input_shape`, for example (1, 3, 32, 32).

    The shapes that the counts follow from run through the network's skeleton, which takes a few milliseconds for any
    size, and leaves the weights and the batch statistics as they are.
    """
    total = 0

    def counting(layer: nn.Module, rule: _Rule) -> Callable[[Tensor], Tensor]:
        forward = layer.forward

        def counted(inputs: Tensor) -> Tensor:
            nonlocal total
            output: Tensor = forward(inputs)
            total += rule(layer, inputs, output)
            return output

        return counted

    network = skeleton(module)
    for layer in network.modules():
        if (rule := _rule_of(type(layer))) is not None:
            # Past `nn.Module.__setattr__`, which would look for parameters and modules.
            vars(layer)["forward"] = counting(layer, rule)
    with torch.no_grad(), ShapesAlone():
        network(torch.empty(input_shape, device="meta"))
    return total


_Rule: TypeAlias = Callable[[Any, Tensor, Tensor], int]


def _convolution(layer: nn.Conv2d, _inputs: Tensor, output: Tensor) -> int:
    weights_per_output = math.prod(layer.kernel_size) * layer.in_channels // layer.groups
    return output.numel() * (weights_per_output + (layer.bias is not None))


def _linear(layer: nn.Linear, _inputs: Tensor, output: Tensor) -> int:
    return output.numel() * layer.in_features


def _batch_norm(layer: nn.BatchNorm2d, inputs: Tensor, _output: Tensor) -> int:
    return inputs.numel() * (2 if layer.affine else 1)


def _activation(_layer: nn.Module, inputs: Tensor, _output: Tensor) -> int:
    return inputs.numel()


def _pooling(layer: nn.AvgPool2d | nn.MaxPool2d, _inputs: Tensor, output: Tensor) -> int:
    kernel = layer.kernel_size
    return output.numel() * (kernel * kernel if isinstance(kernel, int) else math.prod(kernel))


def _adaptive_pooling(_layer: nn.Module, inputs: Tensor, output: Tensor) -> int:
    sides = [
        [math.ceil((i + 1) * size_in / size_out) - i * size_in // size_out + 1 for i in range(size_out)]
        for size_in, size_out in zip(inputs.shape[-2:], output.shape[-2:], strict=True)
    ]
    return math.prod(inputs.shape[:-2]) * sum(sides[0]) * sum(sides[1])


_RULES: tuple[tuple[tuple[type[nn.Module], ...], _Rule], ...] = (
    ((nn.Conv2d,), _convolution),
    ((nn.Linear,), _linear),
    ((nn.BatchNorm2d,), _batch_norm),
    (_ACTIVATIONS, _activation),
    ((nn.AvgPool2d, nn.MaxPool2d), _pooling),
    ((nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d), _adaptive_pooling),
)


def _rule_of(kind: type[nn.Module]) -> _Rule | None:
    return next((rule for kinds, rule in _RULES if issubclass(kind, kinds)), None)
