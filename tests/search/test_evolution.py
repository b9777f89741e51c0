from __future__ import annotations

import math
from dataclasses import replace

import msgpack
import numpy as np
import pytest

from eznas import genomes
from eznas.errors import EznasError
from eznas.genomes.tree import TreeSettings
from eznas.ops.notation import parse_program
from eznas.search.evaluated import Evaluated
from eznas.search.evolution import Evolution
from eznas.search.settings import EvolutionSettings

SMALL = EvolutionSettings(generations=4, population=14, mu=6, lambda_=10, hall_of_fame=5)
SCHEMES = ("parents", "survivors")


def fitness(program):
    """A plain function: a program is the better, the more of it is exponentials; one without any is of no use."""
    exponentials = sum(node[0] == parse_program("exp(wt)").nodes[0][0] for node in program.nodes)
    return exponentials / program.size if exponentials else math.nan


def evolution(kind="tree", settings=SMALL, seed=3):
    return Evolution(settings, genomes.get(kind).settings(), np.random.default_rng(seed))


def step(running):
    return running.tell([fitness(program) for program in running.ask()])


def finish(running):
    records = []
    while not running.finished:
        records.append(step(running))
    return records


def state(running):
    return msgpack.packb(running.encode())


def restored(data, kind="tree", settings=SMALL):
    return Evolution.decode(msgpack.unpackb(data), settings, genomes.get(kind).settings())


@pytest.mark.parametrize("kind", genomes.names())
@pytest.mark.parametrize("selection", SCHEMES)
def test_one_seed_gives_one_result(kind, selection):
    settings = replace(SMALL, selection=selection)
    first, second, other = (evolution(kind, settings, seed) for seed in (3, 3, 4))
    assert finish(first) == finish(second)
    assert first.hall_of_fame == second.hall_of_fame
    finish(other)
    assert other.hall_of_fame != first.hall_of_fame


@pytest.mark.parametrize("kind", genomes.names())
@pytest.mark.parametrize("selection", SCHEMES)
@pytest.mark.parametrize("interrupted_after", range(5))
@pytest.mark.parametrize("asked", [False, True])
def test_a_stored_state_continues_to_the_identical_result(kind, selection, interrupted_after, asked):
    settings = replace(SMALL, selection=selection, novelty_retries=2)
    whole = evolution(kind, settings)
    records = finish(whole)
    begun = evolution(kind, settings)
    for _ in range(interrupted_after):
        step(begun)
    programs = begun.ask() if asked else ()
    resumed = restored(state(begun), kind, settings)
    assert resumed.generation == interrupted_after
    if asked:
        assert resumed.ask() == programs
    assert finish(resumed) == records[interrupted_after:]
    assert resumed.hall_of_fame == whole.hall_of_fame
    assert state(resumed) == state(whole)


def test_every_program_is_asked_for_once():
    running = evolution(settings=replace(SMALL, crossover=0.2, mutation=0.2))
    asked = []
    while not running.finished:
        asked += running.ask()
        step(running)
    assert len(set(asked)) == len(asked)
    assert {result.program for result in (*running.population, *running.hall_of_fame)} <= set(asked)


def test_asking_twice_asks_the_same():
    running = evolution()
    assert running.ask() == running.ask()
    step(running)
    assert running.ask() == running.ask()


def test_a_number_and_a_whole_result_are_told_alike():
    numbers, results = evolution(), evolution()
    while not numbers.finished:
        step(numbers)
        results.tell([Evaluated.of(program, fitness(program)) for program in results.ask()])
    assert state(numbers) == state(results)


def test_what_does_not_answer_the_question_is_refused():
    running = evolution()
    with pytest.raises(EznasError, match="nothing to be told: call ask"):
        running.tell([])
    programs = running.ask()
    before = state(running)
    with pytest.raises(EznasError, match=rf"1 results are told of {len(programs)} programs"):
        running.tell([0.5])
    with pytest.raises(EznasError, match="those of other programs"):
        running.tell([Evaluated.of(program, 0.5) for program in reversed(programs)])
    assert state(running) == before


def test_records_add_up():
    running = evolution()
    records = finish(running)
    assert [record.generation for record in records] == [0, 1, 2, 3, 4]
    assert [record.individuals for record in records] == [14, 10, 10, 10, 10]
    assert all(record.evaluated + record.repeats == record.individuals for record in records)
    assert sum(record.evaluated for record in records) == len(running.encode()["known"])
    best = [record.best for record in records]
    assert best == sorted(best)
    assert running.hall_of_fame[0].fitness == best[-1]
    assert all(0 < record.live_share <= 1 for record in records)


def test_the_hall_of_fame_has_the_best_ever_seen_without_repeats():
    told = []
    running = evolution(settings=replace(SMALL, selection="survivors", distinct="none"))
    while not running.finished:
        programs = running.ask()
        # Programs of one size rank the networks alike.
        results = [Evaluated(one, (), fitness(one), 1, f"size {one.size}") for one in programs]
        told += [one for one in results if not math.isnan(one.fitness)]
        running.tell([one if not math.isnan(one.fitness) else math.nan for one in results])
    simplest = {}
    for one in sorted(told, key=Evaluated.rank_key):
        simplest.setdefault(one.ranking, one)
    assert running.hall_of_fame == tuple(simplest.values())[: SMALL.hall_of_fame]


def test_reproduction_alone_asks_for_nothing_new():
    settings = EvolutionSettings(generations=2, population=8, mu=4, lambda_=6, crossover=0.0, mutation=0.0)
    records = finish(evolution(settings=settings))
    assert [record.evaluated for record in records[1:]] == [0, 0]


def test_a_random_share_of_one_is_random_search():
    settings = EvolutionSettings(generations=2, population=8, mu=4, lambda_=30, random_share=1.0)
    records = finish(evolution(settings=settings))
    assert all(record.evaluated > 20 for record in records[1:])


@pytest.mark.parametrize(("crossover", "mutation"), [(0.4, 0.4), (0.7, 0.1), (0.0, 0.9), (1.0, 0.0)])
def test_offspring_come_from_two_parents_one_or_none_as_often_as_the_settings_say(crossover, mutation, monkeypatch):
    made = {"mate": 0, "mutate": 0}
    for name in made:
        vary = getattr(genomes.get("tree").genome, name)

        def counting(self, *arguments, name=name, vary=vary):
            made[name] += 1
            return vary(self, *arguments)

        monkeypatch.setattr(genomes.get("tree").genome, name, counting)
    settings = EvolutionSettings(generations=2, population=10, lambda_=1000, crossover=crossover, mutation=mutation)
    running = evolution(settings=settings)
    finish(running)
    assert made["mate"] / 2000 == pytest.approx(crossover, abs=0.04)
    assert made["mutate"] / 2000 == pytest.approx(mutation, abs=0.04)


def test_a_child_takes_after_its_first_parent():
    # Crossover keeps the root of the first parent, so that children of two kinds of parents show whose they are.
    settings = EvolutionSettings(population=2, lambda_=200, crossover=1.0, mutation=0.0, selection="survivors")
    running = evolution(settings=settings)
    step(running)
    roots = {program.digest: program.nodes[-1][0] for program in (one.program for one in running.population)}
    assert len(set(roots.values())) == 2
    running.ask()
    children = [genome.compile().nodes[-1][0] for genome in running._offspring.genomes]
    assert set(children) <= set(roots.values())


def test_retries_look_for_programs_that_nobody_knows():
    # Most of a sequential genome is useless, so that most of its variations give a known program.
    settings = replace(SMALL, generations=6, lambda_=40, crossover=0.0, mutation=0.8)

    def repeats(retries):
        records = finish(evolution("sequential", replace(settings, novelty_retries=retries)))
        assert records[0].retries == 0
        return [sum(getattr(record, name) for record in records[1:]) for name in ("repeats", "retries")]

    without, none = repeats(0)
    assert (without > 150, none) == (True, 0)
    with_retries, retries = repeats(50)
    # A fifth of the 240 offspring are copies, which stay as they are.
    assert with_retries < without / 2
    assert retries > 150


def test_retries_end_at_their_bound():
    # Of one terminal alone nothing new can be made.
    settings = EvolutionSettings(
        generations=1, population=300, lambda_=8, crossover=0.5, mutation=0.5, novelty_retries=3
    )
    running = Evolution(settings, TreeSettings(0, 0, 0, 0), np.random.default_rng(0))
    records = [running.tell([1.0] * len(running.ask())) for _ in range(2)]
    assert records[0].evaluated == 22
    assert (records[1].evaluated, records[1].retries) == (0, 3 * 8)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.pop("rng"),
        lambda data: data.update(rng="{}"),
        lambda data: data.update(steps="many"),
        lambda data: data["known"].clear(),
        lambda data: data.update(known=[["x"]]),
        lambda data: data.update(population=[["x"]]),
        lambda data: data.update(hall_of_fame=7),
        lambda data: data.update(asked=7),
        lambda data: data.pop("asked"),
    ],
)
def test_a_damaged_state_is_refused(damage):
    running = evolution()
    step(running)
    data = running.encode()
    damage(data)
    with pytest.raises(EznasError):
        restored(msgpack.packb(data))
