"""Whether the order into which a program puts networks is more than rounding.

Its scores are computed twice: as ever, and with every operation rounded up, see `eznas.system.rounding`: those of the
network's passes, and those of the program. A determinant of a matrix that is nearly singular, say, has another sign
then, as it has on another processor; a gradient that is zero but for rounding, as it is before a BatchNorm whose
output is only averaged, has other digits.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.correlation.rank_correlation import kendall_tau
from eznas.scoring.dependence import MANY_ROUNDING_GRADIENTS
from eznas.scoring.ties import rankable

ROUNDED_NETWORKS: Final = 20
"""The most networks on which scores are computed in both ways: the first ones."""

LEAST_CERTAIN: Final = 0.95
"""Below this tau-b between both scores a program is partly rounding: of forty pairs of networks, more than one would
stand in the other order."""

MOST_MOVED: Final = 0.1
"""A score that rounding up moves by a larger share than this is told to be partly rounding."""

ROUNDING_RULE: Final = (
    f"at most {ROUNDED_NETWORKS} networks scored with every operation rounded up instead of to the nearest number; "
    f"partly rounding is a program whose scores agree by less than tau-b {LEAST_CERTAIN}; a gradient of a unit is "
    "rounding if that moves it by more than half of its norm"
)
"""What `partly rounding` means, for protocols."""


def rounding_stability(scores: NDArray[np.float64], rounded_up: NDArray[np.float64]) -> float:
    """Return Kendall's tau-b between both scores of the same networks, float64 (networks,); NaN where undefined.

    Scores that agree within the error of float32 are ties, and networks without one tie at the bottom.
    """
    return kendall_tau(rankable(scores, 1), rankable(rounded_up, 1))


def is_partly_rounding(stability: float | None) -> bool:
    """Whether a program of this `rounding_stability` is; not if that is unknown or undefined."""
    return stability is not None and stability < LEAST_CERTAIN


def order_warning(proxy: str, scores: NDArray[np.float64], rounded_up: NDArray[np.float64]) -> str | None:
    """Return the sentence that goes with a ranking by a program that is partly rounding; None where it is not.

    Args:
        proxy: its name.
        scores: of the models that it ranks, float64 (models,).
        rounded_up: the same with every operation rounded up.
    """
    stability = rounding_stability(scores, rounded_up)
    if not is_partly_rounding(stability):
        return None
    return (
        f"By {proxy} the order is partly rounding: with every operation rounded up instead of to the nearest number it "
        f"agrees with this one by tau {stability:.2f}."
    )


def gradients_warning(proxy: str, network: str, shares: NDArray[np.float64]) -> str | None:
    """Return the sentence that goes with scores of gradients many of which are nothing but rounding, or None.

    Args:
        proxy: its name.
        network: what was scored, such as `of ResNet`.
        shares: float64 (networks,), a row of `NetworkScores.rounding_gradients`.
    """
    known = shares[~np.isnan(shares)]
    if known.size == 0 or known.mean() < MANY_ROUNDING_GRADIENTS:
        return None
    return (
        f"In {known.mean():.0%} of the units {network} a gradient that {proxy} reads is zero but for rounding, so that "
        "these tell little more than how many there are: `eznas units` names them."
    )


def score_warning(proxy: str, model: str, score: float, rounded_up: float) -> str | None:
    """Return the sentence that goes with a score of which rounding decides a tenth or more; None where it does not."""
    if abs(rounded_up - score) <= MOST_MOVED * max(abs(score), abs(rounded_up)):
        return None
    return (
        f"The score of {model} by {proxy} is partly rounding: it would be {rounded_up:.4g} instead of {score:.4g} with "
        "every operation rounded up instead of to the nearest number."
    )
