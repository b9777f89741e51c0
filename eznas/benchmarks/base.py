"""What a benchmark is: networks with their measured accuracy, and images of the dataset they were trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks.images import Normalisation
from eznas.errors import EznasError
from eznas.spaces.base import Space

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Benchmark:
    """A search space, a dataset, and the measured accuracy of networks of the space on it.

    Attributes:
        name: as given to `benchmarks.load`.
        space: builds the networks from their texts.
        dataset: what the networks were trained on.
        architectures: the canonical text of every network; the position is the network's index.
        accuracies: float64 (networks,), in percent.
        accuracy_split: the images that the accuracies were measured on, such as `validation`.
        epochs: passes over the training images before the accuracy was measured.
        num_classes: length of the logits.
        image_size: height and width of the square images, in pixels.
        read_images: returns the images, uint8 (images, size, size, 3); called when they are first needed.
        normalisation: from those pixels to what the networks were trained on.
        description: what this benchmark is, in a sentence to print wherever its figures are shown.
        source: where table and images come from.
    """

    name: str
    space: Space
    dataset: str
    architectures: tuple[str, ...]
    accuracies: NDArray[np.float64]
    accuracy_split: str
    epochs: int
    num_classes: int
    image_size: int
    read_images: Callable[[], NDArray[np.uint8]]
    normalisation: Normalisation
    description: str
    source: str

    def __post_init__(self) -> None:
        if self.accuracies.shape != (len(self.architectures),):
            raise ValueError(
                f"{len(self.architectures)} architectures with accuracies of shape {self.accuracies.shape}"
            )

    def __len__(self) -> int:
        return len(self.architectures)

    @cached_property
    def images(self) -> NDArray[np.uint8]:
        """Images of the dataset, uint8 (images, size, size, 3)."""
        return self.read_images()

    @cached_property
    def _index_of(self) -> dict[str, int]:
        return {architecture: index for index, architecture in enumerate(self.architectures)}

    def find(self, network: str | int) -> int:
        """Return the index of a network.

        Args:
            network: the index itself, as a number or as its digits, or any text of the architecture that the space
                understands.

        Raises:
            EznasError: there is no such network.
        """
        text = str(network).strip()
        if text.lstrip("-").isdecimal():
            if not 0 <= int(text) < len(self):
                raise EznasError(f"{self.name} has no network {text}: its indices go from 0 to {len(self) - 1}.")
            return int(text)
        architecture = self.space.check(text)
        if architecture not in self._index_of:
            raise EznasError(
                f"The table of {self.name} has no accuracy for {architecture}: choose one of its {len(self)} networks."
            )
        return self._index_of[architecture]

    def sample(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return the indices of `count` different networks in random order.

        With generators in the same state the networks of a smaller sample are the first of a larger one.

        Raises:
            EznasError: `count` is less than 1, or there are not as many networks.
        """
        if not 1 <= count <= len(self):
            raise EznasError(
                f"{count} networks were asked of {self.name}, which has {len(self)}: ask for 1 to {len(self)}."
            )
        return rng.permutation(len(self))[:count].astype(np.int64)

    def build(self, index: int) -> nn.Module:
        """Return the network at `index`, initialised by PyTorch's defaults: the caller initialises it afresh.

        Raises:
            EznasError: the space cannot build it.
        """
        architecture = self.architectures[index]
        try:
            return self.space.build(architecture, self.num_classes, self.image_size)
        except EznasError:
            raise
        except Exception as error:  # a space may be the user's own code
            raise EznasError(
                f"The space {self.space.name} of {self.name} could not build network {index}, {architecture} "
                f"({type(error).__name__}: {error}): correct its `build`."
            ) from error

    def image_batch(self, batch_size: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Return `batch_size` different images, normalised: float32 (batch_size, 3, size, size).

        With generators in the same state the images of a smaller batch are the first of a larger one.

        Raises:
            EznasError: `batch_size` is less than 1, or there are not as many images.
        """
        count = len(self.images)
        if not 1 <= batch_size <= count:
            raise EznasError(
                f"A batch of {batch_size} images was asked of {self.name}, which has {count}: ask for 1 to {count}."
            )
        return self.normalisation.apply(self.images[rng.permutation(count)[:batch_size]])
