"""What a report shows of single networks: scores beside accuracies, and what each unit of some networks contributes.

It is plain data, small enough to lie in a file beside the figures that were computed from the same scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks.base import Benchmark
from eznas.ops.plan import Plan
from eznas.proxies import Proxy
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.scoring.detail_format import BEST
from eznas.scoring.evaluator import unit_numbers
from eznas.scoring.ranking import Ranking
from eznas.scoring.settings import ScoringSettings
from eznas.statistics.collect import CollectionSettings

_WEIGHT: Final = 0  # the address of the terminal whose shape tells a unit from others


def scored_networks(accuracies: NDArray[np.float64], scores: NDArray[np.float64]) -> dict[str, Any]:
    """Return networks with their scores by the reported program.

    Args:
        accuracies: float64 (networks,).
        scores: float64 (networks,), turned so that higher means better; NaN where a network has none.
    """
    return {"accuracies": accuracies.tolist(), "scores": {BEST: scores.tolist()}}


def ranked_networks(accuracies: NDArray[np.float64], rankings: Mapping[str, Ranking]) -> dict[str, Any]:
    """Return networks with their scores by the reported program and by baselines, which `rankings` has by name."""
    return {
        "accuracies": accuracies.tolist(),
        "scores": {name: ranking.scores.tolist() for name, ranking in rankings.items()},
    }


def unit_contributions(
    proxy: Proxy,
    benchmark: Benchmark,
    indices: NDArray[np.int64],
    ranking: Ranking,
    settings: ScoringSettings,
) -> list[dict[str, Any]]:
    """Return what every unit contributes to the score of the most, the middle and the least accurate network.

    The contributions to a term add up to its aggregate over the units, and of a formula of one term that is the score;
    both are turned so that higher means better. A unit that a program cannot be computed on contributes None.

    Args:
        proxy: what the networks were scored with.
        benchmark: where they are from.
        indices: int64 (networks,), which they are.
        ranking: of these networks by the proxy; networks without a score are passed over.
        settings: under what they were scored.
    """
    scored = np.flatnonzero(~np.isnan(ranking.scores))
    if not len(scored):
        return []
    by_accuracy = scored[np.argsort(-benchmark.accuracies[indices[scored]], kind="stable")]
    chosen = {"most accurate": 0, "middle": len(by_accuracy) // 2, "least accurate": len(by_accuracy) - 1}
    plan = Plan.of([term.program for term in proxy.terms])
    source = BenchmarkStatistics(
        benchmark,
        settings.batch_size,
        settings.seed,
        CollectionSettings(
            proxy.unit,
            proxy.third_pass,
            settings.device,
            frozenset[int]().union(*(term.program.terminals for term in proxy.terms)),
        ),
    )
    details = []
    for name, place in chosen.items():
        position = int(by_accuracy[place])
        index = int(indices[position])
        statistics = source.collect(index)
        numbers, valid = unit_numbers(plan, statistics, proxy.to_scalar)
        shares = np.where(valid, proxy.orientation * numbers.astype(np.float64), np.nan)
        if proxy.aggregation == "mean":
            shares /= np.maximum(valid.sum(axis=0), 1)
        details.append(
            {
                "network": name,
                "architecture": benchmark.architectures[index],
                "accuracy": float(benchmark.accuracies[index]),
                "score": float(ranking.scores[position]),
                "weights": [list(statistics.shape(unit, _WEIGHT)) for unit in range(statistics.units)],
                "terms": [
                    {"sign": term.sign, "contributions": column.tolist()}
                    for term, column in zip(proxy.terms, shares.T, strict=True)
                ],
            }
        )
    return details
