"""All formulas of a few nodes that begin with one feature, compiled: its own, its unary ones, and its pairs.

A formula is computed on all units of all networks by the interpreter's own element-wise kernels, and becomes a score
of every network by the sum and by the mean over its units, as programs do. Of the formulas of each size and
aggregation the best are kept.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eznas.discovery.codes import copy
from eznas.discovery.enumeration.tau import tau_of
from eznas.discovery.problem import Arrays
from eznas.genomes.feature_tree import BINARY_WEIGHTS, UNARY_WEIGHTS
from eznas.ops.catalogue import BY_NAME, OPERATIONS
from eznas.ops.jit import compiled
from eznas.ops.kernels.execute import map_one, map_two
from eznas.ops.kernels.sums import sum_and_sum_of_absolutes
from eznas.ops.limits import RELATIVE_TOLERANCE
from eznas.options import Aggregation

AGGREGATIONS: Final[tuple[Aggregation, ...]] = ("sum", "mean")
"""In the order of the arrays here."""

MAXIMUM_SIZE: Final = 3
"""The most nodes of a formula: an operation of two features."""

KEPT: Final = 10
"""How many formulas of each size and aggregation are kept; of those that have one tau, which rank alike, the first."""

# How a form makes its numbers.
_ALONE: Final = 0
_UNARY_OF_FEATURE: Final = 1
_UNARY_OF_UNARY: Final = 2
_PAIR: Final = 3
_SWAPPED: Final = 4

_MIRRORED: Final = ("greater_than",)  # a > b is b < a


def _forms_of_one() -> list[tuple[int, int, int, int]]:
    unary = [BY_NAME[name].id for name in UNARY_WEIGHTS]
    forms = [(_ALONE, 0, 0, 1)]
    for inner in unary:
        forms.append((_UNARY_OF_FEATURE, inner, 0, 2))
        forms += [(_UNARY_OF_UNARY, inner, outer, 3) for outer in unary]
    return [*forms, *((_PAIR, operation, 0, 3) for operation in _binary())]


def _binary() -> list[int]:
    return [BY_NAME[name].id for name in BINARY_WEIGHTS if name not in _MIRRORED]


def _forms_of_two() -> list[tuple[int, int, int, int]]:
    forms = []
    for operation in _binary():
        forms.append((_PAIR, operation, 0, 3))
        rule = OPERATIONS[operation]
        if not (rule.commutative or rule.name == "difference"):  # which in the other order has the opposite sign
            forms.append((_SWAPPED, operation, 0, 3))
    return forms


# Rows: the way; the operation, or the inner one of two; the outer one; the number of nodes.
_OF_ONE: Final = np.array(_forms_of_one(), np.int64)
_OF_TWO: Final = np.array(_forms_of_two(), np.int64)


class Leaders(NamedTuple):
    """The best formulas of each size and aggregation; the last axis of `taus` falls.

    Attributes:
        taus: float64 (MAXIMUM_SIZE, 2, KEPT), |tau|; 0 where there is none.
        codes: int32 (MAXIMUM_SIZE, 2, KEPT, MAXIMUM_SIZE), formulas in postfix notation, see `codes.py`.
        equals: int64 (MAXIMUM_SIZE, 2, KEPT): how many formulas have this very |tau|.
        signs: int64 (MAXIMUM_SIZE, 2, KEPT): -1 where tau is negative.
        made: int64 (MAXIMUM_SIZE,): how many formulas there are of each size.
        unscored: int64 (MAXIMUM_SIZE,): how many of them have no finite score for some network.
    """

    taus: NDArray[np.float64]
    codes: NDArray[np.int32]
    equals: NDArray[np.int64]
    signs: NDArray[np.int64]
    made: NDArray[np.int64]
    unscored: NDArray[np.int64]


def no_leaders() -> Leaders:
    """Return what there is before the first formula."""
    cells = (MAXIMUM_SIZE, len(AGGREGATIONS), KEPT)
    return Leaders(
        np.zeros(cells),
        np.zeros((*cells, MAXIMUM_SIZE), np.int32),
        np.zeros(cells, np.int64),
        np.ones(cells, np.int64),
        np.zeros(MAXIMUM_SIZE, np.int64),
        np.zeros(MAXIMUM_SIZE, np.int64),
    )


def formulas_beginning_with(row: int, features: int) -> int:
    """Return how many formulas `explore` makes for one of so many features."""
    return len(_OF_ONE) + (features - 1 - row) * len(_OF_TWO)


@compiled
def _precedes(codes: NDArray[np.int32], others: NDArray[np.int32]) -> bool:
    for place in range(len(codes)):
        if codes[place] != others[place]:
            return bool(codes[place] < others[place])
    return False


@compiled
def enter(leaders: Leaders, size: int, aggregation: int, tau: float, codes: NDArray[np.int32], equals: int) -> None:
    """Take in a formula if it is among the best of its size; the result does not depend on the order of entering.

    Args:
        leaders: changed in place.
        size: number of nodes.
        aggregation: place in `AGGREGATIONS`.
        tau: of the formula.
        codes: int32 (MAXIMUM_SIZE,), 0 beyond the size.
        equals: how many formulas with this |tau| this one stands for.
    """
    height, sign = abs(tau), -1 if tau < 0 else 1
    taus, kept = leaders.taus[size - 1, aggregation], leaders.codes[size - 1, aggregation]
    counts, signs = leaders.equals[size - 1, aggregation], leaders.signs[size - 1, aggregation]
    if height < taus[KEPT - 1] or height == 0.0:
        return
    place = 0
    while place < KEPT and taus[place] > height:
        place += 1
    if taus[place] == height:
        counts[place] += equals
        if _precedes(codes, kept[place]):
            copy(codes, 0, MAXIMUM_SIZE, kept[place], 0)
            signs[place] = sign
        return
    for later in range(KEPT - 1, place, -1):
        taus[later], counts[later], signs[later] = taus[later - 1], counts[later - 1], signs[later - 1]
        copy(kept[later - 1], 0, MAXIMUM_SIZE, kept[later], 0)
    taus[place], counts[place], signs[place] = height, equals, sign
    copy(codes, 0, MAXIMUM_SIZE, kept[place], 0)


@compiled
def merge(leaders: Leaders, others: Leaders) -> None:
    """Take in the best formulas among other ones."""
    for size in range(1, MAXIMUM_SIZE + 1):
        leaders.made[size - 1] += others.made[size - 1]
        leaders.unscored[size - 1] += others.unscored[size - 1]
        for aggregation in range(2):
            for place in range(KEPT):
                tau = others.taus[size - 1, aggregation, place] * others.signs[size - 1, aggregation, place]
                equals = others.equals[size - 1, aggregation, place]
                enter(leaders, size, aggregation, tau, others.codes[size - 1, aggregation, place], equals)


@compiled
def _valid_sums(
    numbers: NDArray[np.float32], first: NDArray[np.bool_], second: NDArray[np.bool_], start: int, stop: int
) -> tuple[float, float, int]:
    """`sum_and_sum_of_absolutes` of the units on which both arguments are valid, and how many there are."""
    total, absolute = np.float64(0.0), np.float64(0.0)
    count = 0
    for unit in range(start, stop):
        if first[unit] and second[unit]:
            number = np.float64(numbers[unit])
            total += number
            absolute += abs(number)
            count += 1
    return total, absolute, count


@compiled
def _score(
    numbers: NDArray[np.float32],
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    all_valid: bool,
    ends: NDArray[np.int64],
    scores: NDArray[np.float64],
) -> bool:
    """Fill in the scores of all networks, by `aggregate_columns`' rules; return whether all are finite.

    Args:
        numbers: float32 (units of all networks,).
        first: bool, same shape: where an argument of the formula is valid.
        second: of the other argument.
        all_valid: whether both are valid everywhere.
        ends: int64 (networks,), where each network's units end.
        scores: float64 (2, networks), in the order of `AGGREGATIONS`.
    """
    start = 0
    for network in range(len(ends)):
        stop = ends[network]
        if all_valid:
            total, absolute = sum_and_sum_of_absolutes(numbers[start:stop])
            count = stop - start
        else:
            total, absolute, count = _valid_sums(numbers, first, second, start, stop)
        if count == 0 or not np.isfinite(total):
            return False
        if abs(total) < RELATIVE_TOLERANCE * absolute:
            total = 0.0
        scores[0, network] = total
        scores[1, network] = total / count
        start = stop
    return True


@compiled
def _write(codes: NDArray[np.int32], way: int, operation: int, outer: int, row: int, other: int) -> None:
    """Write the formula that a form makes of two rows."""
    for place in range(MAXIMUM_SIZE):
        codes[place] = 0
    codes[0] = row
    if way == _UNARY_OF_FEATURE:
        codes[1] = -1 - operation
    elif way == _UNARY_OF_UNARY:
        codes[1], codes[2] = -1 - operation, -1 - outer
    elif way != _ALONE:
        codes[0], codes[1] = (other, row) if way == _SWAPPED else (row, other)
        codes[2] = -1 - operation


@compiled
def explore(row: int, arrays: Arrays, leaders: Leaders) -> None:
    """Make all formulas of a feature alone, and all of it with every later feature.

    Each kernel is called in one place, because every further one takes long to compile.

    Args:
        row: of the feature.
        arrays: the problem, with one group of networks; its aggregation is not used.
        leaders: changed in place.
    """
    features = arrays.features
    units = features.shape[1]
    once, twice = np.empty(units, np.float32), np.empty(units, np.float32)
    scores = np.empty((2, len(arrays.ends)))
    codes = np.zeros(MAXIMUM_SIZE, np.int32)
    for other in range(row, len(features)):
        all_valid = not (arrays.partly_valid[row] or arrays.partly_valid[other])
        forms = _OF_ONE if other == row else _OF_TWO
        for form in range(len(forms)):
            way, operation, outer, size = forms[form]
            numbers = twice
            if way == _ALONE:
                numbers = features[row]
            elif way <= _UNARY_OF_UNARY:
                source, numbers = (once, twice) if way == _UNARY_OF_UNARY else (features[row], once)
                map_one(operation if way == _UNARY_OF_FEATURE else outer, numbers, source)
            else:
                first, second = (other, row) if way == _SWAPPED else (row, other)
                map_two(operation, numbers, features[first], features[second])
            leaders.made[size - 1] += 1
            if not _score(numbers, arrays.valid[row], arrays.valid[other], all_valid, arrays.ends, scores):
                leaders.unscored[size - 1] += 1
                continue
            _write(codes, way, operation, outer, row, other)
            for aggregation in range(2):
                tau = tau_of(scores[aggregation], arrays.accuracies, arrays.order)
                enter(leaders, size, aggregation, tau, codes, 1)
