"""What Ctrl-C does: the first press ends the command in order, a later one ends it at once.

Only the standard library is imported here, so that this stands before anything that takes long to import.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType
from typing import Final

INTERRUPTED: Final = 130
"""The exit code after Ctrl-C, as shells have it."""

_ONE_PRESS_SECONDS: Final = 1.0
"""For how long further signals count as the first press: a key may bounce, and `timeout` signals twice."""

_AT_ONCE: Final = b"\neznas: Stopped at once, without waiting for what was in progress.\n"
_SHOW_CURSOR: Final = b"\x1b[?25h"


class Interruption:
    """The handler of SIGINT: raises `KeyboardInterrupt` once, for all that `finally` blocks have to do."""

    def __init__(self) -> None:
        self._first: float | None = None

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Take a signal, in the main thread."""
        if self._first is None:
            self._first = time.monotonic()
            raise KeyboardInterrupt
        if time.monotonic() - self._first < _ONE_PRESS_SECONDS:
            # Nothing may break off the work of ending: a thread left behind in C++ would abort the process.
            return
        if os.isatty(2):
            os.write(2, _SHOW_CURSOR)
        os.write(2, _AT_ONCE)
        os._exit(INTERRUPTED)

    @property
    def has_come(self) -> bool:
        """Whether there was a Ctrl-C, even where something caught its exception."""
        return self._first is not None


def handle_interruptions() -> Interruption:
    """Set the handler, unless the program was started with Ctrl-C ignored, as a shell's `command &` may be."""
    interruption = Interruption()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interruption)
    return interruption


def ignore_interruptions() -> None:
    """Let no further Ctrl-C have an effect, nor the one that there was: the command is over."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Where an `exec` was interrupted, CPython has noted that and ends by the signal, not with our exit code; the next
    # `exec` takes the note back.
    exec("")


def tell() -> None:
    """Say that the command was stopped, on a line after the `^C` that a terminal shows."""
    sys.stderr.write(f"{chr(10) if sys.stderr.isatty() else ''}eznas: Stopped by Ctrl-C.\n")
