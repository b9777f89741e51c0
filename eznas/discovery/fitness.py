"""How well the scores of a formula rank networks, compiled: the fitness of `search.fitness`, for numbers at hand.

Scores that agree within the error of float32 are ties, as in every report. What is asked of the correlations is a
`Criterion`: tau or tau weighted to the best networks; alone, beyond a proxy that is given, or ahead of others.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eznas.correlation.rank_correlation import compare_by_sorting
from eznas.correlation.weighted_correlation import weighted_tau
from eznas.discovery.arithmetic import BLOCK, SLOTS, score_networks
from eznas.discovery.criterion import COMBINED, REFERENCES
from eznas.discovery.limits import MAXIMUM_NODES
from eznas.discovery.problem import Arrays
from eznas.ops.jit import compiled, written_out
from eznas.options import Orientation
from eznas.scoring.ties import any_tied, tied_in_order

INVALID: Final = -math.inf
"""The fitness of a formula that gives a network no score, or all networks of a group the same."""

_MINIMUM: Final = COMBINED["minimum"]
_MEAN: Final = COMBINED["mean"]
_GIVEN: Final = REFERENCES["given"]
_OVER: Final = REFERENCES["over"]


class Workspace(NamedTuple):
    """What one thread writes to while it evaluates formulas.

    Attributes:
        slots, places, marks: see `score_networks`.
        scores: float64 (networks,), of the formula evaluated last, ties not made equal.
        taus: float64 (groups,), Kendall's tau-b of the formula evaluated last, not turned.
        merits: float64 (groups,), the correlations that its fitness is made of, not turned.
    """

    slots: NDArray[np.float32]
    places: NDArray[np.int64]
    marks: NDArray[np.bool_]
    scores: NDArray[np.float64]
    taus: NDArray[np.float64]
    merits: NDArray[np.float64]


class Judgement(NamedTuple):
    """What the networks of a problem say of a formula.

    Attributes:
        fitness: higher is better; `INVALID` where a network has no score, or all of a group have the same.
        orientation: +1 where a higher score means a better network, -1 where a lower one does.
        taus: Kendall's tau-b of each group, not turned; NaN where the fitness is `INVALID`.
    """

    fitness: float
    orientation: Orientation
    taus: tuple[float, ...]


def workspace_for(arrays: Arrays) -> Workspace:
    """Return a workspace for formulas on these arrays."""
    groups = len(arrays.groups) - 1
    return Workspace(
        slots=np.empty((2 * SLOTS, BLOCK), np.float32),
        places=np.empty((4, MAXIMUM_NODES), np.int64),
        marks=np.empty(BLOCK, np.bool_),
        scores=np.empty(len(arrays.ends), np.float64),
        taus=np.empty(groups, np.float64),
        merits=np.empty(groups, np.float64),
    )


@compiled
def _blend(tau: float, weighted: float, top_share: float) -> float:
    return tau if top_share == 0.0 else (1.0 - top_share) * tau + top_share * weighted


@compiled
def _beyond(correlation: float, shared: float, given: float) -> float:
    """The partial correlation: of what is left of scores and accuracies once a proxy is accounted for.

    Kendall's and its weighted form are cosines between the pairwise comparisons of two rankings, so that this is the
    correlation of the residuals. Source: Kendall, "Partial rank correlation", Biometrika 32 (1942).

    Args:
        correlation: between scores and accuracies.
        shared: between scores and the proxy.
        given: between the proxy and accuracies; NaN where the proxy ranks nothing.
    """
    if np.isnan(given):
        return correlation
    rest = (1.0 - shared * shared) * (1.0 - given * given)
    return (correlation - shared * given) / np.sqrt(rest) if rest > 1e-12 else 0.0


@written_out
def _rank_group(arrays: Arrays, group: int, work: Workspace) -> bool:
    """Write tau and merit of the scores of one group; False where they are all the same, or the accuracies are."""
    start, stop = arrays.groups[group], arrays.groups[group + 1]
    accuracies, order, scores = arrays.accuracies[start:stop], arrays.order[start:stop], work.scores[start:stop]
    concordance, untied, untied_scores, ascending = compare_by_sorting(accuracies, scores, order)
    if any_tied(ascending):
        scores = tied_in_order(scores, ascending)
        concordance, untied, untied_scores, ascending = compare_by_sorting(accuracies, scores, order)
    if untied == 0 or untied_scores == 0:
        return False
    tau = concordance / np.sqrt(np.float64(untied) * np.float64(untied_scores))
    weights = arrays.weights[start:stop]
    weighted = weighted_tau(accuracies, scores, weights, order) if arrays.top_share > 0.0 else 0.0
    work.taus[group] = tau
    if arrays.reference == _GIVEN:
        given, by_given = arrays.references[0, start:stop], arrays.reference_order[0, start:stop]
        concordance, untied, untied_scores, ascending = compare_by_sorting(given, scores, by_given)
        if untied > 0:
            shared = concordance / np.sqrt(np.float64(untied) * np.float64(untied_scores))
            tau = _beyond(tau, shared, arrays.reference_taus[0, 0, group])
            if arrays.top_share > 0.0:
                shared = weighted_tau(given, scores, weights, by_given)
                weighted = _beyond(weighted, shared, arrays.reference_taus[1, 0, group])
    work.merits[group] = _blend(tau, weighted, arrays.top_share)
    return True


@compiled
def _to_beat(arrays: Arrays, group: int) -> float:
    """The best correlation of the proxies on a group; 0 where that is less, or none of them ranks anything."""
    best = 0.0
    for proxy in range(arrays.reference_taus.shape[1]):
        tau, weighted = arrays.reference_taus[0, proxy, group], arrays.reference_taus[1, proxy, group]
        if not np.isnan(tau):
            best = max(best, _blend(tau, weighted, arrays.top_share))
    return best


@compiled
def combined(values: NDArray[np.float64], combine: int) -> float:
    """Return what the values of several benchmarks come to, by one of `COMBINED`."""
    if combine == _MINIMUM:
        return float(values.min())
    if combine == _MEAN:
        return float(values.mean())
    return _median(values)


@compiled
def _median(values: NDArray[np.float64]) -> float:
    """The median of a few numbers."""
    rising = values.copy()
    for end in range(1, len(rising)):
        place = end
        while place > 0 and rising[place - 1] > values[end]:
            rising[place] = rising[place - 1]
            place -= 1
        rising[place] = values[end]
    middle = len(rising) // 2
    return float(rising[middle]) if len(rising) % 2 else float((rising[middle - 1] + rising[middle]) / 2)


@compiled
def _oriented_fitness(arrays: Arrays, merits: NDArray[np.float64], orientation: int) -> float:
    """The fitness under one orientation, given the merits of all groups."""
    benchmarks = len(merits) // arrays.draws
    values = np.empty(benchmarks, np.float64)
    least = np.inf
    for benchmark in range(benchmarks):
        value = to_beat = 0.0
        for group in range(benchmark * arrays.draws, (benchmark + 1) * arrays.draws):
            value += orientation * merits[group]
            to_beat += _to_beat(arrays, group) if arrays.reference == _OVER else 0.0
        value /= arrays.draws
        least = min(least, value)
        if arrays.reference == _OVER:
            value = min(arrays.lead_cap, value - to_beat / arrays.draws)
        values[benchmark] = value
    fitness = combined(values, arrays.combine)
    return fitness + arrays.least_share * least if arrays.reference == _OVER else fitness


@compiled
def fitness_of(codes: NDArray[np.int32], length: int, arrays: Arrays, work: Workspace) -> float:
    """Return the fitness of a formula under the better orientation, or `INVALID`.

    What it is made of stays in `work`.
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
    return fitness_of_scores(arrays, work) if finite else INVALID


@compiled
def fitness_of_scores(arrays: Arrays, work: Workspace) -> float:
    """Return the fitness of the scores that are in `work`, which are finite, as `fitness_of` does of a formula."""
    for group in range(len(arrays.groups) - 1):
        if not _rank_group(arrays, group, work):
            return INVALID
    return max(_oriented_fitness(arrays, work.merits, 1), _oriented_fitness(arrays, work.merits, -1))


def turned_fitness(scores: NDArray[np.float64], arrays: Arrays) -> NDArray[np.float64]:
    """Return the fitness of formulas whose scores are at hand and turned, so that a higher one means a better network.

    Args:
        scores: float64 (formulas, networks).
        arrays: the problem; its features are not read.

    Returns:
        float64 (formulas,), `INVALID` where a score is not finite.
    """
    fitness = np.full(len(scores), INVALID)
    finite = np.logical_and.reduce(np.isfinite(scores), axis=1)
    _write_turned_fitness(scores, finite, arrays, workspace_for(arrays), fitness)
    return fitness


@compiled
def _write_turned_fitness(
    scores: NDArray[np.float64],
    finite: NDArray[np.bool_],
    arrays: Arrays,
    work: Workspace,
    fitness: NDArray[np.float64],
) -> None:
    for row in range(len(scores)):
        if finite[row]:
            for network in range(scores.shape[1]):
                work.scores[network] = scores[row, network]
            if fitness_of_scores(arrays, work) > INVALID:
                fitness[row] = _oriented_fitness(arrays, work.merits, 1)


def judge(
    codes: NDArray[np.int32], arrays: Arrays, work: Workspace, orientation: Orientation | None = None
) -> Judgement:
    """Return the fitness of a formula with what it is made of.

    Args:
        codes: the formula.
        arrays: the problem.
        work: what the formula's scores are left in.
        orientation: known from other networks; None for the better one.
    """
    return _judged(fitness_of(codes, len(codes), arrays, work) > INVALID, arrays, work, orientation)


def _judged(ranks: bool, arrays: Arrays, work: Workspace, orientation: Orientation | None) -> Judgement:
    if not ranks:
        return Judgement(INVALID, 1, (math.nan,) * len(work.taus))
    rising, falling = (float(_oriented_fitness(arrays, work.merits, turn)) for turn in (1, -1))
    turned: Orientation = orientation or (1 if rising >= falling else -1)
    return Judgement(rising if turned == 1 else falling, turned, tuple(work.taus.tolist()))
