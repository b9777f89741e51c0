"""Where feature tables lie on this machine, how much room they take, and how they are let go of.

A table is a folder below the user's cache folder. Nothing in it is precious: whatever is removed is computed again
when it is next asked for.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import platformdirs

from eznas.errors import EznasError
from eznas.system.locks import open_lock_file, try_lock, wait_for_lock

VARIABLE: Final = "EZNAS_CACHE"
ABOUT: Final = "about.json"
VALUES: Final = ".values.npy"
"""How the name of the file ends that every network of a table has."""
DEFAULT_MAXIMUM_BYTES: Final = 4 * 2**30

_LOCK: Final = "table.lock"


def tables_folder() -> Path:
    """Return the folder of all tables, below the one that EZNAS_CACHE names or this user's cache folder for eznas."""
    configured = os.environ.get(VARIABLE)
    cache = Path(configured).expanduser() if configured else platformdirs.user_cache_path("eznas", appauthor=False)
    return cache / "features"


@dataclass(frozen=True)
class TableOnDisk:
    """A table as `eznas features list` shows it.

    Attributes:
        path: its folder.
        about: what its numbers depend on, as plain data.
        networks: how many have features.
        nbytes: the room that it takes.
        last_used: when it was last opened, in seconds since 1970.
    """

    path: Path
    about: dict[str, Any]
    networks: int
    nbytes: int
    last_used: float


def tables_on_disk(folder: Path | None = None) -> list[TableOnDisk]:
    """Return all tables, the one used last first; what is not a whole table has an empty `about`."""
    found = [
        TableOnDisk(path, _about(path), *_contents(path), _last_used(path))
        for path in sorted((folder or tables_folder()).glob("*"))
        if path.is_dir()
    ]
    return sorted(found, key=lambda table: -table.last_used)


def prune(maximum_bytes: int, folder: Path | None = None, keep: Path | None = None) -> list[TableOnDisk]:
    """Remove the tables used longest ago until all together take at most `maximum_bytes`.

    Args:
        maximum_bytes: 0 removes all.
        folder: of all tables; None for the user's.
        keep: a table that stays whatever its size.

    Returns:
        The tables that were removed. One that another process computes at this moment stays.
    """
    tables = tables_on_disk(folder)
    total = sum(table.nbytes for table in tables)
    removed = []
    for table in reversed(tables):
        if total <= maximum_bytes:
            break
        if table.path == keep:
            continue
        with locked(table.path, wait=False) as is_free:
            if is_free:
                shutil.rmtree(table.path, ignore_errors=True)
                total -= table.nbytes
                removed.append(table)
    return removed


@contextmanager
def locked(path: Path, *, wait: bool, shared: bool = False) -> Iterator[bool]:
    """Hold the lock of a folder; see `locked_file`."""
    with locked_file(path / _LOCK, wait=wait, shared=shared) as is_free:
        yield is_free


@contextmanager
def locked_file(path: Path, *, wait: bool, shared: bool = False) -> Iterator[bool]:
    """Hold a lock against other threads and processes; the kernel lets go of it however the process ends.

    Args:
        path: of the file that stands for the lock, which is made where it is missing. Whoever holds the lock may
            remove it.
        wait: until another thread or process lets go of it; else yield False when one has it.
        shared: whether others may hold it too, if they share it as well.
    """
    while True:
        try:
            descriptor = open_lock_file(path)
        except FileNotFoundError:  # another process removed the folder
            path.parent.mkdir(parents=True, exist_ok=True)
            continue
        except OSError as error:
            raise EznasError(
                f"The cache {path.parent} cannot be written: {error.strerror or error}; set {VARIABLE} to another "
                "folder."
            ) from error
        try:
            is_free = wait_for_lock(descriptor, shared=shared) if wait else try_lock(descriptor, shared=shared)
        except BaseException:  # Ctrl-C while it waits
            os.close(descriptor)
            raise
        if not is_free:
            os.close(descriptor)
            yield False
            return
        if _is_current(descriptor, path):
            break
        os.close(descriptor)  # it was removed while this process waited for it
    try:
        yield True
    finally:
        os.close(descriptor)


def _is_current(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _about(path: Path) -> dict[str, Any]:
    try:
        content = json.loads((path / ABOUT).read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _contents(path: Path) -> tuple[int, int]:
    """How many networks have a file of values in a folder, and how many bytes all its files have."""
    networks = nbytes = 0
    try:
        with os.scandir(path) as files:
            for file in files:
                try:
                    nbytes += file.stat().st_size
                except FileNotFoundError:  # another process is at work
                    continue
                networks += file.name.endswith(VALUES)
    except FileNotFoundError:  # another process removed the table
        return 0, 0
    return networks, nbytes


def _last_used(path: Path) -> float:
    try:
        return (path / ABOUT).stat().st_mtime
    except FileNotFoundError:
        return 0.0
