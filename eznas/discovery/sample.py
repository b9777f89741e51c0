"""Networks that a discovery searches on, their features, and what formulas are compared with on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eznas import benchmarks, seeds
from eznas.benchmarks.base import Benchmark
from eznas.discovery.machine import Machine
from eznas.discovery.networks import Networks
from eznas.discovery.problem import NetworkGroup
from eznas.discovery.settings import DiscoverySettings
from eznas.features.source import BenchmarkSource
from eznas.features.table import FeatureTable, FeatureValues
from eznas.observer import RunObserver
from eznas.ops.program import Program
from eznas.proxies import AnyProxy
from eznas.runs.seen import networks_seen
from eznas.scoring.kernel_loading import load_kernels
from eznas.scoring.scores import ScoreNetworks
from eznas.scoring.settings import ScoringSettings
from eznas.scoring.ties import rankable
from eznas.statistics.settings import CollectionSettings


@dataclass(frozen=True, eq=False)
class Sample:
    """Networks of known accuracy that a discovery searches on.

    Attributes:
        name: as messages call them.
        accuracies: float64 (networks,), of the training and then the validation networks.
        training: how many of them are for training.
        tables: the features of the same networks, for each draw of weights and images.
        references: for each draw, the scores of the same networks by the proxies that formulas are compared with,
            float64 (proxies, networks), as `rankable` returns them.
    """

    name: str
    accuracies: NDArray[np.float64]
    training: int
    tables: tuple[FeatureTable, ...]
    references: tuple[NDArray[np.float64], ...]

    def features(self, features: Sequence[Program], machine: Machine, observer: RunObserver) -> list[FeatureValues]:
        """Return features of the training and validation networks by draw; those that are not known are computed.

        Raises:
            EznasError: a network fails.
        """
        for table in self.tables:
            unfinished = table.unfinished(features)
            if unfinished:
                observer.phase(f"{len(features)} features of {self.name}", len(unfinished))
                table.compute(
                    features,
                    lambda _done, _count: observer.advance(),
                    machine.workers,
                    machine.memory_bytes,
                    open_computation=machine.open_computation,
                )
        return [table.read(features) for table in self.tables]

    def groups(
        self, draws: Sequence[FeatureValues], kept: NDArray[np.int64]
    ) -> tuple[list[NetworkGroup], list[NetworkGroup]]:
        """Return the training and the validation networks with some of their features, a group for each draw.

        Args:
            draws: what `features` returned.
            kept: int64, the rows of the features to take.
        """
        groups = [
            NetworkGroup(values.units, values.values[kept], values.valid[kept], self.accuracies, references)
            for values, references in zip(draws, self.references, strict=True)
        ]
        training, validation = np.split(np.arange(len(self.accuracies)), [self.training])
        return [group.subset(training) for group in groups], [group.subset(validation) for group in groups]


@dataclass(frozen=True, eq=False)
class BenchmarkSample(Sample):
    """Networks of one benchmark: those that it would give were it the only one of the discovery.

    Attributes:
        benchmark: where the networks are from.
        networks: for training, validation and the last judgement.
        passed_over: how many networks are never held out, since a seed proxy is known to have evolved on them.
        validation_seen: how many of the validation networks are among these, by which seeds look better than they are.
    """

    benchmark: Benchmark
    networks: Networks
    passed_over: int
    validation_seen: int

    @classmethod
    def of(
        cls,
        name: str,
        settings: DiscoverySettings,
        references: Sequence[AnyProxy],
        machine: Machine,
        observer: RunObserver,
    ) -> Self:
        """Load a benchmark, draw its networks, and score them with what formulas are compared with.

        Args:
            name: of the benchmark.
            settings: of the discovery.
            references: what formulas are compared with while they evolve.
            machine: what may be used, and where the feature tables are.
            observer: is told of the networks that are scored.

        Raises:
            EznasError: the benchmark is not there, or has too few networks or images.
        """
        benchmark = benchmarks.load(name)
        evolved_on = networks_seen(settings.seed_proxies, benchmark)
        networks = Networks.draw(
            benchmark, settings.networks, settings.validation, settings.held_out, settings.seed, evolved_on
        )
        collection = CollectionSettings(settings.unit, settings.third_pass, machine.device)
        draws = [replace(machine.scoring(settings), seed=seed) for seed in seeds.draws(settings.seed, settings.draws)]
        sources = [BenchmarkSource(benchmark, draw.batch_size, draw.seed, collection) for draw in draws]
        searched = networks.in_search
        return cls(
            benchmark.name,
            benchmark.accuracies[searched],
            len(networks.training),
            tuple(FeatureTable(source, searched, machine.tables) for source in sources),
            tuple(_scores_of(references, benchmark, searched, draw, machine.score, observer) for draw in draws),
            benchmark,
            networks,
            len(evolved_on),
            len(evolved_on.intersection(networks.validation.tolist())),
        )


def _scores_of(
    proxies: Sequence[AnyProxy],
    benchmark: Benchmark,
    networks: NDArray[np.int64],
    scoring: ScoringSettings,
    score: ScoreNetworks,
    observer: RunObserver,
) -> NDArray[np.float64]:
    if not proxies:
        return np.empty((0, len(networks)))
    load_kernels()
    observer.phase(f"{' and '.join(proxy.name for proxy in proxies)} on {benchmark.name}", len(networks))
    scores = score(proxies, benchmark, networks, scoring, observer).values
    return np.array([rankable(row, proxy.orientation) for proxy, row in zip(proxies, scores, strict=True)])
