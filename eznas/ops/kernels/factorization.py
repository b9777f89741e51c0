"""LU factorisations of a batch of square matrices: the pivots, of which determinants are made.

The row-major A is factorised as the column-major transpose, which has the same determinant, as PyTorch does: what are
columns to the factorisation are the rows of A here. The order of the operations on every number is that of LAPACK's
getf2 (scaling by the reciprocal of the pivot unless that may be infinite, updates one column of L at a time), so that a
singular matrix of small integers meets an exact zero where it does there. All the ways below give the same bits, but
for matrices above order 64, which LAPACK factorises by blocks.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import borrowing
from eznas.ops.kernels.kernel import Operand, Workspace
from eznas.ops.kernels.lanes import (
    LANES,
    USED,
    begin_search,
    exchange,
    keep_larger,
    place_of_largest,
    scale,
    subtract_multiple,
    subtract_product,
    take_reciprocals,
    turn_signs,
)
from eznas.ops.kernels.lapack import factorize
from eznas.ops.kernels.vector_math import LEAST_NORMAL, ONE, ZERO

_LEAST_FOR_LANES: Final = LANES + 1  # with fewer rows, vectors of them are mostly empty: those of matrices are not
_MOST_FOR_LANES: Final = 64  # 22 us against LAPACK's 24; at order 96 73 against 52, at 256 1345 against 468


@borrowing
def factorization_elements(order: int) -> int:
    """How many float32 of workspace the factorisation of a matrix of this order needs, or of `LANES` small ones."""
    if order < _LEAST_FOR_LANES:
        return (order * order + 3) * LANES
    return (order + 3) * _padded(order)


@borrowing
def pivot_elements(order: int, matrices: int) -> int:
    """How many float32 the pivots and signs of some matrices take."""
    return (order + 1) * matrices


@borrowing
def find_pivots(a: Operand, workspace: Workspace) -> None:
    """Fill in the pivots of every matrix of an operand, and after them the sign of the permutation of its rows.

    Determinant and logarithm of one operand are mostly asked for shortly one after the other: the pivots of the
    operand that was factorised last are kept in the workspace, and used again.
    """
    if workspace.factorized[0] != a.number:
        _factorize(a.values, a.shape[a.axes - 1], workspace)
        workspace.factorized[0] = a.number


@borrowing
def _factorize(a: NDArray[np.float32], n: int, workspace: Workspace) -> None:
    """Factorise a batch of matrices of order n."""
    pivots = workspace.pivots
    if n == 1:  # that of many convolutions: no time for views of single numbers
        for matrix in range(a.size):
            pivots[2 * matrix], pivots[2 * matrix + 1] = a[matrix], ONE
        return
    matrices = a.size // (n * n)
    if n < _LEAST_FOR_LANES:
        for matrix in range(0, matrices, LANES):
            count = min(LANES, matrices - matrix)
            _factorize_together(a[matrix * n * n :], n, count, workspace.numbers, pivots[matrix * (n + 1) :])
        return
    for matrix in range(matrices):
        values = a[matrix * n * n : (matrix + 1) * n * n]
        target = pivots[matrix * (n + 1) : (matrix + 1) * (n + 1)]
        if n <= _MOST_FOR_LANES:
            _factorize_by_lanes(values, n, workspace.numbers, target)
        else:
            _factorize_by_blocks(values, n, workspace.numbers, target)


@borrowing
def _padded(order: int) -> int:
    """The least multiple of `LANES` that is no less."""
    return -(-order // LANES) * LANES


@borrowing
def _is_denormal(pivot: np.float32) -> bool:
    """Whether a pivot is so small that its reciprocal may be infinite: getf2 divides by it."""
    return bool(np.abs(pivot) < LEAST_NORMAL and pivot != ZERO)


@borrowing
def _factorize_together(
    a: NDArray[np.float32], n: int, count: int, numbers: NDArray[np.float32], pivots: NDArray[np.float32]
) -> None:
    """The pivots of the first `count` matrices, at most `LANES`, each in a lane of its own."""
    size = n * n
    largest, places, signs = size * LANES, (size + 1) * LANES, (size + 2) * LANES
    numbers[: (size + 3) * LANES] = ONE  # in all lanes
    for lane in range(count):
        for element in range(size):
            numbers[element * LANES + lane] = a[lane * size + element]
    for k in range(n):
        column, top = k * n, (k * n + k) * LANES
        begin_search(numbers, largest, places, top, np.float32(k))
        for i in range(k + 1, n):
            keep_larger(numbers, largest, places, (column + i) * LANES, np.float32(i))
        for i in range(k + 1, n):
            for j in range(k, n):  # nothing reads the columns before
                exchange(numbers, (j * n + k) * LANES, (j * n + i) * LANES, places, np.float32(i))
        turn_signs(numbers, signs, places, np.float32(k))
        if take_reciprocals(numbers, largest, top):
            for lane in range(LANES):
                if _is_denormal(numbers[top + lane]):
                    numbers[largest + lane] = ONE
                    for i in range(k + 1, n):
                        numbers[(column + i) * LANES + lane] /= numbers[top + lane]
        for i in range(k + 1, n):
            scale(numbers, (column + i) * LANES, largest)
        for j in range(k + 1, n):
            for i in range(k + 1, n):
                subtract_product(numbers, (j * n + i) * LANES, (column + i) * LANES, (j * n + k) * LANES)
    for lane in range(count):
        for k in range(n):
            pivots[lane * (n + 1) + k] = numbers[(k * n + k) * LANES + lane]
        pivots[lane * (n + 1) + n] = numbers[signs + lane]


@borrowing
def _factorize_by_lanes(
    a: NDArray[np.float32], n: int, numbers: NDArray[np.float32], pivots: NDArray[np.float32]
) -> None:
    """The pivots of a matrix of any order, whole columns at a time.

    Rows stay where they are: `place` says where a row would be if it had been swapped, and `row_at` the reverse. A row
    whose pivot is taken is `USED`: its multiplier is 0, and what becomes of its other elements nobody reads.
    """
    width = _padded(n)
    lu = numbers[: n * width]
    multipliers = numbers[n * width : (n + 1) * width]
    place = numbers[(n + 1) * width : (n + 2) * width].view(np.int32)
    row_at = numbers[(n + 2) * width : (n + 3) * width].view(np.int32)
    for k in range(n):
        for i in range(n):
            lu[k * width + i] = a[k * n + i]
        lu[k * width + n : (k + 1) * width] = ZERO
    for i in range(width):
        place[i] = i if i < n else USED
        row_at[i] = i
    sign = ONE
    for k in range(n):
        start = k * width
        row = row_at[k]
        if not np.isnan(lu[start + row]):  # no other is larger than NaN
            taken = place_of_largest(lu, start, place)
            if taken != k:
                sign = -sign
                other = row_at[taken]
                row_at[taken], place[row] = row, taken
                row = other
        place[row] = USED
        pivot = lu[start + row]
        pivots[k] = pivot
        reciprocal = ONE / pivot if pivot != ZERO else ONE
        for i in range(width):
            multipliers[i] = ZERO if place[i] == USED else lu[start + i] * reciprocal
        if _is_denormal(pivot):
            for i in range(width):
                multipliers[i] = ZERO if place[i] == USED else lu[start + i] / pivot
        for j in range(k + 1, n):
            factor = lu[j * width + row]
            for i in range(0, width, LANES):
                subtract_multiple(lu, j * width + i, multipliers, i, factor)
    pivots[n] = sign


@borrowing
def _factorize_by_blocks(
    a: NDArray[np.float32], n: int, numbers: NDArray[np.float32], pivots: NDArray[np.float32]
) -> None:
    """The pivots of a large matrix, by LAPACK."""
    lu = numbers[: n * n]
    pivot_rows = numbers[n * n : n * n + n + 2].view(np.int32)
    for element in range(n * n):
        lu[element] = a[element]
    factorize(lu, n, pivot_rows)
    sign = ONE
    for k in range(n):
        pivots[k] = lu[k * n + k]
        sign = -sign if pivot_rows[k] != k + 1 else sign
    pivots[n] = sign
