"""What is good: from how a formula ranks several groups of networks to the one number that the search raises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.options import Combine, Objective, Reference

COMBINED: Final[dict[Combine, int]] = {"minimum": 0, "mean": 1, "median": 2}
"""How compiled code calls the ways to combine several benchmarks."""

REFERENCES: Final[dict[Reference, int]] = {"none": 0, "given": 1, "over": 2}
"""How compiled code calls what the proxies are for that a formula is compared with."""


@dataclass(frozen=True)
class Criterion:
    """How the correlations of groups become one fitness.

    Attributes:
        objective: `tau`, over all networks alike; `top`, weighted to the best ones; `both`, where one island after the
            other goes from the first to the second.
        combine: from the values of several benchmarks to one.
        draws: groups of one benchmark, next to each other: the same networks with other weights and images. The value
            of the benchmark is the mean of theirs.
        reference: what the proxies are for that come with the networks: `given`, what a formula knows beyond the one
            proxy counts; `over`, its lead over the best of them.
        lead_cap: the most that a lead on one benchmark counts.
        least_share: of the least correlation over the benchmarks, what is added to the lead: where every lead is at its
            cap, it is what there is left to gain.
    """

    objective: Objective = "tau"
    combine: Combine = "minimum"
    draws: int = 1
    reference: Reference = "none"
    lead_cap: float = 0.15
    least_share: float = 0.1

    def top_shares(self, islands: int) -> NDArray[np.float64]:
        """Return the weight of `top` against `tau` on each island, float64 (islands,)."""
        if self.objective == "both":
            return np.linspace(0.0, 1.0, islands) if islands > 1 else np.array([0.5])
        return np.full(islands, float(self.objective == "top"))

    @property
    def archive_shares(self) -> tuple[float, ...]:
        """The weights of `top` under which the archive keeps the best formulas; the first is that of the choice."""
        return (0.5, 0.0, 1.0) if self.objective == "both" else (float(self.objective == "top"),)
