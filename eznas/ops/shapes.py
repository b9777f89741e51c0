"""The shape of every result on one unit, or that an operation cannot take the shapes of its arguments.

Shapes are rows of four lengths, left-aligned, with unused places 1, beside a number of axes from 0 to 4. A tensor
with an axis of length 0 is one that no operation takes: no unit of a network gives one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.catalogue import OPERATIONS, ShapeRule
from eznas.ops.jit import borrowing
from eznas.ops.limits import MAXIMUM_ELEMENTS

MAXIMUM_AXES: Final = 4
"""The most axes of a statistic; no operation adds one."""

# Compiled code reads plain numbers only: the rules by their places, and per operation what its entry says.
_RULES: Final = list(ShapeRule)
_MATMUL: Final = _RULES.index(ShapeRule.MATMUL)
DETERMINANT: Final = _RULES.index(ShapeRule.DETERMINANT)
_SCALAR: Final = _RULES.index(ShapeRule.SCALAR)
_SCALAR_OF_TWO: Final = _RULES.index(ShapeRule.SCALAR_OF_TWO)
_SCALAR_OF_ROWS: Final = _RULES.index(ShapeRule.SCALAR_OF_ROWS)
SCALAR_OF_GRAM: Final = _RULES.index(ShapeRule.SCALAR_OF_GRAM)
RULE_OF: Final = np.array([_RULES.index(operation.rule) for operation in OPERATIONS], np.int64)
_MINIMUM_AXES: Final = np.array([operation.minimum_axes for operation in OPERATIONS], np.int64)


@borrowing
def element_count(shape: NDArray[np.int64]) -> int:
    """The number of elements of a row of four lengths."""
    return int(shape[0] * shape[1] * shape[2] * shape[3])


@borrowing
def common_length(length: int, other: int) -> int:
    """The length of an axis that two lengths broadcast to, or -1."""
    if length in (1, other):
        return other
    return length if other == 1 else -1


@borrowing
def broadcast(
    result: NDArray[np.int64], first: NDArray[np.int64], first_axes: int, second: NDArray[np.int64], second_axes: int
) -> int:
    """Write the common shape of two shapes, aligned at their last axes, to `result`.

    Returns:
        Its number of axes, or -1 where two lengths differ and neither is 1, or where it is too large.
    """
    axes = max(first_axes, second_axes)
    result[:] = 1
    elements = 1
    for place in range(axes):
        i = place - (axes - first_axes)
        j = place - (axes - second_axes)
        length = common_length(first[i] if i >= 0 else 1, second[j] if j >= 0 else 1)
        if length < 0:
            return -1
        result[place] = length
        elements *= length  # every length is at most the limit, and so is every product before this one
        if elements > MAXIMUM_ELEMENTS:
            return -1
    return axes


@borrowing
def broadcast_rows(result: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]) -> int:
    """`broadcast` of two tensors of one or more axes after reshape(shape[0], -1): 2 axes, or -1."""
    result[:] = 1
    result[0] = common_length(first[0], second[0])
    result[1] = common_length(first[1] * first[2] * first[3], second[1] * second[2] * second[3])
    fits = result[0] > 0 and result[1] > 0 and result[0] * result[1] <= MAXIMUM_ELEMENTS
    return 2 if fits else -1


@borrowing
def _matmul_shape(
    result: NDArray[np.int64], first: NDArray[np.int64], first_axes: int, second: NDArray[np.int64], second_axes: int
) -> int:
    """The shape of (..., n, k) @ (..., k, m), as `broadcast` gives it."""
    if first[first_axes - 1] != second[second_axes - 2]:
        return -1
    leading = broadcast(result, first, first_axes - 2, second, second_axes - 2)
    if leading < 0:
        return -1
    result[leading] = first[first_axes - 2]
    result[leading + 1] = second[second_axes - 1]
    # Three factors of at most the limit each fit 64 bits if the limit is not passed on the way.
    if result[leading] * result[leading + 1] > MAXIMUM_ELEMENTS or element_count(result) > MAXIMUM_ELEMENTS:
        return -1
    return leading + 2


@borrowing
def infer_shape(
    operation: int,
    first: NDArray[np.int64],
    first_axes: int,
    second: NDArray[np.int64],
    second_axes: int,
    result: NDArray[np.int64],
) -> int:
    """Write the shape of an operation's result to `result`.

    Args:
        operation: id.
        first: int64[4], the first argument's shape.
        first_axes: its number of axes.
        second: int64[4], the second argument's shape, or any shape of at most the limit for a unary operation.
        second_axes: its number of axes; negative for a unary operation.
        result: int64[4], overwritten.

    Returns:
        The number of axes of the result, or -1 for shapes that the operation cannot take.
    """
    rule = RULE_OF[operation]
    minimum = _MINIMUM_AXES[operation]
    binary = second_axes >= 0
    if first_axes < minimum or (binary and second_axes < minimum):
        return -1
    size = element_count(first)
    if size == 0 or size > MAXIMUM_ELEMENTS or (binary and not 0 < element_count(second) <= MAXIMUM_ELEMENTS):
        return -1
    if rule == _MATMUL:
        return _matmul_shape(result, first, first_axes, second, second_axes)
    if rule == _SCALAR_OF_TWO:
        axes = 0 if broadcast(result, first, first_axes, second, second_axes) >= 0 else -1
    elif rule == _SCALAR_OF_ROWS:
        axes = 0 if broadcast_rows(result, first, second) >= 0 else -1
    elif rule == SCALAR_OF_GRAM:
        axes = 0 if first[0] * first[0] <= MAXIMUM_ELEMENTS else -1
    elif rule == _SCALAR:
        axes = 0
    elif rule == DETERMINANT:
        axes = first_axes - 2 if first[first_axes - 1] == first[first_axes - 2] else -1
        for place in range(MAXIMUM_AXES):
            result[place] = first[place] if place < axes else 1
        return axes
    elif binary:
        return broadcast(result, first, first_axes, second, second_axes)
    else:
        for place in range(MAXIMUM_AXES):
            result[place] = first[place]
        return first_axes
    result[:] = 1
    return axes


def result_shape(operation: int, first: Sequence[int], second: Sequence[int] | None = None) -> tuple[int, ...] | None:
    """The shape of an operation's result for arguments of these shapes, of at most four axes.

    Returns:
        The shape, () for one number, or None where the operation cannot take them.
    """
    rows = np.ones((3, MAXIMUM_AXES), np.int64)
    rows[0, : len(first)] = first
    rows[1, : len(second or ())] = second or ()
    axes = infer_shape(operation, rows[0], len(first), rows[1], -1 if second is None else len(second), rows[2])
    return tuple(int(length) for length in rows[2, :axes]) if axes >= 0 else None
