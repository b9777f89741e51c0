"""Plain stages of any depth, kernel and proportion, all made as wide as one budget of parameters allows.

`w1x2k3/w2x1k5/w4x3k1` lists relative channels, layers and kernel size of each stage; each stage begins by halving the
resolution. The channels are the relative ones times the largest factor with which the network has at most `parameters`
parameters. So size says nothing, and depth is bought with width, early channels with late ones, and kernels with all
of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import nn

from eznas.spaces.base import Space
from eznas.spaces.nds_operations import relu_conv_bn
from eznas.spaces.one_change import one_number_changed
from eznas.spaces.part_text import MAXIMUM_KERNEL, MAXIMUM_LAYERS, MAXIMUM_PARTS, MAXIMUM_WIDTH, PartText, hold_settings
from eznas.spaces.sequential_network import require_map, sequential_network

MAXIMUM_PARAMETERS = 100_000_000


@dataclass(frozen=True)
class Stage:
    """One stage: `depth` layers of a `kernel`, with channels in proportion to `weight`."""

    weight: int
    depth: int
    kernel: int

    def __str__(self) -> str:
        """Return the part of an architecture's text."""
        return f"w{self.weight}x{self.depth}k{self.kernel}"


@dataclass(frozen=True)
class FixedBudget(Space):
    """Networks of about the same number of parameters.

    Attributes:
        parameters: the budget, which every network keeps and nearly uses.
        stages: number of stages of a random architecture.
        weights: relative numbers of channels that a random stage may have.
        depths: numbers of layers that a random stage may have.
        kernels: odd kernel sizes that a random stage may have.
        stem_width: channels of the stem.
    """

    parameters: int = 12000
    stages: int = 3
    weights: tuple[int, ...] = (1, 2, 4)
    depths: tuple[int, ...] = (1, 2, 3, 4)
    kernels: tuple[int, ...] = (1, 3, 5)
    stem_width: int = 8

    name: ClassVar[str] = "fixed-budget"
    text: ClassVar[PartText] = PartText(
        "fixed-budget",
        re.compile(r"w(\d+)x(\d+)k(\d+)"),
        "relative channels, layers and kernel size of each stage",
        "w1x2k3/w2x1k5/w4x3k1",
    )

    def __post_init__(self) -> None:
        hold_settings(
            self,
            numbers={"parameters": MAXIMUM_PARAMETERS, "stages": MAXIMUM_PARTS, "stem_width": MAXIMUM_WIDTH},
            lists={"weights": MAXIMUM_WIDTH, "depths": MAXIMUM_LAYERS, "kernels": MAXIMUM_KERNEL},
        )
        for kernel in self.kernels:
            self.check(f"w1x1k{kernel}")

    def build(self, architecture: str, num_classes: int, image_size: int) -> nn.Module:
        """Return the network of `architecture`, whose last map must be 2x2 or larger."""
        stages = self.parse(architecture)
        require_map(self.name, image_size, len(stages))
        widths = self.widths(architecture, num_classes)
        layers: list[nn.Module] = []
        before = self.stem_width
        for stage, width in zip(stages, widths, strict=True):
            layers.append(relu_conv_bn(before, width, stage.kernel, stride=2))
            layers += [relu_conv_bn(width, width, stage.kernel) for _ in range(stage.depth - 1)]
            before = width
        return sequential_network(layers, self.stem_width, before, num_classes)

    def random(self, rng: np.random.Generator) -> str:
        """Return an architecture; the numbers of every stage are drawn independently, each equally likely."""
        columns = [rng.choice(numbers, size=self.stages) for numbers in (self.weights, self.depths, self.kernels)]
        return "/".join(str(Stage(*numbers)) for numbers in zip(*columns, strict=True))

    def neighbours(self, architecture: str) -> list[str]:
        """Return the architectures of which one number of one stage is another."""
        stages = [(stage.weight, stage.depth, stage.kernel) for stage in self.parse(architecture)]
        changed = one_number_changed(stages, (self.weights, self.depths, self.kernels))
        return ["/".join(str(Stage(*numbers)) for numbers in one) for one in changed]

    def check(self, architecture: str) -> str:
        """Return the canonical text of `architecture`."""
        return "/".join(map(str, self.parse(architecture)))

    def parse(self, architecture: str) -> list[Stage]:
        """Return the stages of `architecture`, or raise an EznasError that names the text."""
        return [
            Stage(
                self.text.within(architecture, weight, 1, MAXIMUM_WIDTH, "weight"),
                self.text.within(architecture, depth, 1, MAXIMUM_LAYERS, "depth"),
                self.text.odd_kernel(architecture, kernel),
            )
            for weight, depth, kernel in self.text.parse(architecture)
        ]

    def widths(self, architecture: str, num_classes: int) -> list[int]:
        """Return the channels of each stage of `architecture` that use the budget up.

        Raises:
            EznasError: the budget does not suffice for one channel in each stage.
        """
        stages = self.parse(architecture)
        largest = max(stage.weight for stage in stages)
        widths = [1] * len(stages)
        if self._count(stages, widths, num_classes) > self.parameters:
            raise self.text.error(architecture, f"it has more than {self.parameters} parameters with 1 channel a stage")
        for factor in range(1, self.parameters):
            wider = [max(1, factor * stage.weight // largest) for stage in stages]
            if self._count(stages, wider, num_classes) > self.parameters:
                break
            widths = wider
        # What is left over goes to single channels, so that networks differ as little as possible.
        index = 0
        while index < len(stages):
            wider = [width + (position == index) for position, width in enumerate(widths)]
            if self._count(stages, wider, num_classes) <= self.parameters:
                widths = wider
            else:
                index += 1
        return widths

    def _count(self, stages: Sequence[Stage], widths: Sequence[int], num_classes: int) -> int:
        """Return the parameters of the network."""
        before = self.stem_width
        total = (3 * 3 * 3 + 2) * before
        for stage, width in zip(stages, widths, strict=True):
            channels_in = before + (stage.depth - 1) * width
            total += (stage.kernel**2 * channels_in + 2 * stage.depth) * width
            before = width
        return total + (before + 1) * num_classes
