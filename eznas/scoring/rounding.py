"""Whether the order into which a program puts networks is more than rounding.

Its scores are computed twice: as ever, and with every operation rounded up, see `eznas.system.rounding`. A determinant
of a matrix that is nearly singular, say, has another sign then, as it has on another processor.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.scoring.correlation import kendall_tau
from eznas.scoring.ties import rankable

ROUNDED_NETWORKS: Final = 20
"""The most networks on which scores are computed in both ways: the first ones."""

LEAST_CERTAIN: Final = 0.95
"""Below this tau-b between both scores a program is partly rounding: of forty pairs of networks, more than one would
stand in the other order."""

PARTLY_ROUNDING: Final = "partly rounding"

ROUNDING_RULE: Final = (
    f"at most {ROUNDED_NETWORKS} networks scored with every operation rounded up instead of to the nearest number; "
    f"partly rounding is a program whose scores agree by less than tau-b {LEAST_CERTAIN}"
)
"""What `partly rounding` means, for protocols."""


def rounding_stability(scores: NDArray[np.float64], rounded_up: NDArray[np.float64]) -> float:
    """Return Kendall's tau-b between both scores of the same networks, float64 (networks,); NaN where undefined.

    Scores that agree within the error of float32 are ties, and networks without one tie at the bottom.
    """
    return kendall_tau(rankable(scores, 1), rankable(rounded_up, 1))


def is_partly_rounding(stability: float | None) -> bool:
    """Whether a program of this `rounding_stability` is; not if that is unknown or undefined."""
    return stability is not None and stability < LEAST_CERTAIN
