"""Percentile bootstrap: how far a rank correlation would move had other networks been sampled."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from eznas.scoring.ranking import Statistic


def bootstrap_interval(
    scores: ArrayLike,
    accuracies: ArrayLike,
    statistic: Statistic,
    rng: np.random.Generator,
    resamples: int = 1000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a statistic of scores and accuracies.

    Networks are drawn with replacement, as many as there are, and the statistic is computed on each such resample. A
    network drawn twice ties with itself, which tau-b leaves out of both numerator and denominator. Source: Efron and
    Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.

    Args:
        scores: one per network.
        accuracies: one per network.
        statistic: such as `kendall_tau`.
        rng: source of the resamples; the same state gives the same interval.
        resamples: how many.
        level: share of the resampled statistics inside the interval, between 0 and 1.

    Returns:
        The lower and the upper end; NaN for both where the statistic is undefined on every resample, or an
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
        return math.nan, math.nan
    values = np.empty(resamples)
    for i in range(resamples):
        drawn = rng.integers(count, size=count)
        values[i] = statistic(score[drawn], accuracy[drawn])
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return math.nan, math.nan
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
