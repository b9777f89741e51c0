"""The skeleton around NDS cells: stem, a row of cells two of which halve the resolution, and a classifier (DARTS)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from eznas.errors import EznasError
from eznas.spaces.nds_genotype import CellGenotype, Genotype
from eznas.spaces.nds_operations import OPERATIONS, FactorizedReduce, relu_conv_bn

# DARTS's CIFAR stem has three times the channels of the first cell.
CIFAR_STEM_MULTIPLIER = 3

STEMS = ("cifar", "imagenet")


def reduction_cells(depth: int) -> frozenset[int]:
    """Return the indices of the cells that halve the resolution and double the channels, at 1/3 and 2/3 of `depth`."""
    return frozenset({depth // 3, 2 * depth // 3})


def final_size(image_size: int, depth: int, stem: str) -> int:
    """Return height and width of the last cell's output, in pixels."""
    halvings = len(reduction_cells(depth)) + (3 if stem == "imagenet" else 0)
    return -(-image_size // (1 << halvings))


class CellNetwork(nn.Module):
    """A network of `depth` cells.

    Args:
        genotype: the two cells.
        width: channels of each node before the first reduction.
        depth: number of cells.
        num_classes: length of the logits.
        stem: `cifar` keeps the resolution; `imagenet` divides it by 8, the first cell reading it at 4 and at 8.
        auxiliary: add the second classifier that DARTS trains with; `forward` never runs it.
    """

    def __init__(
        self, genotype: Genotype, width: int, depth: int, num_classes: int, stem: str = "cifar", auxiliary: bool = False
    ) -> None:
        super().__init__()
        self.stem = CifarStem(width) if stem == "cifar" else ImageNetStem(width)
        # `older` and `newer` are the channels of the two outputs that a cell reads.
        older = newer = self.stem.channels
        halved = self.stem.halves
        channels = width
        reductions = reduction_cells(depth)
        self.auxiliary_cell = max(reductions)
        cells: list[Cell] = []
        for index in range(depth):
            reduction = index in reductions
            channels *= 2 if reduction else 1
            cell = genotype.reduce if reduction else genotype.normal
            cells.append(Cell(cell, older, newer, channels, reduction=reduction, newer_is_halved=halved))
            older, newer = newer, channels * len(cell.concat)
            halved = reduction
            if index == self.auxiliary_cell and auxiliary:
                self.auxiliary_head: nn.Sequential | None = auxiliary_head(newer, num_classes, stem)
        if not auxiliary:
            self.auxiliary_head = None
        self.cells = nn.ModuleList(cells)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(newer, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (batch, num_classes) for images (batch, 3, height, width)."""
        return self._classified(images)[0]

    def forward_with_auxiliary(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits and the auxiliary logits, both (batch, num_classes), for training.

        Raises:
            EznasError: the network has no auxiliary head, or its input is smaller than the head's pooling takes
                (images of 32 pixels with the CIFAR stem, of 224 with the ImageNet one, are large enough).
        """
        if self.auxiliary_head is None:
            raise EznasError("This network has no auxiliary head: build it from an architecture with aux true.")
        logits, features = self._classified(images)
        if min(features.shape[2:]) < AUXILIARY_MINIMUM_SIZE[self.stem.name]:
            raise EznasError(
                f"Images of {images.shape[2]}x{images.shape[3]} pixels are too small for the auxiliary head of the "
                f"{self.stem.name} stem: give larger images, or build without the head."
            )
        auxiliary_logits: Tensor = self.auxiliary_head(features)
        return logits, auxiliary_logits

    def _classified(self, images: Tensor) -> tuple[Tensor, Tensor]:
        older, newer = self.stem(images)
        features = newer
        for index, cell in enumerate(self.cells):
            older, newer = newer, cell(older, newer)
            if index == self.auxiliary_cell:
                features = newer
        logits: Tensor = self.classifier(torch.flatten(self.pool(newer), 1))
        return logits, features


class Cell(nn.Module):
    """One cell: the two inputs brought to `channels` at one resolution, then its nodes, then the concatenation."""

    def __init__(
        self, cell: CellGenotype, older: int, newer: int, channels: int, *, reduction: bool, newer_is_halved: bool
    ) -> None:
        super().__init__()
        self.inputs = nn.ModuleList(
            [
                FactorizedReduce(older, channels) if newer_is_halved else relu_conv_bn(older, channels),
                relu_conv_bn(newer, channels),
            ]
        )
        self.edges = nn.ModuleList(
            # Inside a reduction cell only the edges that read the cell's inputs still have to halve.
            OPERATIONS[operation](channels, 2 if reduction and state < 2 else 1)
            for operation, state in cell.edges
        )
        self.sources = tuple(state for _, state in cell.edges)
        self.concat = cell.concat

    def forward(self, older: Tensor, newer: Tensor) -> Tensor:
        """Return (batch, channels * len(concat), height, width) from the outputs of the two cells before."""
        states = [self.inputs[0](older), self.inputs[1](newer)]
        for first in range(0, len(self.edges), 2):
            second = first + 1
            left = self.edges[first](states[self.sources[first]])
            right = self.edges[second](states[self.sources[second]])
            states.append(left + right)
        return torch.cat([states[state] for state in self.concat], dim=1)


class CifarStem(nn.Module):
    """A 3x3 convolution and BatchNorm at full resolution; the first cell reads it twice."""

    name = "cifar"
    halves = False

    def __init__(self, width: int) -> None:
        super().__init__()
        self.channels = CIFAR_STEM_MULTIPLIER * width
        self.layers = nn.Sequential(
            nn.Conv2d(3, self.channels, 3, padding=1, bias=False), nn.BatchNorm2d(self.channels)
        )

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the same (batch, 3 * width, height, width) twice."""
        features = self.layers(images)
        return features, features


class ImageNetStem(nn.Module):
    """Three 3x3 convolutions of stride 2; the first cell reads the second's output and the third's."""

    name = "imagenet"
    halves = True

    def __init__(self, width: int) -> None:
        super().__init__()
        self.channels = width
        half = max(1, width // 2)
        self.quarter = nn.Sequential(
            nn.Conv2d(3, half, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(half),
            *relu_conv_bn(half, width, 3, stride=2),
        )
        self.eighth = relu_conv_bn(width, width, 3, stride=2)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return (batch, width, height / 4, width / 4) and (batch, width, height / 8, width / 8)."""
        quarter = self.quarter(images)
        return quarter, self.eighth(quarter)


# The 5x5 pooling must leave the 2x2 convolution a 2x2 map: one more stride than its kernel.
AUXILIARY_MINIMUM_SIZE = {"cifar": 8, "imagenet": 7}


def auxiliary_head(channels: int, num_classes: int, stem: str) -> nn.Sequential:
    """Return DARTS's second classifier, from (batch, channels, 8, 8), or (7, 7) with the ImageNet stem, to logits.

    The ImageNet head has no BatchNorm after its second convolution, as in DARTS. Larger maps are averaged at the end.
    """
    cifar = stem == "cifar"
    return nn.Sequential(
        nn.ReLU(),
        nn.AvgPool2d(5, stride=3 if cifar else 2, count_include_pad=False),
        nn.Conv2d(channels, 128, 1, bias=False),
        nn.BatchNorm2d(128),
        nn.ReLU(),
        nn.Conv2d(128, 768, 2, bias=False),
        *([nn.BatchNorm2d(768)] if cifar else []),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(768, num_classes),
    )
