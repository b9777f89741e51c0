"""One thread for BLAS while LAPACK is called, so that no result depends on a number of threads.

With more, the order of BLAS's additions, and with it the sign of an eigenvalue that is rounding noise, depends on their
number: from order 64 on for symmetric matrices, 256 for others, by `bench/bench_eigenvalues.py`. And eznas has a thread
for every network already.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from types import TracebackType
from typing import Any, Final

import scipy.linalg.cython_lapack  # noqa: F401 - loads the library, which is found below
from threadpoolctl import OpenBLASController, ThreadpoolController

_BLAS: Final = ThreadpoolController().select(user_api="blas")


def _libraries(of_process: bool) -> Any:
    """The libraries that count threads for the whole process, as OpenBLAS by default, or for each thread, as MKL."""
    paths = [
        library["filepath"] for library in _BLAS.info() if (library.get("threading_layer") == "pthreads") == of_process
    ]
    return _BLAS.select(filepath=paths)


class _ProcessLimit:
    """Keeps the libraries that count for the process to one thread while any thread is inside.

    The first thread inside sets the number and the last one sets it back.
    """

    def __init__(self) -> None:
        self._libraries = _libraries(of_process=True)
        self._lock = Lock()
        self._inside = 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                # Only the thread that set the number last may do so again, unless it is told that this is over.
                OpenBLASController.clear_controlling_thread(force=True)
                self._limit = self._libraries.limit(limits=1)
            self._inside += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                OpenBLASController.clear_controlling_thread(force=True)
                self._limit.restore_original_limits()
                OpenBLASController.clear_controlling_thread(force=True)


_PROCESS_LIMIT: Final = _ProcessLimit()
_OF_THREAD: Final = _libraries(of_process=False)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread for the caller's thread, and for all others where it knows no better."""
    with _OF_THREAD.limit(limits=1), _PROCESS_LIMIT:
        yield
