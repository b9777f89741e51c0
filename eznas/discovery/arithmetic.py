"""A formula on all units of all networks: numbers to numbers with the interpreter's own element-wise kernels.

Units are worked on in blocks that stay in the first-level cache. A network's aggregate is the sum or the mean of its
valid units' numbers, in float64, exactly as for programs, and the terms of a formula are joined as
`scoring.aggregation.join_terms` does.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.discovery.codes import ADDED, arity, is_join, term_spans
from eznas.discovery.limits import MAXIMUM_NODES, MAXIMUM_TERMS
from eznas.ops.jit import compiled, inlined
from eznas.ops.kernels.execute import map_one, map_two
from eznas.ops.limits import RELATIVE_TOLERANCE

BLOCK: Final = 512
"""Units that are worked on at a time."""

SLOTS: Final = MAXIMUM_NODES + 2
"""Blocks that the values of a formula need: two for each place of the deepest stack."""


@compiled
def _schedule(
    codes: NDArray[np.int32],
    length: int,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    target: NDArray[np.int64],
    stack: NDArray[np.int64],
) -> int:
    """Find where each operation reads and writes, and return where the result is.

    A place of 0 or more is the row of a feature, a negative one the slot `-1 - place`. The value at a depth of the
    stack lies in one of two slots, in turn, so that no operation writes where it reads.
    """
    depth = 0
    for step in range(length):
        code = codes[step]
        count = arity(code)
        if count == 0:
            stack[depth] = code
            depth += 1
            continue
        if count == 2:
            depth -= 1
            second[step] = stack[depth]
        first[step] = stack[depth - 1]
        slot = 2 * (depth - 1)
        if first[step] == -1 - slot:
            slot += 1
        target[step] = slot
        stack[depth - 1] = -1 - slot
    return int(stack[0])


@inlined
def signed_log(aggregate: np.float64) -> np.float64:
    """The logarithm of 1 and the aggregate's size, with the aggregate's sign: what a term adds to a score."""
    size: np.float64 = np.log1p(np.abs(aggregate))
    return size if aggregate >= 0 else -size


@inlined
def settled(total: np.float64, size: np.float64) -> np.float64:
    """A sum, or 0 where its parts, whose absolute values sum to `size`, cancel but for the error of computing them."""
    return np.float64(0.0) if np.abs(total) < RELATIVE_TOLERANCE * size else total


@compiled
def _values_at(
    place: int, features: NDArray[np.float32], slots: NDArray[np.float32], start: int, stop: int
) -> NDArray[np.float32]:
    return features[place, start:stop] if place >= 0 else slots[-1 - place, : stop - start]


@compiled
def _mark_valid(
    marks: NDArray[np.bool_],
    codes: NDArray[np.int32],
    length: int,
    valid: NDArray[np.bool_],
    start: int,
    stop: int,
) -> None:
    """Mark the units on which every leaf is valid."""
    marks[: stop - start] = True
    for step in range(length):
        if codes[step] >= 0:
            row = valid[codes[step]]
            for unit in range(start, stop):
                marks[unit - start] &= row[unit]


@compiled
def _aggregate_term(
    codes: NDArray[np.int32],
    length: int,
    features: NDArray[np.float32],
    valid: NDArray[np.bool_],
    partly_valid: NDArray[np.bool_],
    ends: NDArray[np.int64],
    use_mean: bool,
    slots: NDArray[np.float32],
    places: NDArray[np.int64],
    marks: NDArray[np.bool_],
    aggregates: NDArray[np.float64],
) -> bool:
    """Fill in the aggregate of every network by one term; return whether all are finite."""
    first, second, target = places[0], places[1], places[2]
    result = _schedule(codes, length, first, second, target, places[3])
    check = False
    for step in range(length):
        if codes[step] >= 0 and partly_valid[codes[step]]:
            check = True
    units = features.shape[1]
    network = 0
    total = np.float64(0.0)
    size = np.float64(0.0)
    count = 0
    for start in range(0, units, BLOCK):
        stop = min(start + BLOCK, units)
        for step in range(length):
            operands = arity(codes[step])
            if operands > 0:
                a = _values_at(first[step], features, slots, start, stop)
                into = slots[target[step], : stop - start]
                if operands == 1:
                    map_one(-1 - codes[step], into, a)
                else:
                    map_two(-1 - codes[step], into, a, _values_at(second[step], features, slots, start, stop))
        numbers = _values_at(result, features, slots, start, stop)
        if check:
            _mark_valid(marks, codes, length, valid, start, stop)
        unit = start
        while unit < stop:
            end = min(stop, ends[network])
            if check:
                for position in range(unit - start, end - start):
                    if marks[position]:
                        total += np.float64(numbers[position])
                        size += np.abs(np.float64(numbers[position]))
                        count += 1
            else:
                for position in range(unit - start, end - start):
                    total += np.float64(numbers[position])
                    size += np.abs(np.float64(numbers[position]))
                count += end - unit
            unit = end
            if end == ends[network]:
                if count == 0:
                    return False
                total = settled(total, size)
                score = total / count if use_mean else total
                if not np.isfinite(score):
                    return False
                aggregates[network] = score
                network += 1
                total = np.float64(0.0)
                size = np.float64(0.0)
                count = 0
    return True


@compiled
def score_networks(
    codes: NDArray[np.int32],
    length: int,
    features: NDArray[np.float32],
    valid: NDArray[np.bool_],
    partly_valid: NDArray[np.bool_],
    ends: NDArray[np.int64],
    use_mean: bool,
    slots: NDArray[np.float32],
    places: NDArray[np.int64],
    marks: NDArray[np.bool_],
    scores: NDArray[np.float64],
) -> bool:
    """Fill in the score of every network; return whether all are finite.

    Args:
        codes: int32[at least length], a formula in postfix notation.
        length: its number of nodes.
        features: float32[features, units of all networks].
        valid: bool, same shape.
        partly_valid: bool[features], whether a feature is invalid anywhere.
        ends: int64[networks], where each network's units end.
        use_mean: of the units' numbers, instead of their sum.
        slots: float32[SLOTS, BLOCK], overwritten.
        places: int64[4, MAXIMUM_NODES], overwritten.
        marks: bool[BLOCK], overwritten.
        scores: float64[networks], overwritten.
    """
    if not is_join(codes[length - 1]):
        return bool(
            _aggregate_term(codes, length, features, valid, partly_valid, ends, use_mean, slots, places, marks, scores)
        )
    spans = np.empty((MAXIMUM_TERMS, 3), np.int64)
    aggregates, sizes = np.empty_like(scores), np.zeros_like(scores)
    for term in range(term_spans(codes, length, spans)):
        start, stop = spans[term, 0], spans[term, 1]
        if not _aggregate_term(
            codes[start:stop],
            stop - start,
            features,
            valid,
            partly_valid,
            ends,
            use_mean,
            slots,
            places,
            marks,
            aggregates,
        ):
            return False
        if term == 0:
            scores[:] = 0.0
        sign = 1.0 if spans[term, 2] == ADDED else -1.0
        for network in range(len(scores)):
            logarithm = signed_log(aggregates[network])
            scores[network] += sign * logarithm
            sizes[network] += np.abs(logarithm)
    for network in range(len(scores)):
        scores[network] = settled(scores[network], sizes[network])
    return True
