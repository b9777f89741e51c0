"""Reading and writing at a place of an open file, in many threads at once: `pwrite` and `preadv`, or a lock."""

from __future__ import annotations

import os
import threading
from typing import IO, Final

_IN_ONE_CALL: Final = hasattr(os, "pwrite") and hasattr(os, "preadv")


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

    def read(self, content: memoryview, place: int) -> bool:
        """Fill `content` from `place` on; returns False where the file ends before.

        Raises:
            OSError: the disk cannot be read.
        """
        while content:
            count = self._read(content, place)
            if count == 0:
                return False
            content = content[count:]
            place += count
        return True

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

    def _read(self, content: memoryview, place: int) -> int:
        if _IN_ONE_CALL:
            return os.preadv(self._file.fileno(), [content], place)
        with self._lock:
            self._file.seek(place)
            count: int = self._file.readinto(content)  # type: ignore[attr-defined]  # raw files have it
            return count
