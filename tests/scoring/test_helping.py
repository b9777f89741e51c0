from __future__ import annotations

import pickle
from multiprocessing import Pipe

import pytest

from eznas.scoring import helping
from eznas.scoring.helping import answer, begin_helpers, encoded


class Counting:
    """A task that sends how often it was done, and fails for odd networks."""

    done = 0

    def answer(self, connection, index):
        if index % 2:
            raise ValueError(index)
        self.done += 1
        connection.send((index, self.done))


def told(*requests):
    ours, theirs = Pipe()
    with ours, theirs:
        for request in requests:
            answer(theirs, request)
        return [ours.recv() for _ in requests]


def test_a_task_stays_with_the_helper_and_one_that_raises_is_told_as_none():
    task = encoded(Counting())
    assert told((task, 2), (task, 5), (task, 4)) == [(2, 1), None, (4, 2)]


def test_what_no_other_process_could_find_is_refused_at_once():
    task = Counting()
    task.function = lambda: None
    with pytest.raises((pickle.PicklingError, AttributeError)):
        encoded(task)


def test_a_damaged_task_is_told_as_none():
    assert told((b"damaged", 0)) == [None]


def test_a_helper_does_not_go_on_when_nobody_listens():
    ours, theirs = Pipe()
    ours.close()
    with theirs, pytest.raises(BrokenPipeError):
        answer(theirs, (encoded(Counting()), 0))


@pytest.mark.parametrize(
    ("networks", "threads", "expected"), [(49, 8, 0), (50, 8, 1), (100, 2, 1), (1000, 8, 7), (1000, 1, 0)]
)
def test_helpers_are_begun_for_many_networks_and_several_threads(monkeypatch, networks, threads, expected):
    counts = []
    monkeypatch.setattr(helping.HELPERS, "begin", counts.append)
    begin_helpers(networks, threads)
    assert counts == [expected]
