"""Densely connected blocks (DenseNet; Huang et al., CVPR 2017) of varying growth and length.

`8x3b/4x5c/16x2bc` lists growth x layers of each block. Every layer reads all channels before it in the block and adds
`growth` new ones; with `b` it has a 1x1 bottleneck of twice the growth first. A block begins with 2x2 average pooling
and ends with a 1x1 transition, which with `c` halves the channels. Layers are ReLU, convolution, BatchNorm in this
order, as in the other spaces here, where DenseNet has the BatchNorm first.
"""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from eznas.spaces.base import Space
from eznas.spaces.nds_operations import relu_conv_bn
from eznas.spaces.one_change import one_number_changed
from eznas.spaces.part_text import MAXIMUM_LAYERS, MAXIMUM_PARTS, MAXIMUM_WIDTH, PartText, hold_settings
from eznas.spaces.sequential_network import require_map, sequential_network

BOTTLENECK = 2


@dataclass(frozen=True)
class Block:
    """One densely connected block.

    Attributes:
        growth: channels that each layer adds.
        depth: number of layers.
        bottleneck: whether each layer has a 1x1 convolution first.
        compressed: whether the transition halves the channels.
    """

    growth: int
    depth: int
    bottleneck: bool
    compressed: bool

    def __str__(self) -> str:
        """Return the part of an architecture's text."""
        return f"{self.growth}x{self.depth}{'b' * self.bottleneck}{'c' * self.compressed}"


@dataclass(frozen=True)
class Dense(Space):
    """Densely connected networks.

    Attributes:
        blocks: number of blocks of a random architecture.
        growths: channels that a random block's layers may add.
        depths: numbers of layers that a random block may have.
        stem_width: channels of the stem.
    """

    blocks: int = 3
    growths: tuple[int, ...] = (2, 4, 8, 16)
    depths: tuple[int, ...] = (1, 2, 3, 4)
    stem_width: int = 8

    name: ClassVar[str] = "dense"
    text: ClassVar[PartText] = PartText(
        "dense",
        re.compile(r"(\d+)x(\d+)(b?)(c?)"),
        "growth x layers of each block, with b for a bottleneck and c for compression",
        "8x3b/4x5c/16x2bc",
    )

    def __post_init__(self) -> None:
        hold_settings(
            self,
            numbers={"blocks": MAXIMUM_PARTS, "stem_width": MAXIMUM_WIDTH},
            lists={"growths": MAXIMUM_WIDTH, "depths": MAXIMUM_LAYERS},
        )

    def build(self, architecture: str, num_classes: int, image_size: int) -> nn.Module:
        """Return the network of `architecture`, whose last map must be 2x2 or larger."""
        blocks = self.parse(architecture)
        require_map(self.name, image_size, len(blocks))
        layers: list[nn.Module] = []
        width = self.stem_width
        for block in blocks:
            layers.append(nn.AvgPool2d(2, ceil_mode=True))
            for _ in range(block.depth):
                layers.append(DenseLayer(width, block.growth, block.bottleneck))
                width += block.growth
            after = max(1, width // 2) if block.compressed else width
            layers.append(relu_conv_bn(width, after))
            width = after
        return sequential_network(layers, self.stem_width, width, num_classes)

    def random(self, rng: np.random.Generator) -> str:
        """Return an architecture; the four choices of every block are drawn independently, each equally likely."""
        growths, depths = rng.choice(self.growths, size=self.blocks), rng.choice(self.depths, size=self.blocks)
        flags = rng.integers(2, size=(self.blocks, 2))
        return "/".join(
            str(Block(growth, depth, bool(bottleneck), bool(compressed)))
            for growth, depth, (bottleneck, compressed) in zip(growths, depths, flags, strict=True)
        )

    def neighbours(self, architecture: str) -> list[str]:
        """Return the architectures of which one choice of one block is another."""
        blocks = [astuple(block) for block in self.parse(architecture)]
        changed = one_number_changed(blocks, (self.growths, self.depths, (False, True), (False, True)))
        return ["/".join(str(Block(*choices)) for choices in one) for one in changed]

    def check(self, architecture: str) -> str:
        """Return the canonical text of `architecture`."""
        return "/".join(map(str, self.parse(architecture)))

    def parse(self, architecture: str) -> list[Block]:
        """Return the blocks of `architecture`, or raise an EznasError that names the text."""
        return [
            Block(
                self.text.within(architecture, growth, 1, MAXIMUM_WIDTH, "growth"),
                self.text.within(architecture, depth, 1, MAXIMUM_LAYERS, "number of layers"),
                bottleneck == "b",
                compressed == "c",
            )
            for growth, depth, bottleneck, compressed in self.text.parse(architecture)
        ]


class DenseLayer(nn.Module):
    """Appends `growth` new channels, made of all channels so far."""

    def __init__(self, width: int, growth: int, bottleneck: bool) -> None:
        super().__init__()
        inner = BOTTLENECK * growth
        self.body = (
            nn.Sequential(relu_conv_bn(width, inner), relu_conv_bn(inner, growth, 3))
            if bottleneck
            else relu_conv_bn(width, growth, 3)
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Return (batch, width + growth, height, width), the inputs' channels first."""
        return torch.cat([inputs, self.body(inputs)], dim=1)
