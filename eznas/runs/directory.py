"""The directory of a run: locked by one process, and whole at every moment, whatever kills the process.

The checkpoint is the truth. `history.jsonl`, `timing.jsonl` and `hall_of_fame.json` are views of it for readers:
they are written after it, and rewritten from it when a run is resumed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import msgpack

from eznas.errors import EznasError, shown
from eznas.files import LARGEST_TABLE, json_text, read_regular, write_atomically
from eznas.runs.config import WRITTEN_BY, config_text, read_toml
from eznas.runs.settings import RunSettings
from eznas.scoring.detail_format import NETWORKS
from eznas.system.locks import MOVES_WITH_FOLDER, open_lock_file, try_lock

RUN_FORMAT: Final = 4
"""Raised whenever a run of an older format could not be continued to the identical result."""

CONFIG: Final = "config.toml"
ENVIRONMENT: Final = "environment.json"
CHECKPOINT: Final = "checkpoint.msgpack"
HISTORY: Final = "history.jsonl"
TIMING: Final = "timing.jsonl"
HALL_OF_FAME: Final = "hall_of_fame.json"
SUMMARY: Final = "summary.json"
_LOCK: Final = "run.lock"

_DATA: Final = "data"


@dataclass
class Checkpoint:
    """All that a run needs to go on.

    Attributes:
        evolution: what `Evolution.encode` returned.
        history: one record per generation; follows from the settings alone.
        timing: wall-clock measurements of the same generations, which differ from process to process.
    """

    evolution: dict[str, Any]
    history: list[dict[str, Any]] = field(default_factory=list)
    timing: list[dict[str, Any]] = field(default_factory=list)

    def to_bytes(self) -> bytes:
        """Return the content of a checkpoint file: msgpack with format and checksum around the packed state."""
        state = msgpack.packb({"evolution": self.evolution, "history": self.history, "timing": self.timing})
        envelope = {"format": RUN_FORMAT, "blake2b": hashlib.blake2b(state).digest(), "state": state}
        return bytes(msgpack.packb(envelope))

    @classmethod
    def from_bytes(cls, content: bytes, path: Path) -> Self:
        """Return the checkpoint in `content`, read from `path`.

        Raises:
            EznasError: the content is damaged, or of another format.
        """
        resume = f"eznas run --resume {shlex.quote(str(path.parent))}"
        repair = f"delete that file and `{resume}` evolves from the first generation again, to the same result."
        try:
            envelope = msgpack.unpackb(content)
            written, checksum, state = envelope["format"], envelope["blake2b"], envelope["state"]
        except (ValueError, KeyError, TypeError, MemoryError, msgpack.UnpackException) as error:
            raise EznasError(f"{path} is damaged or no checkpoint: {repair}") from error
        if written != RUN_FORMAT:
            raise EznasError(_other_format(path, written))
        if not isinstance(state, bytes) or hashlib.blake2b(state).digest() != checksum:
            raise EznasError(f"{path} is damaged (its content does not match its checksum): {repair}")
        return cls(**msgpack.unpackb(state, strict_map_key=False))


class RunDirectory:
    """One run directory, held by this process until `close`.

    Attributes:
        path: of the directory.
        settings: that the run was started with.
    """

    def __init__(self, path: Path, lock: int, settings: RunSettings, fingerprints: Sequence[str]) -> None:
        """Take over a directory that `create` or `open` prepared.

        Args:
            path: of the directory.
            lock: the descriptor that holds its lock.
            settings: of the run.
            fingerprints: digests of its benchmarks' data when it was started.
        """
        self.path = path
        self.settings = settings
        self._lock = lock
        self._fingerprints = tuple(fingerprints)
        self._lines: dict[str, list[str]] = {}  # of files that a generation adds a line to

    @classmethod
    def create(cls, path: Path, settings: RunSettings, version: str, fingerprints: Mapping[str, str]) -> Self:
        """Make the directory with its settings in it and lock it; it appears with both or not at all.

        Args:
            path: of the directory.
            settings: of the run.
            version: of eznas.
            fingerprints: digests of the data by benchmark, for `changed_data`.

        Raises:
            EznasError: there is something at `path` already, or it cannot be written.
        """
        if path.is_file():
            raise EznasError(_could_not_make(path, "it is a file"))
        if path.is_dir() and any(path.iterdir()):
            raise EznasError(_exists(path))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise EznasError(_could_not_make(path, f"{path.parent} is a file, not a directory")) from error
        except OSError as error:
            raise EznasError(_could_not_make(path, error.strerror)) from error
        lock = -1
        temporary: Path | None = None
        try:
            temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp"))
            temporary.chmod(0o755)
            lock = _locked(temporary)
            _write_settings(temporary, settings, version, fingerprints)
            if not MOVES_WITH_FOLDER:
                os.close(lock)
                lock = -1
            temporary.rename(path)
            if not MOVES_WITH_FOLDER:
                lock = _locked(path)
        except BaseException as error:
            if lock >= 0:
                os.close(lock)
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)
            if not isinstance(error, OSError):
                raise
            if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
                raise EznasError(_exists(path)) from error
            raise EznasError(_could_not_make(path, error.strerror)) from error
        return cls(path, lock, settings, list(fingerprints.values()))

    @classmethod
    def open(cls, path: Path) -> Self:
        """Lock the directory of an earlier run.

        Raises:
            EznasError: it is no run directory, of another format, or in use by another process.
        """
        stored = _stored(path)
        directory = cls(path, _locked(path), *stored)
        for leftover in path.glob(".*.tmp"):
            # A process that was killed while it wrote a file left this beside the whole old one.
            leftover.unlink(missing_ok=True)
        return directory

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let other processes have the directory."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def write_settings(self, settings: RunSettings, version: str, fingerprints: Mapping[str, str]) -> None:
        """Record settings of a resumed run, which may have another number of threads or another memory budget."""
        _write_settings(self.path, settings, version, fingerprints)

    def changed_data(self, fingerprints: Mapping[str, str]) -> str | None:
        """Return the first benchmark whose data is not what it was when the run was started, or None."""
        pairs = zip(fingerprints.items(), self._fingerprints, strict=False)
        return next((name for (name, fingerprint), before in pairs if fingerprint != before), None)

    def sessions(self) -> list[dict[str, Any]]:
        """Return what `add_session` recorded, oldest first."""
        content = self._read_json(ENVIRONMENT) or {}
        return list(content.get("sessions", []))

    def add_session(self, environment: Mapping[str, Any]) -> None:
        """Record versions, platform and command of the process that works on the run from now on."""
        sessions = [*self.sessions(), dict(environment)]
        write_atomically(self.path / ENVIRONMENT, json_text({"sessions": sessions}))

    def checkpoint(self) -> Checkpoint | None:
        """Return the latest checkpoint, or None when the first generation was not finished."""
        path = self.path / CHECKPOINT
        try:
            content = read_regular(path, LARGEST_TABLE)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise EznasError(f"Could not read {path}: {error.strerror}.") from error
        return Checkpoint.from_bytes(content, path)

    def write(self, checkpoint: Checkpoint, hall_of_fame: Mapping[str, Any]) -> None:
        """Store a generation: the checkpoint first, then the files that readers look at."""
        write_atomically(self.path / CHECKPOINT, checkpoint.to_bytes())
        self.write_views(checkpoint, hall_of_fame)

    def write_views(self, checkpoint: Checkpoint, hall_of_fame: Mapping[str, Any]) -> None:
        """Write the readable files of a checkpoint."""
        self._write_lines(HISTORY, checkpoint.history)
        self._write_lines(TIMING, checkpoint.timing)
        write_atomically(self.path / HALL_OF_FAME, json_text(hall_of_fame))

    def _write_lines(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a file of one line for each row; rows that it had before stay as they were."""
        lines = self._lines.setdefault(name, [])
        lines.extend(json_text(row, indent=None) for row in rows[len(lines) :])
        write_atomically(self.path / name, "".join(lines))

    def summary(self) -> dict[str, Any] | None:
        """Return the final report of a finished run, or None when there is none yet."""
        return self._read_json(SUMMARY)

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Store the final report."""
        write_atomically(self.path / SUMMARY, json_text(summary))

    def write_networks(self, content: Mapping[str, Any]) -> None:
        """Store what the report shows of single networks."""
        write_atomically(self.path / NETWORKS, json_text(content, indent=None))

    def _read_json(self, name: str) -> dict[str, Any] | None:
        """Return the content of one of the readable files; one that someone damaged counts as missing."""
        try:
            content = json.loads(read_regular(self.path / name, LARGEST_TABLE))
        except (OSError, ValueError, RecursionError):
            return None
        return content if isinstance(content, dict) else None


def stored_settings(path: Path) -> RunSettings:
    """Return the settings of the run in the directory `path`.

    Raises:
        EznasError: `path` is no run directory, or of another format.
    """
    return _stored(path)[0]


def unused_path(parent: Path, stem: str) -> Path:
    """Return `parent/stem`, or the first of `parent/stem-2`, `parent/stem-3`, ... that does not exist."""
    path, number = parent / stem, 1
    while path.exists():
        number += 1
        path = parent / f"{stem}-{number}"
    return path


def _stored(path: Path) -> tuple[RunSettings, tuple[Any, ...]]:
    """Return the settings of a run and the fingerprints of its data, or raise an `EznasError`."""
    if not (path / CONFIG).is_file():
        reason = "holds no config.toml" if path.is_dir() else "does not exist"
        raise EznasError(
            f"{path} is no run directory (it {reason}): give one that `eznas run` made, such as runs/NAME."
        )
    content = read_toml(path / CONFIG)
    written_by = content.pop(WRITTEN_BY, None)
    written_by = written_by if isinstance(written_by, dict) else {}
    if written_by.get("run_format") != RUN_FORMAT:
        raise EznasError(_other_format(path, written_by.get("run_format")))
    fingerprints = written_by.get(_DATA)
    return RunSettings.from_mapping(content), tuple(fingerprints) if isinstance(fingerprints, list) else ()


def _write_settings(directory: Path, settings: RunSettings, version: str, fingerprints: Mapping[str, str]) -> None:
    written_by = {"eznas": version, "run_format": RUN_FORMAT, _DATA: list(fingerprints.values())}
    write_atomically(directory / CONFIG, config_text(settings, written_by))


def _locked(directory: Path) -> int:
    """Return a descriptor that holds the lock of `directory`; the kernel lets go of it however the process ends."""
    descriptor = open_lock_file(directory / _LOCK)
    try:
        is_free = try_lock(descriptor)
    except OSError:
        os.close(descriptor)
        raise
    if not is_free:
        os.close(descriptor)
        raise EznasError(
            f"Another process is working on {directory}: wait for it to end, or start a run of its own with --output."
        )
    return descriptor


def _exists(path: Path) -> str:
    resume = f"eznas run --resume {shlex.quote(str(path))}"
    return f"{path} exists already: continue it with `{resume}`, or choose another one with --output."


def _could_not_make(path: Path, reason: str | None) -> str:
    return f"Could not make the run directory {path}: {reason}; choose another with --output."


def _other_format(path: Path, written: object) -> str:
    return (
        f"{path} has run format {shown(written)}, this version of eznas reads format {RUN_FORMAT}: "
        "use the version that wrote it, or start a new run."
    )
