"""Fitness of a program: how well its scores rank networks as their trained accuracy does.

Fitness is |Kendall tau-b| between scores and accuracies, with the orientation kept. A program that fails, is
constant, or gives a non-finite score for any network has fitness -1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.evaluator import Evaluator
from eznas.ops.program import Program
from eznas.ranking import kendall_tau

INVALID_FITNESS: Final = -1.0
INVALID_RANKING: Final = ""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A program with its fitness.

    Attributes:
        program: what was evaluated.
        tau: Kendall tau-b between scores and accuracies; NaN for an invalid program.
        ranking: digest of the order into which the scores put the networks, best first by the orientation. Programs
            with equal rankings are functional repeats: they cannot be told apart on these networks.
    """

    program: Program
    tau: float
    ranking: str

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
        scores = dict(zip(well_formed, self._evaluator.scores(well_formed), strict=True))
        for program in new:
            self._known[program] = self._evaluate(program, scores.get(program))
        return [self._known[program] for program in programs]

    def _evaluate(self, program: Program, scores: NDArray[np.float64] | None) -> Evaluated:
        """Turn the scores of all networks, or None for a program that cannot have any, into its fitness."""
        if scores is None or not np.isfinite(scores).all():
            return Evaluated(program, math.nan, INVALID_RANKING)
        tau = kendall_tau(scores, self._accuracies)
        if math.isnan(tau):
            return Evaluated(program, math.nan, INVALID_RANKING)
        return Evaluated(program, tau, _ranking_digest(-scores if tau < 0 else scores))


def _ranking_digest(scores: NDArray[np.float64]) -> str:
    """Return a digest of the order of the scores; equal scores share a rank."""
    _, ranks = np.unique(scores, return_inverse=True)
    return blake2b(ranks.astype("<u4").tobytes(), digest_size=16).hexdigest()
