"""Kernels of the operations that give one number: sums in float64, rounded to float32 once."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.elementwise import BLOCK, block_of
from eznas.ops.jit import compiled, summing
from eznas.ops.operation_ids import COSINE_SIMILARITY, FROBENIUS_NORM, HAMMING_DISTANCE, L1_NORM, NORMALIZED_SUM
from eznas.ops.shapes import broadcast, broadcast_rows, element_count
from eznas.ops.vector_math import ONE, ZERO, logarithm

COSINE_EPSILON: Final = 1e-8
"""The least norm of a row in `cosine_similarity`."""


@summing
def sum_of(a: NDArray[np.float32]) -> float:
    """Sum in float64."""
    total = np.float64(0.0)
    for i in range(a.size):
        total += np.float64(a[i])
    return total


@summing
def sum_of_absolutes(a: NDArray[np.float32]) -> float:
    """Sum of absolute values in float64."""
    total = np.float64(0.0)
    for i in range(a.size):
        total += np.abs(np.float64(a[i]))
    return total


@summing
def dot(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Sum of products in float64, where a product of two float32 numbers is exact."""
    total = np.float64(0.0)
    for i in range(a.size):
        total += np.float64(a[i]) * np.float64(b[i])
    return total


@summing
def sum_of_squared_differences(a: NDArray[np.float32], center: float) -> float:
    """Sum of (A - center)^2 in float64."""
    total = np.float64(0.0)
    for i in range(a.size):
        difference = np.float64(a[i]) - center
        total += difference * difference
    return total


@summing
def _count_sign_changes(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """How many elements are positive in one and not in the other."""
    total = np.float64(0.0)
    for i in range(a.size):
        total += np.float64(ONE if (a[i] > ZERO) != (b[i] > ZERO) else ZERO)
    return total


@summing
def _sum_of_divergences(inputs: NDArray[np.float32], targets: NDArray[np.float32]) -> float:
    """Sum of t log t - t * input, each term in float32; t log t is 0 at 0 and NaN below."""
    total = np.float64(0.0)
    for i in range(inputs.size):
        target = targets[i]
        entropy = ZERO if target == ZERO else target * logarithm(target)
        total += np.float64(entropy - target * inputs[i])
    return total


@compiled
def reduce_one(operation: int, a: NDArray[np.float32]) -> np.float32:
    """The number that an operation of one argument gives."""
    if operation == FROBENIUS_NORM:
        return np.float32(np.sqrt(dot(a, a)))
    if operation == NORMALIZED_SUM:
        return np.float32(sum_of(a) / a.size)
    if operation == L1_NORM:
        return np.float32(sum_of_absolutes(a) / a.size)
    return np.float32(a.size)  # numel


@compiled
def _cosine_of_rows(
    shape: NDArray[np.int64],
    axes: int,
    a: NDArray[np.float32],
    a_shape: NDArray[np.int64],
    b: NDArray[np.float32],
    b_shape: NDArray[np.int64],
    workspace: NDArray[np.float32],
) -> float:
    """Sum over the rows of the cosine similarity; all shapes of two `axes`, `shape` the common one."""
    rows, columns = shape[0], shape[1]
    total = np.float64(0.0)
    for row in range(rows):
        end = (row + 1) * columns
        products, squares, other_squares = np.float64(0.0), np.float64(0.0), np.float64(0.0)
        for start in range(row * columns, end, BLOCK):
            stop = min(start + BLOCK, end)
            left = block_of(workspace[:BLOCK], a, a_shape, axes, shape, axes, start, stop)
            right = block_of(workspace[BLOCK : 2 * BLOCK], b, b_shape, axes, shape, axes, start, stop)
            products += dot(left, right)
            squares += dot(left, left)
            other_squares += dot(right, right)
        norm, other_norm = np.sqrt(squares), np.sqrt(other_squares)
        norm = COSINE_EPSILON if norm < COSINE_EPSILON else norm  # written so that NaN stays
        other_norm = COSINE_EPSILON if other_norm < COSINE_EPSILON else other_norm
        total += products / (norm * other_norm)
    return total


@compiled
def _as_rows(result: NDArray[np.int64], shape: NDArray[np.int64]) -> None:
    """Write the shape after reshape(shape[0], -1) to `result`."""
    result[0] = shape[0]
    result[1] = shape[1] * shape[2] * shape[3]
    result[2:] = 1


@compiled
def reduce_two(
    operation: int,
    a: NDArray[np.float32],
    a_shape: NDArray[np.int64],
    a_axes: int,
    b: NDArray[np.float32],
    b_shape: NDArray[np.int64],
    b_axes: int,
    shapes: NDArray[np.int64],
    workspace: NDArray[np.float32],
) -> np.float32:
    """The number that an operation of two arguments gives.

    Args:
        operation: id.
        a: first argument, flat.
        a_shape: its shape.
        a_axes: its number of axes.
        b: second argument, flat.
        b_shape: its shape.
        b_axes: its number of axes.
        shapes: int64[3, 4], overwritten.
        workspace: float32[at least 2 * BLOCK], overwritten.
    """
    shape, left_shape, right_shape = shapes[0], shapes[1], shapes[2]
    if operation != COSINE_SIMILARITY:
        for place in range(a_shape.size):
            left_shape[place], right_shape[place] = a_shape[place], b_shape[place]
        axes, left_axes, right_axes = broadcast(shape, a_shape, a_axes, b_shape, b_axes), a_axes, b_axes
    else:
        _as_rows(left_shape, a_shape)
        _as_rows(right_shape, b_shape)
        axes, left_axes, right_axes = broadcast_rows(shape, a_shape, b_shape), 2, 2
    if operation == COSINE_SIMILARITY:
        return np.float32(_cosine_of_rows(shape, axes, a, left_shape, b, right_shape, workspace))
    total = np.float64(0.0)
    n = element_count(shape)
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        left = block_of(workspace[:BLOCK], a, left_shape, left_axes, shape, axes, start, stop)
        right = block_of(workspace[BLOCK : 2 * BLOCK], b, right_shape, right_axes, shape, axes, start, stop)
        if operation == HAMMING_DISTANCE:
            total += _count_sign_changes(left, right)
        else:
            total += _sum_of_divergences(left, right)
    return np.float32(total if operation == HAMMING_DISTANCE else total / n)
