"""What the nodes of a plan come to on one unit: which of them are computed, how, and where their values are kept.

A tensor that one reader alone reads element by element is never kept: it is *streamed*, block by block, to that reader,
which is the *sink* of all that is streamed to it. A node whose values no valid node needs is not computed at all. What
is computed this way or that has the same bits.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eznas.ops.catalogue import OF_SHAPE_ALONE, OPERATIONS
from eznas.ops.jit import borrowing, compiled
from eznas.ops.kernels.execute import CALL, TOTAL, WAY, kept_elements, workspace_elements
from eznas.ops.plan import LOAD
from eznas.ops.shapes import MAXIMUM_AXES, broadcast, element_count, infer_shape
from eznas.terminals import TERMINAL_COUNT

ABSENT: Final = 0
"""The node is invalid on the unit, or nobody needs it."""
STORED: Final = 1
"""Its value has a place in the scratch array."""
STREAMED: Final = 2
"""Its blocks are computed when its one reader reads them."""
COUNTED: Final = 3
"""Its number alone is recorded: no block is kept."""

_ALIGNMENT: Final = 16  # elements: places in the scratch array start at multiples of 64 bytes
_NOTHING: Final = -1

READS_VALUES: Final = np.array([operation.id not in OF_SHAPE_ALONE for operation in OPERATIONS], np.bool_)
"""By the operation's id: whether its result depends on the elements of its arguments, not on their shapes alone."""


class Nodes(NamedTuple):
    """The nodes of a plan, see `Plan`."""

    operation: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]


class Operands(NamedTuple):
    """The operands of a plan on one unit, terminals first.

    Attributes:
        values: float32, of the terminals.
        scratch: float32, of the nodes.
        start: int64[22 + n], where each operand starts in one or the other.
        shapes: int64[22 + n, 4], left-aligned, unused places 1.
        axes: int64[22 + n], numbers of axes; -1 for a node that is invalid, itself or through an operand.
    """

    values: NDArray[np.float32]
    scratch: NDArray[np.float32]
    start: NDArray[np.int64]
    shapes: NDArray[np.int64]
    axes: NDArray[np.int64]


class Schedule(NamedTuple):
    """How each of n nodes is computed.

    Attributes:
        state: int64[n], `ABSENT`, `STORED`, `STREAMED` or `COUNTED`.
        sink: int64[n], the node that a streamed one is streamed to, maybe through others; else the node itself.
        first_step: int64[n], the first of the nodes that are streamed to a sink, -1 for none.
        next_step: int64[n], the next one that is streamed to the same sink, -1 after the last.
        free_at: int64[n], the sink after which nobody reads a node's value.
        uses: int64[n], how many nodes read it.
        reader: int64[n], one of them.
        row: int64[n], which block of the registers holds the values of a streamed node.
        lists: int64[3, n], overwritten as values are given their places.
        walked: int64[4], overwritten.
    """

    state: NDArray[np.int64]
    sink: NDArray[np.int64]
    first_step: NDArray[np.int64]
    next_step: NDArray[np.int64]
    free_at: NDArray[np.int64]
    uses: NDArray[np.int64]
    reader: NDArray[np.int64]
    row: NDArray[np.int64]
    lists: NDArray[np.int64]
    walked: NDArray[np.int64]


@compiled
def new_schedule(nodes: int) -> Schedule:
    """Return a schedule for so many nodes that says nothing yet."""
    return Schedule(
        np.zeros(nodes, np.int64),
        np.zeros(nodes, np.int64),
        np.zeros(nodes, np.int64),
        np.zeros(nodes, np.int64),
        np.zeros(nodes, np.int64),
        np.zeros(nodes, np.int64),
        np.zeros(nodes, np.int64),
        np.zeros(nodes, np.int64),
        np.zeros((3, nodes), np.int64),
        np.zeros(MAXIMUM_AXES, np.int64),
    )


@borrowing
def infer_shapes(
    nodes: Nodes,
    cached_shapes: NDArray[np.int64],
    cached_axes: NDArray[np.int64],
    shapes: NDArray[np.int64],
    axes: NDArray[np.int64],
) -> tuple[int, int]:
    """Fill in the shapes and numbers of axes of all nodes on one unit, from those of the terminals.

    A node that is invalid, itself or through an operand, gets -1 axes. Returns how many numbers and pivots the
    workspace needs.

    Args:
        nodes: n of them.
        cached_shapes: int64[k, 4], of what is remembered, left-aligned, unused places 1.
        cached_axes: int64[k], numbers of axes; -1 where it is invalid.
        shapes: int64[22 + n, 4], of which those of the terminals are read and those of the nodes overwritten.
        axes: int64[22 + n], likewise.
    """
    workspace, kept = 0, 0
    for node in range(nodes.operation.size):
        operation = nodes.operation[node]
        target = TERMINAL_COUNT + node
        shape = shapes[target]
        if operation == LOAD:
            column = nodes.first[node]
            for place in range(MAXIMUM_AXES):
                shape[place] = cached_shapes[column, place]
            axes[target] = cached_axes[column]
            continue
        a, b = nodes.first[node], nodes.second[node]
        if axes[a] < 0 or (b >= 0 and axes[b] < 0):
            axes[target] = -1
            continue
        second_axes = axes[b] if b >= 0 else -1
        axes[target] = infer_shape(operation, shapes[a], axes[a], shapes[max(b, 0)], second_axes, shape)
        if axes[target] >= 0:
            workspace = max(workspace, workspace_elements(operation, shapes[a], axes[a]))
            kept = max(kept, kept_elements(operation, shapes[a], axes[a]))
    return workspace, kept


@borrowing
def walked_shape(
    node: int, nodes: Nodes, shapes: NDArray[np.int64], axes: NDArray[np.int64], shape: NDArray[np.int64]
) -> int:
    """Write to `shape` what a valid node walks over element by element; returns the number of axes.

    It is the shape of the result, or the common shape of the arguments of a node that gives a total. Returns -1 for a
    node that needs its arguments as a whole.
    """
    operation, a, b = nodes.operation[node], nodes.first[node], nodes.second[node]
    if operation == LOAD or WAY[operation] == CALL:
        return -1
    if WAY[operation] == TOTAL and b >= 0:
        return int(broadcast(shape, shapes[a], axes[a], shapes[b], axes[b]))
    source = a if WAY[operation] == TOTAL else TERMINAL_COUNT + node
    for place in range(MAXIMUM_AXES):
        shape[place] = shapes[source, place]
    return int(axes[source])


@borrowing
def schedule_nodes(
    nodes: Nodes,
    column_of: NDArray[np.int64],
    shapes: NDArray[np.int64],
    axes: NDArray[np.int64],
    schedule: Schedule,
) -> int:
    """Decide how each node is computed on one unit.

    Args:
        nodes: n of them.
        column_of: int64[n], where a node's number is recorded, -1 for nowhere.
        shapes: of the operands.
        axes: of the operands.
        schedule: overwritten.

    Returns:
        The most nodes that are streamed to one sink.
    """
    count = nodes.operation.size
    for node in range(count):
        schedule.uses[node] = 0
        schedule.first_step[node] = _NOTHING
        schedule.next_step[node] = _NOTHING
        schedule.free_at[node] = node
        schedule.row[node] = 0
    most = 0
    for node in range(count - 1, -1, -1):  # readers come after what they read
        target = TERMINAL_COUNT + node
        operation = nodes.operation[node]
        is_recorded = column_of[node] >= 0
        uses = schedule.uses[node]
        schedule.sink[node] = node
        schedule.state[node] = STORED
        if axes[target] < 0 or (uses == 0 and not is_recorded):
            schedule.state[node] = ABSENT
            continue
        if operation == LOAD:
            continue
        elements = element_count(shapes[target])
        if elements > 1 and WAY[operation] != CALL and WAY[operation] != TOTAL:
            if uses == 0:
                schedule.state[node] = COUNTED
            elif uses == 1 and not is_recorded:
                reader = schedule.reader[node]
                walked_axes = walked_shape(reader, nodes, shapes, axes, schedule.walked)
                if walked_axes >= 0 and element_count(schedule.walked) == elements:
                    schedule.state[node] = STREAMED
                    sink = schedule.sink[reader]
                    schedule.sink[node] = sink
                    schedule.next_step[node] = schedule.first_step[sink]
                    schedule.first_step[sink] = node
                    schedule.row[sink] += 1  # for now the number of its steps
                    most = max(most, schedule.row[sink])
        if READS_VALUES[operation]:
            a, b = nodes.first[node] - TERMINAL_COUNT, nodes.second[node] - TERMINAL_COUNT
            _read(a, node, schedule)
            if b != a:
                _read(b, node, schedule)
    return int(most)


@borrowing
def _read(operand: int, reader: int, schedule: Schedule) -> None:
    """Note that a node reads an operand."""
    if operand >= 0:
        schedule.uses[operand] += 1
        schedule.reader[operand] = reader
        schedule.free_at[operand] = max(schedule.free_at[operand], schedule.sink[reader])


@borrowing
def _release(node: int, sink: int, operands: Operands, schedule: Schedule) -> None:
    """Put a node's place at the head of the list of free places of its size, if nobody reads it after this sink."""
    if node < 0 or schedule.state[node] != STORED or schedule.free_at[node] != sink:
        return
    schedule.free_at[node] = _NOTHING
    free_next, sizes, free_first = schedule.lists[0], schedule.lists[1], schedule.lists[2]
    size = _place_size(operands.shapes[TERMINAL_COUNT + node])
    kind = 0
    while sizes[kind] != size:
        kind += 1
    free_next[node] = free_first[kind]
    free_first[kind] = node


@borrowing
def _place_size(shape: NDArray[np.int64]) -> int:
    """The elements of a place for a value of this shape."""
    return -(-element_count(shape) // _ALIGNMENT) * _ALIGNMENT


@borrowing
def place_nodes(nodes: Nodes, operands: Operands, schedule: Schedule) -> int:
    """Give every stored node a place in the scratch array; returns the elements that the array needs.

    A place whose value is not read again goes to a list of free places of its size, from which the next value of
    that size is served. The one given back last is served first: it is the likeliest to be in the cache. A node
    never shares its place with what is read while it is computed, so that kernels run without aliasing.

    Args:
        nodes: of the plan.
        operands: `start` is overwritten for the nodes.
        schedule: `free_at` and `lists` are overwritten.
    """
    free_next, sizes, free_first = schedule.lists[0], schedule.lists[1], schedule.lists[2]
    used = 0
    kinds = 0
    for node in range(nodes.operation.size):
        state = schedule.state[node]
        if state == STORED:
            size = _place_size(operands.shapes[TERMINAL_COUNT + node])
            kind = 0
            while kind < kinds and sizes[kind] != size:
                kind += 1
            if kind == kinds:
                sizes[kind] = size
                free_first[kind] = _NOTHING
                kinds += 1
            free = free_first[kind]
            if free == _NOTHING:
                operands.start[TERMINAL_COUNT + node] = used
                used += size
            else:
                operands.start[TERMINAL_COUNT + node] = operands.start[TERMINAL_COUNT + free]
                free_first[kind] = free_next[free]
        if state in (STORED, COUNTED):
            step = schedule.first_step[node]
            while step >= 0:
                _release(nodes.first[step] - TERMINAL_COUNT, node, operands, schedule)
                _release(nodes.second[step] - TERMINAL_COUNT, node, operands, schedule)
                step = schedule.next_step[step]
            if nodes.operation[node] != LOAD:
                _release(nodes.first[node] - TERMINAL_COUNT, node, operands, schedule)
                _release(nodes.second[node] - TERMINAL_COUNT, node, operands, schedule)
            _release(node, node, operands, schedule)  # recorded as soon as it is computed, and needed no more
    return used
