"""Rank correlations between scores and accuracies: Kendall's tau-b, Spearman's rho, and tau among the best networks.

Kendall's tau is the fitness of every program, so it is computed here by numba in microseconds; it equals
`scipy.stats.kendalltau`, ties included. All functions take one number per network and treat infinities as ordinary
extreme values; a NaN anywhere gives NaN, and so does a constant input, for which the correlations are undefined.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eznas.system.vectors import njit

Statistic = Callable[[NDArray[np.float64], NDArray[np.float64]], float]
"""A function of scores and accuracies, such as `kendall_tau`."""

# Up to here comparing all pairs, which vectorises, is faster than sorting.
_ALL_PAIRS_LIMIT: Final = 128
# Runs up to this length are sorted by insertion.
_SHORT_RUN: Final = 16


def kendall_tau(x: ArrayLike, y: ArrayLike) -> float:
    """Return Kendall's tau-b of two sequences of the same length, from -1 to 1.

    tau-b = (concordant - discordant) / sqrt(pairs not tied in x) / sqrt(pairs not tied in y). Source: Kendall, "The
    treatment of ties in ranking problems", Biometrika 33 (1945).

    Returns:
        tau-b, or NaN where an input has a NaN, is constant or is shorter than 2.

    Raises:
        ValueError: the lengths differ, or an input is not one-dimensional.
    """
    first, second = _pair(x, y)
    if len(first) <= _ALL_PAIRS_LIMIT:
        return _tau_b(*_compare_all_pairs(first, second))
    if np.isnan(first).any() or np.isnan(second).any():
        return math.nan
    # numpy's sort uses the widest vector instructions of the machine, numba's does not.
    return _tau_b(*compare_by_sorting(first, second, np.argsort(first))[:3])


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Return Spearman's rho, the correlation of the ranks of two sequences of the same length, from -1 to 1.

    Tied values share the mean of their ranks.

    Returns:
        rho, or NaN where an input has a NaN, is constant or is shorter than 2.

    Raises:
        ValueError: the lengths differ, or an input is not one-dimensional.
    """
    first, second = _pair(x, y)
    if len(first) < 2 or np.isnan(first).any() or np.isnan(second).any():
        return math.nan
    return _rho(_mean_ranks(first, np.argsort(first)), _mean_ranks(second, np.argsort(second)))


def top_decile_tau(scores: ArrayLike, accuracies: ArrayLike) -> float:
    """Return Kendall's tau-b among the most accurate tenth of the networks.

    Of n networks the ceil(n / 10) with the highest accuracies are kept; where further networks tie with the last of
    them they are kept as well, so that the result does not depend on the order of the networks.

    Args:
        scores: one per network, higher for a network that should be better.
        accuracies: one per network; they alone decide which networks are kept.

    Returns:
        tau-b, or NaN where an input has a NaN, or one of them is constant among the networks kept (as for 10
        networks or fewer, where only one is kept).

    Raises:
        ValueError: the lengths differ, or an input is not one-dimensional.
    """
    score, accuracy = _pair(scores, accuracies)
    if len(score) == 0 or np.isnan(score).any() or np.isnan(accuracy).any():
        return math.nan
    kept_count = math.ceil(len(accuracy) / 10)
    threshold = np.partition(accuracy, -kept_count)[-kept_count]
    kept = accuracy >= threshold
    return kendall_tau(score[kept], accuracy[kept])


def partial_kendall_tau(x: ArrayLike, y: ArrayLike, given: ArrayLike) -> float:
    """Return Kendall's partial tau of two sequences, what of their tau a third one does not explain, from -1 to 1.

    (tau_xy - tau_xz tau_yz) / sqrt((1 - tau_xz^2) (1 - tau_yz^2)), z being `given`. Source: Kendall, "Partial rank
    correlation", Biometrika 32 (1942).

    Returns:
        The partial tau, or NaN where one of the three taus is undefined, or `given` orders one sequence perfectly.

    Raises:
        ValueError: the lengths differ, or an input is not one-dimensional.
    """
    of_both, of_x, of_y = kendall_tau(x, y), kendall_tau(x, given), kendall_tau(y, given)
    unexplained = (1 - of_x * of_x) * (1 - of_y * of_y)
    return _within_unit((of_both - of_x * of_y) / math.sqrt(unexplained)) if unexplained > 0 else math.nan


def of_resamples(
    statistic: Statistic, x: NDArray[np.float64], y: NDArray[np.float64], drawn: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return a statistic of many resamples of the same two sequences, to the last bit what it returns of each.

    Args:
        statistic: `kendall_tau`, `spearman` or `top_decile_tau`, whose loops are compiled; or any other.
        x: float64 (n,).
        y: float64 (n,).
        drawn: int64 (resamples, n), which elements each resample has.
    """
    if statistic in _COMPILED and not (np.isnan(x).any() or np.isnan(y).any()):
        # Only the order counts, and small whole numbers are sorted by counting them.
        ranks_x, ranks_y = (np.unique(one, return_inverse=True)[1].astype(np.int64) for one in (x, y))
        return _resampled(_COMPILED.index(statistic), ranks_x, ranks_y, drawn)
    return np.array([statistic(x[one], y[one]) for one in drawn])


_COMPILED: Final[tuple[Statistic, ...]] = (kendall_tau, spearman, top_decile_tau)
_KENDALL, _SPEARMAN, _TOP_DECILE = range(3)


def _pair(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first = np.asarray(x, dtype=np.float64, order="C")
    second = np.asarray(y, dtype=np.float64, order="C")
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(
            f"a rank correlation takes two sequences of equal length, not {first.shape} and {second.shape}"
        )
    return first, second


@njit(cache=True, nogil=True)
def _tau_b(concordance: int, untied_x: int, untied_y: int) -> float:
    if untied_x == 0 or untied_y == 0:
        return math.nan
    return _within_unit(concordance / math.sqrt(untied_x * untied_y))


@njit(cache=True, nogil=True)
def _within_unit(value: float) -> float:
    """Undo the rounding that can carry a perfect correlation past 1."""
    return min(1.0, max(-1.0, value))


@njit(cache=True, nogil=True)
def _compare_all_pairs(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[int, int, int]:
    """Return concordant minus discordant pairs, pairs not tied in x, pairs not tied in y; zeros if there is a NaN."""
    concordance = 0
    untied_x = 0
    untied_y = 0
    for i in range(len(x)):
        x_i, y_i = x[i], y[i]
        if np.isnan(x_i) or np.isnan(y_i):
            return 0, 0, 0
        for j in range(i):
            # Compared, not subtracted: the difference of two infinities is NaN.
            order_x = int(x[j] > x_i) - int(x[j] < x_i)
            order_y = int(y[j] > y_i) - int(y[j] < y_i)
            concordance += order_x * order_y
            untied_x += order_x * order_x
            untied_y += order_y * order_y
    return concordance, untied_x, untied_y


@njit(cache=True, nogil=True)
def compare_by_sorting(
    x: NDArray[np.float64], y: NDArray[np.float64], order: NDArray[np.int64]
) -> tuple[int, int, int, NDArray[np.float64]]:
    """Compare all pairs in O(n log n), for compiled code that knows the order of x; there must be no NaN.

    With the pairs sorted by x, and by y where x ties, the discordant pairs are the inversions that a merge sort of y
    undoes. Source: Knight, "A computer method for calculating Kendall's tau with ungrouped data", JASA 61 (1966).

    Args:
        x: float64 (n,).
        y: float64 (n,).
        order: int64 (n,), which sorts x.

    Returns:
        Concordant minus discordant pairs, pairs not tied in x, pairs not tied in y, and y in ascending order.
    """
    count = len(x)
    x, y = x[order], y[order]
    tied_x = 0
    tied_both = 0
    start = 0
    while start < count:
        end = start + 1
        while end < count and x[end] == x[start]:
            end += 1
        if end - start > 1:
            if end - start <= _SHORT_RUN:
                _insertion_sort(y, start, end)
            else:
                ascending = _merge_sort(y[start:end].copy())[1]
                for place in range(start, end):
                    y[place] = ascending[place - start]
            tied_x += (end - start) * (end - start - 1) // 2
            tied_both += _tied_pairs(y[start:end])
        start = end
    discordant, sorted_y = _merge_sort(y)
    tied_y = _tied_pairs(sorted_y)
    pairs = count * (count - 1) // 2
    return pairs - tied_x - tied_y + tied_both - 2 * discordant, pairs - tied_x, pairs - tied_y, sorted_y


@njit(cache=True, nogil=True)
def _resampled(
    statistic: int, x: NDArray[np.int64], y: NDArray[np.int64], drawn: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return a statistic of resamples of sequences of whole numbers, 0 to n - 1 at most."""
    values = np.empty(len(drawn), np.float64)
    for resample in range(len(drawn)):
        first, second = x[drawn[resample]], y[drawn[resample]]
        if statistic == _SPEARMAN:
            values[resample] = _rho(_mean_ranks_by_counting(first), _mean_ranks_by_counting(second))
            continue
        if statistic == _TOP_DECILE:
            kept = _is_in_top_decile(second)
            first, second = first[kept], second[kept]
        left, right = first.astype(np.float64), second.astype(np.float64)
        if len(first) <= _ALL_PAIRS_LIMIT:
            concordance, untied_x, untied_y = _compare_all_pairs(left, right)
        else:
            concordance, untied_x, untied_y, _ = compare_by_sorting(left, right, _order_by_counting(first))
        values[resample] = _tau_b(concordance, untied_x, untied_y)
    return values


@njit(cache=True, nogil=True)
def _rho(ranks_x: NDArray[np.float64], ranks_y: NDArray[np.float64]) -> float:
    """Return Spearman's rho from mean ranks; its sums are of multiples of a quarter, and exact."""
    middle = (len(ranks_x) + 1) / 2
    together = of_x = of_y = 0.0
    for i in range(len(ranks_x)):
        deviation_x, deviation_y = ranks_x[i] - middle, ranks_y[i] - middle
        together += deviation_x * deviation_y
        of_x += deviation_x * deviation_x
        of_y += deviation_y * deviation_y
    if of_x == 0.0 or of_y == 0.0:
        return math.nan
    return _within_unit(together / math.sqrt(of_x * of_y))


@njit(cache=True, nogil=True)
def _smaller(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for 0, 1 and so on, past the largest value, how many values are smaller."""
    smaller = np.zeros(values.max() + 2, np.int64)
    for value in values:
        smaller[value + 1] += 1
    return np.cumsum(smaller)


@njit(cache=True, nogil=True)
def _mean_ranks_by_counting(values: NDArray[np.int64]) -> NDArray[np.float64]:
    smaller = _smaller(values)
    ranks = np.empty(len(values), np.float64)
    for i in range(len(values)):
        ranks[i] = (smaller[values[i]] + 1 + smaller[values[i] + 1]) / 2
    return ranks


@njit(cache=True, nogil=True)
def _order_by_counting(values: NDArray[np.int64]) -> NDArray[np.int64]:
    places = _smaller(values)
    order = np.empty(len(values), np.int64)
    for i in range(len(values)):
        order[places[values[i]]] = i
        places[values[i]] += 1
    return order


@njit(cache=True, nogil=True)
def _is_in_top_decile(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    smaller = _smaller(values)
    threshold = len(smaller) - 2
    while len(values) - smaller[threshold] < math.ceil(len(values) / 10):
        threshold -= 1
    return values >= threshold


@njit(cache=True, nogil=True)
def _tied_pairs(ascending: NDArray[np.float64]) -> int:
    pairs = 0
    run = 0
    for i in range(1, len(ascending)):
        run = run + 1 if ascending[i] == ascending[i - 1] else 0
        pairs += run
    return pairs


@njit(cache=True, nogil=True)
def _insertion_sort(values: NDArray[np.float64], start: int, end: int) -> int:
    """Sort `values[start:end]` in place and return the number of inversions."""
    inversions = 0
    for i in range(start + 1, end):
        value = values[i]
        j = i
        while j > start and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value
        inversions += i - j
    return inversions


@njit(cache=True, nogil=True)
def _merge_sort(values: NDArray[np.float64]) -> tuple[int, NDArray[np.float64]]:
    """Return the number of inversions and the sorted values; `values` serves as scratch."""
    count = len(values)
    inversions = 0
    for start in range(0, count, _SHORT_RUN):
        inversions += _insertion_sort(values, start, min(start + _SHORT_RUN, count))
    source, target = values, np.empty_like(values)
    width = _SHORT_RUN
    while width < count:
        for start in range(0, count, 2 * width):
            middle = min(start + width, count)
            end = min(start + 2 * width, count)
            i, j, k = start, middle, start
            while i < middle and j < end:
                left, right = source[i], source[j]
                # Without a branch: on shuffled values it would be mispredicted every other time.
                from_right = int(right < left)
                target[k] = right if right < left else left
                inversions += from_right * (middle - i)
                i += 1 - from_right
                j += from_right
                k += 1
            rest = i if i < middle else j
            for place in range(k, end):
                target[place] = source[rest + place - k]
        source, target = target, source
        width *= 2
    return inversions, source


@njit(cache=True, nogil=True)
def _mean_ranks(values: NDArray[np.float64], order: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the ranks 1 to n of `values`, given the order that sorts them; ties share their mean rank."""
    count = len(values)
    ranks = np.empty(count, np.float64)
    start = 0
    while start < count:
        end = start + 1
        while end < count and values[order[end]] == values[order[start]]:
            end += 1
        for position in range(start, end):
            ranks[order[position]] = (start + 1 + end) / 2
        start = end
    return ranks
