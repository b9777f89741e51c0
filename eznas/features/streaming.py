"""One pass over many networks for a batch of features: what a network lacks is computed, and goes to files of its own.

A network is in work by one thread of one process at a time, and its files are replaced as a whole. So a pass that is
interrupted, or that runs beside another one, loses and repeats nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from eznas.features.computation import ComputeNetwork
from eznas.features.folder import VALUES, locked_file
from eznas.features.record_file import Digests, digests_of, make_records, read_records, rows_of, write_records
from eznas.ops.program import Program
from eznas.statistics.freed_memory import return_freed_memory
from eznas.statistics.store import networks_in_flight
from eznas.statistics.workers import run_in_threads
from eznas.system.locks import remove_lock_file


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
        compute: computes them of a network.
        shaken: the networks whose statistics are shaken.
    """

    features: Sequence[Program]
    compute: ComputeNetwork
    shaken: frozenset[TableNetwork]
    _digests: Digests = field(init=False)
    _largest: int = field(init=False, default=0)
    _guard: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._digests = digests_of(self.features)

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
            threads: each with a network of its own, unless other processes compute.
            memory_bytes: that statistics may take; one network is worked on in any case.
            progress: called with the number of networks done, and of all networks.

        Raises:
            EznasError: what `compute` raises; or the disk is full.
        """
        elsewhere = self.compute.at_once
        try:
            run_in_threads(
                lambda position: self._compute(networks[position]),
                count=len(networks),
                threads=elsewhere or threads,
                limit=lambda: elsewhere or networks_in_flight(threads, memory_bytes, self._largest),
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
                computed = self.compute(network.index, missing, unshaken)
                with self._guard:
                    self._largest = max(self._largest, computed.statistics_bytes)
                if missing.any():
                    new = make_records(self._digests[missing], values=computed.values, valid=computed.valid)
                    write_records(network.values, held, new)
                if unshaken.any():
                    write_records(network.moves, moves, make_records(self._digests[unshaken], square=computed.squares))
            remove_lock_file(network.lock)
