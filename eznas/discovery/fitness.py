"""How well the scores of a formula rank networks, compiled: the fitness of `search.fitness`, for numbers at hand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eznas.discovery.arithmetic import BLOCK, SLOTS, score_networks
from eznas.discovery.codes import MAXIMUM_NODES
from eznas.discovery.problem import Arrays
from eznas.ops.jit import compiled
from eznas.scoring.correlation import _compare_by_sorting


class Workspace(NamedTuple):
    """What one thread writes to while it evaluates formulas.

    Attributes:
        slots, places, marks: see `score_networks`.
        scores: float64 (networks,), of the formula evaluated last.
        taus: float64 (groups,), of the formula evaluated last.
    """

    slots: NDArray[np.float32]
    places: NDArray[np.int64]
    marks: NDArray[np.bool_]
    scores: NDArray[np.float64]
    taus: NDArray[np.float64]


def workspace_for(arrays: Arrays) -> Workspace:
    """Return a workspace for formulas on these arrays."""
    return Workspace(
        slots=np.empty((2 * SLOTS, BLOCK), np.float32),
        places=np.empty((4, MAXIMUM_NODES), np.int64),
        marks=np.empty(BLOCK, np.bool_),
        scores=np.empty(len(arrays.ends), np.float64),
        taus=np.empty(len(arrays.groups) - 1, np.float64),
    )


@compiled
def fitness_of(codes: NDArray[np.int32], length: int, arrays: Arrays, work: Workspace) -> float:
    """Return the fitness of a formula: the least tau over the groups, turned by the better orientation; -1 if invalid.

    The scores stay in `work.scores` and the taus, not turned, in `work.taus`.
    """
    finite = score_networks(
        codes,
        length,
        arrays.features,
        arrays.valid,
        arrays.partly_valid,
        arrays.ends,
        arrays.use_mean,
        work.slots,
        work.places,
        work.marks,
        work.scores,
    )
    if not finite:
        return -1.0
    least, greatest = 1.0, -1.0
    for group in range(len(arrays.groups) - 1):
        start, stop = arrays.groups[group], arrays.groups[group + 1]
        concordance, untied, untied_scores = _compare_by_sorting(
            arrays.accuracies[start:stop], work.scores[start:stop], arrays.order[start:stop]
        )
        if untied == 0 or untied_scores == 0:
            return -1.0
        tau = concordance / np.sqrt(np.float64(untied) * np.float64(untied_scores))
        work.taus[group] = tau
        least = min(least, tau)
        greatest = max(greatest, tau)
    return max(least, -greatest)
