from __future__ import annotations

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


def statistics(benchmark, index, seed=0, batch_size=1):
    return BenchmarkStatistics(benchmark, batch_size, seed, CollectionSettings()).collect(index)


def test_index_and_seed_decide_the_numbers(benchmark):
    assert np.array_equal(statistics(benchmark, 1).values, statistics(benchmark, 1).values)
    assert not np.array_equal(statistics(benchmark, 1).values, statistics(benchmark, 1, seed=1).values)


def test_equal_architectures_at_different_places_have_different_weights(benchmark):
    first, *others = benchmark.architectures
    twice = replace(benchmark, architectures=type(benchmark.architectures)([first, first, *others[1:]]))
    source = BenchmarkStatistics(twice, 1, 0, CollectionSettings(terminals=frozenset({0})))
    assert source.collect(0).values.shape == source.collect(1).values.shape
    assert not np.array_equal(source.collect(0).values, source.collect(1).values)


def test_the_batch_is_part_of_every_shape(benchmark):
    assert statistics(benchmark, 0, batch_size=3).tensor(0, 4).shape[0] == 3


def test_more_images_than_there_are_is_refused(benchmark):
    with pytest.raises(EznasError, match="9 images"):
        BenchmarkStatistics(benchmark, 9, 0, CollectionSettings())
