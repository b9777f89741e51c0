"""The file that makes a long training resumable: a first line with the protocol, then one JSON line per training.

Every line is on the disk before the next training starts, so that a crash costs at most the trainings in progress.
"""

from __future__ import annotations

import json
import os
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from eznas.errors import EznasError
from eznas.system.locks import try_lock


class Finished(NamedTuple):
    """One finished training.

    Attributes:
        architecture: the canonical text.
        seed: of the training.
        accuracy: on the test images, in percent.
        loss: mean training loss of the last epoch; None where it was not finite.
        seconds: how long it took.
    """

    architecture: str
    seed: int
    accuracy: float
    loss: float | None
    seconds: float


class ProgressFile:
    """An open progress file, locked against a second command; use it in a `with` statement.

    Attributes:
        finished: accuracy by (architecture, seed), from earlier runs and this one.
    """

    def __init__(self, path: Path, protocol: dict[str, Any]) -> None:
        """Open or create the file at `path`.

        Args:
            path: of the file; missing parent folders are made.
            protocol: everything that the accuracies depend on, as JSON-plain data.

        Raises:
            EznasError: the file cannot be written, is in use, is damaged, or was begun with another protocol.
        """
        self.path = path
        self.finished: dict[tuple[str, int], float] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: a line is either handed to the system whole or reported as not written.
            self._file: FileIO = path.open("ab+", buffering=0)
        except OSError as error:
            raise EznasError(
                f"The progress file {path} cannot be written: {error.strerror or error}; choose another folder."
            ) from error
        try:
            self._lock()
            self._read(json.loads(json.dumps(protocol)))
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, training: Finished) -> None:
        """Write one finished training and wait until it is on the disk."""
        self._write(training._asdict())
        self.finished[training.architecture, training.seed] = training.accuracy

    def _lock(self) -> None:
        if not try_lock(self._file.fileno()):
            raise EznasError(
                f"Another command is writing the progress file {self.path}: wait until it has finished, or stop it."
            )

    def _read(self, protocol: dict[str, Any]) -> None:
        self._file.seek(0)
        content = self._file.read()
        complete = content.rfind(b"\n") + 1
        if complete < len(content):
            # A line without its end was being written when the machine stopped: that training is repeated.
            self._file.truncate(complete)
        lines = content[:complete].splitlines()
        if not lines:
            self._write({"protocol": protocol})
            return
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
                if number == 1:
                    recorded = dict(entry["protocol"])
                else:
                    training = Finished(**entry)
                    self.finished[str(training.architecture), int(training.seed)] = float(training.accuracy)
            except (ValueError, KeyError, TypeError) as error:
                raise EznasError(
                    f"Line {number} of the progress file {self.path} is damaged: delete that line, or the whole file "
                    "to start afresh."
                ) from error
        if changed := _first_difference(recorded, protocol):
            raise EznasError(
                f"The progress file {self.path} was begun with other settings ({changed}): repeat them, or choose "
                "another output."
            )

    def _write(self, entry: dict[str, Any]) -> None:
        line = json.dumps(entry, allow_nan=False).encode() + b"\n"
        try:
            written = self._file.write(line)
            if written != len(line):
                raise OSError("the disk is full")
            os.fsync(self._file.fileno())
        except OSError as error:
            raise EznasError(
                f"The progress file {self.path} could not be written: {error.strerror or error}. Free some space, "
                "then run the same command again: it goes on from here."
            ) from error


def _first_difference(recorded: dict[str, Any], wanted: dict[str, Any], within: str = "") -> str:
    """Return, for example, `training.epochs was 4 and is 8`, or an empty text where nothing differs."""
    for key in sorted({*recorded, *wanted}):
        old, new = recorded.get(key), wanted.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            if difference := _first_difference(old, new, f"{within}{key}."):
                return difference
        elif old != new:
            return f"{within}{key} was {old!r} and is {new!r}"
    return ""
