"""What a search for formulas is given: features on the units of networks, and how good the networks are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from eznas.correlation.rank_correlation import kendall_tau
from eznas.correlation.weighted_correlation import top_weighted_tau, top_weights
from eznas.discovery.criterion import COMBINED, REFERENCES, Criterion
from eznas.options import Aggregation

OTHER_NETWORKS: Final = "the networks or their accuracies are others"
"""What a checkpoint says where `digest_of_networks` is not what it was."""

_DEFAULT_CRITERION: Final = Criterion()


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
        weights: float64 (networks,): see `top_weights`.
        references: float64 (proxies, networks): scores of the proxies that formulas are compared with.
        reference_order: int64 (proxies, networks): like `order`, by rising score of the first, second proxy and so on.
        reference_taus: float64 (2, proxies, groups): tau and top-weighted tau of those scores; NaN where undefined.
        use_mean: whether a score is the mean over the units, not the sum.
        top_share: the weight of the top-weighted tau against tau.
        combine: from the values of the benchmarks to one fitness, one of `COMBINED`.
        draws: see `Criterion`.
        reference: what the proxies are for, one of `REFERENCES`.
        lead_cap: see `Criterion`.
        least_share: see `Criterion`.
    """

    features: NDArray[np.float32]
    valid: NDArray[np.bool_]
    partly_valid: NDArray[np.bool_]
    ends: NDArray[np.int64]
    groups: NDArray[np.int64]
    accuracies: NDArray[np.float64]
    order: NDArray[np.int64]
    weights: NDArray[np.float64]
    references: NDArray[np.float64]
    reference_order: NDArray[np.int64]
    reference_taus: NDArray[np.float64]
    use_mean: bool
    top_share: float
    combine: int
    draws: int
    reference: int
    lead_cap: float
    least_share: float


@dataclass(frozen=True, eq=False)
class NetworkGroup:
    """Networks that a formula is to rank among each other: those of one benchmark, under one draw of weights.

    Attributes:
        units: int64 (networks,): how many units each network has.
        values: float32 (features, units of all networks).
        valid: bool, same shape.
        accuracies: float64 (networks,).
        references: float64 (proxies, networks): scores of proxies to compare with, ties made equal and turned so that
            higher is better; None for no proxies.
    """

    units: NDArray[np.int64]
    values: NDArray[np.float32]
    valid: NDArray[np.bool_]
    accuracies: NDArray[np.float64]
    references: NDArray[np.float64] | None = None

    def subset(self, networks: NDArray[np.int64]) -> Self:
        """Return the group of some of the networks, in the order given."""
        ends = np.cumsum(self.units)
        columns = np.concatenate([np.arange(ends[one] - self.units[one], ends[one]) for one in networks])
        return type(self)(
            self.units[networks],
            self.values[:, columns],
            self.valid[:, columns],
            self.accuracies[networks],
            None if self.references is None else self.references[:, networks],
        )

    @property
    def all_references(self) -> NDArray[np.float64]:
        """The references, float64 (0, networks) where there are none."""
        return np.empty((0, len(self.units))) if self.references is None else self.references


def arrays_of(
    groups: Sequence[NetworkGroup], aggregation: Aggregation, criterion: Criterion = _DEFAULT_CRITERION
) -> Arrays:
    """Return the groups as one problem.

    Args:
        groups: of networks, one or more; the draws of one benchmark next to each other.
        aggregation: from the units' numbers to a network's score.
        criterion: from correlations to fitness.
    """
    valid = np.ascontiguousarray(np.concatenate([group.valid for group in groups], axis=1))
    return Arrays(
        features=np.ascontiguousarray(np.concatenate([group.values for group in groups], axis=1)),
        valid=valid,
        partly_valid=np.logical_not(np.all(valid, axis=1)),
        ends=np.cumsum(np.concatenate([group.units for group in groups])),
        groups=np.cumsum([0, *(len(group.units) for group in groups)]).astype(np.int64),
        accuracies=np.concatenate([group.accuracies for group in groups]),
        order=np.concatenate([np.argsort(group.accuracies, kind="stable") for group in groups]).astype(np.int64),
        weights=np.concatenate([top_weights(group.accuracies) for group in groups]),
        references=np.ascontiguousarray(np.concatenate([group.all_references for group in groups], axis=1)),
        reference_order=np.ascontiguousarray(
            np.concatenate([np.argsort(group.all_references, axis=1, kind="stable") for group in groups], axis=1),
            np.int64,
        ),
        reference_taus=_reference_taus(groups),
        use_mean=aggregation == "mean",
        top_share=criterion.archive_shares[0],
        combine=COMBINED[criterion.combine],
        draws=criterion.draws,
        reference=REFERENCES[criterion.reference],
        lead_cap=criterion.lead_cap,
        least_share=criterion.least_share,
    )


def digest_of_networks(*problems: Arrays) -> str:
    """Return a digest of the networks of problems: how many units each has, and its accuracy.

    So a checkpoint knows a table that was changed since. Features are left out: machines differ in their last bits.
    """
    digest = blake2b(digest_size=16)
    for arrays in problems:
        digest.update(arrays.ends.tobytes())
        digest.update(arrays.accuracies.tobytes())
    return digest.hexdigest()


def _reference_taus(groups: Sequence[NetworkGroup]) -> NDArray[np.float64]:
    """Return tau and top-weighted tau of every proxy on every group, float64 (2, proxies, groups)."""
    taus = np.empty((2, len(groups[0].all_references), len(groups)))
    for position, group in enumerate(groups):
        for proxy, scores in enumerate(group.all_references):
            taus[0, proxy, position] = kendall_tau(scores, group.accuracies)
            taus[1, proxy, position] = top_weighted_tau(scores, group.accuracies)
    return taus
