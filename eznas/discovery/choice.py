"""Which formula a discovery reports: the best of what evolved, or a seed formula that it is not clearly ahead of.

A seed formula was not made for these networks, so that what it gives on them is what it gives on others; what evolved
was the best of millions on the training networks. Few validation networks cannot tell luck from worth, and then what
is known to be good stays. How far ahead is far enough is counted in standard errors, as in the rule by which Breiman,
Friedman, Olshen and Stone ("Classification and Regression Trees", 1984, section 3.4.3) prefer the smaller tree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas import seeds
from eznas.discovery.archive import Archive, Found, fitness_on
from eznas.discovery.discovery import Discovery
from eznas.discovery.fitness import INVALID, Judgement, judge, judge_scores, workspace_for
from eznas.discovery.problem import Arrays, NetworkGroup, arrays_of
from eznas.scoring.bootstrap import RESAMPLES

LEAST_NETWORKS: Final = 10
"""Validation networks without which no resampling says how certain a difference is, so that a seed formula stays."""


@dataclass(frozen=True)
class Choice:
    """The two formulas that a discovery chooses between.

    Attributes:
        evolved: the formula that training and validation networks speak for, among all that evolved.
        seed: the one that they speak for among the seed formulas; None without seeds that rank the networks.
        lead: fitness of `evolved` on the validation networks minus that of `seed`; NaN without a seed.
        standard_error: of the lead; infinite with fewer than `LEAST_NETWORKS`, NaN without a seed.
        margin: standard errors by which the lead must be larger than zero.
    """

    evolved: Found
    seed: Found | None = None
    lead: float = math.nan
    standard_error: float = math.nan
    margin: float = 0.0

    @property
    def keeps_seed(self) -> bool:
        """Whether the seed formula is reported."""
        needed = self.margin * self.standard_error if self.margin > 0 else 0.0
        return self.seed is not None and not self.lead > needed

    @property
    def reported(self) -> Found:
        """The formula that is chosen."""
        return self.seed if self.seed is not None and self.keeps_seed else self.evolved

    @property
    def other(self) -> Found | None:
        """The formula that is not chosen; None without seeds, or where a seed is what evolution ends with."""
        if self.seed is None or self.seed.codes == self.evolved.codes:
            return None
        return self.evolved if self.keeps_seed else self.seed


def choose(discovery: Discovery[Any], archive: Archive) -> Choice:
    """Return the choice between what evolved and the seeds of a discovery.

    Args:
        discovery: at any moment.
        archive: what evolved, one formula or more.
    """
    settings = discovery.settings
    found = archive.formulas
    evolved = _best([one for one in found if one.size <= settings.nodes] or found[:1], discovery)
    codes = [one for one in discovery.seed_codes if len(one) <= settings.nodes]
    fitness = fitness_on(codes, discovery.training_problem)
    seed_formulas = [Found(*one) for one in zip(codes, fitness, strict=True) if one[1] > INVALID]
    if not seed_formulas:
        return Choice(evolved)
    seed = _best(seed_formulas, discovery)
    of_evolved, of_seed = (one.fitness for one in validation_judgements([evolved, seed], discovery))
    return Choice(evolved, seed, of_evolved - of_seed, _standard_error(evolved, seed, discovery), settings.seed_margin)


def validation_judgements(formulas: Sequence[Found], discovery: Discovery[Any]) -> list[Judgement]:
    """Return what the validation networks say of formulas that are turned as the training networks have it."""
    training, validation = discovery.training_problem, discovery.validation_problem
    on_training, on_validation = workspace_for(training), workspace_for(validation)
    codes = [np.array(formula.codes, np.int32) for formula in formulas]
    return [judge(one, validation, on_validation, judge(one, training, on_training).orientation) for one in codes]


def _best(formulas: Sequence[Found], discovery: Discovery[Any]) -> Found:
    """The formula with the best fitness on training and validation networks together; the first of equal ones."""
    settings = discovery.settings
    networks = settings.networks / settings.validation
    on_validation = validation_judgements(formulas, discovery)
    merits = [networks * one.fitness + other.fitness for one, other in zip(formulas, on_validation, strict=True)]
    return formulas[int(np.argmax(merits))]


def _standard_error(one: Found, other: Found, discovery: Discovery[Any]) -> float:
    """The standard deviation of the difference in fitness over resamples of the validation networks.

    Those on which one of the formulas ranks nothing are left out.
    """
    settings, problem = discovery.settings, discovery.validation_problem
    if settings.validation < LEAST_NETWORKS:
        return math.inf
    starts = problem.groups[:-1, np.newaxis]
    benchmarks = len(starts) // settings.draws
    formulas = [_turned_scores(formula, discovery) for formula in (one, other)]
    rng = seeds.generator(settings.seed, "bootstrap")
    differences = []
    for _ in range(RESAMPLES):
        of_benchmarks = rng.integers(settings.validation, size=(benchmarks, settings.validation))
        drawn = starts + np.repeat(of_benchmarks, settings.draws, axis=0)  # a network comes with all its draws
        groups = [_without_features(problem, networks) for networks in drawn]
        resampled = arrays_of(groups, settings.aggregation, settings.criterion)
        work = workspace_for(resampled)
        fitness = []
        for scores in formulas:
            work.scores[:] = scores[drawn.ravel()]
            fitness.append(judge_scores(resampled, work, 1).fitness)
        if min(fitness) > INVALID:
            differences.append(fitness[0] - fitness[1])
    return float(np.std(differences)) if differences else math.inf


def _turned_scores(formula: Found, discovery: Discovery[Any]) -> NDArray[np.float64]:
    """The scores of the validation networks, of which a higher one means a better network."""
    codes = np.array(formula.codes, np.int32)
    orientation = judge(codes, discovery.training_problem, workspace_for(discovery.training_problem)).orientation
    work = workspace_for(discovery.validation_problem)
    judge(codes, discovery.validation_problem, work)
    return orientation * work.scores


def _without_features(problem: Arrays, networks: NDArray[np.int64]) -> NetworkGroup:
    """Networks of a problem for scores that are at hand: as if each had one unit and no features."""
    count = len(networks)
    return NetworkGroup(
        np.ones(count, np.int64),
        np.empty((0, count), np.float32),
        np.empty((0, count), np.bool_),
        problem.accuracies[networks],
        problem.references[:, networks],
    )
