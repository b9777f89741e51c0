"""A file of arrays that nobody else sees: where statistics go that do not fit into memory."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from mmap import ALLOCATIONGRANULARITY
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from eznas.system.positioned_file import PositionedFile

MINIMUM_FREE_BYTES: Final = 2**30
"""Space that is left to others (checkpoints, the system) on the disk."""

_PAGE: Final = 4096  # bytes
_NEWEST_SHARE: Final = 0.2  # of the newest measurement in the running average of a speed


class DiskArrays:
    """float32 arrays in one temporary file, with the measured speed of writing and reading them.

    The file has no name: the system frees its space when it is closed, even by a crash or a kill. Reading and writing
    may happen in many threads at once.

    Args:
        folder: where the file lies; None for `TMPDIR` if set, else `/var/tmp` if there (unlike `/tmp`, it is never
            kept in memory), else Python's default.

    Attributes:
        seconds_per_byte_written: running average; None before the first write.
        seconds_per_byte_read: running average; None before the first read.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.seconds_per_byte_written: float | None = None
        self.seconds_per_byte_read: float | None = None
        self._folder = folder or _default_folder()
        file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 (`close` closes it)
        self._file = PositionedFile(file)
        self._end = 0
        self._lock = threading.Lock()

    def has_room(self, nbytes: int) -> bool:
        """Whether `nbytes` more leave the disk with the space that belongs to others."""
        return shutil.disk_usage(self._folder).free - nbytes > MINIMUM_FREE_BYTES

    def write(self, array: npt.NDArray[np.float32]) -> int:
        """Append `array` and return where it lies.

        Raises:
            OSError: the disk is full, or broken; what was written before is still there.
        """
        with self._lock:
            start = self._end
            self._end += -(-array.nbytes // ALLOCATIONGRANULARITY) * ALLOCATIONGRANULARITY
            end = self._end
        begun = time.perf_counter()
        try:
            self._file.write(array.data.cast("B"), start)
        except OSError:
            with self._lock:
                if self._end == end:  # nobody has written after it: give the space back
                    self._end = start
                    self._file.truncate(start)
            raise
        seconds = time.perf_counter() - begun
        self.seconds_per_byte_written = _average(self.seconds_per_byte_written, seconds / max(array.nbytes, 1))
        return start

    def read(self, start: int, length: int) -> npt.NDArray[np.float32]:
        """Return the array of `length` numbers that `write` put at `start`.

        Nothing is copied: the array is the system's own copy of the file, in memory as long as nobody needs the room.

        Raises:
            OSError: the disk cannot be read.
        """
        if length == 0:
            return np.empty(0, np.float32)
        begun = time.perf_counter()
        mapped = self._file.mapped(start, 4 * length)
        np.frombuffer(mapped, np.uint8)[::_PAGE].max()  # the system reads what is touched: here, where it is timed
        array = np.frombuffer(mapped, np.float32)
        seconds = time.perf_counter() - begun
        self.seconds_per_byte_read = _average(self.seconds_per_byte_read, seconds / array.nbytes)
        return array

    def close(self) -> None:
        """Free the disk space; may be called again."""
        self._file.close()


def _average(earlier: float | None, newest: float) -> float:
    return newest if earlier is None else (1 - _NEWEST_SHARE) * earlier + _NEWEST_SHARE * newest


def _default_folder() -> Path:
    persistent = Path("/var/tmp")
    if "TMPDIR" not in os.environ and os.access(persistent, os.W_OK):
        return persistent
    return Path(tempfile.gettempdir())
