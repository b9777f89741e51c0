"""The compact file that an official download becomes: the networks of one benchmark and their accuracies.

It is one msgpack object: `format`, `benchmark`, `epochs`, `trainings`, `origin`, the list `architectures`, and
`accuracies`, which maps a split such as `validation` to one number for each architecture.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgpack
import numpy as np
from numpy.typing import NDArray

from eznas.errors import EznasError, shown
from eznas.files import LARGEST_TABLE, read_regular

FORMAT: Final = 1
"""Version of the file; one of another version is refused."""


@dataclass(frozen=True)
class CompactTable:
    """The networks of one benchmark.

    Attributes:
        benchmark: its name.
        epochs: passes over the training images before the accuracies were measured.
        trainings: how many trained networks were read; more than architectures where some were trained repeatedly.
        origin: the file that was read, for the record.
        architectures: canonical texts, each once.
        accuracies: float64 (architectures,) in percent, by split.
    """

    benchmark: str
    epochs: int
    trainings: int
    origin: str
    architectures: tuple[str, ...]
    accuracies: Mapping[str, NDArray[np.float64]]

    def to_bytes(self) -> bytes:
        """Return the content of the file."""
        content = {
            "format": FORMAT,
            "benchmark": self.benchmark,
            "epochs": self.epochs,
            "trainings": self.trainings,
            "origin": self.origin,
            "architectures": self.architectures,
            "accuracies": {split: values.tolist() for split, values in self.accuracies.items()},
        }
        return bytes(msgpack.packb(content))

    @classmethod
    def read(cls, path: Path, benchmark: str) -> CompactTable:
        """Read the table of `benchmark`.

        Raises:
            EznasError: the file cannot be read, is damaged, or is of another benchmark or format.
        """
        try:
            content = msgpack.unpackb(read_regular(path, LARGEST_TABLE))
        except OSError as error:
            raise EznasError(f"The table {path} could not be read: {error.strerror or error}.") from error
        except (ValueError, msgpack.UnpackException, RecursionError, MemoryError) as error:
            raise EznasError(_damaged(path, f"it is no msgpack: {error}")) from error
        if not isinstance(content, dict):
            raise EznasError(_damaged(path, "it holds no object"))
        if content.get("format") != FORMAT:
            raise EznasError(
                f"{path} has format {shown(content.get('format'))}, and this version of eznas reads format {FORMAT}: "
                "import the official file again."
            )
        if content.get("benchmark") != benchmark:
            raise EznasError(
                f"{path} is of {shown(content.get('benchmark'))}, and {benchmark} was to be read: import it again."
            )
        return cls(
            benchmark=benchmark,
            epochs=_count(content, "epochs", path),
            trainings=_count(content, "trainings", path),
            origin=_origin(content.get("origin", ""), path),
            architectures=_texts(content.get("architectures"), path),
            accuracies=_splits(content.get("accuracies"), len(content["architectures"]), path),
        )


def merged(texts: Iterable[tuple[str, float]]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Join repeated trainings of one architecture: it keeps its first place and gets the mean of the accuracies."""
    accuracies: dict[str, list[float]] = {}
    for architecture, accuracy in texts:
        accuracies.setdefault(architecture, []).append(accuracy)
    return tuple(accuracies), np.array([math.fsum(values) / len(values) for values in accuracies.values()])


def _damaged(path: Path, reason: str) -> str:
    return f"The table {path} is damaged ({reason}): import the official file again."


def _count(content: Mapping[str, Any], key: str, path: Path) -> int:
    value = content.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise EznasError(_damaged(path, f"{key} is {shown(value)}"))
    return value


def _origin(value: object, path: Path) -> str:
    if not isinstance(value, str):
        raise EznasError(_damaged(path, f"its origin is {shown(value)}"))
    return value


def _texts(value: object, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(text, str) for text in value):
        raise EznasError(_damaged(path, "it has no list of architectures"))
    if len(set(value)) < len(value):
        raise EznasError(_damaged(path, "an architecture stands there twice"))
    return tuple(value)


def _splits(value: object, count: int, path: Path) -> dict[str, NDArray[np.float64]]:
    if not isinstance(value, dict) or not value:
        raise EznasError(_damaged(path, "it has no accuracies"))
    splits: dict[str, NDArray[np.float64]] = {}
    for split, numbers in value.items():
        plain = isinstance(numbers, list) and all(type(number) is float and 0 <= number <= 100 for number in numbers)
        if not isinstance(split, str) or not plain or len(numbers) != count:
            raise EznasError(_damaged(path, f"the accuracies {shown(split)} are not one percentage for each network"))
        splits[split] = np.array(numbers)
    return splits
