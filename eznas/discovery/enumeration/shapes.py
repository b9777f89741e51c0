"""The shapes of a value on the units of a sample, inferred without computing the value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eznas.ops.shapes import infer_shape


class Shapes:
    """The shape of a value on every unit of the sample; -1 axes where an operation could not take its arguments."""

    def __init__(self, lengths: NDArray[np.int64], axes: NDArray[np.int64]) -> None:
        """Take int64 (units, 4) and (units,), as `NetworkStatistics` has them."""
        self.lengths = lengths
        self.axes = axes

    @property
    def key(self) -> bytes:
        """The same for the same shapes."""
        return self.lengths.tobytes() + self.axes.tobytes()

    def after(self, operation: int, second: Shapes | None) -> Shapes:
        """Return the shapes of what an operation makes of values with these and those shapes."""
        other = second or self
        lengths, axes = np.ones_like(self.lengths), np.full_like(self.axes, -1)
        for unit in np.flatnonzero((self.axes >= 0) & (other.axes >= 0)):
            other_axes = -1 if second is None else other.axes[unit]
            axes[unit] = infer_shape(
                operation, self.lengths[unit], self.axes[unit], other.lengths[unit], other_axes, lengths[unit]
            )
        lengths[axes < 0] = 1
        return Shapes(lengths, axes)
