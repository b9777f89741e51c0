"""What the generated code of the modules beside it has in common: vectors of an array, masks, and products and sums."""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir
from numba.core import cgutils as untyped_cgutils
from numba.np import arrayobj

cgutils: Any = untyped_cgutils
_make_array: Any = arrayobj.make_array
_ALIGNMENT: Final = 4
"""Bytes: of a float32, since a vector may begin anywhere."""


def repeated(builder: Any, value: Any, vector_type: Any) -> Any:
    """A vector of one value in all lanes."""
    undefined = ir.Constant(vector_type, ir.Undefined)
    one = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, undefined, ir.Constant(ir.VectorType(ir.IntType(32), vector_type.count), None))


def pointer_to(context: Any, builder: Any, array_type: Any, array: Any, index: Any, vector_type: Any) -> Any:
    """A pointer to the vector that begins at an index of an array."""
    data = _make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), vector_type.as_pointer())


def length_of(context: Any, builder: Any, array_type: Any, array: Any) -> Any:
    """How many elements an array of one axis has."""
    return builder.extract_value(_make_array(array_type)(context, builder, array).shape, 0)


def masked_load(builder: Any, pointer: Any, mask: Any, vector_type: Any) -> Any:
    """The vector at a pointer in the lanes of a mask, and 0 in the others, which are not read."""
    kinds = [pointer.type, ir.IntType(32), mask.type, vector_type]
    name = f"llvm.masked.load.v{vector_type.count}f32.p0"
    load = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector_type, kinds), name)
    nothing = ir.Constant(vector_type, [0.0] * vector_type.count)
    return builder.call(load, [pointer, ir.Constant(ir.IntType(32), _ALIGNMENT), mask, nothing])


def masked_store(builder: Any, value: Any, pointer: Any, mask: Any) -> None:
    """Store a vector at a pointer in the lanes of a mask."""
    kinds = [value.type, pointer.type, ir.IntType(32), mask.type]
    name = f"llvm.masked.store.v{value.type.count}f32.p0"
    store = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), kinds), name)
    builder.call(store, [value, pointer, ir.Constant(ir.IntType(32), _ALIGNMENT), mask])


def first_lanes(builder: Any, count: Any, lanes: int) -> Any:
    """A mask of so many lanes, of which the first `count` are set."""
    indices = ir.VectorType(count.type, lanes)
    return builder.icmp_signed("<", ir.Constant(indices, list(range(lanes))), repeated(builder, count, indices))


def multiplied_added(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """A * b + c of vectors, each lane rounded once."""
    element = "f64" if a.type.element == ir.DoubleType() else "f32"
    function_type = ir.FunctionType(a.type, [a.type] * 3)
    name = f"llvm.fma.v{a.type.count}{element}"
    return builder.call(cgutils.get_or_insert_function(builder.module, function_type, name), [a, b, c])
