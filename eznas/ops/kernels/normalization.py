"""Kernels of the two operations that relate every element to others of its tensor: normalize and softmax."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import borrowing
from eznas.ops.kernels.broadcasting import BLOCK
from eznas.ops.kernels.kernel import Operand, Workspace, kernel
from eznas.ops.kernels.sums import sum_of, sum_of_squared_differences
from eznas.ops.kernels.vector_math import INFINITY, ZERO, exponential

_FEW_LINES: Final = 8
"""With fewer lines side by side, a loop over them is mostly the cost of its set-up."""


@kernel
def normalize(result: Operand, a: Operand) -> None:
    """(A - mean) / unbiased standard deviation, NaN becomes 0.

    The mean of a constant is exact (a float32 times at most 2^24 fits a float64), so a constant gives zeros.
    """
    values, target = a.values, result.values
    n = values.size
    mean = sum_of(values) / np.float64(n)
    deviation = np.float32(np.sqrt(sum_of_squared_differences(values, mean) / np.float64(n - 1)))
    center = np.float32(mean)
    for i in range(n):
        x = (values[i] - center) / deviation
        target[i] = ZERO if np.isnan(x) else x


@borrowing
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


@borrowing
def _softmax_wide(
    result: NDArray[np.float32],
    a: NDArray[np.float32],
    length: int,
    stride: int,
    highest: NDArray[np.float32],
    total: NDArray[np.float32],
) -> None:
    """`softmax` of lines side by side: `length` elements each, `stride` apart, and one in `highest` and `total`."""
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
            power = exponential(line[i] - highest[i])
            target[i] = power
            total[i] += power
    for k in range(length):
        target = result[k * stride : k * stride + width]
        for i in range(width):
            target[i] = target[i] / total[i]


@kernel
def softmax(result: Operand, a: Operand, workspace: Workspace) -> None:
    """Softmax along axis 0 of 0, 1 or 3 axes, else along axis 1.

    A NaN or +infinity makes its whole line NaN, and so does a line of -infinity alone.
    """
    values, target = a.values, result.values
    axis = 0 if a.axes in (0, 1, 3) else 1
    length = a.shape[axis]
    before = a.shape[0] if axis == 1 else 1
    stride = values.size // (before * length)
    if stride < _FEW_LINES:
        _softmax_narrow(target, values, length, stride)
        return
    for outer in range(0, values.size, length * stride):
        for start in range(outer, outer + stride, BLOCK):
            width = min(BLOCK, outer + stride - start)
            highest, total = workspace.numbers[:width], workspace.numbers[BLOCK : BLOCK + width]
            _softmax_wide(target[start:], values[start:], length, stride, highest, total)
