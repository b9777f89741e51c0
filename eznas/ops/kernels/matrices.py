"""Kernels of the matrix product and the determinants."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import borrowing, inlined
from eznas.ops.kernels.extremes import is_finite_operand, is_zero_operand, make_zero
from eznas.ops.kernels.factorization import find_pivots
from eznas.ops.kernels.kernel import Operand, Workspace, kernel
from eznas.ops.kernels.lapack import multiply
from eznas.ops.kernels.products import is_known_square, multiply_small, multiply_squares
from eznas.ops.kernels.vector_math import INFINITY, ONE, ZERO
from eznas.ops.shapes import MAXIMUM_AXES

_MOST_BY_TILES: Final = 2**16
"""Numbers of B, all of which every few rows of A read: half of the second cache of most processors. BLAS copies more of
them into the first.
"""


@inlined
def _vanishes(a: Operand, b: Operand, workspace: Workspace) -> bool:
    """Whether one is zero, as where a unit has no activation or no gradient, and the other finite.

    Each sum of products then stays the 0 that it begins as.
    """
    return (is_zero_operand(a, workspace) and is_finite_operand(b, workspace)) or (
        is_zero_operand(b, workspace) and is_finite_operand(a, workspace)
    )


@borrowing
def _batch_index(batch: int, shape: NDArray[np.int64], axes: int, own_shape: NDArray[np.int64], own_axes: int) -> int:
    """Which matrix of an argument belongs to matrix `batch` of the result, when leading axes broadcast."""
    index = 0
    stride = 1
    for back in range(2, MAXIMUM_AXES):
        if back < axes:
            length = shape[axes - 1 - back]
            place = batch % length
            batch //= length
            if back < own_axes and own_shape[own_axes - 1 - back] > 1:
                index += place * stride
                stride *= own_shape[own_axes - 1 - back]
    return index


@kernel
def matmul(result: Operand, a: Operand, b: Operand, workspace: Workspace) -> None:
    """A @ B over the last two axes, leading axes broadcast."""
    if _vanishes(a, b, workspace):
        make_zero(result, workspace)
        return
    rows, columns = result.shape[result.axes - 2], result.shape[result.axes - 1]
    inner = a.shape[a.axes - 1]
    of_result, of_a, of_b = rows * columns, rows * inner, inner * columns
    count = result.values.size // of_result
    known = is_known_square(rows, inner, columns)
    together = count if known and a.values.size == b.values.size == result.values.size else 1
    for batch in range(0, count, together):
        at, i, j = batch * of_result, batch * of_a, batch * of_b
        if a.values.size != count * of_a:
            i = _batch_index(batch, result.shape, result.axes, a.shape, a.axes) * of_a
        if b.values.size != count * of_b:
            j = _batch_index(batch, result.shape, result.axes, b.shape, b.axes) * of_b
        if known:
            multiply_squares(
                result.values[at : at + together * of_result],
                a.values[i : i + together * of_a],
                b.values[j : j + together * of_b],
                rows,
            )
        elif of_b <= _MOST_BY_TILES:
            multiply_small(result.values, a.values, b.values, (at, i, j), (rows, inner, columns))
        else:
            multiply(
                result.values[at : at + of_result],
                a.values[i : i + of_a],
                b.values[j : j + of_b],
                rows,
                inner,
                columns,
                workspace.numbers,
            )


@kernel
def determinant(result: Operand, a: Operand, workspace: Workspace) -> None:
    """Determinants of a batch of square matrices."""
    n = a.shape[a.axes - 1]
    if n == 1:
        for matrix in range(result.values.size):
            result.values[matrix] = a.values[matrix]
        return
    find_pivots(a, workspace)
    pivots = workspace.pivots
    for matrix in range(result.values.size):
        first = matrix * (n + 1)
        product = ONE
        for k in range(n):
            product = product * pivots[first + k]
        result.values[matrix] = product * pivots[first + n]


_FACTORS: Final = 6
"""Float32 numbers whose product neither overflows nor vanishes in float64: one logarithm does for as many pivots."""


@borrowing
def _log_of_product(pivots: NDArray[np.float32], first: int, n: int) -> float:
    """The logarithm of the absolute value of the product of n pivots; -infinity if one of them is 0."""
    total, product = 0.0, 1.0
    for k in range(n):
        product *= np.abs(np.float64(pivots[first + k]))
        if k % _FACTORS == _FACTORS - 1 or k == n - 1:
            total += -np.inf if product == 0.0 else math.log(product)
            product = 1.0
    return total


@kernel
def log_abs_determinant(result: Operand, a: Operand, workspace: Workspace) -> None:
    """Logarithms of the absolute values of the determinants; a determinant of 0 is taken as 1."""
    n = a.shape[a.axes - 1]
    find_pivots(a, workspace)
    pivots = workspace.pivots
    for matrix in range(result.values.size):
        total = _log_of_product(pivots, matrix * (n + 1), n)
        result.values[matrix] = np.float32(0.0 if total == -np.inf else total)


@kernel
def log_determinant(result: Operand, a: Operand, workspace: Workspace) -> None:
    """Logarithms of the determinants: NaN and the log of a negative number become 0, a singular matrix gives -inf."""
    n = a.shape[a.axes - 1]
    find_pivots(a, workspace)
    pivots = workspace.pivots
    for matrix in range(result.values.size):
        first = matrix * (n + 1)
        sign = pivots[first + n]
        for k in range(n):
            sign = -sign if pivots[first + k] < ZERO else sign
        total = _log_of_product(pivots, first, n)
        # A zero pivot makes the sign 0, not -1: the logarithm is then -inf even after a negative pivot.
        negative = sign < ZERO and total != -INFINITY
        result.values[matrix] = np.float32(0.0 if negative or np.isnan(total) else total)
