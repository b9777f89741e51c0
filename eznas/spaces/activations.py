"""Chains of equal 3x3 convolutions that differ in the activation before each.

`relu/elu/none/tanh/relu/sigmoid` lists the layers; the first, third and fifth halve the resolution. All networks of
one length have the same parameters and nearly the same FLOPs. Only layers with a ReLU form units, so at least one has
it: a proxy sees the other activations by what they do to the values and gradients of those. Random chains are deep
enough to be hard to train, so that the choice matters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from torch import nn

from eznas.spaces.base import Space
from eznas.spaces.nds_operations import relu_conv_bn
from eznas.spaces.one_change import one_changed
from eznas.spaces.part_text import MAXIMUM_PARTS, MAXIMUM_WIDTH, PartText, hold_settings
from eznas.spaces.sequential_network import layer_strides, require_map, sequential_network

ACTIVATIONS: Final[dict[str, Callable[[], nn.Module]]] = {
    "relu": nn.ReLU,
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "none": nn.Identity,
}


@dataclass(frozen=True)
class Activations(Space):
    """Chains of one size with different activations.

    Attributes:
        layers: number of layers of a random architecture.
        width: channels of every layer.
    """

    layers: int = 16
    width: int = 16

    name: ClassVar[str] = "activations"
    text: ClassVar[PartText] = PartText(
        "activations",
        re.compile(f"({'|'.join(ACTIVATIONS)})"),
        f"one of {', '.join(ACTIVATIONS)} for each layer and relu at least once",
        "relu/elu/none/tanh/relu/sigmoid",
    )

    def __post_init__(self) -> None:
        hold_settings(self, numbers={"layers": MAXIMUM_PARTS, "width": MAXIMUM_WIDTH}, lists={})

    def build(self, architecture: str, num_classes: int, image_size: int) -> nn.Module:
        """Return the network of `architecture`, whose last map must be 2x2 or larger."""
        names = self.parse(architecture)
        strides = layer_strides(len(names))
        require_map(self.name, image_size, strides.count(2))
        layers: list[nn.Module] = []
        for name, stride in zip(names, strides, strict=True):
            layer = relu_conv_bn(self.width, self.width, 3, stride)
            layer[0] = ACTIVATIONS[name]()
            layers.append(layer)
        return sequential_network(layers, self.width, self.width, num_classes)

    def random(self, rng: np.random.Generator) -> str:
        """Return an architecture: how many layers have a ReLU, which, and what two activations the others have.

        Each choice is equally likely. Independent layers would make all networks about equally good.
        """
        others = [name for name in ACTIVATIONS if name != "relu"]
        palette = [others[index] for index in rng.integers(len(others), size=2)]
        names = [palette[index] for index in rng.integers(2, size=self.layers)]
        for position in rng.choice(self.layers, size=rng.integers(1, self.layers + 1), replace=False):
            names[position] = "relu"
        return "/".join(names)

    def neighbours(self, architecture: str) -> list[str]:
        """Return the architectures of which one layer has another activation, and one still has a ReLU."""
        changed = one_changed(self.parse(architecture), lambda _: ACTIVATIONS)
        return ["/".join(names) for names in changed if "relu" in names]

    def check(self, architecture: str) -> str:
        """Return the canonical text of `architecture`."""
        return "/".join(self.parse(architecture))

    def parse(self, architecture: str) -> list[str]:
        """Return the activations of `architecture`, or raise an EznasError that names the text."""
        names = [name for (name,) in self.text.parse(architecture)]
        if "relu" not in names:
            raise self.text.error(architecture, "no layer has a relu")
        return names
