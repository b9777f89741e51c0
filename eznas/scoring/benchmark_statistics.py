"""The statistics of a benchmark's networks: from an index to fresh weights, three passes and 22 tensors per unit."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch

from eznas import seeds
from eznas.benchmarks.base import Benchmark
from eznas.scoring.benchmark_recipe import BenchmarkRecipe
from eznas.scoring.collecting import Collected, collected, send_collected
from eznas.scoring.drawn_images import draw_images
from eznas.scoring.helping import encoded
from eznas.statistics.collect import CollectionSettings, collect, make_inputs
from eznas.statistics.tensors import NetworkStatistics

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


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
        self._batch_size = batch_size
        self._seed = seed
        self._settings = settings
        self._inputs = make_inputs(draw_images(benchmark, batch_size, seed), seed)

    @property
    def images(self) -> torch.Tensor:
        """What the networks see in the data pass, float32 (batch, 3, size, size)."""
        images: torch.Tensor = self._inputs.data
        return images

    def collect(self, index: int) -> NetworkStatistics:
        """Return the statistics of the network at `index`; may run in many threads at once.

        Raises:
            EznasError: the network has no unit, raises, or lacks a gradient; the sentence has its architecture.
        """
        return self.collect_timed(index).statistics

    def collect_timed(self, index: int) -> Collected:
        """Return the same and the processor seconds that it took, in this process or in one that helps it.

        Raises:
            EznasError: as `collect` raises it.
        """
        if self._settings.device != "cpu":
            return self.collect_here(index)
        return collected(lambda: self._task, index, lambda: self.collect_here(index))

    def collect_here(self, index: int) -> Collected:
        """Return what `collect_timed` does, from the calling thread."""
        network = self._benchmark.build(index)
        began = time.thread_time()
        statistics = collect(
            network,
            self._inputs,
            self._settings,
            seed=seeds.network_seed(self._seed, index),
            name=self._benchmark.architectures[index],
            copy=False,
        )
        return Collected(statistics, time.thread_time() - began)

    @cached_property
    def _task(self) -> bytes:
        recipe = BenchmarkRecipe.of(self._benchmark)
        return encoded(CollectionTask(recipe, self._batch_size, self._seed, self._settings))


@dataclass(frozen=True)
class CollectionTask:
    """What the statistics of a network depend on beside its index, as `BenchmarkStatistics` takes it.

    Attributes:
        benchmark: whose networks they are.
        batch_size: images that every network sees.
        seed: of the images and the weights.
        settings: what is collected; on the CPU.
    """

    benchmark: BenchmarkRecipe
    batch_size: int
    seed: int
    settings: CollectionSettings

    def answer(self, connection: Connection, index: int) -> None:
        """Send the statistics of the network; `helping.Task` has more."""
        send_collected(connection, self._source.collect_here(index))

    @cached_property
    def _source(self) -> BenchmarkStatistics:
        return BenchmarkStatistics(self.benchmark.load(), self.batch_size, self.seed, self.settings)
