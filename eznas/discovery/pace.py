"""How far a discovery is, and when a round of it is over: after its epochs, or when it stands still."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Pace:
    """Where a discovery stands.

    Attributes:
        round: the current one, from 0.
        epochs: done in it.
        still: epochs in a row, in this round, after which the best formula was the one before.
        best: fitness of the best formula so far.
    """

    round: int = 0
    epochs: int = 0
    still: int = 0
    best: float = -1.0

    def after_epoch(self, best: float) -> Self:
        """Return where it stands after an epoch, given the fitness of the best formula."""
        return replace(
            self, epochs=self.epochs + 1, still=0 if best > self.best else self.still + 1, best=max(best, self.best)
        )

    def next_round(self) -> Self:
        """Return where it stands when a round begins."""
        return replace(self, round=self.round + 1, epochs=0, still=0)

    def is_over(self, epochs: int, patience: int) -> bool:
        """Return whether the round is over.

        Args:
            epochs: of a round.
            patience: epochs that it may stand still, 0 for any number.
        """
        return self.epochs >= epochs or (patience > 0 and self.still >= patience)
