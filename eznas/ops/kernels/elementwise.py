"""Kernels of the operations that treat every element on its own, of one argument or of two.

They are compiled into the loops of `execute.py`, which LLVM vectorises: every case distinction is a select.
"""

from __future__ import annotations

import numpy as np

from eznas.ops.kernels.kernel import elementwise
from eznas.ops.kernels.vector_math import ONE, ZERO, exponential, logarithm_of_positive, logistic


@elementwise
def sum(x: np.float32, y: np.float32) -> np.float32:  # noqa: A001 - kernels are named as operations
    """A + B."""
    return x + y


@elementwise
def difference(x: np.float32, y: np.float32) -> np.float32:
    """A - B."""
    return x - y


@elementwise
def product(x: np.float32, y: np.float32) -> np.float32:
    """A * B."""
    return x * y


@elementwise
def less_than(x: np.float32, y: np.float32) -> np.float32:
    """1 where A < B."""
    return ONE if x < y else ZERO


@elementwise
def greater_than(x: np.float32, y: np.float32) -> np.float32:
    """1 where A > B."""
    return ONE if x > y else ZERO


@elementwise
def equal_to(x: np.float32, y: np.float32) -> np.float32:
    """1 where A equals B."""
    return ONE if x == y else ZERO


@elementwise
def log(x: np.float32) -> np.float32:
    """Log A, with A <= 0 taken as 1."""
    return logarithm_of_positive(ONE if x <= ZERO else x)


@elementwise
def abs_log(x: np.float32) -> np.float32:
    """Log |A|, with A = 0 taken as 1."""
    size = np.abs(x)
    return logarithm_of_positive(ONE if size == ZERO else size)


@elementwise
def abs(x: np.float32) -> np.float32:  # noqa: A001
    """|A|."""
    size: np.float32 = np.abs(x)
    return size


@elementwise
def power(x: np.float32) -> np.float32:
    """A squared."""
    return x * x


@elementwise
def exp(x: np.float32) -> np.float32:
    """E to the A."""
    return exponential(x)


@elementwise
def relu(x: np.float32) -> np.float32:
    """max(A, 0); NaN and -0 stay."""
    return ZERO if x < ZERO else x


@elementwise
def sign(x: np.float32) -> np.float32:
    """Sign of A; 0 for NaN."""
    return (ONE if x > ZERO else ZERO) - (ONE if x < ZERO else ZERO)


@elementwise
def heaviside(x: np.float32) -> np.float32:
    """1 where A > 0."""
    return ONE if x > ZERO else ZERO


@elementwise
def invert(x: np.float32) -> np.float32:
    """1 / A."""
    return ONE / x


@elementwise
def sigmoid(x: np.float32) -> np.float32:
    """1 / (1 + exp(-A))."""
    return logistic(x)


@elementwise
def ones_like(_x: np.float32) -> np.float32:
    """1."""
    return ONE


@elementwise
def zeros_like(_x: np.float32) -> np.float32:
    """0."""
    return ZERO


@elementwise
def greater_than_zero(x: np.float32) -> np.float32:
    """1 where A > 0."""
    return ONE if x > ZERO else ZERO


@elementwise
def less_than_zero(x: np.float32) -> np.float32:
    """1 where A < 0."""
    return ONE if x < ZERO else ZERO


@elementwise
def sqrt(x: np.float32) -> np.float32:
    """Square root of |A|."""
    root: np.float32 = np.sqrt(np.abs(x))
    return root


@elementwise
def divide(x: np.float32, y: np.float32) -> np.float32:
    """A / B, and 1 where B is 0."""
    return ONE if y == ZERO else x / y
