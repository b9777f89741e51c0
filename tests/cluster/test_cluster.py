from __future__ import annotations

from types import SimpleNamespace

import pytest
from inline_cluster import Told

from eznas.cluster.cluster import Cluster, Host
from eznas.cluster.worker import Preparation, check_device
from eznas.errors import EznasError


class RayError(Exception):
    pass


class RayTaskError(RayError):
    cause = None


def cluster(*cores, answer=None):
    """Machines a, b, ... with so many cores, of a Ray that answers all questions by an exception."""

    def get(_question):
        raise answer

    def wait(questions, num_returns):
        return questions[:num_returns], questions[num_returns:]

    errors = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)
    ray = SimpleNamespace(get=get, wait=wait, exceptions=errors, remote=lambda **_: lambda function: function)
    machines = [Host(node, count) for node, count in zip("abcd", cores, strict=False)]
    return Cluster(ray, machines, Preparation.like_here(), Told())


def test_few_workers_are_spread_over_all_machines():
    made = cluster(1, 3, 0, 2)
    assert made.workers == 6
    assert made._nodes == ["a", "b", "d", "b", "d", "b"]


def test_workers_of_one_machine_share_its_memory():
    made = cluster(1, 3)
    assert made.shares(2) == [1, 1]
    assert made.shares(4) == [1, 1 / 3, 1 / 3, 1 / 3]


def test_what_a_worker_says_to_the_user_is_raised_as_it_is():
    said = RayTaskError("a traceback")
    said.cause = EznasError("Give more.")
    with pytest.raises(EznasError, match=r"^Give more\.$"):
        list(cluster(1, answer=said).answers(["question"]))


@pytest.mark.parametrize("kind", [RayError, RayTaskError])
def test_a_machine_without_eznas_is_told_of(kind):
    with pytest.raises(EznasError, match="lacks eznas: install the same version"):
        list(cluster(1, answer=kind("ModuleNotFoundError: No module named 'eznas'")).answers(["question"]))


def test_work_that_ends_its_worker_again_and_again_is_given_up():
    with pytest.raises(EznasError, match=r"ended 4 times by the same work \(The node ran out of memory\), perhaps"):
        list(cluster(1, answer=RayError("The node ran out of memory.\nDetails")).answers(["question"]))


def test_a_fault_of_eznas_keeps_its_traceback():
    with pytest.raises(RayTaskError, match="KeyError"):
        list(cluster(1, answer=RayTaskError("KeyError")).answers(["question"]))


def test_workers_compute_on_processors():
    check_device("cpu")
    with pytest.raises(EznasError, match=r"--ray computes on processors, and the device is 'cuda:1': leave one"):
        check_device("cuda:1")
