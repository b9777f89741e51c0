"""Kendall's tau weighted to the best networks: a pair counts the more, the better the better one of it ranks.

A pair of networks weighs the sum of their weights, and a network that is the r-th best by accuracy weighs 1 / r: the
additive hyperbolic tau of Vigna, "A weighted correlation index for rankings with ties", WWW 2015, with the ranks of the
accuracies. `scipy.stats.weightedtau(scores, accuracies, rank=ranks)` is the same where no accuracies are tied.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eznas.system.vectors import njit


def top_weighted_tau(scores: ArrayLike, accuracies: ArrayLike) -> float:
    """Return the tau of two sequences that is weighted to the networks with the highest accuracies, from -1 to 1.

    Args:
        scores: one per network, higher for a network that should be better.
        accuracies: one per network; they alone decide the weights.

    Returns:
        The weighted tau-b, or NaN where an input has a NaN, is constant or is shorter than 2.

    Raises:
        ValueError: the lengths differ.
    """
    score, accuracy = (np.asarray(one, dtype=np.float64, order="C") for one in (scores, accuracies))
    if score.shape != accuracy.shape or score.ndim != 1:
        raise ValueError(f"a rank correlation takes two sequences of equal length, not {score.shape}, {accuracy.shape}")
    constant = len(score) < 2 or score.min() == score.max() or accuracy.min() == accuracy.max()
    if constant or np.isnan(score).any() or np.isnan(accuracy).any():
        return math.nan
    return float(weighted_tau(accuracy, score, top_weights(accuracy), np.argsort(accuracy)))


def top_weights(accuracies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weight of each network, float64 (networks,): 1 over its rank by accuracy, the best one having 1.

    Networks of one accuracy share the mean of their weights, so that none depends on the order of the networks.
    """
    weights = np.empty(len(accuracies))
    weights[np.argsort(-accuracies, kind="stable")] = 1.0 / np.arange(1, len(accuracies) + 1)
    _, which, counts = np.unique(accuracies, return_inverse=True, return_counts=True)
    shared: NDArray[np.float64] = (np.bincount(which, weights) / counts)[which]
    return shared


@njit(cache=True, nogil=True)
def weighted_tau(
    x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64], order: NDArray[np.int64]
) -> float:
    """Return tau-b where a pair weighs the sum of both weights, in O(n log n).

    As in `eznas.correlation.rank_correlation.compare_by_sorting`, the discordant pairs are the inversions that a merge
    sort undoes; here each counts its weight.

    Args:
        x: float64 (n,), not constant, without NaN.
        y: float64 (n,), likewise.
        weights: float64 (n,), positive.
        order: int64 (n,), which sorts x.
    """
    count = len(x)
    x, y, weights = x[order], y[order], weights[order]
    total = (count - 1) * weights.sum()
    tied_x = tied_both = 0.0
    start = 0
    while start < count:
        end = start + 1
        while end < count and x[end] == x[start]:
            end += 1
        if end - start > 1:
            _sort_run(y, weights, start, end)
            tied_x += (end - start - 1) * weights[start:end].sum()
            tied_both += _tied_weight(y[start:end], weights[start:end])
        start = end
    discordant, y, weights = _weighted_merge_sort(y, weights)
    tied_y = _tied_weight(y, weights)
    product = total - tied_x - tied_y + tied_both - 2.0 * discordant
    tau = product / np.sqrt((total - tied_x) * (total - tied_y))
    return float(min(1.0, max(-1.0, tau)))


@njit(cache=True, nogil=True)
def _tied_weight(ascending: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """The weight of the pairs that are tied in numbers in ascending order."""
    tied = 0.0
    start = 0
    for end in range(1, len(ascending) + 1):
        if end == len(ascending) or ascending[end] != ascending[start]:
            if end - start > 1:
                tied += (end - start - 1) * weights[start:end].sum()
            start = end
    return tied


@njit(cache=True, nogil=True)
def _sort_run(y: NDArray[np.float64], weights: NDArray[np.float64], start: int, end: int) -> None:
    """Sort a run that is tied in x by y, in place."""
    _, sorted_y, sorted_weights = _weighted_merge_sort(y[start:end].copy(), weights[start:end].copy())
    for place in range(start, end):
        y[place], weights[place] = sorted_y[place - start], sorted_weights[place - start]


@njit(cache=True, nogil=True)
def _weighted_merge_sort(
    y: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Return the weight of the inversions, the sorted numbers and the weights in their order; overwrites both."""
    count = len(y)
    inversions = 0.0
    other_y, other_weights = np.empty_like(y), np.empty_like(weights)
    width = 1
    while width < count:
        for start in range(0, count, 2 * width):
            middle = min(start + width, count)
            end = min(start + 2 * width, count)
            left, right = start, middle
            waiting = 0.0  # the weight of what is left of the left half
            for i in range(start, middle):
                waiting += weights[i]
            for k in range(start, end):
                if left < middle and (right == end or y[left] <= y[right]):
                    other_y[k], other_weights[k] = y[left], weights[left]
                    waiting -= weights[left]
                    left += 1
                else:
                    other_y[k], other_weights[k] = y[right], weights[right]
                    if left < middle:
                        inversions += waiting + (middle - left) * weights[right]
                    right += 1
        y, other_y = other_y, y
        weights, other_weights = other_weights, weights
        width *= 2
    return inversions, y, weights
