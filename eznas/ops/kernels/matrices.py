"""Kernels of the matrix product and the determinants."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import compiled
from eznas.ops.kernels.factorization import pivots_of
from eznas.ops.kernels.kernel import Operand, Workspace, kernel
from eznas.ops.kernels.vector_math import INFINITY, LANES, ONE, ZERO
from eznas.ops.shapes import MAXIMUM_AXES


@compiled
def _multiply(
    result: NDArray[np.float32], a: NDArray[np.float32], b: NDArray[np.float32], rows: int, inner: int, columns: int
) -> None:
    """C = A B of three row-major matrices; four rows of B at a time, so that a row of C is read a quarter as often."""
    for i in range(rows):
        line = result[i * columns : (i + 1) * columns]
        line[:] = ZERO
        unrolled = inner - inner % 4
        for k in range(0, unrolled, 4):
            a0, a1, a2, a3 = a[i * inner + k], a[i * inner + k + 1], a[i * inner + k + 2], a[i * inner + k + 3]
            b0 = b[k * columns : (k + 1) * columns]
            b1 = b[(k + 1) * columns : (k + 2) * columns]
            b2 = b[(k + 2) * columns : (k + 3) * columns]
            b3 = b[(k + 3) * columns : (k + 4) * columns]
            for j in range(columns):
                line[j] = (((line[j] + a0 * b0[j]) + a1 * b1[j]) + a2 * b2[j]) + a3 * b3[j]
        for k in range(unrolled, inner):
            a0 = a[i * inner + k]
            b0 = b[k * columns : (k + 1) * columns]
            for j in range(columns):
                line[j] = line[j] + a0 * b0[j]


@compiled
def _multiply_small(
    result: NDArray[np.float32], a: NDArray[np.float32], b: NDArray[np.float32], rows: int, inner: int, columns: int
) -> None:
    """C = A B for a batch of small matrices, where `_multiply` would spend its time on views of them.

    The products of an entry are added in the order of `_multiply`, so the bits are the same.
    """
    for batch in range(result.size // (rows * columns)):
        for i in range(rows):
            for j in range(columns):
                total = ZERO
                for k in range(inner):
                    total = total + a[(batch * rows + i) * inner + k] * b[(batch * inner + k) * columns + j]
                result[(batch * rows + i) * columns + j] = total


@compiled
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
def matmul(result: Operand, a: Operand, b: Operand) -> None:
    """A @ B over the last two axes, leading axes broadcast."""
    rows, columns = result.shape[result.axes - 2], result.shape[result.axes - 1]
    inner = a.shape[a.axes - 1]
    size = result.values.size
    broadcast = a.values.size * columns != size * inner or b.values.size * rows != size * inner
    if columns < LANES and not broadcast:  # the kernels of most convolutions
        _multiply_small(result.values, a.values, b.values, rows, inner, columns)
        return
    for batch in range(size // (rows * columns)):
        i = _batch_index(batch, result.shape, result.axes, a.shape, a.axes)
        j = _batch_index(batch, result.shape, result.axes, b.shape, b.axes)
        _multiply(
            result.values[batch * rows * columns : (batch + 1) * rows * columns],
            a.values[i * rows * inner : (i + 1) * rows * inner],
            b.values[j * inner * columns : (j + 1) * inner * columns],
            rows,
            inner,
            columns,
        )


@kernel
def determinant(result: Operand, a: Operand, workspace: Workspace) -> None:
    """Determinants of a batch of square matrices."""
    n = a.shape[a.axes - 1]
    if n == 1:
        result.values[:] = a.values
        return
    pivots = pivots_of(a, workspace)
    for matrix in range(result.values.size):
        first = matrix * (n + 1)
        product = ONE
        for k in range(n):
            product = product * pivots[first + k]
        result.values[matrix] = product * pivots[first + n]


@kernel
def log_abs_determinant(result: Operand, a: Operand, workspace: Workspace) -> None:
    """Logarithms of the absolute values of the determinants; a determinant of 0 is taken as 1."""
    n = a.shape[a.axes - 1]
    pivots = pivots_of(a, workspace)
    for matrix in range(result.values.size):
        total = np.float64(0.0)
        for k in range(n):
            pivot = np.float64(pivots[matrix * (n + 1) + k])
            total += -np.inf if pivot == 0.0 else math.log(abs(pivot))
        result.values[matrix] = np.float32(0.0 if total == -np.inf else total)


@kernel
def log_determinant(result: Operand, a: Operand, workspace: Workspace) -> None:
    """Logarithms of the determinants: NaN and the log of a negative number become 0, a singular matrix gives -inf."""
    n = a.shape[a.axes - 1]
    pivots = pivots_of(a, workspace)
    for matrix in range(result.values.size):
        first = matrix * (n + 1)
        sign = pivots[first + n]
        total = np.float64(0.0)
        for k in range(n):
            pivot = np.float64(pivots[first + k])
            sign = -sign if pivot < 0.0 else sign
            total += -np.inf if pivot == 0.0 else math.log(abs(pivot))
        # A zero pivot makes the sign 0, not -1: the logarithm is then -inf even after a negative pivot.
        negative = sign < ZERO and total != -INFINITY
        result.values[matrix] = np.float32(0.0 if negative or np.isnan(total) else total)
