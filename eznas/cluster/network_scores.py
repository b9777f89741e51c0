"""Networks of a benchmark scored by the workers of a cluster, some at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks.base import Benchmark
from eznas.cluster.cluster import Cluster
from eznas.cluster.worker import check_device
from eznas.observer import RunObserver, SilentObserver
from eznas.proxies import AnyProxy, HandMadeProxy, Proxy
from eznas.scoring.benchmark_recipe import BenchmarkRecipe
from eznas.scoring.network_scores import NetworkScores
from eznas.scoring.rank_aggregation import aggregated, single_proxies
from eznas.scoring.scores import score_networks
from eznas.scoring.settings import ScoringSettings

_CALLS_PER_WORKER: Final = 8
"""Networks are given out in at least so many parts for each worker, so that all end at nearly the same time."""

_MOST_AT_ONCE: Final = 16
"""Networks of a part: what a lost worker has to do again."""


@dataclass(frozen=True)
class _Scoring:
    """What does not depend on the network: proxies, benchmark and settings, as `score_networks` takes them."""

    proxies: Sequence[Proxy | HandMadeProxy]
    benchmark: BenchmarkRecipe
    settings: ScoringSettings


def score_on_cluster(
    cluster: Cluster,
    proxies: Sequence[AnyProxy],
    benchmark: Benchmark,
    indices: NDArray[np.int64],
    settings: ScoringSettings,
    observer: RunObserver | None = None,
) -> NetworkScores:
    """Score networks as `score_networks` does, to the same bits.

    Args:
        cluster: whose workers do it.
        proxies: as in `score_networks`.
        benchmark: one that `benchmarks.load` finds by its name on every machine.
        indices: as in `score_networks`.
        settings: as in `score_networks`; a worker has one thread.
        observer: is told of the networks when their part is done.

    Raises:
        EznasError: what `score_networks` raises, a machine lacks the benchmark, or the device is not the processor.
    """
    check_device(settings.device)
    observer = observer or SilentObserver()
    singles = single_proxies(proxies)
    at_once = min(_MOST_AT_ONCE, max(1, len(indices) // (_CALLS_PER_WORKER * cluster.workers)))
    # The first part of no network, too: it has the shape of the result.
    parts = [indices[first : first + at_once] for first in range(0, max(1, len(indices)), at_once)]
    scoring = _Scoring(singles, BenchmarkRecipe.of(benchmark), replace(settings, threads=1))
    scored: dict[int, NetworkScores] = {}
    for position, scores in cluster.map(_score, scoring, parts):
        scored[position] = scores
        for _ in parts[position]:
            observer.advance()
    return aggregated(proxies, NetworkScores.joined([scored[position] for position in range(len(parts))]))


def _score(scoring: _Scoring, indices: NDArray[np.int64]) -> NetworkScores:
    """Score one part; runs in a worker."""
    return score_networks(scoring.proxies, scoring.benchmark.load(), indices, scoring.settings)
