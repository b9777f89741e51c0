"""A loop over numbers in several threads, which ends as an ordinary loop does: by the first error or by Ctrl-C."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from eznas.errors import EznasError, shown

Result = TypeVar("Result")


def available_cores() -> int:
    """Return the number of cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def checked_threads(threads: int | None) -> int:
    """Return how many threads a user asked for; one per core for None.

    Raises:
        EznasError: they are fewer than one, or no whole number.
    """
    if threads is None:
        return available_cores()
    if not isinstance(threads, int) or threads < 1:
        raise EznasError(f"threads is {shown(threads)}: give 1 or more, or None for one per core.")
    return threads


def run_in_threads(
    function: Callable[[int], Result],
    *,
    count: int,
    threads: int,
    limit: Callable[[], int],
    progress: Callable[[int, int], None] | None = None,
) -> list[Result]:
    """Return `[function(0), ..., function(count - 1)]`, computed in several threads.

    Args:
        function: called once per number, in rising order of begin.
        count: how many numbers.
        threads: how many threads at most.
        limit: how many calls may run at once, asked anew before each begins; at least one always may.
        progress: called in the calling thread after each call, with the number of calls done and `count`.

    Raises:
        BaseException: what the function raised for the lowest number of those that raised, which does not depend on
            timing; or what interrupted the calling thread. Calls that have begun are waited for.
    """
    loop = _Loop(function, count, limit)
    workers = [threading.Thread(target=loop.work, name=f"eznas-{n}", daemon=True) for n in range(min(threads, count))]
    begun: list[threading.Thread] = []
    try:
        for worker in workers:
            worker.start()
            begun.append(worker)
        for done in loop.done():
            if progress is not None:
                progress(done, count)
    finally:
        loop.stop()
        try:
            loop.wait_for_calls()
        finally:
            loop.forget()
            for worker in begun:
                worker.join()
    if loop.errors:
        raise loop.errors[min(loop.errors)]
    return [loop.results[number] for number in range(count)]


class _Loop(Generic[Result]):
    """What the threads share."""

    def __init__(self, function: Callable[[int], Result], count: int, limit: Callable[[], int]) -> None:
        self.results: dict[int, Result] = {}
        self.errors: dict[int, BaseException] = {}
        self._function = function
        self._count = count
        self._limit = limit
        self._begun = 0
        self._stopped = False
        # `with` takes a lock itself and is inside, or not, when Ctrl-C comes; with a condition, it may be neither.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)

    def work(self) -> None:
        """Run calls until there are no more; the body of each thread."""
        while (number := self._begin()) is not None:
            try:
                result = self._function(number)
            except BaseException as error:
                with self._lock:
                    self.errors[number] = error
                    self._stopped = True
                    self._changed.notify_all()
            else:
                with self._lock:
                    self.results[number] = result
                    del result  # see `forget`
                    self._changed.notify_all()

    def done(self) -> Iterator[int]:
        """Yield 1, 2 and so on, each when so many calls are done, until all are or one has raised."""
        for number in range(1, self._count + 1):
            with self._lock:
                while len(self.results) < number and not self._stopped:
                    self._changed.wait()
                if self._stopped:
                    return
            yield number

    def stop(self) -> None:
        """Let no further call begin."""
        with self._lock:
            self._stopped = True
            self._changed.notify_all()

    def wait_for_calls(self) -> None:
        """Wait until no call runs, however often Ctrl-C is pressed: C++ aborts a process that ends in the midst of it.

        `Thread.join` will not do: once it was interrupted, Python 3.11 takes the thread for ended.
        """
        interruption: KeyboardInterrupt | None = None
        while self._running:
            try:
                with self._lock:
                    self._changed.wait_for(lambda: self._running == 0)
            except KeyboardInterrupt as error:
                interruption = error
        if interruption is not None:
            raise interruption

    def forget(self) -> None:
        """Let go of what calls need, when none runs and none will begin.

        Where Ctrl-C breaks off the begin or the join of a thread, it may still be there when the interpreter ends. If
        it were the last to hold a tensor, C++ would abort the process as it frees it.
        """
        with self._lock:
            del self._function, self._limit

    def _begin(self) -> int | None:
        with self._lock:
            self._changed.wait_for(lambda: self._stopped or self._running == 0 or self._running < self._limit())
            if self._stopped or self._begun == self._count:
                return None
            self._begun += 1
            return self._begun - 1

    @property
    def _running(self) -> int:
        return self._begun - len(self.results) - len(self.errors)
