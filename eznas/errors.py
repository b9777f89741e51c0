"""The one exception that the command line turns into a sentence instead of a traceback, and values in sentences."""

from __future__ import annotations

import reprlib
from typing import Final


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


_LONGEST_INTEGER: Final = 4096  # bits; Python writes 4,300 digits at most
