"""Scores of many programs on many networks: the layer between the interpreter and fitness.

All new programs of a generation become one plan, and the plan runs network by network, while that network's
statistics are hot in the cache of the processor. Whatever is one number per unit is remembered across calls, and so are
determinants, which are few and dear: such a sub-expression is computed once in the life of an evaluator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from eznas.ops.equivalence import simplifier
from eznas.ops.interpreter import PlanResults
from eznas.ops.kernels.blas_threads import one_blas_thread
from eznas.ops.plan import Plan
from eznas.ops.program import Program
from eznas.ops.unit_tensors import UnitTensors
from eznas.options import Aggregation, ToScalar
from eznas.scoring.aggregation import aggregate_columns
from eznas.scoring.contenders import Contenders
from eznas.scoring.plan_evaluation import run_plan
from eznas.scoring.remembered import Recalled, Remembered
from eznas.statistics.settings import ALL
from eznas.statistics.store import StatisticsStore
from eznas.statistics.tensors import NetworkStatistics
from eznas.statistics.unit_sample import UnitSamples
from eznas.system.rounding import rounding_up

DEFAULT_CACHE_BYTES: Final = 256 * 2**20

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class NetworkResults:
    """What a plan gave for one network.

    Attributes:
        positions: int64 (computed,), of the programs of the plan among all that were asked for.
        plan: what was run.
        results: of the units.
        scores: float64 (computed,).
    """

    positions: NDArray[np.int64]
    plan: Plan
    results: PlanResults
    scores: NDArray[np.float64]

    def numbers_of(self, digests: Sequence[bytes]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the numbers of the recorded scalar nodes of these digests, and whether each is valid."""
        columns = _columns_of(digests, self.plan.recorded_digests)
        return self.results.numbers[:, columns], self.results.valid[:, columns]

    def tensors_of(self, digests: Sequence[bytes]) -> UnitTensors:
        """Return the kept tensors of these digests."""
        columns = _columns_of(digests, self.plan.kept_digests)
        values, *by_unit = self.results.kept
        return UnitTensors(values, *(part[:, columns] for part in by_unit))


def _columns_of(digests: Sequence[bytes], among: Sequence[bytes | None]) -> list[int]:
    column_of = {digest: column for column, digest in enumerate(among)}
    return [column_of[digest] for digest in digests]


class Race(Protocol):
    """A race of programs on some of the networks, of which only the best go on to further ones."""

    @property
    def networks(self) -> NDArray[np.int64]:
        """Which networks it is run on, increasing."""

    def choose(self, programs: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which programs go on, bool (programs,).

        Args:
            programs: int64 (programs,), the positions of those that are left.
            scores: float64 (programs, networks), theirs on the networks of the race.
        """


class Evaluator:
    """Evaluates programs on the networks of a statistics store.

    The scores depend on the statistics and the programs alone: not on the number of threads, on what the store
    keeps in memory, on which programs are evaluated together, or on what is cached.
    """

    _keeps_tensors = True  # besides numbers

    def __init__(
        self,
        store: StatisticsStore,
        to_scalar: ToScalar = "mean",
        aggregation: Aggregation = "mean",
        cache_bytes: int = DEFAULT_CACHE_BYTES,
        units_per_shape: int = ALL,
    ) -> None:
        """Set up an evaluator; nothing is computed yet.

        Args:
            store: the statistics of the networks.
            to_scalar: from a program's output tensor to one number per unit: its mean, or its l2 norm.
            aggregation: from the numbers of a network's valid units to its score.
            cache_bytes: bound on the memory of what is remembered.
            units_per_shape: on how many units of the same shapes programs are computed at most, see
                `eznas.statistics.unit_sample`: scores are estimates unless it is `ALL`.
        """
        self._store = store
        self._to_scalar = to_scalar
        self._aggregation = aggregation
        self._remembered = Remembered(cache_bytes)
        self._samples = UnitSamples(units_per_shape)
        self._simplifier = simplifier()
        self._unit_counts: NDArray[np.int64] | None = None

    @property
    def unscorable(self) -> NDArray[np.bool_]:
        """Which networks no program can score, since they have no unit: bool (networks,); known once any was scored."""
        if self._unit_counts is None:
            return np.zeros(self._store.count, dtype=np.bool_)
        return np.equal(self._unit_counts, 0)

    def scores(
        self,
        programs: Sequence[Program],
        progress: Callable[[int, int], None] | None = None,
        *,
        only_complete: bool = False,
        races: Sequence[Race] = (),
    ) -> NDArray[np.float64]:
        """Score every network with every program.

        Args:
            programs: any number of programs; repeats cost nothing but their row.
            progress: called after each network with the number of networks done and of all networks.
            only_complete: give up a program that has no score on a network with units, which saves the computation
                of the others: it has no score on any network then.
            races: one after the other, each on more networks than the one before, choose after these which programs are
                scored on further ones; the rest of them have no score on any network.

        Returns:
            float64, shape (programs, networks). NaN where a program has no valid unit on a network or its score
            is not finite.
        """
        if not programs:
            return np.empty((0, self._store.count))
        shared = self._simplifier.simplify_all(programs)
        # What PyTorch computes for own operations would differ in its last bits from tensors that are remembered.
        keeps_tensors = self._keeps_tensors and not shared.uses_own
        recalled = self._remembered.recall(shared, tensors=keeps_tensors)
        contenders = Contenders(shared, recalled.columns, keeps_tensors=keeps_tensors, only_complete=only_complete)
        networks = self._run(contenders, recalled, progress, races)
        self._unit_counts = np.array([len(network.results.numbers) for network in networks], dtype=np.int64)
        left, plan = contenders.plan
        self._remember(plan, networks)
        scores = np.full((len(programs), len(networks)), np.nan)
        for position, network in enumerate(networks):
            scores[left, position] = network.scores[np.searchsorted(network.positions, left)]
        return scores

    def rounded_up(self, programs: Sequence[Program], networks: Sequence[int]) -> NDArray[np.float64]:
        """Return the scores of programs with every operation rounded up, see `eznas.scoring.rounding`.

        Args:
            programs: whose scores were computed before, so that all compiled code is there.
            networks: which of them to score.

        Returns:
            float64, shape (programs, networks), NaN as of `scores`.
        """
        plan = Plan.of_shared(self._simplifier.simplify_all(programs))

        def score(statistics: NetworkStatistics) -> NDArray[np.float64]:
            with rounding_up():
                return scores_of_network(plan, statistics, self._to_scalar, self._aggregation)

        return np.array(self._for_each_sample(networks, score)).reshape(len(networks), len(programs)).T

    def _for_each_sample(
        self, networks: Sequence[int], function: Callable[[NetworkStatistics], Result]
    ) -> list[Result]:
        """Call a function with the statistics that some networks are scored by, in their order."""
        return self._store.for_each(
            lambda index, statistics: function(self._samples.of(index, statistics)), None, networks
        )

    def _run(
        self,
        contenders: Contenders,
        recalled: Recalled,
        progress: Callable[[int, int], None] | None,
        races: Sequence[Race],
    ) -> list[NetworkResults]:
        """Run the plan of the contenders on every network, on those of the races first.

        Args:
            contenders: are told the scores of every network that has units.
            recalled: what is remembered of them.
            progress: as of `scores`.
            races: as of `scores`.
        """
        numbers: dict[int, NetworkResults] = {}

        def run_on(networks: Sequence[int]) -> None:
            new = [network for network in networks if network not in numbers]
            numbers.update(zip(new, self._run_on(new, contenders, recalled, progress), strict=True))

        for race in races:
            raced = race.networks.tolist()
            run_on(raced)
            choose(race, contenders, [numbers[network] for network in raced])
        run_on(range(self._store.count))
        return [numbers[network] for network in range(self._store.count)]

    def _run_on(
        self,
        networks: Sequence[int],
        contenders: Contenders,
        recalled: Recalled,
        progress: Callable[[int, int], None] | None,
    ) -> list[NetworkResults]:
        """Run the plan of the contenders on some networks."""

        def evaluate(index: int, statistics: NetworkStatistics) -> NetworkResults:
            positions, plan = contenders.plan
            cached = self._recalled_of(index, recalled, statistics.units)
            results = run_plan(plan, statistics, self._to_scalar, cached)
            numbers, valid, _ = results
            scores = aggregated(plan, numbers, valid, self._to_scalar, self._aggregation, statistics.stands_for)
            if statistics.units > 0:
                contenders.scored(positions, scores)
            return NetworkResults(positions, plan, results, scores)

        if recalled.columns and self._unit_counts is not None and not contenders.plan[1].terminals:
            # Everything follows from what is remembered, so no network's statistics are needed, wherever they are.
            units = self._unit_counts.tolist()
            return [
                evaluate(index, NetworkStatistics.without_tensors("", units[index], self._samples.stands_for(index)))
                for index in networks
            ]
        ordered = self._samples.largest_first(networks)
        with one_blas_thread():  # as each network has it; to enter it again takes less time than to set it again
            results = self._store.for_each(
                lambda index, statistics: evaluate(index, self._samples.of(index, statistics)), progress, ordered
            )
        of_network = dict(zip(ordered, results, strict=True))
        return [of_network[network] for network in networks]

    def _recalled_of(self, index: int, recalled: Recalled, units: int) -> UnitTensors:
        """Return what is remembered of the units of a network, of which there are so many."""
        if self._unit_counts is None:
            return UnitTensors.none(units)
        stop = int(self._unit_counts[: index + 1].sum())
        return recalled.of_units(stop - units, stop)

    def _remember(self, plan: Plan, networks: Sequence[NetworkResults]) -> None:
        """Keep what a plan that was run on all networks gives that later calls may need."""
        digests = [digest for digest in plan.recorded_digests if digest is not None]
        if digests:
            parts = [network.numbers_of(digests) for network in networks]
            values = np.concatenate([values for values, _ in parts])
            valid = np.concatenate([valid for _, valid in parts])
            for column, digest in enumerate(digests):
                self._remembered.put_numbers(digest, values[:, column].copy(), valid[:, column])
        if plan.kept_digests:
            tensors = [network.tensors_of(plan.kept_digests) for network in networks]
            for column, digest in enumerate(plan.kept_digests):
                self._remembered.put_tensors(digest, tensors, column)


def choose(race: Race, contenders: Contenders, networks: Sequence[NetworkResults]) -> None:
    """Let a race choose among the contenders that are left, by what its networks gave."""
    left = contenders.left
    scores = np.array([network.scores[np.searchsorted(network.positions, left)] for network in networks])
    contenders.keep(left[race.choose(left, scores.T)])


def scores_of_network(
    plan: Plan, statistics: NetworkStatistics, to_scalar: ToScalar, aggregation: Aggregation
) -> NDArray[np.float64]:
    """Return the score of one network by each program of a plan without cached nodes, as `Evaluator.scores` does."""
    values, valid, _ = run_plan(plan, statistics, to_scalar)
    return aggregated(plan, values, valid, to_scalar, aggregation, statistics.stands_for)


def unit_numbers(
    plan: Plan, statistics: NetworkStatistics, to_scalar: ToScalar
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return what the score of one network is aggregated from by each program of a plan without cached nodes.

    Returns:
        float32 and bool, both (units, programs): the numbers, and whether a unit counts.
    """
    recorded, valid, _ = run_plan(plan, statistics, to_scalar)
    return _of_roots(plan, recorded, valid, to_scalar)


def aggregated(
    plan: Plan,
    recorded: NDArray[np.float32],
    valid: NDArray[np.bool_],
    to_scalar: ToScalar,
    aggregation: Aggregation,
    stands_for: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    """Return the score of a network by each program of a plan.

    Args:
        plan: that was run.
        recorded: float32 (units, recorded), the numbers of its recorded nodes, as `evaluate_plan` gives them.
        valid: bool, same shape.
        to_scalar: as the numbers were taken.
        aggregation: from the numbers of valid units to the score.
        stands_for: see `aggregate_columns`.
    """
    return aggregate_columns(*_of_roots(plan, recorded, valid, to_scalar), aggregation, stands_for)


def _of_roots(
    plan: Plan, recorded: NDArray[np.float32], valid: NDArray[np.bool_], to_scalar: ToScalar
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    # What is one number was recorded as itself, sign and all, to be remembered: its norm is taken here.
    numbers = np.abs(recorded) if to_scalar == "l2" else recorded
    return numbers[:, plan.root_columns], valid[:, plan.root_columns]
