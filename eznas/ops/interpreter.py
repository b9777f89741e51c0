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
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eznas.ops.catalogue import OPERATIONS, ShapeRule
from eznas.ops.jit import borrowing, compile_for, compiled, compiled_part, inlined
from eznas.ops.kernels.blas_threads import one_blas_thread
from eznas.ops.kernels.execute import call_kernel
from eznas.ops.kernels.extremes import UNKNOWN
from eznas.ops.kernels.kernel import Operand, Workspace
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
from eznas.ops.unit_tensors import INVALID, NOT_KEPT, UnitTensors
from eznas.system.compilation import Part
from eznas.terminals import TERMINAL_COUNT, TERMINALS

ToScalar = Literal["mean", "l2"]
"""How a result becomes one number per unit: its mean, or its Euclidean norm."""

_DENSE: Final = {ShapeRule.SCALAR_OF_GRAM, ShapeRule.DETERMINANT, ShapeRule.MATMUL}
_BY_BLAS: Final = {operation.id for operation in OPERATIONS if operation.rule in _DENSE}


MOST_KEPT: Final = 1024
"""Elements of the largest tensor of a unit that is kept."""


class PlanResults(NamedTuple):
    """What a plan of r recorded and t kept nodes gives on each unit of a network.

    Attributes:
        numbers: float32[units, r], the number of each result, 0 where it is invalid. A result of one element is
            recorded as that element, also for the norm: a later plan may load it, and a norm would have lost its sign.
            Whoever wants the norm takes the absolute value.
        valid: bool[units, r], whether the shapes on a unit were ones that all operations below the node could take.
        kept: the t tensors; none where nobody needs it on a unit, or where it has more than `MOST_KEPT` elements.
    """

    numbers: NDArray[np.float32]
    valid: NDArray[np.bool_]
    kept: UnitTensors


class _Results(NamedTuple):
    """Where the results of a plan of n nodes go.

    Attributes:
        recorded: int64[r], the operands whose numbers are recorded.
        column_of: int64[n], where a node's number is recorded, -1 for nowhere.
        numbers: float32[units, r], see `PlanResults`.
        valid: bool[units, r], see `PlanResults`.
        kept: int64[t], the operands whose tensors are kept.
        place_of: int64[n], where among these a node's tensor is, -1 for nowhere.
        tensors: those that are kept.
    """

    recorded: NDArray[np.int64]
    column_of: NDArray[np.int64]
    numbers: NDArray[np.float32]
    valid: NDArray[np.bool_]
    kept: NDArray[np.int64]
    place_of: NDArray[np.int64]
    tensors: UnitTensors


@compiled
def _places(operands: NDArray[np.int64], nodes: int) -> NDArray[np.int64]:
    """By node, its place among the operands, -1 for one that is not among them."""
    places = np.full(nodes, -1, np.int64)
    for place in range(operands.size):
        if operands[place] >= TERMINAL_COUNT:
            places[operands[place] - TERMINAL_COUNT] = place
    return places


@borrowing
def _begin_unit(
    unit: int, nodes: Nodes, terminals: UnitTensors, cached: UnitTensors, operands: Operands, workspace: Workspace
) -> tuple[int, int]:
    """Fill in the operands of a unit but for the places of nodes; returns what `infer_shapes` does."""
    for terminal in range(TERMINAL_COUNT):
        operands.axes[terminal] = terminals.axes[unit, terminal]
        operands.start[terminal] = terminals.offsets[unit, terminal]
        _copy(operands.shapes[terminal], terminals.shapes[unit, terminal])
    workspace.factorized[0] = -1
    for operand in range(workspace.extremes.size):
        workspace.extremes[operand] = UNKNOWN
    return infer_shapes(nodes, cached.shapes[unit], cached.axes[unit], operands.shapes, operands.axes)


@borrowing
def _room_to_keep(kept: NDArray[np.int64], operands: Operands, schedule: Schedule) -> int:
    """How many numbers the tensors of a unit have that are kept."""
    room = 0
    for place in range(kept.size):
        size = element_count(operands.shapes[kept[place]])
        if schedule.state[kept[place] - TERMINAL_COUNT] == STORED and size <= MOST_KEPT:
            room += size
    return room


@borrowing
def _run_unit(
    unit: int,
    nodes: Nodes,
    cached: UnitTensors,
    operands: Operands,
    schedule: Schedule,
    registers: NDArray[np.float32],
    workspace: Workspace,
    use_norm: bool,
    results: _Results,
    used: int,
) -> None:
    """Run the nodes of a unit, whose tensors are kept after those that are `used`."""
    tensors = results.tensors
    for place in range(results.kept.size):
        tensors.axes[unit, place] = INVALID if operands.axes[results.kept[place]] < 0 else NOT_KEPT
    for column in range(results.recorded.size):
        operand = results.recorded[column]
        if operand < TERMINAL_COUNT and element_count(operands.shapes[operand]) > 0:
            results.numbers[unit, column] = number_of(operand_at(operand, operands).values, use_norm)
            results.valid[unit, column] = True
    for node in range(nodes.operation.size):
        state = schedule.state[node]
        if state not in (STORED, COUNTED):
            continue
        number = np.float32(0.0)
        if nodes.operation[node] == LOAD:
            start, first = operands.start[TERMINAL_COUNT + node], cached.offsets[unit, nodes.first[node]]
            size = element_count(operands.shapes[TERMINAL_COUNT + node])
            _copy(operands.scratch[start:], cached.values[first : first + size])
        else:
            number = run_node(node, nodes, operands, schedule, registers, workspace, use_norm)
        column = results.column_of[node]
        if column >= 0:
            if state == STORED:
                number = number_of(operand_at(TERMINAL_COUNT + node, operands).values, use_norm)
            results.numbers[unit, column] = number
            results.valid[unit, column] = True
        place = results.place_of[node]
        if place >= 0:
            tensor = operand_at(TERMINAL_COUNT + node, operands)
            if tensor.values.size <= MOST_KEPT:
                _copy(tensors.values[used:], tensor.values)
                _copy(tensors.shapes[unit, place], tensor.shape)
                tensors.axes[unit, place] = tensor.axes
                tensors.offsets[unit, place] = used
                used += tensor.values.size


@inlined
def _copy(target: NDArray[Any], source: NDArray[Any]) -> None:
    for i in range(source.size):
        target[i] = source[i]


@compiled
def _run(
    nodes: Nodes,
    recorded: NDArray[np.int64],
    kept: NDArray[np.int64],
    terminals: UnitTensors,
    cached: UnitTensors,
    use_norm: bool,
    numbers: NDArray[np.float32],
    valid: NDArray[np.bool_],
    tensors: UnitTensors,
) -> NDArray[np.float32]:
    """`evaluate_plan` on arrays; fills `numbers` and `valid`, which come as zeros, and `tensors` but for its values.

    Returns those.
    """
    count = nodes.operation.size
    empty = np.empty(0, np.float32)
    operands = Operands(
        terminals.values,
        empty,
        np.zeros(TERMINAL_COUNT + count, np.int64),
        np.ones((TERMINAL_COUNT + count, MAXIMUM_AXES), np.int64),
        np.zeros(TERMINAL_COUNT + count, np.int64),
    )
    workspace = Workspace(
        empty,
        np.empty((3, MAXIMUM_AXES), np.int64),
        empty,
        np.empty(1, np.int64),
        np.empty(TERMINAL_COUNT + count, np.uint8),
    )
    registers = empty
    schedule = new_schedule(count)
    column_of, place_of = _places(recorded, count), _places(kept, count)
    used = 0
    for unit in range(terminals.offsets.shape[0]):
        workspace_size, pivots_size = _begin_unit(unit, nodes, terminals, cached, operands, workspace)
        if workspace.numbers.size < workspace_size or workspace.pivots.size < pivots_size:
            workspace = Workspace(
                np.empty(workspace_size, np.float32),
                workspace.shapes,
                np.empty(pivots_size, np.float32),
                workspace.factorized,
                workspace.extremes,
            )
        most_steps = schedule_nodes(nodes, column_of, operands.shapes, operands.axes, schedule)
        if registers.size < register_elements(most_steps):
            registers = np.empty(register_elements(most_steps), np.float32)
        scratch_size = place_nodes(nodes, operands, schedule)
        if operands.scratch.size < scratch_size:
            scratch = np.empty(scratch_size, np.float32)
            operands = Operands(operands.values, scratch, operands.start, operands.shapes, operands.axes)
        room = _room_to_keep(kept, operands, schedule)
        if used + room > tensors.values.size:
            larger = np.empty(2 * (used + room), np.float32)
            _copy(larger, tensors.values[:used])
            tensors = UnitTensors(larger, tensors.offsets, tensors.shapes, tensors.axes)
        results = _Results(recorded, column_of, numbers, valid, kept, place_of, tensors)
        _run_unit(unit, nodes, cached, operands, schedule, registers, workspace, use_norm, results, used)
        used += room
    return tensors.values[:used]


def _read_only(array: NDArray[Any], data_type: type[np.generic]) -> NDArray[Any]:
    """The array as a read-only C-contiguous one, so that memory maps and arrays run the same compiled code."""
    frozen = np.ascontiguousarray(array, data_type).view()
    frozen.flags.writeable = False
    return frozen


def _frozen(tensors: UnitTensors) -> UnitTensors:
    return UnitTensors(_read_only(tensors.values, np.float32), *(_read_only(part, np.int64) for part in tensors[1:]))


def compiled_parts() -> list[Part]:
    """Return what of the interpreter can be compiled by itself, which is most of it."""
    numbers, places, by_axis = np.empty(0, np.float32), np.empty(0, np.int64), np.empty((0, MAXIMUM_AXES), np.int64)
    values, plan = _read_only(numbers, np.float32), _read_only(places, np.int64)
    operands = Operands(values, numbers, places, by_axis, places)
    schedule = Schedule(places, places, places, places, places, places, places, places, by_axis, places)
    result, operand = Operand(numbers, places, 0, 0), Operand(values, places, 0, 0)
    workspace = Workspace(numbers, by_axis, numbers, places, np.empty(0, np.uint8))
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
    to_scalar: ToScalar,
    cached: UnitTensors | None = None,
) -> PlanResults:
    """Run a plan on every unit of one network.

    Thread-safe; the GIL is released while the plan runs. No input is modified, and all may be read-only.

    Args:
        plan: the nodes, and which of them to record and to keep.
        values: float32[total], all statistics of the network one after another.
        offsets: int64[units, 22], where each statistic starts in `values`; -1 where it was not collected.
        shapes: int64[units, 22, 4], left-aligned, unused places 1.
        axes: int64[units, 22], numbers of axes, 0 to 4.
        to_scalar: what becomes of a result with more than one element: its `mean`, or its Euclidean norm `l2`.
        cached: what the plan's `LOAD` nodes read, on these units; None where it has none.

    Raises:
        ValueError: the plan reads a statistic that was not collected, or `to_scalar` is unknown.
    """
    if to_scalar not in {"mean", "l2"}:
        raise ValueError(f"to_scalar is 'mean' or 'l2', not {to_scalar!r}")
    read = sorted(plan.terminals)
    if (missing := (offsets[:, read] < 0).any(axis=0)).any():
        name = TERMINALS[read[int(missing.argmax())]].name
        raise ValueError(f"the plan reads {name}, which was not collected")
    units = len(offsets)
    numbers = np.zeros((units, len(plan.recorded)), np.float32)
    valid = np.zeros(numbers.shape, np.bool_)
    kept = UnitTensors(
        np.empty(0, np.float32),
        np.zeros((units, len(plan.kept)), np.int64),
        np.ones((units, len(plan.kept), MAXIMUM_AXES), np.int64),
        np.empty((units, len(plan.kept)), np.int64),
    )
    calls_blas = not _BY_BLAS.isdisjoint(plan.operations)
    with (
        one_blas_thread() if calls_blas else nullcontext(),
        np.errstate(all="ignore"),  # for NUMBA_DISABLE_JIT, where the kernels run in numpy
    ):
        kept_values = _run(
            Nodes(*(_read_only(part, np.int64) for part in (plan.operation, plan.first, plan.second))),
            _read_only(plan.recorded, np.int64),
            _read_only(plan.kept, np.int64),
            _frozen(UnitTensors(values, offsets, shapes, axes)),
            _frozen(UnitTensors.none(units) if cached is None else cached),
            to_scalar == "l2",
            numbers,
            valid,
            kept,
        )
    return PlanResults(numbers, valid, kept._replace(values=kept_values))
