"""The networks that a discovery takes of one benchmark, and their features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eznas import benchmarks
from eznas.benchmarks.base import Benchmark
from eznas.discovery.networks import Networks
from eznas.discovery.problem import NetworkGroup
from eznas.discovery.settings import DiscoverySettings
from eznas.features.table import FeatureTable, FeatureValues
from eznas.observer import RunObserver
from eznas.ops.program import Program
from eznas.statistics.settings import CollectionSettings


@dataclass(frozen=True, eq=False)
class Sample:
    """Networks of one benchmark: those that it would give were it the only one of the discovery.

    Attributes:
        benchmark: where the networks are from.
        networks: for training, validation and the last judgement.
        table: the features of the training and then the validation networks.
    """

    benchmark: Benchmark
    networks: Networks
    table: FeatureTable

    @classmethod
    def of(cls, name: str, settings: DiscoverySettings, device: str, tables: Path | None) -> Self:
        """Load a benchmark and draw its networks.

        Args:
            name: of the benchmark.
            settings: of the discovery.
            device: where networks run.
            tables: the folder of the feature tables; None for the user's cache folder.

        Raises:
            EznasError: the benchmark is not there, or has too few networks or images.
        """
        benchmark = benchmarks.load(name)
        networks = Networks.draw(benchmark, settings.networks, settings.validation, settings.held_out, settings.seed)
        collection = CollectionSettings(settings.unit, settings.third_pass, device)
        table = FeatureTable(benchmark, networks.in_search, settings.batch_size, settings.seed, collection, tables)
        return cls(benchmark, networks, table)

    def features(
        self, features: Sequence[Program], observer: RunObserver, threads: int, memory_bytes: int
    ) -> FeatureValues:
        """Return features of the training and validation networks; those that are not known are computed.

        Raises:
            EznasError: a network fails.
        """
        unfinished = self.table.unfinished(features)
        if unfinished:
            observer.phase(f"{len(features)} features of {self.benchmark.name}", len(unfinished))
            self.table.compute(features, lambda _done, _count: observer.advance(), threads, memory_bytes)
        return self.table.read(features)

    def groups(self, values: FeatureValues, kept: NDArray[np.int64]) -> tuple[NetworkGroup, NetworkGroup]:
        """Return the training and the validation networks with some of their features.

        Args:
            values: what `features` returned.
            kept: int64, the rows of the features to take.
        """
        accuracies = self.benchmark.accuracies[self.networks.in_search]
        group = NetworkGroup(values.units, values.values[kept], values.valid[kept], accuracies)
        training = len(self.networks.training)
        return group.subset(np.arange(training)), group.subset(np.arange(training, len(accuracies)))
