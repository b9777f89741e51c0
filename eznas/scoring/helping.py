"""What processes beside this one do with single networks of a benchmark, where its threads would meet in Python.

A network of small layers is thousands of short calls from Python, which two threads make hardly faster than one.
A helper loads the benchmark by its name, is given a task and an index, and sends what the task makes of that network.
"""

from __future__ import annotations

import pickle
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from eznas.system.helpers import Helpers

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


class Task(Protocol):
    """What is to be done with any network of a benchmark; it goes to helpers as a pickle, and stays with them."""

    def answer(self, connection: Connection, index: int) -> None:
        """Send what whoever asks expects; only what raises before anything is sent is done where it was asked.

        Args:
            connection: to whoever asks.
            index: of the network in the benchmark.
        """


HELPERS: Final = Helpers("eznas.scoring.helping:answer")
"""Those of this process."""

_NETWORKS_FOR_EACH: Final = 50
"""A helper takes about as long to start as to collect so many small networks."""

Request: TypeAlias = tuple[bytes, int]
"""A task, as `encoded` returns it, and the index of a network: what is sent to a helper."""


def begin_helpers(networks: int, threads: int) -> None:
    """Begin helpers for so many networks that as many threads will ask for, if that is worth their start.

    To be called before PyTorch is imported: helpers do so at the same time.
    """
    HELPERS.begin(min(threads - 1, networks // _NETWORKS_FOR_EACH))


def encoded(task: Task) -> bytes:
    """Return a task as helpers are sent it.

    Raises:
        pickle.PicklingError, AttributeError, TypeError: something of it has no name that another process could find.
    """
    return pickle.dumps(task)


def answer(connection: Connection, request: Request) -> None:
    """Do a task in a helper; send None where it raises, so that whoever asks does it, and it raises there."""
    task, index = request
    try:
        _decoded(task).answer(connection, index)
    except OSError:  # whoever asks has ended
        raise
    except Exception:
        connection.send(None)


@lru_cache(maxsize=32)
def _decoded(task: bytes) -> Task:
    """The task; the same object for the same bytes, so that what it has loaded and drawn is there the next time."""
    decoded: Task = pickle.loads(task)
    return decoded
