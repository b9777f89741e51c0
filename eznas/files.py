"""Atomic file writing: a reader sees the old content or the new, never half of either."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from eznas.errors import EznasError


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write `content` to a temporary file beside `path`, flush it to disk and rename it over `path`.

    Args:
        path: the file to replace or create; missing parent folders are made.
        content: the whole new content; text is encoded as UTF-8.

    Raises:
        EznasError: the disk is full, or the folder cannot be written; `path` is then as it was before.
    """
    data = content.encode() if isinstance(content, str) else content
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
