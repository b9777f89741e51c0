"""From the numbers of a network's units to the score of the network."""

from __future__ import annotations

from typing import get_args

import numpy as np
from numpy.typing import NDArray

from eznas.errors import EznasError
from eznas.ops.limits import RELATIVE_TOLERANCE
from eznas.options import Aggregation


def aggregate_columns(
    values: NDArray[np.float32], valid: NDArray[np.bool_], aggregation: Aggregation
) -> NDArray[np.float64]:
    """Aggregate per-unit numbers to one score for each program.

    Args:
        values: float32, shape (units, programs).
        valid: bool, same shape; numbers of invalid units are left out.
        aggregation: `mean` or `sum`.

    Returns:
        float64, shape (programs,): NaN where no unit is valid or the score is not finite, and exactly 0 where the units
        cancel but for a remainder within `RELATIVE_TOLERANCE` of their size, which is the error of computing them.
    """
    if aggregation not in get_args(Aggregation):
        raise EznasError(f"Unknown aggregation {aggregation!r}; choose one of: {', '.join(get_args(Aggregation))}.")
    counts = valid.sum(axis=0)
    with np.errstate(invalid="ignore", over="ignore"):
        # float64, so that the order in which a network lists its units costs no precision.
        numbers = np.where(valid, values, 0.0).astype(np.float64)
        scores: NDArray[np.float64] = numbers.sum(axis=0)
        scores[np.abs(scores) < RELATIVE_TOLERANCE * np.abs(numbers).sum(axis=0)] = 0.0
    if aggregation == "mean":
        scores /= np.maximum(counts, 1)
    scores[(counts == 0) | ~np.isfinite(scores)] = np.nan
    return scores
