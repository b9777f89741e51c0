"""Fitness of a program: how well its scores rank networks as their trained accuracy does.

On one benchmark, fitness is |Kendall tau-b| between scores and accuracies, with the orientation kept. On several, one
orientation must serve all of them: fitness is the minimum, mean or median over the benchmarks of tau turned by the
orientation for which that is larger. So it is negative for a program whose scores mean opposite things on them. With
subsamples, the tau of a benchmark is the least one of its subsamples. Scores that agree within the error of float32 are
ties, as in every report (`eznas.scoring.ties`). A program that fails, is constant, or gives a non-finite score for any
network or subsample has fitness -1: a report would tie such a network at the bottom, evolution does not accept it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from statistics import fmean, median
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from eznas.ops.program import Program
from eznas.options import Combine
from eznas.scoring.correlation import kendall_tau
from eznas.scoring.evaluator import Evaluator
from eznas.scoring.ties import tied

INVALID_FITNESS: Final = -1.0
INVALID_RANKING: Final = ""

_COMBINED: Final[dict[Combine, Callable[[Sequence[float]], float]]] = {
    "minimum": min,
    "mean": fmean,
    "median": median,
}


@dataclass(frozen=True, slots=True, eq=False)
class RankedNetworks:
    """Networks of one benchmark, among those of an evaluator, that programs are to rank by accuracy.

    Attributes:
        positions: int64, shape (networks,): which of the evaluator's networks.
        accuracies: float64, shape (networks,).
        subsamples: int64, each of shape (size,), into the two above; () to judge programs on all networks at once.
    """

    positions: NDArray[np.int64]
    accuracies: NDArray[np.float64]
    subsamples: tuple[NDArray[np.int64], ...] = ()

    @classmethod
    def of(
        cls, accuracies: NDArray[np.float64], first: int = 0, subsamples: tuple[NDArray[np.int64], ...] = ()
    ) -> Self:
        """Return the networks of these accuracies that stand one after the other from position `first`."""
        positions = np.arange(first, first + len(accuracies), dtype=np.int64)
        return cls(positions, np.ascontiguousarray(accuracies, dtype=np.float64), subsamples)

    def tau(self, scores: NDArray[np.float64]) -> float:
        """Return Kendall tau-b over all networks; `scores` is float64 (networks,)."""
        return kendall_tau(scores, self.accuracies)

    def subsample_taus(self, scores: NDArray[np.float64]) -> list[float]:
        """Return Kendall tau-b over each subsample; `scores` is float64 (networks,)."""
        return [kendall_tau(scores[chosen], self.accuracies[chosen]) for chosen in self.subsamples]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A program with its fitness.

    Attributes:
        program: what was evaluated.
        taus: Kendall tau-b between scores and accuracies over all networks of each benchmark, not turned by the
            orientation; () for an invalid program.
        fitness: how well it ranks, from -1 to 1; -1 for an invalid program.
        orientation: +1 when a higher score means a better network, -1 when a lower one does.
        ranking: digest of the order into which the scores put the networks of each benchmark, best first by the
            orientation. Programs with equal rankings are functional repeats: they cannot be told apart on these
            networks.
    """

    program: Program
    taus: tuple[float, ...]
    fitness: float
    orientation: int
    ranking: str

    @classmethod
    def invalid(cls, program: Program) -> Self:
        """Return the result of a program that has no fitness."""
        return cls(program, (), INVALID_FITNESS, 1, INVALID_RANKING)

    @property
    def is_valid(self) -> bool:
        """Whether the program ranks the networks of every benchmark."""
        return self.ranking != INVALID_RANKING

    def rank_key(self) -> tuple[float, int, str]:
        """Sorts the better program first: higher fitness, then fewer instructions, then a fixed order."""
        return -self.fitness, self.program.size, self.program.digest


class Fitness:
    """Evaluates programs against the accuracies of networks, each distinct program once."""

    def __init__(
        self, evaluator: Evaluator, benchmarks: Sequence[RankedNetworks], combine: Combine = "minimum"
    ) -> None:
        """Set up fitness.

        Args:
            evaluator: gives the scores of the networks of all benchmarks.
            benchmarks: the networks of each, at least one.
            combine: from the taus of several benchmarks to one fitness.
        """
        self._evaluator = evaluator
        self._benchmarks = tuple(benchmarks)
        self._combine = _COMBINED[combine]
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
            return Evaluated.invalid(program)
        parts = [tied(scores[networks.positions]) for networks in self._benchmarks]
        pairs = list(zip(self._benchmarks, parts, strict=True))
        taus = tuple(networks.tau(part) for networks, part in pairs)
        judged = [networks.subsample_taus(part) or [tau] for (networks, part), tau in zip(pairs, taus, strict=True)]
        if any(math.isnan(tau) for of_benchmark in judged for tau in of_benchmark):
            return Evaluated.invalid(program)
        rising, falling = (
            self._combine([min(sign * tau for tau in of_benchmark) for of_benchmark in judged]) for sign in (1, -1)
        )
        orientation = 1 if rising >= falling else -1
        return Evaluated(
            program,
            taus,
            max(rising, falling),
            orientation,
            _ranking_digest([orientation * part for part in parts]),
        )


def _ranking_digest(scores: Sequence[NDArray[np.float64]]) -> str:
    """Return a digest of the order of the scores within each benchmark; equal scores share a rank."""
    digest = blake2b(digest_size=16)
    for part in scores:
        _, ranks = np.unique(part, return_inverse=True)
        digest.update(ranks.astype("<u4").tobytes())
    return digest.hexdigest()
