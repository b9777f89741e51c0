"""What proxies gave for networks: scores, why there is none, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class NetworkScores:
    """What proxies gave for networks.

    Attributes:
        values: float64 (proxies, networks), as computed, not turned by the orientation; NaN where there is no score.
        unscored: for each proxy, why a network has no score, by its position.
        seconds: float64 (proxies, networks), processor time: of a hand-made proxy its own, of a program that of all
            programs that are computed from the same statistics, these included.
        coverage: float64 (networks,), the share of the parameters that the units of programs cover, the least of
            several kinds of units; None where it was not kept.
        without_units: the positions of networks that lack units of a kind that a program takes.
        rounded_up: as `values`, but with every operation of passes and programs rounded up; None where that was not
            asked for.
        rounding_gradients: float64 (proxies, networks), of a program the share of the units of which a gradient whose
            elements it reads is nothing but rounding, see `eznas.statistics.cancelled_gradients`; NaN for one that
            reads none; None where that was not asked for.
    """

    values: NDArray[np.float64]
    unscored: tuple[dict[int, str], ...]
    seconds: NDArray[np.float64]
    coverage: NDArray[np.float64] | None = None
    without_units: tuple[int, ...] = ()
    rounded_up: NDArray[np.float64] | None = None
    rounding_gradients: NDArray[np.float64] | None = None

    def first(self, networks: int) -> NetworkScores:
        """Return the scores of the first of the networks."""
        unscored = tuple({place: one[place] for place in one if place < networks} for one in self.unscored)
        return NetworkScores(self.values[:, :networks], unscored, self.seconds[:, :networks])

    @staticmethod
    def joined(parts: Sequence[NetworkScores]) -> NetworkScores:
        """Return as one the scores of networks by the same proxies, which all have kept coverage; at least one part."""
        firsts = np.cumsum([0, *(part.values.shape[1] for part in parts)]).tolist()
        placed = list(zip(firsts, parts, strict=False))
        rounded_up = [part.rounded_up for part in parts if part.rounded_up is not None]
        gradients = [part.rounding_gradients for part in parts if part.rounding_gradients is not None]
        return NetworkScores(
            np.concatenate([part.values for part in parts], axis=1),
            tuple(
                {first + place: reason for first, part in placed for place, reason in part.unscored[row].items()}
                for row in range(len(parts[0].values))
            ),
            np.concatenate([part.seconds for part in parts], axis=1),
            np.concatenate([part.coverage for part in parts if part.coverage is not None]),
            tuple(first + place for first, part in placed for place in part.without_units),
            np.concatenate(rounded_up, axis=1) if len(rounded_up) == len(parts) else None,
            np.concatenate(gradients, axis=1) if len(gradients) == len(parts) else None,
        )
