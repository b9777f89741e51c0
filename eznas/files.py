"""Files, read within bounds and written atomically: a reader sees the old content or the new, never half of either."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from eznas.errors import EznasError

LARGEST_TEXT: Final = 16 * 2**20
"""Bytes of a file of settings, a proxy or a record, written by hand or by eznas; a real one has some kilobytes."""

LARGEST_TABLE: Final = 2**30
"""Bytes of a table, which is held in memory several times over; the largest published one has some megabytes."""


def check_regular(path: Path) -> None:
    """Raise an `EznasError` if `path` is a device, a pipe or a socket, of which reading may never end.

    What is missing, or cannot be looked at, is left to whoever opens it.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise EznasError(f"{path} is a device, a pipe or a socket: give a regular file.")


def read_regular(path: Path, largest: int) -> bytes:
    """Return the content of a regular file.

    Args:
        path: of the file.
        largest: how many bytes it may have.

    Raises:
        EznasError: it is no regular file, or larger.
        OSError: it cannot be read.
    """
    if "\0" in str(path):
        raise EznasError(f"{str(path)!r} is no path: it has a zero in it.")
    check_regular(path)
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size > largest:
            raise EznasError(
                f"{path} has more than {largest:,} bytes, too many for a file of its kind: give the right one."
            )
        return file.read()


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write `content` to a temporary file beside `path`, flush it to disk and rename it over `path`.

    Args:
        path: the file to replace or create; missing parent folders are made.
        content: the whole new content; text is encoded as UTF-8.

    Raises:
        EznasError: the disk is full, the folder cannot be written, or the text is no Unicode; `path` is then as it was
            before.
    """
    try:
        data = content.encode() if isinstance(content, str) else content
    except UnicodeEncodeError as error:
        # Python keeps the bytes of a file name that is not UTF-8 as such signs.
        raise EznasError(
            f"Could not write {path}: {error.object[error.start : error.end]!r} in it is no character; it comes from a "
            "file name that is not UTF-8, so rename that file or folder."
        ) from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary_name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        temporary = Path(temporary_name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise EznasError(
            f"Could not write {path}: {error.strerror or error}; nothing was changed. "
            "Free some space or choose another folder, then run the command again."
        ) from error


def json_text(content: Mapping[str, Any], indent: int | None = 2) -> str:
    """Return JSON that is the same for the same content; NaN and infinities, which JSON lacks, become null.

    Args:
        content: plain data.
        indent: blanks for each level; None for everything on one line.
    """
    text = json.dumps(_without_non_finite(content), indent=indent, ensure_ascii=False, allow_nan=False)
    # What Python makes of a file name that is no UTF-8 has no UTF-8 either, but a way of writing it in JSON.
    return text.encode("utf-8", "backslashreplace").decode() + "\n"


def _without_non_finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0.0 else None
    if isinstance(value, Mapping):
        return {key: _without_non_finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_non_finite(item) for item in value]
    return value
