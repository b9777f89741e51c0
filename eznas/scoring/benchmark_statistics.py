"""The statistics of a benchmark's networks: from an index to fresh weights, three passes and 22 tensors per unit."""

from __future__ import annotations

from typing import NamedTuple, Self

import torch
from torch import nn

from eznas import seeds
from eznas.benchmarks.base import Benchmark
from eznas.statistics.collect import CollectionSettings, collect, make_inputs
from eznas.statistics.inputs import map_tensors
from eznas.statistics.tensors import NetworkStatistics


def draw_images(benchmark: Benchmark, batch_size: int, seed: int) -> torch.Tensor:
    """Return the images that all networks of a benchmark see under `seed`, float32 (batch, 3, size, size).

    Raises:
        EznasError: the benchmark has fewer images than `batch_size`, or they are missing.
    """
    return torch.from_numpy(benchmark.image_batch(batch_size, seeds.generator(seed, "images")))


class LabelledImages(NamedTuple):
    """Images and the class of each: float32 (images, 3, size, size), and int64 (images,) or None."""

    images: torch.Tensor
    labels: torch.Tensor | None

    def first(self, count: int) -> Self:
        """Return the first of them."""
        return type(self)(self.images[:count], None if self.labels is None else self.labels[:count])

    def to(self, device: str) -> Self:
        """Return them on a device."""
        images = map_tensors(lambda tensor: tensor.to(device), self.images)
        return type(self)(images, None if self.labels is None else self.labels.to(device))


def draw_labelled(benchmark: Benchmark, count: int, seed: int) -> LabelledImages:
    """Return images as `draw_images` does, with their classes: `count` of them, or all if the benchmark has fewer."""
    batch_size = min(count, len(benchmark.images))
    images, labels = benchmark.labelled_batch(batch_size, seeds.generator(seed, "images"))
    return LabelledImages(torch.from_numpy(images), None if labels is None else torch.from_numpy(labels))


class BenchmarkStatistics:
    """Collects the statistics of any network of a benchmark; the same index and seed always give the same numbers.

    All networks see the same images; the weights of a network follow from the seed and its index alone.
    """

    def __init__(self, benchmark: Benchmark, batch_size: int, seed: int, settings: CollectionSettings) -> None:
        """Draw the images.

        Raises:
            EznasError: the device is not there, the benchmark has fewer images than `batch_size`, or they are missing.
        """
        settings.check_device()
        self._benchmark = benchmark
        self._seed = seed
        self._settings = settings
        self._inputs = make_inputs(draw_images(benchmark, batch_size, seed), seed)

    @property
    def images(self) -> torch.Tensor:
        """What the networks see in the data pass, float32 (batch, 3, size, size)."""
        images: torch.Tensor = self._inputs.data
        return images

    def collect(self, index: int, network: nn.Module | None = None) -> NetworkStatistics:
        """Return the statistics of the network at `index`; may run in many threads at once.

        Args:
            index: of the network in the benchmark.
            network: that network, if it is built already; it is given fresh weights.

        Raises:
            EznasError: the network has no unit, raises, or lacks a gradient; the sentence has its architecture.
        """
        return collect(
            self._benchmark.build(index) if network is None else network,
            self._inputs,
            self._settings,
            seed=seeds.network_seed(self._seed, index),
            name=self._benchmark.architectures[index],
            copy=False,
        )
