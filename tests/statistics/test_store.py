import threading
import time

import numpy as np
import pytest

from eznas.errors import EznasError
from eznas.statistics import disk as disk_module
from eznas.statistics import store as store_module
from eznas.statistics.disk import DiskArrays
from eznas.statistics.store import Placement, StatisticsStore
from eznas.statistics.tensors import Layout, NetworkStatistics
from eznas.system.positioned_file import PositionedFile

COUNT = 12
ALL = frozenset(range(22))
UNBOUNDED = 2**40


class Clock:
    """Takes the place of `time` in the store: time passes, thread by thread, only where a test says so."""

    def __init__(self):
        self.local = threading.local()

    def perf_counter(self):
        return getattr(self.local, "now", 0.0)

    def advance(self, seconds):
        self.local.now = self.perf_counter() + seconds


CLOCK = Clock()


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr(store_module, "time", CLOCK)
    monkeypatch.setattr(disk_module, "time", CLOCK)


class Collector:
    """Statistics that are a function of the network's number, and take a second each by the clock."""

    def __init__(self, seconds=1.0):
        self.seconds = seconds
        self.calls = []

    def __call__(self, network):
        CLOCK.advance(self.seconds)
        self.calls.append(network)
        layout = Layout.of([{"wt": (3, 2), "inp": (4,), "pre": (network + 1, 5), "act": (20, 30)}], ALL)
        values = np.random.default_rng(network).standard_normal(layout.size, np.float32)
        return NetworkStatistics(f"n{network}", values, layout.offsets, layout.shapes, layout.axes)


SIZE = Collector()(COUNT - 1).nbytes


@pytest.fixture
def slow_reads(monkeypatch):
    """Call it to let every read from the disk take that many seconds by the clock."""
    mapped = PositionedFile.mapped

    def slow_down(seconds):
        def slowly(*args):
            CLOCK.advance(seconds)
            return mapped(*args)

        monkeypatch.setattr(PositionedFile, "mapped", slowly)

    return slow_down


def contents(network, statistics):
    return (
        network,
        statistics.name,
        statistics.values.tobytes(),
        statistics.offsets.tobytes(),
        statistics.shapes.tobytes(),
        statistics.axes.tobytes(),
    )


EXPECTED = [contents(network, Collector()(network)) for network in range(COUNT)]


def store(collect, memory_bytes=UNBOUNDED, workers=2, **others):
    return StatisticsStore(COUNT, collect, memory_bytes, workers, **others)


@pytest.mark.parametrize("memory_bytes", [0, SIZE, 6 * SIZE, 9 * SIZE, UNBOUNDED])
@pytest.mark.parametrize("seconds", [0, 1])
@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("reuse", [True, False])
def test_results_depend_on_nothing_but_the_network(tmp_path, memory_bytes, seconds, workers, reuse):
    with store(Collector(seconds), memory_bytes, workers, reuse=reuse, folder=tmp_path) as statistics:
        for _ in range(3):
            assert statistics.for_each(contents) == EXPECTED
    assert list(tmp_path.iterdir()) == []


def test_what_fits_is_kept_in_memory():
    collect = Collector()
    with store(collect) as statistics:
        statistics.for_each(contents)
        statistics.for_each(contents)
        assert statistics.placement == Placement(COUNT, 0, 0)
        assert statistics.get(3) is statistics.get(3)
    assert sorted(collect.calls) == list(range(COUNT))


def test_what_is_slow_to_collect_goes_to_the_disk(tmp_path, slow_reads):
    slow_reads(0.5)
    collect = Collector()
    with store(collect, 4 * SIZE + 5 * SIZE, folder=tmp_path) as statistics:
        statistics.for_each(contents)
        assert statistics.placement.in_memory >= 5
        assert statistics.placement.on_disk == COUNT - statistics.placement.in_memory
        statistics.for_each(contents)
    assert sorted(collect.calls) == list(range(COUNT))


def test_what_is_quick_to_collect_is_collected_again(tmp_path, slow_reads):
    slow_reads(2.0)
    collect = Collector()
    with store(collect, 0, workers=1, folder=tmp_path) as statistics:
        for _ in range(3):
            assert statistics.for_each(contents) == EXPECTED
        assert statistics.placement == Placement(0, 1, COUNT - 1)  # the first measured the disk
    assert len(collect.calls) == 3 * COUNT


def test_a_disk_that_becomes_slow_is_no_longer_read(tmp_path, slow_reads):
    collect = Collector()
    with store(collect, 0, workers=1, folder=tmp_path) as statistics:
        statistics.for_each(contents)
        assert statistics.placement.on_disk == COUNT
        slow_reads(50.0)
        assert statistics.for_each(contents) == EXPECTED
    # One read shows it: from the second network on, all are collected again.
    assert collect.calls == [*range(COUNT), *range(1, COUNT)]


def test_a_disk_that_breaks_later(tmp_path, monkeypatch):
    collect = Collector()
    with store(collect, 0, workers=1, folder=tmp_path) as statistics:
        statistics.for_each(contents)

        def fail(*args):
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(PositionedFile, "mapped", fail)
        for _ in range(2):
            assert statistics.for_each(contents) == EXPECTED
        assert statistics.placement.on_disk == 0
    assert len(collect.calls) == 3 * COUNT


def test_nothing_is_kept_for_a_single_use(tmp_path):
    collect = Collector()
    with store(collect, reuse=False, folder=tmp_path) as statistics:
        assert statistics.for_each(contents) == EXPECTED
        assert statistics.placement == Placement(0, 0, COUNT)


@pytest.mark.parametrize("method", ["write", "read"])
def test_a_broken_or_full_disk_means_collecting_again(tmp_path, monkeypatch, method):
    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(DiskArrays, method, fail)
    collect = Collector()
    with store(collect, 0, folder=tmp_path) as statistics:
        for _ in range(2):
            assert statistics.for_each(contents) == EXPECTED
        assert statistics.placement.on_disk == 0
    assert len(collect.calls) == 2 * COUNT


def test_a_disk_without_room_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(DiskArrays, "has_room", lambda self, nbytes: False)
    with store(Collector(), 0, folder=tmp_path) as statistics:
        assert statistics.for_each(contents) == EXPECTED
        assert statistics.placement.on_disk == 0


def test_a_folder_that_is_not_there_means_collecting_again(tmp_path):
    with store(Collector(), 0, folder=tmp_path / "absent") as statistics:
        assert statistics.for_each(contents) == EXPECTED


@pytest.mark.parametrize("reuse", [True, False])
@pytest.mark.parametrize("budget", [SIZE // 4, 5 * SIZE, 8 * SIZE])
def test_memory_in_use_stays_within_the_budget(budget, reuse):
    lock, in_flight, most = threading.Lock(), [], []
    statistics = store(lambda network: Collector()(COUNT - 1), budget, workers=4, reuse=reuse)

    def hold(network, given):
        with lock:
            in_flight.append(network)
            kept = sum(one.nbytes for one in statistics._kept.values())
            most.append(kept + sum(SIZE for n in in_flight if n not in statistics._kept))
        time.sleep(0.002)
        with lock:
            in_flight.remove(network)

    with statistics:
        statistics.for_each(hold)
        statistics.for_each(hold)
    assert max(most) <= max(budget, SIZE)  # one network may always be held


def test_a_small_budget_lets_fewer_workers_run():
    with store(Collector(), 5 * SIZE, workers=8) as statistics:
        assert statistics._networks_in_flight() == 1  # no size is known yet
        statistics.get(COUNT - 1)
        assert statistics._networks_in_flight() == 2
    with store(Collector(), 1, workers=8) as statistics:
        statistics.get(0)
        assert statistics._networks_in_flight() == 1
    with store(Collector(), 0, workers=8) as statistics:
        statistics.get(0)
        assert statistics._networks_in_flight() == 8


def test_threads_that_ask_for_the_same_network_collect_it_once():
    collect = Collector()
    with store(collect) as statistics:
        threads = [threading.Thread(target=statistics.get, args=(3,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert collect.calls == [3]


def test_an_error_of_collection_or_function_reaches_the_caller_and_the_disk_is_clean(tmp_path):
    def collect(network):
        if network == 7:
            raise EznasError("Network 'n7' has no unit.")
        return Collector()(network)

    with pytest.raises(EznasError, match="'n7' has no unit"), store(collect, 0, folder=tmp_path) as statistics:
        statistics.for_each(contents)
    assert list(tmp_path.iterdir()) == []
    with store(collect) as statistics, pytest.raises(ZeroDivisionError):
        statistics.for_each(lambda network, given: 1 / (network - 2))


def test_progress_and_results():
    calls = []
    with store(Collector()) as statistics:
        results = statistics.for_each(lambda n, given: given.name, progress=lambda *call: calls.append(call))
    assert results == [f"n{n}" for n in range(COUNT)]
    assert calls[-1] == (COUNT, COUNT)


def test_a_closed_store_says_so():
    statistics = store(Collector())
    statistics.get(0)
    statistics.close()
    statistics.close()
    with pytest.raises(ValueError, match="the store of statistics is closed"):
        statistics.get(0)


def test_closing_while_a_network_is_collected(tmp_path):
    def collect(network):
        statistics.close()
        return Collector()(network)

    statistics = store(collect, 0, folder=tmp_path)
    assert contents(0, statistics.get(0)) == EXPECTED[0]
    assert statistics.placement == Placement(0, 0, COUNT)
