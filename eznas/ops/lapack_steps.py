"""Steps that the two eigenvalue solvers share, in float32 as LAPACK takes them."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import compiled
from eznas.ops.vector_math import ZERO

PRECISION: Final = np.float32(np.finfo(np.float32).eps)
"""The distance from 1 to the next float32, 2^-23."""

SAFE_MINIMUM: Final = np.float32(np.finfo(np.float32).tiny)
"""The smallest normal float32, whose reciprocal does not overflow."""

_SMALLEST_ENTRY: Final = np.float32(math.sqrt(float(SAFE_MINIMUM)) / float(PRECISION))
_LARGEST_ENTRY: Final = np.float32(1.0 / float(_SMALLEST_ENTRY))


@compiled
def hypotenuse(x: np.float32, y: np.float32) -> np.float32:
    """sqrt(x^2 + y^2), rounded from float64."""
    squares = np.float64(x) * np.float64(x) + np.float64(y) * np.float64(y)
    return np.float32(math.sqrt(squares))


@compiled
def with_sign(x: np.float32, sign: np.float32) -> np.float32:
    """|x| with the sign of `sign`; a zero counts as positive."""
    size = np.float32(np.abs(x))
    return size if sign >= ZERO else -size


@compiled
def scale_entries(h: NDArray[np.float32]) -> None:
    """Bring the largest entry into the range where squares neither overflow nor vanish; a ratio does not notice."""
    largest = ZERO
    for i in range(h.size):
        largest = max(largest, np.abs(h[i]))
    target = min(max(largest, _SMALLEST_ENTRY), _LARGEST_ENTRY)
    if largest not in (ZERO, target):
        factor = np.float64(target) / np.float64(largest)
        for i in range(h.size):
            h[i] = np.float32(np.float64(h[i]) * factor)


@compiled
def reflection(vector: NDArray[np.float32]) -> tuple[np.float32, np.float32]:
    """The Householder reflection that takes a vector to a multiple of its first entry (slarfg).

    Overwrites all entries but the first with those of the reflection's vector, whose first is 1.

    Returns:
        The multiple, and the reflection's factor tau, which is 0 where there is nothing to reflect.
    """
    squares = np.float64(0.0)
    for i in range(1, vector.size):
        squares += np.float64(vector[i]) * np.float64(vector[i])
    if squares == 0.0:
        return vector[0], ZERO
    alpha = vector[0]
    beta = -with_sign(hypotenuse(alpha, np.float32(math.sqrt(squares))), alpha)
    factor = np.float64(1.0) / (np.float64(alpha) - np.float64(beta))  # in float64: beta may be a denormal number
    for i in range(1, vector.size):
        vector[i] = np.float32(np.float64(vector[i]) * factor)
    return beta, (beta - alpha) / beta
