"""Whether all numbers of a matrix are zero, or finite, written as instructions for vectors.

The sizes of float32 numbers are ordered as their bits without the sign are, so that one maximum of whole numbers tells.
LLVM would look at one number after the other.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils as untyped_cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from eznas.ops.jit import JIT_DISABLED, borrowing, float_to_bits, inlined
from eznas.ops.kernels.lanes import LANES
from eznas.ops.kernels.vector_code import pointer_to
from eznas.ops.kernels.vector_math import ZERO

_SIZE: Final = np.int32(2**31 - 1)
"""All bits but the sign."""
_LARGEST_FINITE: Final = np.int32(np.finfo(np.float32).max.view(np.int32))
_VECTORS: Final = 8
_BLOCK: Final = _VECTORS * LANES
"""Numbers that are looked at at once."""

if JIT_DISABLED:

    def _largest_of_block(values: NDArray[np.float32], start: int) -> np.int32:
        """The bits of the size of the largest of `_BLOCK` numbers; of these NaN is the largest."""
        sizes: NDArray[np.int32] = values[start : start + _BLOCK].view(np.int32) & _SIZE
        return np.int32(sizes.max())

else:
    cgutils: Any = untyped_cgutils

    @intrinsic
    def _largest_of_block(_typing: Any, _values: Any, _start: Any) -> Any:
        """As above."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values, start = arguments
            kind = ir.VectorType(ir.IntType(32), LANES)
            mask = ir.Constant(kind, [int(_SIZE)] * LANES)
            largest = ir.Constant(kind, [0] * LANES)
            for vector in range(_VECTORS):
                index = builder.add(start, ir.Constant(start.type, vector * LANES))
                place = pointer_to(context, builder, signature.args[0], values, index, kind)
                sizes = builder.and_(builder.load(place, align=4), mask)
                largest = builder.select(builder.icmp_unsigned(">", sizes, largest), sizes, largest)
            function_type = ir.FunctionType(ir.IntType(32), [kind])
            name = f"llvm.vector.reduce.umax.v{LANES}i32"
            return builder.call(cgutils.get_or_insert_function(builder.module, function_type, name), [largest])

        return types.int32(types.float32[::1], types.intp), generate


@inlined
def _largest(values: NDArray[np.float32], first: int) -> np.int32:
    """The bits of the size of the largest of up to `_BLOCK` numbers, those from `first` on."""
    if first + _BLOCK <= values.size:
        return _largest_of_block(values, first)
    largest = np.int32(0)
    for i in range(first, values.size):
        largest = max(largest, float_to_bits(values[i]) & _SIZE)
    return largest


@inlined
def _is_within(values: NDArray[np.float32], bound: np.int32) -> bool:
    """Whether no number is larger than the one of these bits."""
    first = 0
    while first < values.size and _largest(values, first) <= bound:
        first += _BLOCK
    return first >= values.size


@borrowing
def _is_zero(values: NDArray[np.float32]) -> bool:
    return _is_within(values, np.int32(0))


@inlined
def is_zero(values: NDArray[np.float32]) -> bool:
    """Whether there are numbers and all are zero, of either sign. Two of others mostly say that they are not."""
    return bool(values.size > 0 and values[0] == ZERO and values[-1] == ZERO) and _is_zero(values)


@borrowing
def is_finite(values: NDArray[np.float32]) -> bool:
    """Whether no number is infinite or NaN."""
    return _is_within(values, _LARGEST_FINITE)
