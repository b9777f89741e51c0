"""How proxies rank networks: correlations with their intervals, and what the scores depend on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas import seeds
from eznas.benchmarks.base import Benchmark
from eznas.correlation.bootstrap import bootstrap_intervals, paired_intervals
from eznas.correlation.rank_correlation import Statistic, kendall_tau, spearman, top_decile_tau
from eznas.observer import RunObserver, SilentObserver
from eznas.proxies import AnyProxy, Proxy
from eznas.scoring.dependence import COUNTS_ONLY, PARTLY_ROUNDING, WEIGHTS_OR_IMAGES
from eznas.scoring.network_scores import NetworkScores
from eznas.scoring.pick import Pick
from eznas.scoring.rank_aggregation import aggregated, single_proxies
from eznas.scoring.rounding import ROUNDED_NETWORKS, is_partly_rounding, rounding_stability
from eznas.scoring.scores import ScoreNetworks, score_networks
from eznas.scoring.settings import ScoringSettings
from eznas.scoring.ties import agree, rankable
from eznas.statistics.workers import run_in_threads
from eznas.system.rounding import can_round_up

SECOND_DRAW_NETWORKS: Final = 100
"""The most networks that are scored again to find out what scores depend on: the first ones."""

_STATISTICS: Final[dict[str, Statistic]] = {
    "tau": kendall_tau,
    "spearman": spearman,
    "top_decile_tau": top_decile_tau,
}

RANKING_RULE: Final = (
    "scores that agree within the error of float32 are ties; networks without a score are ties at the bottom"
)
"""What correlations are taken over, for protocols."""

SECOND_DRAW_RULE: Final = (
    f"the first networks, at most {SECOND_DRAW_NETWORKS}, scored again with other weights, images and noise; "
    "seed stability is Kendall's tau-b between both scores"
)
"""What seed stability and `depends_on` mean, for protocols."""


@dataclass(frozen=True)
class Estimate:
    """A rank correlation or the difference of two, with its percentile bootstrap interval; NaN where undefined."""

    value: float
    low: float
    high: float

    def figures(self) -> dict[str, Any]:
        """Return it as plain data; what is undefined is None."""
        return {"tau": _plain(self.value), "interval": [_plain(self.low), _plain(self.high)]}


@dataclass(frozen=True)
class SeedStability:
    """How scores move when the same networks are scored with other weights and other images.

    Attributes:
        tau: Kendall's tau-b between both scores; NaN where it is undefined.
        moves: whether the score of any network does; if not, the program only counts layers, channels or pixels.
        networks: how many were scored again.
    """

    tau: float
    moves: bool
    networks: int

    @classmethod
    def of(cls, first: NDArray[np.float64], second: NDArray[np.float64]) -> SeedStability | None:
        """Compare two scores of the same networks, float64 (networks,), NaN where a network has none.

        Returns:
            None where there is nothing to compare: no network has a score.
        """
        if np.isnan(first).all() and np.isnan(second).all():
            return None
        tau = kendall_tau(rankable(first, 1), rankable(second, 1))
        return cls(tau, not bool(agree(first, second).all()), len(first))

    @property
    def depends_on(self) -> str:
        """What the scores depend on, in words."""
        return WEIGHTS_OR_IMAGES if self.moves else COUNTS_ONLY


@dataclass(frozen=True)
class Ranking:
    """How a proxy ranks networks.

    Attributes:
        tau: Kendall's tau-b between scores and accuracies, over all networks.
        spearman: Spearman's rho.
        top_decile_tau: tau-b among the most accurate tenth of the networks.
        scores: float64 (networks,), turned so that higher means better; NaN where a network has none.
        unscored: why a network has no score, by its position.
        pick: the network that the proxy would pick; None without networks.
        stability: how the scores move; None where no network was scored again, or none has a score.
        coverage: float64 (networks,), the share of each network's parameters that the units of a program hold; None
            where the proxy has no units.
        rounding_stability: tau-b between scores of the second draw and the same ones rounded up, see
            `eznas.scoring.rounding`; None where that was not computed, or nothing of the proxy is a program.
        rounding_gradients: the share of the units of which a gradient that the proxy reads is nothing but rounding,
            see `NetworkScores`, in the mean over networks; None where that was not computed, or it reads none.
    """

    tau: Estimate
    spearman: Estimate
    top_decile_tau: Estimate
    scores: NDArray[np.float64]
    unscored: dict[int, str]
    pick: Pick | None = None
    stability: SeedStability | None = None
    coverage: NDArray[np.float64] | None = None
    rounding_stability: float | None = None
    rounding_gradients: float | None = None

    @classmethod
    def of(
        cls,
        scores: NDArray[np.float64],
        accuracies: NDArray[np.float64],
        orientation: int,
        seed: int,
        unscored: dict[int, str] | None = None,
        stability: SeedStability | None = None,
        coverage: NDArray[np.float64] | None = None,
        rounding_stability: float | None = None,
        rounding_gradients: float | None = None,
    ) -> Ranking:
        """Return how scores rank networks of these accuracies.

        Args:
            scores: float64 (networks,), as computed; NaN where a network has none.
            accuracies: float64 (networks,).
            orientation: +1 where a higher score means a better network, -1 where a lower one does.
            seed: of the bootstrap; every proxy is resampled with the same draws of networks.
            unscored: see the attributes.
            stability: see the attributes.
            coverage: see the attributes.
            rounding_stability: see the attributes.
            rounding_gradients: see the attributes.
        """
        ranked = rankable(scores, orientation)
        intervals = bootstrap_intervals(
            ranked, accuracies, list(_STATISTICS.values()), seeds.generator(seed, "bootstrap")
        )
        estimates = {
            name: Estimate(statistic(ranked, accuracies), *interval)
            for (name, statistic), interval in zip(_STATISTICS.items(), intervals, strict=True)
        }
        # -0.0 would print as such where a score of orientation -1 is zero.
        return cls(
            **estimates,
            scores=orientation * scores + 0.0,
            unscored=unscored or {},
            pick=Pick.of(ranked, accuracies),
            stability=stability,
            coverage=coverage,
            rounding_stability=rounding_stability,
            rounding_gradients=rounding_gradients,
        )

    @property
    def depends_on(self) -> str | None:
        """What the scores depend on, in words; None where no network was scored again, or none has a score."""
        if self.stability is None:
            return None
        return PARTLY_ROUNDING if is_partly_rounding(self.rounding_stability) else self.stability.depends_on

    @property
    def scored(self) -> float:
        """The share of the networks that have a score; NaN without networks."""
        return float(np.mean(~np.isnan(self.scores))) if len(self.scores) else math.nan

    def figures(self) -> dict[str, Any]:
        """Return everything but the single networks as plain data; an undefined figure is None."""
        figures: dict[str, Any] = {}
        for name in _STATISTICS:
            estimate: Estimate = getattr(self, name)
            figures[name] = _plain(estimate.value)
            figures[f"{name}_interval"] = [_plain(estimate.low), _plain(estimate.high)]
        figures["picked_accuracy"] = self.pick.accuracy if self.pick else None
        figures["picked_rank"] = self.pick.rank if self.pick else None
        figures["scored"] = _plain(self.scored)
        figures["seed_stability"] = _plain(self.stability.tau) if self.stability else None
        figures["rounding_stability"] = None if self.rounding_stability is None else _plain(self.rounding_stability)
        figures["rounding_gradients"] = self.rounding_gradients
        figures["depends_on"] = self.depends_on
        return figures


def leads(
    rankings: Sequence[Ranking], others: Sequence[Ranking], accuracies: NDArray[np.float64], seed: int
) -> list[list[Estimate]]:
    """Return how far each of some rankings is ahead of each of some others in tau, with the paired interval.

    Args:
        rankings: of the same networks as the others.
        others: what they are compared with.
        accuracies: float64 (networks,).
        seed: of the bootstrap.
    """
    scores = np.array([rankable(ranking.scores, 1) for ranking in (*rankings, *others)])
    pairs = [(first, len(rankings) + second) for first in range(len(rankings)) for second in range(len(others))]
    intervals = iter(paired_intervals(scores, pairs, accuracies, kendall_tau, seeds.generator(seed, "bootstrap")))
    return [[Estimate(one.tau.value - other.tau.value, *next(intervals)) for other in others] for one in rankings]


def networks_scored(count: int) -> int:
    """Return how many times a network is scored in the ranking of `count` networks by programs and other proxies."""
    return count + min(count, SECOND_DRAW_NETWORKS)


def rank_networks(
    proxies: Sequence[AnyProxy],
    benchmark: Benchmark,
    indices: NDArray[np.int64],
    settings: ScoringSettings,
    observer: RunObserver | None = None,
    *,
    second_draw: bool = True,
    score: ScoreNetworks = score_networks,
) -> list[Ranking]:
    """Score networks with proxies, and compare with their accuracies.

    Args:
        proxies: what to rank with; the list may be empty.
        benchmark: where networks, accuracies and images are from.
        indices: int64 (networks,), which of them. One that cannot be run has no score.
        settings: under what they are scored; the seed is also that of the bootstrap.
        observer: is told of the phases and of the networks that are done.
        second_draw: whether to score networks again, for `Ranking.stability` and `Ranking.rounding_stability`.
        score: gives the scores.

    Returns:
        One ranking for each proxy.

    Raises:
        EznasError: what `score_networks` raises.
    """
    observer = observer or SilentObserver()
    again = indices[:SECOND_DRAW_NETWORKS] if second_draw else indices[:0]
    singles = single_proxies(proxies)
    observer.phase("scoring", len(indices))
    scores = score(singles, benchmark, indices, settings, observer)
    second: NetworkScores | None = None
    both_ways: NetworkScores | None = None
    if len(again):
        observer.phase("scoring again, with other weights and images", len(again))
        redrawn = replace(settings, seed=seeds.second_draw(settings.seed))
        has_programs = any(isinstance(one, Proxy) for one in singles)
        few, others = np.split(again, [ROUNDED_NETWORKS if has_programs and can_round_up() else 0])
        parts = []
        if len(few):
            both_ways = score(singles, benchmark, few, replace(redrawn, rounded_up=True), observer)
            parts.append(both_ways)
        if len(others):
            parts.append(score(singles, benchmark, others, redrawn, observer))
        second = NetworkScores.joined(parts)
    observer.phase("intervals")
    accuracies = benchmark.accuracies[indices]
    return rankings_of(proxies, accuracies, settings.seed, scores, second, both_ways, threads=settings.threads)


def rankings_of(
    proxies: Sequence[AnyProxy],
    accuracies: NDArray[np.float64],
    seed: int,
    scores: NetworkScores,
    second: NetworkScores | None = None,
    both_ways: NetworkScores | None = None,
    *,
    threads: int = 1,
) -> list[Ranking]:
    """Compare scores of networks with their accuracies, as `rank_networks` does.

    Args:
        proxies: whose scores they are.
        accuracies: float64 (networks,).
        seed: of the bootstrap.
        scores: of the `single_proxies`.
        second: of the same, with other weights and images, for the first of the networks.
        both_ways: of the same and the first of those networks, with `NetworkScores.rounded_up`.
        threads: each with a proxy of its own.
    """
    all_scores = aggregated(proxies, scores)
    drawn: list[SeedStability | None] = [None] * len(proxies)
    if second:
        # Aggregates rank the networks that are scored together: the same ones both times.
        first = aggregated(proxies, scores.first(second.values.shape[1])).values
        drawn = [SeedStability.of(*pair) for pair in zip(first, aggregated(proxies, second).values, strict=True)]
    stable = _rounding_stability(proxies, both_ways) if both_ways else [None] * len(proxies)
    gradients = _rounding_gradients(proxies, both_ways) if both_ways else [None] * len(proxies)

    def ranking(row: int) -> Ranking:
        return Ranking.of(
            all_scores.values[row],
            accuracies,
            proxies[row].orientation,
            seed,
            all_scores.unscored[row],
            drawn[row],
            scores.coverage if isinstance(proxies[row], Proxy) else None,
            stable[row],
            gradients[row],
        )

    return run_in_threads(ranking, count=len(proxies), threads=threads, limit=lambda: threads)


def _rounding_stability(proxies: Sequence[AnyProxy], both_ways: NetworkScores) -> list[float | None]:
    """Return `Ranking.rounding_stability` of each proxy; the scores are those of `rankings_of`."""
    scores = aggregated(proxies, both_ways)
    if scores.rounded_up is None:
        raise ValueError("the scores have not been computed both ways")
    return [
        rounding_stability(*pair) if any(isinstance(one, Proxy) for one in single_proxies([proxy])) else None
        for proxy, *pair in zip(proxies, scores.values, scores.rounded_up, strict=True)
    ]


def _rounding_gradients(proxies: Sequence[AnyProxy], both_ways: NetworkScores) -> list[float | None]:
    """Return `Ranking.rounding_gradients` of each proxy, of an aggregate the largest of its members."""
    if both_ways.rounding_gradients is None:
        raise ValueError("the scores have not been computed both ways")
    rows = iter(both_ways.rounding_gradients)
    shares = []
    for proxy in proxies:
        of_members = [next(rows) for _ in single_proxies([proxy])]
        means = [np.nanmean(row) for row in of_members if not np.isnan(row).all()]
        shares.append(float(max(means)) if means else None)
    return shares


def _plain(number: float) -> float | None:
    return None if math.isnan(number) else number
