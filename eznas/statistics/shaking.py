"""Statistics as another processor might have given them: every number off by a unit of its last place at most."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.statistics.tensors import NetworkStatistics

_MULTIPLIER: Final = np.uint32(0x9E3779B1)  # of Fibonacci hashing: 2^32 over the golden ratio, and odd
_LARGEST: Final = np.uint32(0x7F7FFFFF)  # as are the bits of the largest float32
_SMALLEST: Final = np.uint32(0x00800000)  # of the smallest normal one
_SIGN: Final = np.uint32(0x80000000)


def shaken(statistics: NetworkStatistics) -> NetworkStatistics:
    """Return the same statistics with every number moved to a float32 beside it, up or down, or left as it is.

    Which of the three follows from the number alone. So numbers that are equal stay equal, such as those that a ReLU
    lets through: that they are is no matter of rounding. Zeros, denormal numbers, infinities and NaN stay.
    """
    return replace(statistics, values=_shaken(statistics.values))


def _shaken(values: NDArray[np.float32]) -> NDArray[np.float32]:
    bits = values.view(np.uint32)
    size = bits & ~_SIGN
    moves = (size > _SMALLEST) & (size < _LARGEST)
    step = (bits * _MULTIPLIER >> np.uint32(16)) % np.uint32(3)
    return np.where(moves, bits + step - np.uint32(1), bits).view(np.float32)
