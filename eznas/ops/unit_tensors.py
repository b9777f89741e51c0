"""Tensors of several operands on every unit of one network, as the interpreter reads and keeps them."""

from __future__ import annotations

from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from eznas.ops.shapes import MAXIMUM_AXES

INVALID: Final = -1
"""In `UnitTensors.axes`: the shapes on the unit are not ones that all operations below can take."""
NOT_KEPT: Final = -2
"""In `UnitTensors.axes`: nothing is known, since nobody needed the tensor there or it is too large to be kept."""


class UnitTensors(NamedTuple):
    """k tensors on each of some units.

    Attributes:
        values: float32[total], contiguous.
        offsets: int64[units, k], where the elements of each begin in `values`.
        shapes: int64[units, k, 4], left-aligned, unused places 1.
        axes: int64[units, k], numbers of axes, `INVALID` or `NOT_KEPT`.
    """

    values: NDArray[np.float32]
    offsets: NDArray[np.int64]
    shapes: NDArray[np.int64]
    axes: NDArray[np.int64]

    @classmethod
    def none(cls, units: int) -> Self:
        """Return no tensor on so many units."""
        by_unit = np.empty((units, 0), np.int64)
        return cls(np.empty(0, np.float32), by_unit, np.empty((units, 0, MAXIMUM_AXES), np.int64), by_unit)

    @classmethod
    def of_numbers(cls, numbers: NDArray[np.float32], valid: NDArray[np.bool_]) -> Self:
        """Return tensors of one number each: float32 and bool, both (units, k)."""
        offsets = np.arange(numbers.size, dtype=np.int64).reshape(numbers.shape)
        shapes = np.ones((*numbers.shape, MAXIMUM_AXES), np.int64)
        values = np.ascontiguousarray(numbers, np.float32).reshape(-1)
        return cls(values, offsets, shapes, np.where(valid, 0, INVALID))

    def of_units(self, units: slice) -> Self:
        """Return the tensors of some of the units."""
        return self._replace(offsets=self.offsets[units], shapes=self.shapes[units], axes=self.axes[units])

    @property
    def numbers(self) -> NDArray[np.float32]:
        """The numbers of tensors that all have one: float32 (units, k)."""
        return self.values[self.offsets]

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Whether each is valid: bool (units, k)."""
        return self.axes >= 0

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many elements each has, 0 for one that is not valid: int64 (units, k)."""
        return np.where(self.valid, self.shapes.prod(axis=2), 0)
