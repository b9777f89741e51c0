"""What evolution is told of a program: how fit it is, and which other programs do the same."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from eznas.ops.program import Program

INVALID_FITNESS: Final = -1.0
INVALID_RANKING: Final = ""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A program with its fitness.

    Attributes:
        program: what was evaluated.
        taus: Kendall tau-b between scores and accuracies over all networks of each benchmark, not turned by the
            orientation; () for an invalid program, or where fitness is no tau.
        fitness: how good it is, higher is better; -1 for an invalid program.
        orientation: +1 when a higher score means a better network, -1 when a lower one does.
        ranking: digest of the order into which the scores put the networks of each benchmark, best first by the
            orientation. Programs with equal rankings are functional repeats: they cannot be told apart on these
            networks.
        lost: whether it lost a race, see `race`: then fitness and ranking are of some of the networks, `taus` is ().
    """

    program: Program
    taus: tuple[float, ...]
    fitness: float
    orientation: int
    ranking: str
    lost: bool = False

    @classmethod
    def invalid(cls, program: Program) -> Self:
        """Return the result of a program that has no fitness."""
        return cls(program, (), INVALID_FITNESS, 1, INVALID_RANKING)

    @classmethod
    def of(cls, program: Program, fitness: float) -> Self:
        """Return the result of a program of which nothing but its fitness is known; NaN makes it invalid.

        It counts as a repeat of no other program.
        """
        if math.isnan(fitness):
            return cls.invalid(program)
        return cls(program, (), float(fitness), 1, program.digest)

    @property
    def is_valid(self) -> bool:
        """Whether the program has a fitness."""
        return self.ranking != INVALID_RANKING

    def merit(self) -> tuple[bool, float, bool]:
        """Is greater for the better program: valid, then higher fitness, then one that lost no race."""
        return self.is_valid, self.fitness, not self.lost

    def rank_key(self) -> tuple[bool, float, bool, int, str]:
        """Sorts the better program first: by merit, then fewer instructions, then a fixed order."""
        return not self.is_valid, -self.fitness, self.lost, self.program.size, self.program.digest

    def encode(self) -> list[Any]:
        """Return the result as plain data for msgpack."""
        return [self.program.encode(), list(self.taus), self.fitness, self.orientation, self.ranking, self.lost]

    @classmethod
    def decode(cls, data: Any) -> Self:
        """Rebuild a result from what `encode` returned; other data raises one of the errors of unpacking it."""
        program, taus, fitness, orientation, ranking, lost = data
        return cls(
            Program.decode(program),
            tuple(map(float, taus)),
            float(fitness),
            int(orientation),
            str(ranking),
            bool(lost),
        )


def best_of_each_ranking(results: Iterable[Evaluated], places: int) -> tuple[Evaluated, ...]:
    """Return the best programs that lost no race, best first: the simplest one of each ranking of the networks."""
    best: dict[str, Evaluated] = {}
    for result in sorted(results, key=Evaluated.rank_key):
        if result.is_valid and not result.lost:
            best.setdefault(result.ranking, result)
    return tuple(best.values())[:places]
