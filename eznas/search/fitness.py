"""Fitness of a program: how well its scores rank networks as their trained accuracy does.

On one benchmark, fitness is |Kendall tau-b| between scores and accuracies, with the orientation kept. On several, one
orientation must serve all of them: fitness is the minimum, mean or median over the benchmarks of tau turned by the
orientation for which that is larger. So it is negative for a program whose scores mean opposite things on them. With
subsamples, the tau of a benchmark is the least one of its subsamples. Scores that agree within the error of float32 are
ties, and networks that no program can score, since they cannot be run or have no unit, are ties at the bottom: both as
in every report (`eznas.scoring.ranking`). A program that fails, is constant, or gives a non-finite score for any other
network or subsample has fitness -1: a report would tie that network at the bottom, evolution does not accept it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import accumulate
from statistics import fmean, median
from typing import Final, Protocol, Self, get_args

import numpy as np
from numpy.typing import NDArray

from eznas.correlation.rank_correlation import kendall_tau
from eznas.errors import EznasError, shown
from eznas.ops.program import Program
from eznas.options import Combine, Orientation, Rounding
from eznas.scoring.evaluator import Race
from eznas.scoring.rounding import ROUNDED_NETWORKS, is_partly_rounding, rounding_stability
from eznas.scoring.ties import rankable
from eznas.search.evaluated import Evaluated, best_of_each_ranking
from eznas.search.race import FitnessRace, stages
from eznas.system.rounding import can_round_up

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

    def first(self, count: int) -> RankedNetworks:
        """Return the first so many of them, for a race: programs are judged on all of these at once."""
        return RankedNetworks(self.positions[:count], self.accuracies[:count])

    def tau(self, scores: NDArray[np.float64]) -> float:
        """Return Kendall tau-b over all networks; `scores` is float64 (networks,)."""
        return kendall_tau(scores, self.accuracies)

    def subsample_taus(self, scores: NDArray[np.float64]) -> list[float]:
        """Return Kendall tau-b over each subsample; `scores` is float64 (networks,)."""
        return [kendall_tau(scores[chosen], self.accuracies[chosen]) for chosen in self.subsamples]


class ProgramEvaluator(Protocol):
    """What gives the scores of programs on fixed networks: an `Evaluator`, or what asks those of other processes."""

    @property
    def unscorable(self) -> NDArray[np.bool_]:
        """As `Evaluator.unscorable`."""

    def scores(
        self,
        programs: Sequence[Program],
        progress: Callable[[int, int], None] | None = None,
        *,
        only_complete: bool = False,
        races: Sequence[Race] = (),
    ) -> NDArray[np.float64]:
        """As `Evaluator.scores`."""

    def rounded_up(self, programs: Sequence[Program], networks: Sequence[int]) -> NDArray[np.float64]:
        """As `Evaluator.rounded_up`."""


class Fitness:
    """Evaluates programs against the accuracies of networks."""

    def __init__(
        self,
        evaluator: ProgramEvaluator,
        benchmarks: Sequence[RankedNetworks],
        combine: Combine = "minimum",
        progress: Callable[[int, int], None] | None = None,
        race_networks: int = 0,
        race_share: float = 1.0,
        rounding: Rounding = "accepted",
    ) -> None:
        """Set up fitness.

        Args:
            evaluator: gives the scores of the networks of all benchmarks.
            benchmarks: the networks of each, at least one.
            combine: from the taus of several benchmarks to one fitness.
            progress: called after each network of an evaluation, as by `Evaluator.scores`.
            race_networks: how many networks of each benchmark programs are raced on first, see `race`; 0 for no race.
            race_share: of the programs with a fitness on those, which go on to further networks.
            rounding: what becomes of a program that would be among the best and is partly rounding, see
                `eznas.scoring.rounding`: `rejected` ones have fitness -1.
        """
        self._evaluator = evaluator
        self._progress = progress
        self._benchmarks = tuple(benchmarks)
        self._combine = _COMBINED[combine]
        most = max(len(networks.positions) for networks in benchmarks)
        self._raced = [
            [networks.first(count) for networks in benchmarks] for count in stages(race_networks, race_share, most)
        ]
        self._race_share = race_share
        if rounding not in get_args(Rounding):
            raise EznasError(f"rounding is {shown(rounding)}: choose {' or '.join(get_args(Rounding))}.")
        if rounding == "rejected" and not can_round_up():
            raise EznasError("This system cannot be told to round up, so nothing is known of rounding: accept it.")
        self._rejects_rounding = rounding == "rejected"

    def of(self, programs: Sequence[Program], best: Sequence[Evaluated] = (), places: int = 0) -> list[Evaluated]:
        """Evaluate programs, as `Evolution.ask` returns them; one result for each, in their order.

        Args:
            programs: any number of them.
            best: the best ones before, which are not rounding.
            places: how many there may be of these.
        """
        well_formed = [program for program in programs if program.is_well_formed]
        # A program that is not finite on some network has fitness -1, whatever the others give.
        races = [self._race(well_formed, raced) for raced in self._raced]
        scores = self._evaluator.scores(well_formed, self._progress, only_complete=True, races=races)
        scores_of = dict(zip(well_formed, scores, strict=True))
        results = [self._evaluate(program, scores_of.get(program)) for program in programs]
        for race in reversed(races):
            results = race.results(results)
        return self._without_rounding(results, scores_of, best, places) if self._rejects_rounding else results

    def _without_rounding(
        self,
        results: list[Evaluated],
        scores_of: Mapping[Program, NDArray[np.float64]],
        best: Sequence[Evaluated],
        places: int,
    ) -> list[Evaluated]:
        """Reject what is partly rounding, until nothing else would be among the best."""
        certain = {one.program for one in best}
        while True:
            entering = [
                one.program for one in best_of_each_ranking([*best, *results], places) if one.program not in certain
            ]
            if not entering:
                return results
            rejected = self._partly_rounding(entering, scores_of)
            certain.update(program for program in entering if program not in rejected)
            results = [Evaluated.invalid(one.program) if one.program in rejected else one for one in results]

    def _partly_rounding(
        self, programs: Sequence[Program], scores_of: Mapping[Program, NDArray[np.float64]]
    ) -> set[Program]:
        """Return those that are partly rounding on the first networks of any benchmark."""
        few = [networks.positions[:ROUNDED_NETWORKS] for networks in self._benchmarks]
        rounded_up = self._evaluator.rounded_up(programs, np.concatenate(few).tolist())
        ends = list(accumulate(len(positions) for positions in few))
        return {
            program
            for program, row in zip(programs, rounded_up, strict=True)
            if any(
                is_partly_rounding(rounding_stability(scores_of[program][positions], row[end - len(positions) : end]))
                for positions, end in zip(few, ends, strict=True)
            )
        }

    def _race(self, programs: Sequence[Program], raced: Sequence[RankedNetworks]) -> FitnessRace:
        """Return a race of these programs; its evaluator knows the networks by other numbers than the judge."""
        counts = [len(networks.positions) for networks in raced]
        within = [
            replace(networks, positions=np.arange(end - count, end))
            for networks, count, end in zip(raced, counts, accumulate(counts), strict=True)
        ]
        return FitnessRace(
            programs,
            np.concatenate([networks.positions for networks in raced]),
            self._race_share,
            lambda program, scores: self._judge(program, scores, within),
        )

    def _evaluate(self, program: Program, scores: NDArray[np.float64] | None) -> Evaluated:
        """Turn the scores of all networks, or None for a program that cannot have any, into its fitness."""
        if scores is None or not (np.isfinite(scores) | self._evaluator.unscorable).all():
            return Evaluated.invalid(program)
        return self._judge(program, scores, self._benchmarks)

    def _judge(self, program: Program, scores: NDArray[np.float64], benchmarks: Sequence[RankedNetworks]) -> Evaluated:
        """Turn scores, float64 (networks,), NaN only where no program has one, into a fitness."""
        better = self._oriented(scores, 1, benchmarks)
        # Where every network has a score, turning them turns the sign of every tau.
        if not (better.fitness >= 0 and np.isfinite(scores).all()):
            falling = self._oriented(scores, -1, benchmarks)
            if math.isnan(better.fitness + falling.fitness):
                return Evaluated.invalid(program)
            better = better if better.fitness >= falling.fitness else falling
        return Evaluated(
            program,
            tuple(better.orientation * tau + 0.0 for tau in better.taus),  # no -0.0
            better.fitness,
            better.orientation,
            _ranking_digest(better.ranked),
        )

    def _oriented(
        self, scores: NDArray[np.float64], orientation: Orientation, benchmarks: Sequence[RankedNetworks]
    ) -> _Oriented:
        """Judge the scores of networks by one orientation; the fitness is NaN where a tau is undefined."""
        ranked = [rankable(scores[networks.positions], orientation) for networks in benchmarks]
        pairs = list(zip(benchmarks, ranked, strict=True))
        taus = [networks.tau(part) for networks, part in pairs]
        judged = [networks.subsample_taus(part) or [tau] for (networks, part), tau in zip(pairs, taus, strict=True)]
        constant = any(_is_constant(part[np.isfinite(part)]) for part in ranked)
        undefined = constant or any(math.isnan(tau) for of_benchmark in judged for tau in of_benchmark)
        fitness = math.nan if undefined else self._combine([min(of_benchmark) for of_benchmark in judged])
        return _Oriented(orientation, ranked, taus, fitness)


@dataclass(frozen=True, slots=True)
class _Oriented:
    """What scores are worth by one orientation.

    Attributes:
        orientation: +1 or -1.
        ranked: for each benchmark float64 (networks,), higher for what should be a better network.
        taus: of each benchmark.
        fitness: from those, or from their subsamples'.
    """

    orientation: Orientation
    ranked: list[NDArray[np.float64]]
    taus: list[float]
    fitness: float


def _is_constant(scores: NDArray[np.float64]) -> bool:
    return scores.size == 0 or bool(scores.min() == scores.max())


def _ranking_digest(scores: Sequence[NDArray[np.float64]]) -> str:
    """Return a digest of the order of the scores within each benchmark; equal scores share a rank."""
    digest = blake2b(digest_size=16)
    for part in scores:
        _, ranks = np.unique(part, return_inverse=True)
        digest.update(ranks.astype("<u4").tobytes())
    return digest.hexdigest()
