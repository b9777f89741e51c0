"""The images of a benchmark that networks see under a seed, with their classes where these are known."""

from __future__ import annotations

from typing import NamedTuple, Self

import torch

from eznas import seeds
from eznas.benchmarks.base import Benchmark
from eznas.statistics.inputs import map_tensors


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
