"""The inner loops of a factorisation, written as instructions for vectors of `LANES` numbers.

LLVM vectorises the loops around these too, but guards each with a test for arrays that overlap, and leaves fewer than
32 numbers to a loop over single ones: most rows of most matrices. What is computed for a number is the same.

Of a large matrix a vector is a part of a column; of small ones it is the same element of `LANES` matrices.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils as untyped_cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from eznas.ops.jit import JIT_DISABLED
from eznas.ops.kernels.vector_code import length_of, pointer_to, repeated
from eznas.ops.kernels.vector_math import LEAST_NORMAL

LANES: Final = 16
"""Numbers in a vector: as many as the widest processors take at once; others take it in parts, and are faster so, too.
"""
USED: Final = np.int32(2**31 - 1)
"""The place of an element that is no candidate for a pivot."""

if JIT_DISABLED:

    def subtract_multiple(
        target: NDArray[np.float32], i: int, source: NDArray[np.float32], j: int, factor: np.float32
    ) -> None:
        """Subtract `factor` times `LANES` numbers of `source`, from j on, from those of `target` from i on."""
        target[i : i + LANES] -= source[j : j + LANES] * factor

    def place_of_largest(values: NDArray[np.float32], start: int, places: NDArray[np.int32]) -> int:
        """Return the smallest place of those that belong to the largest |value|.

        Args:
            values: those from `start` on; NaN is never the largest. One at least must have a place and be no NaN.
            start: index.
            places: int32 (a multiple of `LANES`,), of each of these values, or `USED`.
        """
        sizes = np.abs(values[start : start + places.size])
        sizes[np.isnan(sizes) | (places == USED)] = -1
        return int(places[sizes == sizes.max()].min())

    def keep_larger(values: NDArray[np.float32], largest: int, places: int, candidate: int, place: np.float32) -> None:
        """In each lane, where |candidate| is larger than what is at `largest`, note it, and its place at `places`."""
        sizes = np.abs(values[candidate : candidate + LANES])
        is_larger = sizes > values[largest : largest + LANES]
        values[largest : largest + LANES][is_larger] = sizes[is_larger]
        values[places : places + LANES][is_larger] = place

    def begin_search(values: NDArray[np.float32], largest: int, places: int, first: int, place: np.float32) -> None:
        """In each lane, note at `largest` the size of what is at `first`, and its place at `places`."""
        values[largest : largest + LANES] = np.abs(values[first : first + LANES])
        values[places : places + LANES] = place

    def take_reciprocals(values: NDArray[np.float32], target: int, source: int) -> bool:
        """In each lane, put 1 / what is at `source` at `target`, and 1 for 0; returns whether one is denormal."""
        given = values[source : source + LANES]
        values[target : target + LANES] = np.float32(1) / np.where(given == 0, np.float32(1), given)
        return bool(((np.abs(given) < LEAST_NORMAL) & (given != 0)).any())

    def turn_signs(values: NDArray[np.float32], signs: int, places: int, place: np.float32) -> None:
        """In each lane that has another place than this one at `places`, turn what is at `signs`."""
        values[signs : signs + LANES][values[places : places + LANES] != place] *= -1

    def exchange(values: NDArray[np.float32], i: int, j: int, places: int, place: np.float32) -> None:
        """In each lane that has this place at `places`, exchange what is at i and at j."""
        chosen = values[places : places + LANES] == place
        at_i, at_j = values[i : i + LANES].copy(), values[j : j + LANES].copy()
        values[i : i + LANES] = np.where(chosen, at_j, at_i)
        values[j : j + LANES] = np.where(chosen, at_i, at_j)

    def scale(values: NDArray[np.float32], target: int, factor: int) -> None:
        """In each lane, multiply what is at `target` by what is at `factor`."""
        values[target : target + LANES] *= values[factor : factor + LANES]

    def subtract_product(values: NDArray[np.float32], target: int, i: int, j: int) -> None:
        """In each lane, subtract from what is at `target` the product of what is at i and at j."""
        values[target : target + LANES] -= values[i : i + LANES] * values[j : j + LANES]

else:
    cgutils: Any = untyped_cgutils
    _NUMBERS: Final = ir.VectorType(ir.FloatType(), LANES)
    _INTEGERS: Final = ir.VectorType(ir.IntType(32), LANES)
    _ABSOLUTE: Final = 0x7FFFFFFF  # all bits of a float32 but its sign; as integers they have the order of the sizes
    _INFINITE: Final = 0x7F800000

    def _constant(value: int) -> Any:
        return ir.Constant(_INTEGERS, [int(value)] * LANES)

    def _reduced(builder: Any, name: str, vector: Any) -> Any:
        function_type = ir.FunctionType(ir.IntType(32), [_INTEGERS])
        name = f"llvm.vector.reduce.{name}.v{LANES}i32"
        return builder.call(cgutils.get_or_insert_function(builder.module, function_type, name), [vector])

    @intrinsic
    def subtract_multiple(_typing: Any, target: Any, i: Any, source: Any, j: Any, factor: Any) -> Any:  # noqa: ARG001
        """Subtract `factor` times `LANES` numbers of `source`, from j on, from those of `target` from i on."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            target, i, source, j, factor = arguments
            of_target = pointer_to(context, builder, signature.args[0], target, i, _NUMBERS)
            of_source = pointer_to(context, builder, signature.args[2], source, j, _NUMBERS)
            multiple = builder.fmul(builder.load(of_source, align=4), repeated(builder, factor, _NUMBERS))
            builder.store(builder.fsub(builder.load(of_target, align=4), multiple), of_target, align=4)
            return context.get_dummy_value()

        return types.void(target, types.intp, source, types.intp, types.float32), generate

    @intrinsic
    def place_of_largest(_typing: Any, values: Any, start: Any, places: Any) -> Any:  # noqa: ARG001
        """Return the smallest place of those that belong to the largest |value|.

        Args:
            values: those from `start` on; NaN is never the largest. One at least must have a place and be no NaN.
            start: index.
            places: int32 (a multiple of `LANES`,), of each of these values, or `USED`.
        """

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values, start, places = arguments
            length = length_of(context, builder, signature.args[2], places)
            lanes = ir.Constant(length.type, LANES)
            largest = cgutils.alloca_once_value(builder, _constant(-1))
            smallest = cgutils.alloca_once_value(builder, _constant(int(USED)))
            # The variables live for the whole function, so a loop around this would go on with the last values.
            builder.store(_constant(-1), largest)
            builder.store(_constant(int(USED)), smallest)

            def sizes_and_places(block: Any) -> tuple[Any, Any]:
                offset = builder.mul(block, lanes)
                bits = pointer_to(context, builder, signature.args[0], values, builder.add(start, offset), _INTEGERS)
                place_pointer = pointer_to(context, builder, signature.args[2], places, offset, _INTEGERS)
                size = builder.and_(builder.load(bits, align=4), _constant(_ABSOLUTE))
                place = builder.load(place_pointer, align=4)
                is_out = builder.or_(
                    builder.icmp_signed(">", size, _constant(_INFINITE)),
                    builder.icmp_signed("==", place, _constant(int(USED))),
                )
                return builder.select(is_out, _constant(-1), size), place

            def keep(variable: Any, candidate: Any, comparison: str) -> None:
                kept = builder.load(variable)
                better = builder.icmp_signed(comparison, candidate, kept)
                builder.store(builder.select(better, candidate, kept), variable)

            blocks = builder.udiv(length, lanes)
            with cgutils.for_range(builder, blocks) as loop:
                keep(largest, sizes_and_places(loop.index)[0], ">")
            top = repeated(builder, _reduced(builder, "smax", builder.load(largest)), _INTEGERS)
            with cgutils.for_range(builder, blocks) as loop:
                size, place = sizes_and_places(loop.index)
                is_top = builder.icmp_signed("==", size, top)
                keep(smallest, builder.select(is_top, place, _constant(int(USED))), "<")
            return builder.sext(_reduced(builder, "smin", builder.load(smallest)), ir.IntType(64))

        return types.int64(values, types.intp, places), generate

    class _Lanes:
        """The vectors of one array, in the code that an intrinsic generates."""

        def __init__(self, context: Any, builder: Any, array_type: Any, array: Any) -> None:
            self._builder = builder
            self._array = (context, builder, array_type, array)

        def load(self, index: Any) -> Any:
            return self._builder.load(pointer_to(*self._array, index, _NUMBERS), align=4)

        def store(self, value: Any, index: Any) -> None:
            self._builder.store(value, pointer_to(*self._array, index, _NUMBERS), align=4)

    @intrinsic
    def keep_larger(_typing: Any, values: Any, largest: Any, places: Any, candidate: Any, place: Any) -> Any:  # noqa: ARG001
        """In each lane, where |candidate| is larger than what is at `largest`, note it, and its place at `places`."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values, largest, places, candidate, place = arguments
            lanes = _Lanes(context, builder, signature.args[0], values)
            size = _absolute(builder, lanes.load(candidate))
            is_larger = builder.fcmp_ordered(">", size, lanes.load(largest))
            lanes.store(builder.select(is_larger, size, lanes.load(largest)), largest)
            lanes.store(builder.select(is_larger, repeated(builder, place, _NUMBERS), lanes.load(places)), places)
            return context.get_dummy_value()

        return types.void(values, types.intp, types.intp, types.intp, types.float32), generate

    def _absolute(builder: Any, vector: Any) -> Any:
        return builder.bitcast(builder.and_(builder.bitcast(vector, _INTEGERS), _constant(_ABSOLUTE)), _NUMBERS)

    def _of_all_lanes(value: float) -> Any:
        return ir.Constant(_NUMBERS, [value] * LANES)

    @intrinsic
    def begin_search(_typing: Any, values: Any, largest: Any, places: Any, first: Any, place: Any) -> Any:  # noqa: ARG001
        """In each lane, note at `largest` the size of what is at `first`, and its place at `places`."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values, largest, places, first, place = arguments
            lanes = _Lanes(context, builder, signature.args[0], values)
            lanes.store(_absolute(builder, lanes.load(first)), largest)
            lanes.store(repeated(builder, place, _NUMBERS), places)
            return context.get_dummy_value()

        return types.void(values, types.intp, types.intp, types.intp, types.float32), generate

    @intrinsic
    def take_reciprocals(_typing: Any, values: Any, target: Any, source: Any) -> Any:  # noqa: ARG001
        """In each lane, put 1 / what is at `source` at `target`, and 1 for 0; returns whether one is denormal."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values, target, source = arguments
            lanes = _Lanes(context, builder, signature.args[0], values)
            given, zero, one = lanes.load(source), _of_all_lanes(0.0), _of_all_lanes(1.0)
            is_zero = builder.fcmp_ordered("==", given, zero)
            lanes.store(builder.select(is_zero, one, builder.fdiv(one, given)), target)
            is_small = builder.fcmp_ordered("<", _absolute(builder, given), _of_all_lanes(float(LEAST_NORMAL)))
            is_denormal = builder.select(is_zero, ir.Constant(is_small.type, [0] * LANES), is_small)
            bits = builder.bitcast(is_denormal, ir.IntType(LANES))
            return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

        return types.boolean(values, types.intp, types.intp), generate

    @intrinsic
    def turn_signs(_typing: Any, values: Any, signs: Any, places: Any, place: Any) -> Any:  # noqa: ARG001
        """In each lane that has another place than this one at `places`, turn what is at `signs`."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values, signs, places, place = arguments
            lanes = _Lanes(context, builder, signature.args[0], values)
            stays = builder.fcmp_ordered("==", lanes.load(places), repeated(builder, place, _NUMBERS))
            sign = lanes.load(signs)
            lanes.store(builder.select(stays, sign, builder.fneg(sign)), signs)
            return context.get_dummy_value()

        return types.void(values, types.intp, types.intp, types.float32), generate

    @intrinsic
    def exchange(_typing: Any, values: Any, i: Any, j: Any, places: Any, place: Any) -> Any:  # noqa: ARG001
        """In each lane that has this place at `places`, exchange what is at i and at j."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values, i, j, places, place = arguments
            lanes = _Lanes(context, builder, signature.args[0], values)
            chosen = builder.fcmp_ordered("==", lanes.load(places), repeated(builder, place, _NUMBERS))
            at_i, at_j = lanes.load(i), lanes.load(j)
            lanes.store(builder.select(chosen, at_j, at_i), i)
            lanes.store(builder.select(chosen, at_i, at_j), j)
            return context.get_dummy_value()

        return types.void(values, types.intp, types.intp, types.intp, types.float32), generate

    @intrinsic
    def scale(_typing: Any, values: Any, target: Any, factor: Any) -> Any:  # noqa: ARG001
        """In each lane, multiply what is at `target` by what is at `factor`."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values, target, factor = arguments
            lanes = _Lanes(context, builder, signature.args[0], values)
            lanes.store(builder.fmul(lanes.load(target), lanes.load(factor)), target)
            return context.get_dummy_value()

        return types.void(values, types.intp, types.intp), generate

    @intrinsic
    def subtract_product(_typing: Any, values: Any, target: Any, i: Any, j: Any) -> Any:  # noqa: ARG001
        """In each lane, subtract from what is at `target` the product of what is at i and at j."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values, target, i, j = arguments
            lanes = _Lanes(context, builder, signature.args[0], values)
            product = builder.fmul(lanes.load(i), lanes.load(j))
            lanes.store(builder.fsub(lanes.load(target), product), target)
            return context.get_dummy_value()

        return types.void(values, types.intp, types.intp, types.intp), generate
