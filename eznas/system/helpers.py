"""Processes beside this one, for work of its threads that Python lets only one of them do at a time.

Nobody has to say how many: threads that meet in such work are the sign that helpers pay, and the time that they spend
there together the price at which one is started. Who knows beforehand that there will be much work may begin some while
it gets ready itself. A helper that cannot be started, dies, or does not know what it is asked for costs that time and
nothing else, since whoever asks can do the work itself.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from eznas.system.garbage import pass_over_what_is_there
from eznas.system.processes import function_named, processes_are_allowed, start_process

if TYPE_CHECKING:
    # Imported where a helper begins: this module is read whenever the program starts.
    from multiprocessing.connection import Connection

Result = TypeVar("Result")
Ask: TypeAlias = "Callable[[Connection, dict[str, Any]], Result | None]"
"""Talks to a helper, which an `Answer` makes reply; has a dictionary for what it keeps of this helper."""

Answer: TypeAlias = "Callable[[Connection, Any], None]"
"""What a helper does with one request: sends whatever the function that asks expects."""

_SERVE: Final = "eznas.system.helpers:serve"
_READY: Final = "ready"
_SECONDS_TOGETHER: Final = 1.0
"""So long threads may stand in each other's way before a process is started, which takes a few seconds itself."""

_IDLE_SECONDS: Final = 20.0
"""A helper that nobody asks for so long lets its memory go by ending; another one can be started."""

_MEMORY_FOR_EACH: Final = 2 * 2**30
"""Bytes of the machine's memory for each helper, which takes about a seventh of that beside its network."""

_LOSSES: Final = 3
"""After so many helpers that ended otherwise, memory being short perhaps, no other is started."""


@dataclass(eq=False, slots=True)
class _Helper:
    """One process.

    Attributes:
        process: itself.
        connection: to it.
        ready: whether it has said that it has started.
        busy: whether a thread talks to it.
        kept: what those who ask it keep from one request to the next.
    """

    process: subprocess.Popen[bytes]
    connection: Connection
    kept: dict[str, Any] = field(default_factory=dict)
    ready: bool = False
    busy: bool = False


class Helpers:
    """The helpers for one kind of work; none before `allow_processes`.

    Args:
        answer: `module:function`, an `Answer` that helpers import.
    """

    def __init__(self, answer: str) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self._helpers: list[_Helper] = []
        self._inside = 0  # threads that work or ask for work
        self._working = 0  # of these, the ones that work themselves
        self._seconds_together = 0.0
        self._losses = 0
        atexit.register(self.close)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    @property
    def count(self) -> int:
        """How many there are at the moment."""
        with self._lock:
            return len(self._helpers)

    def begin(self, count: int) -> None:
        """Start helpers until there are so many, or as many as there may be, without waiting for them."""
        if not processes_are_allowed():
            return
        with self._lock:
            for _ in range(count - len(self._helpers)):
                self._start()

    def share(self, ask: Ask[Result], work: Callable[[], Result]) -> Result:
        """Return what a free helper answers, or what `work` returns in this thread.

        Args:
            ask: gets the result from a helper; None if that cannot do it.
            work: does the same here.

        Raises:
            Exception: what `work` raises.
        """
        if not processes_are_allowed():
            return work()
        with self._counted_inside():
            helper = self._free()
            if helper is not None and (result := self._asked(helper, ask)) is not None:
                return result
            return self._worked(work)

    def close(self) -> None:
        """End all of them; others may be started afterwards."""
        with self._lock:
            helpers, self._helpers = self._helpers, []
            self._seconds_together = 0.0
        for helper in helpers:  # none of them has anything to lose
            helper.connection.close()
            helper.process.kill()
            helper.process.wait()

    @contextmanager
    def _counted_inside(self) -> Iterator[None]:
        with self._lock:
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1

    def _free(self) -> _Helper | None:
        """Return a helper that waits for a request, marked as busy; those that turn out to have ended are let go."""
        with self._lock:
            for helper in list(self._helpers):
                if helper.busy:
                    continue
                try:
                    if helper.connection.poll():  # its first word, or its end
                        helper.connection.recv()
                        helper.ready = True
                except (OSError, EOFError):
                    self._lose(helper)
                    continue
                if helper.ready:
                    helper.busy = True
                    return helper
        return None

    def _asked(self, helper: _Helper, ask: Ask[Result]) -> Result | None:
        try:
            result = ask(helper.connection, helper.kept)
        except (OSError, EOFError):
            with self._lock:
                self._lose(helper)
            return None
        except BaseException:  # Ctrl-C in the midst of an answer, the rest of which nobody would read
            with self._lock:
                self._lose(helper)
            raise
        with self._lock:
            helper.busy = False
        return result

    def _worked(self, work: Callable[[], Result]) -> Result:
        with self._lock:
            self._working += 1
            together = self._working > 1
        began = time.perf_counter()
        try:
            return work()
        finally:
            with self._lock:
                self._working -= 1
                if together:
                    self._seconds_together += time.perf_counter() - began
                    if self._seconds_together >= _SECONDS_TOGETHER and len(self._helpers) < self._inside - 1:
                        self._start()

    def _start(self) -> None:
        self._seconds_together = 0.0
        if self._losses >= _LOSSES or len(self._helpers) >= _most_helpers():
            return
        from multiprocessing.connection import Pipe

        ours, theirs = Pipe()
        with theirs:
            descriptor = theirs.fileno()
            try:
                process = start_process(_SERVE, str(descriptor), self._answer, descriptors=[descriptor])
            except OSError:
                self._losses = _LOSSES
                ours.close()
                return
        self._helpers.append(_Helper(process, ours))

    def _lose(self, helper: _Helper) -> None:
        if helper in self._helpers:
            self._helpers.remove(helper)
            self._losses += _end(helper) != 0

    def _forget(self) -> None:
        """Leave the helpers to the process that this one is a fork of."""
        self._lock = threading.Lock()
        self._inside = self._working = 0
        for helper in self._helpers:
            helper.connection.close()
            helper.process.returncode = 0  # nobody's child here: not to be waited for
        self._helpers = []


def serve(descriptor: str, answer: str) -> None:
    """Answer requests until nobody asks any more, or whoever asks has ended; the whole life of a helper.

    Args:
        descriptor: of the connection, as digits.
        answer: as `Helpers` takes it.
    """
    from multiprocessing.connection import Connection

    function: Answer = function_named(answer)
    with Connection(int(descriptor)) as connection, suppress(OSError, EOFError):
        connection.send(_READY)
        while connection.poll(_IDLE_SECONDS):
            function(connection, connection.recv())
            pass_over_what_is_there()  # what the first request has loaded


def _most_helpers() -> int:
    return max(1, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MEMORY_FOR_EACH)


def _end(helper: _Helper) -> int:
    """End a helper that does not answer; return its exit code: 0 if it had ended by itself, having nothing to do."""
    helper.connection.close()
    try:
        return helper.process.wait(0.2)
    except subprocess.TimeoutExpired:
        helper.process.kill()
        return helper.process.wait()
