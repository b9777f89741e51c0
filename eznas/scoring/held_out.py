"""How well programs rank networks that evolution never saw, beside plain counts of parameters and FLOPs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eznas import seeds
from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError
from eznas.observer import RunObserver
from eznas.proxies import Proxy
from eznas.runs.settings import RunSettings
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.scoring.bootstrap import bootstrap_interval
from eznas.scoring.evaluator import Evaluator
from eznas.scoring.ranking import kendall_tau
from eznas.spaces.complexity import flops, parameters
from eznas.statistics.collect import CollectionSettings
from eznas.statistics.store import StatisticsStore
from eznas.statistics.tensors import NetworkStatistics

COUNTS = ("params", "flops")
"""The scores that every report has beside the programs': the plain size of a network."""


@dataclass(frozen=True)
class Ranking:
    """How a score ranks networks.

    Attributes:
        tau: Kendall tau-b between accuracy and the score, turned so that higher should be better, over the networks
            that have a score; NaN where it is undefined.
        interval: its 95 % bootstrap interval over these networks.
        failed: how many networks have no finite score.
    """

    tau: float
    interval: tuple[float, float]
    failed: int

    @classmethod
    def of(cls, scores: NDArray[np.float64], accuracies: NDArray[np.float64], seed: int) -> Ranking:
        """Return how `scores` rank networks of these accuracies, both float64 (networks,).

        Every score is resampled with the same draws of networks, which follow from `seed`.
        """
        scored = np.isfinite(scores)
        kept, true = scores[scored], accuracies[scored]
        interval = bootstrap_interval(kept, true, kendall_tau, seeds.generator(seed, "bootstrap"))
        return cls(kendall_tau(kept, true), interval, int((~scored).sum()))


def rank_held_out(
    proxies: Sequence[Proxy],
    benchmark: Benchmark,
    indices: NDArray[np.int64],
    settings: RunSettings,
    observer: RunObserver,
) -> tuple[list[Ranking], dict[str, Ranking]]:
    """Rank networks with several proxies at once; no network's statistics are kept.

    Args:
        proxies: what to rank with, at least one.
        benchmark: where the networks are from.
        indices: int64 (networks,), which of them; a network that cannot be run counts as failed.
        settings: batch, seed, device and threads.
        observer: is told of the networks that are done.

    Returns:
        One ranking for each proxy, and those of `COUNTS` by name.
    """
    accuracies = benchmark.accuracies[indices]
    scores, counts = _score(proxies, benchmark, indices, settings, observer)
    rankings = [
        Ranking.of(proxy.orientation * row, accuracies, settings.seed)
        for proxy, row in zip(proxies, scores, strict=True)
    ]
    return rankings, {
        name: Ranking.of(row, accuracies, settings.seed) for name, row in zip(COUNTS, counts, strict=True)
    }


def _score(
    proxies: Sequence[Proxy],
    benchmark: Benchmark,
    indices: NDArray[np.int64],
    settings: RunSettings,
    observer: RunObserver,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the scores, float64 (proxies, networks), and the counts, float64 (counts, networks).

    Networks are run once for all proxies that are computed in the same way.
    """
    scores = np.full((len(proxies), len(indices)), np.nan)
    counts = np.full((len(COUNTS), len(indices)), np.nan)
    if len(indices) == 0:
        return scores, counts
    for positions in _computed_alike(proxies):
        group = [proxies[position] for position in positions]
        collection = CollectionSettings(
            unit=group[0].unit,
            third_pass=group[0].third_pass,
            device=settings.collection.device,
            terminals=frozenset().union(*(proxy.program.terminals for proxy in group)),
        )
        source = BenchmarkStatistics(benchmark, settings.batch_size, settings.seed, collection)

        def collect(position: int, source: BenchmarkStatistics = source) -> NetworkStatistics:
            index = int(indices[position])
            try:
                network = benchmark.build(index)
                if np.isnan(counts[0, position]):
                    shape = (1, 3, benchmark.image_size, benchmark.image_size)
                    counts[:, position] = parameters(network), flops(network, shape)
                return source.collect(index, network)
            except EznasError:
                return NetworkStatistics.without_tensors(benchmark.architectures[index])

        observer.phase("held-out networks", len(indices))
        with StatisticsStore(len(indices), collect, settings.memory_bytes, settings.threads, reuse=False) as store:
            evaluator = Evaluator(store, group[0].to_scalar, group[0].aggregation)
            scores[positions] = evaluator.scores(
                [proxy.program for proxy in group], lambda _done, _count: observer.advance()
            )
    return scores, counts


def _computed_alike(proxies: Sequence[Proxy]) -> list[list[int]]:
    """Return the positions of the proxies in groups that differ in their program only."""
    groups: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for position, proxy in enumerate(proxies):
        groups[proxy.unit, proxy.third_pass, proxy.to_scalar, proxy.aggregation].append(position)
    return list(groups.values())
