"""One operation: the branch that calls each kernel, and how much workspace that kernel needs.

numba compiles no table of functions, so the branches are written out: for every operation of the catalogue one `if`
that calls the kernel of its name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.catalogue import OPERATIONS, Operation
from eznas.ops.jit import borrowing
from eznas.ops.kernels import eigenvalues, elementwise, matrices, normalization, reductions  # noqa: F401 - fill KERNELS
from eznas.ops.kernels.broadcasting import BLOCK
from eznas.ops.kernels.eigenvalues import workspace_of_order
from eznas.ops.kernels.factorization import factorization_elements, pivot_elements
from eznas.ops.kernels.kernel import KERNELS
from eznas.ops.shapes import DETERMINANT, RULE_OF, SCALAR_OF_GRAM, element_count

ONE_BY_ONE: Final = 0
"""Element by element, from one argument."""
TWO_BY_TWO: Final = 1
"""Element by element, from two arguments."""
TOTAL: Final = 2
"""Block by block, to one number."""
CALL: Final = 3
"""By one call, from whole arguments."""


def _way(operation: Operation) -> int:
    kernel = KERNELS[operation.name]
    if kernel.is_elementwise:
        return ONE_BY_ONE if operation.arity == 1 else TWO_BY_TWO
    return CALL if kernel.total is None else TOTAL


WAY: Final = np.array([_way(operation) for operation in OPERATIONS], np.int64)
"""How an operation is computed, by its id."""

_SUM: Final = 0
_MEAN: Final = 1
_ROOT: Final = 2
_TOTALS: Final = {None: _SUM, "sum": _SUM, "mean": _MEAN, "root": _ROOT}
_TOTAL_OF: Final = np.array([_TOTALS[KERNELS[operation.name].total] for operation in OPERATIONS], np.int64)


def _call(operation: Operation) -> str:
    """The statement that calls a kernel of operands."""
    call = f"{operation.name}({', '.join(KERNELS[operation.name].parameters)})"
    return call if "result" in KERNELS[operation.name].parameters else f"result.values[0] = {call}"


def _branches(head: str, way: int, statement: Callable[[Operation], str], otherwise: str = "return") -> Any:
    """Compile a function that runs the statement of the operation whose id is its first argument.

    Args:
        head: the function's name and parameters.
        way: which operations have a branch.
        statement: the line of an operation's branch, in which its kernel goes by its name.
        otherwise: the line for any other operation.
    """
    operations = [operation for operation in OPERATIONS if _way(operation) == way]
    lines = [f"def {head}:"]
    for operation in operations:
        lines += [f"    if operation == {operation.id}:", f"        {statement(operation)}", "        return"]
    lines.append(f"    {otherwise}")
    names: dict[str, Any] = {"__name__": __name__}
    names |= {operation.name: KERNELS[operation.name].function for operation in operations}
    exec(compile("\n".join(lines), __file__, "exec"), names)  # numba's cache asks for a file that exists
    return borrowing(names[head.partition("(")[0]])


map_one = _branches(
    "map_one(operation, result, a)",
    ONE_BY_ONE,
    lambda operation: f"for i in range(result.size): result[i] = {operation.name}(a[i])",
)
"""Compute an element-wise operation of one argument on flat arrays of the same length."""

map_two = _branches(
    "map_two(operation, result, a, b)",
    TWO_BY_TWO,
    lambda operation: f"for i in range(result.size): result[i] = {operation.name}(a[i], b[i])",
)
"""Compute an element-wise operation of two arguments on flat arrays of the same length."""

total_of_block = _branches(
    "total_of_block(operation, a, b, terms)",
    TOTAL,
    lambda operation: f"return {operation.name}({', '.join(KERNELS[operation.name].parameters)})",
    otherwise="return 0.0",
)
"""Return what a block of the arguments adds to the sum in float64 that an operation's total is made of.

`terms` is as long as a block, and overwritten.
"""

call_kernel = _branches("call_kernel(operation, result, a, b, workspace)", CALL, _call)
"""Compute an operation whose kernel takes operands, which have shapes that it can take.

`result` is overwritten and has the shape that `infer_shape` says, `workspace` is overwritten, and `b` is not read for
an operation of one argument.
"""


@borrowing
def workspace_elements(operation: int, shape: NDArray[np.int64], axes: int) -> int:
    """How many float32 of workspace an operation needs for a first argument of this shape."""
    rule = RULE_OF[operation]
    if rule == DETERMINANT:
        return factorization_elements(int(shape[axes - 1]))
    if rule == SCALAR_OF_GRAM:
        return workspace_of_order(int(shape[0]))
    return 2 * BLOCK


@borrowing
def kept_elements(operation: int, shape: NDArray[np.int64], axes: int) -> int:
    """How many float32 an operation keeps for the next one with the same first argument, which has this shape."""
    if RULE_OF[operation] != DETERMINANT:
        return 0
    order = int(shape[axes - 1])
    return pivot_elements(order, element_count(shape) // (order * order))


@borrowing
def number_of_total(operation: int, total: float, count: int) -> np.float32:
    """The result of an operation that gives a total, from the sum over all blocks of `count` elements."""
    if _TOTAL_OF[operation] == _MEAN:
        return np.float32(total / count)
    return np.float32(np.sqrt(total) if _TOTAL_OF[operation] == _ROOT else total)
