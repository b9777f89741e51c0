"""The compiled machine that runs a plan on every unit of one network.

Per unit: infer the shape of every node, decide which nodes are streamed to their readers, give every other tensor a
place in one scratch array (places of values that no later node reads are used again), run the nodes in order, and note
the number of every recorded node. No Python runs and no memory is allocated per node; the GIL is released, so that
threads can run different networks at once. What a node computes depends on its operands alone: it gives the same bits
in every plan and thread.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from eznas.ops.catalogue import OPERATIONS, ShapeRule
from eznas.ops.jit import compile_for, compiled, compiled_part
from eznas.ops.kernels.blas_threads import one_blas_thread
from eznas.ops.kernels.execute import call_kernel
from eznas.ops.kernels.kernel import FACTORIZED, Operand, Workspace
from eznas.ops.plan import LOAD, Plan
from eznas.ops.schedule import (
    COUNTED,
    STORED,
    Nodes,
    Operands,
    Schedule,
    infer_shapes,
    new_schedule,
    place_nodes,
    schedule_nodes,
)
from eznas.ops.shapes import MAXIMUM_AXES, element_count
from eznas.ops.streams import number_of, operand_at, register_elements, run_node, run_stream
from eznas.system.compilation import Part
from eznas.terminals import TERMINAL_COUNT, TERMINALS

ToScalar = Literal["mean", "l2"]
"""How a result becomes one number per unit: its mean, or its Euclidean norm."""

_DENSE: Final = {ShapeRule.SCALAR_OF_GRAM, ShapeRule.DETERMINANT, ShapeRule.MATMUL}
_BY_BLAS: Final = {operation.id for operation in OPERATIONS if operation.rule in _DENSE}


@compiled
def _run(
    nodes: Nodes,
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
    count = nodes.operation.size
    shapes = np.ones((TERMINAL_COUNT + count, MAXIMUM_AXES), np.int64)
    axes = np.zeros(TERMINAL_COUNT + count, np.int64)
    empty = np.empty(0, np.float32)
    operands = Operands(values, empty, np.zeros(TERMINAL_COUNT + count, np.int64), shapes, axes)
    workspace = Workspace(empty, np.empty((3, MAXIMUM_AXES), np.int64), empty, np.empty(2, np.int64))
    registers = empty
    schedule = new_schedule(count)
    column_of = np.full(count, -1, np.int64)
    for column in range(recorded.size):
        if recorded[column] >= TERMINAL_COUNT:
            column_of[recorded[column] - TERMINAL_COUNT] = column
    for unit in range(offsets.shape[0]):
        for terminal in range(TERMINAL_COUNT):
            axes[terminal] = terminal_axes[unit, terminal]
            operands.start[terminal] = offsets[unit, terminal]
            for place in range(MAXIMUM_AXES):
                shapes[terminal, place] = terminal_shapes[unit, terminal, place]
        workspace_size, kept_size = infer_shapes(nodes, cached_valid[unit], shapes, axes)
        if workspace.numbers.size < workspace_size or workspace.pivots.size < kept_size:
            workspace = Workspace(
                np.empty(workspace_size, np.float32),
                workspace.shapes,
                np.empty(kept_size, np.float32),
                workspace.operands,
            )
        workspace.operands[FACTORIZED] = -1
        most_steps = schedule_nodes(nodes, column_of, shapes, axes, schedule)
        if registers.size < register_elements(most_steps):
            registers = np.empty(register_elements(most_steps), np.float32)
        scratch_size = place_nodes(nodes, operands, schedule)
        if operands.scratch.size < scratch_size:
            operands = Operands(values, np.empty(scratch_size, np.float32), operands.start, shapes, axes)
        for column in range(recorded.size):
            if recorded[column] < TERMINAL_COUNT and element_count(shapes[recorded[column]]) > 0:
                numbers[unit, column] = number_of(operand_at(recorded[column], operands).values, use_norm)
                valid[unit, column] = True
        for node in range(count):
            state = schedule.state[node]
            if state not in (STORED, COUNTED):
                continue
            number = np.float32(0.0)
            if nodes.operation[node] == LOAD:
                operands.scratch[operands.start[TERMINAL_COUNT + node]] = cached_values[unit, nodes.first[node]]
            else:
                number = run_node(node, nodes, operands, schedule, registers, workspace, use_norm)
            column = column_of[node]
            if column >= 0:
                if state == STORED:
                    number = number_of(operand_at(TERMINAL_COUNT + node, operands).values, use_norm)
                numbers[unit, column] = number
                valid[unit, column] = True


def _read_only(array: NDArray[Any], data_type: type[np.generic]) -> NDArray[Any]:
    """The array as a read-only C-contiguous one, so that memory maps and arrays run the same compiled code."""
    frozen = np.ascontiguousarray(array, data_type).view()
    frozen.flags.writeable = False
    return frozen


def compiled_parts() -> list[Part]:
    """Return what of the interpreter can be compiled by itself, which is most of it."""
    numbers, places, by_axis = np.empty(0, np.float32), np.empty(0, np.int64), np.empty((0, MAXIMUM_AXES), np.int64)
    values, plan = _read_only(numbers, np.float32), _read_only(places, np.int64)
    operands = Operands(values, numbers, places, by_axis, places)
    schedule = Schedule(places, places, places, places, places, places, places, places, by_axis)
    result, operand = Operand(numbers, places, 0), Operand(values, places, 0)
    workspace = Workspace(numbers, by_axis, numbers, places)
    of_stream = (0, Nodes(plan, plan, plan), operands, schedule, numbers, places, True)
    return [
        compiled_part("kernels", __file__, partial(compile_for, call_kernel, 0, result, operand, operand, workspace)),
        compiled_part("streams", __file__, partial(compile_for, run_stream, *of_stream)),
    ]


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
    calls_blas = not _BY_BLAS.isdisjoint(plan.operation.tolist())
    with (
        one_blas_thread() if calls_blas else nullcontext(),
        np.errstate(all="ignore"),  # for NUMBA_DISABLE_JIT, where the kernels run in numpy
    ):
        _run(
            Nodes(*(_read_only(part, np.int64) for part in (plan.operation, plan.first, plan.second))),
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
