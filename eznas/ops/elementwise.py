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
from eznas.ops.shapes import element_count
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
            result[i] = ZERO if x < ZERO else x  # NaN and -0 stay
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
def _run_length(
    source_shape: NDArray[np.int64], source_axes: int, shape: NDArray[np.int64], axes: int
) -> tuple[int, int, int]:
    """How many consecutive elements of a broadcast source are consecutive in it, or else one and the same.

    Returns:
        The length of such a run, its step in the source (1 or 0), and the number of last axes that it spans.
    """
    run = 1
    step = -1
    spanned = 0
    while spanned < axes:
        length = shape[axes - 1 - spanned]
        if length > 1:
            repeats = spanned >= source_axes or source_shape[source_axes - 1 - spanned] == 1
            if step >= 0 and (step == 0) != repeats:
                break
            step = 0 if repeats else 1
            run *= length
        spanned += 1
    return run, max(step, 0), spanned


@compiled
def _run_start(
    run: int,
    source_shape: NDArray[np.int64],
    source_axes: int,
    shape: NDArray[np.int64],
    axes: int,
    spanned: int,
    stride: int,
) -> int:
    """Where in the source the run of this number starts; `stride` is the number of its elements in the spanned axes."""
    position = 0
    for back in range(spanned, axes):
        length = shape[axes - 1 - back]
        own_length = source_shape[source_axes - 1 - back] if back < source_axes else 1
        if own_length > 1:
            position += run % length * stride
            stride *= own_length
        run //= length
    return position


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
    if source.size == 1:
        if start == 0:
            block[:] = source[0]
        return block
    run, step, spanned = _run_length(source_shape, source_axes, shape, axes)
    stride = run if step == 1 else 1
    number, offset = start // run, start % run
    if step == 1 and offset + stop - start <= run:
        begin = _run_start(number, source_shape, source_axes, shape, axes, spanned, stride) + offset
        return source[begin : begin + stop - start]
    done = 0
    while done < block.size:
        begin = _run_start(number, source_shape, source_axes, shape, axes, spanned, stride)
        count = min(run - offset, block.size - done)
        if step == 1:
            for i in range(count):
                block[done + i] = source[begin + offset + i]
        else:
            value = source[begin]
            for i in range(count):
                block[done + i] = value
        done += count
        number += 1
        offset = 0
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
