"""An enumeration: from the networks of a benchmark to the best formulas of each size, none of which was left out."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from eznas import benchmarks
from eznas.benchmarks.base import Benchmark
from eznas.discovery.enumeration.formulas import (
    Leaders,
    explore,
    formulas_beginning_with,
    merge,
    no_leaders,
)
from eznas.discovery.enumeration.rounds import EnumeratedFeatures, enumerate_features
from eznas.discovery.enumeration.sample import UnitSample
from eznas.discovery.enumeration.settings import EnumerationSettings
from eznas.discovery.machine import Machine
from eznas.discovery.networks import Networks
from eznas.discovery.problem import OTHER_NETWORKS, NetworkGroup, arrays_of, digest_of_networks
from eznas.discovery.stored_settings import difference
from eznas.errors import EznasError
from eznas.features.bank import standard_bank
from eznas.features.selection import select
from eznas.features.source import BenchmarkSource
from eznas.features.table import FeatureTable
from eznas.observer import RunObserver, SilentObserver
from eznas.ops.catalogue import BY_NAME as OPERATION_OF
from eznas.ops.program import Program
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.statistics.settings import CollectionSettings
from eznas.statistics.workers import run_in_threads
from eznas.terminals import BY_NAME as TERMINAL_OF

_UNKNOWN: Final = "The checkpoint is of other settings or features ({}): give those again, or take another folder."


class Enumeration:
    """The state of an enumeration: features once it is made, formulas as far as `explore_all` has come.

    Attributes:
        settings: what the result depends on.
        benchmark: where the networks are from.
        networks: for comparing formulas, for validation, and for the last judgement.
        enumerated: what the rounds over features gave; None where features are the standard bank's alone.
        features: those that formulas are made of, by row.
        dropped: how many features were found useless on all networks, by reason.
        leaders: the best formulas so far.
    """

    def __init__(
        self, settings: EnumerationSettings, machine: Machine | None = None, observer: RunObserver | None = None
    ) -> None:
        """Draw the networks, enumerate features, and compute them for all networks or read them from the table.

        Args:
            settings: what the result depends on.
            machine: what it may use.
            observer: is told of what goes on.

        Raises:
            EznasError: the benchmark is not there or has too few networks or images, a network fails, or no feature
                is useful.
        """
        self.settings = settings
        self.benchmark: Benchmark = benchmarks.load(settings.benchmark)
        self.networks = Networks.draw(
            self.benchmark, settings.networks, settings.validation, settings.held_out, settings.seed
        )
        self.machine = machine or Machine()
        self._observer = observer or SilentObserver()
        self.enumerated: EnumeratedFeatures | None = None
        candidates: list[Program] = []
        if settings.features != "bank":
            self.enumerated = self._enumerate_features()
            candidates += self.enumerated.features
        if settings.features != "enumerated":
            candidates += standard_bank()
        self._adopt(list(dict.fromkeys(candidates)))
        self.leaders: Leaders = no_leaders()
        self._explored: NDArray[np.bool_] = np.zeros(len(self.features), np.bool_)
        self._lock = threading.Lock()

    @property
    def formulas(self) -> int:
        """How many formulas there are."""
        return sum(formulas_beginning_with(row, len(self.features)) for row in range(len(self.features)))

    @property
    def formulas_made(self) -> int:
        """How many of them were compared so far."""
        return int(self.leaders.made.sum())

    @property
    def is_finished(self) -> bool:
        """Whether all formulas were compared."""
        return bool(self._explored.all())

    def explore_all(self, watch: Callable[[], None] | None = None) -> None:
        """Compare all formulas that were not yet; after Ctrl-C `leaders` has those that were.

        Args:
            watch: called now and then, in the calling thread.
        """
        waiting = np.flatnonzero(~self._explored).tolist()
        self._observer.phase("formulas of each feature, alone and with later ones", len(waiting))

        def one_feature(place: int) -> None:
            row = waiting[place]
            found = no_leaders()
            with np.errstate(all="ignore"):  # for NUMBA_DISABLE_JIT, where the kernels run in numpy
                explore(row, self.arrays, found)
            with self._lock:
                merge(self.leaders, found)
                self._explored[row] = True

        def report(_done: int, _count: int) -> None:
            self._observer.advance()
            if watch is not None:
                watch()

        threads = self.machine.workers
        run_in_threads(one_feature, count=len(waiting), threads=threads, limit=lambda: threads, progress=report)

    def encode(self) -> bytes:
        """Return what `restore` goes on from, as the bytes of an .npz file without pickled objects."""
        content = io.BytesIO()
        about = np.frombuffer(json.dumps(self._identity).encode(), np.uint8)
        with self._lock:
            arrays: dict[str, Any] = {"about": about, "explored": self._explored, **self.leaders._asdict()}
            np.savez(content, **arrays)
        return content.getvalue()

    def restore(self, encoded: bytes) -> None:
        """Take over what `encode` returned of an enumeration with the same settings.

        Raises:
            EznasError: the bytes are damaged, or of other settings.
        """
        try:
            with np.load(io.BytesIO(encoded)) as state:
                about = json.loads(state["about"].tobytes())
                own = self._identity
                if {**own, **about} != own:  # older checkpoints do not know the networks
                    same_networks = about.get("networks", own["networks"]) == own["networks"]
                    other = difference(about["settings"], repr(self.settings))
                    other = other or ("the features are others" if same_networks else OTHER_NETWORKS)
                    raise EznasError(_UNKNOWN.format(other))
                self._explored[:] = state["explored"]
                for name, array in self.leaders._asdict().items():
                    array[...] = state[name]
        except (OSError, ValueError, KeyError, AttributeError, BadZipFile) as error:
            raise EznasError(f"The checkpoint is damaged ({error}): start anew in another folder.") from error

    @property
    def _identity(self) -> dict[str, str]:
        digests = "".join(feature.digest for feature in self.features)
        return {
            "settings": repr(self.settings),
            "features": blake2b(digests.encode(), digest_size=16).hexdigest(),
            "networks": digest_of_networks(self.arrays),
        }

    def _collection(self, terminals: frozenset[int] | None) -> CollectionSettings:
        settings = self.settings
        return CollectionSettings(settings.unit, settings.third_pass, self.machine.device, terminals)

    def _enumerate_features(self) -> EnumeratedFeatures:
        settings = self.settings
        addresses = [TERMINAL_OF[name].address for name in settings.terminals]
        source = BenchmarkStatistics(
            self.benchmark, settings.batch_size, settings.seed, self._collection(frozenset(addresses))
        )
        self._observer.phase("networks of the sample", settings.sample_networks)
        networks = []
        for index in self.networks.training[: settings.sample_networks].tolist():
            networks.append(source.collect(index))
            self._observer.advance()
        level_shown = -1

        def report(level: int, _looked_at: int, count: int) -> None:
            nonlocal level_shown
            if level != level_shown:
                self._observer.phase(f"{count:,} programs of depth {level}")
                level_shown = level

        return enumerate_features(
            UnitSample(networks, self.machine.workers),
            addresses,
            [OPERATION_OF[name].id for name in settings.operations],
            settings.depth,
            settings.maximum_features,
            report,
        )

    def _adopt(self, features: list[Program]) -> None:
        """Compute features, drop those that are useless, and set up the problem."""
        settings, indices = self.settings, self.networks.training
        source = BenchmarkSource(self.benchmark, settings.batch_size, settings.seed, self._collection(None))
        table = FeatureTable(source, indices, self.machine.tables)
        self._observer.phase(f"{len(features):,} features of networks", len(indices))
        table.compute(features, lambda *_: self._observer.advance(), self.machine.workers, self.machine.memory_bytes)
        values = table.read(features)
        selection = select(values)
        self.dropped = selection.counts
        kept = selection.kept
        if not len(kept):
            raise EznasError(
                f"None of the {len(features)} features is useful on {self.benchmark.name} ({self.dropped}): give more "
                "networks, or other statistics and operations."
            )
        self.features = tuple(values.features[row] for row in kept)
        group = NetworkGroup(values.units, values.values[kept], values.valid[kept], self.benchmark.accuracies[indices])
        self.arrays = arrays_of([group], "sum")
