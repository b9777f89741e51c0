"""What scores depend on, in the words of reports: for those who find it out and those who print it.

This module loads nothing.
"""

from __future__ import annotations

from typing import Final

COUNTS_ONLY: Final = "counts only"
"""No score moves with other weights and images: it follows from the number and the shapes of the layers."""

WEIGHTS_OR_IMAGES: Final = "weights or images"

PARTLY_ROUNDING: Final = "partly rounding"

MANY_ROUNDING_GRADIENTS: Final = 0.05
"""The share of the units, see `NetworkScores.rounding_gradients`, from which on reports say so."""
