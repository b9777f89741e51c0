"""Kendall's tau of scores with ties made equal, compiled: what `rankable` and `kendall_tau` give, for finite scores."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.correlation.rank_correlation import compare_by_sorting
from eznas.ops.jit import compiled
from eznas.ops.limits import RELATIVE_TOLERANCE
from eznas.scoring.ties import any_tied, tied_in_order

# Up to here comparing all pairs twice, which vectorises, is faster than sorting.
_ALL_PAIRS_LIMIT: Final = 700
# Wider than the rule of ties, so that no tie is missed; what is no tie after all costs time only.
_MARGIN: Final = 2.0 * RELATIVE_TOLERANCE


@compiled
def _discordant_pairs(ranked: NDArray[np.float64]) -> int:
    """How many pairs fall in a sequence; -1 where two numbers are so close that they may be ties."""
    above, not_below = 0, 0
    for later in range(1, len(ranked)):
        margin = _MARGIN * abs(ranked[later])
        low, high = ranked[later] - margin, ranked[later] + margin
        for earlier in range(later):
            above += int(ranked[earlier] > high)
            not_below += int(ranked[earlier] >= low)
    return above if above == not_below else -1


@compiled
def tau_of(scores: NDArray[np.float64], accuracies: NDArray[np.float64], order: NDArray[np.int64]) -> float:
    """Return tau-b; 0 where all scores or all accuracies are ties, for nothing is ranked then.

    Args:
        scores: float64 (networks,), finite.
        accuracies: float64 (networks,).
        order: int64 (networks,), what sorts the accuracies.
    """
    count = len(scores)
    discordant = -1
    if count <= _ALL_PAIRS_LIMIT:
        discordant = _discordant_pairs(scores[order])
    if discordant < 0:
        concordance, untied, untied_scores, ascending = compare_by_sorting(accuracies, scores, order)
        if any_tied(ascending):
            equal = tied_in_order(scores, ascending)
            concordance, untied, untied_scores, ascending = compare_by_sorting(accuracies, equal, order)
    else:
        untied_scores = count * (count - 1) // 2
        untied = untied_scores
        start = 0
        for end in range(1, count + 1):
            if end == count or accuracies[order[end]] != accuracies[order[start]]:
                for later in range(start + 1, end):  # of tied accuracies no pair is discordant
                    for earlier in range(start, later):
                        discordant -= int(scores[order[earlier]] > scores[order[later]])
                        untied -= 1
                start = end
        concordance = untied - 2 * discordant
    if untied == 0 or untied_scores == 0:
        return 0.0
    return float(concordance / np.sqrt(np.float64(untied) * np.float64(untied_scores)))
