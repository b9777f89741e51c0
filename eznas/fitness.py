"""Fitness of a program: how well its scores rank networks as their trained accuracy does.

Fitness is |Kendall tau-b| between scores and accuracies, with the orientation kept. A program that fails, is
constant, or gives a non-finite score for any network has fitness -1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.evaluator import Evaluator
from eznas.ops.program import Program
from eznas.ranking import kendall_tau

INVALID_FITNESS: Final = -1.0


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A program with its fitness.

    Attributes:
        program: what was evaluated.
        tau: Kendall tau-b between scores and accuracies; NaN for an invalid program.
    """

    program: Program
    tau: float

    @property
    def fitness(self) -> float:
        """|tau|, or -1 for an invalid program."""
        return INVALID_FITNESS if math.isnan(self.tau) else abs(self.tau)

    @property
    def orientation(self) -> int:
        """+1 when a higher score means a better network, -1 when a lower one does."""
        return -1 if self.tau < 0 else 1

    def rank_key(self) -> tuple[float, int, str]:
        """Sorts the better program first: higher fitness, then fewer instructions, then a fixed order."""
        return -self.fitness, self.program.size, self.program.digest


class Fitness:
    """Evaluates programs against the accuracies of networks, each distinct program once."""

    def __init__(self, evaluator: Evaluator, accuracies: NDArray[np.float64]) -> None:
        """Set up fitness; `accuracies` has shape (networks,), in the order of the evaluator's networks."""
        self._evaluator = evaluator
        self._accuracies = np.ascontiguousarray(accuracies, dtype=np.float64)
        self._known: dict[Program, Evaluated] = {}

    @property
    def evaluations(self) -> int:
        """How many distinct programs have been evaluated."""
        return len(self._known)

    @property
    def known(self) -> tuple[Evaluated, ...]:
        """Every program evaluated so far, in the order of evaluation."""
        return tuple(self._known.values())

    def recall(self, evaluated: Iterable[Evaluated]) -> None:
        """Take over results of an earlier process, so that these programs are not evaluated again."""
        for known in evaluated:
            self._known[known.program] = known

    def of(self, programs: Sequence[Program]) -> list[Evaluated]:
        """Evaluate programs; one result for each, in their order."""
        new = [program for program in dict.fromkeys(programs) if program not in self._known]
        well_formed = [program for program in new if program.is_well_formed]
        taus = dict(zip(well_formed, map(self._tau, self._evaluator.scores(well_formed)), strict=True))
        for program in new:
            self._known[program] = Evaluated(program, taus.get(program, math.nan))
        return [self._known[program] for program in programs]

    def _tau(self, scores: NDArray[np.float64]) -> float:
        return kendall_tau(scores, self._accuracies) if np.isfinite(scores).all() else math.nan
