"""Which scores are equal: those that agree within the float32 error of their computation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eznas.ops.limits import RELATIVE_TOLERANCE
from eznas.system.vectors import njit


def tied(scores: ArrayLike, tolerance: float = RELATIVE_TOLERANCE) -> NDArray[np.float64]:
    """Return scores with every group of ties set to one value, to be ranked.

    From zero outwards, for positive and negative scores alike: the first score leads a group, each further one within
    the tolerance of its group's leader becomes that leader, and the first beyond it leads the next group. So
    no group is wider than the tolerance, as chains of neighbours could be, and no boundary is fixed beforehand, as
    rounding would: half of a program's 1/64 could lie above it and half below. The result does not depend on the
    order of the scores, and `tied(-scores)` is `-tied(scores)`. NaN and infinities stay as they are.

    Args:
        scores: (networks,), all that are to be ranked together: a resample is drawn from the result.
        tolerance: relative to the leader's size; only the measurement of `RELATIVE_TOLERANCE` needs another.
    """
    values = np.ascontiguousarray(scores, dtype=np.float64)
    with np.errstate(invalid="ignore"):  # the difference of two infinities, where the kernel is interpreted
        return _follow_leaders(values, np.argsort(values), tolerance)


def rankable(scores: NDArray[np.float64], orientation: int) -> NDArray[np.float64]:
    """Return what correlations are taken of: scores with ties made equal, networks without one tied at the bottom.

    Evolution uses the same scores but accepts only programs that score all its networks, see `eznas.search.fitness`.

    Args:
        scores: float64 (networks,), as computed; NaN where a network has none.
        orientation: the result is higher where a network should be better.
    """
    oriented = orientation * tied(scores)
    return np.where(np.isnan(oriented), -np.inf, oriented)


def agree(first: ArrayLike, second: ArrayLike) -> NDArray[np.bool_]:
    """Return where two scores of the same network are equal by the same rule, bool (networks,); NaN equals NaN."""
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    smaller = np.minimum(np.abs(one), np.abs(other))
    with np.errstate(invalid="ignore"):  # the difference of two infinities
        close = (np.abs(one - other) <= RELATIVE_TOLERANCE * smaller) & np.isfinite(smaller)
    equal: NDArray[np.bool_] = close | (one == other) | (np.isnan(one) & np.isnan(other))
    return equal


@njit(cache=True, nogil=True)
def _follow_leaders(scores: NDArray[np.float64], order: NDArray[np.int64], tolerance: float) -> NDArray[np.float64]:
    """Return the leader of every score, given the order that sorts the scores with NaN at the end."""
    leaders = np.empty_like(scores)
    positive = 0
    while positive < len(scores) and scores[order[positive]] < 0.0:
        positive += 1
    leader = 0.0
    for position in range(positive, len(scores)):
        score = scores[order[position]]
        # Written so that NaN, and an infinity after a number or another one, lead themselves.
        if not score - leader <= tolerance * leader:
            leader = score
        leaders[order[position]] = leader
    leader = 0.0
    for position in range(positive - 1, -1, -1):
        score = scores[order[position]]
        if not leader - score <= -tolerance * leader:
            leader = score
        leaders[order[position]] = leader
    return leaders


@njit(cache=True, nogil=True)
def any_tied(ascending: NDArray[np.float64]) -> bool:
    """Return whether `tied` would change any of these scores, for compiled code that has them in ascending order.

    The first of a group that it changes is a neighbour of the group's leader, so that looking at neighbours is enough.
    """
    for position in range(1, len(ascending)):
        lower, upper = ascending[position - 1], ascending[position]
        if lower >= 0.0:
            if upper != lower and upper - lower <= RELATIVE_TOLERANCE * lower:
                return True
        elif upper < 0.0 and upper != lower and upper - lower <= -RELATIVE_TOLERANCE * upper:
            return True
    return False


@njit(cache=True, nogil=True)
def tied_in_order(scores: NDArray[np.float64], ascending: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what `tied` does, for compiled code that has the scores in ascending order as well; all are finite."""
    leaders = _follow_leaders(ascending, np.arange(len(ascending)), RELATIVE_TOLERANCE)
    return leaders[np.searchsorted(ascending, scores)]
