"""The compiled machine that runs a plan on every unit of one network.

Per unit: infer the shape of every node, give every tensor a place in one scratch array (places of values that no
later node reads are used again), run the nodes in order, and note the number of every recorded node. No Python runs
and no memory is allocated per node; the GIL is released, so that threads can run different networks at once.
What a node computes depends on its operands alone: it gives the same bits in every plan and thread.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from eznas.ops.catalogue import OPERATIONS, ShapeRule
from eznas.ops.jit import compiled
from eznas.ops.kernels.blas_threads import one_blas_thread
from eznas.ops.kernels.execute import execute, kept_elements, workspace_elements
from eznas.ops.kernels.kernel import FACTORIZED, RUNNING, Operand, Workspace
from eznas.ops.kernels.reductions import dot, sum_of, sum_of_absolutes
from eznas.ops.limits import RELATIVE_TOLERANCE
from eznas.ops.plan import LOAD, Plan
from eznas.ops.shapes import MAXIMUM_AXES, element_count, infer_shape
from eznas.terminals import TERMINAL_COUNT, TERMINALS

ToScalar = Literal["mean", "l2"]
"""How a result becomes one number per unit: its mean, or its Euclidean norm."""

_BY_LAPACK: Final = {operation.id for operation in OPERATIONS if operation.rule is ShapeRule.SCALAR_OF_GRAM}
_ALIGNMENT: Final = 16  # elements: places in the scratch array start at multiples of 64 bytes
_NOTHING: Final = -1


@compiled
def _infer_all(
    operation: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    cached_valid: NDArray[np.bool_],
    shapes: NDArray[np.int64],
    axes: NDArray[np.int64],
) -> tuple[int, int]:
    """Fill in the shapes and numbers of axes of all nodes on one unit, from those of the terminals.

    A node that is invalid, itself or through an operand, gets -1 axes. Returns how many numbers and pivots the
    workspace needs.
    """
    workspace, kept = 0, 0
    for node in range(operation.size):
        target = TERMINAL_COUNT + node
        shape = shapes[target]
        if operation[node] == LOAD:
            shape[:] = 1
            axes[target] = 0 if cached_valid[first[node]] else -1
            continue
        a, b = first[node], second[node]
        if axes[a] < 0 or (b >= 0 and axes[b] < 0):
            axes[target] = -1
            continue
        second_axes = axes[b] if b >= 0 else -1
        axes[target] = infer_shape(operation[node], shapes[a], axes[a], shapes[max(b, 0)], second_axes, shape)
        if axes[target] >= 0:
            workspace = max(workspace, workspace_elements(operation[node], shapes[a], axes[a]))
            kept = max(kept, kept_elements(operation[node], shapes[a], axes[a]))
    return workspace, kept


@compiled
def _release(
    operand: int,
    shapes: NDArray[np.int64],
    axes: NDArray[np.int64],
    free_next: NDArray[np.int64],
    sizes: NDArray[np.int64],
    free_first: NDArray[np.int64],
) -> None:
    """Put the place of a node's value at the head of the list of free places of its size."""
    if operand >= TERMINAL_COUNT and axes[operand] >= 0:
        size = _place_size(shapes[operand])
        kind = 0
        while sizes[kind] != size:
            kind += 1
        free_next[operand] = free_first[kind]
        free_first[kind] = operand


@compiled
def _place_size(shape: NDArray[np.int64]) -> int:
    """The elements of a place for a value of this shape."""
    return -(-element_count(shape) // _ALIGNMENT) * _ALIGNMENT


@compiled
def _place_all(
    operation: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    last_use: NDArray[np.int64],
    shapes: NDArray[np.int64],
    axes: NDArray[np.int64],
    start: NDArray[np.int64],
    lists: NDArray[np.int64],
) -> int:
    """Give every valid node a place in the scratch array; returns the elements that the array needs.

    A place whose value is not read again goes to a list of free places of its size, from which the next value of
    that size is served. The one given back last is served first: it is the likeliest to be in the cache. A node
    never shares its place with an operand, so that kernels run without aliasing.

    Args:
        operation: int64[n].
        first: int64[n].
        second: int64[n].
        last_use: int64[n].
        shapes: int64[22 + n, 4].
        axes: int64[22 + n].
        start: int64[22 + n]; those of the nodes are overwritten.
        lists: int64[3, 22 + n], overwritten: per operand the next free place of its size; the sizes that occurred;
            per size the first free place.
    """
    free_next, sizes, free_first = lists[0], lists[1], lists[2]
    used = 0
    kinds = 0
    for node in range(operation.size):
        target = TERMINAL_COUNT + node
        if axes[target] >= 0:
            size = _place_size(shapes[target])
            kind = 0
            while kind < kinds and sizes[kind] != size:
                kind += 1
            if kind == kinds:
                sizes[kind] = size
                free_first[kind] = _NOTHING
                kinds += 1
            free = free_first[kind]
            if free == _NOTHING:
                start[target] = used
                used += size
            else:
                start[target] = start[free]
                free_first[kind] = free_next[free]
        if operation[node] != LOAD:
            a, b = first[node], second[node]
            if a >= TERMINAL_COUNT and last_use[a - TERMINAL_COUNT] == node:
                _release(a, shapes, axes, free_next, sizes, free_first)
            if b >= TERMINAL_COUNT and b != a and last_use[b - TERMINAL_COUNT] == node:
                _release(b, shapes, axes, free_next, sizes, free_first)
        if last_use[node] >= operation.size:  # its number is recorded as soon as it is computed
            _release(target, shapes, axes, free_next, sizes, free_first)
    return used


@compiled
def _to_number(a: NDArray[np.float32], use_norm: bool) -> np.float32:
    """The mean or the Euclidean norm; a single element is itself, sign and all, so that it can be loaded again.

    A mean of elements that cancel, such as those of `normalize` or of a BatchNorm's output, is what rounding left of
    them: within `RELATIVE_TOLERANCE` of their size it is 0.
    """
    if a.size == 1:
        return np.float32(a[0])
    if use_norm:
        return np.float32(np.sqrt(dot(a, a)))
    total = sum_of(a)
    if np.abs(total) < RELATIVE_TOLERANCE * sum_of_absolutes(a):
        return np.float32(0.0)
    return np.float32(total / a.size)


@compiled
def _run(
    operation: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    last_use: NDArray[np.int64],
    recorded: NDArray[np.int64],
    values: NDArray[np.float32],
    offsets: NDArray[np.int64],
    terminal_shapes: NDArray[np.int64],
    terminal_axes: NDArray[np.int64],
    cached_values: NDArray[np.float32],
    cached_valid: NDArray[np.bool_],
    use_norm: bool,
    numbers: NDArray[np.float32],
    valid: NDArray[np.bool_],
) -> None:
    """`evaluate_plan` on arrays; fills `numbers` and `valid`, which come as zeros."""
    operands = TERMINAL_COUNT + operation.size
    shapes = np.ones((operands, MAXIMUM_AXES), np.int64)
    axes = np.zeros(operands, np.int64)
    start = np.zeros(operands, np.int64)
    lists = np.empty((3, operands), np.int64)
    scratch = np.empty(0, np.float32)
    empty = np.empty(0, np.float32)
    workspace = Workspace(empty, np.empty((3, MAXIMUM_AXES), np.int64), empty, np.empty(2, np.int64))
    for unit in range(offsets.shape[0]):
        for terminal in range(TERMINAL_COUNT):
            axes[terminal] = terminal_axes[unit, terminal]
            start[terminal] = offsets[unit, terminal]
            for place in range(MAXIMUM_AXES):
                shapes[terminal, place] = terminal_shapes[unit, terminal, place]
        workspace_size, kept_size = _infer_all(operation, first, second, cached_valid[unit], shapes, axes)
        if workspace.numbers.size < workspace_size or workspace.pivots.size < kept_size:
            workspace = Workspace(
                np.empty(workspace_size, np.float32),
                workspace.shapes,
                np.empty(kept_size, np.float32),
                workspace.operands,
            )
        workspace.operands[FACTORIZED] = -1
        scratch_size = _place_all(operation, first, second, last_use, shapes, axes, start, lists)
        if scratch.size < scratch_size:
            scratch = np.empty(scratch_size, np.float32)
        column = 0
        while column < recorded.size and recorded[column] < TERMINAL_COUNT:
            terminal = recorded[column]
            size = element_count(shapes[terminal])
            if size > 0:
                numbers[unit, column] = _to_number(values[start[terminal] : start[terminal] + size], use_norm)
                valid[unit, column] = True
            column += 1
        for node in range(operation.size):
            target = TERMINAL_COUNT + node
            if axes[target] >= 0:
                result = scratch[start[target] : start[target] + element_count(shapes[target])]
                if operation[node] == LOAD:
                    result[0] = cached_values[unit, first[node]]
                else:
                    a, b = first[node], max(second[node], 0)
                    a_size, b_size = element_count(shapes[a]), element_count(shapes[b])
                    left = values[start[a] : start[a] + a_size]
                    if a >= TERMINAL_COUNT:
                        left = scratch[start[a] : start[a] + a_size]
                    right = left
                    if second[node] >= TERMINAL_COUNT:
                        right = scratch[start[b] : start[b] + b_size]
                    elif second[node] >= 0:
                        right = values[start[b] : start[b] + b_size]
                    workspace.operands[RUNNING] = a
                    execute(
                        operation[node],
                        Operand(result, shapes[target], axes[target]),
                        Operand(left, shapes[a], axes[a]),
                        Operand(right, shapes[b], axes[b]),
                        workspace,
                    )
                if column < recorded.size and recorded[column] == target:
                    numbers[unit, column] = _to_number(result, use_norm)
                    valid[unit, column] = True
            if column < recorded.size and recorded[column] == target:
                column += 1


def _read_only(array: NDArray[Any], data_type: type[np.generic]) -> NDArray[Any]:
    """The array as a read-only C-contiguous one, so that memory maps and arrays run the same compiled code."""
    frozen = np.ascontiguousarray(array, data_type).view()
    frozen.flags.writeable = False
    return frozen


def evaluate_plan(
    plan: Plan,
    values: NDArray[np.float32],
    offsets: NDArray[np.int64],
    shapes: NDArray[np.int64],
    axes: NDArray[np.int64],
    cached_values: NDArray[np.float32],
    cached_valid: NDArray[np.bool_],
    to_scalar: ToScalar,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Run a plan on every unit of one network.

    Thread-safe; the GIL is released while the plan runs. No input is modified, and all may be read-only.

    Args:
        plan: the nodes, and which of them to record.
        values: float32[total], all statistics of the network one after another.
        offsets: int64[units, 22], where each statistic starts in `values`; -1 where it was not collected.
        shapes: int64[units, 22, 4], left-aligned, unused places 1.
        axes: int64[units, 22], numbers of axes, 0 to 4.
        cached_values: float32[units, k], the numbers that the plan's `LOAD` nodes read.
        cached_valid: bool[units, k], whether each was valid.
        to_scalar: what becomes of a result with more than one element: its `mean`, or its Euclidean norm `l2`.

    Returns:
        For the plan's r recorded nodes, float32[units, r]: the number of each result, 0 where invalid; and
        bool[units, r]: whether the shapes on that unit were ones that all operations below the node could take. A
        result of one element is recorded as that element, also for `l2`: a later plan may load it, and a norm would
        have lost its sign. Whoever wants the norm takes the absolute value.

    Raises:
        ValueError: the plan reads a statistic that was not collected, or `to_scalar` is unknown.
    """
    if to_scalar not in {"mean", "l2"}:
        raise ValueError(f"to_scalar is 'mean' or 'l2', not {to_scalar!r}")
    for address in sorted(plan.terminals):
        if np.any(offsets[:, address] < 0):
            raise ValueError(f"the plan reads {TERMINALS[address].name}, which was not collected")
    numbers = np.zeros((len(offsets), len(plan.recorded)), np.float32)
    valid = np.zeros(numbers.shape, np.bool_)
    calls_lapack = not _BY_LAPACK.isdisjoint(plan.operation.tolist())
    with (
        one_blas_thread() if calls_lapack else nullcontext(),
        np.errstate(all="ignore"),  # for NUMBA_DISABLE_JIT, where the kernels run in numpy
    ):
        _run(
            _read_only(plan.operation, np.int64),
            _read_only(plan.first, np.int64),
            _read_only(plan.second, np.int64),
            _read_only(plan.last_use, np.int64),
            _read_only(plan.recorded, np.int64),
            _read_only(values, np.float32),
            _read_only(offsets, np.int64),
            _read_only(shapes, np.int64),
            _read_only(axes, np.int64),
            _read_only(cached_values, np.float32),
            _read_only(cached_valid, np.bool_),
            to_scalar == "l2",
            numbers,
            valid,
        )
    return numbers, valid
