from __future__ import annotations

import math

import numpy as np
import pytest
from synthetic_statistics import store

from eznas import genomes
from eznas.ops.notation import parse_program
from eznas.scoring.evaluator import Evaluator
from eznas.search.evaluated import Evaluated
from eznas.search.evolution import Evolution
from eznas.search.fitness import Fitness, RankedNetworks
from eznas.search.race import FitnessRace, stages
from eznas.search.settings import EvolutionSettings

NETWORKS, RACED = 12, 5
ACCURACIES = np.random.default_rng(0).permutation(float(NETWORKS) + np.arange(NETWORKS))
PROGRAMS = [parse_program(text) for text in ("wt", "abs(wt)", "exp(wt)", "sign(wt)", "power(wt)")]


def judged():
    def judge(program, scores):
        fitness = float(scores[0])
        return Evaluated.of(program, math.nan if fitness < 0 else fitness)

    race = FitnessRace(PROGRAMS, np.arange(1), share=0.4, judge=judge)
    chosen = race.choose(np.arange(5), np.array([[0.5], [0.7], [-1.0], [0.2], [0.6]]))
    return race, chosen


def test_the_best_share_of_the_valid_programs_goes_on():
    race, chosen = judged()
    assert chosen.tolist() == [False, True, False, False, True]
    assert set(race.lost) == {PROGRAMS[0], PROGRAMS[2], PROGRAMS[3]}


def test_who_lost_is_never_above_who_went_on():
    race, _ = judged()
    finished = [Evaluated.invalid(PROGRAMS[0]), Evaluated.of(PROGRAMS[1], 0.4), Evaluated.invalid(PROGRAMS[2])]
    finished += [Evaluated.invalid(PROGRAMS[3]), Evaluated.of(PROGRAMS[4], 0.45)]
    results = race.results(finished)
    assert [one.program for one in results] == PROGRAMS
    assert [one.fitness for one in results] == [0.4, 0.4, -1.0, 0.2, 0.45]
    assert [one.lost for one in results] == [True, False, False, True, False]
    ranked = [one.program for one in sorted(results, key=Evaluated.rank_key)]
    assert ranked == [PROGRAMS[at] for at in (4, 1, 0, 3, 2)]


def test_without_a_finisher_the_losers_keep_what_they_are_worth():
    race, _ = judged()
    results = race.results([Evaluated.invalid(program) for program in PROGRAMS])
    assert [one.fitness for one in results] == [0.5, -1.0, -1.0, 0.2, -1.0]


@pytest.mark.parametrize(
    ("first", "share", "most", "expected"),
    [
        (0, 0.25, 100, []),
        (25, 0.25, 100, [25]),
        (12, 0.25, 40, [12]),
        (6, 0.25, 100, [6, 24]),
        (6, 0.25, 24, [6]),
        (3, 0.3, 100, [3, 10]),
        (3, 0.5, 100, [3, 6, 12, 24, 48]),
        (60, 0.5, 100, [60]),
        (5, 1.0, 100, [5]),
        (5, 0.5, 5, []),
    ],
)
def test_every_race_is_on_as_many_times_more_networks_as_fewer_programs_are_left(first, share, most, expected):
    assert stages(first, share, most) == expected


def random_programs(count, seed):
    kind = genomes.get("tree")
    rng = np.random.default_rng(seed)
    drawn = [kind.genome.random(rng, kind.settings()).compile() for _ in range(count)]
    return list(dict.fromkeys(program for program in drawn if program.is_well_formed))


@pytest.mark.parametrize(("workers", "memory"), [(1, 2**30), (3, 0)])
def test_a_race_measures_those_that_go_on_exactly_and_the_others_on_its_networks(workers, memory):
    programs = random_programs(60, seed=5)
    networks = [RankedNetworks.of(ACCURACIES)]
    exact = {one.program: one for one in Fitness(Evaluator(store(NETWORKS)), networks).of(programs)}
    first = {one.program: one for one in Fitness(Evaluator(store(RACED)), [networks[0].first(RACED)]).of(programs)}
    valid = sum(one.is_valid for one in first.values())
    with store(NETWORKS, memory, workers) as networks_of_the_run:
        fitness = Fitness(Evaluator(networks_of_the_run), networks, race_networks=RACED, race_share=0.3)
        told = [fitness.of(programs) for _ in range(2)]  # the second time with what was remembered
    assert told[0] == told[1]
    assert [one.program for one in told[0]] == programs
    through = [one for one in told[0] if one.is_valid and not one.lost]
    lost = [one for one in told[0] if one.lost]
    assert 0 < len(through) <= math.ceil(0.3 * valid)
    assert 0 < len(lost) <= valid - len(through)
    assert all(one == exact[one.program] for one in through)
    floor = min(one.fitness for one in through)
    for one in lost:
        assert (one.taus, one.ranking) == ((), first[one.program].ranking)
        assert one.fitness == min(first[one.program].fitness, floor)


class Raced:
    """An evaluator with fixed scores that holds races."""

    unscorable = np.array(False)

    def __init__(self, scores):
        self.rows = dict(zip(PROGRAMS, np.array(scores, float), strict=False))

    def scores(self, programs, progress=None, *, only_complete=False, races=()):
        scores = np.array([self.rows[program] for program in programs])
        left = np.arange(len(programs))
        for race in races:
            left = left[race.choose(left, scores[left][:, race.networks])]
        scores[np.setdiff1d(np.arange(len(programs)), left)] = np.nan
        return scores


def test_who_lost_an_earlier_race_is_never_above_who_lost_a_later_one():
    order = list(range(NETWORKS))
    scores = [order, [0, 1, 2, 5, 4, 3, *order[6:]], [0, 2, 1, *order[3:]], [0, 2, 1, *order[3:]]]
    fitness = Fitness(Raced(scores), [RankedNetworks.of(np.arange(12.0))], race_networks=3, race_share=0.5)
    results = fitness.of(PROGRAMS[:4])
    assert [round(one.fitness, 3) for one in results] == [1.0, 0.6, 0.333, 0.333]
    assert [one.lost for one in results] == [False, True, True, True]
    # Nobody is above the least fit of those that went on: here one that was first on six networks, and not on all.
    scores[0] = [0, 1, 2, 3, 4, 5, *reversed(order[6:])]
    results = Fitness(Raced(scores), [RankedNetworks.of(np.arange(12.0))], race_networks=3, race_share=0.5).of(
        PROGRAMS[:4]
    )
    assert [round(one.fitness, 3) for one in results] == [0.545, 0.545, 0.333, 0.333]


def test_on_several_benchmarks_the_race_is_on_the_first_networks_of_each():
    programs = random_programs(40, seed=6)
    both = [RankedNetworks.of(ACCURACIES[:6]), RankedNetworks.of(ACCURACIES[6:], first=6)]
    fitness = Fitness(Evaluator(store(NETWORKS)), both, race_networks=3, race_share=0.5)
    exact = {one.program: one for one in Fitness(Evaluator(store(NETWORKS)), both).of(programs)}
    results = fitness.of(programs)
    assert any(one.lost for one in results)
    assert all(one == exact[one.program] for one in results if one.is_valid and not one.lost)


@pytest.mark.parametrize("selection", ["parents", "survivors"])
def test_the_hall_of_fame_holds_no_loser(selection):
    settings = EvolutionSettings(generations=3, population=16, mu=8, lambda_=12, selection=selection)
    evolution = Evolution(settings, genomes.get("tree").settings(), np.random.default_rng(0))
    fitness = Fitness(Evaluator(store(NETWORKS)), [RankedNetworks.of(ACCURACIES)], race_networks=RACED, race_share=0.3)
    records = []
    while not evolution.finished:
        records.append(evolution.tell(fitness.of(evolution.ask())))
    assert evolution.hall_of_fame
    assert not any(one.lost for one in evolution.hall_of_fame)
    assert all(len(one.taus) == 1 for one in evolution.hall_of_fame)
    assert sum(record.lost for record in records) > 0
    again = Evolution.decode(evolution.encode(), settings, genomes.get("tree").settings())
    assert again.encode() == evolution.encode()
