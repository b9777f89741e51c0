"""What selection does, on populations small enough to follow by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from eznas.genomes.tree import TreeGenome, TreeSettings
from eznas.ops.notation import parse_program
from eznas.search.evaluated import Evaluated
from eznas.search.selection import Individual, Selection
from eznas.search.settings import EvolutionSettings

TEXTS = ("wt", "exp(wt)", "abs(exp(wt))", "log(abs(exp(wt)))")
NAMES = "abcd"
GENOMES = [TreeGenome((address,), TreeSettings(0, 0, 0)) for address in range(len(NAMES))]


def individual(name, fitness, ranking=None, text=None):
    """An individual that is told from others by its genome; of program `text`, by default another for each name."""
    place = NAMES.index(name)
    program = parse_program(text or TEXTS[place])
    evaluated = Evaluated.invalid(program) if fitness is None else Evaluated(program, (), fitness, 1, ranking or name)
    return Individual(GENOMES[place], evaluated)


def names(individuals):
    return "".join(NAMES[GENOMES.index(one.genome)] for one in individuals)


def selection(**settings):
    return Selection.of(EvolutionSettings(**settings))


class Draws:
    """A generator that draws what the test says, and remembers how many it was asked for of how many."""

    def __init__(self, *draws):
        self.draws = list(draws)
        self.asked = []

    def integers(self, count, size):
        self.asked.append((count, size))
        return np.array(self.draws.pop(0))


FOUR = [individual("a", 0.4), individual("b", 0.3), individual("c", 0.2), individual("d", 0.1)]


class TestTournamentsOfParents:
    def test_the_fittest_of_the_contestants_becomes_a_parent(self):
        rng = Draws([3, 1, 2], [2, 3, 3])
        assert names(selection(tournament=3).parents(FOUR, 2, rng)) == "bc"
        assert rng.asked == [(4, 3), (4, 3)]

    @pytest.mark.parametrize("tournament", [1, 2, 4])
    def test_a_parent_is_the_best_as_often_as_its_tournament_says(self, tournament):
        # The best of four takes part in a tournament of k, and wins, with probability 1 - (3/4)**k; the worst wins
        # with probability (1/4)**k.
        rng = np.random.default_rng(0)
        scheme = selection(tournament=tournament)
        wins = Counter(names(scheme.parents(FOUR, 1, rng)) for _ in range(4000))
        assert wins["a"] / 4000 == pytest.approx(1 - 0.75**tournament, abs=0.03)
        assert wins["d"] / 4000 == pytest.approx(0.25**tournament, abs=0.03)

    def test_one_individual_may_be_both_parents(self):
        assert names(selection(tournament=2).parents(FOUR, 2, Draws([0, 3], [0, 0]))) == "aa"

    def test_the_best_of_parents_and_offspring_survive_best_first(self):
        survivors = selection(mu=3).survivors([FOUR[3], FOUR[0]], [FOUR[2], FOUR[1]], Draws())
        assert names(survivors) == "abc"

    def test_all_of_the_initial_population_may_breed_best_first(self):
        assert names(selection(mu=2).initial([FOUR[2], FOUR[0], FOUR[3], FOUR[1]])) == "abcd"


class TestTournamentsOfSurvivors:
    def test_the_fittest_of_each_ring_survives_as_often_as_it_wins(self):
        rng = Draws([3, 1], [2, 3], [1, 1])
        scheme = selection(selection="survivors", distinct="none", tournament=2, mu=3)
        assert names(scheme.survivors(FOUR[:2], FOUR[2:], rng)) == "bcb"
        assert rng.asked == [(4, 2)] * 3

    def test_of_equals_the_first_drawn_survives(self):
        equals = [individual("a", 0.5), individual("b", 0.5)]
        scheme = selection(selection="survivors", distinct="none", tournament=2, mu=2)
        assert names(scheme.survivors(equals, [], Draws([1, 0], [0, 1]))) == "ba"

    def test_the_best_may_die_and_the_worst_may_live(self):
        scheme = selection(selection="survivors", distinct="none", tournament=2, mu=1)
        assert names(scheme.survivors(FOUR[:2], FOUR[2:], Draws([3, 3]))) == "d"

    @pytest.mark.parametrize("tournament", [1, 4])
    def test_a_survivor_is_the_best_as_often_as_its_tournament_says(self, tournament):
        scheme = selection(selection="survivors", distinct="none", tournament=tournament, mu=100)
        rng = np.random.default_rng(0)
        wins = Counter(name for _ in range(40) for name in names(scheme.survivors(FOUR[:2], FOUR[2:], rng)))
        assert wins["a"] / 4000 == pytest.approx(1 - 0.75**tournament, abs=0.03)
        assert wins["d"] / 4000 == pytest.approx(0.25**tournament, abs=0.03)

    def test_an_invalid_individual_wins_against_none_but_its_like(self):
        poor, useless = individual("a", -9.0), individual("b", None)
        scheme = selection(selection="survivors", distinct="none", tournament=2, mu=2)
        assert names(scheme.survivors([useless], [poor], Draws([0, 1], [1, 1]))) == "ab"

    def test_parents_are_drawn_uniformly_and_two_are_different(self):
        scheme = selection(selection="survivors", tournament=4)
        rng = np.random.default_rng(0)
        alone = Counter(names(scheme.parents(FOUR, 1, rng)) for _ in range(4000))
        assert all(alone[name] / 4000 == pytest.approx(1 / 4, abs=0.03) for name in NAMES)
        pairs = Counter(names(scheme.parents(FOUR, 2, rng)) for _ in range(4000))
        assert len(pairs) == 12
        assert not any(first == second for first, second in pairs)
        assert all(count / 4000 == pytest.approx(1 / 12, abs=0.02) for count in pairs.values())

    def test_a_last_individual_breeds_with_itself(self):
        scheme = selection(selection="survivors")
        assert names(scheme.parents(FOUR[:1], 2, np.random.default_rng(0))) == "aa"

    def test_where_repeats_must_not_survive_a_winner_leaves_the_ring(self):
        rng = Draws([0, 1], [0, 1], [0, 0])
        scheme = selection(selection="survivors", distinct="program", tournament=2, mu=3)
        assert names(scheme.survivors(FOUR[:2], FOUR[2:], rng)) == "abc"
        assert rng.asked == [(4, 2), (3, 2), (2, 2)]

    def test_no_more_survive_than_there_are_kinds(self):
        scheme = selection(selection="survivors", distinct="program", tournament=2, mu=10)
        assert sorted(names(scheme.survivors(FOUR[:2], FOUR[2:], np.random.default_rng(0)))) == list(NAMES)


@pytest.mark.parametrize(
    ("distinct", "survivors"),
    [
        ("none", "acbd"),  # equally good: fewer instructions first
        ("program", "acb"),  # d has the program of b
        ("ranking", "a"),  # all rank the networks alike
    ],
)
def test_of_repeats_only_the_simplest_survives(distinct, survivors):
    same = [
        individual("a", 0.5, "same", "wt"),
        individual("b", 0.5, "same", "abs(exp(wt))"),
        individual("c", 0.5, "same", "exp(wt)"),
        individual("d", 0.5, "same", "abs(exp(wt))"),
    ]
    scheme = selection(mu=4, distinct=distinct)
    assert names(scheme.survivors(same[:2], same[2:], Draws())) == survivors
    assert names(scheme.initial(same)) == survivors


def test_invalid_programs_are_repeats_of_their_own_program_alone():
    useless = [
        individual("a", None, text="wt"),
        individual("b", None, text="exp(wt)"),
        individual("c", None, text="wt"),
    ]
    assert names(selection(distinct="ranking").initial(useless)) == "ab"
