"""Where a feature table has its networks from: what tells one from another, and how their statistics are collected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from eznas.benchmarks.base import Benchmark
from eznas.features.key import describe, digest
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.statistics.settings import CollectionSettings
from eznas.statistics.tensors import NetworkStatistics


class NetworkSource(Protocol):
    """Networks by their index, under fixed settings."""

    def about(self) -> dict[str, Any]:
        """Return what the features of all its networks depend on, as plain data.

        Raises:
            EznasError: the networks cannot be run as the settings say.
        """

    def digest(self, index: int) -> str:
        """Return a digest of what those of one network depend on beside that."""

    def collector(self, terminals: frozenset[int] | None) -> Callable[[int], NetworkStatistics]:
        """Return what gives the statistics of a network, in any thread: these terminals at least, or all with None."""


@dataclass(frozen=True)
class BenchmarkSource:
    """The networks of a benchmark.

    Attributes:
        benchmark: where they are from.
        batch_size: images that every network sees.
        seed: of the images and the weights.
        collection: the kind of unit, the third pass and the device; its `terminals` are not used.
    """

    benchmark: Benchmark
    batch_size: int = 1
    seed: int = 0
    collection: CollectionSettings = field(default_factory=CollectionSettings)

    def about(self) -> dict[str, Any]:
        """Return what the features of all its networks depend on, as plain data.

        Raises:
            EznasError: the benchmark has fewer images than `batch_size`, or they are missing.
        """
        return describe(self.benchmark, self.batch_size, self.seed, self.collection)

    def digest(self, index: int) -> str:
        """Return a digest of the index, from which the weights follow, and the architecture."""
        return digest(f"{index} {self.benchmark.architectures[index]}".encode())

    def collector(self, terminals: frozenset[int] | None) -> Callable[[int], NetworkStatistics]:
        """Return what gives the statistics of a network."""
        settings = replace(self.collection, terminals=terminals)
        return BenchmarkStatistics(self.benchmark, self.batch_size, self.seed, settings).collect
