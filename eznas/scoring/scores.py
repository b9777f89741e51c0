"""The one path from proxies and networks to scores: some networks at a time, each in a thread or with a helper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks.base import Benchmark
from eznas.observer import RunObserver, SilentObserver
from eznas.proxies import AnyProxy, Proxy
from eznas.scoring.benchmark_scorer import BenchmarkScorer
from eznas.scoring.candidate import Candidate, GivenNetworks
from eznas.scoring.drawn_images import LabelledImages
from eznas.scoring.network_scores import NetworkScores
from eznas.scoring.rank_aggregation import aggregated, single_proxies
from eznas.scoring.scorer import Column, Scorer
from eznas.scoring.settings import ScoringSettings
from eznas.statistics.collect import Inputs
from eznas.statistics.workers import run_in_threads

_NOT_FINITE: Final = "The score is not finite."
_NO_NUMBER: Final = "The score is not finite, or the program takes no unit of it."

ScoreNetworks: TypeAlias = Callable[
    [Sequence[AnyProxy], Benchmark, NDArray[np.int64], ScoringSettings, RunObserver | None], NetworkScores
]
"""`score_networks`, or what does the same elsewhere."""


def score_networks(
    proxies: Sequence[AnyProxy],
    benchmark: Benchmark,
    indices: NDArray[np.int64],
    settings: ScoringSettings,
    observer: RunObserver | None = None,
) -> NetworkScores:
    """Score networks of a benchmark with any number of proxies, programs and hand-made ones.

    A score depends on the proxy, the network, the batch size, the seed and the device alone: not on what else is
    scored, on the threads, or on the memory.

    Args:
        proxies: what to score with.
        benchmark: where networks and images are from.
        indices: int64 (networks,), which of them. One that cannot be run has no score.
        settings: under what they are scored.
        observer: is told of every network that is done, in no phase.

    Raises:
        EznasError: the benchmark has fewer images than a batch, or the device is not there.
    """
    scorer = BenchmarkScorer(tuple(single_proxies(proxies)), benchmark, settings)
    scores = _in_threads(lambda place: scorer.column(int(indices[place])), len(indices), scorer.scorer, observer)
    return aggregated(proxies, scores)


def score_candidates(
    proxies: Sequence[AnyProxy],
    candidates: Sequence[Candidate],
    inputs: Inputs,
    settings: ScoringSettings,
    observer: RunObserver | None = None,
    images: LabelledImages | None = None,
    given: GivenNetworks | None = None,
) -> NetworkScores:
    """Score any networks with any number of proxies, as `score_networks` does.

    Args:
        proxies: what to score with.
        candidates: the networks. One that cannot be run has no score.
        inputs: what all of them see in the three passes; the batch size of the settings is of no account.
        settings: under what they are scored.
        observer: is told of every network that is done, in no phase.
        images: what hand-made proxies see, each as many as it wants, or all if there are fewer; None for the data of
            the inputs, all of them.
        given: what else is known of networks that are no benchmark's; None for nothing.

    Raises:
        EznasError: the device is not there.
    """
    scorer = Scorer(single_proxies(proxies), inputs, settings, images, given or GivenNetworks())
    scores = _in_threads(lambda place: scorer.column(candidates[place]), len(candidates), scorer, observer)
    return aggregated(proxies, scores)


def _in_threads(
    column: Callable[[int], Column], networks: int, scorer: Scorer, observer: RunObserver | None
) -> NetworkScores:
    """Return what `column` gives for each network by its place."""
    observer = observer or SilentObserver()

    def score(place: int) -> Column:
        scored = column(place)
        scorer.largest = max(scorer.largest, scored.statistics_bytes)
        observer.advance()
        return scored

    columns = run_in_threads(
        score, count=networks, threads=scorer.settings.threads, limit=lambda: scorer.networks_in_flight
    )
    values, seconds = np.full((2, len(scorer.proxies), networks), np.nan)
    unscored: tuple[dict[int, str], ...] = tuple({} for _ in scorer.proxies)
    for place, one in enumerate(columns):
        values[:, place], seconds[:, place] = one.values, one.seconds
        for row in np.flatnonzero(np.isnan(one.values)).tolist():
            unknown = _NO_NUMBER if isinstance(scorer.proxies[row], Proxy) else _NOT_FINITE
            unscored[row][place] = one.reasons.get(row, unknown)
    coverage = np.array([one.coverage for one in columns], np.float64)
    without_units = tuple(place for place, one in enumerate(columns) if one.lacks_units)
    rounded_up = gradients = None
    if scorer.settings.rounded_up and columns:
        rounded_up = np.array([one.rounded_up for one in columns]).T
        gradients = np.array([one.rounding_gradients for one in columns]).T
    return NetworkScores(values, unscored, seconds, coverage, without_units, rounded_up, gradients)
