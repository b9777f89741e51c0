from __future__ import annotations

import msgpack
import numpy as np
import pytest
from synthetic_statistics import store

from eznas import genomes
from eznas.errors import EznasError
from eznas.scoring.evaluator import Evaluator
from eznas.search.evolution import Evolution, EvolutionSettings
from eznas.search.fitness import Fitness, RankedNetworks

NETWORKS = 12
SMALL = EvolutionSettings(generations=4, population=14, mu=6, lambda_=10, hall_of_fame=5)
BENCHMARKS = [RankedNetworks.of(np.random.default_rng(5).uniform(10, 90, NETWORKS))]


def evolution(kind="tree", settings=SMALL, seed=3):
    genome_kind = genomes.get(kind)
    fitness = Fitness(Evaluator(store(NETWORKS)), BENCHMARKS)
    return Evolution(settings, genome_kind, genome_kind.settings(), fitness, np.random.default_rng(seed))


def finish(running):
    records = []
    while not running.finished:
        records.append(running.step())
    return records


@pytest.mark.parametrize("kind", genomes.names())
def test_one_seed_gives_one_result(kind):
    first, second, other = evolution(kind), evolution(kind), evolution(kind, seed=4)
    assert finish(first) == finish(second)
    assert first.hall_of_fame == second.hall_of_fame
    finish(other)
    assert other.hall_of_fame != first.hall_of_fame


@pytest.mark.parametrize("kind", genomes.names())
@pytest.mark.parametrize("interrupted_after", range(5))
def test_a_stored_state_continues_to_the_identical_result(kind, interrupted_after):
    whole = evolution(kind)
    records = finish(whole)
    begun = evolution(kind)
    for _ in range(interrupted_after):
        begun.step()
    data = msgpack.unpackb(msgpack.packb(begun.encode()))
    genome_kind = genomes.get(kind)
    resumed = Evolution.decode(
        data, SMALL, genome_kind, genome_kind.settings(), Fitness(Evaluator(store(NETWORKS)), BENCHMARKS)
    )
    assert resumed.generation == interrupted_after
    assert finish(resumed) == records[interrupted_after:]
    assert resumed.hall_of_fame == whole.hall_of_fame
    assert msgpack.packb(resumed.encode()) == msgpack.packb(whole.encode())


def test_records_add_up():
    running = evolution()
    records = finish(running)
    assert [record.generation for record in records] == [0, 1, 2, 3, 4]
    assert [record.individuals for record in records] == [14, 10, 10, 10, 10]
    assert all(record.evaluated + record.repeats == record.individuals for record in records)
    assert sum(record.evaluated for record in records) == running._fitness.evaluations
    best = [record.best for record in records]
    assert best == sorted(best)
    assert running.hall_of_fame[0].fitness == best[-1]
    assert all(0 < record.live_share <= 1 for record in records)


def test_the_best_survive_sorted_and_distinct():
    running = evolution()
    finish(running)
    survivors = [individual.evaluated for individual in running._population]
    assert len(survivors) == SMALL.mu
    assert survivors == sorted(survivors, key=lambda result: result.rank_key())
    valid = [result.ranking for result in survivors if result.is_valid]
    assert len(set(valid)) == len(valid)
    fame = [result.ranking for result in running.hall_of_fame]
    assert len(set(fame)) == len(fame)


def test_without_distinctness_copies_survive():
    settings = EvolutionSettings(
        generations=3, population=10, mu=8, lambda_=20, crossover=0.0, mutation=0.0, distinct="none"
    )
    running = evolution(settings=settings)
    finish(running)
    assert len({individual.evaluated.program for individual in running._population}) < 8


def test_reproduction_alone_evaluates_nothing_new():
    settings = EvolutionSettings(generations=2, population=8, mu=4, lambda_=6, crossover=0.0, mutation=0.0)
    records = finish(evolution(settings=settings))
    assert [record.evaluated for record in records[1:]] == [0, 0]


def test_a_random_share_of_one_is_random_search():
    settings = EvolutionSettings(generations=2, population=8, mu=4, lambda_=30, random_share=1.0)
    records = finish(evolution(settings=settings))
    assert all(record.evaluated > 20 for record in records[1:])


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"mu": 0}, "mu is 0"),
        ({"lambda_": -1}, "lambda is -1"),
        ({"generations": -1}, "generations is -1"),
        ({"crossover": 1.5}, "crossover is 1.5"),
        ({"mutation": float("nan")}, "mutation is nan"),
        ({"crossover": 0.7, "mutation": 0.7}, "add up to more than 1"),
        ({"distinct": "phenotype"}, "'phenotype'"),
    ],
)
def test_settings_that_make_no_sense_are_named(wrong, named):
    with pytest.raises(EznasError, match=named):
        EvolutionSettings(**wrong)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.pop("rng"),
        lambda data: data.update(rng="{}"),
        lambda data: data.update(steps="many"),
        lambda data: data["known"].clear(),
        lambda data: data.update(population=[["x"]]),
        lambda data: data.update(hall_of_fame=7),
    ],
)
def test_a_damaged_state_is_refused(damage):
    running = evolution()
    running.step()
    data = running.encode()
    damage(data)
    kind = genomes.get("tree")
    with pytest.raises(EznasError):
        Evolution.decode(data, SMALL, kind, kind.settings(), Fitness(Evaluator(store(NETWORKS)), BENCHMARKS))
