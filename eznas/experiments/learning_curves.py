"""How the best fitness of an evolution rises with what it has spent: programs evaluated, or seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Budget = Literal["individuals", "evaluations", "seconds"]

POINTS: Final = 120
"""Points of a curve that is drawn."""


@dataclass(frozen=True)
class LearningCurve:
    """One evolution, generation by generation; all arrays are float64 (generations,).

    Attributes:
        individuals: created so far.
        evaluations: distinct programs evaluated so far.
        seconds: wall-clock time of the generations so far.
        best: best fitness so far; 0 while there is no valid program, which ranks nothing.
    """

    individuals: NDArray[np.float64]
    evaluations: NDArray[np.float64]
    seconds: NDArray[np.float64]
    best: NDArray[np.float64]

    @classmethod
    def of(cls, records: Sequence[Mapping[str, Any]]) -> LearningCurve:
        """Return the curve of a run, given its records as `evolving.generations` returns them."""

        def sums(key: str) -> NDArray[np.float64]:
            return np.cumsum([float(record[key]) for record in records])

        best = np.maximum([float(record["best"]) for record in records], 0.0)
        return cls(sums("individuals"), sums("evaluated"), sums("seconds"), best)

    def spent(self, budget: Budget) -> float:
        """Return what the whole evolution spent."""
        return float(self.spending(budget)[-1])

    def best_within(self, budget: Budget, amounts: ArrayLike) -> NDArray[np.float64]:
        """Return the best fitness at the end of the last generation that was finished within each amount, 0 if none."""
        finished = np.searchsorted(self.spending(budget), np.asarray(amounts, dtype=np.float64), side="right")
        return np.where(finished > 0, self.best[np.maximum(finished - 1, 0)], 0.0)

    def spending(self, budget: Budget) -> NDArray[np.float64]:
        """Return what was spent up to the end of each generation."""
        axis: NDArray[np.float64] = getattr(self, budget)
        return axis


def common_amounts(curves: Sequence[LearningCurve], budget: Budget) -> NDArray[np.float64]:
    """Return amounts, float64 (POINTS,), from the first that every curve has finished a generation in.

    They end where the first curve ends: beyond, a mean over the curves would be one over fewer of them.
    """
    first = max(float(curve.spending(budget)[0]) for curve in curves)
    last = min(curve.spent(budget) for curve in curves)
    return np.linspace(min(first, last), last, POINTS)
