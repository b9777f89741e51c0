"""A block: the values of some features on all units of a table, in three files that appear as a whole.

`NAME.values.npy` is float32 (features, units), `NAME.valid.npy` bool of the same shape, and `NAME.json`, written last,
says which features they are. A block without the last file does not exist.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas.features.streaming import NetworkNumbers
from eznas.files import write_atomically
from eznas.ops.notation import format_program
from eznas.ops.program import Program

_VALUES, _VALID, _CONTENT = ".values.npy", ".valid.npy", ".block.json"
_DAMAGED: Final = (OSError, ValueError, KeyError, TypeError)


@dataclass(frozen=True, eq=False)
class Block:
    """Memory-mapped features.

    Attributes:
        digests: of the features, `Program.digest`.
        units: int64 (networks,), numbers of units.
        values: float32 (features, units of all networks); 0 where invalid.
        valid: bool, same shape: whether the operations could take the shapes of that unit.
        roundoff: float32 (features,): see `FeatureValues`.
    """

    digests: tuple[str, ...]
    units: NDArray[np.int64]
    values: NDArray[np.float32]
    valid: NDArray[np.bool_]
    roundoff: NDArray[np.float32]


def name_of(features: Sequence[Program]) -> str:
    """Return the name of the block that holds these features in this order."""
    return blake2b("".join(feature.digest for feature in features).encode(), digest_size=12).hexdigest()


def read_blocks(folder: Path) -> list[Block]:
    """Return every whole block in a folder; one that is damaged, or that another process removes, is left out."""
    blocks = []
    for path in sorted(folder.glob(f"*{_CONTENT}")):
        try:
            blocks.append(_read(path))
        except _DAMAGED:
            continue
    return blocks


def write_block(
    folder: Path, features: Sequence[Program], units: Sequence[int], numbers: Iterable[NetworkNumbers]
) -> None:
    """Write a block.

    Args:
        folder: of the table.
        features: in the order of the columns of `numbers`.
        units: how many each network has.
        numbers: of each network, one after the other; only one is held in memory at a time.
    """
    name = name_of(features)
    shape = (len(features), sum(units))
    values = _new_array(folder / f".{name}{_VALUES}.tmp", np.float32, shape)
    valid = _new_array(folder / f".{name}{_VALID}.tmp", np.bool_, shape)
    squares, shaken = np.zeros(len(features)), 0
    end = 0
    for count, network in zip(units, numbers, strict=True):
        start, end = end, end + count
        values[:, start:end] = network.values.T
        valid[:, start:end] = network.valid.T
        squares += np.square(network.changes, dtype=np.float64).sum(axis=0)
        shaken += len(network.changes)
    for array, suffix in ((values, _VALUES), (valid, _VALID)):
        array.flush()
        temporary = folder / f".{name}{suffix}.tmp"
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(folder / f"{name}{suffix}")
    content = {
        "units": list(units),
        "digests": [feature.digest for feature in features],
        "formulas": [format_program(feature) for feature in features],
        "roundoff": np.sqrt(squares / max(shaken, 1)).tolist(),
    }
    write_atomically(folder / f"{name}{_CONTENT}", json.dumps(content, indent=1))


def _new_array(path: Path, data_type: type[np.generic], shape: tuple[int, int]) -> np.memmap[Any, Any]:
    array: np.memmap[Any, Any] = np.lib.format.open_memmap(path, mode="w+", dtype=data_type, shape=shape)
    if hasattr(os, "posix_fallocate"):
        # Writing to a mapped file on a full disk would kill the process; this raises instead.
        with path.open("rb+") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def _read(path: Path) -> Block:
    content = json.loads(path.read_bytes())
    units = np.array(content["units"], np.int64)
    digests = tuple(content["digests"])
    name = path.name.removesuffix(_CONTENT)
    values, valid = (np.load(path.with_name(name + suffix), mmap_mode="r") for suffix in (_VALUES, _VALID))
    if not values.shape == valid.shape == (len(digests), units.sum()) or len(content["roundoff"]) != len(digests):
        raise ValueError(f"{path} does not fit the arrays beside it")
    return Block(digests, units, values, valid, np.array(content["roundoff"], np.float32))
