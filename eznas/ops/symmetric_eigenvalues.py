"""Eigenvalues of a symmetric matrix as LAPACK's ssyevd computes them without vectors, all in float32.

The smallest eigenvalue of a singular matrix is rounding noise, and `sym_eig_ratio` divides by it. So the steps are
those of LAPACK, which give noise of the same size and sign habits: scaling, ssytd2, and the square-root-free QL
iteration of Pal, Walker and Kahan (ssterf).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import compiled
from eznas.ops.lapack_steps import PRECISION, hypotenuse, reflection, scale_entries, with_sign
from eznas.ops.vector_math import ONE, ZERO

_TWO: Final = np.float32(2.0)
_HALF: Final = np.float32(0.5)
_EPSILON: Final = np.float32(PRECISION / 2)
_EPSILON_SQUARED: Final = _EPSILON * _EPSILON
_STEPS_PER_EIGENVALUE: Final = 30


@compiled
def _tridiagonalize(
    matrix: NDArray[np.float32],
    n: int,
    diagonal: NDArray[np.float32],
    beside: NDArray[np.float32],
    product: NDArray[np.float32],
) -> None:
    """Reduce a full symmetric matrix to tridiagonal form by Householder reflections (ssytd2).

    Args:
        matrix: float32[n * n], overwritten; both triangles are kept up to date, so that all loops are contiguous.
        n: order.
        diagonal: float32[n], overwritten with the diagonal.
        beside: float32[n], overwritten; `beside[i]` couples i and i + 1.
        product: float32[n], overwritten.
    """
    for i in range(n - 1):
        diagonal[i] = matrix[i * n + i]
        vector = matrix[i * n : (i + 1) * n]
        beside[i], tau = reflection(vector[i + 1 :])
        if tau == ZERO:
            continue
        vector[i + 1] = ONE
        for j in range(i + 1, n):
            product[j] = ZERO
        for k in range(i + 1, n):
            line = matrix[k * n : (k + 1) * n]
            weight = tau * vector[k]
            for j in range(i + 1, n):
                product[j] = product[j] + weight * line[j]
        overlap = ZERO
        for j in range(i + 1, n):
            overlap = overlap + product[j] * vector[j]
        alpha = -_HALF * tau * overlap
        for j in range(i + 1, n):
            product[j] = product[j] + alpha * vector[j]
        for k in range(i + 1, n):
            line = matrix[k * n : (k + 1) * n]
            own_vector, own_product = vector[k], product[k]
            for j in range(i + 1, n):
                line[j] = line[j] - (vector[j] * own_product + product[j] * own_vector)
    diagonal[n - 1] = matrix[n * n - 1]


@compiled
def _two_by_two(a: np.float32, b: np.float32, c: np.float32) -> tuple[np.float32, np.float32]:
    """The eigenvalues of [[a, b], [b, c]], the one of larger absolute value first (slae2)."""
    total, difference = a + c, a - c
    twice = b + b
    larger, smaller = (a, c) if np.abs(a) > np.abs(c) else (c, a)
    root = hypotenuse(difference, twice)
    if total == ZERO:
        return _HALF * root, -_HALF * root
    first = _HALF * (total - root) if total < ZERO else _HALF * (total + root)
    return first, (larger / first) * smaller - (b / first) * b


@compiled
def _reverse(array: NDArray[np.float32], first: int, last: int) -> None:
    """Reverse the elements from `first` to `last`."""
    while first < last:
        array[first], array[last] = array[last], array[first]
        first += 1
        last -= 1


@compiled
def _chase(diagonal: NDArray[np.float32], squares: NDArray[np.float32], low: int, split: int) -> None:
    """One QL step with Wilkinson's shift on rows `low` to `split`; `squares` are those of the off-diagonal entries."""
    p = diagonal[low]
    root = np.float32(math.sqrt(squares[low]))
    sigma = (diagonal[low + 1] - p) / (_TWO * root)
    sigma = p - root / (sigma + with_sign(hypotenuse(sigma, ONE), sigma))
    cosine, sine = ONE, ZERO
    gamma = diagonal[split] - sigma
    p = gamma * gamma
    for i in range(split - 1, low - 1, -1):
        square = squares[i]
        r = p + square
        if i != split - 1:
            squares[i + 1] = sine * r
        old_cosine, old_gamma = cosine, gamma
        cosine, sine = p / r, square / r
        gamma = cosine * (diagonal[i] - sigma) - sine * old_gamma
        diagonal[i + 1] = old_gamma + (diagonal[i] - gamma)
        p = (gamma * gamma) / cosine if cosine != ZERO else old_cosine * square
    squares[low] = sine * p
    diagonal[low] = sigma + gamma


@compiled
def _diagonalize_block(
    diagonal: NDArray[np.float32], squares: NDArray[np.float32], low: int, high: int, budget: int
) -> int:
    """Find the eigenvalues of an unreduced block by QL steps; the steps that are left of the budget, -1 for none."""
    while low <= high:
        split = low
        while split < high and np.abs(squares[split]) > _EPSILON_SQUARED * np.abs(
            diagonal[split] * diagonal[split + 1]
        ):
            split += 1
        if split < high:
            squares[split] = ZERO
        if split == low:
            low += 1
        elif split == low + 1:
            root = np.float32(math.sqrt(squares[low]))
            diagonal[low], diagonal[low + 1] = _two_by_two(diagonal[low], root, diagonal[low + 1])
            squares[low] = ZERO
            low += 2
        else:
            budget -= 1
            if budget < 0:
                return -1
            _chase(diagonal, squares, low, split)
    return budget


@compiled
def _diagonalize(diagonal: NDArray[np.float32], beside: NDArray[np.float32], n: int) -> bool:
    """Turn `diagonal` into the eigenvalues of a tridiagonal matrix, unsorted; False if it does not converge.

    The blocks between negligible off-diagonal entries are solved one after another. One whose larger end is at the
    top is turned upside down first, where LAPACK has a second copy of the loop that runs upwards (QR).
    """
    budget = _STEPS_PER_EIGENVALUE * n
    size = 0
    for last in range(n):
        size += 1
        if last < n - 1:
            below, right = np.abs(diagonal[last]), np.abs(diagonal[last + 1])
            negligible = np.float32(math.sqrt(below)) * np.float32(math.sqrt(right)) * _EPSILON
            if np.abs(beside[last]) > negligible:
                continue
        first = last + 1 - size
        size = 0
        for i in range(first, last):
            beside[i] = beside[i] * beside[i]
        if np.abs(diagonal[last]) < np.abs(diagonal[first]):
            _reverse(diagonal, first, last)
            _reverse(beside, first, last - 1)
        budget = _diagonalize_block(diagonal, beside, first, last, budget)
        if budget < 0:
            return False
    return True


@compiled
def symmetric_eigenvalue_ratio(matrix: NDArray[np.float32], n: int, workspace: NDArray[np.float32]) -> np.float32:
    """Largest over smallest eigenvalue of M + M^T for a symmetric M.

    Args:
        matrix: float32[n * n], M; overwritten.
        n: order.
        workspace: float32[at least 3 * n], overwritten.

    Returns:
        The ratio of the two eigenvalues; NaN if M + M^T is not finite.
    """
    for i in range(n * n):
        matrix[i] = matrix[i] + matrix[i]
        if not np.isfinite(matrix[i]):
            return np.float32(np.nan)
    scale_entries(matrix)
    diagonal, beside = workspace[:n], workspace[n : 2 * n]
    _tridiagonalize(matrix, n, diagonal, beside, workspace[2 * n : 3 * n])
    if not _diagonalize(diagonal, beside, n):
        return np.float32(np.nan)
    smallest = largest = diagonal[0]
    for i in range(1, n):
        smallest, largest = min(smallest, diagonal[i]), max(largest, diagonal[i])
    return np.float32(largest / smallest)
