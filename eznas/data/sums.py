"""SHA-256 sums of the data folder, in the file SHA256SUMS that `sha256sum -c` reads, too."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from eznas.data import sources
from eznas.errors import EznasError
from eznas.files import LARGEST_TEXT, read_regular, write_atomically

FILE: Final = "SHA256SUMS"

State = Literal["as published", "as recorded", "changed", "not recorded", "missing"]


@dataclass(frozen=True)
class Checked:
    """What the check of one file gave.

    Attributes:
        file: below the data folder.
        state: `changed` is the only bad one of a file that is there.
        recorded: whether SHA256SUMS has it, so that it should be there.
    """

    file: str
    state: State
    recorded: bool


def check_files(folder: Path) -> list[Checked]:
    """Compare every known or recorded file of the data folder with its published sum, else with its recorded one."""
    published = {download.file: download.sha256 for source in sources.SOURCES for download in source.downloads}
    recorded = recorded_sums(folder)
    files = dict.fromkeys([*(file for source in sources.SOURCES for file in source.files), *recorded])
    return [
        Checked(file, _state(folder / file, published.get(file), recorded.get(file)), file in recorded)
        for file in files
    ]


def record(folder: Path, files: list[str]) -> None:
    """Write the sums of `files` into SHA256SUMS, beside those that it has of others."""
    sums = recorded_sums(folder) | {file: sum_of(folder / file) for file in files}
    write_atomically(folder / FILE, "".join(f"{sums[file]}  ./{file}\n" for file in sorted(sums)))


def recorded_sums(folder: Path) -> dict[str, str]:
    """Return the sums in SHA256SUMS by file; nothing where there is no such file.

    Raises:
        EznasError: a line of it is something else.
    """
    path = folder / FILE
    try:
        lines = read_regular(path, LARGEST_TEXT).decode().splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise EznasError(f"{path} could not be read ({error}): delete it to begin a new one.") from error
    sums: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        digest, _, name = line.partition(" ")
        if len(digest) != 64 or not name.strip():
            raise EznasError(f"{path}, line {number}: {line[:80]!r} is no SHA-256 and a name; correct or delete it.")
        sums[name.lstrip(" *").removeprefix("./")] = digest.lower()
    return sums


def sum_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EznasError(f"{path} could not be read: {error.strerror or error}.") from error


def _state(path: Path, published: str | None, recorded: str | None) -> State:
    if not path.is_file():
        return "missing"
    if published is None and recorded is None:
        return "not recorded"
    found = sum_of(path)
    if found == published:
        return "as published"
    # A table that was imported from another form of the same benchmark has a sum of its own.
    return "as recorded" if found == recorded else "changed"
