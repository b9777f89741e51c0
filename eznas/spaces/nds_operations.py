"""The operations on the edges of the NDS cells, as layers of equal input and output channels.

Facts are those of the DARTS code that NDS trained its cells with (Radosavovic et al., ICCV 2019; pycls): every
convolution is preceded by a ReLU and followed by one BatchNorm, pools have no BatchNorm, and all convolutions are
without bias. `conv_7x1_1x7` and `conv_3x1_1x3` run the horizontal kernel first, whatever their names say.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def relu_conv_bn(
    channels_in: int, channels_out: int, kernel: int = 1, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Return ReLU, a convolution that keeps the size (apart from `stride`), and BatchNorm."""
    convolution = nn.Conv2d(
        channels_in, channels_out, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False
    )
    return nn.Sequential(nn.ReLU(), convolution, nn.BatchNorm2d(channels_out))


def rectangular_conv(channels: int, stride: int, kernel: int) -> nn.Sequential:
    """Return ReLU, a 1 x kernel and a kernel x 1 convolution that share the stride between them, and BatchNorm."""
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(channels, channels, (1, kernel), stride=(1, stride), padding=(0, kernel // 2), bias=False),
        nn.Conv2d(channels, channels, (kernel, 1), stride=(stride, 1), padding=(kernel // 2, 0), bias=False),
        nn.BatchNorm2d(channels),
    )


def separable_conv(channels: int, stride: int, kernel: int, dilation: int, repeats: int) -> nn.Sequential:
    """Return `repeats` times ReLU, depthwise convolution, 1x1 convolution, BatchNorm; only the first has the stride."""
    layers: list[nn.Module] = []
    for repeat in range(repeats):
        depthwise = nn.Conv2d(
            channels,
            channels,
            kernel,
            stride=stride if repeat == 0 else 1,
            padding=dilation * (kernel - 1) // 2,
            dilation=dilation,
            groups=channels,
            bias=False,
        )
        layers += [nn.ReLU(), depthwise, nn.Conv2d(channels, channels, 1, bias=False), nn.BatchNorm2d(channels)]
    return nn.Sequential(*layers)


class FactorizedReduce(nn.Module):
    """Halve the resolution with two 1x1 convolutions of stride 2, the second one pixel further down and right.

    Maps (batch, channels_in, h, w) to (batch, channels_out, ceil(h / 2), ceil(w / 2)).
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.even = nn.Conv2d(channels_in, channels_out // 2, 1, stride=2, bias=False)
        self.odd = nn.Conv2d(channels_in, channels_out - channels_out // 2, 1, stride=2, bias=False)
        # The zero row and column give odd sizes as many shifted positions as unshifted ones.
        self.pad = nn.ZeroPad2d((0, 1, 0, 1))
        self.norm = nn.BatchNorm2d(channels_out)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the halved map; channels of the unshifted convolution come first."""
        positive = self.relu(inputs)
        halves = [self.even(positive), self.odd(self.pad(positive)[:, :, 1:, 1:])]
        output: Tensor = self.norm(torch.cat(halves, dim=1))
        return output


class Zero(nn.Module):
    """The operation `none`: zeros of the shape that another operation of this stride would give."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, inputs: Tensor) -> Tensor:
        """Return zeros that no gradient flows through."""
        return torch.zeros_like(inputs[:, :, :: self.stride, :: self.stride])


def _skip(channels: int, stride: int) -> nn.Module:
    return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels)


def _average_pool(stride: int) -> nn.Module:
    return nn.AvgPool2d(3, stride=stride, padding=1, count_include_pad=False)


def _max_pool(stride: int, kernel: int) -> nn.Module:
    return nn.MaxPool2d(kernel, stride=stride, padding=kernel // 2)


# By name: the function from (channels, stride) to the layer.
OPERATIONS: dict[str, Callable[[int, int], nn.Module]] = {
    "none": lambda _channels, stride: Zero(stride),
    "skip_connect": _skip,
    "avg_pool_3x3": lambda _channels, stride: _average_pool(stride),
    "max_pool_3x3": lambda _channels, stride: _max_pool(stride, 3),
    "max_pool_5x5": lambda _channels, stride: _max_pool(stride, 5),
    "max_pool_7x7": lambda _channels, stride: _max_pool(stride, 7),
    "conv_1x1": lambda channels, stride: relu_conv_bn(channels, channels, 1, stride),
    "conv_3x3": lambda channels, stride: relu_conv_bn(channels, channels, 3, stride),
    "conv_3x1_1x3": lambda channels, stride: rectangular_conv(channels, stride, 3),
    "conv_7x1_1x7": lambda channels, stride: rectangular_conv(channels, stride, 7),
    "sep_conv_3x3": lambda channels, stride: separable_conv(channels, stride, 3, dilation=1, repeats=2),
    "sep_conv_5x5": lambda channels, stride: separable_conv(channels, stride, 5, dilation=1, repeats=2),
    "sep_conv_7x7": lambda channels, stride: separable_conv(channels, stride, 7, dilation=1, repeats=2),
    "dil_conv_3x3": lambda channels, stride: separable_conv(channels, stride, 3, dilation=2, repeats=1),
    "dil_conv_5x5": lambda channels, stride: separable_conv(channels, stride, 5, dilation=2, repeats=1),
    "dil_sep_conv_3x3": lambda channels, stride: separable_conv(channels, stride, 3, dilation=2, repeats=2),
}
