"""The one exception that the command line turns into a sentence, and what of a user's a sentence may show."""

from __future__ import annotations

import os
import reprlib
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_LONGEST_TEXT: Final = 300
_LONGEST_INTEGER: Final = 4096  # bits; Python writes 4,300 digits at most


class EznasError(Exception):
    """A mistake in what the user gave, told in one sentence that names the value and the way out.

    Every check on user input raises this or a subclass. The command line prints the message and exits
    with a non-zero code; `--debug` shows the traceback as well.
    """


def shown(value: object, length: int = 40) -> str:
    """Return a value of a file as a sentence may show it, in about `length` characters.

    Unlike `repr` it ends for any value: nested a million deep, holding itself, or of a million digits.
    """
    return _Short(length).repr(value)


class _Short(reprlib.Repr):
    def __init__(self, length: int) -> None:
        super().__init__()
        self.maxlevel = 2
        self.maxstring = self.maxlong = self.maxother = length
        self.maxtuple = self.maxlist = self.maxdict = self.maxset = self.maxfrozenset = 3

    def repr_int(self, value: int, level: int) -> str:
        """Return the digits, unless Python refuses to work out so many."""
        if value.bit_length() > _LONGEST_INTEGER:
            return f"a whole number of {value.bit_length()} bits"
        return super().repr_int(value, level)


def described(error: BaseException) -> str:
    """Return kind, place and text of what a user's own code raised, such as `ValueError in my_space.py, line 12: ...`.

    The place is the innermost line outside of eznas, PyTorch and all else that is installed; it may be missing.
    """
    place = place_of(error)
    return f"{type(error).__name__}{f' in {place}' if place else ''}: {first_line(error)}"


@contextmanager
def in_users_code(what: str, remedy: str) -> Iterator[None]:
    """Turn whatever the code of a user raises inside of the block into a sentence; an `EznasError` is one already.

    Args:
        what: could not be done, such as `The space mine could not draw a network`.
        remedy: what to do about it, such as `correct its random`.
    """
    try:
        yield
    except EznasError:
        raise
    except Exception as error:
        raise EznasError(f"{what} ({described(error)}): {remedy}.") from error


def place_of(error: BaseException) -> str:
    """Return the innermost line of the user's own code that `error` came through, such as `my_space.py, line 12`."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_path_text(error.filename)}, line {error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith("<") and not _is_installed(frame.filename):
            return f"{_path_text(frame.filename)}, line {frame.lineno}"
    return ""


def first_line(error: BaseException) -> str:
    """Return the first line of what `error` says, without a full stop; its kind where it says nothing."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    lines = text.strip().splitlines()
    return lines[0].rstrip(".")[:_LONGEST_TEXT] if lines else type(error).__name__


def _is_installed(file: str) -> bool:
    path = Path(file).resolve()
    installed = [Path(sysconfig.get_path(kind)) for kind in ("stdlib", "platstdlib", "purelib", "platlib")]
    return any(path.is_relative_to(home.resolve()) for home in [*installed, Path(__file__).parent])


def _path_text(file: str) -> str:
    """Return a path as the user would type it in the current folder."""
    path = Path(file)
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
