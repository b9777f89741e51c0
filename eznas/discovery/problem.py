"""What a search for formulas is given: features on the units of networks, and how good the networks are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from eznas.options import Aggregation, Combine

COMBINED: Final[dict[Combine, int]] = {"minimum": 0, "mean": 1, "median": 2}
"""How compiled code calls the ways to combine several groups."""


class Arrays(NamedTuple):
    """A problem as compiled code reads it; networks of a group lie one after the other.

    Attributes:
        features: float32 (features, units of all networks).
        valid: bool, same shape.
        partly_valid: bool (features,): whether a feature is invalid on some unit.
        ends: int64 (networks,): where the units of each network end.
        groups: int64 (groups + 1,): where the networks of each group begin, and the number of networks.
        accuracies: float64 (networks,).
        order: int64 (networks,): which network of its group comes first, second and so on by rising accuracy.
        use_mean: whether a score is the mean over the units, not the sum.
        combine: from the taus of the groups to one fitness, one of `COMBINED`.
    """

    features: NDArray[np.float32]
    valid: NDArray[np.bool_]
    partly_valid: NDArray[np.bool_]
    ends: NDArray[np.int64]
    groups: NDArray[np.int64]
    accuracies: NDArray[np.float64]
    order: NDArray[np.int64]
    use_mean: bool
    combine: int


@dataclass(frozen=True, eq=False)
class NetworkGroup:
    """Networks that a formula is to rank among each other: those of one benchmark.

    Attributes:
        units: int64 (networks,): how many units each network has.
        values: float32 (features, units of all networks).
        valid: bool, same shape.
        accuracies: float64 (networks,).
    """

    units: NDArray[np.int64]
    values: NDArray[np.float32]
    valid: NDArray[np.bool_]
    accuracies: NDArray[np.float64]

    def subset(self, networks: NDArray[np.int64]) -> Self:
        """Return the group of some of the networks, in the order given."""
        ends = np.cumsum(self.units)
        columns = np.concatenate([np.arange(ends[one] - self.units[one], ends[one]) for one in networks])
        return type(self)(
            self.units[networks], self.values[:, columns], self.valid[:, columns], self.accuracies[networks]
        )


def arrays_of(groups: Sequence[NetworkGroup], aggregation: Aggregation, combine: Combine = "minimum") -> Arrays:
    """Return the groups as one problem.

    Args:
        groups: of networks, one or more.
        aggregation: from the units' numbers to a network's score.
        combine: from the taus of the groups to one fitness.
    """
    orders = [np.argsort(group.accuracies, kind="stable") for group in groups]
    valid = np.ascontiguousarray(np.concatenate([group.valid for group in groups], axis=1))
    return Arrays(
        features=np.ascontiguousarray(np.concatenate([group.values for group in groups], axis=1)),
        valid=valid,
        partly_valid=np.logical_not(np.all(valid, axis=1)),
        ends=np.cumsum(np.concatenate([group.units for group in groups])),
        groups=np.cumsum([0, *(len(group.units) for group in groups)]).astype(np.int64),
        accuracies=np.concatenate([group.accuracies for group in groups]),
        order=np.concatenate(orders).astype(np.int64),
        use_mean=aggregation == "mean",
        combine=COMBINED[combine],
    )
