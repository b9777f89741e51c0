"""How statistics come from a helper that collected them: it leaves the numbers in memory that both processes see."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eznas.scoring import helping
from eznas.statistics.tensors import NetworkStatistics

_NO_VALUES: Final = np.empty(0, np.float32)


class Collected(NamedTuple):
    """Statistics, and the processor seconds that it took to collect them."""

    statistics: NetworkStatistics
    seconds: float


def collected(task: Callable[[], bytes], index: int, here: Callable[[], Collected]) -> Collected:
    """Return the statistics of a network, by a helper or from this thread: the same numbers.

    Args:
        task: gives the encoded task for a helper, which answers by `send_collected`; called if one is free.
        index: of the network.
        here: collects them in this thread.

    Raises:
        EznasError: what `here` raises.
    """

    def ask(helper: Connection, kept: dict[str, Any]) -> Collected | None:
        helper.send((task(), index))
        if (told := helper.recv()) is None:
            return None
        without_values, size, seconds, is_new = told
        if is_new:
            descriptor = recv_handle(helper)
            try:
                kept["memory"] = mmap.mmap(descriptor, 0)
            finally:
                os.close(descriptor)
        values = np.frombuffer(kept["memory"], np.float32, size).copy()
        return Collected(replace(without_values, values=values), seconds)

    return helping.HELPERS.share(ask, here)


def send_collected(connection: Connection, here: Collected) -> None:
    """Send statistics that a helper collected to whoever asks for them by `collected`."""
    statistics, seconds = here
    is_new = _SHARED.hold(statistics.values)
    connection.send((replace(statistics, values=_NO_VALUES), statistics.values.size, seconds, is_new))
    if is_new:
        _SHARED.send(connection)


class _SharedMemory:
    """Memory without a name that a helper and whoever asks it see; it is gone with the last of them.

    It is used again for every network, since a page costs more than what is written there.
    """

    def __init__(self) -> None:
        self._descriptor = -1
        self._memory: mmap.mmap | None = None

    def hold(self, values: NDArray[np.float32]) -> bool:
        """Write values to its beginning; return whether it had to become another, larger one for that."""
        is_new = self._memory is None or len(self._memory) < values.nbytes
        if is_new:
            self._make(values.nbytes + values.nbytes // 4)
        assert self._memory is not None
        np.copyto(np.frombuffer(self._memory, np.float32, values.size), values)
        return is_new

    def send(self, connection: Connection) -> None:
        """Give it to the other side."""
        send_handle(connection, self._descriptor, 0)

    def _make(self, size: int) -> None:
        if self._memory is not None:
            self._memory.close()
            os.close(self._descriptor)
        if hasattr(os, "memfd_create"):
            self._descriptor = os.memfd_create("eznas")
        else:
            with tempfile.TemporaryFile() as file:
                self._descriptor = os.dup(file.fileno())
        os.ftruncate(self._descriptor, size)
        self._memory = mmap.mmap(self._descriptor, size)


_SHARED: Final = _SharedMemory()
"""That of a helper."""
