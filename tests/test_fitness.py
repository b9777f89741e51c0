from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import kendalltau

from eznas.fitness import INVALID_FITNESS, Evaluated, Fitness
from eznas.ops.notation import parse_program
from eznas.ops.program import ProgramBuilder

ACCURACIES = np.array([10.0, 40.0, 20.0, 90.0, 60.0])


class FixedScores:
    """An evaluator whose scores are given by formula; counts what it was asked."""

    def __init__(self, scores):
        self.scores_by_program = {parse_program(text): np.array(row, dtype=float) for text, row in scores.items()}
        self.asked = []

    def scores(self, programs):
        self.asked.extend(programs)
        return [self.scores_by_program[program] for program in programs]


def fitness_of(**scores):
    return Fitness(FixedScores(scores), ACCURACIES)


def test_fitness_is_the_size_of_tau_with_its_orientation_kept():
    rising, falling = [1, 3, 2, 4, 5], [-1, -3, -2, -4, -5]
    fitness = fitness_of(wt=rising, **{"abs(wt)": falling})
    up, down = fitness.of([parse_program("wt"), parse_program("abs(wt)")])
    expected = kendalltau(rising, ACCURACIES).statistic
    assert up.tau == pytest.approx(expected)
    assert down.tau == pytest.approx(-expected)
    assert (up.fitness, up.orientation) == (up.tau, 1)
    assert (down.fitness, down.orientation) == (up.tau, -1)


@pytest.mark.parametrize("scores", [[1, 1, 1, 1, 1], [1, 2, math.nan, 4, 5], [1, 2, math.inf, 4, 5]])
def test_constant_and_non_finite_scores_are_invalid(scores):
    result = fitness_of(wt=scores).of([parse_program("wt")])[0]
    assert result.fitness == INVALID_FITNESS
    assert math.isnan(result.tau)


def test_a_program_that_no_shape_allows_is_invalid_without_being_run():
    builder = ProgramBuilder()
    impossible = builder.build(builder.apply(18, builder.apply(33, 0)))  # determinant(numel(wt))
    fitness = fitness_of()
    assert fitness.of([impossible])[0].fitness == INVALID_FITNESS
    assert fitness._evaluator.asked == []


def test_each_distinct_program_is_evaluated_once():
    fitness = fitness_of(wt=[1, 2, 3, 4, 5], **{"abs(wt)": [5, 4, 3, 2, 1]})
    wt, absolute = parse_program("wt"), parse_program("abs(wt)")
    fitness.of([wt, wt])
    results = fitness.of([absolute, wt])
    assert [result.program for result in results] == [absolute, wt]
    assert fitness._evaluator.asked == [wt, absolute]
    assert fitness.evaluations == 2


def test_recalled_results_are_not_evaluated_again():
    wt = parse_program("wt")
    known = Evaluated(wt, 0.25, "digest")
    fitness = fitness_of()
    fitness.recall([known])
    assert fitness.of([wt]) == [known]
    assert fitness.known == (known,)


def test_functional_repeats_have_one_ranking():
    fitness = fitness_of(
        **{"wt": [1, 3, 2, 4, 5], "exp(wt)": [10, 30, 20, 40, 50], "invert(wt)": [-1, -3, -2, -4, -5]},
        **{"abs(wt)": [1, 3, 2, 5, 4]},
    )
    texts = ("wt", "exp(wt)", "invert(wt)", "abs(wt)")
    same, scaled, mirrored, other = (result.ranking for result in fitness.of([parse_program(text) for text in texts]))
    assert same == scaled == mirrored
    assert other != same


def test_the_better_then_the_simpler_program_ranks_first():
    wt, absolute = parse_program("wt"), parse_program("abs(abs(wt))")
    good, same_but_longer, invalid = (
        Evaluated(wt, -0.5, "a"),
        Evaluated(absolute, 0.5, "a"),
        Evaluated(wt, math.nan, ""),
    )
    assert sorted([invalid, same_but_longer, good], key=Evaluated.rank_key) == [good, same_but_longer, invalid]
