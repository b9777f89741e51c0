"""A stratified sample of a network's units: of those that have the same shapes, a few, evenly spaced.

Networks repeat cells, so that most of their units have the shapes of others. Whether a program can be computed on a
unit follows from shapes alone, so each unit of a sample can stand for the others of its shapes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eznas.statistics.settings import ALL
from eznas.statistics.tensors import NetworkStatistics


class UnitSamples:
    """The units of each of many networks that are in the sample: chosen when they are first seen, and kept."""

    def __init__(self, per_shape: int) -> None:
        """Begin with no network.

        Args:
            per_shape: how many of each shape are in the sample at most; `ALL` for all.
        """
        self._per_shape = per_shape
        self._layouts: dict[int, _Layout] = {}

    def of(self, network: int, statistics: NetworkStatistics) -> NetworkStatistics:
        """Return the statistics of some of the units, which say how many units each stands for; nothing is copied.

        Args:
            network: its number.
            statistics: of all its units, the same in every call.
        """
        layout = self._layouts.get(network)
        if layout is None:
            layout = self._layouts[network] = _layout(statistics, self._per_shape)
        if self._per_shape == ALL:
            return statistics
        return replace(
            statistics,
            offsets=layout.offsets,
            shapes=layout.shapes,
            axes=layout.axes,
            stands_for=layout.stands_for,
        )

    def stands_for(self, network: int) -> NDArray[np.float64] | None:
        """How many units each unit of a network that was seen stands for; None where each is itself alone."""
        return self._layouts[network].stands_for

    def largest_first(self, networks: Sequence[int]) -> list[int]:
        """Return networks by how many elements the tensors of their samples have; those that were not seen come last.

        They take about as long as they are large, and threads end together where the last ones are small.
        """
        return sorted(networks, key=lambda network: -self._layouts[network].elements if network in self._layouts else 0)


class _Layout(NamedTuple):
    """What statistics say of the units in a sample, see `NetworkStatistics`."""

    offsets: NDArray[np.int64]
    shapes: NDArray[np.int64]
    axes: NDArray[np.int64]
    stands_for: NDArray[np.float64] | None
    elements: int


def _layout(statistics: NetworkStatistics, per_shape: int) -> _Layout:
    offsets, shapes, axes, stands_for = statistics.offsets, statistics.shapes, statistics.axes, statistics.stands_for
    if per_shape != ALL:
        units, stands_for = _chosen(statistics, per_shape)
        offsets, shapes, axes = offsets[units], shapes[units], axes[units]
    return _Layout(offsets, shapes, axes, stands_for, int(shapes.prod(axis=2).sum()))


def _chosen(statistics: NetworkStatistics, per_shape: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The units in the sample, and how many each stands for."""
    alike: defaultdict[bytes, list[int]] = defaultdict(list)
    for unit in range(statistics.units):
        alike[statistics.shapes[unit].tobytes() + statistics.axes[unit].tobytes()].append(unit)
    counts = np.zeros(statistics.units)
    for units in alike.values():
        chosen = min(per_shape, len(units))
        # The middle of each of so many equal stretches.
        counts[[units[(2 * place + 1) * len(units) // (2 * chosen)] for place in range(chosen)]] = len(units) / chosen
    kept = np.flatnonzero(counts)
    return kept, counts[kept]
