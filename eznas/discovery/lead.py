"""By how much formulas of one kind are ahead of those of another, where networks both choose and judge.

The best of many on some networks owes part of what it has there to luck, so that its lead on the same networks says too
much. Here one half of the validation networks chooses, the other half judges, and the lead is the mean over many
halves, as in repeated cross-validation (Stone, "Cross-validatory choice and assessment of statistical predictions",
Journal of the Royal Statistical Society B 36, 1974).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eznas import seeds
from eznas.correlation.bootstrap import RESAMPLES
from eznas.discovery.archive import Codes
from eznas.discovery.discovery import Discovery
from eznas.discovery.fitness import INVALID, judge, turned_fitness, workspace_for
from eznas.discovery.problem import Arrays, NetworkGroup, arrays_of
from eznas.discovery.settings import DiscoverySettings

HALVINGS: Final = 50
"""How often the validation networks are halved; each half chooses once and judges once."""


class Candidates(NamedTuple):
    """Formulas as training and validation networks see them.

    Attributes:
        training: float64 (formulas,), their fitness on the training networks.
        scores: float64 (formulas, validation networks), of which a higher one means a better network, as the training
            networks have it; NaN where a formula gives a network none.
    """

    training: NDArray[np.float64]
    scores: NDArray[np.float64]


def candidates(formulas: Sequence[Codes], discovery: Discovery[Any]) -> Candidates:
    """Return formulas with their fitness on training networks and their scores of validation networks."""
    training, validation = discovery.training_problem, discovery.validation_problem
    on_training, on_validation = workspace_for(training), workspace_for(validation)
    fitness = np.empty(len(formulas))
    scores = np.empty((len(formulas), len(validation.ends)))
    for row, formula in enumerate(formulas):
        codes = np.array(formula, np.int32)
        judgement = judge(codes, training, on_training)
        on_validation.scores[:] = math.nan
        judge(codes, validation, on_validation)
        fitness[row], scores[row] = judgement.fitness, judgement.orientation * on_validation.scores
    return Candidates(fitness, scores)


def best(of: Candidates, problem: Arrays, networks: float) -> int:
    """Return which candidate has the best fitness on training and validation networks together; the first of equals.

    Args:
        of: the candidates, with their scores of the networks of `problem`.
        problem: validation networks.
        networks: how many training networks there are to each of them.
    """
    return int(np.argmax(networks * of.training + turned_fitness(of.scores, problem)))


def lead(evolved: Candidates, others: Candidates, discovery: Discovery[Any]) -> float:
    """Return by how much the best of `evolved` is ahead of the best of `others` on networks that did not choose it.

    Halves on which one of them ranks nothing are left out; NaN where there are no others.
    """
    settings, problem = discovery.settings, discovery.validation_problem
    rng = seeds.generator(settings.seed, "bootstrap")
    middle = settings.validation // 2
    found = []
    for _ in range(HALVINGS):
        shuffled = np.array([rng.permutation(settings.validation) for _ in range(_benchmarks(settings, problem))])
        halves = shuffled[:, :middle], shuffled[:, middle:]
        parts = [(_places(half, settings, problem), half.shape[1]) for half in halves]
        for (choosing, count), (judging, _) in (parts, parts[::-1]):
            chooses, judges = (_part(problem, networks, settings) for networks in (choosing, judging))
            fitness = []
            for of in (evolved, others):
                of_half = Candidates(of.training, of.scores[:, choosing.ravel()])
                chosen = best(of_half, chooses, settings.networks / count)
                fitness.append(turned_fitness(of.scores[[chosen]][:, judging.ravel()], judges)[0])
            if min(fitness) > INVALID:
                found.append(fitness[0] - fitness[1])
    return float(np.mean(found)) if found else math.nan


def standard_error(scores: NDArray[np.float64], discovery: Discovery[Any]) -> float:
    """Return the standard deviation of the difference in fitness of two candidates over resampled networks.

    Args:
        scores: float64 (2, validation networks), as candidates have them.
        discovery: whose validation networks are resampled. Resamples on which a candidate ranks nothing are left out.

    Returns:
        The standard deviation; infinite where no resample is left.
    """
    settings, problem = discovery.settings, discovery.validation_problem
    rng = seeds.generator(settings.seed, "bootstrap")
    differences = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(settings.validation, size=(_benchmarks(settings, problem), settings.validation))
        networks = _places(drawn, settings, problem)
        first, second = turned_fitness(scores[:, networks.ravel()], _part(problem, networks, settings))
        if min(first, second) > INVALID:
            differences.append(first - second)
    return float(np.std(differences)) if differences else math.inf


def _benchmarks(settings: DiscoverySettings, problem: Arrays) -> int:
    return (len(problem.groups) - 1) // settings.draws


def _places(of_benchmarks: NDArray[np.int64], settings: DiscoverySettings, problem: Arrays) -> NDArray[np.int64]:
    """The networks of a problem, (groups, networks), given those of each benchmark: one comes with all its draws."""
    return problem.groups[:-1, np.newaxis] + np.repeat(of_benchmarks, settings.draws, axis=0)


def _part(problem: Arrays, places: NDArray[np.int64], settings: DiscoverySettings) -> Arrays:
    """Networks of a problem for scores that are at hand: as if each had one unit and no features."""
    count = places.shape[1]
    groups = [
        NetworkGroup(
            np.ones(count, np.int64),
            np.empty((0, count), np.float32),
            np.empty((0, count), np.bool_),
            problem.accuracies[networks],
            problem.references[:, networks],
        )
        for networks in places
    ]
    return arrays_of(groups, settings.aggregation, settings.criterion)
