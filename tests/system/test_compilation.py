from __future__ import annotations

import threading
import time

import pytest

from eznas.system import compilation
from eznas.system.compilation import Part, make_beside, make_parts, missing_parts
from eznas.system.processes import allow_processes, start_process


@pytest.fixture
def made():
    """What was made by whom, in order."""
    return []


@pytest.fixture
def some_parts(made):
    """Two parts, and one that both are taken into, under a key."""

    def under(key, seconds=0.0):
        def part(name, needs=()):
            def make():
                time.sleep(seconds)
                made.append((name, threading.get_ident()))

            return Part(name, key, make, needs)

        return [part("whole", ("left", "right")), part("left"), part("right")]

    return under


def names(made):
    return [name for name, _ in made]


def test_parts_are_made_after_those_they_need_and_once(tmp_path, some_parts, made):
    parts = some_parts("key")
    assert missing_parts(parts, tmp_path / "new") == parts
    for _ in range(2):
        make_parts(parts, tmp_path / "new")
        assert names(made) == ["left", "right", "whole"]
        assert missing_parts(parts, tmp_path / "new") == []


def test_what_was_made_of_other_code_is_made_again(tmp_path, some_parts, made):
    make_parts(some_parts("a key"), tmp_path)
    make_parts(some_parts("key"), tmp_path)
    assert names(made) == 2 * ["left", "right", "whole"]
    assert missing_parts(some_parts("key"), tmp_path) == []
    assert len(missing_parts(some_parts("a key"), tmp_path)) == 3


def test_who_comes_at_the_same_time_makes_other_parts_and_waits_for_the_rest(tmp_path, some_parts, made):
    parts = some_parts("key", seconds=0.3)
    both_begin = threading.Barrier(2)

    def begin():
        both_begin.wait()
        make_parts(parts, tmp_path)
        assert missing_parts(parts, tmp_path) == []

    threads = [threading.Thread(target=begin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names(made)) == ["left", "right", "whole"]
    assert names(made)[-1] == "whole"
    assert len({who for _, who in made[:2]}) == 2


def test_what_another_gave_up_is_made_after_all(tmp_path, some_parts, made):
    def fail():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_parts([Part("left", "key", fail)], tmp_path)
    make_parts(some_parts("key"), tmp_path)
    assert names(made) == ["left", "right", "whole"]


def test_without_a_folder_nothing_is_made_and_nothing_is_wrong(tmp_path, some_parts, made):
    (tmp_path / "file").touch()
    make_parts(some_parts("key"), tmp_path / "file")
    assert made == []


class Process:
    """One that runs until it is told to end."""

    def __init__(self, function):
        self.function, self.code = function, None

    def poll(self):
        return self.code

    def kill(self):
        self.code = -9

    def wait(self):
        return self.code


@pytest.fixture
def started(monkeypatch):
    processes = []
    monkeypatch.setattr(
        compilation, "start_process", lambda function: processes.append(Process(function)) or processes[-1]
    )
    monkeypatch.setattr(compilation, "_PROCESS", compilation._Beside())
    yield processes
    allow_processes(False)


def test_another_process_is_begun_where_it_is_allowed_and_none_runs(started):
    make_beside("a:b")
    assert started == []
    allow_processes()
    make_beside("a:b")
    make_beside("a:c")
    assert [one.function for one in started] == ["a:b"]
    started[0].code = 0
    make_beside("a:c")
    assert [one.function for one in started] == ["a:b", "a:c"]


def test_the_other_process_ends_with_this_one(started):
    allow_processes()
    make_beside("a:b")
    compilation._PROCESS.close()
    assert started[0].code == -9


def test_a_process_that_cannot_be_started_is_done_without(started, monkeypatch):
    def fail(_):
        raise OSError

    monkeypatch.setattr(compilation, "start_process", fail)
    allow_processes()
    make_beside("a:b")


def test_a_process_calls_the_function_with_the_arguments(tmp_path):
    assert start_process("os:mkdir", str(tmp_path / "made")).wait(60) == 0
    assert (tmp_path / "made").is_dir()
