"""The size space of NATS-Bench (Dong et al., TPAMI 2021): one cell, 32,768 choices of five channel counts.

The skeleton is NAS-Bench-201's with one cell a stage. `64:64:64:64:64` lists the output channels of the five layers in
order: first cell (and stem), first residual block, second cell, second residual block, third cell.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor, nn

from eznas.errors import EznasError
from eznas.spaces.base import Space
from eznas.spaces.nasbench201 import ResidualBlock
from eznas.spaces.nds_operations import relu_conv_bn
from eznas.spaces.one_change import one_changed

CHANNELS = (8, 16, 24, 32, 40, 48, 56, 64)
LAYERS = 5


@dataclass(frozen=True)
class NATSSize(Space):
    """The size space of NATS-Bench."""

    name: ClassVar[str] = "natsbench-size"

    def build(self, architecture: str, num_classes: int, image_size: int) -> nn.Module:
        """Return the network of `architecture`; it works for any `image_size` from 8 that can be halved twice."""
        if image_size < 8 or image_size % 4:
            raise EznasError(
                f"Images of {image_size} pixels do not fit the NATS-Bench size space: give a multiple of 4, 8 or more."
            )
        return SizeNetwork(channels_of(architecture), num_classes)

    def random(self, rng: np.random.Generator) -> str:
        """Return one of the 32,768 architectures, each equally likely."""
        return ":".join(str(CHANNELS[i]) for i in rng.integers(len(CHANNELS), size=LAYERS))

    def neighbours(self, architecture: str) -> list[str]:
        """Return the architectures of which one layer has another channel count."""
        return [":".join(map(str, one)) for one in one_changed(channels_of(architecture), lambda _: CHANNELS)]

    def check(self, architecture: str) -> str:
        """Return the text of `architecture` without spaces."""
        return ":".join(map(str, channels_of(architecture)))


def channels_of(architecture: str) -> tuple[int, ...]:
    """Return the five channel counts of `architecture`, or raise an EznasError that names the text."""
    allowed = {str(channels): channels for channels in CHANNELS}
    parts = [part.strip() for part in architecture.split(":")]
    if len(parts) != LAYERS or not all(part in allowed for part in parts):
        raise EznasError(
            f"{architecture[:80]!r} is no architecture of the NATS-Bench size space: write {LAYERS} channel counts "
            f"from {', '.join(allowed)} with colons between, such as 8:16:32:48:64."
        )
    return tuple(allowed[part] for part in parts)


def all_architectures() -> Iterator[str]:
    """Yield the texts of all 32,768 architectures, the last count changing fastest."""
    return (":".join(map(str, channels)) for channels in itertools.product(CHANNELS, repeat=LAYERS))


class SizeNetwork(nn.Module):
    """Stem, then in turn a cell and a residual block of stride 2, ending with the third cell, and a classifier."""

    def __init__(self, channels: Sequence[int], num_classes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, channels[0], 3, padding=1, bias=False),
            nn.BatchNorm2d(channels[0]),
        )
        layers: list[nn.Module] = []
        before = channels[0]
        for index, after in enumerate(channels):
            layers.append(SizeCell(before, after) if index % 2 == 0 else ResidualBlock(before, after))
            before = after
        self.layers = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.BatchNorm2d(before), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classifier = nn.Linear(before, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (batch, num_classes) for images (batch, 3, height, width)."""
        logits: Tensor = self.classifier(self.head(self.layers(self.stem(images))))
        return logits


class SizeCell(nn.Module):
    """The fixed cell: 3x3 convolutions on five edges of a NAS-Bench-201 cell, a skip from the first to the last node.

    Edges that leave the input change the channel count; the skip then becomes a 1x1 convolution and BatchNorm, with
    no ReLU before it, as in the benchmark's code.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.edge_01 = relu_conv_bn(channels_in, channels_out, 3)
        self.edge_02 = relu_conv_bn(channels_in, channels_out, 3)
        self.edge_12 = relu_conv_bn(channels_out, channels_out, 3)
        self.edge_03: nn.Module = nn.Identity()
        if channels_in != channels_out:
            projection = nn.Conv2d(channels_in, channels_out, 1, bias=False)
            self.edge_03 = nn.Sequential(projection, nn.BatchNorm2d(channels_out))
        self.edge_13 = relu_conv_bn(channels_out, channels_out, 3)
        self.edge_23 = relu_conv_bn(channels_out, channels_out, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return (batch, channels_out, height, width)."""
        first = self.edge_01(inputs)
        second = self.edge_02(inputs) + self.edge_12(first)
        output: Tensor = self.edge_03(inputs) + self.edge_13(first) + self.edge_23(second)
        return output
