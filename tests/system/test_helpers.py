from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from eznas.system import helpers
from eznas.system.helpers import Helpers
from eznas.system.processes import allow_processes

pytestmark = pytest.mark.skipif(os.name != "posix", reason="helpers need POSIX descriptors")


@pytest.fixture(autouse=True)
def allowed(monkeypatch):
    monkeypatch.setattr(helpers, "_SECONDS_TOGETHER", 0.02)
    allow_processes()
    yield
    allow_processes(False)


@contextmanager
def some(answer):
    made = Helpers(f"helper_answers:{answer}")
    try:
        yield made
    finally:
        made.close()


def ask(connection, kept):
    kept["asked"] = kept.get("asked", 0) + 1
    connection.send(21)
    return connection.recv()


def work(seconds=0.01):
    time.sleep(seconds)
    return 42, os.getpid()


def work_together(made, threads=2, calls=10):
    """Return what every call gave, of threads that start at the same moment."""
    results = []
    barrier = threading.Barrier(threads)

    def calling():
        barrier.wait()
        results.extend(made.share(ask, work) for _ in range(calls))

    running = [threading.Thread(target=calling) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return results


def until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)


def started(made):
    work_together(made)
    assert made.count == 1
    until(lambda: made.share(ask, work)[1] != os.getpid())


def test_helpers_that_are_begun_answer_without_a_meeting_of_threads():
    with some("double") as made:
        made.begin(1)
        made.begin(1)  # there is one
        assert made.count == 1
        until(lambda: made.share(ask, work)[1] != os.getpid())


def test_no_more_helpers_are_begun_than_there_may_be(monkeypatch):
    monkeypatch.setattr(helpers, "_most_helpers", lambda: 2)
    with some("double") as made:
        made.begin(5)
        assert made.count == 2
        made.begin(-1)
        assert made.count == 2


def test_no_helper_is_begun_where_processes_are_not_allowed():
    allow_processes(False)
    with some("double") as made:
        made.begin(1)
        assert made.count == 0


def test_threads_that_meet_get_a_helper_which_answers_one_of_them():
    with some("double") as made:
        started(made)
        results = work_together(made, calls=50)
    assert {result for result, _ in results} == {42}
    assert len({process for _, process in results}) == 2, "this process works, too"


def test_what_is_kept_is_kept_by_helper():
    with some("double") as made:
        started(made)
        before = made._helpers[0].kept["asked"]
        made.share(ask, work)
        assert made._helpers[0].kept["asked"] == before + 1


def test_there_are_fewer_helpers_than_threads():
    with some("double") as made:
        for _ in range(5):
            work_together(made, threads=3)
        assert made.count == 2


def test_a_small_machine_has_few(monkeypatch):
    monkeypatch.setattr(helpers, "_MEMORY_FOR_EACH", 2**60)
    with some("double") as made:
        for _ in range(5):
            work_together(made, threads=3)
        assert made.count == 1


def test_a_thread_alone_starts_none():
    with some("double") as made:
        assert [made.share(ask, work) for _ in range(10)] == [(42, os.getpid())] * 10
        assert made.count == 0


def test_none_is_started_where_it_is_not_allowed():
    allow_processes(False)
    with some("double") as made:
        work_together(made)
        assert made.count == 0


def test_work_that_no_helper_can_do_is_done_here():
    with some("double") as made:
        started(made)
        assert made.share(lambda *_: None, work) == (42, os.getpid())


def test_an_error_of_the_work_is_the_callers():
    def fail():
        raise ValueError("no")

    with some("double") as made, pytest.raises(ValueError, match="no"):
        made.share(ask, fail)


def test_one_that_dies_costs_nothing_but_itself_and_after_three_there_is_no_other():
    with some("die") as made:
        for _ in range(6):
            assert set(work_together(made)) == {(42, os.getpid())}
            until(lambda: not made.count or (made.share(ask, work) and not made.count))
        assert made._losses == 3
        work_together(made)
        assert made.count == 0


def test_one_that_is_killed_while_it_waits_is_replaced():
    with some("double") as made:
        started(made)
        made._helpers[0].process.kill()
        made._helpers[0].process.wait()
        assert made.share(ask, work) == (42, os.getpid())
        assert made.count == 0
        started(made)


def test_one_that_has_nothing_to_do_ends_and_is_no_loss():
    with some("double") as made:
        started(made)
        made._helpers[0].connection.close()  # as if its patience were over: it sees the end of its requests
        until(lambda: made._helpers[0].process.poll() == 0)
        assert made.share(ask, work)[0] == 42
        assert (made.count, made._losses) == (0, 0)


def test_ctrl_c_in_the_midst_of_an_answer_gives_the_helper_up():
    def interrupted(connection, kept):
        connection.send(1)
        raise KeyboardInterrupt

    with some("double") as made:
        started(made)
        with pytest.raises(KeyboardInterrupt):
            made.share(interrupted, work)
        assert made.count == 0, "the answer that nobody read would be taken for the next one"


PARENT = """
import sys, threading, time
from eznas.system import helpers
from eznas.system.processes import allow_processes
helpers._SECONDS_TOGETHER = 0.0
allow_processes()
made = helpers.Helpers("helper_answers:double")
def meet():
    for _ in range(20):
        made.share(lambda *_: None, lambda: time.sleep(0.01))
threads = [threading.Thread(target=meet) for _ in range(2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(made._helpers[0].process.pid, flush=True)
time.sleep(60)
"""


def test_they_end_with_the_process_that_asks_however_it_ends():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment)
    with parent:
        helper = int(parent.stdout.readline())
        os.kill(helper, 0)
        parent.send_signal(signal.SIGKILL)
    until(lambda: not is_running(helper))


def is_running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")  # where there is one: nobody may have waited for a process that has ended
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_leaves_them_to_the_process_that_has_them():
    with some("double") as made:
        started(made)
        if (child := os.fork()) == 0:
            os._exit(made.count)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert made.share(ask, work)[1] != os.getpid()
