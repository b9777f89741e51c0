"""Features of a table computed by the workers of a cluster; this process writes the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eznas.cluster.cluster import Cluster
from eznas.cluster.worker import check_device
from eznas.features.computation import ComputedFeatures, OwnComputation
from eznas.features.source import BenchmarkSource, NetworkSource
from eznas.ops.program import Program
from eznas.scoring.benchmark_recipe import BenchmarkRecipe
from eznas.statistics.settings import CollectionSettings


@dataclass(frozen=True)
class _Features:
    """What does not depend on the network: the source, and nodes and outputs of the features."""

    benchmark: BenchmarkRecipe
    batch_size: int
    seed: int
    collection: CollectionSettings
    sent: tuple[tuple[Any, int], ...]


_Question = tuple[int, NDArray[np.bool_], NDArray[np.bool_]]
"""The arguments of `ComputeNetwork`."""


class ClusterComputation:
    """Has features computed by any worker of a cluster, one network at a time; see `ComputeNetwork`."""

    def __init__(self, cluster: Cluster, source: NetworkSource, features: Sequence[Program]) -> None:
        """Send what does not depend on the network.

        Args:
            cluster: whose workers do it.
            source: a benchmark that `benchmarks.load` finds by its name on every machine.
            features: in canonical form.

        Raises:
            EznasError: the device is not the processor.
            TypeError: the networks are of another kind of source, which no other process can make.
        """
        if not isinstance(source, BenchmarkSource):
            raise TypeError(f"networks of {type(source).__name__} are in this process alone")
        check_device(source.collection.device)
        recipe = BenchmarkRecipe.of(source.benchmark)
        sent = tuple((feature.nodes, feature.output) for feature in features)
        self._cluster = cluster
        self._shared = cluster.put(_Features(recipe, source.batch_size, source.seed, source.collection, sent))

    @property
    def at_once(self) -> int | None:
        """As of `ComputeNetwork`."""
        return self._cluster.workers

    def __call__(self, index: int, wanted: NDArray[np.bool_], shaken: NDArray[np.bool_]) -> ComputedFeatures:
        """As `ComputeNetwork`.

        Raises:
            EznasError: also where a machine lacks the benchmark.
        """
        computed: ComputedFeatures = self._cluster.call(_compute, self._shared, (index, wanted, shaken))
        return computed


def _compute(features: _Features, question: _Question) -> ComputedFeatures:
    """Answer one question; runs in a worker."""
    return _opened(features)(*question)


@lru_cache(maxsize=2)
def _opened(features: _Features) -> OwnComputation:
    programs = [Program(nodes, output) for nodes, output in features.sent]
    benchmark = features.benchmark.load()
    source = BenchmarkSource(benchmark, features.batch_size, features.seed, features.collection)
    return OwnComputation(source, programs)
