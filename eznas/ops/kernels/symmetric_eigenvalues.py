"""Eigenvalues of a symmetric matrix in the order in which LAPACK's general solver finds them, in a third of its time.

That solver takes eigenvalues off the lower end of a Hessenberg matrix by double shifts. Of a symmetric matrix this form
is tridiagonal and stays so, but for rounding, which the solver cannot know: it goes on with whole rows and columns.
Here the same reflections and shifts, by the same criteria, act on the three diagonals alone.

So the first and the last eigenvalue, which `eig_ratio` is made of, are LAPACK's, but where rounding decides: of random
Gram matrices of full rank they are PyTorch's as often as another LAPACK's are (in 97 to 100 of 100), and of singular
ones the first is exactly zero about as often. Between them, two that are found one after the other may be exchanged.

A matrix is reduced in float32, as by LAPACK; what follows from few numbers is computed in float64 and rounded. No sum
is left to BLAS or the compiler, so that bits depend neither on the processor nor on the build of a library.

Source: LAPACK 3.12, `sgehd2`, `slahqr` and `slanv2`; a deflation is judged as by Ahues and Tisseur (LAPACK Working Note
122, 1997).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import borrowing, inlined
from eznas.ops.kernels.lapack import general_eigenvalues

_FEWEST_ROWS: Final = 3
"""Of fewer, LAPACK's eigenvalues are a formula's, whose rounding is copied by nothing but itself."""
_MOST_ROWS: Final = 75
"""Of more, LAPACK looks for eigenvalues that can be taken off early, in an order of its own (slaqr0)."""
_LEAST: Final = 1e-12
_GREATEST: Final = 1e15
"""LAPACK scales a matrix whose largest entry is beyond these."""

_PRECISION: Final = 2.0**-23
"""The distance from 1 to the next float32."""
_SAFE_MINIMUM: Final = 2.0**-126
_HALF: Final = np.float32(0.5)
_SMALL: Final = np.float32(4.0 * _PRECISION)
_ITERATIONS_FOR_EACH: Final = 30
_SHIFTS_BEFORE_OTHERS: Final = 10
"""Rounds without an eigenvalue after which shifts are made up, in turns at the head and at the end."""


@borrowing
def eigenvalues_in_general_order(
    matrix: NDArray[np.float32], n: int, eigenvalues: NDArray[np.float32], workspace: NDArray[np.float32]
) -> bool:
    """Eigenvalues of a symmetric matrix, up to a common factor, in the order that LAPACK's sgeev leaves them in.

    Args:
        matrix: float32[n * n], finite, both triangles; overwritten.
        n: order.
        eigenvalues: float32[n], overwritten.
        workspace: float32[lapack_workspace(n)], overwritten.

    Returns:
        Whether they were found.
    """
    if n == 1:
        eigenvalues[0] = matrix[0]
        return True
    if n < _FEWEST_ROWS or n > _MOST_ROWS or _is_special(matrix, n):
        return general_eigenvalues(matrix, n, eigenvalues, workspace)
    beside = workspace[:n]
    _reduce(matrix, n, eigenvalues, beside, workspace[n : 2 * n], workspace[2 * n : 3 * n])
    return _iterate(eigenvalues, beside, n)


@borrowing
def _is_special(matrix: NDArray[np.float32], n: int) -> bool:
    """Whether LAPACK scales a matrix, or puts rows that are zero but for their diagonal elsewhere, before it begins."""
    greatest = np.float32(0.0)
    for i in range(n):
        others = np.float32(0.0)
        for j in range(n):
            size = abs(matrix[i * n + j])
            greatest = max(greatest, size)
            others = max(others, size if i != j else np.float32(0.0))
        if others == 0.0:
            return True
    return not _LEAST <= greatest <= _GREATEST


@borrowing
def _reduce(
    matrix: NDArray[np.float32],
    n: int,
    diagonal: NDArray[np.float32],
    beside: NDArray[np.float32],
    reflector: NDArray[np.float32],
    product: NDArray[np.float32],
) -> None:
    """Reduce a matrix to tridiagonal form by reflections, column after column.

    Args:
        matrix: float32[n * n], symmetric; overwritten.
        n: order.
        diagonal: float32[n], overwritten.
        beside: float32[n], overwritten: what is left of each diagonal element.
        reflector: float32[n], overwritten.
        product: float32[n], overwritten.
    """
    beside[0] = np.float32(0.0)
    for done in range(n - 1):
        size = n - done - 1
        start = done * n + done
        diagonal[done] = matrix[start]
        column = matrix[start + 1 : start + 1 + size]
        squares = np.float64(0.0)
        for j in range(1, size):
            squares += np.float64(column[j]) * np.float64(column[j])
        head = np.float64(column[0])
        if squares == 0.0:
            beside[done + 1] = column[0]
            continue
        reflected = -math.copysign(math.sqrt(head * head + squares), head)
        factor = (reflected - head) / reflected
        scale = 1.0 / (head - reflected)
        beside[done + 1] = np.float32(reflected)
        reflector[0] = np.float32(1.0)
        for j in range(1, size):
            reflector[j] = np.float32(np.float64(column[j]) * scale)
        _multiply(matrix, start + n + 1, n, size, reflector, product)
        half = np.float64(0.0)
        for j in range(size):
            product[j] = np.float32(np.float64(product[j]) * factor)
            half += np.float64(product[j]) * np.float64(reflector[j])
        share = np.float32(-0.5 * factor * half)
        for j in range(size):
            product[j] += share * reflector[j]
        _subtract_products(matrix, start + n + 1, n, size, reflector, product)
    diagonal[n - 1] = matrix[n * n - 1]


@borrowing
def _multiply(
    matrix: NDArray[np.float32],
    start: int,
    n: int,
    size: int,
    vector: NDArray[np.float32],
    product: NDArray[np.float32],
) -> None:
    """The product of a vector with the symmetric block of so many rows that begins at `start`."""
    for j in range(size):
        product[j] = np.float32(0.0)
    for i in range(size):
        row = matrix[start + i * n : start + i * n + size]
        factor = vector[i]
        for j in range(size):
            product[j] += factor * row[j]


@borrowing
def _subtract_products(
    matrix: NDArray[np.float32],
    start: int,
    n: int,
    size: int,
    a: NDArray[np.float32],
    b: NDArray[np.float32],
) -> None:
    """Subtract a b^T + b a^T from the block of so many rows that begins at `start`."""
    for i in range(size):
        row = matrix[start + i * n : start + i * n + size]
        of_a, of_b = a[i], b[i]
        for j in range(size):
            row[j] -= of_a * b[j] + of_b * a[j]


@borrowing
def _iterate(diagonal: NDArray[np.float32], beside: NDArray[np.float32], n: int) -> bool:
    """Replace the diagonal of a tridiagonal matrix by its eigenvalues.

    Args:
        diagonal: float32[n].
        beside: float32[n], what is left of each diagonal element; overwritten.
        n: order.

    Returns:
        Whether all were found.
    """
    negligible = _SAFE_MINIMUM * (n / _PRECISION)
    rounds = 0  # since the last eigenvalue
    last = n - 1
    while last >= 0:
        first = _first_of_block(diagonal, beside, last, n, negligible)
        if first > 0:
            beside[first] = np.float32(0.0)
        if first < last - 1:
            rounds += 1
            if rounds > _ITERATIONS_FOR_EACH * max(10, n):
                return False
            _take_double_step(diagonal, beside, first, last, rounds)
            continue
        if first == last - 1:
            one, other = _eigenvalues_of_two(diagonal[first], beside[last], diagonal[last])
            diagonal[first], diagonal[last] = one, other
        last = first - 1
        rounds = 0
    return True


@borrowing
def _first_of_block(
    diagonal: NDArray[np.float32], beside: NDArray[np.float32], last: int, n: int, negligible: float
) -> int:
    """The first row of the block that ends with `last`: what is left of it is nothing within rounding."""
    row = last
    while row > 0:
        size = abs(np.float64(beside[row]))
        if size <= negligible:
            break
        above, here = np.float64(diagonal[row - 1]), np.float64(diagonal[row])
        around = abs(above) + abs(here)
        if around == 0.0:
            around += abs(np.float64(beside[row - 1]))
            if row + 1 < n:
                around += abs(np.float64(beside[row + 1]))
        if size <= _PRECISION * around:
            difference = abs(above - here)
            greater, less = max(abs(here), difference), min(abs(here), difference)
            scale = greater + size
            if size * (size / scale) <= max(negligible, _PRECISION * (less * (greater / scale))):
                break
        row -= 1
    return row


@borrowing
def _take_double_step(
    diagonal: NDArray[np.float32], beside: NDArray[np.float32], first: int, last: int, rounds: int
) -> None:
    """Two steps of the QR iteration at once, on the rows from `first` to `last`, of which there are three or more."""
    shift, other, imaginary = _shifts(diagonal, beside, first, last, rounds)
    # Two small neighbours of an inner row let the step begin there.
    begin = last - 2
    x = y = z = 0.0
    while True:
        here, below = np.float64(diagonal[begin]), np.float64(beside[begin + 1])
        scale = abs(here - other) + imaginary + abs(below)
        below /= scale
        x = (
            below * np.float64(beside[begin + 1])
            + (here - shift) * ((here - other) / scale)
            + imaginary * (imaginary / scale)
        )
        y = below * (here + np.float64(diagonal[begin + 1]) - shift - other)
        z = below * np.float64(beside[begin + 2])
        scale = abs(x) + abs(y) + abs(z)
        x, y, z = x / scale, y / scale, z / scale
        if begin == first:
            break
        around = abs(np.float64(diagonal[begin - 1])) + abs(here) + abs(np.float64(diagonal[begin + 1]))
        if abs(np.float64(beside[begin])) * (abs(y) + abs(z)) <= _PRECISION * abs(x) * around:
            break
        begin -= 1
    bulge = 0.0  # two below the diagonal, in the column of the row
    for row in range(begin, last):
        is_last = row == last - 1
        reflected, factor, y, z = _reflection(x, y, 0.0 if is_last else z)
        if row > begin:
            beside[row] = np.float32(reflected)
        elif row > first:
            beside[row] = np.float32(np.float64(beside[row]) * (1.0 - factor))
        if is_last:
            _reflect_two(diagonal, beside, row, factor, y)
        else:
            x, y, z, bulge = _reflect_three(diagonal, beside, row, last, factor, y, z, bulge)


@borrowing
def _shifts(
    diagonal: NDArray[np.float32], beside: NDArray[np.float32], first: int, last: int, rounds: int
) -> tuple[float, float, float]:
    """The two shifts of a step: their real parts, and the imaginary part of the first, which the other has negative."""
    a: float
    b: float
    c: float
    d: float
    if rounds % _SHIFTS_BEFORE_OTHERS > 0:
        a, b, d = np.float64(diagonal[last - 1]), np.float64(beside[last]), np.float64(diagonal[last])
        c = b
    else:
        is_at_end = rounds % (2 * _SHIFTS_BEFORE_OTHERS) == 0
        near, place = (last - 1, last) if is_at_end else (first + 1, first)
        c = abs(np.float64(beside[near])) + abs(np.float64(beside[near + 1]))
        a = d = 0.75 * c + np.float64(diagonal[place])
        b = -0.4375 * c
    scale = abs(a) + abs(b) + abs(c) + abs(d)
    if scale == 0.0:
        return 0.0, 0.0, 0.0
    a, b, c, d = a / scale, b / scale, c / scale, d / scale
    mean = 0.5 * (a + d)
    discriminant = (a - mean) * (d - mean) - b * c
    root = math.sqrt(abs(discriminant))
    if discriminant >= 0.0:
        return mean * scale, mean * scale, root * scale
    # Twice the one of two real shifts that is nearer to the last element.
    nearer = mean + root if abs(mean + root - d) <= abs(mean - root - d) else mean - root
    return nearer * scale, nearer * scale, 0.0


@inlined
def _reflection(x: float, y: float, z: float) -> tuple[float, float, float, float]:
    """The reflection I - factor v v^T, v = (1, y, z), that turns a vector into (reflected, 0, 0).

    Returns:
        What it is reflected to, the factor, and the two elements of v.
    """
    squares = y * y + z * z
    if squares == 0.0:
        return x, np.float64(0.0), y, z
    reflected = -math.copysign(math.sqrt(x * x + squares), x)
    scale = 1.0 / (x - reflected)
    return reflected, (reflected - x) / reflected, y * scale, z * scale


@inlined
def _reflect_three(
    diagonal: NDArray[np.float32],
    beside: NDArray[np.float32],
    row: int,
    last: int,
    factor: float,
    y: float,
    z: float,
    bulge: float,
) -> tuple[float, float, float, float]:
    """Apply a reflection to three rows and columns from `row` on.

    Returns:
        The elements below the diagonal in the column of the row, which the next reflection turns to one, and its bulge.
    """
    a, b, c = np.float64(diagonal[row]), np.float64(diagonal[row + 1]), np.float64(diagonal[row + 2])
    ab, bc = np.float64(beside[row + 1]), np.float64(beside[row + 2])
    # P S P = S - v w^T - w v^T, where w = factor S v, less half of what it has of v.
    first = factor * (a + ab * y + bulge * z)
    second = factor * (ab + b * y + bc * z)
    third = factor * (bulge + bc * y + c * z)
    half = 0.5 * factor * (first + y * second + z * third)
    first, second, third = first - half, second - half * y, third - half * z
    below, far = ab - (y * first + second), bulge - (z * first + third)
    diagonal[row] = np.float32(a - 2.0 * first)
    diagonal[row + 1] = np.float32(b - 2.0 * y * second)
    diagonal[row + 2] = np.float32(c - 2.0 * z * third)
    beside[row + 1] = np.float32(below)
    beside[row + 2] = np.float32(bc - (z * second + y * third))
    if row + 3 > last:
        return below, far, np.float64(0.0), np.float64(0.0)
    coupling = np.float64(beside[row + 3])
    moved = factor * z * coupling
    beside[row + 3] = np.float32(coupling - moved * z)
    return below, far, -moved, -moved * y


@inlined
def _reflect_two(diagonal: NDArray[np.float32], beside: NDArray[np.float32], row: int, factor: float, y: float) -> None:
    """Apply a reflection to the last two rows and columns of a block, as above."""
    a, b, ab = np.float64(diagonal[row]), np.float64(diagonal[row + 1]), np.float64(beside[row + 1])
    first, second = factor * (a + ab * y), factor * (ab + b * y)
    half = 0.5 * factor * (first + y * second)
    first, second = first - half, second - half * y
    diagonal[row] = np.float32(a - 2.0 * first)
    diagonal[row + 1] = np.float32(b - 2.0 * y * second)
    beside[row + 1] = np.float32(ab - (y * first + second))


@borrowing
def _eigenvalues_of_two(a: np.float32, b: np.float32, d: np.float32) -> tuple[np.float32, np.float32]:
    """The eigenvalues of ((a, b), (b, d)) in LAPACK's order (slanv2), and rounded as there.

    Of a singular matrix the less one is often zero then, and a ratio infinite: so it is for PyTorch.
    """
    beside = abs(b)
    if beside == 0.0:
        return a, d
    p = _HALF * (a - d)
    scale = max(abs(p), beside)
    z = (p / scale) * p + (beside / scale) * beside
    root = np.sqrt(scale) * np.sqrt(z)
    if z < _SMALL:  # then LAPACK makes the diagonal equal first, and adds to it
        mean = _HALF * (a + d)
        return (mean + root, mean - root) if b > 0.0 else (mean - root, mean + root)
    z = p + root if p >= 0.0 else p - root
    return d + z, d - (beside / z) * beside
