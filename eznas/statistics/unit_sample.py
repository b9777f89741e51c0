"""A stratified sample of a network's units: of those that have the same shapes, a few, evenly spaced.

Networks repeat cells, so that most of their units have the shapes of others. Whether a program can be computed on a
unit follows from shapes alone, so each unit of a sample can stand for the others of its shapes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from eznas.statistics.tensors import UnitShapes

ALL = 0
"""The size of a sample that leaves no unit out."""


def stands_for(units: Sequence[UnitShapes], kept: Sequence[bool], per_shape: int) -> list[float]:
    """Return for every unit how many units it stands for: 0 for one that is left out.

    Args:
        units: their shapes, in execution order.
        kept: for each, whether it may be in the sample.
        per_shape: how many of each shape are in it at most; `ALL` for all.
    """
    if per_shape == ALL:
        return [float(keep) for keep in kept]
    alike: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for number, (unit, keep) in enumerate(zip(units, kept, strict=True)):
        if keep:
            alike[tuple(sorted(unit.items()))].append(number)
    counts = [0.0] * len(units)
    for numbers in alike.values():
        chosen = min(per_shape, len(numbers))
        for place in range(chosen):
            # The middle of each of so many equal stretches.
            counts[numbers[(2 * place + 1) * len(numbers) // (2 * chosen)]] = len(numbers) / chosen
    return counts
