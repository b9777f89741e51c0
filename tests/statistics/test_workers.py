import _thread
import sys
import threading
import time
import weakref

import pytest

from eznas.errors import EznasError
from eznas.statistics.workers import _Loop, available_cores, checked_threads, run_in_threads


def run(function, count=20, threads=4, limit=None, progress=None):
    limit = limit or (lambda: threads)
    return run_in_threads(function, count=count, threads=threads, limit=limit, progress=progress)


def test_results_are_in_order_whatever_ends_first():
    assert run(lambda n: (time.sleep(0.002 * (n % 3)), n * n)[1]) == [n * n for n in range(20)]


@pytest.mark.parametrize(("count", "threads"), [(0, 4), (1, 4), (5, 1), (3, 8)])
def test_any_number_of_calls_and_threads(count, threads):
    assert run(lambda n: n, count, threads) == list(range(count))


def test_progress_is_told_in_the_calling_thread_and_ends_at_the_count():
    calls = []
    run(lambda n: time.sleep(0.001), progress=lambda done, count: calls.append((done, count, threading.get_ident())))
    assert calls == [(done, 20, threading.get_ident()) for done in range(1, 21)]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_no_more_calls_at_once_than_the_limit(limit):
    lock, inside, most = threading.Lock(), [], []

    def work(n):
        with lock:
            inside.append(n)
            most.append(len(inside))
        time.sleep(0.002)
        with lock:
            inside.remove(n)

    run(work, limit=lambda: limit)
    assert max(most) == limit


def test_a_limit_of_zero_lets_one_run():
    assert run(lambda n: n, 5, limit=lambda: 0) == list(range(5))


def test_the_lowest_number_that_raises_is_the_error_whatever_raises_first():
    def work(n):
        if n == 2:
            time.sleep(0.05)
            raise ValueError("second")
        if n == 3:
            raise KeyError("third")
        return n

    begun = []
    with pytest.raises(ValueError, match="second"):
        run(lambda n: (begun.append(n), work(n)))
    assert len(begun) < 20


def test_an_error_of_progress_stops_the_loop():
    begun = []

    def progress(done, count):
        raise RuntimeError("no display")

    with pytest.raises(RuntimeError, match="no display"):
        run(lambda n: (begun.append(n), time.sleep(0.005)), 100, progress=progress)
    assert len(begun) < 100


def test_a_keyboard_interrupt_stops_the_loop_and_leaves_no_thread():
    before = threading.active_count()
    begun = []

    def work(n):
        begun.append(n)
        if n == 5:
            _thread.interrupt_main()
        time.sleep(0.005)

    with pytest.raises(KeyboardInterrupt):
        run(work, 1000)
    assert 6 <= len(begun) < 1000
    assert threading.active_count() == before


def test_further_keyboard_interrupts_do_not_leave_calls_behind():
    begun, ended = [], []

    def work(n):
        begun.append(n)
        for _ in range(4):
            if n == 2:
                _thread.interrupt_main()
            time.sleep(0.03)
        ended.append(n)

    with pytest.raises(KeyboardInterrupt):
        run(work, 1000)
    assert begun
    assert sorted(ended) == sorted(begun)


def test_a_keyboard_interrupt_finds_no_lock_half_taken():
    """One that comes as a condition's own `with` has taken its lock would leave it taken, and the threads waiting."""

    def interrupt(frame, event, _):
        in_the_loop = frame.f_back is not None and frame.f_back.f_globals["__name__"] == run_in_threads.__module__
        if event == "return" and frame.f_code is threading.Condition.__enter__.__code__ and in_the_loop:
            raise KeyboardInterrupt
        return interrupt

    def run():
        sys.settrace(interrupt)  # of this thread alone, which stands for the main one
        results.extend(run_in_threads(lambda number: number, count=3, threads=2, limit=lambda: 2))

    results = []
    main = threading.Thread(target=run, daemon=True)
    main.start()
    main.join(timeout=20)
    assert results == [0, 1, 2]


def test_threads_are_one_or_more():
    assert [checked_threads(threads) for threads in (None, 1, 7)] == [available_cores(), 1, 7]
    for threads in (0, -1, 1.5, "2"):
        with pytest.raises(EznasError, match=f"threads is {threads!r}: give 1 or more"):
            checked_threads(threads)


def test_a_loop_that_is_over_holds_nothing_that_calls_needed():
    """A thread that Ctrl-C has kept from being joined would free it while the interpreter ends."""

    class Held:
        def __call__(self, number=0):
            return number

    function = Held()
    held = weakref.ref(function)
    loop = _Loop(function, 2, lambda: 1)
    loop.work()
    loop.stop()
    loop.wait_for_calls()
    loop.forget()
    del function
    assert held() is None
    assert loop.results == {0: 0, 1: 1}
