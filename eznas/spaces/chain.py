"""Chains of equally wide 3x3 convolutions that differ in depth, and in whether a stage has shortcuts.

`p3/r5/p2` lists the stages: plain or residual, and the number of layers. Each stage begins by halving the resolution.
The number of parameters follows from the number of layers alone, which helps where there are shortcuts and hurts where
there are none.
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
from eznas.spaces.part_text import MAXIMUM_LAYERS, MAXIMUM_PARTS, MAXIMUM_WIDTH, PartText, hold_settings
from eznas.spaces.sequential_network import Shortcut, require_map, sequential_network

PLAIN, RESIDUAL = "p", "r"


@dataclass(frozen=True)
class Chain(Space):
    """Plain and residual chains of varying depth.

    Attributes:
        stages: number of stages of a random architecture.
        depths: numbers of layers that a random stage may have.
        width: channels of every layer.
    """

    stages: int = 3
    depths: tuple[int, ...] = (1, 2, 3, 4, 6, 8)
    width: int = 16

    name: ClassVar[str] = "chain"
    text: ClassVar[PartText] = PartText(
        "chain",
        re.compile(r"([pr])(\d+)"),
        "p (plain) or r (residual) and the number of layers of each stage",
        "p3/r5/p2",
    )

    def __post_init__(self) -> None:
        hold_settings(self, numbers={"stages": MAXIMUM_PARTS, "width": MAXIMUM_WIDTH}, lists={"depths": MAXIMUM_LAYERS})

    def build(self, architecture: str, num_classes: int, image_size: int) -> nn.Module:
        """Return the network of `architecture`, whose last map must be 2x2 or larger."""
        stages = self.parse(architecture)
        require_map(self.name, image_size, len(stages))
        layers: list[nn.Module] = []
        for kind, depth in stages:
            layers.append(relu_conv_bn(self.width, self.width, 3, stride=2))
            for _ in range(depth - 1):
                layer = relu_conv_bn(self.width, self.width, 3)
                layers.append(Shortcut(layer) if kind == RESIDUAL else layer)
        return sequential_network(layers, self.width, self.width, num_classes)

    def random(self, rng: np.random.Generator) -> str:
        """Return an architecture; every stage's kind and depth are drawn independently, each equally likely."""
        kinds = [(PLAIN, RESIDUAL)[index] for index in rng.integers(2, size=self.stages)]
        depths = rng.choice(self.depths, size=self.stages)
        return "/".join(f"{kind}{depth}" for kind, depth in zip(kinds, depths, strict=True))

    def neighbours(self, architecture: str) -> list[str]:
        """Return the architectures of which one stage has another kind or depth."""
        changed = one_number_changed(self.parse(architecture), ((PLAIN, RESIDUAL), self.depths))
        return ["/".join(f"{kind}{depth}" for kind, depth in stages) for stages in changed]

    def check(self, architecture: str) -> str:
        """Return the canonical text of `architecture`."""
        return "/".join(f"{kind}{depth}" for kind, depth in self.parse(architecture))

    def parse(self, architecture: str) -> list[tuple[str, int]]:
        """Return kind and number of layers of every stage, or raise an EznasError that names the text."""
        return [
            (kind, self.text.within(architecture, depth, 1, MAXIMUM_LAYERS, "depth"))
            for kind, depth in self.text.parse(architecture)
        ]
