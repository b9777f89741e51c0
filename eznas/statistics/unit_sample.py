"""A stratified sample of a network's units: of those that have the same shapes, a few, evenly spaced.

Networks repeat cells, so that most of their units have the shapes of others. Whether a program can be computed on a
unit follows from shapes alone, so each unit of a sample can stand for the others of its shapes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from eznas.statistics.settings import ALL
from eznas.statistics.tensors import NetworkStatistics


def sampled(statistics: NetworkStatistics, per_shape: int) -> NetworkStatistics:
    """Return the statistics of some of the units, which say how many units each stands for; nothing is copied.

    Args:
        statistics: of all units.
        per_shape: how many of each shape are in the sample at most; `ALL` for all.
    """
    if per_shape == ALL:
        return statistics
    alike: defaultdict[bytes, list[int]] = defaultdict(list)
    for unit in range(statistics.units):
        alike[statistics.shapes[unit].tobytes() + statistics.axes[unit].tobytes()].append(unit)
    counts = np.zeros(statistics.units)
    for units in alike.values():
        chosen = min(per_shape, len(units))
        # The middle of each of so many equal stretches.
        counts[[units[(2 * place + 1) * len(units) // (2 * chosen)] for place in range(chosen)]] = len(units) / chosen
    kept = np.flatnonzero(counts)
    return replace(
        statistics,
        offsets=statistics.offsets[kept],
        shapes=statistics.shapes[kept],
        axes=statistics.axes[kept],
        stands_for=counts[kept],
    )
