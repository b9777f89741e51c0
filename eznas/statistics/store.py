"""The statistics of many networks under a memory budget: in memory, on disk, or computed again.

Where a network's statistics are kept changes the time that it takes to get them, and never a bit of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import numpy as np

from eznas.statistics.disk import DiskArrays
from eznas.statistics.freed_memory import return_freed_memory
from eznas.statistics.tensors import NetworkStatistics
from eznas.statistics.workers import run_in_threads

Result = TypeVar("Result")

_IN_FLIGHT_FACTOR: Final = 2
"""Memory that a worker needs per byte of statistics: while it collects, the network's own tensors come on top."""

_EXPECTED_USES: Final = 5
"""Reads over which the time of a write is spread when the disk is weighed against collecting again."""

_NO_VALUES: Final = np.empty(0, np.float32)


@dataclass(frozen=True, slots=True)
class _OnDisk:
    """Where the values are in the file, and everything else."""

    start: int
    length: int
    without_values: NetworkStatistics


@dataclass(frozen=True, slots=True)
class Placement:
    """How many networks' statistics are where."""

    in_memory: int
    on_disk: int
    elsewhere: int
    """Not collected yet, or collected anew each time."""


def networks_in_flight(workers: int, memory_bytes: int, largest: int) -> int:
    """Return how many networks the workers may hold at once; one always may be.

    Args:
        workers: how many there are.
        memory_bytes: for all of them; 0 for no bound.
        largest: bytes of the largest network's statistics so far; 0 while that is not known, which is how long there
            is but one.
    """
    if memory_bytes == 0:
        return workers
    if largest == 0:
        return 1
    return min(workers, max(1, memory_bytes // (_IN_FLIGHT_FACTOR * largest)))


class StatisticsStore:
    """Statistics by the number of the network, collected when they are first asked for.

    What fits is kept in memory. The rest goes to a temporary file or is collected again each time, whichever took
    less time so far; without room on the disk it is collected again.

    Args:
        count: number of networks.
        collect: gives the statistics of network 0 to count - 1, always the same; called in several threads at once.
        memory_bytes: for what is kept and what the workers hold. 0 keeps nothing in memory. A worker holds one
            network whatever the budget, but a budget that is too small for all workers lets fewer run at once.
        workers: number of threads of `for_each`.
        reuse: False if each network is asked for once: then nothing is kept.
        folder: where the temporary file lies; see `DiskArrays`.
    """

    def __init__(
        self,
        count: int,
        collect: Callable[[int], NetworkStatistics],
        memory_bytes: int,
        workers: int,
        *,
        reuse: bool = True,
        folder: Path | None = None,
    ) -> None:
        self.count = count
        self._collect = collect
        self._memory_bytes = memory_bytes
        self._workers = workers
        self._reuse = reuse
        self._folder = folder
        self._lock = threading.Lock()
        self._network_locks = [threading.Lock() for _ in range(count)]
        self._kept: dict[int, NetworkStatistics] = {}
        self._kept_bytes = 0
        self._largest = 0
        self._on_disk: dict[int, _OnDisk] = {}
        self._seconds: dict[int, float] = {}  # that the collection of a network took
        self._disk: DiskArrays | None = None
        self._disk_usable = True
        self._closed = False

    def get(self, network: int) -> NetworkStatistics:
        """Return the statistics of `network`; may be called in many threads at once.

        Raises:
            EznasError: what `collect` raises.
            ValueError: the store is closed.
        """
        with self._network_locks[network]:
            if self._closed:
                raise ValueError("the store of statistics is closed")
            if (kept := self._kept.get(network)) is not None:
                return kept
            if (read := self._read(network)) is not None:
                return read
            begun = time.perf_counter()
            statistics = self._collect(network)
            self._seconds[network] = time.perf_counter() - begun
            with self._lock:
                self._largest = max(self._largest, statistics.nbytes)
            if self._reuse:
                self._place(network, statistics)
            return statistics

    def for_each(
        self,
        function: Callable[[int, NetworkStatistics], Result],
        progress: Callable[[int, int], None] | None = None,
        networks: Sequence[int] | None = None,
    ) -> list[Result]:
        """Call `function(network, statistics)` for every network, in `workers` threads.

        Args:
            function: must not keep the statistics.
            progress: called in this thread after each network, with the number of networks done and of all.
            networks: which of them; None for all.

        Returns:
            What `function` returned, by network, in their order.

        Raises:
            Exception: what `function` or `collect` raised for the lowest network of those that raised; no further
                network is begun then, nor after a keyboard interrupt.
        """
        chosen = range(self.count) if networks is None else networks
        return run_in_threads(
            lambda place: function(chosen[place], self.get(chosen[place])),
            count=len(chosen),
            threads=self._workers,
            limit=self._networks_in_flight,
            progress=progress,
        )

    @property
    def placement(self) -> Placement:
        """Where the statistics are at this moment."""
        with self._lock:
            in_memory, on_disk = len(self._kept), len(self._on_disk.keys() - self._kept.keys())
            return Placement(in_memory, on_disk, self.count - in_memory - on_disk)

    def close(self) -> None:
        """Let go of memory and disk space; may be called again."""
        with self._lock:
            self._closed = True
            self._kept.clear()
            self._on_disk.clear()
            if self._disk is not None:
                self._disk.close()
        return_freed_memory()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _networks_in_flight(self) -> int:
        return networks_in_flight(self._workers, self._memory_bytes, self._largest)

    def _place(self, network: int, statistics: NetworkStatistics) -> None:
        """Keep `statistics` somewhere, if that is worth while."""
        with self._lock:
            room = self._memory_bytes - _IN_FLIGHT_FACTOR * self._largest * self._networks_in_flight()
            self._kept[network] = statistics
            self._kept_bytes += statistics.nbytes
            too_many = list(self._newest_beyond(room))
        for moved, moved_statistics in too_many:
            self._write(moved, moved_statistics)

    def _newest_beyond(self, room: int) -> Iterator[tuple[int, NetworkStatistics]]:
        while self._kept_bytes > room and self._kept:
            network, statistics = self._kept.popitem()
            self._kept_bytes -= statistics.nbytes
            yield network, statistics

    def _write(self, network: int, statistics: NetworkStatistics) -> None:
        """Write the values to the disk if there is room, and if reading them back is expected to pay."""
        if network in self._on_disk or not self._disk_usable:
            return
        try:
            disk = self._open_disk()
            if not disk.has_room(statistics.values.nbytes) or not self._disk_pays(disk, network, statistics):
                return
            start = disk.write(statistics.values)
            if disk.seconds_per_byte_read is None:
                disk.read(start, len(statistics.values))  # for its time: the next decision knows both speeds
        except OSError:
            self._disk_usable = False  # full or broken: the rest is collected again
            return
        self._on_disk[network] = _OnDisk(start, len(statistics.values), replace(statistics, values=_NO_VALUES))

    def _read(self, network: int) -> NetworkStatistics | None:
        """Return the statistics from the disk, or None if they are not there or quicker to collect."""
        place, disk = self._on_disk.get(network), self._disk
        if place is None or disk is None:
            return None
        speed = disk.seconds_per_byte_read
        if speed is not None and speed * 4 * place.length > self._seconds[network]:
            return None
        try:
            values = disk.read(place.start, place.length)
        except OSError:
            self._disk_usable = False
            del self._on_disk[network]
            return None
        return replace(place.without_values, values=values)

    def _disk_pays(self, disk: DiskArrays, network: int, statistics: NetworkStatistics) -> bool:
        if disk.seconds_per_byte_written is None or disk.seconds_per_byte_read is None:
            return True
        seconds_per_byte = disk.seconds_per_byte_read + disk.seconds_per_byte_written / _EXPECTED_USES
        return seconds_per_byte * statistics.values.nbytes < self._seconds[network]

    def _open_disk(self) -> DiskArrays:
        with self._lock:
            if self._closed:
                raise OSError("the store of statistics is closed")
            if self._disk is None:
                self._disk = DiskArrays(self._folder)
            return self._disk
