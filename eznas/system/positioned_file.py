"""Writing at a place of an open file, in many threads at once (by `pwrite`, or a lock), and seeing what is there."""

from __future__ import annotations

import mmap
import os
import threading
from typing import IO, Final

_IN_ONE_CALL: Final = hasattr(os, "pwrite")


class PositionedFile:
    """An open file whose own position is of no account.

    Args:
        file: opened in binary mode, without a buffer, for reading and writing.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._lock = threading.Lock()

    def write(self, content: memoryview, place: int) -> None:
        """Write all of `content` at `place`.

        Raises:
            OSError: the disk is full, or broken.
        """
        while content:
            count = self._write(content, place)
            content = content[count:]
            place += count

    def mapped(self, place: int, length: int) -> mmap.mmap:
        """Return `length` bytes from `place` on without copying them; what is written there stays the caller's own.

        Args:
            place: a multiple of `mmap.ALLOCATIONGRANULARITY`.
            length: at least 1.

        Raises:
            OSError: the file ends before, or cannot be mapped.
        """
        try:
            return mmap.mmap(self._file.fileno(), length, access=mmap.ACCESS_COPY, offset=place)
        except ValueError as error:
            raise OSError(f"the file cannot be mapped: {error}") from error

    def truncate(self, length: int) -> None:
        """Let the file end at `length` bytes."""
        with self._lock:
            self._file.truncate(length)

    def close(self) -> None:
        """Close the file; may be called again."""
        self._file.close()

    def _write(self, content: memoryview, place: int) -> int:
        if _IN_ONE_CALL:
            return os.pwrite(self._file.fileno(), content, place)
        with self._lock:
            self._file.seek(place)
            return self._file.write(content)
