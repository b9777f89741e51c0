from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from eznas.correlation.rank_correlation import kendall_tau
from eznas.errors import EznasError
from eznas.ops.notation import parse_program
from eznas.ops.program import ProgramBuilder
from eznas.scoring.ranking import Ranking
from eznas.search.evaluated import INVALID_FITNESS, Evaluated
from eznas.search.fitness import Fitness, RankedNetworks

ACCURACIES = np.array([10.0, 40.0, 20.0, 90.0, 60.0])


class FixedScores:
    """An evaluator whose scores are given by formula; counts what it was asked."""

    def __init__(self, scores, unscorable=False):
        self.scores_by_program = {parse_program(text): np.array(row, dtype=float) for text, row in scores.items()}
        self.unscorable = np.array(unscorable)
        self.asked, self.rounded = [], []
        self.turned = {}

    def scores(self, programs, progress=None, *, only_complete=False, races=()):
        self.asked.extend(programs)
        return [self.scores_by_program[program] for program in programs]

    def rounded_up(self, programs, networks):
        self.rounded.append(programs)
        return np.array(
            [self.scores_by_program[program][networks][:: self.turned.get(program, 1)] for program in programs]
        )


def fitness_of(**scores):
    return Fitness(FixedScores(scores), [RankedNetworks.of(ACCURACIES)])


def test_fitness_is_the_size_of_tau_with_its_orientation_kept():
    rising, falling = [1, 3, 2, 4, 5], [-1, -3, -2, -4, -5]
    fitness = fitness_of(wt=rising, **{"abs(wt)": falling})
    up, down = fitness.of([parse_program("wt"), parse_program("abs(wt)")])
    expected = kendalltau(rising, ACCURACIES).statistic
    assert up.taus == (pytest.approx(expected),)
    assert down.taus == (pytest.approx(-expected),)
    assert (up.fitness, up.orientation) == (up.taus[0], 1)
    assert (down.fitness, down.orientation) == (up.taus[0], -1)


@pytest.mark.parametrize("scores", [[1, 1, 1, 1, 1], [1, 2, math.nan, 4, 5], [1, 2, math.inf, 4, 5]])
def test_constant_and_non_finite_scores_are_invalid(scores):
    result = fitness_of(wt=scores).of([parse_program("wt")])[0]
    assert result == Evaluated.invalid(parse_program("wt"))
    assert (result.fitness, result.taus, result.is_valid) == (INVALID_FITNESS, (), False)


def test_a_program_that_no_shape_allows_is_invalid_without_being_run():
    builder = ProgramBuilder()
    impossible = builder.build(builder.apply(18, builder.apply(33, 0)))  # determinant(numel(wt))
    fitness = fitness_of()
    assert fitness.of([impossible])[0].fitness == INVALID_FITNESS
    assert fitness._evaluator.asked == []


def test_functional_repeats_have_one_ranking():
    fitness = fitness_of(
        **{"wt": [1, 3, 2, 4, 5], "exp(wt)": [10, 30, 20, 40, 50], "invert(wt)": [-1, -3, -2, -4, -5]},
        **{"abs(wt)": [1, 3, 2, 5, 4]},
    )
    texts = ("wt", "exp(wt)", "invert(wt)", "abs(wt)")
    same, scaled, mirrored, other = (result.ranking for result in fitness.of([parse_program(text) for text in texts]))
    assert same == scaled == mirrored
    assert other != same


def test_scores_that_differ_by_rounding_are_ties():
    noise = 2.0**-24 * np.array([2, -1, 0, 1, -2])
    fitness = fitness_of(
        **{"wt": [1, 1, 2, 2, 2], "abs(wt)": (1 + noise) * [1, 1, 2, 2, 2]},
        **{"exp(wt)": 1 / 64 + noise / 64, "sign(wt)": -(1 + noise)},
    )
    texts = ("wt", "abs(wt)", "exp(wt)", "sign(wt)")
    exact, noisy, *constants = fitness.of([parse_program(text) for text in texts])
    assert (noisy.taus, noisy.fitness, noisy.ranking) == (exact.taus, exact.fitness, exact.ranking)
    assert not any(one.is_valid for one in constants)


@pytest.mark.parametrize("sign", [1, -1])
def test_networks_that_no_program_can_score_are_ties_at_the_bottom_as_in_a_report(sign):
    scores = sign * np.array([1, math.nan, 2, 4, math.nan])
    fitness = Fitness(
        FixedScores(
            {"wt": scores, "abs(wt)": [1, math.nan, 1, 1, math.nan], "exp(wt)": [1, math.nan, 2, math.nan, 3]},
            [False, True, False, False, True],
        ),
        [RankedNetworks.of(ACCURACIES)],
    )
    result, constant, incomplete = fitness.of([parse_program(text) for text in ("wt", "abs(wt)", "exp(wt)")])
    report = Ranking.of(scores, ACCURACIES, result.orientation, seed=0)
    assert (result.fitness, result.orientation) == (report.tau.value, sign)
    assert result.fitness == kendall_tau([1, 0, 2, 4, 0], ACCURACIES)
    assert not constant.is_valid
    assert not incomplete.is_valid


# Three benchmarks of four networks each, one after the other.
THREE = [RankedNetworks.of(np.array([1.0, 2.0, 3.0, 4.0]), first) for first in (0, 4, 8)]
WHOLE, HALF, NEGATIVE = [1, 2, 3, 4], [1, 3, 4, 2], [4, 2, 3, 1]
TAUS = (1.0, 1 / 3, -2 / 3)


def on_three(scores, combine):
    fitness = Fitness(FixedScores({"wt": np.concatenate(scores)}), THREE, combine)
    return fitness.of([parse_program("wt")])[0]


@pytest.mark.parametrize(
    ("combine", "fitness", "orientation"), [("minimum", -2 / 3, 1), ("mean", 2 / 9, 1), ("median", 1 / 3, 1)]
)
def test_taus_of_several_benchmarks_are_combined_under_one_orientation(combine, fitness, orientation):
    result = on_three([WHOLE, HALF, NEGATIVE], combine)
    assert result.taus == pytest.approx(TAUS)
    assert (result.fitness, result.orientation) == (pytest.approx(fitness), orientation)
    mirrored = on_three([[-score for score in scores] for scores in (WHOLE, HALF, NEGATIVE)], combine)
    assert (mirrored.fitness, mirrored.orientation) == (result.fitness, -orientation)
    assert mirrored.ranking == result.ranking


def test_a_conflict_of_orientation_costs_the_fitness_but_not_the_validity():
    # Turned either way, one benchmark is ranked exactly upside down.
    result = on_three([WHOLE, WHOLE, WHOLE[::-1]], "minimum")
    assert (result.fitness, result.orientation, result.is_valid) == (-1.0, 1, True)
    assert on_three([WHOLE, WHOLE[::-1], WHOLE[::-1]], "median").orientation == -1


@pytest.mark.parametrize("broken", [[1, 1, 1, 1], [1, 2, 3, math.nan]])
@pytest.mark.parametrize("combine", ["minimum", "mean", "median"])
def test_a_program_must_rank_the_networks_of_every_benchmark(broken, combine):
    assert not on_three([WHOLE, broken, WHOLE], combine).is_valid


def test_the_ranking_is_that_within_each_benchmark():
    one = on_three([WHOLE, HALF, WHOLE], "minimum")
    shifted = on_three([[10 * score for score in WHOLE], HALF, [score - 100 for score in WHOLE]], "minimum")
    assert shifted.ranking == one.ranking
    assert on_three([WHOLE, WHOLE, HALF], "minimum").ranking != one.ranking


def test_of_subsamples_the_least_tau_counts():
    subsamples = (np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([4, 3, 0]))
    scores = np.array([1.0, 2.0, 3.0, 5.0, 4.0])
    fitness = Fitness(
        FixedScores({"wt": scores, "abs(wt)": -scores, "exp(wt)": [1, 2, 2, 2, 3]}),
        [RankedNetworks.of(ACCURACIES, 0, subsamples)],
    )
    up, down, constant_on_one = fitness.of([parse_program(text) for text in ("wt", "abs(wt)", "exp(wt)")])
    taus = [kendall_tau(scores[chosen], ACCURACIES[chosen]) for chosen in subsamples]
    assert len(set(taus)) > 1
    assert (up.fitness, up.orientation) == (min(taus), 1)
    assert (down.fitness, down.orientation) == (min(taus), -1)
    assert up.taus == (kendall_tau(scores, ACCURACIES),)
    assert not constant_on_one.is_valid


@settings(deadline=None, derandomize=True)
@given(
    scores=st.lists(st.integers(-3, 3), min_size=5, max_size=5).filter(lambda some: len(set(some)) > 1),
    combine=st.sampled_from(["minimum", "mean", "median"]),
)
def test_on_one_benchmark_fitness_is_exactly_the_size_of_tau(scores, combine):
    evaluator = FixedScores({"wt": scores})
    result = Fitness(evaluator, [RankedNetworks.of(ACCURACIES)], combine).of([parse_program("wt")])[0]
    tau = kendall_tau(np.array(scores, dtype=float), ACCURACIES)
    assert (result.fitness, result.orientation) == (abs(tau), -1 if tau < 0 else 1)
    assert result.taus == (tau,)


def test_what_is_partly_rounding_is_rejected_until_none_would_be_among_the_best():
    scores = {
        "wt": [1, 2, 3, 4, 5],
        "abs(wt)": [2, 1, 3, 4, 5],
        "exp(wt)": [2, 1, 3, 5, 4],
        "sign(wt)": [2, 3, 1, 5, 4],
        "power(wt)": [5, 1, 2, 3, 4],
    }
    evaluator = FixedScores(scores)
    programs = list(evaluator.scores_by_program)
    evaluator.turned = {programs[0]: -1, programs[2]: -1}
    ranked = [RankedNetworks.of(np.arange(5.0))]
    accepted = Fitness(evaluator, ranked).of(programs, (), 2)
    assert not evaluator.rounded
    results = Fitness(evaluator, ranked, rounding="rejected").of(programs, (), 2)
    assert [one.program for one in results] == programs
    assert [one.is_valid for one in results] == [False, True, False, True, True]
    assert [results[at] for at in (1, 3, 4)] == [accepted[at] for at in (1, 3, 4)]
    # Two would enter, one is rejected; the next one too; then one of those that are left, and nobody looks at the last.
    assert evaluator.rounded == [programs[:2], [programs[2]], [programs[3]]]
    # What is among the best already is not looked at again, nor what would not be among them.
    evaluator.rounded.clear()
    best = (results[1], results[3])
    assert Fitness(evaluator, ranked, rounding="rejected").of(programs[4:], best, 2) == results[4:]
    assert not evaluator.rounded


def test_where_nothing_can_be_rounded_up_nothing_is_rejected(monkeypatch):
    monkeypatch.setattr("eznas.search.fitness.can_round_up", lambda: False)
    with pytest.raises(EznasError, match="cannot be told to round up"):
        Fitness(FixedScores({}), [RankedNetworks.of(ACCURACIES)], rounding="rejected")


def test_a_fitness_takes_no_other_word_for_rounding():
    with pytest.raises(EznasError, match="rounding is 'up': choose rejected or accepted"):
        Fitness(FixedScores({}), [RankedNetworks.of(ACCURACIES)], rounding="up")
