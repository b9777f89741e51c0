"""One node on one unit, with all that is streamed to it: block by block, so that what is between stays in the cache.

Sums over a tensor add the sums of its blocks, whether it is kept or streamed, so that a total does not depend on that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import borrowing, inlined, written_out_borrowing
from eznas.ops.kernels.broadcasting import BLOCK, block_of
from eznas.ops.kernels.execute import (
    CALL,
    ONE_BY_ONE,
    TOTAL,
    WAY,
    call_kernel,
    map_one,
    map_two,
    number_of_total,
    total_of_block,
)
from eznas.ops.kernels.kernel import Operand, Workspace
from eznas.ops.kernels.sums import dot, sum_and_sum_of_absolutes
from eznas.ops.limits import RELATIVE_TOLERANCE
from eznas.ops.schedule import READS_VALUES, STORED, STREAMED, Nodes, Operands, Schedule, walked_shape
from eznas.ops.shapes import element_count
from eznas.terminals import TERMINAL_COUNT

_BUFFERS = 3  # of a step: its result, and its arguments where they broadcast


@borrowing
def register_elements(most_steps: int) -> int:
    """How many float32 the registers need for a sink with so many nodes streamed to it."""
    return _BUFFERS * BLOCK * (most_steps + 1)


@inlined
def operand_at(number: int, operands: Operands) -> Operand:
    """The operand of this number, of a terminal or of a node that is stored."""
    start = operands.start[number]
    values = _values_at(number, operands, start, start + element_count(operands.shapes[number]))
    return Operand(values, operands.shapes[number], operands.axes[number], number)


@written_out_borrowing
def _values_at(number: int, operands: Operands, start: int, stop: int) -> NDArray[np.float32]:
    values = operands.values[start:stop]
    if number >= TERMINAL_COUNT:
        values = operands.scratch[start:stop]
    return values


@written_out_borrowing
def _buffer(registers: NDArray[np.float32], row: int, which: int, size: int) -> NDArray[np.float32]:
    start = (_BUFFERS * row + which) * BLOCK
    return registers[start : start + size]


@written_out_borrowing
def _argument(
    number: int,
    operands: Operands,
    schedule: Schedule,
    registers: NDArray[np.float32],
    row: int,
    which: int,
    shape: NDArray[np.int64],
    axes: int,
    start: int,
    stop: int,
) -> NDArray[np.float32]:
    """Elements `start` to `stop` of an operand broadcast to `shape`, in a buffer of its own where it repeats."""
    values = operands.values[:0]  # read-only: of one type whatever follows
    if number >= TERMINAL_COUNT and schedule.state[number - TERMINAL_COUNT] == STREAMED:
        values = _buffer(registers, schedule.row[number - TERMINAL_COUNT], 0, stop - start)
    elif element_count(operands.shapes[number]) == element_count(shape):
        first = operands.start[number]
        values = _values_at(number, operands, first + start, first + stop)
    else:
        buffer = _buffer(registers, row, which, BLOCK)
        values = block_of(buffer, operand_at(number, operands), shape, axes, start, stop)
    return values


@borrowing
def _map_block(
    node: int,
    row: int,
    nodes: Nodes,
    operands: Operands,
    schedule: Schedule,
    registers: NDArray[np.float32],
    target: NDArray[np.float32],
    start: int,
) -> None:
    """Compute the elements of an element-wise node from `start` on, as many as `target` takes."""
    operation, number = nodes.operation[node], TERMINAL_COUNT + node
    shape, axes = operands.shapes[number], operands.axes[number]
    stop = start + target.size
    left = target  # of a node that reads no values there may be none
    if READS_VALUES[operation]:
        left = _argument(nodes.first[node], operands, schedule, registers, row, 1, shape, axes, start, stop)
    if WAY[operation] == ONE_BY_ONE:
        map_one(operation, target, left)
    else:
        right = _argument(nodes.second[node], operands, schedule, registers, row, 2, shape, axes, start, stop)
        map_two(operation, target, left, right)


@borrowing
def run_stream(
    node: int,
    nodes: Nodes,
    operands: Operands,
    schedule: Schedule,
    registers: NDArray[np.float32],
    shape: NDArray[np.int64],
    use_norm: bool,
) -> np.float32:
    """Compute a node that is element-wise or gives a total, with all nodes that are streamed to it.

    Args:
        node: one that is stored or counted.
        nodes: of the plan.
        operands: of the unit; the node's place in the scratch array is filled.
        schedule: of the unit.
        registers: float32[register_elements], overwritten.
        shape: int64[4], overwritten.
        use_norm: see `number_of`.

    Returns:
        The number of a counted node; else nothing that means anything.
    """
    operation, number = nodes.operation[node], TERMINAL_COUNT + node
    axes = walked_shape(node, nodes, operands.shapes, operands.axes, shape)
    count = element_count(shape)
    is_stored = schedule.state[node] == STORED
    place = operands.start[number]
    total, size = 0.0, 0.0
    for start in range(0, count, BLOCK):
        stop = min(start + BLOCK, count)
        row = 0
        step = schedule.first_step[node]
        while step >= 0:
            schedule.row[step] = row
            block = _buffer(registers, row, 0, stop - start)
            _map_block(step, row, nodes, operands, schedule, registers, block, start)
            row += 1
            step = schedule.next_step[step]
        block = _buffer(registers, row, 0, stop - start)
        if WAY[operation] == TOTAL:
            left = _argument(nodes.first[node], operands, schedule, registers, row, 1, shape, axes, start, stop)
            right = left
            if nodes.second[node] >= 0:
                right = _argument(nodes.second[node], operands, schedule, registers, row, 2, shape, axes, start, stop)
            total += total_of_block(operation, left, right, block)
            continue
        if is_stored:
            block = operands.scratch[place + start : place + stop]
        _map_block(node, row, nodes, operands, schedule, registers, block, start)
        if not is_stored:
            total, size = _added(total, size, block, use_norm)
    if WAY[operation] == TOTAL:
        operands.scratch[place] = number_of_total(operation, total, count)
    return _number(total, size, count, use_norm)


@written_out_borrowing
def run_node(
    node: int,
    nodes: Nodes,
    operands: Operands,
    schedule: Schedule,
    registers: NDArray[np.float32],
    workspace: Workspace,
    use_norm: bool,
) -> np.float32:
    """Compute any node that is stored or counted; see `run_stream`."""
    operation, number = nodes.operation[node], TERMINAL_COUNT + node
    if WAY[operation] != CALL:
        return run_stream(node, nodes, operands, schedule, registers, workspace.shapes[0], use_norm)
    start = operands.start[number]
    stop = start + element_count(operands.shapes[number])
    result = Operand(operands.scratch[start:stop], operands.shapes[number], operands.axes[number], number)
    left = operand_at(nodes.first[node], operands)
    right = operand_at(max(nodes.second[node], 0), operands)
    call_kernel(operation, result, left, right, workspace)
    return np.float32(0.0)


@borrowing
def number_of(values: NDArray[np.float32], use_norm: bool) -> np.float32:
    """The mean or the Euclidean norm; a single element is itself, sign and all, so that it can be loaded again.

    A mean of elements that cancel, such as those of `normalize` or of a BatchNorm's output, is what rounding left of
    them: within `RELATIVE_TOLERANCE` of their size it is 0.
    """
    if values.size == 1:
        return np.float32(values[0])
    total, size = 0.0, 0.0
    for start in range(0, values.size, BLOCK):
        total, size = _added(total, size, values[start : start + BLOCK], use_norm)
    return _number(total, size, values.size, use_norm)


@inlined
def _added(total: float, size: float, block: NDArray[np.float32], use_norm: bool) -> tuple[float, float]:
    """The sums that the number of a tensor is made of, with those of one more block."""
    if use_norm:
        return total + dot(block, block), size
    of_block, of_sizes = sum_and_sum_of_absolutes(block)
    return total + of_block, size + of_sizes


@borrowing
def _number(total: float, size: float, count: int, use_norm: bool) -> np.float32:
    if use_norm:
        return np.float32(np.sqrt(total))
    if np.abs(total) < RELATIVE_TOLERANCE * size:
        return np.float32(0.0)
    return np.float32(total / count)
