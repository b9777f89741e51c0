"""What a feature table computes of one network: the values of features, and how far a rounding error moves them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from eznas.features.source import NetworkSource
from eznas.ops.plan import Plan
from eznas.ops.program import Program
from eznas.scoring.plan_evaluation import run_plan
from eznas.statistics.tensors import NetworkStatistics

_SHAKE: Final = 2.0**-22  # of a value: four times what rounding to float32 may do to it
_SHAKEN_AT_ONCE: Final = 2**20  # values: so that the noise takes little memory


@dataclass(frozen=True, eq=False)
class ComputedFeatures:
    """What was computed of a network.

    Attributes:
        values: float32 (features, units); 0 where invalid.
        valid: bool, same shape.
        squares: float64 (shaken features,): by how much shaken statistics move the values, squares summed over units.
        statistics_bytes: that the statistics took in this process.
    """

    values: NDArray[np.float32]
    valid: NDArray[np.bool_]
    squares: NDArray[np.float64]
    statistics_bytes: int


class ComputeNetwork(Protocol):
    """Computes features of a network; called in several threads at once."""

    @property
    def at_once(self) -> int | None:
        """How many networks other processes compute at once; None where it is this one, with threads and memory."""

    def __call__(self, index: int, wanted: NDArray[np.bool_], shaken: NDArray[np.bool_]) -> ComputedFeatures:
        """Compute some of the features.

        Args:
            index: of the network in the source.
            wanted: bool (features,), whose values are wanted, in the order of the result.
            shaken: bool (features,), of which it is wanted how far a rounding error moves them.

        Raises:
            EznasError: the network has no unit, raises, or lacks a gradient.
        """


OpenComputation: TypeAlias = Callable[[NetworkSource, Sequence[Program]], ComputeNetwork]
"""Gives what computes features of the networks of a source."""


class OwnComputation:
    """Computes features in this process; see `ComputeNetwork`."""

    at_once = None

    def __init__(self, source: NetworkSource, features: Sequence[Program]) -> None:
        """Set up the collection of what the features read.

        Raises:
            EznasError: the networks cannot be run as the source says.
        """
        self._features = features
        self._plan_of = lru_cache(maxsize=8)(self._make_plan)  # most networks lack the same features
        self._read = source.collector(frozenset(address for feature in features for address in feature.terminals))
        self._every = source.collector(None)

    def __call__(self, index: int, wanted: NDArray[np.bool_], shaken: NDArray[np.bool_]) -> ComputedFeatures:
        """As `ComputeNetwork`."""
        # Which statistics are shaken together is part of the result; passes that nothing reads take time.
        statistics = (self._every if shaken.any() else self._read)(index)
        computed = wanted | shaken
        values, valid = self._evaluate(computed, statistics)
        squares = np.empty(0)
        if shaken.any():
            _shake(statistics, np.random.default_rng(index))
            moved, _ = self._evaluate(shaken, statistics)
            changes = _distances(values[shaken[computed]], moved)
            squares = np.square(changes, dtype=np.float64).sum(axis=1)
        return ComputedFeatures(values[wanted[computed]], valid[wanted[computed]], squares, statistics.nbytes)

    def _evaluate(
        self, chosen: NDArray[np.bool_], statistics: NetworkStatistics
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Some of the features, (features, units) each: their values, and whether they are valid."""
        plan = self._plan_of(chosen.tobytes())
        values, valid, _ = run_plan(plan, statistics, "mean")
        return values[:, plan.root_columns].T, valid[:, plan.root_columns].T

    def _make_plan(self, chosen: bytes) -> Plan:
        return Plan.of([feature for feature, is_chosen in zip(self._features, chosen, strict=True) if is_chosen])


def _shake(statistics: NetworkStatistics, rng: np.random.Generator) -> None:
    """Move every statistic by a rounding error, in place."""
    for start in range(0, statistics.values.size, _SHAKEN_AT_ONCE):
        part = statistics.values[start : start + _SHAKEN_AT_ONCE]
        part *= 1 + rng.uniform(-_SHAKE, _SHAKE, part.size).astype(np.float32)


def _distances(values: NDArray[np.float32], shaken: NDArray[np.float32]) -> NDArray[np.float32]:
    """|values - shaken|: infinite where one of them is not finite and the other is not the very same."""
    same = (values == shaken) | (np.isnan(values) & np.isnan(shaken))
    with np.errstate(invalid="ignore", over="ignore"):
        distances = np.where(same, np.float32(0), np.abs(values - shaken))
    return np.where(np.isnan(distances), np.float32(np.inf), distances)
