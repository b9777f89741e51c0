from itertools import product

import numpy as np
import pytest
import torch
from small_problem import FEATURE_COUNT, group

from eznas.correlation.rank_correlation import kendall_tau
from eznas.discovery.enumeration.formulas import (
    AGGREGATIONS,
    MAXIMUM_SIZE,
    explore,
    formulas_beginning_with,
    merge,
    no_leaders,
)
from eznas.discovery.problem import arrays_of
from eznas.genomes.feature_tree import BINARY_WEIGHTS, UNARY_WEIGHTS
from eznas.ops import reference
from eznas.ops.catalogue import BY_NAME
from eznas.scoring.aggregation import aggregate_columns
from eznas.scoring.ties import rankable

GROUP = group(networks=40)
ARRAYS = arrays_of([GROUP], "sum")
CODE = {name: -1 - BY_NAME[name].id for name in (*UNARY_WEIGHTS, *BINARY_WEIGHTS)}
NAME = {code: name for name, code in CODE.items()}


def every_formula():
    """All of one to three nodes, in every order of their arguments."""
    rows, unary, binary = range(FEATURE_COUNT), UNARY_WEIGHTS, BINARY_WEIGHTS
    yield from ((row,) for row in rows)
    yield from ((row, CODE[name]) for row, name in product(rows, unary))
    yield from ((row, CODE[one], CODE[other]) for row, one, other in product(rows, unary, unary))
    yield from ((a, b, CODE[name]) for a, b, name in product(rows, rows, binary))


def brute_force_tau(codes, aggregation):
    """|tau| by the reference operations and the scoring path's own rules; 0 where nothing is ranked."""
    stack, valid = [], np.ones(GROUP.valid.shape[1], bool)
    for code in codes:
        if code >= 0:
            stack.append(torch.from_numpy(GROUP.values[code]))
            valid &= GROUP.valid[code]
        else:
            arguments = [stack.pop() for _ in range(BY_NAME[NAME[code]].arity)][::-1]
            stack.append(getattr(reference, NAME[code])(*arguments))
    ends = np.cumsum(GROUP.units)
    numbers = stack[0].numpy()
    scores = np.concatenate(
        [
            aggregate_columns(numbers[start:end, None], valid[start:end, None], aggregation)
            for start, end in zip(ends - GROUP.units, ends, strict=True)
        ]
    )
    tau = np.nan if np.isnan(scores).any() else kendall_tau(rankable(scores, 1), GROUP.accuracies)
    return 0.0 if np.isnan(tau) else abs(tau)


def explored(rows=range(FEATURE_COUNT)):
    leaders = no_leaders()
    for row in rows:
        found = no_leaders()
        with np.errstate(all="ignore"):  # for NUMBA_DISABLE_JIT
            explore(row, ARRAYS, found)
        merge(leaders, found)
    return leaders


@pytest.mark.parametrize("place", [0, 1])
def test_the_best_of_every_size_are_those_of_brute_force(place):
    leaders = explored()
    taus = {codes: brute_force_tau(codes, AGGREGATIONS[place]) for codes in every_formula()}
    for size in range(1, MAXIMUM_SIZE + 1):
        ranked = sorted({round(tau, 12) for codes, tau in taus.items() if len(codes) == size and tau}, reverse=True)
        kept = leaders.taus[size - 1, place]
        np.testing.assert_allclose(kept[kept > 0], ranked[: np.count_nonzero(kept)], atol=1e-9)
        for codes, tau in zip(leaders.codes[size - 1, place].tolist(), kept, strict=True):
            if tau > 0:
                assert taus[tuple(codes[:size])] == pytest.approx(tau, abs=1e-9)


def test_every_formula_is_made_once_but_for_order_and_sign():
    leaders = explored()
    assert leaders.made.sum() == sum(formulas_beginning_with(row, FEATURE_COUNT) for row in range(FEATURE_COUNT))
    unary, pairs = len(UNARY_WEIGHTS), FEATURE_COUNT * (FEATURE_COUNT - 1) // 2
    assert leaders.made.tolist()[:2] == [FEATURE_COUNT, FEATURE_COUNT * unary]
    # Sum, difference and product in one order, quotients in both; a < b in both, one of which is the other's a > b.
    assert leaders.made[2] == FEATURE_COUNT * (unary**2 + 5) + pairs * (3 + 2 + 2)


def test_leaders_do_not_depend_on_the_order_of_rows():
    for one, other in zip(explored(), explored(reversed(range(FEATURE_COUNT))), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_product_behind_the_accuracies_is_found_and_its_sign_is_known():
    leaders = explored()
    assert leaders.codes[2, 0, 0, :3].tolist() == [0, 1, CODE["product"]]
    assert leaders.signs[2, 0, 0] == 1
    turned = ARRAYS._replace(accuracies=-ARRAYS.accuracies, order=ARRAYS.order[::-1].copy())
    found = no_leaders()
    with np.errstate(all="ignore"):
        explore(0, turned, found)
    assert found.signs[2, 0, 0] == -1
    assert found.taus[2, 0, 0] == leaders.taus[2, 0, 0]
