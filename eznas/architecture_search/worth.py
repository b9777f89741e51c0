"""What a pick is worth where accuracies are known, beside random search that trains as many networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from eznas.architecture_search.search import Found


@dataclass(frozen=True)
class Accuracies:
    """The true accuracies of all networks that a search could have picked.

    Attributes:
        by_architecture: the accuracy of each.
    """

    by_architecture: dict[str, float]

    @property
    def _sorted(self) -> NDArray[np.float64]:
        return np.sort(np.array(list(self.by_architecture.values()), dtype=np.float64))

    def rank(self, accuracy: float) -> int:
        """Return the rank of an accuracy among all: 1 for the best."""
        return 1 + int((self._sorted > accuracy).sum())

    def regret(self, accuracy: float) -> float:
        """Return how far an accuracy is below the best of all."""
        return float(self._sorted[-1] - accuracy)

    def trained(self, found: Found, count: int) -> float:
        """Return the accuracy that one has after training the `count` networks that a search scored best.

        The best of them by accuracy is taken, as whoever trains them would.
        """
        return max(self.by_architecture[found.architectures[position]] for position in found.best(count))

    def curve(self, found: Found) -> list[float]:
        """Return the accuracy of the best-scored network so far, after each network that the search scored."""
        return [self.by_architecture[found.architectures[position]] for position in found.picks()]

    def random(self, counts: Sequence[int]) -> list[float]:
        """Return what random search has after training each of these numbers of different networks.

        The expected accuracy of the best of them, exactly: with n accuracies in order, the i-th is the best of k with
        probability C(i - 1, k - 1) / C(n, k).
        """
        accuracies = self._sorted
        places = np.arange(1, len(accuracies) + 1)
        expected = []
        for count in counts:
            k = min(count, len(accuracies))
            with np.errstate(all="ignore"):
                ways = _log_binomial(places - 1, k - 1) - _log_binomial(np.array(len(accuracies)), k)
            probabilities = np.where(places >= k, np.exp(ways), 0.0)
            expected.append(float(probabilities @ accuracies))
        return expected

    def trainings_of_random(self, accuracy: float) -> int | None:
        """Return how many networks random search must train to expect this accuracy; None if all are not enough."""
        lowest, highest = 1, len(self.by_architecture)
        if self.random([highest])[0] < accuracy:
            return None
        while lowest < highest:
            middle = (lowest + highest) // 2
            if self.random([middle])[0] >= accuracy:
                highest = middle
            else:
                lowest = middle + 1
        return lowest


def _log_binomial(n: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """The logarithm of n over k; anything where k is above n."""
    result: NDArray[np.float64] = gammaln(n + 1) - gammaln(k + 1) - gammaln(np.maximum(n - k, 0) + 1)
    return result
