"""Kernels of the operations that treat every element on its own, with one argument or with two that broadcast.

All loops run over contiguous float32 without aliasing, so that LLVM vectorises them. Arguments that broadcast are
brought to the result's shape block by block, in buffers that stay in the first-level cache.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import compiled
from eznas.ops.operation_ids import (
    ABS,
    ABS_LOG,
    DIFFERENCE,
    EXP,
    GREATER_THAN,
    GREATER_THAN_ZERO,
    HEAVISIDE,
    INVERT,
    LESS_THAN,
    LESS_THAN_ZERO,
    LOG,
    ONES_LIKE,
    POWER,
    PRODUCT,
    RELU,
    SIGMOID,
    SIGN,
    SUM,
)
from eznas.ops.shapes import MAXIMUM_AXES, element_count
from eznas.ops.vector_math import ONE, ZERO, exponential, logarithm, logistic

BLOCK: Final = 1024
"""Elements that are brought to the result's shape at a time: 4 KiB per argument."""


@compiled
def apply_unary(operation: int, result: NDArray[np.float32], a: NDArray[np.float32]) -> None:
    """Compute an element-wise operation of one argument; `result` and `a` have the same length."""
    n = result.size
    if operation == LOG:
        for i in range(n):
            x = a[i]
            result[i] = logarithm(ONE if x <= ZERO else x)
    elif operation == ABS_LOG:
        for i in range(n):
            x = np.abs(a[i])
            result[i] = logarithm(ONE if x == ZERO else x)
    elif operation == ABS:
        for i in range(n):
            result[i] = np.abs(a[i])
    elif operation == POWER:
        for i in range(n):
            result[i] = a[i] * a[i]
    elif operation == EXP:
        for i in range(n):
            result[i] = exponential(a[i])
    elif operation == RELU:
        for i in range(n):
            x = a[i]
            result[i] = ZERO if x <= ZERO else x  # written so that NaN stays
    elif operation == SIGN:
        for i in range(n):
            x = a[i]
            result[i] = (ONE if x > ZERO else ZERO) - (ONE if x < ZERO else ZERO)
    elif operation in (HEAVISIDE, GREATER_THAN_ZERO):
        for i in range(n):
            result[i] = ONE if a[i] > ZERO else ZERO
    elif operation == LESS_THAN_ZERO:
        for i in range(n):
            result[i] = ONE if a[i] < ZERO else ZERO
    elif operation == INVERT:
        for i in range(n):
            result[i] = ONE / a[i]
    elif operation == SIGMOID:
        for i in range(n):
            result[i] = logistic(a[i])
    elif operation == ONES_LIKE:
        result[:] = ONE
    else:  # zeros_like
        result[:] = ZERO


@compiled
def _combine(operation: int, result: NDArray[np.float32], a: NDArray[np.float32], b: NDArray[np.float32]) -> None:
    """Compute an element-wise operation of two arguments, all three of the same length."""
    n = result.size
    if operation == SUM:
        for i in range(n):
            result[i] = a[i] + b[i]
    elif operation == DIFFERENCE:
        for i in range(n):
            result[i] = a[i] - b[i]
    elif operation == PRODUCT:
        for i in range(n):
            result[i] = a[i] * b[i]
    elif operation == LESS_THAN:
        for i in range(n):
            result[i] = ONE if a[i] < b[i] else ZERO
    elif operation == GREATER_THAN:
        for i in range(n):
            result[i] = ONE if a[i] > b[i] else ZERO
    else:  # equal_to
        for i in range(n):
            result[i] = ONE if a[i] == b[i] else ZERO


@compiled
def _expand(
    buffer: NDArray[np.float32],
    source: NDArray[np.float32],
    source_shape: NDArray[np.int64],
    source_axes: int,
    shape: NDArray[np.int64],
    axes: int,
    start: int,
) -> None:
    """Fill `buffer` with the elements from `start` on of `source` broadcast to `shape`."""
    # Lengths and strides of the four places, right-aligned; a stride of 0 repeats.
    length1 = length2 = length3 = 1
    stride0 = stride1 = stride2 = stride3 = 0
    stride = 1
    for back in range(MAXIMUM_AXES):
        length = shape[axes - 1 - back] if back < axes else 1
        own_length = source_shape[source_axes - 1 - back] if back < source_axes else 1
        own_stride = stride if own_length > 1 else 0
        stride *= own_length
        if back == 0:
            length3, stride3 = length, own_stride
        elif back == 1:
            length2, stride2 = length, own_stride
        elif back == 2:
            length1, stride1 = length, own_stride
        else:
            stride0 = own_stride
    line, i3 = start // length3, start % length3
    done = 0
    while done < buffer.size:
        i2 = line % length2
        i1 = line // length2 % length1
        i0 = line // (length2 * length1)
        position = i0 * stride0 + i1 * stride1 + i2 * stride2 + i3 * stride3
        run = min(length3 - i3, buffer.size - done)
        if stride3 == 1:
            for i in range(run):
                buffer[done + i] = source[position + i]
        else:
            value = source[position]
            for i in range(run):
                buffer[done + i] = value
        done += run
        line += 1
        i3 = 0


@compiled
def block_of(
    buffer: NDArray[np.float32],
    source: NDArray[np.float32],
    source_shape: NDArray[np.int64],
    source_axes: int,
    shape: NDArray[np.int64],
    axes: int,
    start: int,
    stop: int,
) -> NDArray[np.float32]:
    """Elements `start` to `stop` of `source` broadcast to `shape`: a view of it where nothing repeats, or `buffer`.

    Called for one block after another, from `start` 0 on, with the same buffer of `BLOCK` elements: a single number
    is written to it once.
    """
    if source.size == element_count(shape):
        return source[start:stop]
    block = buffer[: stop - start]
    if source.size > 1:
        _expand(block, source, source_shape, source_axes, shape, axes, start)
    elif start == 0:
        block[:] = source[0]
    return block


@compiled
def apply_binary(
    operation: int,
    result: NDArray[np.float32],
    shape: NDArray[np.int64],
    axes: int,
    a: NDArray[np.float32],
    a_shape: NDArray[np.int64],
    a_axes: int,
    b: NDArray[np.float32],
    b_shape: NDArray[np.int64],
    b_axes: int,
    workspace: NDArray[np.float32],
) -> None:
    """Compute an element-wise operation of two arguments that broadcast to the shape of the result.

    Args:
        operation: id.
        result: flat, of as many elements as `shape` has.
        shape: int64[4], left-aligned, of the result.
        axes: number of axes of the result.
        a: first argument, flat.
        a_shape: its shape.
        a_axes: its number of axes.
        b: second argument, flat.
        b_shape: its shape.
        b_axes: its number of axes.
        workspace: float32[at least 2 * BLOCK].
    """
    n = result.size
    if a.size == n and b.size == n:
        _combine(operation, result, a, b)
        return
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        left = block_of(workspace[:BLOCK], a, a_shape, a_axes, shape, axes, start, stop)
        right = block_of(workspace[BLOCK : 2 * BLOCK], b, b_shape, b_axes, shape, axes, start, stop)
        _combine(operation, result[start:stop], left, right)
