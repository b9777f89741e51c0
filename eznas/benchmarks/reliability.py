"""How far a table of accuracies can be trusted: how well one half of its seeds ranks the networks as the other half."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from eznas.correlation.rank_correlation import kendall_tau


def reliability(accuracies: NDArray[np.float64]) -> float | None:
    """Return Kendall tau-b between the mean accuracies of two halves of the seeds, averaged over all ways to halve.

    With an odd number of seeds each half has (seeds - 1) / 2, and every seed is left out in turn. No proxy can be
    expected to agree with the table better than the table agrees with itself.

    Args:
        accuracies: (networks, seeds).

    Returns:
        A number from -1 to 1, or None where it is undefined: fewer than two networks or two seeds, or a half in
        which all networks are equally good.
    """
    networks, seeds = accuracies.shape
    if networks < 2 or seeds < 2:
        return None
    taus = [
        kendall_tau(accuracies[:, list(half)].mean(axis=1), accuracies[:, list(other)].mean(axis=1))
        for half, other in _halves(seeds)
    ]
    mean = float(np.mean(taus))
    return mean if np.isfinite(mean) else None


def _halves(seeds: int) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield all pairs of disjoint sets of seeds // 2 seeds, each pair once."""
    size = seeds // 2
    for half in itertools.combinations(range(seeds), size):
        rest = [seed for seed in range(seeds) if seed not in half]
        for other in itertools.combinations(rest, size):
            if half < other:
                yield half, other
