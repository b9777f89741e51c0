"""One pass over many networks for a batch of features: what a network lacks is computed, and goes to files of its own.

A network is in work by one thread of one process at a time, and its files are replaced as a whole. So a pass that is
interrupted, or that runs beside another one, loses and repeats nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.features.folder import VALUES, locked_file
from eznas.features.record_file import Digests, Records, digests_of, make_records, read_records, rows_of, write_records
from eznas.ops.plan import Plan
from eznas.ops.program import Program
from eznas.scoring.plan_evaluation import run_plan
from eznas.statistics.freed_memory import return_freed_memory
from eznas.statistics.store import networks_in_flight
from eznas.statistics.tensors import NetworkStatistics
from eznas.statistics.workers import run_in_threads
from eznas.system.locks import remove_lock_file

_SHAKE: Final = 2.0**-22  # of a value: four times what rounding to float32 may do to it
_SHAKEN_AT_ONCE: Final = 2**20  # values: so that the noise takes little memory


@dataclass(frozen=True)
class TableNetwork:
    """One network of a table, and where its files are.

    Attributes:
        index: in the benchmark; its weights follow from it.
        digest: of index and architecture.
        folder: of the table.
    """

    index: int
    digest: str
    folder: Path

    @property
    def values(self) -> Path:
        """Records with the fields `values`, float32 (units,), 0 where invalid, and `valid`, bool (units,)."""
        return self._file(VALUES)

    @property
    def moves(self) -> Path:
        """Records with the field `square`, float64: by how much shaken statistics move the values, squares summed."""
        return self._file(".moves.npy")

    @property
    def lock(self) -> Path:
        """Locked by whoever computes the network, and there no longer than that."""
        return self._file(".lock")

    def _file(self, ending: str) -> Path:
        return self.folder / f"{self.index:06d}-{self.digest}{ending}"


@dataclass
class Pass:
    """Features to be computed for many networks.

    Attributes:
        features: programs that give one number per unit.
        collect: gives the statistics of a network, all 22 of one that is shaken, else at least those that the features
            read; called in several threads at once.
        shaken: the networks whose statistics are shaken.
    """

    features: Sequence[Program]
    collect: Callable[[TableNetwork], NetworkStatistics]
    shaken: frozenset[TableNetwork]
    _digests: Digests = field(init=False)
    _plan_of: Callable[[bytes], Plan] = field(init=False)
    _largest: int = field(init=False, default=0)
    _guard: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._digests = digests_of(self.features)
        self._plan_of = lru_cache(maxsize=8)(self._make_plan)  # most networks lack the same features

    def run(
        self,
        networks: Sequence[TableNetwork],
        threads: int,
        memory_bytes: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Compute what these networks lack.

        Args:
            networks: each once.
            threads: each with a network of its own.
            memory_bytes: that statistics may take; one network is worked on in any case.
            progress: called with the number of networks done, and of all networks.

        Raises:
            EznasError: what `collect` raises; or the disk is full.
        """
        try:
            run_in_threads(
                lambda position: self._compute(networks[position]),
                count=len(networks),
                threads=threads,
                limit=lambda: networks_in_flight(threads, memory_bytes, self._largest),
                progress=progress,
            )
        finally:
            return_freed_memory()

    def _compute(self, network: TableNetwork) -> None:
        with locked_file(network.lock, wait=True):
            held = read_records(network.values)
            moves = read_records(network.moves)
            missing = rows_of(self._digests, held) < 0
            unshaken = (rows_of(self._digests, moves) < 0) & (network in self.shaken)
            if missing.any() or unshaken.any():  # else another process computed them in the meantime
                statistics = self.collect(network)
                with self._guard:
                    self._largest = max(self._largest, statistics.nbytes)
                if missing.any():
                    values, valid = self._evaluate(missing, statistics)
                    new = make_records(self._digests[missing], values=values, valid=valid)
                    held = write_records(network.values, held, new)
                if unshaken.any() and held is not None:
                    new = self._shake(network.index, unshaken, statistics, held)
                    write_records(network.moves, moves, new)
            remove_lock_file(network.lock)

    def _shake(self, index: int, chosen: NDArray[np.bool_], statistics: NetworkStatistics, held: Records) -> Records:
        """Move every statistic by a rounding error, in place, and return how far the chosen features move."""
        digests = self._digests[chosen]
        rng = np.random.default_rng(index)
        for start in range(0, statistics.values.size, _SHAKEN_AT_ONCE):
            part = statistics.values[start : start + _SHAKEN_AT_ONCE]
            part *= 1 + rng.uniform(-_SHAKE, _SHAKE, part.size).astype(np.float32)
        moved, _ = self._evaluate(chosen, statistics)
        changes = _distances(held["values"][rows_of(digests, held)], moved)
        return make_records(digests, square=np.square(changes, dtype=np.float64).sum(axis=1))

    def _evaluate(
        self, chosen: NDArray[np.bool_], statistics: NetworkStatistics
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Some of the features on one network, (features, units) each: their values, and whether they are valid."""
        plan = self._plan_of(chosen.tobytes())
        nothing = np.empty((statistics.units, 0), np.float32)
        values, valid = run_plan(plan, statistics, nothing, nothing.astype(np.bool_), "mean")
        return values[:, plan.root_columns].T, valid[:, plan.root_columns].T

    def _make_plan(self, chosen: bytes) -> Plan:
        return Plan.of([feature for feature, is_chosen in zip(self.features, chosen, strict=True) if is_chosen])


def _distances(values: NDArray[np.float32], shaken: NDArray[np.float32]) -> NDArray[np.float32]:
    """|values - shaken|: infinite where one of them is not finite and the other is not the very same."""
    same = (values == shaken) | (np.isnan(values) & np.isnan(shaken))
    with np.errstate(invalid="ignore", over="ignore"):
        distances = np.where(same, np.float32(0), np.abs(values - shaken))
    return np.where(np.isnan(distances), np.float32(np.inf), distances)
