"""Sums in float64 whose order follows from the length alone.

Element i is added to partial sum i modulo `_PARTS`, and the partial sums are added in pairs, halves of them at a time.
So a sum has the same bits on every processor, however many numbers its vectors hold; left to LLVM, it would be split
into as many parts as they do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils as untyped_cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from eznas.ops.jit import JIT_DISABLED
from eznas.ops.kernels.vector_code import first_lanes, length_of, masked_load, multiplied_added, pointer_to, repeated

_PARTS: Final = 32
"""Enough vectors of sums that none waits for the one before, and few enough for the registers."""

if JIT_DISABLED:

    def _added(terms: NDArray[np.float64]) -> float:
        padded = np.zeros(-(-terms.size // _PARTS) * _PARTS)
        padded[: terms.size] = terms
        sums = np.zeros(_PARTS)
        for row in padded.reshape(-1, _PARTS):
            sums += row
        while sums.size > 1:
            sums = sums[: sums.size // 2] + sums[sums.size // 2 :]
        return float(sums[0])

    def sum_of(a: NDArray[np.float32]) -> float:
        """Sum in float64."""
        return _added(a.astype(np.float64))

    def sum_of_absolutes(a: NDArray[np.float32]) -> float:
        """Sum of absolute values in float64."""
        return _added(np.abs(a.astype(np.float64)))

    def sum_and_sum_of_absolutes(a: NDArray[np.float32]) -> tuple[float, float]:
        """Both, read once."""
        return sum_of(a), sum_of_absolutes(a)

    def dot(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
        """Sum of products in float64, where a product of two float32 numbers is exact."""
        return _added(a.astype(np.float64) * b.astype(np.float64))

    def two_dots(a: NDArray[np.float32], b: NDArray[np.float32], c: NDArray[np.float32]) -> tuple[float, float]:
        """`dot` of A and B, and of A and C; A is read once."""
        return dot(a, b), dot(a, c)

    def sum_of_squared_differences(a: NDArray[np.float32], center: float) -> float:
        """Sum of (A - center)^2 in float64."""
        return _added(np.square(a.astype(np.float64) - center))

else:
    cgutils: Any = untyped_cgutils
    _FLOATS: Final = ir.VectorType(ir.FloatType(), _PARTS)
    _DOUBLES: Final = ir.VectorType(ir.DoubleType(), _PARTS)
    _Term = Callable[[Any, Sequence[Any], Any], Any]
    """From a builder, the vectors of the arguments and the sums so far to these with one more term."""

    def _added_in_pairs(builder: Any, vector: Any) -> Any:
        size = _PARTS
        while size > 1:
            size //= 2
            indices = ir.VectorType(ir.IntType(32), size)
            halves = [
                builder.shuffle_vector(vector, vector, ir.Constant(indices, list(range(first, first + size))))
                for first in (0, size)
            ]
            vector = builder.fadd(*halves)
        return builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))

    def _generator(arrays: int, *terms: _Term) -> Callable[[Any, Any, Any, Any], Any]:
        """Return what generates the sums of terms of some arrays of equal length, and of numbers that follow these."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            given_arrays = list(zip(signature.args[:arrays], arguments[:arrays], strict=True))
            numbers = [repeated(builder, number, _DOUBLES) for number in arguments[arrays:]]
            length = length_of(context, builder, *given_arrays[0])
            parts = ir.Constant(length.type, _PARTS)
            nothing = ir.Constant(_DOUBLES, [0.0] * _PARTS)
            totals = [cgutils.alloca_once(builder, _DOUBLES) for _ in terms]
            for total in totals:  # these live for the whole function, which may be a loop around this
                builder.store(nothing, total)

            def pointers(offset: Any) -> list[Any]:
                return [pointer_to(context, builder, *array, offset, _FLOATS) for array in given_arrays]

            def add(vectors: Sequence[Any], mask: Any = None) -> None:
                given = [*(builder.fpext(one, _DOUBLES) for one in vectors), *numbers]
                for term, total in zip(terms, totals, strict=True):
                    before = builder.load(total)
                    after = term(builder, given, before)
                    builder.store(after if mask is None else builder.select(mask, after, before), total)

            whole = builder.udiv(length, parts)
            with cgutils.for_range(builder, whole) as loop:
                offset = builder.mul(loop.index, parts)
                add([builder.load(pointer, align=4) for pointer in pointers(offset)])
            done = builder.mul(whole, parts)
            rest = builder.sub(length, done)
            with builder.if_then(builder.icmp_signed(">", rest, ir.Constant(length.type, 0)), likely=False):
                mask = first_lanes(builder, rest, _PARTS)
                add([masked_load(builder, pointer, mask, _FLOATS) for pointer in pointers(done)], mask)
            sums = [_added_in_pairs(builder, builder.load(total)) for total in totals]
            return sums[0] if len(sums) == 1 else context.make_tuple(builder, signature.return_type, sums)

        return generate

    def _number(builder: Any, vectors: Sequence[Any], total: Any) -> Any:
        return builder.fadd(total, vectors[0])

    def _absolute(builder: Any, vectors: Sequence[Any], total: Any) -> Any:
        name = f"llvm.fabs.v{_PARTS}f64"
        absolute = cgutils.get_or_insert_function(builder.module, ir.FunctionType(_DOUBLES, [_DOUBLES]), name)
        return builder.fadd(total, builder.call(absolute, [vectors[0]]))

    def _product(builder: Any, vectors: Sequence[Any], total: Any) -> Any:
        return multiplied_added(builder, vectors[0], vectors[1], total)  # the product alone is exact

    def _second_product(builder: Any, vectors: Sequence[Any], total: Any) -> Any:
        return multiplied_added(builder, vectors[0], vectors[2], total)

    def _squared_difference(builder: Any, vectors: Sequence[Any], total: Any) -> Any:
        difference = builder.fsub(*vectors)
        return builder.fadd(total, builder.fmul(difference, difference))

    @intrinsic
    def sum_of(_typing: Any, a: Any) -> Any:
        """Sum in float64."""
        return types.float64(a), _generator(1, _number)

    @intrinsic
    def sum_of_absolutes(_typing: Any, a: Any) -> Any:
        """Sum of absolute values in float64."""
        return types.float64(a), _generator(1, _absolute)

    @intrinsic
    def sum_and_sum_of_absolutes(_typing: Any, a: Any) -> Any:
        """Both, read once."""
        two: Any = types.UniTuple
        return two(types.float64, 2)(a), _generator(1, _number, _absolute)

    @intrinsic
    def dot(_typing: Any, a: Any, b: Any) -> Any:
        """Sum of products in float64, where a product of two float32 numbers is exact."""
        return types.float64(a, b), _generator(2, _product)

    @intrinsic
    def two_dots(_typing: Any, a: Any, b: Any, c: Any) -> Any:
        """`dot` of A and B, and of A and C; A is read once."""
        two: Any = types.UniTuple
        return two(types.float64, 2)(a, b, c), _generator(3, _product, _second_product)

    @intrinsic
    def sum_of_squared_differences(_typing: Any, a: Any, center: Any) -> Any:  # noqa: ARG001
        """Sum of (A - center)^2 in float64."""
        return types.float64(a, types.float64), _generator(1, _squared_difference)
