"""Inverted residual blocks (MobileNetV2; Sandler et al., CVPR 2018) of varying expansion, kernel size and number.

`e3k5x2/e1k3x1/e6k3x3` lists expansion, kernel and number of blocks of each stage; each stage begins by halving the
resolution. A block is narrow outside and wide inside: 1x1 expansion, depthwise convolution and 1x1 projection, each
with BatchNorm, a ReLU after the first two, and a shortcut where the shape stays. As in the paper, a block of expansion
1 has no expanding convolution.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import nn

from eznas.spaces.base import Space
from eznas.spaces.nds_operations import relu_conv_bn
from eznas.spaces.one_change import one_number_changed
from eznas.spaces.part_text import MAXIMUM_KERNEL, MAXIMUM_LAYERS, MAXIMUM_PARTS, MAXIMUM_WIDTH, PartText, hold_settings
from eznas.spaces.sequential_network import Shortcut, require_map, sequential_network

MAXIMUM_EXPANSION = 64


@dataclass(frozen=True)
class InvertedResidual(Space):
    """Stages of inverted residual blocks.

    Attributes:
        stages: number of stages of a random architecture.
        expansions: by how much a random stage's blocks may widen.
        kernels: odd kernel sizes that a random stage's depthwise convolutions may have.
        depths: numbers of blocks that a random stage may have.
        width: channels between blocks.
    """

    stages: int = 3
    expansions: tuple[int, ...] = (1, 2, 4, 6)
    kernels: tuple[int, ...] = (3, 5)
    depths: tuple[int, ...] = (1, 2, 3)
    width: int = 8

    name: ClassVar[str] = "inverted-residual"
    text: ClassVar[PartText] = PartText(
        "inverted-residual",
        re.compile(r"e(\d+)k(\d+)x(\d+)"),
        "expansion, kernel size and number of the blocks of each stage",
        "e3k5x2/e1k3x1/e6k3x3",
    )

    def __post_init__(self) -> None:
        hold_settings(
            self,
            numbers={"stages": MAXIMUM_PARTS, "width": MAXIMUM_WIDTH},
            lists={"expansions": MAXIMUM_EXPANSION, "kernels": MAXIMUM_KERNEL, "depths": MAXIMUM_LAYERS},
        )
        for kernel in self.kernels:
            self.check(f"e1k{kernel}x1")

    def build(self, architecture: str, num_classes: int, image_size: int) -> nn.Module:
        """Return the network of `architecture`, whose last map must be 2x2 or larger."""
        stages = self.parse(architecture)
        require_map(self.name, image_size, len(stages))
        layers: list[nn.Module] = [nn.ReLU()]
        for expansion, kernel, depth in stages:
            layers.append(_block(self.width, expansion, kernel, 2))
            layers += [Shortcut(_block(self.width, expansion, kernel, 1)) for _ in range(depth - 1)]
        return sequential_network(layers, self.width, self.width, num_classes)

    def random(self, rng: np.random.Generator) -> str:
        """Return an architecture; the numbers of every stage are drawn independently, each equally likely."""
        columns = [rng.choice(numbers, size=self.stages) for numbers in (self.expansions, self.kernels, self.depths)]
        return "/".join(f"e{expansion}k{kernel}x{depth}" for expansion, kernel, depth in zip(*columns, strict=True))

    def neighbours(self, architecture: str) -> list[str]:
        """Return the architectures of which one number of one stage is another."""
        changed = one_number_changed(self.parse(architecture), (self.expansions, self.kernels, self.depths))
        return ["/".join(f"e{expansion}k{kernel}x{depth}" for expansion, kernel, depth in one) for one in changed]

    def check(self, architecture: str) -> str:
        """Return the canonical text of `architecture`."""
        return "/".join(f"e{expansion}k{kernel}x{depth}" for expansion, kernel, depth in self.parse(architecture))

    def parse(self, architecture: str) -> list[tuple[int, int, int]]:
        """Return expansion, kernel size and blocks of every stage, or raise an EznasError that names the text."""
        return [
            (
                self.text.within(architecture, expansion, 1, MAXIMUM_EXPANSION, "expansion"),
                self.text.odd_kernel(architecture, kernel),
                self.text.within(architecture, depth, 1, MAXIMUM_LAYERS, "number of blocks"),
            )
            for expansion, kernel, depth in self.text.parse(architecture)
        ]


def _block(width: int, expansion: int, kernel: int, stride: int) -> nn.Sequential:
    inner = width * expansion
    expand = [nn.Conv2d(width, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU()] if expansion > 1 else []
    depthwise = nn.Conv2d(inner, inner, kernel, stride=stride, padding=kernel // 2, groups=inner, bias=False)
    return nn.Sequential(*expand, depthwise, nn.BatchNorm2d(inner), *relu_conv_bn(inner, width))
