from itertools import combinations

import numpy as np
import pytest
from small_problem import FEATURE_COUNT, group

from eznas.discovery.alphabet import alphabet_of
from eznas.discovery.archive import KEPT_PER_SIZE, Archive, fitness_on, with_merits
from eznas.discovery.codes import ADDED, SUBTRACTED, is_join
from eznas.discovery.criterion import Criterion
from eznas.discovery.fitness import judge, workspace_for
from eznas.discovery.joining import with_joins
from eznas.discovery.limits import MAXIMUM_JOINED_NODES, MAXIMUM_NODES
from eznas.discovery.problem import NetworkGroup, arrays_of
from eznas.discovery.search import FormulaSearch
from eznas.discovery.search_settings import SearchSettings

TAU = Criterion()


def problem(criterion=TAU):
    """Two benchmarks, whose accuracies follow the difference of two signed logarithms of sums, and noise."""
    groups = []
    for seed in (3, 4):
        one = group(seed, networks=60)
        starts = np.cumsum(one.units) - one.units
        sums = [np.add.reduceat(one.values[row] + np.float32(1), starts) for row in (0, 2)]
        truth = np.subtract(*(np.sign(part) * np.log1p(np.abs(part)) for part in sums))
        noise = 0.1 * np.random.default_rng(seed).normal(size=60)
        groups.append(NetworkGroup(one.units, one.values, one.valid, truth + noise))
    return arrays_of(groups, "sum", criterion)


def searched(arrays, criterion=TAU, terms=1):
    settings = SearchSettings(islands=2, members=30, children=100)
    alphabet = alphabet_of(np.arange(FEATURE_COUNT), terms=terms)
    search = FormulaSearch(arrays, alphabet, settings, np.random.default_rng(0), (), criterion)
    for _ in range(3):
        search.advance(1)
    return search.archive


def terms_of(found):
    return 1 + sum(is_join(code) for code in found.codes)


@pytest.fixture(scope="module", params=["tau", "both"])
def joined(request):
    criterion = Criterion(request.param)
    arrays = problem(criterion)
    archive = searched(arrays, criterion)
    return arrays, criterion, archive, with_joins(archive, 3, arrays, criterion.archive_shares, 1)


def test_merits_are_those_of_the_formulas_to_the_bit(joined):
    arrays, criterion, _, found = joined
    assert with_merits(found.formulas, arrays, criterion.archive_shares) == found.formulas


def test_what_evolved_is_still_there_and_the_archive_is_left_as_it_was(joined):
    arrays, criterion, archive, found = joined
    assert archive == searched(arrays, criterion)
    assert {terms_of(one) for one in archive.formulas} == {1}
    assert {terms_of(one) for one in found.formulas} == {1, 2, 3}
    assert MAXIMUM_NODES < max(one.size for one in found.formulas) <= MAXIMUM_JOINED_NODES
    assert found.best.fitness > archive.best.fitness


def test_the_best_pairs_are_those_of_all_pairs(joined):
    arrays, criterion, archive, _ = joined
    work = workspace_for(arrays)
    turned = [(one.codes, judge(np.array(one.codes, np.int32), arrays, work).orientation) for one in archive.formulas]
    pairs = [
        (*one, *other, ADDED if orientation == other_orientation else SUBTRACTED)
        for (one, orientation), (other, other_orientation) in combinations(turned, 2)
    ]
    expected = [max(fitness_on([pair for pair in pairs if len(pair) == size], arrays)) for size in (3, 8, 21)]
    found = [
        max(
            one.fitness
            for one in with_joins(archive, 2, arrays, criterion.archive_shares, 1).by_size[size]
            if terms_of(one) == 2
        )
        for size in (3, 8, 21)
    ]
    assert found == expected


def test_the_result_does_not_depend_on_the_threads(joined):
    arrays, criterion, archive, found = joined
    assert with_joins(archive, 3, arrays, criterion.archive_shares, 3) == found


def test_no_join_is_made_of_one_term(joined):
    arrays, criterion, archive, _ = joined
    assert with_joins(archive, 1, arrays, criterion.archive_shares, 2) == archive


def test_formulas_that_evolved_with_several_terms_stay_and_are_not_joined():
    arrays = problem()
    archive = searched(arrays, terms=3)
    several = [one for one in archive.formulas if terms_of(one) > 1]
    assert several
    alone = Archive()
    alone.add(several)
    assert with_joins(alone, 3, arrays, (0.0,), 1) == alone


def test_as_many_of_a_size_are_kept_as_by_the_archive(joined):
    _, criterion, _, found = joined
    most = KEPT_PER_SIZE * len(criterion.archive_shares)
    assert KEPT_PER_SIZE <= max(map(len, found.by_size.values())) <= most
