"""Plain stages of 3x3 convolutions that differ in channels, length and number.

`16x2/8x4/32x1` lists channels x layers of the stages. Each stage begins by halving the resolution, so that the number
of stages decides how small the last map is.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import nn

from eznas.spaces.base import Space
from eznas.spaces.nds_operations import relu_conv_bn
from eznas.spaces.one_change import one_number_changed
from eznas.spaces.part_text import MAXIMUM_LAYERS, MAXIMUM_PARTS, MAXIMUM_WIDTH, PartText, hold_settings
from eznas.spaces.sequential_network import require_map, sequential_network


@dataclass(frozen=True)
class Stages(Space):
    """Stages of varying width and length.

    Attributes:
        counts: numbers of stages that a random architecture may have.
        widths: numbers of channels that a random stage may have.
        depths: numbers of layers that a random stage may have.
        stem_width: channels of the stem.
    """

    counts: tuple[int, ...] = (1, 2, 3)
    widths: tuple[int, ...] = (2, 4, 6, 8, 12, 16, 24, 32)
    depths: tuple[int, ...] = (1, 2, 3, 4)
    stem_width: int = 8

    name: ClassVar[str] = "stages"
    text: ClassVar[PartText] = PartText(
        "stages", re.compile(r"(\d+)x(\d+)"), "channels x layers of each stage", "16x2/8x4/32x1"
    )

    def __post_init__(self) -> None:
        hold_settings(
            self,
            numbers={"stem_width": MAXIMUM_WIDTH},
            lists={"counts": MAXIMUM_PARTS, "widths": MAXIMUM_WIDTH, "depths": MAXIMUM_LAYERS},
        )

    def build(self, architecture: str, num_classes: int, image_size: int) -> nn.Module:
        """Return the network of `architecture`, whose last map must be 2x2 or larger."""
        stages = self.parse(architecture)
        require_map(self.name, image_size, len(stages))
        layers: list[nn.Module] = []
        before = self.stem_width
        for width, depth in stages:
            layers.append(relu_conv_bn(before, width, 3, stride=2))
            layers += [relu_conv_bn(width, width, 3) for _ in range(depth - 1)]
            before = width
        return sequential_network(layers, self.stem_width, before, num_classes)

    def random(self, rng: np.random.Generator) -> str:
        """Return an architecture: a number of stages, then width and depth of each, all values equally likely."""
        count = int(rng.choice(self.counts))
        widths, depths = rng.choice(self.widths, size=count), rng.choice(self.depths, size=count)
        return "/".join(f"{width}x{depth}" for width, depth in zip(widths, depths, strict=True))

    def neighbours(self, architecture: str) -> list[str]:
        """Return the architectures of which one stage has other numbers, or the last is new or left out."""
        stages = self.parse(architecture)
        changed = list(one_number_changed(stages, (self.widths, self.depths)))
        if len(stages) + 1 in self.counts:
            changed += [(*stages, stage) for stage in itertools.product(self.widths, self.depths)]
        if len(stages) - 1 in self.counts:
            changed.append(tuple(stages[:-1]))
        return ["/".join(f"{width}x{depth}" for width, depth in one) for one in changed]

    def check(self, architecture: str) -> str:
        """Return the canonical text of `architecture`."""
        return "/".join(f"{width}x{depth}" for width, depth in self.parse(architecture))

    def parse(self, architecture: str) -> list[tuple[int, int]]:
        """Return channels and layers of every stage, or raise an EznasError that names the text."""
        return [
            (
                self.text.within(architecture, width, 1, MAXIMUM_WIDTH, "width"),
                self.text.within(architecture, depth, 1, MAXIMUM_LAYERS, "depth"),
            )
            for width, depth in self.text.parse(architecture)
        ]
