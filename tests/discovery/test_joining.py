from itertools import combinations

import numpy as np
import pytest
from small_problem import FEATURE_COUNT, group

from eznas.discovery import joining
from eznas.discovery.archive import Archive, Found, fitness_on, with_merits
from eznas.discovery.codes import ADDED, SUBTRACTED, is_join, term_spans
from eznas.discovery.criterion import Criterion
from eznas.discovery.fitness import INVALID, judge, workspace_for
from eznas.discovery.joining import with_joins
from eznas.discovery.limits import MAXIMUM_JOINED_NODES, MAXIMUM_NODES, MAXIMUM_TERMS
from eznas.discovery.problem import NetworkGroup, arrays_of
from eznas.ops.catalogue import BY_NAME

TAU = Criterion()
SIZES = (1, 2, 3, 5)


def problem(criterion=TAU):
    """Two benchmarks, whose accuracies follow the difference of two signed logarithms of sums, and noise."""
    groups = []
    for seed in (3, 4):
        one = group(seed, networks=20)
        starts = np.cumsum(one.units) - one.units
        sums = [np.add.reduceat(one.values[row] + np.float32(1), starts) for row in (0, 2)]
        truth = np.subtract(*(np.sign(part) * np.log1p(np.abs(part)) for part in sums))
        noise = 0.1 * np.random.default_rng(seed).normal(size=20)
        groups.append(NetworkGroup(one.units, one.values, one.valid, truth + noise))
    return arrays_of(groups, "sum", criterion)


def grown(rng, size):
    """A random formula of one term with so many nodes."""
    if size == 1:
        return (int(rng.integers(FEATURE_COUNT)),)
    if size == 2 or rng.random() < 0.2:
        return (*grown(rng, size - 1), -1 - BY_NAME[str(rng.choice(["abs", "sigmoid", "relu"]))].id)
    first = int(rng.integers(1, size - 1))
    operation = BY_NAME[str(rng.choice(["sum", "difference", "product"]))]
    return (*grown(rng, first), *grown(rng, size - 1 - first), -1 - operation.id)


def found_by_chance(arrays, criterion=TAU):
    """An archive of up to two formulas of each of some sizes: joins are as many as pairs, and three of them."""
    rng = np.random.default_rng(0)
    formulas = [Found(grown(rng, size), INVALID) for size in SIZES for _ in range(2)]
    archive = Archive()
    archive.add(one for one in with_merits(formulas, arrays, criterion.archive_shares) if one.fitness > INVALID)
    return archive


def terms_of(found):
    return 1 + sum(is_join(code) for code in found.codes)


@pytest.fixture(scope="module", params=["tau", "both"])
def joined(request):
    criterion = Criterion(request.param)
    arrays = problem(criterion)
    archive = found_by_chance(arrays, criterion)
    return arrays, criterion, archive, with_joins(archive, 3, arrays, criterion.archive_shares, 1)


def test_merits_are_those_of_the_formulas_to_the_bit(joined):
    arrays, criterion, _, found = joined
    assert with_merits(found.formulas, arrays, criterion.archive_shares) == found.formulas


def test_what_evolved_is_still_there_and_the_archive_is_left_as_it_was(joined):
    arrays, criterion, archive, found = joined
    assert archive == found_by_chance(arrays, criterion)
    assert {terms_of(one) for one in archive.formulas} == {1}
    assert {terms_of(one) for one in found.formulas} == {1, 2, 3}
    assert len({one.codes for one in found.formulas}) == len(found.formulas)
    assert found.best.fitness > archive.best.fitness


def test_the_best_pairs_are_those_of_all_pairs(joined):
    arrays, criterion, archive, _ = joined
    work = workspace_for(arrays)
    turned = [(one.codes, judge(np.array(one.codes, np.int32), arrays, work).orientation) for one in archive.formulas]
    pairs = [
        (*one, *other, ADDED if orientation == other_orientation else SUBTRACTED)
        for (one, orientation), (other, other_orientation) in combinations(turned, 2)
    ]
    expected = [max(fitness_on([pair for pair in pairs if len(pair) == size], arrays)) for size in (3, 6, 9)]
    found = [
        max(
            one.fitness
            for one in with_joins(archive, 2, arrays, criterion.archive_shares, 1).by_size[size]
            if terms_of(one) == 2
        )
        for size in (3, 6, 9)
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
    alone = Archive()
    alone.add(with_merits([Found((0, 2, join), INVALID) for join in (ADDED, SUBTRACTED)], arrays, (0.0,)))
    assert len(alone.formulas) == 2
    assert with_joins(alone, 3, arrays, (0.0,), 1) == alone


def test_the_best_of_each_size_are_kept(joined, monkeypatch):
    arrays, criterion, archive, _ = joined
    every = with_joins(archive, 2, arrays, criterion.archive_shares, 1).by_size
    monkeypatch.setattr(joining, "KEPT_PER_SIZE", 1)
    best = with_joins(archive, 2, arrays, criterion.archive_shares, 1).by_size
    for size in (6, 9):
        joins = [one for one in every[size] if terms_of(one) == 2]
        kept = [one for one in best[size] if terms_of(one) == 2]
        assert len(kept) < len(joins)
        assert {max(column) for column in zip(*(one.merits for one in joins), strict=True)} <= {
            merit for one in kept for merit in one.merits
        }


def test_no_term_stands_twice_in_a_join(joined):
    _, _, _, found = joined
    for one in found.formulas:
        spans = np.zeros((MAXIMUM_TERMS, 3), np.int64)
        count = term_spans(np.array(one.codes, np.int32), one.size, spans)
        assert len({one.codes[start:stop] for start, stop, _ in spans[:count]}) == count


def test_terms_that_cancel_but_for_rounding_are_ties():
    """On the first two of five networks, the sums of both features are opposite but for the rounding of their units."""
    first = [[0.1, 0.2, 0.3], [0.3, 0.3, 0.1], [2, 0, 0], [3, 0, 0], [4, 0, 0]]
    second = [[-0.6, 0, 0], [-0.7, 0, 0], [1, 0, 0], [5, 0, 0], [6, 0, 0]]
    values = np.array([first, second], np.float32).reshape(2, 15)
    one = NetworkGroup(np.full(5, 3), values, np.ones(values.shape, bool), np.arange(5.0))
    arrays = arrays_of([one], "sum")
    archive = Archive()
    archive.add(with_merits([Found((0,), INVALID), Found((1,), INVALID)], arrays, (0.0,)))
    (join,) = with_joins(archive, 2, arrays, (0.0,), 1).by_size[3]
    assert join.fitness == fitness_on([join.codes], arrays)[0] < 1


def test_the_largest_formulas_are_joined_as_well():
    arrays, rng = problem(), np.random.default_rng(1)
    archive = Archive()
    archive.add(with_merits([Found(grown(rng, MAXIMUM_NODES), INVALID) for _ in range(3)], arrays, (0.0,)))
    joined = with_joins(archive, 3, arrays, (0.0,), 1)
    assert max(one.size for one in joined.formulas) == MAXIMUM_JOINED_NODES
    assert with_merits(joined.formulas, arrays, (0.0,)) == joined.formulas
