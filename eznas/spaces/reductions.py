"""Chains of equal 3x3 convolutions that differ in where and how they reduce the resolution, and in dilation.

`conv/stride2/dilated/max4/conv` lists the layers: a convolution, one of dilation 2, or one with a stride, or followed
by max or average pooling, of 2, 4 or 8. All networks of one length have the same parameters.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import nn

from eznas.spaces.base import Space
from eznas.spaces.nds_operations import relu_conv_bn
from eznas.spaces.one_change import one_changed
from eznas.spaces.part_text import MAXIMUM_PARTS, MAXIMUM_WIDTH, PartText, hold_settings
from eznas.spaces.sequential_network import require_map, sequential_network

KEEPING = ("conv", "dilated")
REDUCING = ("stride", "max", "avg")
FACTORS = (2, 4, 8)


@dataclass(frozen=True)
class Layer:
    """One layer: `kind` is one of `KEEPING` with factor 1, or one of `REDUCING` with a factor of `FACTORS`."""

    kind: str
    factor: int = 1

    def __str__(self) -> str:
        """Return the part of an architecture's text."""
        return self.kind if self.factor == 1 else f"{self.kind}{self.factor}"


@dataclass(frozen=True)
class Reductions(Space):
    """Chains of one size with different resolutions.

    Attributes:
        layers: number of layers of a random architecture.
        halvings: how often a random architecture may halve the resolution in all, 1 to 3 times.
        width: channels of every layer.
    """

    layers: int = 5
    halvings: tuple[int, ...] = (1, 2, 3)
    width: int = 16

    name: ClassVar[str] = "reductions"
    text: ClassVar[PartText] = PartText(
        "reductions",
        re.compile(rf"({'|'.join(KEEPING)})|({'|'.join(REDUCING)})({'|'.join(map(str, FACTORS))})"),
        f"{', '.join(KEEPING)}, or {', '.join(REDUCING)} and 2, 4 or 8 for each layer",
        "conv/stride2/dilated/max4/conv",
    )

    def __post_init__(self) -> None:
        hold_settings(self, numbers={"layers": MAXIMUM_PARTS, "width": MAXIMUM_WIDTH}, lists={"halvings": len(FACTORS)})

    def build(self, architecture: str, num_classes: int, image_size: int) -> nn.Module:
        """Return the network of `architecture`, whose last map must be 2x2 or larger."""
        parsed = self.parse(architecture)
        require_map(self.name, image_size, _halvings(parsed))
        layers = [_built(layer, self.width) for layer in parsed]
        return sequential_network(layers, self.width, self.width, num_classes)

    def random(self, rng: np.random.Generator) -> str:
        """Return an architecture: how often it halves, in how many layers, which and how, and which others are dilated.

        Each choice is equally likely among those that the ones before it leave.
        """
        layers = [Layer(KEEPING[index]) for index in rng.integers(len(KEEPING), size=self.layers)]
        halvings = int(rng.choice(self.halvings))
        reducing = int(rng.integers(1, min(halvings, self.layers) + 1))
        # The halvings in order, cut between some of them: each piece is one layer's.
        cuts = np.sort(rng.choice(np.arange(1, halvings), size=reducing - 1, replace=False))
        positions = rng.choice(self.layers, size=reducing, replace=False)
        for position, exponent in zip(positions, np.diff([0, *cuts, halvings]), strict=True):
            layers[position] = Layer(REDUCING[rng.integers(len(REDUCING))], int(2**exponent))
        return "/".join(map(str, layers))

    def neighbours(self, architecture: str) -> list[str]:
        """Return the architectures of which one layer is another, or two are swapped, within the allowed halvings."""
        layers = self.parse(architecture)
        kinds = [Layer(kind) for kind in KEEPING] + [Layer(*one) for one in itertools.product(REDUCING, FACTORS)]
        changed = list(one_changed(layers, lambda _: kinds))
        for first, second in itertools.combinations(range(len(layers)), 2):
            swapped = list(layers)
            swapped[first], swapped[second] = layers[second], layers[first]
            changed.append(tuple(swapped))
        texts = ["/".join(map(str, one)) for one in changed if _halvings(one) in self.halvings]
        return [text for text in dict.fromkeys(texts) if text != architecture]

    def check(self, architecture: str) -> str:
        """Return the canonical text of `architecture`."""
        return "/".join(map(str, self.parse(architecture)))

    def parse(self, architecture: str) -> list[Layer]:
        """Return the layers of `architecture`, or raise an EznasError that names the text."""
        return [
            Layer(keeping or reducing, int(factor or 1)) for keeping, reducing, factor in self.text.parse(architecture)
        ]


def _halvings(layers: Sequence[Layer]) -> int:
    return sum(layer.factor.bit_length() - 1 for layer in layers)


def _built(layer: Layer, width: int) -> nn.Module:
    if layer.kind == "dilated":
        convolution = nn.Conv2d(width, width, 3, padding=2, dilation=2, bias=False)
        return nn.Sequential(nn.ReLU(), convolution, nn.BatchNorm2d(width))
    built = relu_conv_bn(width, width, 3, stride=layer.factor if layer.kind == "stride" else 1)
    if layer.kind == "max":
        built.append(nn.MaxPool2d(layer.factor, ceil_mode=True))
    elif layer.kind == "avg":
        built.append(nn.AvgPool2d(layer.factor, ceil_mode=True))
    return built
