"""The folder of an experiment: a small JSON file per finished piece, so that a rerun computes what is missing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from eznas.errors import EznasError
from eznas.files import json_text, write_atomically
from eznas.system.peak_memory import peak_memory_bytes

FORMAT: Final = 2
"""Raised whenever a piece of an older format could not stand beside new ones."""

RECORD: Final = "experiment.json"
PIECES: Final = "cells"
EVOLUTIONS: Final = "evolutions"


class ExperimentFolder:
    """One experiment on disk: its settings, its pieces, its run directories and its results."""

    def __init__(self, path: Path, record: Mapping[str, Any]) -> None:
        """Take over a folder that `open` checked."""
        self.path = path
        self._record = dict(record)
        self._earlier: list[dict[str, Any]] = list(record["sessions"])
        self._begun = time.perf_counter()
        self._started = datetime.now(UTC).isoformat(timespec="seconds")

    @classmethod
    def open(cls, path: Path, experiment: str, settings: Mapping[str, Any]) -> Self:
        """Make the folder, or open that of an earlier call with the same settings.

        Args:
            path: the folder, such as `runs/repro-table/embedded`.
            experiment: what it is the folder of.
            settings: everything that the pieces depend on, by name, as plain data.

        Raises:
            EznasError: the folder is of another experiment, other settings or another version; the first difference
                is named.
        """
        settings = json.loads(json_text(settings))
        expected = {"experiment": experiment, "format": FORMAT, "settings": settings, "sessions": []}
        stored = _read_object(path / RECORD)
        if stored is None:
            if path.is_file() or (path.is_dir() and any(path.iterdir())):
                raise EznasError(f"{path} is not the folder of an experiment: choose another one with --output.")
            write_atomically(path / RECORD, json_text(expected))
            return cls(path, expected)
        for key in ("experiment", "format"):
            if stored.get(key) != expected[key]:
                raise EznasError(
                    f"{path} has {key} {stored.get(key)!r}, not {expected[key]!r}: choose another folder with --output."
                )
        difference = _difference(stored.get("settings"), settings)
        if difference:
            raise EznasError(
                f"{path} was begun with other settings ({difference}): give the same settings to continue it, "
                "or choose another folder with --output."
            )
        sessions = stored.get("sessions")
        return cls(path, {**stored, "sessions": sessions if isinstance(sessions, list) else []})

    def piece(self, *names: object) -> dict[str, Any] | None:
        """Return a finished piece, or None when there is none; a damaged one counts as missing."""
        return _read_object(self._piece_path(names))

    def write_piece(self, content: Mapping[str, Any], *names: object) -> None:
        """Store a finished piece under its names."""
        write_atomically(self._piece_path(names), json_text(content))

    def evolution(self, *names: object) -> Path:
        """Return the place of a run directory."""
        return self.path.joinpath(EVOLUTIONS, *map(_file_name, names))

    def write_result(self, name: str, content: str) -> Path:
        """Store a result beside the pieces and return its path."""
        write_atomically(self.path / name, content)
        return self.path / name

    def cost(self) -> dict[str, Any]:
        """Record this process and return what the experiment took so far, over all processes that worked on it."""
        sessions = [*self._earlier, self._session()]
        write_atomically(self.path / RECORD, json_text({**self._record, "sessions": sessions}))
        return {
            "seconds": sum(session["seconds"] for session in sessions),
            "peak_memory_bytes": max(session["peak_memory_bytes"] for session in sessions),
            "sessions": len(sessions),
        }

    def _session(self) -> dict[str, Any]:
        return {
            "started": self._started,
            "command": sys.argv,
            "seconds": time.perf_counter() - self._begun,
            "peak_memory_bytes": peak_memory_bytes() or 0,  # 0 where it is not known
        }

    def _piece_path(self, names: tuple[object, ...]) -> Path:
        *folders, last = map(_file_name, names)
        return self.path.joinpath(PIECES, *folders, f"{last}.json")


def _file_name(name: object) -> str:
    """Return a name that is one part of a path: a benchmark may be given by its path."""
    return str(name).strip("/").replace("/", "_").removesuffix(".csv")


def _read_object(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _difference(stored: Any, given: Any, name: str = "") -> str | None:
    """Return the first setting that differs, such as `generations is 15 there, 3 here`, or None."""
    if isinstance(stored, dict) and isinstance(given, dict):
        for key in dict.fromkeys((*given, *stored)):
            inner = _difference(stored.get(key), given.get(key), f"{name}.{key}" if name else str(key))
            if inner:
                return inner
        return None
    return None if stored == given else f"{name} is {stored!r} there, {given!r} here"
