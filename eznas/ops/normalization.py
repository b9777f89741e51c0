"""Kernels of the two operations that relate every element to others of its tensor: normalize and softmax."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eznas.ops.elementwise import BLOCK
from eznas.ops.jit import compiled
from eznas.ops.reductions import sum_of, sum_of_squared_differences
from eznas.ops.vector_math import INFINITY, LANES, ZERO, exponential


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
        result[i] = ZERO if np.isnan(x) else x


@compiled
def _softmax_narrow(result: NDArray[np.float32], a: NDArray[np.float32], length: int, stride: int) -> None:
    """`softmax` line by line, each with `length` elements, `stride` apart, where few lines lie side by side."""
    for outer in range(0, a.size, length * stride):
        for start in range(outer, outer + stride):
            highest = -INFINITY
            for k in range(length):
                x = a[start + k * stride]
                highest = x if x > highest else highest
            for k in range(length):
                result[start + k * stride] = a[start + k * stride] - highest
    for i in range(a.size):
        result[i] = exponential(result[i])
    for outer in range(0, a.size, length * stride):
        for start in range(outer, outer + stride):
            total = ZERO
            for k in range(length):
                total = total + result[start + k * stride]
            for k in range(length):
                result[start + k * stride] = result[start + k * stride] / total


@compiled
def _subtract_highest(
    result: NDArray[np.float32], a: NDArray[np.float32], length: int, stride: int, highest: NDArray[np.float32]
) -> None:
    """Subtract the highest element of each line; a line has `length` elements, `stride` apart, and one in `highest`."""
    width = highest.size
    highest[:] = -INFINITY
    for k in range(length):
        line = a[k * stride : k * stride + width]
        for i in range(width):
            highest[i] = line[i] if line[i] > highest[i] else highest[i]
    for k in range(length):
        line = a[k * stride : k * stride + width]
        target = result[k * stride : k * stride + width]
        for i in range(width):
            target[i] = line[i] - highest[i]


@compiled
def _divide_by_totals(result: NDArray[np.float32], length: int, stride: int, total: NDArray[np.float32]) -> None:
    """Divide each line by its sum; a line has `length` elements, `stride` apart, and one in `total`."""
    width = total.size
    total[:] = ZERO
    for k in range(length):
        line = result[k * stride : k * stride + width]
        for i in range(width):
            total[i] += line[i]
    for k in range(length):
        line = result[k * stride : k * stride + width]
        for i in range(width):
            line[i] = line[i] / total[i]


@compiled
def softmax(
    result: NDArray[np.float32],
    a: NDArray[np.float32],
    shape: NDArray[np.int64],
    axes: int,
    workspace: NDArray[np.float32],
) -> None:
    """Softmax along axis 0 of 0, 1 or 3 axes, else along axis 1; `workspace` has at least BLOCK elements.

    A NaN or +infinity makes its whole line NaN, and so does a line of -infinity alone.
    """
    axis = 0 if axes in (0, 1, 3) else 1
    length = shape[axis]
    before = shape[0] if axis == 1 else 1
    stride = a.size // (before * length)
    if stride < LANES:
        _softmax_narrow(result, a, length, stride)
        return
    for outer in range(0, a.size, length * stride):
        for start in range(outer, outer + stride, BLOCK):
            width = min(BLOCK, outer + stride - start)
            _subtract_highest(result[start:], a[start:], length, stride, workspace[:width])
    for i in range(a.size):
        result[i] = exponential(result[i])
    for outer in range(0, a.size, length * stride):
        for start in range(outer, outer + stride, BLOCK):
            width = min(BLOCK, outer + stride - start)
            _divide_by_totals(result[start:], length, stride, workspace[:width])
