"""Run one operation's kernel on numpy arrays, the way the interpreter does."""

from __future__ import annotations

import numpy as np

from eznas.ops.kernels.execute import kept_elements, workspace_elements
from eznas.ops.kernels.kernel import Workspace
from eznas.ops.schedule import STORED, Nodes, Operands, infer_shapes, new_schedule
from eznas.ops.shapes import MAXIMUM_AXES
from eznas.ops.streams import register_elements, run_node
from eznas.terminals import TERMINAL_COUNT


def run_kernel(operation: int, a: np.ndarray, b: np.ndarray | None = None) -> np.ndarray | None:
    """The result, or None for shapes that the operation cannot take."""
    arguments = [a] if b is None else [a, b]
    parts = ([operation], [0], [-1 if b is None else 1])
    nodes = Nodes(*(_read_only(np.array(part, np.int64)) for part in parts))
    shapes = np.ones((TERMINAL_COUNT + 1, MAXIMUM_AXES), np.int64)
    axes = np.zeros(TERMINAL_COUNT + 1, np.int64)
    start = np.zeros(TERMINAL_COUNT + 1, np.int64)
    for place, argument in enumerate(arguments):
        shapes[place, : argument.ndim] = argument.shape
        axes[place] = argument.ndim
        start[place] = sum(earlier.size for earlier in arguments[:place])
    infer_shapes(
        nodes, _read_only(np.zeros((0, MAXIMUM_AXES), np.int64)), _read_only(np.zeros(0, np.int64)), shapes, axes
    )
    if axes[-1] < 0:
        return None
    result = np.full(int(shapes[-1].prod()), 123.0, np.float32)
    values = np.concatenate([argument.astype(np.float32).ravel() for argument in arguments])
    operands = Operands(_read_only(values), result, start, shapes, axes)
    schedule = new_schedule(1)
    schedule.state[0], schedule.first_step[0] = STORED, -1
    numbers = np.full(workspace_elements(operation, shapes[0], a.ndim), 321.0, np.float32)
    pivots = np.full(kept_elements(operation, shapes[0], a.ndim), 321.0, np.float32)
    known = np.zeros(TERMINAL_COUNT + 1, np.uint8)
    workspace = Workspace(numbers, np.empty((3, MAXIMUM_AXES), np.int64), pivots, np.array([-1]), known)
    registers = np.full(register_elements(0), 321.0, np.float32)
    with np.errstate(all="ignore"):
        run_node(0, nodes, operands, schedule, registers, workspace, False)
    return result.reshape(shapes[-1, : axes[-1]])


def _read_only(array: np.ndarray) -> np.ndarray:
    """The array; read-only, as the interpreter passes it, so that both run the same compiled code."""
    array.flags.writeable = False
    return array
