"""Eigenvalues of a real matrix in the order that LAPACK's general solver leaves them in, all in float32.

`eig_ratio` asks for the last over the first eigenvalue of an unsorted list, so the steps that decide the order are
those of LAPACK's sgeev without vectors: scaling, the permutations of sgebal, sgehd2, slahqr and slanv2 (real parts
only). Matrices are row-major and 0-based here.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import compiled
from eznas.ops.lapack_steps import PRECISION, SAFE_MINIMUM, hypotenuse, reflection, scale_entries, with_sign
from eznas.ops.vector_math import ONE, ZERO

_TWO: Final = np.float32(2.0)
_HALF: Final = np.float32(0.5)
_FOUR: Final = np.float32(4.0)
_EXCEPTIONAL_SHIFT: Final = np.float32(0.75)
_EXCEPTIONAL_PRODUCT: Final = np.float32(-0.4375)
_STEPS_PER_EXCEPTIONAL_SHIFT: Final = 10


@compiled
def _swap(h: NDArray[np.float32], n: int, i: int, j: int) -> None:
    """Swap columns, then rows, i and j."""
    for k in range(n):
        h[k * n + i], h[k * n + j] = h[k * n + j], h[k * n + i]
    for k in range(n):
        h[i * n + k], h[j * n + k] = h[j * n + k], h[i * n + k]


@compiled
def _isolated_row(h: NDArray[np.float32], n: int, high: int) -> int:
    """The last row of the block that ends at `high` whose off-diagonal entries in it are all zero, or -1."""
    for i in range(high, -1, -1):
        isolated = True
        for j in range(high + 1):
            if j != i and h[i * n + j] != ZERO:
                isolated = False
                break
        if isolated:
            return i
    return -1


@compiled
def _isolated_column(h: NDArray[np.float32], n: int, low: int, high: int) -> int:
    """The first column of the block from `low` to `high` whose off-diagonal entries in it are all zero, or -1."""
    for j in range(low, high + 1):
        isolated = True
        for i in range(low, high + 1):
            if i != j and h[i * n + j] != ZERO:
                isolated = False
                break
        if isolated:
            return j
    return -1


@compiled
def _isolate(h: NDArray[np.float32], n: int) -> tuple[int, int]:
    """Move rows and columns that isolate an eigenvalue to the ends (sgebal); the active block's first and last row."""
    high = n - 1
    while high > 0:
        i = _isolated_row(h, n, high)
        if i < 0:
            break
        _swap(h, n, i, high)
        high -= 1
    for low in range(high):
        j = _isolated_column(h, n, low, high)
        if j < 0:
            return low, high
        _swap(h, n, j, low)
    return high, high


@compiled
def _to_hessenberg(h: NDArray[np.float32], n: int, low: int, high: int, vector: NDArray[np.float32]) -> None:
    """Reduce the active block to upper Hessenberg form by Householder reflections (sgehd2)."""
    reflected = vector[:n]
    sums = vector[n:]
    for k in range(low, high - 1):
        for i in range(k + 1, high + 1):
            reflected[i] = h[i * n + k]
            h[i * n + k] = ZERO
        h[(k + 1) * n + k], tau = reflection(reflected[k + 1 : high + 1])
        if tau == ZERO:
            continue
        reflected[k + 1] = ONE
        # From the right: rows 0 to high, columns k + 1 to high.
        for i in range(high + 1):
            line = h[i * n : (i + 1) * n]
            total = ZERO
            for j in range(k + 1, high + 1):
                total = total + line[j] * reflected[j]
            total = total * tau
            for j in range(k + 1, high + 1):
                line[j] = line[j] - total * reflected[j]
        # From the left: rows k + 1 to high, columns k + 1 to n - 1, the sums of all columns at once.
        sums[k + 1 : n] = ZERO
        for i in range(k + 1, high + 1):
            line = h[i * n : (i + 1) * n]
            weight = reflected[i]
            for j in range(k + 1, n):
                sums[j] = sums[j] + weight * line[j]
        for i in range(k + 1, high + 1):
            line = h[i * n : (i + 1) * n]
            weight = reflected[i] * tau
            for j in range(k + 1, n):
                line[j] = line[j] - weight * sums[j]


@compiled
def _two_by_two(a: np.float32, b: np.float32, c: np.float32, d: np.float32) -> tuple[np.float32, np.float32]:
    """The real parts of the eigenvalues of [[a, b], [c, d]] in the order of slanv2."""
    if c == ZERO:
        return a, d
    if b == ZERO:
        return d, a
    if a == d and (b >= ZERO) != (c >= ZERO):
        return a, d
    difference = a - d
    p = _HALF * difference
    larger, smaller = max(np.abs(b), np.abs(c)), min(np.abs(b), np.abs(c))
    smaller = smaller if (b >= ZERO) == (c >= ZERO) else -smaller
    scale = max(np.abs(p), larger)
    z = (p / scale) * p + (larger / scale) * smaller
    if z >= _FOUR * PRECISION:
        z = p + with_sign(np.float32(math.sqrt(scale)) * np.float32(math.sqrt(z)), p)
        return d + z, d - (larger / z) * smaller
    # Complex, or real and almost equal: rotate to equal diagonal entries first.
    sigma = b + c
    tau = hypotenuse(sigma, difference)
    cosine = np.float32(math.sqrt(_HALF * (ONE + np.abs(sigma) / tau)))
    sine = -(p / (tau * cosine)) * with_sign(ONE, sigma)
    aa, bb = a * cosine + b * sine, -a * sine + b * cosine
    cc, dd = c * cosine + d * sine, -c * sine + d * cosine
    mean = _HALF * ((aa * cosine + cc * sine) + (-bb * sine + dd * cosine))
    b, c = bb * cosine + dd * sine, -aa * sine + cc * cosine
    if ZERO not in (b, c) and (b >= ZERO) == (c >= ZERO):
        p = with_sign(np.float32(math.sqrt(np.abs(b))) * np.float32(math.sqrt(np.abs(c))), c)
        return mean + p, mean - p
    return mean, mean


@compiled
def _negligible(h: NDArray[np.float32], n: int, low: int, high: int, k: int, smallest: np.float32) -> bool:
    """Whether the subdiagonal entry (k, k - 1) may be taken as zero: the criterion of Ahues and Tisseur in slahqr."""
    below = np.abs(h[k * n + k - 1])
    if below <= smallest:
        return True
    size = np.abs(h[(k - 1) * n + k - 1]) + np.abs(h[k * n + k])
    if size == ZERO:
        if k - 2 >= low:
            size = size + np.abs(h[(k - 1) * n + k - 2])
        if k + 1 <= high:
            size = size + np.abs(h[(k + 1) * n + k])
    if below > PRECISION * size:
        return False
    above = np.abs(h[(k - 1) * n + k])
    last = np.abs(h[k * n + k])
    gap = np.abs(h[(k - 1) * n + k - 1] - h[k * n + k])
    ab, ba = max(below, above), min(below, above)
    aa, bb = max(last, gap), min(last, gap)
    total = aa + ab
    return bool(ba * (ab / total) <= max(smallest, PRECISION * (bb * (aa / total))))


@compiled
def _shifts(
    h: NDArray[np.float32], n: int, first: int, last: int, step: int
) -> tuple[np.float32, np.float32, np.float32]:
    """The two shifts of a step: real parts, and the imaginary part of the first (the second's is its negative)."""
    if step % _STEPS_PER_EXCEPTIONAL_SHIFT == 0:
        if step % (2 * _STEPS_PER_EXCEPTIONAL_SHIFT) == 0:
            size = np.abs(h[last * n + last - 1]) + np.abs(h[(last - 1) * n + last - 2])
            h11 = _EXCEPTIONAL_SHIFT * size + h[last * n + last]
        else:
            size = np.abs(h[(first + 1) * n + first]) + np.abs(h[(first + 2) * n + first + 1])
            h11 = _EXCEPTIONAL_SHIFT * size + h[first * n + first]
        h12, h21, h22 = _EXCEPTIONAL_PRODUCT * size, size, h11
    else:
        h11, h12 = h[(last - 1) * n + last - 1], h[(last - 1) * n + last]
        h21, h22 = h[last * n + last - 1], h[last * n + last]
    size = np.abs(h11) + np.abs(h12) + np.abs(h21) + np.abs(h22)
    if size == ZERO:
        return ZERO, ZERO, ZERO
    h11, h12, h21, h22 = h11 / size, h12 / size, h21 / size, h22 / size
    center = (h11 + h22) / _TWO
    discriminant = (h11 - center) * (h22 - center) - h12 * h21
    root = np.float32(math.sqrt(np.abs(discriminant)))
    if discriminant >= ZERO:
        return center * size, center * size, root * size
    upper, lower = center + root, center - root
    nearest = upper if np.abs(upper - h22) <= np.abs(lower - h22) else lower
    return nearest * size, nearest * size, ZERO


@compiled
def _start_vector(
    h: NDArray[np.float32], n: int, m: int, real1: np.float32, real2: np.float32, imaginary: np.float32
) -> tuple[np.float32, np.float32, np.float32]:
    """The first column of the double-shift polynomial of the block that starts at m, scaled to a sum of 1."""
    diagonal = h[m * n + m]
    below = h[(m + 1) * n + m]
    size = np.abs(diagonal - real2) + np.abs(imaginary) + np.abs(below)
    ratio = below / size
    v1 = ratio * h[m * n + m + 1] + (diagonal - real1) * ((diagonal - real2) / size) + imaginary * (imaginary / size)
    v2 = ratio * (diagonal + h[(m + 1) * n + m + 1] - real1 - real2)
    v3 = ratio * h[(m + 2) * n + m + 1]
    size = np.abs(v1) + np.abs(v2) + np.abs(v3)
    return v1 / size, v2 / size, v3 / size


@compiled
def _double_step(
    h: NDArray[np.float32], n: int, first: int, start: int, last: int, v1: np.float32, v2: np.float32, v3: np.float32
) -> None:
    """One double-shift QR step on rows `start` to `last` of the active block that begins at `first`."""
    for k in range(start, last):
        three = k < last - 1
        if k > start:
            v1, v2 = h[k * n + k - 1], h[(k + 1) * n + k - 1]
            v3 = h[(k + 2) * n + k - 1] if three else ZERO
        elif not three:
            v3 = ZERO
        # A reflection of (v1, v2, v3) onto its first entry (slarfg).
        rest = hypotenuse(v2, v3)
        t1 = ZERO
        if rest != ZERO:
            beta = -with_sign(hypotenuse(v1, rest), v1)
            t1 = (beta - v1) / beta
            factor = np.float64(1.0) / (np.float64(v1) - np.float64(beta))
            v1, v2, v3 = beta, np.float32(np.float64(v2) * factor), np.float32(np.float64(v3) * factor)
        if k > start:
            h[k * n + k - 1] = v1
            h[(k + 1) * n + k - 1] = ZERO
            if three:
                h[(k + 2) * n + k - 1] = ZERO
        elif start > first:
            h[k * n + k - 1] = h[k * n + k - 1] * (ONE - t1)
        t2, t3 = t1 * v2, t1 * v3
        line0, line1 = h[k * n : (k + 1) * n], h[(k + 1) * n : (k + 2) * n]
        if three:
            line2 = h[(k + 2) * n : (k + 3) * n]
            for j in range(k, last + 1):
                total = line0[j] + v2 * line1[j] + v3 * line2[j]
                line0[j] = line0[j] - total * t1
                line1[j] = line1[j] - total * t2
                line2[j] = line2[j] - total * t3
            for i in range(first, min(k + 3, last) + 1):
                place = i * n + k
                total = h[place] + v2 * h[place + 1] + v3 * h[place + 2]
                h[place] = h[place] - total * t1
                h[place + 1] = h[place + 1] - total * t2
                h[place + 2] = h[place + 2] - total * t3
        else:
            for j in range(k, last + 1):
                total = line0[j] + v2 * line1[j]
                line0[j] = line0[j] - total * t1
                line1[j] = line1[j] - total * t2
            for i in range(first, last + 1):
                place = i * n + k
                total = h[place] + v2 * h[place + 1]
                h[place] = h[place] - total * t1
                h[place + 1] = h[place + 1] - total * t2


@compiled
def _hessenberg_eigenvalues(h: NDArray[np.float32], n: int, low: int, high: int, real: NDArray[np.float32]) -> bool:
    """Write the real parts of the active block's eigenvalues to `real` (slahqr); False if it does not converge."""
    order = high - low + 1
    smallest = SAFE_MINIMUM * (np.float32(order) / PRECISION)
    last = high
    step = 0
    budget = 30 * max(10, order) * order
    while last >= low:
        budget -= 1
        if budget < 0:
            return False
        first = low
        for k in range(last, low, -1):
            if _negligible(h, n, low, high, k, smallest):
                first = k
                h[k * n + k - 1] = ZERO
                break
        if first >= last - 1:
            if first == last:
                real[last] = h[last * n + last]
            else:
                real[last - 1], real[last] = _two_by_two(
                    h[(last - 1) * n + last - 1], h[(last - 1) * n + last], h[last * n + last - 1], h[last * n + last]
                )
            last = first - 1
            step = 0
            continue
        step += 1
        real1, real2, imaginary = _shifts(h, n, first, last, step)
        # Start where two consecutive small subdiagonal entries allow it.
        start = last - 2
        v1, v2, v3 = _start_vector(h, n, start, real1, real2, imaginary)
        while start > first:
            neighbours = (
                np.abs(h[(start - 1) * n + start - 1])
                + np.abs(h[start * n + start])
                + np.abs(h[(start + 1) * n + start + 1])
            )
            coupling = np.abs(h[start * n + start - 1]) * (np.abs(v2) + np.abs(v3))
            if coupling <= PRECISION * np.abs(v1) * neighbours:
                break
            start -= 1
            v1, v2, v3 = _start_vector(h, n, start, real1, real2, imaginary)
        _double_step(h, n, first, start, last, v1, v2, v3)
    return True


@compiled
def general_eigenvalue_ratio(gram: NDArray[np.float32], n: int, workspace: NDArray[np.float32]) -> np.float32:
    """Last over first eigenvalue, real parts, in LAPACK's order.

    Args:
        gram: float32[n * n], overwritten.
        n: order.
        workspace: float32[at least 3 * n], overwritten.

    Returns:
        The ratio; NaN if the matrix is not finite.
    """
    for i in range(n * n):
        if not np.isfinite(gram[i]):
            return np.float32(np.nan)
    real = workspace[:n]
    scale_entries(gram)
    low, high = _isolate(gram, n)
    _to_hessenberg(gram, n, low, high, workspace[n : 3 * n])
    for i in range(n):
        real[i] = gram[i * n + i]
    if low < high and not _hessenberg_eigenvalues(gram, n, low, high, real):
        return np.float32(np.nan)
    return np.float32(real[n - 1] / real[0])
