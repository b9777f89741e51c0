"""Products of small row-major matrices, written as instructions for tiles of the result that stay in registers.

A number of the result is its products added one after the other, each rounded once with the sum before it. That order
is the same however many numbers a processor's vectors hold, and so are the bits.

LLVM keeps no tile of a loop over single numbers in registers, and a call of BLAS takes as long as the product itself.
Of the smallest matrices, the loops around a tile take twice as long as the tile: for square ones of the orders that
networks have most there is code that knows the order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils as untyped_cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from eznas.ops.jit import JIT_DISABLED, borrowing, inlined
from eznas.ops.kernels.lanes import LANES
from eznas.ops.kernels.vector_code import (
    first_lanes,
    masked_load,
    masked_store,
    multiplied_added,
    pointer_to,
    repeated,
)
from eznas.system.vectors import WHOLE_VECTORS

_ROWS: Final = 8 if WHOLE_VECTORS else 6
"""Rows of a tile."""
_VECTORS: Final = 2 if WHOLE_VECTORS else 1
"""Vectors in a row of a tile: with eight rows 16 registers of 512 bits, with six 12 of 256."""

_LEAST_LANES: Final = 4
"""Lanes of the smallest vectors, which fewer columns fill in part."""
_FEW_ROWS: Final = 3
"""Rows of a tile of a matrix that has fewer: those of the kernels of most convolutions."""

_SQUARES: Final = (4, 8, 16, 32)
"""Orders of the square matrices that there is code for."""
_COLUMNS_IN_TURN: Final = 4
"""Columns of A that a turn of the loop over them takes there."""
_ROWS_OF_SQUARES: Final = 8 if WHOLE_VECTORS else 4
"""Rows of a tile of the larger two: of 256 bits, `LANES` numbers take two vectors."""


@inlined
def is_known_square(rows: int, inner: int, columns: int) -> bool:
    """Whether A of so many rows and columns and B of so many columns are what `multiply_squares` has code for."""
    return rows == inner == columns and rows in _SQUARES


if JIT_DISABLED:

    def multiply_small(
        result: NDArray[np.float32],
        a: NDArray[np.float32],
        b: NDArray[np.float32],
        starts: tuple[int, int, int],
        sizes: tuple[int, int, int],
    ) -> None:
        """As below."""
        (at, i, j), (rows, inner, columns) = starts, sizes
        left = a[i : i + rows * inner].reshape(rows, inner).astype(np.float64)
        right = b[j : j + inner * columns].reshape(inner, columns).astype(np.float64)
        total = np.zeros((rows, columns), np.float32)
        for k in range(inner):
            total = (left[:, k, None] * right[k] + total).astype(np.float32)
        result[at : at + rows * columns] = total.ravel()

    def multiply_squares(
        result: NDArray[np.float32], a: NDArray[np.float32], b: NDArray[np.float32], order: int
    ) -> None:
        """As below."""
        for start in range(0, result.size, order * order):
            multiply_small(result, a, b, (start, start, start), (order, order, order))

else:
    cgutils: Any = untyped_cgutils
    _C, _A, _B = range(3)

    class _Band:
        """The code of some rows of C, which are computed in tiles."""

        def __init__(
            self, context: Any, builder: Any, signature: Any, arguments: Any, rows: int, columns_in_turn: int
        ) -> None:
            """Begin the code.

            Args:
                context: of numba, as of all generated code.
                builder: likewise.
                signature: likewise.
                arguments: C, A and B, where the bands of C and A and where B begin, columns of A, and columns of B.
                rows: of the band.
                columns_in_turn: columns of A that a turn of the loop over them takes, of which they are a multiple.
            """
            self._context, self._builder = context, builder
            self._arrays = list(zip(signature.args[:3], arguments[:3], strict=True))
            self._starts = arguments[3:6]
            self._inner, self.columns = arguments[6:]
            self._columns_in_turn = columns_in_turn
            self._rows = [self.number(row) for row in range(rows)]

        def number(self, value: int) -> Any:
            return ir.Constant(ir.IntType(64), value)

        def _pointer(self, which: int, row: Any, width: Any, column: Any, kind: Any) -> Any:
            """A pointer to what begins at a row and column of C, A or B."""
            place = self._builder.add(self._builder.mul(row, width), column)
            index = self._builder.add(self._starts[which], place)
            return pointer_to(self._context, self._builder, *self._arrays[which], index, kind)

        def _tile(self, column: Any, lanes: int, vectors: int, mask: Any = None) -> None:
            """Generate a tile of vectors of some lanes from a column on, or of those lanes of one that a mask has."""
            builder = self._builder
            kind = ir.VectorType(ir.FloatType(), lanes)
            totals = [[cgutils.alloca_once(builder, kind) for _ in range(vectors)] for _ in self._rows]
            for row in totals:
                for total in row:  # these live for the whole function, which is a loop around this
                    builder.store(ir.Constant(kind, [0.0] * lanes), total)
            columns = [builder.add(column, self.number(lanes * vector)) for vector in range(vectors)]
            turns = builder.udiv(self._inner, self.number(self._columns_in_turn))
            with cgutils.for_range(builder, turns) as loop:
                first = builder.mul(loop.index, self.number(self._columns_in_turn))
                for place in range(self._columns_in_turn):
                    self._add_products(builder.add(first, self.number(place)), columns, totals, kind, mask)
            for number, row in zip(self._rows, totals, strict=True):
                for one, total in zip(columns, row, strict=True):
                    place = self._pointer(_C, number, self.columns, one, kind)
                    if mask is None:
                        builder.store(builder.load(total), place, align=4)
                    else:
                        masked_store(builder, builder.load(total), place, mask)

        def _add_products(self, k: Any, columns: list[Any], totals: list[list[Any]], kind: Any, mask: Any) -> None:
            """Generate what adds column k of A times row k of B to a tile."""
            builder = self._builder
            places = [self._pointer(_B, k, self.columns, one, kind) for one in columns]
            right = [
                builder.load(place, align=4) if mask is None else masked_load(builder, place, mask, kind)
                for place in places
            ]
            for number, row in zip(self._rows, totals, strict=True):
                place = self._pointer(_A, number, self._inner, k, ir.FloatType())
                left = repeated(builder, builder.load(place), kind)
                for vector, total in zip(right, row, strict=True):
                    builder.store(multiplied_added(builder, left, vector, builder.load(total)), total)

        def tiles(self, lanes: int, vectors: int) -> None:
            """Generate tiles of vectors of some lanes, for at least as many columns; the last ones have one vector."""
            builder = self._builder
            width = self.number(lanes * vectors)
            whole = builder.udiv(self.columns, width) if vectors > 1 else self.number(0)
            if vectors > 1:
                with cgutils.for_range(builder, whole) as loop:
                    self._tile(builder.mul(loop.index, width), lanes, vectors)
            done = builder.mul(whole, width)
            last = builder.sub(self.columns, self.number(lanes))
            left = builder.add(builder.sub(self.columns, done), self.number(lanes - 1))
            with cgutils.for_range(builder, builder.udiv(left, self.number(lanes))) as loop:
                column = builder.add(done, builder.mul(loop.index, self.number(lanes)))
                is_before = builder.icmp_signed("<", column, last)
                self._tile(builder.select(is_before, column, last), lanes, 1)

        def narrow_tile(self, lanes: int) -> None:
            """Generate the one tile for fewer columns than a vector of some lanes has."""
            self._tile(self.number(0), lanes, 1, first_lanes(self._builder, self.columns, lanes))

        def square_tiles(self, order: int) -> None:
            """Generate all tiles of matrices of this order, which is a power of two."""
            lanes = min(order, LANES)
            vectors = min(order // lanes, _VECTORS)
            for column in range(0, order, vectors * lanes):
                self._tile(self.number(column), lanes, vectors)

    def _band(rows: int, order: int | None = None) -> Callable[..., None]:
        """Return what computes a band of so many rows of C: of any matrices, or of square ones of an order.

        Its parameters are those of `multiply_small`, with the places where the band of C and that of A begin.
        """

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            band = _Band(context, builder, signature, arguments, rows, 1 if order is None else _COLUMNS_IN_TURN)

            def of_width(lanes: int, vectors: int) -> None:
                has_lanes = builder.icmp_signed(">=", band.columns, band.number(lanes))
                with builder.if_else(has_lanes) as (has_as_many, has_fewer):
                    with has_as_many:
                        band.tiles(lanes, vectors)
                    with has_fewer:
                        if lanes > _LEAST_LANES:
                            of_width(lanes // 2, 1)
                        else:
                            band.narrow_tile(lanes)

            if order is None:
                of_width(LANES, _VECTORS)
            else:
                band.square_tiles(order)
            return context.get_dummy_value()

        @intrinsic
        def band(
            _typing: Any,
            c: Any,
            a: Any,
            b: Any,
            start_of_c: Any,  # noqa: ARG001
            start_of_a: Any,  # noqa: ARG001
            start_of_b: Any,  # noqa: ARG001
            inner: Any,  # noqa: ARG001
            columns: Any,  # noqa: ARG001
        ) -> Any:
            return types.void(c, a, b, *(types.intp,) * 5), generate

        return band

    _band_of_many = _band(_ROWS)
    _band_of_few = _band(_FEW_ROWS)
    _band_of_one = _band(1)
    _square_of_4 = _band(4, 4)
    _square_of_8 = _band(8, 8)
    _band_of_16 = _band(_ROWS_OF_SQUARES, 16)
    _band_of_32 = _band(_ROWS_OF_SQUARES, 32)

    @borrowing
    def multiply_small(
        result: NDArray[np.float32],
        a: NDArray[np.float32],
        b: NDArray[np.float32],
        starts: tuple[int, int, int],
        sizes: tuple[int, int, int],
    ) -> None:
        """C = A B of row-major matrices that lie within arrays.

        The last tile of a row or column lies over the one before where it would leave the matrix: it computes the same
        numbers again.

        Args:
            result: float32, of which those of C are overwritten.
            a: float32, with A.
            b: float32, with B.
            starts: where C, A and B begin.
            sizes: rows of A, columns of A and columns of B.
        """
        at, left, right = starts
        rows, inner, columns = sizes
        height = _ROWS if rows >= _ROWS else _FEW_ROWS if rows >= _FEW_ROWS else 1
        for first in range(0, rows, height):
            row = min(first, rows - height)
            to, source = at + row * columns, left + row * inner
            if height == _ROWS:
                _band_of_many(result, a, b, to, source, right, inner, columns)
            elif height == _FEW_ROWS:
                _band_of_few(result, a, b, to, source, right, inner, columns)
            else:
                _band_of_one(result, a, b, to, source, right, inner, columns)

    @borrowing
    def multiply_squares(
        result: NDArray[np.float32], a: NDArray[np.float32], b: NDArray[np.float32], order: int
    ) -> None:
        """C = A B of batches of row-major matrices, one after the other, which are known squares.

        Args:
            result: float32, overwritten with all C.
            a: float32, all A, as many.
            b: float32, all B, as many.
            order: of the matrices.
        """
        if order == 4:
            for start in range(0, result.size, 4 * 4):
                _square_of_4(result, a, b, start, start, start, 4, 4)
        elif order == 8:
            for start in range(0, result.size, 8 * 8):
                _square_of_8(result, a, b, start, start, start, 8, 8)
        elif order == 16:
            for start in range(0, result.size, 16 * 16):
                for row in range(start, start + 16 * 16, 16 * _ROWS_OF_SQUARES):
                    _band_of_16(result, a, b, row, row, start, 16, 16)
        else:
            for start in range(0, result.size, 32 * 32):
                for row in range(start, start + 32 * 32, 32 * _ROWS_OF_SQUARES):
                    _band_of_32(result, a, b, row, row, start, 32, 32)
