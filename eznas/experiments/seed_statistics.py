"""Means over seeds with bootstrap intervals, and what paired differences between two methods show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES: Final = 10_000
LEVEL: Final = 0.95
INTERVAL: Final = f"{LEVEL:.0%} percentile bootstrap over seeds, {RESAMPLES:,} resamples"

MINIMUM_SEEDS: Final = 6
"""Seeds from which on a difference may be called one: with 5 or fewer, even a sign test that finds all differences on
one side stays above the 5 % level (2 / 2**5)."""

_BOOTSTRAP_SEED: Final = 0


@dataclass(frozen=True)
class SeedMean:
    """A mean over seeds and its bootstrap interval; NaN where there is no seed."""

    mean: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """Return the fields by name."""
        return {"mean": self.mean, "low": self.low, "high": self.high}


def means_over_seeds(values: ArrayLike) -> list[SeedMean]:
    """Return the mean over seeds of every column, with its interval.

    All columns are resampled with the same draws of seeds, which are the same in every call.

    Args:
        values: float (seeds, columns).
    """
    table = np.asarray(values, dtype=np.float64)
    seeds, columns = table.shape
    if seeds == 0:
        return [SeedMean(math.nan, math.nan, math.nan)] * columns
    draws = np.random.default_rng(_BOOTSTRAP_SEED).integers(seeds, size=(RESAMPLES, seeds))
    tail = (1 - LEVEL) / 2
    means = []
    for column in table.T:
        low, high = np.quantile(column[draws].mean(axis=1), [tail, 1 - tail])
        means.append(SeedMean(float(column.mean()), float(low), float(high)))
    return means


def mean_over_seeds(values: ArrayLike) -> SeedMean:
    """Return the mean of one value per seed, with its interval."""
    return means_over_seeds(np.asarray(values, dtype=np.float64).reshape(-1, 1))[0]


@dataclass(frozen=True)
class PairedComparison:
    """What the same seeds gave under two methods.

    Attributes:
        first: name of the first method.
        second: name of the second.
        quantity: what was measured, of which more is better.
        first_mean: mean of the first over the seeds.
        second_mean: mean of the second.
        difference: the mean of first minus second by seed, with its interval.
        seeds: how many.
    """

    first: str
    second: str
    quantity: str
    first_mean: float
    second_mean: float
    difference: SeedMean
    seeds: int

    @classmethod
    def of(
        cls, first: str, second: str, quantity: str, first_values: Sequence[float], second_values: Sequence[float]
    ) -> PairedComparison:
        """Compare the values of two methods, float (seeds,), in the same order of seeds."""
        one: NDArray[np.float64] = np.asarray(first_values, dtype=np.float64)
        other: NDArray[np.float64] = np.asarray(second_values, dtype=np.float64)
        return cls(
            first, second, quantity, float(one.mean()), float(other.mean()), mean_over_seeds(one - other), len(one)
        )

    @property
    def better(self) -> str | None:
        """The method that is better, or None where the interval holds 0 or there are too few seeds."""
        if self.seeds < MINIMUM_SEEDS:
            return None
        if self.difference.low > 0:
            return self.first
        return self.second if self.difference.high < 0 else None

    def sentence(self) -> str:
        """Say which method is better and by how much, or that no difference can be shown."""
        means = f"{self.first} {self.first_mean:.3f}, {self.second} {self.second_mean:.3f}"
        interval = f"95 % interval {self.difference.low:+.3f} to {self.difference.high:+.3f}, {self.seeds} seeds"
        if self.seeds < MINIMUM_SEEDS:
            return (
                f"{self.quantity}: no difference can be shown with {self.seeds} seeds, it takes at least "
                f"{MINIMUM_SEEDS} ({means}; mean difference {self.difference.mean:+.3f})."
            )
        if self.better is None:
            return (
                f"{self.quantity}: no difference can be shown between {self.first} and {self.second} ({means}; mean "
                f"difference {self.difference.mean:+.3f}, {interval}, which holds 0)."
            )
        return (
            f"{self.quantity}: {self.better} is better by {abs(self.difference.mean):.3f} ({means}; {self.first} minus "
            f"{self.second}: {interval})."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain data, its sentence included."""
        return {
            "quantity": self.quantity,
            f"{self.first}_mean": self.first_mean,
            f"{self.second}_mean": self.second_mean,
            "difference": {"of": f"{self.first} minus {self.second}", **self.difference.to_dict()},
            "better": self.better,
            "seeds": self.seeds,
            "sentence": self.sentence(),
        }
