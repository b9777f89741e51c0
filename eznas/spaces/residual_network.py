"""The networks of the standard NDS families: a stem, stages of equal blocks, and a classifier.

Blocks are those of pycls: a BatchNorm after each convolution, a projected shortcut where the shape changes, and a ReLU
after the addition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class Stage:
    """One stage: `depth` blocks of `width` channels; `inner` and `groups` are those of a bottleneck."""

    depth: int
    width: int
    stride: int
    ratio: float = 1.0
    groups: int = 1

    @property
    def inner(self) -> int:
        """Channels of a bottleneck's 3x3 convolution."""
        return round(self.width * self.ratio)


class ResidualNetwork(nn.Module):
    """Stem and stages, then global average pooling and a classifier."""

    def __init__(self, stages: Sequence[Stage], block: str, num_classes: int) -> None:
        super().__init__()
        stem, *others = stages
        channels = 3
        layers: list[nn.Module] = []
        for index in range(stem.depth):
            layers.append(_conv_bn_relu(channels, stem.width, 3, stem.stride if index == 0 else 1))
            channels = stem.width
        for stage in others:
            for index in range(stage.depth):
                layers.append(_block(block, channels, stage, stage.stride if index == 0 else 1))
                channels = stage.width
        self.layers = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classifier = nn.Linear(channels, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (batch, num_classes) for images (batch, 3, height, width)."""
        logits: Tensor = self.classifier(self.head(self.layers(images)))
        return logits


class ResidualBlock(nn.Module):
    """ReLU of shortcut plus body; the shortcut is a 1x1 convolution and BatchNorm where the shape changes."""

    def __init__(self, body: nn.Module, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.shortcut: nn.Module = nn.Identity()
        if channels_in != channels_out or stride != 1:
            self.shortcut = _conv_bn(channels_in, channels_out, 1, stride)
        self.body = body
        self.relu = nn.ReLU()

    def forward(self, inputs: Tensor) -> Tensor:
        """Return (batch, channels_out, ceil(height / stride), ceil(width / stride))."""
        output: Tensor = self.relu(self.shortcut(inputs) + self.body(inputs))
        return output


def _block(name: str, channels: int, stage: Stage, stride: int) -> nn.Module:
    if name == "double_plain_block":
        return nn.Sequential(
            _conv_bn_relu(channels, stage.width, 3, stride), _conv_bn_relu(stage.width, stage.width, 3)
        )
    if name == "res_basic_block":
        body = nn.Sequential(_conv_bn_relu(channels, stage.width, 3, stride), _conv_bn(stage.width, stage.width, 3))
    else:
        body = nn.Sequential(
            _conv_bn_relu(channels, stage.inner, 1),
            _conv_bn_relu(stage.inner, stage.inner, 3, stride, stage.groups),
            _conv_bn(stage.inner, stage.width, 1),
        )
    return ResidualBlock(body, channels, stage.width, stride)


def _conv_bn(channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(
        channels_in, channels_out, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False
    )
    return nn.Sequential(convolution, nn.BatchNorm2d(channels_out))


def _conv_bn_relu(channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(*_conv_bn(channels_in, channels_out, kernel, stride, groups), nn.ReLU())
