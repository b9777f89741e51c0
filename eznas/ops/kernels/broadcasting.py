"""Arguments that broadcast, brought to the common shape block by block, in buffers that stay in the cache."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import borrowing, written_out_borrowing
from eznas.ops.kernels.kernel import Operand
from eznas.ops.shapes import element_count

BLOCK: Final = 2048
"""Elements that are computed at a time: 8 KiB for each argument and result, of which a few fit the first cache."""
_IN_BUFFER: Final = -1


@borrowing
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


@borrowing
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


@borrowing
def _find_block(
    buffer: NDArray[np.float32],
    source: Operand,
    shape: NDArray[np.int64],
    axes: int,
    start: int,
    stop: int,
) -> int:
    """Find elements `start` to `stop` of `source` broadcast to `shape`, and write them to `buffer` where some repeat.

    Called for one block after another, from `start` 0 on, with the same buffer of `BLOCK` elements: a single number
    is written to it once.

    Returns:
        Where they begin in the values of `source`, or `_IN_BUFFER`.
    """
    values = source.values
    if values.size == element_count(shape):
        return start
    block = buffer[: stop - start]
    if values.size == 1:
        if start == 0:
            block[:] = values[0]
        return _IN_BUFFER
    run, step, spanned = _run_length(source.shape, source.axes, shape, axes)
    stride = run if step == 1 else 1
    number, offset = start // run, start % run
    if step == 1 and offset + stop - start <= run:
        return _run_start(number, source.shape, source.axes, shape, axes, spanned, stride) + offset
    # The next axis outwards: along it, run after run begins one stride further on in the source, or at the same place.
    length = shape[axes - 1 - spanned] if spanned < axes else 1
    advance = stride if spanned < source.axes and source.shape[source.axes - 1 - spanned] > 1 else 0
    left = length - number % length
    begin = _run_start(number, source.shape, source.axes, shape, axes, spanned, stride)
    done = 0
    while done < block.size:
        count = min(run - offset, block.size - done)
        part = block[done : done + count]  # of views that begin at 0 LLVM knows that no index is negative
        if step == 1:
            source_part = values[begin + offset : begin + offset + count]
            for i in range(count):
                part[i] = source_part[i]
        else:
            value = values[begin]
            for i in range(count):
                part[i] = value
        done += count
        number += 1
        offset = 0
        begin += advance
        left -= 1
        if left == 0:
            left = length
            begin = _run_start(number, source.shape, source.axes, shape, axes, spanned, stride)
    return _IN_BUFFER


@written_out_borrowing
def block_of(
    buffer: NDArray[np.float32],
    source: Operand,
    shape: NDArray[np.int64],
    axes: int,
    start: int,
    stop: int,
) -> NDArray[np.float32]:
    """Elements `start` to `stop` of `source` broadcast to `shape`: a view of it, or `buffer`; see `_find_block`."""
    begin = _find_block(buffer, source, shape, axes, start, stop)
    return buffer[: stop - start] if begin == _IN_BUFFER else source.values[begin : begin + stop - start]
