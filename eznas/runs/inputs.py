"""What a run works on: the networks of each of its benchmarks, one benchmark after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eznas import benchmarks
from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError
from eznas.runs.settings import RunSettings
from eznas.runs.split import Split
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.search.fitness import RankedNetworks
from eznas.statistics.tensors import NetworkStatistics


@dataclass(frozen=True)
class BenchmarkInputs:
    """What a run works on of one benchmark: the same as if it were the only one."""

    benchmark: Benchmark
    split: Split
    statistics: BenchmarkStatistics

    @property
    def training_accuracies(self) -> NDArray[np.float64]:
        """The accuracies of the training networks, float64 (networks,)."""
        return self.benchmark.accuracies[self.split.training]

    @property
    def fingerprint(self) -> str:
        """A digest of everything that is read from files: architectures, accuracies, and the images of the passes."""
        digest = blake2b("\n".join(self.benchmark.architectures).encode(), digest_size=16)
        digest.update(self.benchmark.accuracies.tobytes())
        digest.update(self.statistics.images.numpy().tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class RunInputs:
    """What a run works on; making one finds out whether all of it is there, before anything is written.

    Attributes:
        benchmarks: one entry for each benchmark of the settings, in their order; all have as many training networks.
        failures: why a training network has no statistics, by its position: known once it was collected.
    """

    benchmarks: tuple[BenchmarkInputs, ...]
    failures: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: RunSettings) -> Self:
        """Load the benchmarks and draw their networks and images.

        Raises:
            EznasError: a benchmark is not there or has too few networks or images, or no program could rank the
                networks that were drawn.
        """
        inputs = []
        for name in settings.benchmark:
            benchmark = benchmarks.load(name, settings.chosen_split)
            split = Split.of(benchmark, settings)
            statistics = BenchmarkStatistics(benchmark, settings.batch_size, settings.seed, settings.collection)
            inputs.append(BenchmarkInputs(benchmark, split, statistics))
            _check_accuracies(inputs[-1], settings)
        return cls(tuple(inputs))

    @property
    def fingerprints(self) -> dict[str, str]:
        """The fingerprints of the benchmarks by name, to find out whether a table was changed."""
        return {one.benchmark.name: one.fingerprint for one in self.benchmarks}

    @property
    def training_networks(self) -> list[tuple[Benchmark, NDArray[np.int64]]]:
        """Every benchmark with the indices of its training networks, int64 (n,)."""
        return [(one.benchmark, one.split.training) for one in self.benchmarks]

    @property
    def training_count(self) -> int:
        """How many training networks there are in all benchmarks together."""
        return sum(len(one.split.training) for one in self.benchmarks)

    def collect(self, position: int) -> NetworkStatistics:
        """Return the statistics of a training network; may run in many threads at once.

        One that has no unit, raises, or lacks a gradient gets statistics of no unit, and an entry in `failures`.

        Args:
            position: of the network among those of all benchmarks, from 0 to `training_count` - 1.
        """
        which, within = divmod(position, len(self.benchmarks[0].split.training))
        one = self.benchmarks[which]
        index = int(one.split.training[within])
        try:
            return one.statistics.collect(index)
        except EznasError as error:
            self.failures[position] = str(error)
            return NetworkStatistics.without_tensors(one.benchmark.architectures[index])

    def unscored_networks(self) -> list[str]:
        """Return one sentence for each benchmark of which training networks turned out to have no statistics.

        Raises:
            EznasError: no network of a benchmark has any.
        """
        sentences = []
        first = 0
        for one in self.benchmarks:
            count = len(one.split.training)
            failures = [self.failures[place] for place in range(first, first + count) if place in self.failures]
            first += count
            if len(failures) == count:
                raise EznasError(
                    f"None of the {count} training networks of {one.benchmark.name} has statistics. {failures[0]}"
                )
            if failures:
                sentences.append(
                    f"{len(failures)} of {count} training networks of {one.benchmark.name} have no statistics, so no "
                    f"program can score them and they are ranked at the bottom. The first one: {failures[0]}"
                )
        return sentences

    def ranked_networks(self) -> list[RankedNetworks]:
        """Return the training networks of each benchmark at the positions that `collect` knows them by."""
        ranked: list[RankedNetworks] = []
        first = 0
        for one in self.benchmarks:
            ranked.append(RankedNetworks.of(one.training_accuracies, first, one.split.subsamples))
            first += len(one.split.training)
        return ranked


def _check_accuracies(inputs: BenchmarkInputs, settings: RunSettings) -> None:
    """Raise an `EznasError` when nothing can rank networks that programs are judged on: all are equally good."""
    accuracies = inputs.training_accuracies
    raced = (np.arange(settings.race_networks),) if settings.race_networks else ()
    for chosen in (*(inputs.split.subsamples or (np.arange(len(accuracies)),)), *raced):
        if np.ptp(accuracies[chosen]) == 0:
            raise EznasError(
                f"{len(chosen)} networks of {inputs.benchmark.name} that fitness is to be measured on all have the "
                f"accuracy {accuracies[chosen[0]]:g}, so that nothing can rank them: give more networks, larger "
                f"subsamples or another seed than {settings.seed}."
            )
