from itertools import pairwise

import numpy as np
from small_problem import FEATURE_COUNT, group

from eznas.discovery.archive import KEPT_PER_SIZE, Archive, Found, fitness_on
from eznas.discovery.codes import MAXIMUM_NODES
from eznas.discovery.problem import arrays_of
from eznas.discovery.search import FormulaSearch, SearchSettings
from eznas.ops.catalogue import BY_NAME

SETTINGS = SearchSettings(islands=3, members=40, epoch=300, patience=2)
ARRAYS = arrays_of([group(networks=80)], "sum")


def searched(epochs, threads=1, seed=0, settings=SETTINGS):
    search = FormulaSearch(ARRAYS, np.arange(FEATURE_COUNT), settings, np.random.default_rng(seed))
    for _ in range(epochs):
        search.advance(threads)
    return search


def test_the_search_finds_the_formula_behind_the_accuracies():
    search = searched(6)
    product = (0, 1, -1 - BY_NAME["product"].id)
    best_of_three = search.archive.by_size[3][0]
    assert best_of_three.codes in (product, (1, 0, product[2]))
    assert best_of_three.fitness == fitness_on([product], ARRAYS)[0]
    assert best_of_three.fitness > 0.7


def test_the_result_does_not_depend_on_the_threads():
    one, other = searched(4, threads=1), searched(4, threads=3)
    assert one.archive == other.archive
    assert (one.made, one.evaluated) == (other.made, other.evaluated)
    assert one.archive != searched(4, seed=1).archive


def test_what_an_island_knows_by_heart_is_not_computed_again():
    search = searched(6)
    assert search.made > 3 * 6 * 300
    assert search.evaluated < search.made


def test_islands_that_stand_still_start_anew_and_the_archive_only_gets_better():
    search = searched(1)
    best = 0.0
    for _ in range(12):
        search.advance(1)
        assert search.archive.front[-1].fitness >= best
        best = search.archive.front[-1].fitness
    assert search.made > 13 * 3 * 300 + 2 * 3 * 40 + 12 * 12  # populations were drawn a second time


def test_the_archive_does_not_depend_on_the_order():
    rng = np.random.default_rng(0)
    found = [
        Found(tuple(rng.integers(9, size=rng.integers(1, 6)).tolist()), float(rng.integers(100) / 100))
        for _ in range(500)
    ]
    one, other = Archive(), Archive()
    one.add(found)
    for part in found[::-1]:
        other.add([part])
    assert one == other
    assert all(len(kept) <= KEPT_PER_SIZE for kept in one.by_size.values())


def test_the_front_rises_in_size_and_fitness():
    front = searched(4).archive.front
    for smaller, larger in pairwise(front):
        assert smaller.size < larger.size <= MAXIMUM_NODES
        assert smaller.fitness < larger.fitness
