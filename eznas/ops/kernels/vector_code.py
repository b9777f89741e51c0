"""What the generated code of `lanes.py` and `sums.py` has in common: vectors of an array, and of one number."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.np import arrayobj

_make_array: Any = arrayobj.make_array


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
