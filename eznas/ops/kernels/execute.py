"""One operation on one unit: the branch that calls each kernel, and how much workspace that kernel needs.

numba compiles no table of functions, so the branches are written out: for every operation of the catalogue one `if`
that calls the kernel of its name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.catalogue import OPERATIONS, Operation
from eznas.ops.jit import compiled
from eznas.ops.kernels import eigenvalues, elementwise, matrices, normalization, reductions  # noqa: F401 - fill KERNELS
from eznas.ops.kernels.broadcasting import BLOCK, block_of
from eznas.ops.kernels.eigenvalues import workspace_of_order
from eznas.ops.kernels.factorization import factorization_elements, pivot_elements
from eznas.ops.kernels.kernel import KERNELS, Operand, Workspace
from eznas.ops.shapes import DETERMINANT, RULE_OF, SCALAR_OF_GRAM, element_count

# How an operation is computed, as the table `_WAY` says: element by element, or by one call.
_ONE_BY_ONE: Final = 0
_TWO_BY_TWO: Final = 1
_CALL: Final = 2


def _way(operation: Operation) -> int:
    if not KERNELS[operation.name].is_elementwise:
        return _CALL
    return _ONE_BY_ONE if operation.arity == 1 else _TWO_BY_TWO


_WAY: Final = np.array([_way(operation) for operation in OPERATIONS], np.int64)


def _call(operation: Operation) -> str:
    """The statement that calls a kernel of operands."""
    call = f"{operation.name}({', '.join(KERNELS[operation.name].parameters)})"
    return call if "result" in KERNELS[operation.name].parameters else f"result.values[0] = {call}"


def _branches(head: str, way: int, statement: Callable[[Operation], str]) -> Any:
    """Compile a function that runs the statement of the operation whose id is its first argument.

    Args:
        head: the function's name and parameters.
        way: which operations have a branch.
        statement: the line of an operation's branch, in which its kernel goes by its name.
    """
    operations = [operation for operation in OPERATIONS if _way(operation) == way]
    lines = [f"def {head}:"]
    for operation in operations:
        lines += [f"    if operation == {operation.id}:", f"        {statement(operation)}", "        return"]
    names: dict[str, Any] = {"__name__": __name__}
    names |= {operation.name: KERNELS[operation.name].function for operation in operations}
    exec(compile("\n".join(lines), __file__, "exec"), names)  # numba's cache asks for a file that exists
    return compiled(names[head.partition("(")[0]])


map_one = _branches(
    "map_one(operation, result, a)",
    _ONE_BY_ONE,
    lambda operation: f"for i in range(result.size): result[i] = {operation.name}(a[i])",
)
"""Compute an element-wise operation of one argument on flat arrays of the same length."""

map_two = _branches(
    "map_two(operation, result, a, b)",
    _TWO_BY_TWO,
    lambda operation: f"for i in range(result.size): result[i] = {operation.name}(a[i], b[i])",
)
"""Compute an element-wise operation of two arguments on flat arrays of the same length."""

_call_kernel = _branches("_call_kernel(operation, result, a, b, workspace)", _CALL, _call)
"""Compute an operation whose kernel takes operands."""


@compiled
def workspace_elements(operation: int, shape: NDArray[np.int64], axes: int) -> int:
    """How many float32 of workspace an operation needs for a first argument of this shape."""
    rule = RULE_OF[operation]
    if rule == DETERMINANT:
        return factorization_elements(int(shape[axes - 1]))
    if rule == SCALAR_OF_GRAM:
        return workspace_of_order(int(shape[0]))
    return 2 * BLOCK


@compiled
def kept_elements(operation: int, shape: NDArray[np.int64], axes: int) -> int:
    """How many float32 an operation keeps for the next one with the same first argument, which has this shape."""
    if RULE_OF[operation] != DETERMINANT:
        return 0
    order = int(shape[axes - 1])
    return pivot_elements(order, element_count(shape) // (order * order))


@compiled
def execute(operation: int, result: Operand, a: Operand, b: Operand, workspace: Workspace) -> None:
    """Compute one operation on arguments that it can take.

    Args:
        operation: id.
        result: overwritten; of the shape that `infer_shape` says.
        a: first argument.
        b: second argument; not read for an operation of one.
        workspace: overwritten.
    """
    way = _WAY[operation]
    if way == _CALL:
        _call_kernel(operation, result, a, b, workspace)
    elif way == _ONE_BY_ONE:
        map_one(operation, result.values, a.values)
    else:
        n = result.values.size
        if a.values.size == n and b.values.size == n:
            map_two(operation, result.values, a.values, b.values)
            return
        for start in range(0, n, BLOCK):
            stop = min(start + BLOCK, n)
            left = block_of(workspace.numbers[:BLOCK], a, result.shape, result.axes, start, stop)
            right = block_of(workspace.numbers[BLOCK : 2 * BLOCK], b, result.shape, result.axes, start, stop)
            map_two(operation, result.values[start:stop], left, right)
