"""Locks on open files, of which the system lets go however a process ends: `flock`, or `locking` on Windows."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Final

_fcntl: Any
_msvcrt: Any
try:
    import fcntl as _fcntl
except ImportError:
    _fcntl = None
    try:
        import msvcrt as _msvcrt
    except ImportError:
        _msvcrt = None

MOVES_WITH_FOLDER: Final = _fcntl is not None
"""Whether a folder can be renamed while a file in it is open, its lock moving along: not on Windows."""

# Windows keeps others from reading a byte that is locked, so it is one that no file has.
_LOCKED_BYTE: Final = 2**30
_SECONDS_BETWEEN_TRIES: Final = 0.1


def open_lock_file(path: Path) -> int:
    """Return the descriptor of the file that stands for a lock; closing it lets go of the lock.

    Raises:
        OSError: it cannot be opened or made.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Take the lock of an open file against all other openings of it, in this process and in others.

    Args:
        descriptor: of the file.
        shared: whether others may have it too, if they share it as well; where locks cannot be shared, none may.

    Returns:
        False where another has it.

    Raises:
        OSError: the file cannot be locked where it is.
    """
    if _fcntl is not None:
        kind = (_fcntl.LOCK_SH if shared else _fcntl.LOCK_EX) | _fcntl.LOCK_NB
        try:
            _fcntl.flock(descriptor, kind)
        except BlockingIOError:
            return False
        return True
    if _msvcrt is not None:
        place = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            _msvcrt.locking(descriptor, _msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        finally:
            os.lseek(descriptor, place, os.SEEK_SET)
        return True
    return True  # a system without either has no second process to be kept out


def wait_for_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Take the lock as `try_lock` does, once others have let go of it; returns True.

    Raises:
        OSError: the file cannot be locked where it is.
    """
    if _fcntl is not None:
        _fcntl.flock(descriptor, _fcntl.LOCK_SH if shared else _fcntl.LOCK_EX)
        return True
    while not try_lock(descriptor, shared=shared):
        time.sleep(_SECONDS_BETWEEN_TRIES)
    return True


def remove_lock_file(path: Path) -> None:
    """Remove the file of a lock that this process has; where an open file cannot be removed, it stays."""
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        if MOVES_WITH_FOLDER:
            raise
