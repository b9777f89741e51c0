"""Kernels of the two operations that relate every element to others of its tensor: normalize and softmax."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eznas.ops.elementwise import BLOCK
from eznas.ops.jit import compiled
from eznas.ops.reductions import sum_of, sum_of_squared_differences
from eznas.ops.vector_math import INFINITY, ZERO, exponential


@compiled
def normalize(result: NDArray[np.float32], a: NDArray[np.float32]) -> None:
    """(A - mean) / unbiased standard deviation, NaN becomes 0.

    The mean of a constant is exact (a float32 times at most 2^24 fits a float64), so a constant gives zeros.
    """
    n = a.size
    mean = sum_of(a) / np.float64(n)
    deviation = np.float32(np.sqrt(sum_of_squared_differences(a, mean) / np.float64(n - 1)))
    center = np.float32(mean)
    for i in range(n):
        x = (a[i] - center) / deviation
        result[i] = x if x == x else ZERO


@compiled
def _softmax_of_line(result: NDArray[np.float32], a: NDArray[np.float32]) -> None:
    """Softmax of one contiguous line."""
    highest = -INFINITY
    for i in range(a.size):
        highest = a[i] if a[i] > highest else highest
    for i in range(a.size):
        result[i] = exponential(a[i] - highest)
    total = np.float32(sum_of(result))
    for i in range(a.size):
        result[i] = result[i] / total


@compiled
def _softmax_of_lines(
    result: NDArray[np.float32],
    a: NDArray[np.float32],
    length: int,
    stride: int,
    highest: NDArray[np.float32],
    total: NDArray[np.float32],
) -> None:
    """Softmax along lines of `length` elements that are `stride` apart; one line per element of `highest`."""
    width = highest.size
    highest[:] = -INFINITY
    total[:] = ZERO
    for k in range(length):
        line = a[k * stride : k * stride + width]
        for i in range(width):
            highest[i] = line[i] if line[i] > highest[i] else highest[i]
    for k in range(length):
        line = a[k * stride : k * stride + width]
        target = result[k * stride : k * stride + width]
        for i in range(width):
            target[i] = exponential(line[i] - highest[i])
        for i in range(width):
            total[i] += target[i]
    for k in range(length):
        target = result[k * stride : k * stride + width]
        for i in range(width):
            target[i] = target[i] / total[i]


@compiled
def softmax(
    result: NDArray[np.float32],
    a: NDArray[np.float32],
    shape: NDArray[np.int64],
    axes: int,
    workspace: NDArray[np.float32],
) -> None:
    """Softmax along axis 0 of 0, 1 or 3 axes, else along axis 1; `workspace` has at least 2 * BLOCK elements.

    A NaN or +infinity makes its whole line NaN, and so does a line of -infinity alone.
    """
    axis = 0 if axes in (0, 1, 3) else 1
    length = shape[axis]
    stride = 1
    for place in range(axis + 1, axes):
        stride *= shape[place]
    for outer in range(0, a.size, length * stride):
        if stride == 1:
            _softmax_of_line(result[outer : outer + length], a[outer : outer + length])
        else:
            for start in range(0, stride, BLOCK):
                width = min(BLOCK, stride - start)
                _softmax_of_lines(
                    result[outer + start :],
                    a[outer + start :],
                    length,
                    stride,
                    workspace[:width],
                    workspace[BLOCK : BLOCK + width],
                )
