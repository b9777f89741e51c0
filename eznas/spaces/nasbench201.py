"""The networks of NAS-Bench-201 (Dong and Yang, ICLR 2020): 15,625 cells in one fixed skeleton.

A cell has four nodes and an operation on each of its six edges. Two texts are in use for it: the benchmark's own,
`|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_1x1~2|` (canonical here), in which each
group lists the edges into one node, and the operation indices of NAS-Bench-Suite-Zero, `(4, 0, 3, 1, 4, 3)`, which
count operations and edges in another order.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from eznas.errors import EznasError
from eznas.spaces.base import Size, Space
from eznas.spaces.one_change import one_changed

# Edges (source, target) as the architecture text lists them.
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")

# NAS-Bench-Suite-Zero lists the edges by source node and numbers the operations in this order.
_INDEX_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
_INDEX_OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")

_TEXT = "|{}~0|+|{}~0|{}~1|+|{}~0|{}~1|{}~2|"
_TEXT_PATTERN = re.compile(re.escape(_TEXT).replace(r"\{\}", r"(\w+)"))
_INDEX_PATTERN = re.compile(r"\(\s*(\d)" + r"\s*,\s*(\d)" * 5 + r"\s*\)")


@dataclass(frozen=True)
class NASBench201(Space):
    """NAS-Bench-201 with a skeleton of any width and depth.

    Attributes:
        channels: width of the first stage, doubled in each of the two later ones (16 in the benchmark).
        cells: number of cells in each of the three stages (5 in the benchmark).
    """

    channels: int = 16
    cells: int = 5

    name: ClassVar[str] = "nasbench201"

    def __post_init__(self) -> None:
        for setting in ("channels", "cells"):
            if getattr(self, setting) < 1:
                raise EznasError(f"NAS-Bench-201 cannot have {getattr(self, setting)} {setting}: give 1 or more.")

    def build(self, architecture: str, num_classes: int, image_size: int) -> nn.Module:
        """Return the network of `architecture`; it works for any `image_size` that can be halved twice."""
        if image_size < 4:
            raise EznasError(f"Images of {image_size} pixels are too small for NAS-Bench-201: give 4 pixels or more.")
        return NASBench201Network(operations_of(architecture), self.channels, self.cells, num_classes)

    def network_size(self, architecture: str, num_classes: int, image_size: int) -> Size | None:
        """Return how large a network is, for images that can be halved twice without a rest."""
        # A subclass may build other networks.
        if type(self).build is not NASBench201.build or image_size < 4 or image_size % 4:
            return None
        operations = operations_of(architecture)
        width, side = self.channels, image_size
        parts = [_convolution(3, width, 3, side), _batch_norm(width, side)]
        for stage in range(3):
            if stage > 0:
                parts += [_relu(width, side)]
                width, side = 2 * width, side // 2
                parts += [_convolution(width // 2, width, 3, side), _batch_norm(width, side)]
                parts += _relu_conv_bn_parts(width, 3, side)
                parts += [_pooling(width // 2, 2, side), _convolution(width // 2, width, 1, side)]
            parts += self.cells * [part for operation in operations for part in _edge_parts(operation, width, side)]
        # The average over all places counts one row and column more than it reads.
        parts += [_batch_norm(width, side), _relu(width, side), Size(0, width * (side + 1) ** 2)]
        parts += [Size(num_classes * (width + 1), num_classes * width)]
        return Size(sum(part.params for part in parts), sum(part.flops for part in parts))

    def random(self, rng: np.random.Generator) -> str:
        """Return one of the 15,625 cells, each equally likely."""
        return architecture_of([OPERATIONS[i] for i in rng.integers(len(OPERATIONS), size=len(EDGES))])

    def neighbours(self, architecture: str) -> list[str]:
        """Return the architectures of which one edge has another operation."""
        return [architecture_of(one) for one in one_changed(operations_of(architecture), lambda _: OPERATIONS)]

    def check(self, architecture: str) -> str:
        """Return the benchmark's text for `architecture`, which may also be given as operation indices."""
        return architecture_of(operations_of(architecture))


def operations_of(architecture: str) -> tuple[str, ...]:
    """Return the six operations of `architecture` (either text) in the order of `EDGES`.

    Raises:
        EznasError: the text has another form, or names an operation that there is not.
    """
    text = architecture.strip()
    if match := _INDEX_PATTERN.fullmatch(text):
        indices = [int(digit) for digit in match.groups()]
        if max(indices) < len(_INDEX_OPERATIONS):
            by_edge = {edge: _INDEX_OPERATIONS[i] for edge, i in zip(_INDEX_EDGES, indices, strict=True)}
            return tuple(by_edge[edge] for edge in EDGES)
    elif match := _TEXT_PATTERN.fullmatch(text):
        operations = match.groups()
        if all(operation in OPERATIONS for operation in operations):
            return operations
    raise EznasError(
        f"{architecture!r} is no NAS-Bench-201 architecture: write it as {_TEXT.format(*['nor_conv_3x3'] * 6)} with "
        f"operations from {', '.join(OPERATIONS)}, or as six indices such as (4, 0, 3, 1, 4, 3), each from 0 to 4."
    )


def architecture_of(operations: Sequence[str]) -> str:
    """Return the benchmark's text for six operations in the order of `EDGES`."""
    return _TEXT.format(*operations)


def operation_indices(architecture: str) -> str:
    """Return the text of NAS-Bench-Suite-Zero for `architecture`, such as `(4, 0, 3, 1, 4, 3)`."""
    by_edge = dict(zip(EDGES, operations_of(architecture), strict=True))
    return str(tuple(_INDEX_OPERATIONS.index(by_edge[edge]) for edge in _INDEX_EDGES))


def all_architectures() -> Iterator[str]:
    """Yield the texts of all 15,625 cells, always in the same order."""
    return (architecture_of(operations) for operations in itertools.product(OPERATIONS, repeat=len(EDGES)))


class NASBench201Network(nn.Module):
    """Stem, three stages of cells with a residual block of stride 2 between them, and a classifier."""

    def __init__(self, operations: Sequence[str], channels: int, cells: int, num_classes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        layers: list[nn.Module] = []
        for stage in range(3):
            width = channels * 2**stage
            if stage > 0:
                layers.append(ResidualBlock(width // 2, width))
            layers.extend(Cell(operations, width) for _ in range(cells))
        self.cells = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classifier = nn.Linear(width, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (batch, num_classes) for images (batch, 3, height, width)."""
        logits: Tensor = self.classifier(self.head(self.cells(self.stem(images))))
        return logits


class Cell(nn.Module):
    """Four nodes; the first is the input, each later one the sum of its edges, the last the output."""

    def __init__(self, operations: Sequence[str], channels: int) -> None:
        super().__init__()
        # `none` is no module: its edge adds nothing, and multiplying by zero would only take time.
        self.edges = nn.ModuleDict(
            {
                f"{target}<-{source}": _edge(operation, channels)
                for (source, target), operation in zip(EDGES, operations, strict=True)
                if operation != "none"
            }
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the last node, of the shape of `inputs` (batch, channels, height, width)."""
        nodes = [inputs]
        for target in range(1, 4):
            total: Tensor | None = None
            for source in range(target):
                if (key := f"{target}<-{source}") in self.edges:
                    edge_output = self.edges[key](nodes[source])
                    total = edge_output if total is None else total + edge_output
            nodes.append(torch.zeros_like(inputs) if total is None else total)
        return nodes[-1]


class ResidualBlock(nn.Module):
    """The basic block that halves the resolution; its shortcut averages, then convolves, without a BatchNorm."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv_a = _relu_conv_bn(channels_in, channels_out, kernel=3, stride=2)
        self.conv_b = _relu_conv_bn(channels_out, channels_out, kernel=3)
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2, stride=2),
            nn.Conv2d(channels_in, channels_out, 1, bias=False),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Return (batch, channels_out, height / 2, width / 2)."""
        output: Tensor = self.shortcut(inputs) + self.conv_b(self.conv_a(inputs))
        return output


def _edge(operation: str, channels: int) -> nn.Module:
    if operation == "skip_connect":
        return nn.Identity()
    if operation == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    return _relu_conv_bn(channels, channels, kernel=1 if operation == "nor_conv_1x1" else 3)


def _relu_conv_bn(channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(channels_in, channels_out, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
    )


def _edge_parts(operation: str, channels: int, side: int) -> list[Size]:
    """Return the sizes of the layers of an edge, whose tensors have `side` rows and columns."""
    if operation in ("none", "skip_connect"):
        return []
    if operation == "avg_pool_3x3":
        return [_pooling(channels, 3, side)]
    return _relu_conv_bn_parts(channels, 1 if operation == "nor_conv_1x1" else 3, side)


def _relu_conv_bn_parts(channels: int, kernel: int, side: int) -> list[Size]:
    return [_relu(channels, side), _convolution(channels, channels, kernel, side), _batch_norm(channels, side)]


def _relu(channels: int, side: int) -> Size:
    return Size(0, channels * side**2)


def _convolution(channels_in: int, channels_out: int, kernel: int, side: int) -> Size:
    weights = kernel**2 * channels_in * channels_out
    return Size(weights, weights * side**2)


def _batch_norm(channels: int, side: int) -> Size:
    return Size(2 * channels, 2 * channels * side**2)


def _pooling(channels: int, kernel: int, side: int) -> Size:
    return Size(0, kernel**2 * channels * side**2)
