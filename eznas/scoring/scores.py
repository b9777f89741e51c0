"""The one path from proxies and networks to scores: every network is built and run once for all proxies."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from eznas import seeds
from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError
from eznas.observer import RunObserver, SilentObserver
from eznas.ops.plan import Plan
from eznas.options import Aggregation, ToScalar, Unit, Weights
from eznas.proxies import AnyProxy, HandMadeProxy, Proxy
from eznas.scoring.aggregation import join_terms
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.scoring.collecting import Collected
from eznas.scoring.drawn_images import LabelledImages, draw_images, draw_labelled
from eznas.scoring.evaluator import scores_of_network
from eznas.scoring.network_scores import NetworkScores
from eznas.scoring.rank_aggregation import aggregated, single_proxies
from eznas.statistics.collect import CollectionSettings, Inputs, Loss, collect, initialise, make_inputs
from eznas.statistics.passes import NoUnitError
from eznas.statistics.store import networks_in_flight
from eznas.statistics.tensors import NetworkStatistics
from eznas.statistics.workers import available_cores, run_in_threads
from eznas.system.rounding import rounding_up

_NO_NUMBER: Final = "The score is not finite, or the program takes no unit of it."


@dataclass(frozen=True)
class ScoringSettings:
    """Under what networks are scored.

    Attributes:
        batch_size: images in the batch that programs see; hand-made proxies see as many as their papers say.
        seed: of the images, the noise and the weights.
        device: where networks run: `cpu`, `cuda` or `cuda:N`.
        threads: each has a network of its own; no score depends on it.
        memory_bytes: for the statistics that the threads hold, 0 for no bound; no score depends on it.
        weights: `fresh` ones from the seed, or the network's `own`.
        rounded_up: whether programs round every operation up, see `eznas.scoring.rounding`.
    """

    batch_size: int = 1
    seed: int = 0
    device: str = "cpu"
    threads: int = field(default_factory=available_cores)
    memory_bytes: int = 0
    weights: Weights = "fresh"
    rounded_up: bool = False


@dataclass(frozen=True)
class Candidate:
    """A network that is to be scored.

    Attributes:
        name: as messages call it.
        build: makes it; called in any thread.
        weights_seed: decides its fresh weights, and the random choices of layers such as dropout.
        collect: gives its statistics with fresh weights, from the same inputs as all have, and from what it is given
            for `build` if it needs the network; None where `build` is the only way to them.
    """

    name: str
    build: Callable[[], nn.Module]
    weights_seed: int
    collect: Callable[[CollectionSettings, Callable[[], nn.Module]], Collected] | None = None


@dataclass(frozen=True)
class GivenNetworks:
    """What is known of a user's own networks beside their inputs.

    Attributes:
        unit: the kind of unit that all programs take; None for each program's own.
        targets: of the inputs, for hand-made proxies that need them.
        loss: where the backward passes of programs start; None for the output.
    """

    unit: Unit | None = None
    targets: Tensor | None = None
    loss: Loss | None = None


ScoreNetworks: TypeAlias = Callable[
    [Sequence[AnyProxy], Benchmark, NDArray[np.int64], ScoringSettings, RunObserver | None], NetworkScores
]
"""`score_networks`, or what does the same elsewhere."""


def score_networks(
    proxies: Sequence[AnyProxy],
    benchmark: Benchmark,
    indices: NDArray[np.int64],
    settings: ScoringSettings,
    observer: RunObserver | None = None,
) -> NetworkScores:
    """Score networks of a benchmark with any number of proxies, programs and hand-made ones.

    A score depends on the proxy, the network, the batch size, the seed and the device alone: not on what else is
    scored, on the threads, or on the memory.

    Args:
        proxies: what to score with.
        benchmark: where networks and images are from.
        indices: int64 (networks,), which of them. One that cannot be run has no score.
        settings: under what they are scored.
        observer: is told of every network that is done, in no phase.

    Raises:
        EznasError: the benchmark has fewer images than a batch, or the device is not there.
    """
    inputs = make_inputs(draw_images(benchmark, settings.batch_size, settings.seed), settings.seed)
    wanted = [one.images for one in single_proxies(proxies) if isinstance(one, HandMadeProxy)]
    images = draw_labelled(benchmark, max(wanted, default=1), settings.seed)

    @cache
    def source(collection: CollectionSettings) -> BenchmarkStatistics:
        return BenchmarkStatistics(benchmark, settings.batch_size, settings.seed, collection)

    def candidate(index: int) -> Candidate:
        weights_seed = seeds.network_seed(settings.seed, index)
        return Candidate(
            benchmark.architectures[index],
            lambda: benchmark.build(index),
            weights_seed,
            lambda collection, build: source(collection).collect_timed(index, build),
        )

    candidates = [candidate(index) for index in indices.tolist()]
    return score_candidates(proxies, candidates, inputs, settings, observer, images)


def score_candidates(
    proxies: Sequence[AnyProxy],
    candidates: Sequence[Candidate],
    inputs: Inputs,
    settings: ScoringSettings,
    observer: RunObserver | None = None,
    images: LabelledImages | None = None,
    given: GivenNetworks | None = None,
) -> NetworkScores:
    """Score any networks with any number of proxies, as `score_networks` does.

    Args:
        proxies: what to score with.
        candidates: the networks. One that cannot be run has no score.
        inputs: what all of them see in the three passes; the batch size of the settings is of no account.
        settings: under what they are scored.
        observer: is told of every network that is done, in no phase.
        images: what hand-made proxies see, each as many as it wants, or all if there are fewer; None for the data of
            the inputs, all of them.
        given: what else is known of networks that are no benchmark's; None for nothing.

    Raises:
        EznasError: the device is not there.
    """
    singles = single_proxies(proxies)
    values, seconds = np.full((2, len(singles), len(candidates)), np.nan)
    coverage = np.ones(len(candidates))
    without_units: list[int] = []
    unscored: tuple[dict[int, str], ...] = tuple({} for _ in singles)
    if candidates:
        scorer = _Scorer(singles, inputs, settings, images, given or GivenNetworks())
        observer = observer or SilentObserver()

        def score(position: int) -> _Column:
            column = scorer.column(candidates[position])
            observer.advance()
            return column

        columns = run_in_threads(
            score, count=len(candidates), threads=settings.threads, limit=lambda: scorer.networks_in_flight
        )
        for position, column in enumerate(columns):
            values[:, position], seconds[:, position] = column.values, column.seconds
            coverage[position] = column.coverage
            without_units += [position] * column.lacks_units
            for row in np.flatnonzero(np.isnan(column.values)).tolist():
                unscored[row][position] = column.reasons.get(row, _NO_NUMBER)
    return aggregated(proxies, NetworkScores(values, unscored, seconds, coverage, tuple(without_units)))


@dataclass
class _Column:
    """The scores of one network and their processor time: float64 (proxies,); and why one is missing, by its row."""

    values: NDArray[np.float64]
    seconds: NDArray[np.float64]
    reasons: dict[int, str] = field(default_factory=dict)
    coverage: float = 1.0
    lacks_units: bool = False


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


class _Scorer:
    """Scores one network after the other, in many threads at once."""

    def __init__(
        self,
        proxies: Sequence[Proxy | HandMadeProxy],
        inputs: Inputs,
        settings: ScoringSettings,
        images: LabelledImages | None,
        given: GivenNetworks,
    ) -> None:
        CollectionSettings(device=settings.device).check_device()
        self._proxies = proxies
        self._inputs = inputs
        self._settings = settings
        self._all_images = images is None
        self._images = (images or LabelledImages(inputs.data, given.targets)).to(settings.device)
        self._given = given
        self._collections = [self._collection(rows) for rows in _collected_alike(proxies)]
        self._largest = 0

    @property
    def networks_in_flight(self) -> int:
        """How many networks the threads may hold at once."""
        memory_bytes = self._settings.memory_bytes if self._collections else 0
        return networks_in_flight(self._settings.threads, memory_bytes, self._largest)

    def column(self, candidate: Candidate) -> _Column:
        """Return the scores of a network by every proxy."""
        column = _Column(*np.full((2, len(self._proxies)), np.nan))
        build = cache(candidate.build)
        for collection in self._collections:
            try:
                statistics, seconds = self._collected(candidate, collection.settings, build)
            except EznasError as error:
                column.reasons |= dict.fromkeys(collection.rows, str(error))
                column.lacks_units |= isinstance(error, NoUnitError)
                continue
            # Threads may write the size at once: one of them will be right the next time.
            self._largest = max(self._largest, statistics.nbytes)
            started = time.thread_time()
            with rounding_up() if self._settings.rounded_up else nullcontext():
                for computation in collection.computations:
                    column.values[computation.rows] = computation.scores(statistics)
            column.seconds[collection.rows] = seconds + time.thread_time() - started
            column.coverage = min(column.coverage, statistics.coverage)
        hand_made = {row: proxy for row, proxy in enumerate(self._proxies) if isinstance(proxy, HandMadeProxy)}
        if hand_made:
            try:
                network = build()
            except EznasError as error:
                column.reasons |= dict.fromkeys(hand_made, str(error))
                return column
            try:
                network.to(self._settings.device)
                if self._settings.weights == "fresh":
                    # Again, because the passes of the programs may have left running statistics.
                    initialise(network, candidate.weights_seed)
            except Exception as error:  # a network may be the user's own code, and one that fails is reported by name
                column.reasons |= dict.fromkeys(hand_made, _reason(error))
                return column
            for row, proxy in hand_made.items():
                self._score_by_hand(proxy, row, candidate, network, column)
        return column

    def _collected(
        self, candidate: Candidate, settings: CollectionSettings, build: Callable[[], nn.Module]
    ) -> Collected:
        if candidate.collect is not None and self._settings.weights == "fresh":
            return candidate.collect(settings, build)
        network = build()
        started = time.thread_time()
        statistics = collect(
            network,
            self._inputs,
            settings,
            candidate.weights_seed,
            candidate.name,
            copy=False,
            fresh=self._settings.weights == "fresh",
            loss=self._given.loss,
        )
        return Collected(statistics, time.thread_time() - started)

    def _score_by_hand(
        self, proxy: HandMadeProxy, row: int, candidate: Candidate, network: nn.Module, column: _Column
    ) -> None:
        seen = self._images if self._all_images else self._images.first(proxy.images)
        rng = seeds.hand_made_generator(candidate.weights_seed)
        started = time.thread_time()
        try:
            value = float(proxy.score(network, seen.images, rng, seen.labels))
        except Exception as error:  # as above
            column.reasons[row] = _reason(error)
        else:
            column.values[row] = value if np.isfinite(value) else np.nan
        column.seconds[row] = time.thread_time() - started

    def _collection(self, rows: Sequence[int]) -> _Collection:
        """Return what to collect for the programs in these rows, which need the same unit and the same third pass."""
        programs = {row: proxy for row in rows if isinstance(proxy := self._proxies[row], Proxy)}
        first = programs[rows[0]]
        terminals = frozenset[int]().union(
            *(term.program.terminals for proxy in programs.values() for term in proxy.terms)
        )
        unit = self._given.unit or first.unit
        settings = CollectionSettings(unit, first.third_pass, self._settings.device, terminals)
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
