"""One network scored by any number of proxies: it is built once, and run once for each kind of statistics."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray
from torch import nn

from eznas import seeds
from eznas.errors import EznasError
from eznas.ops.plan import Plan
from eznas.options import Aggregation, ToScalar
from eznas.proxies import HandMadeProxy, Proxy
from eznas.scoring.aggregation import join_terms
from eznas.scoring.candidate import Candidate, GivenNetworks
from eznas.scoring.collecting import Collected
from eznas.scoring.drawn_images import LabelledImages
from eznas.scoring.evaluator import scores_of_network
from eznas.scoring.settings import ScoringSettings
from eznas.statistics.cancelled_gradients import rounding_shares
from eznas.statistics.collect import CollectionSettings, Inputs, collect, initialise
from eznas.statistics.passes import NoUnitError
from eznas.statistics.store import networks_in_flight
from eznas.statistics.tensors import NetworkStatistics
from eznas.system.rounding import rounding_up


@dataclass
class Column:
    """What one network gives.

    Attributes:
        values: float64 (proxies,), its scores; NaN where it has none.
        rounded_up: as `values`, but with every operation of passes and programs rounded up, if that was asked for.
        rounding_gradients: float64 (proxies,), see `NetworkScores`, if that was asked for.
        seconds: float64 (proxies,), processor time, as in `NetworkScores`.
        reasons: why a score is missing, by the row of its proxy.
        coverage: as in `NetworkScores`.
        lacks_units: whether it has no unit of a kind that a program takes.
        statistics_bytes: of the largest statistics that were held for it.
    """

    values: NDArray[np.float64]
    rounded_up: NDArray[np.float64]
    rounding_gradients: NDArray[np.float64]
    seconds: NDArray[np.float64]
    reasons: dict[int, str] = field(default_factory=dict)
    coverage: float = 1.0
    lacks_units: bool = False
    statistics_bytes: int = 0


@dataclass(frozen=True)
class _Computation:
    """Proxies that differ in nothing but their terms, as one plan.

    Attributes:
        rows: which of the proxies they are.
        signs: for each of them float64 (terms,): +1 or -1.
        plan: of the programs of all their terms, in this order.
        to_scalar: of them all.
        aggregation: of them all.
    """

    rows: list[int]
    signs: list[NDArray[np.float64]]
    plan: Plan
    to_scalar: ToScalar
    aggregation: Aggregation

    def scores(self, statistics: NetworkStatistics) -> list[float]:
        aggregates = scores_of_network(self.plan, statistics, self.to_scalar, self.aggregation)
        ends = np.cumsum([len(signs) for signs in self.signs])
        return [
            join_terms(aggregates[end - len(signs) : end], signs) for end, signs in zip(ends, self.signs, strict=True)
        ]


@dataclass(frozen=True)
class _Collection:
    """Statistics, and what is computed from them."""

    settings: CollectionSettings
    computations: list[_Computation]

    @property
    def rows(self) -> list[int]:
        return [row for computation in self.computations for row in computation.rows]


class Scorer:
    """Scores one network after the other, in many threads at once.

    Attributes:
        proxies: that it scores with.
        settings: under which it does.
        largest: bytes of the largest statistics so far; threads may write it at once, one of them will be right the
            next time.
    """

    def __init__(
        self,
        proxies: Sequence[Proxy | HandMadeProxy],
        inputs: Inputs,
        settings: ScoringSettings,
        images: LabelledImages | None,
        given: GivenNetworks,
    ) -> None:
        CollectionSettings(device=settings.device).check_device()
        self.proxies = proxies
        self.settings = settings
        self.largest = 0
        self._inputs = inputs
        self._all_images = images is None
        self._images = (images or LabelledImages(inputs.data, given.targets)).to(settings.device)
        self._given = given
        self._collections = [self._collection(rows) for rows in _collected_alike(proxies)]

    @property
    def networks_in_flight(self) -> int:
        """How many networks the threads may hold at once."""
        memory_bytes = self.settings.memory_bytes if self._collections else 0
        return networks_in_flight(self.settings.threads, memory_bytes, self.largest)

    def column(self, candidate: Candidate) -> Column:
        """Return the scores of a network by every proxy."""
        column = Column(*np.full((4, len(self.proxies)), np.nan))
        build = cache(candidate.build)
        for collection in self._collections:
            try:
                self._score_programs(collection, candidate, build, column)
            except EznasError as error:
                column.values[collection.rows] = column.rounded_up[collection.rows] = np.nan
                column.reasons |= dict.fromkeys(collection.rows, str(error))
                column.lacks_units |= isinstance(error, NoUnitError)
        hand_made = {
            row: proxy
            for row, proxy in enumerate(self.proxies)
            if isinstance(proxy, HandMadeProxy) and not self._score_by_size(proxy, row, candidate, column)
        }
        if hand_made:
            try:
                network = build()
            except EznasError as error:
                column.reasons |= dict.fromkeys(hand_made, str(error))
                return column
            try:
                network.to(self.settings.device)
                if self.settings.weights == "fresh" and any(proxy.reads_weights for proxy in hand_made.values()):
                    # Again, because the passes of the programs may have left running statistics.
                    initialise(network, candidate.weights_seed)
            except Exception as error:  # a network may be the user's own code, and one that fails is reported by name
                column.reasons |= dict.fromkeys(hand_made, _reason(error))
                return column
            for row, proxy in hand_made.items():
                self._score_by_hand(proxy, row, candidate, network, column)
        return column

    def _score_programs(
        self, collection: _Collection, candidate: Candidate, build: Callable[[], nn.Module], column: Column
    ) -> None:
        statistics, seconds = self._collected(candidate, collection.settings, build)
        column.statistics_bytes = max(column.statistics_bytes, statistics.nbytes)
        column.coverage = min(column.coverage, statistics.coverage)
        started = time.thread_time()
        for computation in collection.computations:
            column.values[computation.rows] = computation.scores(statistics)
        column.seconds[collection.rows] = seconds + time.thread_time() - started
        if self.settings.rounded_up:
            column.statistics_bytes = max(column.statistics_bytes, 2 * statistics.nbytes)
            with rounding_up():  # of a network that the passes before have not touched
                upward, _ = self._collected(candidate, collection.settings, candidate.build)
                for computation in collection.computations:
                    column.rounded_up[computation.rows] = computation.scores(upward)
            read = [
                frozenset[int]().union(*(term.program.values_read for term in self._program(row).terms))
                for row in collection.rows
            ]
            column.rounding_gradients[collection.rows] = rounding_shares(statistics, upward, read)

    def _collected(
        self, candidate: Candidate, settings: CollectionSettings, build: Callable[[], nn.Module]
    ) -> Collected:
        network = build()
        started = time.thread_time()
        statistics = collect(
            network,
            self._inputs,
            settings,
            candidate.weights_seed,
            candidate.name,
            copy=False,
            fresh=self.settings.weights == "fresh",
            loss=self._given.loss,
        )
        return Collected(statistics, time.thread_time() - started)

    @staticmethod
    def _score_by_size(proxy: HandMadeProxy, row: int, candidate: Candidate, column: Column) -> bool:
        """Score a network by its size alone, and return whether that was possible."""
        started = time.thread_time()
        value = None if candidate.size is None else proxy.of_size(candidate.size)
        if value is None:
            return False
        column.values[row] = column.rounded_up[row] = value
        column.seconds[row] = time.thread_time() - started
        return True

    def _score_by_hand(
        self, proxy: HandMadeProxy, row: int, candidate: Candidate, network: nn.Module, column: Column
    ) -> None:
        seen = self._images if self._all_images else self._images.first(proxy.images)
        rng = seeds.hand_made_generator(candidate.weights_seed)
        started = time.thread_time()
        try:
            value = float(proxy.score(network, seen.images, rng, seen.labels))
        except Exception as error:  # as above
            column.reasons[row] = _reason(error)
        else:
            column.values[row] = column.rounded_up[row] = value if np.isfinite(value) else np.nan
        column.seconds[row] = time.thread_time() - started

    def _program(self, row: int) -> Proxy:
        proxy = self.proxies[row]
        assert isinstance(proxy, Proxy)
        return proxy

    def _collection(self, rows: Sequence[int]) -> _Collection:
        """Return what to collect for the programs in these rows, which need the same unit and the same third pass."""
        programs = {row: self._program(row) for row in rows}
        first = programs[rows[0]]
        terminals = frozenset[int]().union(
            *(term.program.terminals for proxy in programs.values() for term in proxy.terms)
        )
        unit = self._given.unit or first.unit
        settings = CollectionSettings(unit, first.third_pass, self.settings.device, terminals)
        alike: defaultdict[tuple[ToScalar, Aggregation], list[int]] = defaultdict(list)
        for row, proxy in programs.items():
            alike[proxy.to_scalar, proxy.aggregation].append(row)
        computations = []
        for (to_scalar, aggregation), together in alike.items():
            signs = [np.array([term.sign for term in programs[row].terms], np.float64) for row in together]
            parts = [term.program for row in together for term in programs[row].terms]
            computations.append(_Computation(together, signs, Plan.of(parts), to_scalar, aggregation))
        return _Collection(settings, computations)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, EznasError) else f"{type(error).__name__}: {error}"


def _collected_alike(proxies: Sequence[Proxy | HandMadeProxy]) -> list[list[int]]:
    """Return the rows of the programs, those together that are computed from the same statistics."""
    groups: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row, proxy in enumerate(proxies):
        if isinstance(proxy, Proxy):
            groups[proxy.unit, proxy.third_pass].append(row)
    return list(groups.values())
