"""Random numbers for compiled code: the generator splitmix64, its state an array of one number.

Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import compiled

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_UNIT: Final = 2.0**-53


@compiled
def mixed(number: np.uint64) -> np.uint64:
    """Return 64 bits of which each depends on all bits of `number`."""
    number = (number ^ (number >> np.uint64(30))) * _FIRST
    number = (number ^ (number >> np.uint64(27))) * _SECOND
    return number ^ (number >> np.uint64(31))


@compiled
def uniform(state: NDArray[np.uint64]) -> float:
    """Draw from 0 to 1, 1 excluded."""
    state[0] += _STEP
    return float(mixed(state[0]) >> np.uint64(11)) * _UNIT


@compiled
def below(state: NDArray[np.uint64], count: int) -> int:
    """Draw an integer from 0 to `count` - 1."""
    return int(uniform(state) * count)
