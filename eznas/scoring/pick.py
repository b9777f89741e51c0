"""Which network a score would pick: what it is worth to whoever trains one network alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Pick:
    """The network with the highest score; where several have it, the mean over them, as if one were drawn.

    Attributes:
        accuracy: of that network.
        rank: its place among all networks by accuracy, 1 for the best one; networks of one accuracy share the mean of
            their places.
        tied: how many networks have the highest score.
    """

    accuracy: float
    rank: float
    tied: int

    @classmethod
    def of(cls, ranked: NDArray[np.float64], accuracies: NDArray[np.float64]) -> Self | None:
        """Return the network that a score would pick.

        Args:
            ranked: float64 (networks,), what `rankable` returned.
            accuracies: float64 (networks,).

        Returns:
            None where there are no networks.
        """
        if len(ranked) == 0:
            return None
        picked = accuracies[ranked == ranked.max()]
        better = np.array([np.sum(accuracies > accuracy) for accuracy in picked])
        alike = np.array([np.sum(accuracies == accuracy) for accuracy in picked])
        return cls(float(picked.mean()), float((better + (alike + 1) / 2).mean()), len(picked))
