"""Cells of equal 3x3 convolutions that differ in which reads which.

`0-01-2-13/0-0-12-3` lists two cells; each has four nodes, with the earlier nodes that each sums. Node 0 is the cell's
input, halved in resolution by a convolution of its own. The cell's output is the sum of the nodes that no other reads.
All networks with equally many nodes have the same parameters and FLOPs: only depth, width and shortcuts of the graph
differ.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor, nn

from eznas.spaces.base import Space
from eznas.spaces.nds_operations import relu_conv_bn
from eznas.spaces.one_change import one_changed
from eznas.spaces.part_text import MAXIMUM_PARTS, MAXIMUM_WIDTH, PartText, hold_settings
from eznas.spaces.sequential_network import require_map, sequential_network

MAXIMUM_NODES = 10
"""A node is named by one digit, and the last of them by none."""

Wires = tuple[tuple[int, ...], ...]
"""For each node from 1 on, the nodes that it reads, in ascending order."""


@dataclass(frozen=True)
class Wiring(Space):
    """Random graphs of convolutions.

    Attributes:
        cells: number of cells of a random architecture.
        nodes: nodes of a random cell beside its input.
        reads: how many nodes a random node may read; fewer where there are fewer.
        width: channels of every node.
    """

    cells: int = 2
    nodes: int = 6
    reads: tuple[int, ...] = (1, 2)
    width: int = 16

    name: ClassVar[str] = "wiring"
    text: ClassVar[PartText] = PartText(
        "wiring",
        re.compile(r"(\d+(?:-\d+)*)"),
        "for each node of each cell the digits of earlier nodes that it reads, with dashes between",
        "0-01-2-13/0-0-12-3",
    )

    def __post_init__(self) -> None:
        hold_settings(
            self,
            numbers={"cells": MAXIMUM_PARTS, "nodes": MAXIMUM_NODES, "width": MAXIMUM_WIDTH},
            lists={"reads": MAXIMUM_NODES},
        )

    def build(self, architecture: str, num_classes: int, image_size: int) -> nn.Module:
        """Return the network of `architecture`, whose last map must be 2x2 or larger."""
        cells = self.parse(architecture)
        require_map(self.name, image_size, len(cells))
        return sequential_network([Cell(wires, self.width) for wires in cells], self.width, self.width, num_classes)

    def random(self, rng: np.random.Generator) -> str:
        """Return an architecture; of each cell how far back nodes read, then how many and which, each equally likely.

        A reach of 1 makes a chain, a reach of all nodes anything.
        """
        return "/".join(_text(self._random_cell(rng)) for _ in range(self.cells))

    def neighbours(self, architecture: str) -> list[str]:
        """Return the architectures of which one node of one cell reads other nodes."""
        cells = self.parse(architecture)
        changed = one_changed(cells, lambda cell: one_changed(cells[cell], self._alternatives))
        return ["/".join(map(_text, one)) for one in changed]

    def check(self, architecture: str) -> str:
        """Return the canonical text of `architecture`."""
        return "/".join(map(_text, self.parse(architecture)))

    def parse(self, architecture: str) -> list[Wires]:
        """Return the wires of every cell of `architecture`, or raise an EznasError that names the text."""
        return [self._wires(architecture, cell) for (cell,) in self.text.parse(architecture)]

    def _alternatives(self, place: int) -> Iterator[tuple[int, ...]]:
        """Yield what the node after `place` others may read."""
        for count in sorted({min(count, place + 1) for count in self.reads}):
            yield from itertools.combinations(range(place + 1), count)

    def _random_cell(self, rng: np.random.Generator) -> Wires:
        reach = int(rng.integers(1, self.nodes + 1))
        cell: list[tuple[int, ...]] = []
        for node in range(1, self.nodes + 1):
            within = range(max(0, node - reach), node)
            count = min(int(rng.choice(self.reads)), len(within))
            cell.append(tuple(sorted(int(read) for read in rng.choice(within, size=count, replace=False))))
        return tuple(cell)

    def _wires(self, architecture: str, cell: str) -> Wires:
        nodes = cell.split("-")
        if len(nodes) > MAXIMUM_NODES:
            raise self.text.error(architecture, f"a cell has {len(nodes)} nodes, more than {MAXIMUM_NODES}")
        wires: list[tuple[int, ...]] = []
        for node, digits in enumerate(nodes, start=1):
            reads = sorted(map(int, digits))
            if reads[-1] >= node:
                raise self.text.error(architecture, f"node {node} reads node {reads[-1]}, which is no earlier one")
            if len(set(reads)) < len(reads):
                raise self.text.error(architecture, f"node {node} reads one node twice")
            wires.append(tuple(reads))
        return tuple(wires)


class Cell(nn.Module):
    """A graph of ReLU, 3x3 convolution, BatchNorm, each on the sum of what it reads."""

    def __init__(self, wires: Wires, width: int) -> None:
        super().__init__()
        self.wires = wires
        self.nodes = nn.ModuleList(
            relu_conv_bn(width, width, 3, stride=2 if node == 0 else 1) for node in range(len(wires) + 1)
        )
        read = {node for reads in wires for node in reads}
        self.loose_ends = [node for node in range(len(wires) + 1) if node not in read]

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the sum of the loose ends, of half the height and width of `inputs`."""
        values = [self.nodes[0](inputs)]
        for layer, reads in zip(self.nodes[1:], self.wires, strict=True):
            values.append(layer(_sum([values[read] for read in reads])))
        return _sum([values[node] for node in self.loose_ends])


def _sum(tensors: Sequence[Tensor]) -> Tensor:
    total = tensors[0]
    for tensor in tensors[1:]:
        total = total + tensor
    return total


def _text(wires: Wires) -> str:
    return "-".join("".join(map(str, reads)) for reads in wires)
