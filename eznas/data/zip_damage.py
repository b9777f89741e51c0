"""What reading a zip archive raises when it is damaged, encrypted, or packed in a way that Python does not know."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from pathlib import Path
from typing import Final

from eznas.errors import EznasError

DAMAGED_ZIP: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,  # encrypted, or of another kind that is not implemented
    ValueError,  # names that are no UTF-8, places before the beginning
)


def damaged_zip(path: Path, error: Exception) -> EznasError:
    """Return the complaint about an archive whose reading raised one of `DAMAGED_ZIP`."""
    what = "cannot be unpacked" if isinstance(error, RuntimeError) else "is cut off or damaged"
    return EznasError(f"{path} {what} ({error}): download it again.")
