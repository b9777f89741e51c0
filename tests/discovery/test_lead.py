from __future__ import annotations

import math

import numpy as np
import pytest
from finished_discovery import accuracies, ranked_by, searched

from eznas import seeds
from eznas.correlation.bootstrap import RESAMPLES
from eznas.correlation.rank_correlation import kendall_tau
from eznas.discovery.archive import fitness_on
from eznas.discovery.fitness import INVALID, turned_fitness
from eznas.discovery.lead import HALVINGS, best, candidates, lead, standard_error
from eznas.discovery.problem import NetworkGroup

COMBINE = {"minimum": min, "mean": np.mean}


def finished(draws=1, benchmarks=2, noises=(0.6, 0.6, 0.8, 0.8), **settings):
    """A discovery on one or two benchmarks with all their draws, and its validation groups."""
    parts = []
    for count, seed in ((30, 3), (12, 4)):
        truths = [accuracies(count, seed + number // draws) for number in range(benchmarks * draws)]
        parts.append([ranked_by(truth, *noises, seed=seed + number) for number, truth in enumerate(truths)])
    return searched(*parts, draws=draws, **settings), parts[1]


def fitness(groups, networks, draws, row, combine):
    """The fitness of a feature on some networks of each benchmark, with the tau of `scoring`."""
    taus = [
        kendall_tau(group.values[row, networks[number // draws]], group.accuracies[networks[number // draws]])
        for number, group in enumerate(groups)
    ]
    return COMBINE[combine](np.reshape(taus, (-1, draws)).mean(axis=1))


@pytest.mark.parametrize(("combine", "draws"), [("minimum", 1), ("mean", 2)])
def test_the_standard_error_is_that_of_resampled_networks(combine, draws):
    discovery, groups = finished(draws, combine=combine)
    rng = seeds.generator(0, "bootstrap")
    expected = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(12, size=(2, 12))
        expected.append(np.subtract(*(fitness(groups, drawn, draws, row, combine) for row in (0, 1))))
    scores = candidates([(0,), (1,)], discovery).scores
    assert standard_error(scores, discovery) == pytest.approx(np.std(expected), rel=1e-9)


@pytest.mark.parametrize(("combine", "draws"), [("minimum", 1), ("mean", 2)])
def test_one_half_chooses_and_the_other_judges(combine, draws):
    discovery, groups = finished(draws, combine=combine)
    sides = ((0, 1), (2, 3))
    training = fitness_on([(row,) for row in range(4)], discovery.training_problem)
    rng = seeds.generator(0, "bootstrap")
    found, all_chosen = [], set()
    for _ in range(HALVINGS):
        shuffled = np.array([rng.permutation(12) for _ in range(2)])
        for choosing, judging in ((shuffled[:, :6], shuffled[:, 6:]), (shuffled[:, 6:], shuffled[:, :6])):
            chosen = [
                max(rows, key=lambda row: 30 / 6 * training[row] + fitness(groups, choosing, draws, row, combine))
                for rows in sides
            ]
            all_chosen.add(tuple(chosen))
            found.append(np.subtract(*(fitness(groups, judging, draws, row, combine) for row in chosen)))
    assert len(all_chosen) > 1
    evolved, others = (candidates([(row,) for row in rows], discovery) for rows in sides)
    assert lead(evolved, others, discovery) == pytest.approx(np.mean(found), abs=1e-12)


def test_the_best_of_many_is_not_ahead_by_its_luck():
    ahead = {"other networks": 0, "the same networks": 0}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        groups = [
            NetworkGroup(
                np.ones(24, np.int64),
                rng.normal(size=(300, 24)).astype(np.float32),
                np.ones((300, 24), bool),
                rng.normal(size=24),
            )
            for _ in range(2)
        ]
        discovery = searched(groups[:1], groups[1:], seed=seed)
        problem = discovery.validation_problem
        sides = [candidates([(row,) for row in range(*rows)], discovery) for rows in ((0, 298), (298, 300))]
        scores = np.stack([side.scores[best(side, problem, 1.0)] for side in sides])
        error = standard_error(scores, discovery)
        ahead["the same networks"] += np.subtract(*turned_fitness(scores, problem)) > error
        ahead["other networks"] += lead(*sides, discovery) > error
    # By chance alone one standard error is passed in 16 % of all cases, by 6 of 40.
    assert ahead["other networks"] <= 10
    assert ahead["the same networks"] >= 20


def test_halves_that_a_candidate_does_not_rank_are_left_out():
    discovery, _ = finished(benchmarks=1, noises=(0.4, 0.8))
    ranks, other = (candidates([(row,)], discovery) for row in (0, 1))
    nothing = ranks._replace(scores=np.zeros_like(ranks.scores))
    assert math.isnan(lead(nothing, other, discovery))
    assert standard_error(np.concatenate([nothing.scores, other.scores]), discovery) == math.inf
    # Six of twelve networks have one score: some halves see nothing else, and the others say who is ahead.
    half = ranks._replace(scores=np.where(np.arange(12) < 6, 0.0, ranks.scores))
    assert math.isfinite(lead(half, other, discovery))


def test_a_formula_without_a_score_is_never_the_best():
    discovery, _ = finished(benchmarks=1)
    of = candidates([(0,), (1,)], discovery)
    scores = of.scores.copy()
    scores[0, 3] = math.nan
    assert best(of, discovery.validation_problem, 1.0) == 0
    assert best(of._replace(scores=scores), discovery.validation_problem, 1.0) == 1
    assert best(of._replace(training=np.array([INVALID, 0.1])), discovery.validation_problem, 1.0) == 1
