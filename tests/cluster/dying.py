"""Functions of workers that end their process; in a module of its own, so that workers import it alone."""

from __future__ import annotations

import os
import signal

from eznas.errors import EznasError


def die_once(folder, item):
    """Return the double of an item, but end the process when item 1 is asked for the first time."""
    mark = folder / "died"
    if item == 1 and not mark.exists():
        mark.touch()
        die(folder, item)
    return 2 * item


def die(_shared, _item):
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(_shared, item):
    raise EznasError(f"No {item}.")
