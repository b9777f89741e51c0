"""Chains of equally wide convolutions that differ in kernel size and groups.

`k3g1/k5g4/k1g16` lists the kernel and the groups of each layer; the first, third and fifth layer halve the resolution.
What decides is how far a layer sees and whether channels mix: nothing shuffles channels between grouped layers.
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
from eznas.spaces.part_text import MAXIMUM_KERNEL, MAXIMUM_PARTS, MAXIMUM_WIDTH, PartText, hold_settings
from eznas.spaces.sequential_network import layer_strides, require_map, sequential_network


@dataclass(frozen=True)
class Kernels(Space):
    """Convolutions of mixed kernel sizes and groups.

    Attributes:
        layers: number of layers of a random architecture.
        kernels: odd kernel sizes that a random layer may have.
        groups: numbers of groups that a random layer may have.
        width: channels of every layer, which all groups divide.
    """

    layers: int = 6
    kernels: tuple[int, ...] = (1, 3, 5)
    groups: tuple[int, ...] = (1, 2, 4, 16)
    width: int = 16

    name: ClassVar[str] = "kernels"
    text: ClassVar[PartText] = PartText(
        "kernels", re.compile(r"k(\d+)g(\d+)"), "the kernel size and the groups of each layer", "k3g1/k5g4/k1g16"
    )

    def __post_init__(self) -> None:
        hold_settings(
            self,
            numbers={"layers": MAXIMUM_PARTS, "width": MAXIMUM_WIDTH},
            lists={"kernels": MAXIMUM_KERNEL, "groups": MAXIMUM_WIDTH},
        )
        for kernel, groups in itertools.product(self.kernels, self.groups):
            self.check(f"k{kernel}g{groups}")

    def build(self, architecture: str, num_classes: int, image_size: int) -> nn.Module:
        """Return the network of `architecture`, whose last map must be 2x2 or larger."""
        parsed = self.parse(architecture)
        strides = layer_strides(len(parsed))
        require_map(self.name, image_size, strides.count(2))
        layers = [
            relu_conv_bn(self.width, self.width, kernel, stride, groups)
            for (kernel, groups), stride in zip(parsed, strides, strict=True)
        ]
        return sequential_network(layers, self.width, self.width, num_classes)

    def random(self, rng: np.random.Generator) -> str:
        """Return an architecture; kernel and groups of every layer are drawn independently, each equally likely."""
        kernels, groups = rng.choice(self.kernels, size=self.layers), rng.choice(self.groups, size=self.layers)
        return "/".join(f"k{kernel}g{group}" for kernel, group in zip(kernels, groups, strict=True))

    def neighbours(self, architecture: str) -> list[str]:
        """Return the architectures of which one layer has another kernel size or number of groups."""
        changed = one_number_changed(self.parse(architecture), (self.kernels, self.groups))
        return ["/".join(f"k{kernel}g{groups}" for kernel, groups in layers) for layers in changed]

    def check(self, architecture: str) -> str:
        """Return the canonical text of `architecture`."""
        return "/".join(f"k{kernel}g{groups}" for kernel, groups in self.parse(architecture))

    def parse(self, architecture: str) -> list[tuple[int, int]]:
        """Return kernel size and groups of every layer, or raise an EznasError that names the text."""
        layers: list[tuple[int, int]] = []
        for kernel_text, groups_text in self.text.parse(architecture):
            kernel = self.text.odd_kernel(architecture, kernel_text)
            groups = self.text.within(architecture, groups_text, 1, self.width, "groups")
            if self.width % groups:
                raise self.text.error(architecture, f"{self.width} channels do not divide into {groups} groups")
            layers.append((kernel, groups))
        return layers
