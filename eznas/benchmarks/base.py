"""What a benchmark is: networks with their measured accuracy, and images of the dataset they were trained on."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eznas.benchmarks.images import Normalisation, Pixels
from eznas.errors import EznasError, in_users_code
from eznas.spaces.base import Size, Space, canonical_text, known_size

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, repr=False)
class Benchmark:
    """A search space, a dataset, and the measured accuracy of networks of the space on it.

    Attributes:
        name: as given to `benchmarks.load`.
        space: builds the networks from their texts.
        dataset: what the networks were trained on.
        architectures: the canonical text of every network; the position is the network's index.
        accuracies: float64 (networks,), higher for a better network: percent in the published tables; whatever the
            table has in others, with the sign changed where lower is better there.
        accuracy_split: which accuracies: the images that they were measured on, such as `validation`, or the task.
        epochs: passes over the training images before the accuracy was measured; None where that is not known.
        num_classes: length of the logits.
        image_size: height and width of the square images, in pixels.
        read_images: returns the images, (images, size, size, 3), uint8 or float32; called when they are first needed.
        normalisation: from those pixels to what the networks were trained on.
        description: what this benchmark is, in a sentence to print wherever its figures are shown.
        source: where table and images come from.
        lower_is_better: whether the table's own numbers are errors, latencies and the like.
        read_labels: returns the class of each image, int64 (images,), or None where it is not known; called when they
            are first needed.
    """

    name: str
    space: Space
    dataset: str
    architectures: tuple[str, ...]
    accuracies: NDArray[np.float64]
    accuracy_split: str
    epochs: int | None
    num_classes: int
    image_size: int
    read_images: Callable[[], Pixels]
    normalisation: Normalisation
    description: str
    source: str
    lower_is_better: bool = False
    read_labels: Callable[[], NDArray[np.int64] | None] = lambda: None

    def __post_init__(self) -> None:
        if self.accuracies.shape != (len(self.architectures),):
            raise ValueError(
                f"{len(self.architectures)} architectures with accuracies of shape {self.accuracies.shape}"
            )

    @staticmethod
    def from_table(
        path: str | os.PathLike[str],
        space: object,
        images: object,
        *,
        architecture_column: str | None = None,
        accuracy_column: str | Sequence[str] = (),
        lower_is_better: str | Sequence[str] = (),
        accuracy_split: str | None = None,
        image_size: int | None = None,
        num_classes: int | None = None,
    ) -> Benchmark:
        """Return the benchmark of a table of your own; no file is written.

        A run refers to its benchmark by a name that a later process can load: make one with `eznas benchmark new`.

        Args:
            path: of a table with a column of architectures and one of accuracies or more.
            space: builds the networks: a function from an architecture's text to a network, an object or a class with
                `build`, or a text such as `my_space.py:MySpace`.
            images: path of an .npz file or of a folder of image files, an array or a tensor; see `sample_images`.
            architecture_column: None to find it.
            accuracy_column: those in which higher is better; with neither, the only one that can be meant.
            lower_is_better: those in which lower is better.
            accuracy_split: which of these columns to rank networks by; None for the first.
            image_size: height and width that images are cropped and resized to; None to leave them as they are.
            num_classes: None for as many as the images' labels have, or as the networks have outputs.

        Raises:
            EznasError: table, space or images cannot be used, or what was not said cannot be found out.
        """
        # Here, as in `from_modules`: what makes a benchmark stands above what one is, and only its name stands here.
        from eznas.benchmarks.new_table import NewTable

        new = NewTable.of(
            Path(path),
            space,
            images,
            architecture_column=architecture_column,
            accuracy_columns=[accuracy_column] if isinstance(accuracy_column, str) else accuracy_column,
            lower_is_better=[lower_is_better] if isinstance(lower_is_better, str) else lower_is_better,
            image_size=image_size,
            num_classes=num_classes,
        )
        return new.benchmark(accuracy_split)

    @staticmethod
    def from_modules(
        modules: Sequence[nn.Module | Callable[[], nn.Module]] | Mapping[str, nn.Module | Callable[[], nn.Module]],
        accuracies: ArrayLike,
        images: object,
        *,
        lower_is_better: bool = False,
        image_size: int | None = None,
        name: str = "modules",
    ) -> Benchmark:
        """Return a benchmark of networks that are there already; its networks are scored with fresh weights.

        A ready module is copied whenever it is needed, and stays as it is. A run refers to its benchmark by a name that
        a later process can load: give it a table and a space, with `eznas benchmark new`.

        Args:
            modules: networks from images to logits, or functions that make one anew at each call; by name, or in order.
            accuracies: a number for each; NaN where it is missing, which leaves the network out.
            images: path of an .npz file or of a folder of image files, an array or a tensor; see `sample_images`.
            lower_is_better: for errors, latencies and the like.
            image_size: height and width that images are cropped and resized to; None to leave them as they are.
            name: of the benchmark, for printing.

        Raises:
            EznasError: there are not as many accuracies as modules, one is infinite or none is there, the images cannot
                be used, or the first network cannot be run on them.
        """
        from eznas.benchmarks.module_benchmark import module_benchmark

        return module_benchmark(modules, accuracies, images, lower_is_better, image_size, name)

    def __repr__(self) -> str:
        return f"<Benchmark {self.name}: {len(self)} networks>"

    def __len__(self) -> int:
        return len(self.architectures)

    @property
    def accuracy_label(self) -> str:
        """What the accuracies are, such as `validation, after 200 epochs`."""
        after = f", after {self.epochs} epochs" if self.epochs is not None else ""
        return f"{self.accuracy_split}{after}{', lower is better' if self.lower_is_better else ''}"

    @cached_property
    def images(self) -> Pixels:
        """Images of the dataset, (images, size, size, 3), uint8 or float32."""
        return self.read_images()

    @cached_property
    def labels(self) -> NDArray[np.int64] | None:
        """The class of each image, int64 (images,); None where classes are not known or none that networks have."""
        labels = self.read_labels()
        if labels is None or labels.shape != (len(self.images),) or labels.min() < 0:
            return None
        return labels if labels.max() < self.num_classes else None

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
        architecture = canonical_text(self.space, text)
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
        with in_users_code(
            f"The space {self.space.name} of {self.name} could not build network {index}, {architecture}",
            "correct its `build`",
        ):
            network: object = self.space.build(architecture, self.num_classes, self.image_size)
        # Here, because only what builds networks needs PyTorch.
        from torch import nn

        if not isinstance(network, nn.Module):
            raise EznasError(
                f"`build` of the space {self.space.name} of {self.name} returned a {type(network).__name__} for "
                f"network {index}, {architecture}: let it return a torch.nn.Module."
            )
        return network

    def network_size(self, index: int) -> Size | None:
        """Return how large the network at `index` is; None for one that has to be built and counted.

        Raises:
            EznasError: the space cannot tell.
        """
        return known_size(self.space, self.architectures[index], self.num_classes, self.image_size)

    def image_batch(self, batch_size: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Return `batch_size` different images, normalised: float32 (batch_size, 3, size, size).

        With generators in the same state the images of a smaller batch are the first of a larger one.

        Raises:
            EznasError: `batch_size` is less than 1, or there are not as many images.
        """
        return self.labelled_batch(batch_size, rng)[0]

    def labelled_batch(
        self, batch_size: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.int64] | None]:
        """Return images as `image_batch` does, and the class of each, int64 (batch_size,), or None as in `labels`.

        Raises:
            EznasError: what `image_batch` raises.
        """
        count = len(self.images)
        if not 1 <= batch_size <= count:
            raise EznasError(
                f"A batch of {batch_size} images was asked of {self.name}, which has {count}: ask for 1 to {count}."
            )
        drawn = rng.permutation(count)[:batch_size]
        return self.normalisation.apply(self.images[drawn]), None if self.labels is None else self.labels[drawn]
