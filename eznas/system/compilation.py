"""Compiled code in parts that processes share out, so that the first command on a machine takes all its cores.

Nobody says who makes what. A process that needs the parts makes the first one that no other is at, and the other may be
any: a second run that was started at the same time, a test worker, or one that was begun for nothing else.
"""

from __future__ import annotations

import atexit
import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eznas.system.locks import open_lock_file, try_lock, wait_for_lock
from eznas.system.processes import processes_are_allowed, start_process


@dataclass(frozen=True)
class Part:
    """Code that can be compiled by itself.

    Attributes:
        name: unlike any other's.
        key: of the code, the compiler and the processor, on one line: what was made under another key is not there.
        make: compiles it, or loads it from the compiler's cache.
        needs: names of the parts that are taken into this one; who makes this one makes those with it.
    """

    name: str
    key: str
    make: Callable[[], object]
    needs: tuple[str, ...] = ()


def make_parts(parts: Sequence[Part], folder: Path) -> None:
    """Return when all parts are there: made here, or by others.

    Where files cannot be written or locked it returns at once: whoever needs the code will have it compiled.

    Args:
        parts: those that are there already are left alone.
        folder: where processes say what they are at and what is there, in a file for each part; it is made.
    """
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        while missing := missing_parts(parts, folder):
            names = {part.name for part in missing}
            ready = [part for part in missing if names.isdisjoint(part.needs)]
            if not any(_make_alone(part, folder, try_lock) for part in ready):
                _make_alone(ready[0], folder, wait_for_lock)  # another is at it, or has ended in the midst of it


def missing_parts(parts: Sequence[Part], folder: Path) -> list[Part]:
    """Return the parts that nobody has made, in order."""
    return [part for part in parts if not _is_made(part, folder)]


def _is_made(part: Part, folder: Path) -> bool:
    try:
        return _file(part, folder).read_text("utf-8") == part.key
    except (OSError, ValueError):
        return False


def _make_alone(part: Part, folder: Path, lock: Callable[[int], bool]) -> bool:
    """Make a part unless another process has; False where the lock says that one is at it."""
    descriptor = open_lock_file(_file(part, folder))
    try:
        if not lock(descriptor):
            return False
        if not _is_made(part, folder):
            part.make()
            os.ftruncate(descriptor, 0)
            os.write(descriptor, part.key.encode())
        return True
    finally:
        os.close(descriptor)


def _file(part: Part, folder: Path) -> Path:
    return folder / f"{part.name}.part"


class _Beside:
    """The process that makes parts beside this one: one at a time, which ends with this one at the latest."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    def start(self, function: str) -> None:
        if self._process is None or self._process.poll() is not None:
            with suppress(OSError):
                self._process = start_process(function)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


_PROCESS: Final = _Beside()


def make_beside(function: str) -> None:
    """Have parts made by another process, too, where that is allowed and none does so already.

    Args:
        function: `module:function` of no arguments that makes them.
    """
    if processes_are_allowed():
        _PROCESS.start(function)
