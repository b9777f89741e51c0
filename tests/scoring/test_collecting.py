from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas import benchmarks
from eznas.errors import EznasError
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.statistics.collect import CollectionSettings


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    return benchmarks.load(str(write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=6)))


pytestmark = pytest.mark.usefixtures("helper")


def source(benchmark, batch_size=1, **settings):
    return BenchmarkStatistics(benchmark, batch_size, 0, CollectionSettings(**settings))


def from_helper(source, index):
    """Return the statistics that the helper gives; it is an error if they are collected here."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(source, "collect_here", None)
        return source.collect_timed(index)


@pytest.mark.parametrize("settings", [{}, {"unit": "A-L-N"}, {"terminals": frozenset({3})}])
def test_the_numbers_are_the_same_to_the_last_bit(benchmark, settings):
    for index in (1, 4):
        here = source(benchmark, **settings).collect_here(index).statistics
        there = from_helper(source(benchmark, **settings), index).statistics
        assert there.values.tobytes() == here.values.tobytes()
        for name in ("offsets", "shapes", "axes"):
            assert np.array_equal(getattr(there, name), getattr(here, name))
        assert (there.name, there.unit, there.coverage) == (here.name, here.unit, here.coverage)


def test_what_was_given_stays_when_the_next_network_comes_smaller_or_larger(benchmark):
    small, large = source(benchmark, 1), source(benchmark, 4)
    first, second, third = (from_helper(one, 2).statistics for one in (small, large, small))
    for there, one in ((first, small), (second, large), (third, small)):
        assert np.array_equal(there.values, one.collect_here(2).statistics.values)


def test_the_seconds_are_the_helpers(benchmark):
    assert 0 < from_helper(source(benchmark), 0).seconds < 10


def test_a_network_that_raises_raises_here_what_it_would_raise(tmp_path, helper):
    table = write_tiny_benchmark(tmp_path, networks=2)
    record = json.loads((tmp_path / "tiny.json").read_text())
    (tmp_path / "tiny.json").write_text(json.dumps(record | {"image_size": 3}))
    np.savez(tmp_path / "tiny.npz", x_train=np.zeros((8, 3, 3, 3), np.uint8))
    with pytest.raises(EznasError, match="3 pixels are too small"):
        source(benchmarks.load(str(table))).collect(0)
    assert helper.count == 1


def test_a_benchmark_that_another_process_does_not_find_is_collected_here(benchmark, helper):
    changed = replace(benchmark, architectures=benchmark.architectures[::-1])
    assert source(changed).collect(1).name == benchmark.architectures[-2]
    assert helper.count == 1
