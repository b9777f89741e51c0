"""Kernels of the operations that give one number: sums in float64, rounded to float32 once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import borrowing
from eznas.ops.kernels.broadcasting import BLOCK, block_of
from eznas.ops.kernels.kernel import Operand, Workspace, kernel, totalling
from eznas.ops.kernels.sums import dot, sum_of, sum_of_absolutes
from eznas.ops.kernels.vector_math import ZERO, logarithm
from eznas.ops.limits import COSINE_EPSILON
from eznas.ops.shapes import broadcast_rows, element_count


@totalling("root")
def frobenius_norm(a: NDArray[np.float32]) -> float:
    """The sum of squares."""
    return dot(a, a)


@totalling("mean")
def normalized_sum(a: NDArray[np.float32]) -> float:
    """The sum."""
    return sum_of(a)


@totalling("mean")
def l1_norm(a: NDArray[np.float32]) -> float:
    """The sum of absolute values."""
    return sum_of_absolutes(a)


@totalling("sum")
def hamming_distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """How many elements are positive in one argument and not in the other."""
    total = np.int32(0)
    for i in range(a.size):
        total += np.int32(1 if (a[i] > ZERO) != (b[i] > ZERO) else 0)
    return np.float64(total)


@totalling("mean")
def kl_divergence(a: NDArray[np.float32], b: NDArray[np.float32], terms: NDArray[np.float32]) -> float:
    """Sum of B log B - B A, each term in float32; B log B is 0 at 0 and NaN below."""
    for i in range(a.size):
        entropy = ZERO if b[i] == ZERO else b[i] * logarithm(b[i])
        terms[i] = entropy - b[i] * a[i]
    return sum_of(terms)


@kernel
def numel(a: Operand) -> np.float32:
    """Number of elements."""
    return np.float32(element_count(a.shape))  # there may be no values


@borrowing
def _as_rows(operand: Operand, shape: NDArray[np.int64]) -> Operand:
    """The operand after reshape(shape[0], -1), with its shape written to `shape`."""
    shape[0] = operand.shape[0]
    shape[1] = operand.shape[1] * operand.shape[2] * operand.shape[3]
    shape[2:] = 1
    return Operand(operand.values, shape, 2, operand.number)


@kernel
def cosine_similarity(a: Operand, b: Operand, workspace: Workspace) -> np.float32:
    """Sum over the rows of the cosine similarity, both arguments as (shape[0], -1)."""
    shape = workspace.shapes[0]
    left_rows, right_rows = _as_rows(a, workspace.shapes[1]), _as_rows(b, workspace.shapes[2])
    axes = broadcast_rows(shape, a.shape, b.shape)
    rows, columns = shape[0], shape[1]
    total = np.float64(0.0)
    for row in range(rows):
        end = (row + 1) * columns
        products, squares, other_squares = np.float64(0.0), np.float64(0.0), np.float64(0.0)
        for start in range(row * columns, end, BLOCK):
            stop = min(start + BLOCK, end)
            left = block_of(workspace.numbers[:BLOCK], left_rows, shape, axes, start, stop)
            right = block_of(workspace.numbers[BLOCK : 2 * BLOCK], right_rows, shape, axes, start, stop)
            products += dot(left, right)
            squares += dot(left, left)
            other_squares += dot(right, right)
        norm, other_norm = np.sqrt(squares), np.sqrt(other_squares)
        norm = COSINE_EPSILON if norm < COSINE_EPSILON else norm  # written so that NaN stays
        other_norm = COSINE_EPSILON if other_norm < COSINE_EPSILON else other_norm
        total += products / (norm * other_norm)
    return np.float32(total)


@kernel
def participation_ratio(a: Operand) -> np.float32:
    """(sum of S^2)^2 / sum of S^4 of the singular values S of A as (shape[0], -1), by way of A A^T; 0 where A is 0."""
    rows = a.shape[0] if a.axes > 0 else 1
    columns = a.values.size // rows
    squares = np.float64(0.0)
    fourths = np.float64(0.0)
    for i in range(rows):
        row = a.values[i * columns : (i + 1) * columns]
        own = dot(row, row)
        squares += own
        fourths += own * own
        for j in range(i):
            other = dot(row, a.values[j * columns : (j + 1) * columns])
            fourths += 2.0 * other * other
    return np.float32(0.0 if fourths == 0.0 else squares * squares / fourths)
