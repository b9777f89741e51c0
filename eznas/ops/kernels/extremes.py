"""Whether all numbers of an operand are zero, or finite: looked at once on a unit, by instructions for vectors.

The sizes of float32 numbers are ordered as their bits without the sign are. LLVM would look at one number after the
other.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from eznas.ops.jit import JIT_DISABLED, borrowing, float_to_bits, inlined
from eznas.ops.kernels.kernel import Operand, Workspace
from eznas.ops.kernels.lanes import LANES
from eznas.ops.kernels.vector_code import pointer_to, repeated
from eznas.ops.kernels.vector_math import ZERO

UNKNOWN: Final = 0
"""In `Workspace.extremes`: nobody has looked at the numbers of the operand."""
_ZERO: Final = 1
"""All are zero."""
_NOT_ZERO: Final = 2
"""Some are not zero, and nobody has looked whether all are finite."""
_FINITE: Final = 3
"""Some are not zero, and all are finite."""
_NOT_FINITE: Final = 4

_SIZE: Final = np.int32(2**31 - 1)
"""All bits but the sign."""
_LARGEST_FINITE: Final = np.int32(np.finfo(np.float32).max.view(np.int32))
_VECTORS: Final = 8
_BLOCK: Final = _VECTORS * LANES
"""Numbers that are looked at at once."""

if JIT_DISABLED:

    def _block_exceeds(values: NDArray[np.float32], start: int, bound: np.int32) -> bool:
        """Whether any of `_BLOCK` numbers is larger than the one of these bits; NaN is the largest."""
        return bool((values[start : start + _BLOCK].view(np.int32) & _SIZE > bound).any())

else:

    @intrinsic
    def _block_exceeds(_typing: Any, _values: Any, _start: Any, _bound: Any) -> Any:
        """As above."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values, start, bound = arguments
            kind = ir.VectorType(ir.IntType(32), LANES)
            mask, bounds = ir.Constant(kind, [int(_SIZE)] * LANES), repeated(builder, bound, kind)
            exceeds = ir.Constant(ir.VectorType(ir.IntType(1), LANES), [0] * LANES)
            for vector in range(_VECTORS):
                index = builder.add(start, ir.Constant(start.type, vector * LANES))
                place = pointer_to(context, builder, signature.args[0], values, index, kind)
                sizes = builder.and_(builder.load(place, align=4), mask)
                exceeds = builder.or_(exceeds, builder.icmp_unsigned(">", sizes, bounds))
            bits = ir.IntType(LANES)
            return builder.icmp_unsigned("!=", builder.bitcast(exceeds, bits), ir.Constant(bits, 0))

        return types.boolean(types.float32[::1], types.intp, types.int32), generate


@inlined
def _is_within(values: NDArray[np.float32], bound: np.int32) -> bool:
    """Whether no number is larger than the one of these bits."""
    whole = values.size - values.size % _BLOCK
    for first in range(0, whole, _BLOCK):
        if _block_exceeds(values, first, bound):
            return False
    for i in range(whole, values.size):  # noqa: SIM110  numba compiles no all()
        if float_to_bits(values[i]) & _SIZE > bound:
            return False
    return True


@borrowing
def is_finite(values: NDArray[np.float32]) -> bool:
    """Whether no number is infinite or NaN."""
    return _is_within(values, _LARGEST_FINITE)


@borrowing
def is_zero_operand(operand: Operand, workspace: Workspace) -> bool:
    """Whether an operand has numbers and all are zero, of either sign; noted in the workspace."""
    if workspace.extremes[operand.number] == UNKNOWN:
        values = operand.values
        # Two of other numbers mostly say that they are not.
        may_be = values.size > 0 and values[0] == ZERO and values[-1] == ZERO
        is_zero = may_be and _is_within(values, np.int32(0))
        workspace.extremes[operand.number] = _ZERO if is_zero else _NOT_ZERO
    return bool(workspace.extremes[operand.number] == _ZERO)


@borrowing
def is_finite_operand(operand: Operand, workspace: Workspace) -> bool:
    """Whether no number of an operand is infinite or NaN; noted in the workspace."""
    if is_zero_operand(operand, workspace):
        return True
    if workspace.extremes[operand.number] == _NOT_ZERO:
        workspace.extremes[operand.number] = _FINITE if is_finite(operand.values) else _NOT_FINITE
    return bool(workspace.extremes[operand.number] == _FINITE)


@borrowing
def make_zero(operand: Operand, workspace: Workspace) -> None:
    """Make all numbers of an operand 0, and note it in the workspace."""
    for place in range(operand.values.size):
        operand.values[place] = ZERO
    workspace.extremes[operand.number] = _ZERO
