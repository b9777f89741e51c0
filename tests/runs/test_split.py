from __future__ import annotations

import numpy as np
import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas import benchmarks
from eznas.errors import EznasError
from eznas.runs.settings import RunSettings
from eznas.runs.split import Split


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    return benchmarks.load(str(write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=24)))


def test_no_network_is_on_both_sides(benchmark):
    split = Split.of(benchmark, RunSettings(networks=10, held_out=14))
    assert (len(split.training), len(split.held_out), split.note) == (10, 14, "")
    assert len(np.union1d(split.training, split.held_out)) == 24


def test_what_is_left_is_held_out_and_told(benchmark):
    split = Split.of(benchmark, RunSettings(networks=20, held_out=1000))
    assert len(split.held_out) == 4
    assert "4 are held out" in split.note


def test_the_number_held_out_does_not_move_the_training_networks(benchmark):
    few, many = (Split.of(benchmark, RunSettings(networks=8, held_out=held_out)) for held_out in (3, 12))
    assert few.training.tolist() == many.training.tolist()
    assert set(few.held_out) < set(many.held_out)


def test_another_seed_splits_otherwise(benchmark):
    first, second = (Split.of(benchmark, RunSettings(networks=12, seed=seed)) for seed in (0, 1))
    assert set(first.training) != set(second.training)


def test_nothing_need_be_held_out(benchmark):
    assert len(Split.of(benchmark, RunSettings(networks=24, held_out=5)).held_out) == 0


def test_more_networks_than_there_are_is_refused(benchmark):
    with pytest.raises(EznasError, match=r"networks is 25, but .* has 24"):
        Split.of(benchmark, RunSettings(networks=25))


def test_subsamples_are_different_training_networks(benchmark):
    split = Split.of(benchmark, RunSettings(networks=10, fitness_samples="4x6"))
    assert [len(set(chosen.tolist())) for chosen in split.subsamples] == [6, 6, 6, 6]
    assert all(set(chosen.tolist()) <= set(range(10)) for chosen in split.subsamples)
    assert len({tuple(chosen.tolist()) for chosen in split.subsamples}) == 4
    again, other = (
        Split.of(benchmark, RunSettings(networks=10, fitness_samples="4x6", seed=seed)).subsamples for seed in (0, 1)
    )
    assert np.array_equal(split.subsamples, again)
    assert not np.array_equal(split.subsamples, other)


def test_without_fitness_samples_there_are_none(benchmark):
    assert Split.of(benchmark, RunSettings(networks=10)).subsamples == ()


def test_subsamples_leave_the_networks_as_they_are(benchmark):
    whole, sampled = (Split.of(benchmark, RunSettings(networks=10, fitness_samples=text)) for text in ("all", "4x6"))
    assert np.array_equal(whole.training, sampled.training)
    assert np.array_equal(whole.held_out, sampled.held_out)
