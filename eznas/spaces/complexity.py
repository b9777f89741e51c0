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

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

_ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.PReLU, nn.ELU, nn.LeakyReLU)


def parameters(module: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def flops(module: nn.Module, input_shape: tuple[int, ...]) -> int:
    """Return the FLOPs of one forward pass on an input of `input_shape`, for example (1, 3, 32, 32).

    A copy of the network is run on PyTorch's meta device, where tensors have shapes and no numbers: this takes
    milliseconds for any size, and leaves the weights and the batch statistics as they are.
    """
    total = 0

    def add(rule: Callable[[Any, Tensor, Tensor], int]) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def hook(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            nonlocal total
            total += rule(layer, inputs[0], output)

        return hook

    network = _on_meta_device(module).float().eval()
    for layer in network.modules():
        if isinstance(layer, (nn.BatchNorm2d, *_ACTIVATIONS)):
            # They keep the shape, and computing that on the meta device takes longer than all the rest.
            layer.forward = _same_shape  # type: ignore[method-assign, assignment]
        for kinds, rule in _RULES:
            if isinstance(layer, kinds):
                layer.register_forward_hook(add(rule))
    with torch.no_grad():
        network(torch.empty(input_shape, device="meta"))
    return total


def _on_meta_device(module: nn.Module) -> nn.Module:
    """Return a copy without numbers. Copying the numbers first would take longer than everything else together."""
    without_numbers: dict[int, Tensor] = {
        id(parameter): nn.Parameter(torch.empty_like(parameter, device="meta"), requires_grad=False)
        for parameter in module.parameters()
    }
    without_numbers.update((id(buffer), torch.empty_like(buffer, device="meta")) for buffer in module.buffers())
    return copy.deepcopy(module, without_numbers)


def _same_shape(inputs: Tensor) -> Tensor:
    return inputs


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


_RULES: tuple[tuple[tuple[type[nn.Module], ...], Callable[[Any, Tensor, Tensor], int]], ...] = (
    ((nn.Conv2d,), _convolution),
    ((nn.Linear,), _linear),
    ((nn.BatchNorm2d,), _batch_norm),
    (_ACTIVATIONS, _activation),
    ((nn.AvgPool2d, nn.MaxPool2d), _pooling),
    ((nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d), _adaptive_pooling),
)
