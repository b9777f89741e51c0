"""Where the data files are that eznas reads and does not ship: accuracy tables and images."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import platformdirs

from eznas.errors import EznasError

VARIABLE: Final = "EZNAS_DATA"


class MissingDataError(EznasError):
    """A file is not in the data folder.

    Attributes:
        file: its path below the data folder, with forward slashes.
    """

    def __init__(self, file: str, message: str) -> None:
        super().__init__(message)
        self.file = file


def data_folder() -> Path:
    """Return the folder that the environment variable EZNAS_DATA names, or this user's data folder for eznas."""
    configured = os.environ.get(VARIABLE)
    return Path(configured).expanduser() if configured else platformdirs.user_data_path("eznas", appauthor=False)


def data_file(relative: str, how_to_get: str) -> Path:
    """Return the path of a file in the data folder.

    Args:
        relative: path below the data folder, with forward slashes.
        how_to_get: completes the sentence "it is ..." that tells where to fetch the file.

    Raises:
        MissingDataError: there is no such file.
    """
    path = data_folder() / relative
    if not path.is_file():
        origin = f"{VARIABLE} is {os.environ[VARIABLE]}" if os.environ.get(VARIABLE) else f"{VARIABLE} is not set"
        raise MissingDataError(
            relative,
            f"{path} is missing ({origin}): it is {how_to_get}; put it there, or set {VARIABLE} to the folder that "
            f"holds {relative}.",
        )
    return path
