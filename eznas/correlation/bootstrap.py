"""Percentile bootstrap: how far rank correlations would move had other networks been sampled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eznas.correlation.rank_correlation import Statistic, of_resamples

RESAMPLES: Final = 1000
LEVEL: Final = 0.95
INTERVAL: Final = f"{LEVEL:.0%} percentile bootstrap over networks, {RESAMPLES:,} resamples"
"""What an interval is, for protocols."""

_NUMBERS_AT_ONCE: Final = 2**20
"""Networks of resamples that are drawn together, which is little memory."""


def bootstrap_intervals(
    scores: ArrayLike,
    accuracies: ArrayLike,
    statistics: Sequence[Statistic],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> list[tuple[float, float]]:
    """Return the percentile bootstrap interval of every statistic of scores and accuracies.

    Networks are drawn with replacement, as many as there are, and the statistics are computed on each such resample. A
    network drawn twice ties with itself, which tau-b leaves out of both numerator and denominator. Source: Efron and
    Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.

    Args:
        scores: one per network.
        accuracies: one per network.
        statistics: such as `kendall_tau`; all are taken of the same resamples.
        rng: source of the resamples; the same state gives the same intervals.
        resamples: how many.
        level: share of the resampled statistics inside an interval, between 0 and 1.

    Returns:
        The lower and the upper end for each statistic; NaN for both where it is undefined on every resample, or an
        input has a NaN. Single resamples on which it is undefined are left out.

    Raises:
        ValueError: `resamples` is less than 1, or `level` is not between 0 and 1.
    """
    if resamples < 1 or not 0.0 < level < 1.0:
        raise ValueError(f"a bootstrap takes 1 resample or more and a level in (0, 1), not {resamples} and {level}")
    score = np.asarray(scores, dtype=np.float64)
    accuracy = np.asarray(accuracies, dtype=np.float64)
    count = len(score)
    if count == 0 or np.isnan(score).any() or np.isnan(accuracy).any():
        return [(math.nan, math.nan)] * len(statistics)
    values = _resampled([(statistic, score) for statistic in statistics], accuracy, resamples, rng)
    return [_interval(row[~np.isnan(row)], level) for row in values]


def paired_intervals(
    scores: NDArray[np.float64],
    pairs: Sequence[tuple[int, int]],
    accuracies: ArrayLike,
    statistic: Statistic,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> list[tuple[float, float]]:
    """Return the percentile bootstrap interval of the difference of a statistic between two scores of one sample.

    Both scores see the same resamples, so that what makes a resample easy or hard for both cancels: the interval of
    the difference is narrower than those of the two suggest.

    Args:
        scores: float64 (proxies, networks).
        pairs: of rows: the difference is that of the first minus that of the second.
        accuracies: one per network.
        statistic: such as `kendall_tau`.
        rng: source of the resamples.
        resamples: how many.
        level: share of the differences inside an interval, between 0 and 1.

    Returns:
        The lower and the upper end for each pair; NaN for both where the difference is undefined on every resample.
    """
    accuracy = np.asarray(accuracies, dtype=np.float64)
    count = len(accuracy)
    if count == 0:
        return [(math.nan, math.nan)] * len(pairs)
    values = _resampled([(statistic, row) for row in scores], accuracy, resamples, rng)
    differences = [values[first] - values[second] for first, second in pairs]
    return [_interval(row[~np.isnan(row)], level) for row in differences]


def _resampled(
    rows: Sequence[tuple[Statistic, NDArray[np.float64]]],
    accuracies: NDArray[np.float64],
    resamples: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return for each row its statistic of its scores on the same resamples of the networks, (rows, resamples)."""
    count = len(accuracies)
    at_once = max(1, _NUMBERS_AT_ONCE // count)
    parts = []
    for start in range(0, resamples, at_once):
        drawn = rng.integers(count, size=(min(at_once, resamples - start), count))
        parts.append([of_resamples(statistic, scores, accuracies, drawn) for statistic, scores in rows])
    return np.concatenate(parts, axis=1)


def _interval(values: NDArray[np.float64], level: float) -> tuple[float, float]:
    if len(values) == 0:
        return math.nan, math.nan
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
