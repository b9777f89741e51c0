from itertools import pairwise

import numpy as np
import pytest
from small_problem import FEATURE_COUNT, group

from eznas.discovery.alphabet import alphabet_of
from eznas.discovery.archive import fitness_on
from eznas.discovery.codes import SUBTRACTED
from eznas.discovery.criterion import Criterion
from eznas.discovery.limits import MAXIMUM_NODES
from eznas.discovery.problem import NetworkGroup, arrays_of
from eznas.discovery.search import FormulaSearch
from eznas.discovery.search_settings import SearchSettings
from eznas.errors import EznasError
from eznas.ops.catalogue import BY_NAME

SETTINGS = SearchSettings(islands=3, members=40, children=300, restart_after=2)
ARRAYS = arrays_of([group(networks=80)], "sum")


def searched(epochs, threads=1, seed=0, settings=SETTINGS):
    search = FormulaSearch(ARRAYS, alphabet_of(np.arange(FEATURE_COUNT)), settings, np.random.default_rng(seed))
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
    assert search.made > 13 * 3 * 300 + 3 * 40 + 13 * 12  # a population was drawn a second time


def test_the_front_rises_in_size_and_fitness():
    front = searched(4).archive.front
    for smaller, larger in pairwise(front):
        assert smaller.size < larger.size <= MAXIMUM_NODES
        assert smaller.fitness < larger.fitness


def test_with_both_objectives_the_archive_has_the_best_of_a_search_for_each():
    criterion = Criterion("both")
    arrays = arrays_of([group(networks=80)], "sum", criterion)
    alphabet = alphabet_of(np.arange(FEATURE_COUNT))
    search = FormulaSearch(arrays, alphabet, SETTINGS, np.random.default_rng(0), criterion=criterion)
    for _ in range(4):
        search.advance(1)
    product = (0, 1, -1 - BY_NAME["product"].id)
    found = next(one for one in search.archive.by_size[3] if sorted(one.codes) == sorted(product))
    tau, top = (fitness_on([product], arrays._replace(top_share=share))[0] for share in (0.0, 1.0))
    assert found.extremes == (tau, top)
    assert found.fitness == pytest.approx((tau + top) / 2)
    front = search.archive.front
    assert {one.extremes for one in front} >= {
        max((one.extremes for one in search.archive.formulas), key=lambda pair: pair[goal]) for goal in (0, 1)
    }
    again = FormulaSearch(arrays, alphabet, SETTINGS, np.random.default_rng(1), criterion=criterion)
    again.restore(search.state())
    assert again.archive == search.archive
    for one in (search, again):
        one.advance(1)
    assert again.archive == search.archive


def test_formulas_of_several_terms_are_found_where_they_rank_better():
    one = group(networks=80)
    ends = np.cumsum(one.units)
    sums = np.add.reduceat(one.values, ends - one.units, axis=1, dtype=np.float64)
    logs = np.sign(sums) * np.log1p(np.abs(sums))
    arrays = arrays_of([NetworkGroup(one.units, one.values, one.valid, logs[0] - logs[1])], "sum")
    settings = SearchSettings(islands=2, members=60, children=500)
    search = FormulaSearch(arrays, alphabet_of(np.arange(FEATURE_COUNT), terms=2), settings, np.random.default_rng(0))
    for _ in range(5):
        search.advance(1)
    assert search.archive.by_size[3][0].codes in ((0, 1, SUBTRACTED), (1, 0, SUBTRACTED))
    assert search.archive.by_size[3][0].fitness == pytest.approx(1.0)


def test_seeds_are_in_the_first_population_and_fresh_formulas_come_on_demand():
    seed = (0, 1, -1 - BY_NAME["product"].id, 2, -1 - BY_NAME["divide"].id)
    settings = SearchSettings(islands=1, members=20, children=1)
    alphabet = alphabet_of(np.array([3]))
    search = FormulaSearch(ARRAYS, alphabet, settings, np.random.default_rng(0), [seed])
    search.advance(1)
    assert seed in [formula.codes for formula in search.archive.formulas]
    assert search.made == 20 + 1 + 1
    only_fresh = SearchSettings(islands=1, members=20, children=200, random_share=1.0)
    search = FormulaSearch(ARRAYS, alphabet, only_fresh, np.random.default_rng(0))
    search.advance(1)
    assert max(formula.size for formula in search.archive.formulas) <= 9  # four operations, each with another leaf


def test_a_setting_out_of_range_is_named():
    with pytest.raises(EznasError, match=r"search.random_share is 2"):
        SearchSettings(random_share=2.0)
