"""From the numbers of a network's units to the score of the network: aggregates, and how those of terms are joined."""

from __future__ import annotations

from typing import get_args

import numpy as np
from numpy.typing import NDArray

from eznas.errors import EznasError
from eznas.ops.limits import RELATIVE_TOLERANCE
from eznas.options import Aggregation
from eznas.system.vectors import njit


def aggregate_columns(
    values: NDArray[np.float32],
    valid: NDArray[np.bool_],
    aggregation: Aggregation,
    stands_for: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Aggregate per-unit numbers to one score for each program.

    Args:
        values: float32, shape (units, programs).
        valid: bool, same shape; numbers of invalid units are left out.
        aggregation: `mean` or `sum`.
        stands_for: float64, shape (units,), how many units each stands for; None where each is itself alone.

    Returns:
        float64, shape (programs,): NaN where no unit is valid or the score is not finite, and exactly 0 where the units
        cancel but for a remainder within `RELATIVE_TOLERANCE` of their size, which is the error of computing them.
    """
    if aggregation not in get_args(Aggregation):
        raise EznasError(f"Unknown aggregation {aggregation!r}; choose one of: {', '.join(get_args(Aggregation))}.")
    weights = np.ones(len(values)) if stands_for is None else stands_for
    return _aggregated(values, valid, weights, aggregation == "mean")


@njit(cache=True, nogil=True)
def _aggregated(
    values: NDArray[np.float32], valid: NDArray[np.bool_], stands_for: NDArray[np.float64], is_mean: bool
) -> NDArray[np.float64]:
    """`aggregate_columns`, one unit after the other, so that no score depends on the programs beside it.

    The sums are float64, so that the order in which a network lists its units costs no precision.
    """
    units, programs = values.shape
    scores, sizes, counts = np.zeros(programs), np.zeros(programs), np.zeros(programs)
    for unit in range(units):
        for program in range(programs):
            if valid[unit, program]:
                number = np.float64(values[unit, program]) * stands_for[unit]
                scores[program] += number
                sizes[program] += abs(number)
                counts[program] += stands_for[unit]
    for program in range(programs):
        if counts[program] == 0 or not np.isfinite(scores[program]):
            scores[program] = np.nan
        elif abs(scores[program]) < RELATIVE_TOLERANCE * sizes[program]:
            scores[program] = 0.0
        elif is_mean:
            scores[program] /= counts[program]
    return scores


def join_terms(aggregates: NDArray[np.float64], signs: NDArray[np.float64]) -> float:
    """Return the score of a formula of one or several terms, see `eznas.ops.terms`.

    Args:
        aggregates: float64 (terms,), each as `aggregate_columns` gives it.
        signs: float64 (terms,): +1 or -1.

    Returns:
        The aggregate of a single term as it is. Of several, the sum of their signed logarithms: NaN where one has no
        aggregate, and exactly 0 where they cancel but for a remainder within `RELATIVE_TOLERANCE` of their size.
    """
    if len(aggregates) == 1:
        return float(aggregates[0])
    logarithms = signs * np.copysign(np.log1p(np.abs(aggregates)), aggregates)
    score = float(logarithms.sum())
    return 0.0 if abs(score) < RELATIVE_TOLERANCE * np.abs(logarithms).sum() else score
