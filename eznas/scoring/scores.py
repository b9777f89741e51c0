"""The one path from proxies and networks to scores: every network is built and run once for all proxies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from eznas import seeds
from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError
from eznas.observer import RunObserver, SilentObserver
from eznas.ops.plan import Plan
from eznas.options import Aggregation, ToScalar, Weights
from eznas.proxies import AnyProxy, HandMadeProxy, Proxy
from eznas.scoring.aggregation import join_terms
from eznas.scoring.benchmark_statistics import draw_images
from eznas.scoring.evaluator import scores_of_network
from eznas.statistics.collect import CollectionSettings, Inputs, collect, initialise, make_inputs
from eznas.statistics.isolation import reproducible_kernels
from eznas.statistics.store import networks_in_flight
from eznas.statistics.tensors import NetworkStatistics
from eznas.statistics.workers import available_cores, run_in_threads

_NO_NUMBER: Final = "The score is not finite, or the program takes no unit of it."


@dataclass(frozen=True)
class ScoringSettings:
    """Under what networks are scored.

    Attributes:
        batch_size: images in the batch that all networks see.
        seed: of the images, the noise and the weights.
        device: where networks run: `cpu`, `cuda` or `cuda:N`.
        threads: each has a network of its own; no score depends on it.
        memory_bytes: for the statistics that the threads hold, 0 for no bound; no score depends on it.
        weights: `fresh` ones from the seed, or the network's `own`.
    """

    batch_size: int = 1
    seed: int = 0
    device: str = "cpu"
    threads: int = field(default_factory=available_cores)
    memory_bytes: int = 0
    weights: Weights = "fresh"


@dataclass(frozen=True)
class Candidate:
    """A network that is to be scored.

    Attributes:
        name: as messages call it.
        build: makes it; called again for every score that changes the network, and in any thread.
        weights_seed: decides its fresh weights, and the random choices of layers such as dropout.
    """

    name: str
    build: Callable[[], nn.Module]
    weights_seed: int


@dataclass(frozen=True)
class NetworkScores:
    """What proxies gave for networks.

    Attributes:
        values: float64 (proxies, networks), as computed, not turned by the orientation; NaN where there is no score.
        unscored: for each proxy, why a network has no score, by its position.
    """

    values: NDArray[np.float64]
    unscored: tuple[dict[int, str], ...]


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

    def candidate(index: int) -> Candidate:
        weights_seed = seeds.network_seed(settings.seed, index)
        return Candidate(benchmark.architectures[index], lambda: benchmark.build(index), weights_seed)

    return score_candidates(proxies, [candidate(index) for index in indices.tolist()], inputs, settings, observer)


def score_candidates(
    proxies: Sequence[AnyProxy],
    candidates: Sequence[Candidate],
    inputs: Inputs,
    settings: ScoringSettings,
    observer: RunObserver | None = None,
) -> NetworkScores:
    """Score any networks with any number of proxies, as `score_networks` does.

    Args:
        proxies: what to score with.
        candidates: the networks. One that cannot be run has no score.
        inputs: what all of them see in the three passes; the batch size of the settings is of no account.
        settings: under what they are scored.
        observer: is told of every network that is done, in no phase.

    Raises:
        EznasError: the device is not there.
    """
    values = np.full((len(proxies), len(candidates)), np.nan)
    unscored: tuple[dict[int, str], ...] = tuple({} for _ in proxies)
    if not candidates:
        return NetworkScores(values, unscored)
    scorer = _Scorer(proxies, inputs, settings)
    observer = observer or SilentObserver()

    def score(position: int) -> _Column:
        column = scorer.column(candidates[position])
        observer.advance()
        return column

    columns = run_in_threads(
        score, count=len(candidates), threads=settings.threads, limit=lambda: scorer.networks_in_flight
    )
    for position, column in enumerate(columns):
        values[:, position] = column.values
        for row in np.flatnonzero(np.isnan(column.values)).tolist():
            unscored[row][position] = column.reasons.get(row, _NO_NUMBER)
    return NetworkScores(values, unscored)


@dataclass
class _Column:
    """The scores of one network: float64 (proxies,), and why one is missing, by the row of the proxy."""

    values: NDArray[np.float64]
    reasons: dict[int, str] = field(default_factory=dict)


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

    def __init__(self, proxies: Sequence[AnyProxy], inputs: Inputs, settings: ScoringSettings) -> None:
        CollectionSettings(device=settings.device).check_device()
        self._proxies = proxies
        self._inputs = inputs
        self._settings = settings
        self._images = inputs.data.to(settings.device)
        self._collections = [self._collection(rows) for rows in _collected_alike(proxies)]
        self._largest = 0

    @property
    def networks_in_flight(self) -> int:
        """How many networks the threads may hold at once."""
        memory_bytes = self._settings.memory_bytes if self._collections else 0
        return networks_in_flight(self._settings.threads, memory_bytes, self._largest)

    def column(self, candidate: Candidate) -> _Column:
        """Return the scores of a network by every proxy."""
        column = _Column(np.full(len(self._proxies), np.nan))
        try:
            network = candidate.build()
        except EznasError as error:
            column.reasons = dict.fromkeys(range(len(self._proxies)), str(error))
            return column
        for collection in self._collections:
            try:
                statistics = collect(
                    network,
                    self._inputs,
                    collection.settings,
                    candidate.weights_seed,
                    candidate.name,
                    copy=False,
                    weights=self._settings.weights,
                )
            except EznasError as error:
                column.reasons |= dict.fromkeys(collection.rows, str(error))
                continue
            # Threads may write the size at once: one of them will be right the next time.
            self._largest = max(self._largest, statistics.nbytes)
            for computation in collection.computations:
                column.values[computation.rows] = computation.scores(statistics)
        for row, proxy in enumerate(self._proxies):
            if isinstance(proxy, HandMadeProxy):
                self._score_by_hand(proxy, row, candidate, network, column)
        return column

    def _score_by_hand(
        self, proxy: HandMadeProxy, row: int, candidate: Candidate, network: nn.Module, column: _Column
    ) -> None:
        try:
            given = candidate.build() if proxy.changes_network else network
            with reproducible_kernels(), torch.enable_grad():
                given = given.to(self._settings.device).train()
                if self._settings.weights == "fresh":
                    initialise(given, candidate.weights_seed)
                value = float(proxy.score(given, self._images))
        except Exception as error:  # a network may be the user's own code, and one that fails is reported by name
            column.reasons[row] = str(error) if isinstance(error, EznasError) else f"{type(error).__name__}: {error}"
        else:
            column.values[row] = value if np.isfinite(value) else np.nan

    def _collection(self, rows: Sequence[int]) -> _Collection:
        """Return what to collect for the programs in these rows, which need the same unit and the same third pass."""
        programs = {row: proxy for row in rows if isinstance(proxy := self._proxies[row], Proxy)}
        first = programs[rows[0]]
        terminals = frozenset[int]().union(
            *(term.program.terminals for proxy in programs.values() for term in proxy.terms)
        )
        settings = CollectionSettings(first.unit, first.third_pass, self._settings.device, terminals)
        alike: defaultdict[tuple[ToScalar, Aggregation], list[int]] = defaultdict(list)
        for row, proxy in programs.items():
            alike[proxy.to_scalar, proxy.aggregation].append(row)
        computations = [
            _Computation(
                together,
                [np.array([term.sign for term in programs[row].terms], np.float64) for row in together],
                Plan.of([term.program for row in together for term in programs[row].terms]),
                to_scalar,
                aggregation,
            )
            for (to_scalar, aggregation), together in alike.items()
        ]
        return _Collection(settings, computations)


def _collected_alike(proxies: Sequence[AnyProxy]) -> list[list[int]]:
    """Return the rows of the programs, those together that are computed from the same statistics."""
    groups: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row, proxy in enumerate(proxies):
        if isinstance(proxy, Proxy):
            groups[proxy.unit, proxy.third_pass].append(row)
    return list(groups.values())
