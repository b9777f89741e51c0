"""A stratified sample of a network's units: of those that have the same shapes, a few, evenly spaced.

Networks repeat cells, so that most of their units have the shapes of others. Whether a program can be computed on a
unit follows from shapes alone, so each unit of a sample can stand for the others of its shapes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

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
        self._samples: dict[int, _Sample] = {}

    def of(self, network: int, statistics: NetworkStatistics) -> NetworkStatistics:
        """Return the statistics of some of the units, which say how many units each stands for; nothing is copied.

        Args:
            network: its number.
            statistics: of all its units, the same in every call.
        """
        sample = self._samples.get(network)
        if sample is None:
            sample = self._samples[network] = _sample(statistics, self._per_shape)
        return replace(statistics, stands_for=sample.stands_for, **sample.layout) if sample.layout else statistics

    def stands_for(self, network: int) -> NDArray[np.float64] | None:
        """How many units each unit of a network that was seen stands for; None where each is itself alone."""
        return self._samples[network].stands_for

    def largest_first(self, networks: Sequence[int]) -> list[int]:
        """Return networks by how many elements the tensors of their samples have; those that were not seen come last.

        They take about as long as they are large, and threads end together where the last ones are small.
        """
        return sorted(networks, key=lambda network: -self._samples[network].elements if network in self._samples else 0)


class _Sample(NamedTuple):
    """What is known of a sample.

    Attributes:
        stands_for: see `NetworkStatistics`.
        elements: of all tensors of its units.
        layout: the fields of `NetworkStatistics` that say where these tensors are; none where the sample is all units.
    """

    stands_for: NDArray[np.float64] | None
    elements: int
    layout: dict[str, Any]


def _sample(statistics: NetworkStatistics, per_shape: int) -> _Sample:
    sizes = statistics.shapes.prod(axis=2)
    if per_shape == ALL:
        return _Sample(statistics.stands_for, int(sizes.sum()), {})
    units, stands_for = _chosen(statistics, per_shape)
    layout = {name: getattr(statistics, name)[units] for name in ("offsets", "shapes", "axes")}
    return _Sample(stands_for, int(sizes[units].sum()), layout)


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
