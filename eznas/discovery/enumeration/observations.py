"""What programs were observed to give, and which of them agree."""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np
from numpy.typing import NDArray

from eznas.ops.limits import RELATIVE_TOLERANCE
from eznas.scoring.ties import agree


class Observations:
    """What was observed so far; finds what agrees with something new, number by number within the error of float32."""

    def __init__(self) -> None:
        self._sizes: list[tuple[float, int]] = []  # the size of each observation, rising, and its place
        self._seen: list[NDArray[np.float32]] = []

    def add(self, observed: NDArray[np.float32]) -> bool:
        """Add an observation, and return whether there was none that agrees with it."""
        size = _size(observed)
        # Numbers that agree within the tolerance have sums that do.
        first = bisect_left(self._sizes, (size * (1 - 2 * RELATIVE_TOLERANCE), -1))
        for known, place in self._sizes[first:]:
            if known > size * (1 + 2 * RELATIVE_TOLERANCE):
                break
            if bool(agree(observed, self._seen[place]).all()):
                return False
        insort(self._sizes, (size, len(self._seen)))
        self._seen.append(observed)
        return True


def _size(observed: NDArray[np.float32]) -> float:
    finite = np.where(np.isfinite(observed), observed, np.float32(0))
    return float(np.abs(finite).sum(dtype=np.float64))
