"""How well the scores of a formula rank networks, compiled: the fitness of `search.fitness`, for numbers at hand."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eznas.discovery.arithmetic import BLOCK, SLOTS, score_networks
from eznas.discovery.codes import MAXIMUM_NODES
from eznas.discovery.problem import COMBINED, Arrays
from eznas.ops.jit import compiled
from eznas.options import Orientation
from eznas.scoring.correlation import _compare_by_sorting

_MINIMUM: Final = COMBINED["minimum"]
_MEAN: Final = COMBINED["mean"]


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


class Judgement(NamedTuple):
    """What the networks of a problem say of a formula.

    Attributes:
        fitness: -1 where a network has no score, or all of a group have the same.
        orientation: +1 where a higher score means a better network, -1 where a lower one does.
        taus: Kendall's tau-b of each group, not turned; NaN where the fitness is -1.
    """

    fitness: float
    orientation: Orientation
    taus: tuple[float, ...]


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
def _combined(values: NDArray[np.float64], combine: int) -> float:
    if combine == _MINIMUM:
        return float(values.min())
    if combine == _MEAN:
        return float(values.mean())
    return float(np.median(values))


@compiled
def fitness_of(codes: NDArray[np.int32], length: int, arrays: Arrays, work: Workspace) -> float:
    """Return the fitness of a formula: the taus of the groups combined, under the better orientation; -1 if invalid.

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
    for group in range(len(arrays.groups) - 1):
        start, stop = arrays.groups[group], arrays.groups[group + 1]
        concordance, untied, untied_scores = _compare_by_sorting(
            arrays.accuracies[start:stop], work.scores[start:stop], arrays.order[start:stop]
        )
        if untied == 0 or untied_scores == 0:
            return -1.0
        tau = concordance / np.sqrt(np.float64(untied) * np.float64(untied_scores))
        work.taus[group] = tau
    return max(_combined(work.taus, arrays.combine), _combined(-work.taus, arrays.combine))


def judge(codes: NDArray[np.int32], arrays: Arrays, work: Workspace) -> Judgement:
    """Return the fitness of a formula with what it is made of."""
    fitness = float(fitness_of(codes, len(codes), arrays, work))
    if fitness == -1.0:
        return Judgement(fitness, 1, (math.nan,) * len(work.taus))
    rising = _combined(work.taus, arrays.combine) >= _combined(-work.taus, arrays.combine)
    return Judgement(fitness, 1 if rising else -1, tuple(work.taus.tolist()))
