"""A file of one network in a table: one record for each feature, found by the feature's digest.

The file is a structured .npy array. It is replaced as a whole, so a reader needs no lock: it sees all the records of
the old file or all those of the new one.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas.files import write_atomically
from eznas.ops.program import Program

_DAMAGED: Final = (OSError, ValueError)
_LONGEST_HEADER: Final = 4096  # one of records with three fields has 200 bytes
_DIGEST: Final = "digest"
_DIGEST_TYPE: Final = np.dtype("S32")  # `Program.digest`, in hexadecimal

Records = NDArray[np.void]
"""A structured array, one record for each feature, with the field `digest` and whatever belongs to the feature."""

Digests = NDArray[np.bytes_]
Layout = np.dtype[np.void]


def digests_of(features: Sequence[Program]) -> Digests:
    """Return the digests of features, as records have them."""
    return np.array([feature.digest for feature in features], _DIGEST_TYPE)


def make_records(digests: Digests, **fields: NDArray[Any]) -> Records:
    """Return records of which each field holds one array, its first axis that of the features."""
    layout = [(_DIGEST, _DIGEST_TYPE)]
    layout += [(name, array.dtype, array.shape[1:]) for name, array in fields.items()]  # type: ignore[misc]
    records = np.empty(len(digests), layout)
    records[_DIGEST] = digests
    for name, array in fields.items():
        records[name] = array
    return records


def read_records(path: Path) -> Records | None:
    """Return the records of a file; None where it is missing or damaged."""
    try:
        content = path.read_bytes()
        header = _header_of(content)
        layout, count = _parse(header)
        return np.frombuffer(content, layout, count, len(header))
    except _DAMAGED:
        return None


def layout_of(path: Path) -> Layout | None:
    """Return the fields of the records of a file, of which only the beginning is read; None as in `read_records`."""
    try:
        with path.open("rb") as file:
            return _parse(_header_of(file.read(_LONGEST_HEADER)))[0]
    except _DAMAGED:
        return None


def _header_of(content: bytes) -> bytes:
    """The header of a .npy file of version 1: magic string, version, and a text with its length before it."""
    start = np.lib.format.MAGIC_LEN + 2
    return content[: start + int.from_bytes(content[start - 2 : start], "little")]


@lru_cache(maxsize=1024)  # numpy needs longer for the header than for the rest, and few networks differ in it
def _parse(header: bytes) -> tuple[Layout, int]:
    """The fields and the number of the records."""
    file = io.BytesIO(header)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("another version of the file format")
    shape, _, layout = np.lib.format.read_array_header_1_0(file)
    if layout.names is None or layout.names[0] != _DIGEST or len(shape) != 1:
        raise ValueError("no records")
    return layout, shape[0]


def write_records(path: Path, old: Records | None, new: Records) -> Records:
    """Write records to a file, after those that it had, and return them all.

    Raises:
        EznasError: the disk is full, or the folder cannot be written.
    """
    records = new if old is None else np.concatenate([old, new])
    content = io.BytesIO()
    np.save(content, records)
    write_atomically(path, content.getvalue())
    return records


def rows_of(digests: Digests, records: Records | None) -> NDArray[np.int64]:
    """Return where the features with these digests are in the records; -1 for one that is not there."""
    if records is None:
        return np.full(len(digests), -1, np.int64)
    return _rows(digests.tobytes(), records[_DIGEST].tobytes())


def lacks(path: Path, digests: Digests) -> bool:
    """Return whether a file has no record of one of the features with these digests."""
    return bool((rows_of(digests, read_records(path)) < 0).any())


@lru_cache(maxsize=8)  # most networks of a table have the same features in the same order
def _rows(digests: bytes, held: bytes) -> NDArray[np.int64]:
    row_of = {digest: row for row, digest in enumerate(_split(held))}
    rows = np.array([row_of.get(digest, -1) for digest in _split(digests)], np.int64)
    rows.flags.writeable = False
    return rows


def _split(digests: bytes) -> list[bytes]:
    size = _DIGEST_TYPE.itemsize
    return [digests[start : start + size] for start in range(0, len(digests), size)]
